"""Component versions laid out for ``greengrass-cli deployment create``: to try one on a device without the cloud.

The layout is the CLI's (developer guide, "gg-cli-deployment"): recipes in one folder, artifacts in
``<name>/<version>/<file>``. An artifact's URI keeps the form of S3 because the nucleus asks for one, and is never
fetched: a file of the same name in the artifact folder comes first.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewright.catalog.component import Artifact, CatalogVersion
from edgewright.errors import EdgewrightError

LOCAL_BUCKET = "edgewright-local"
"""Of the URIs in local recipes; no such bucket is asked for."""


@dataclass(frozen=True)
class LocalComponent:
    """A component version with what a deployment would say of it."""

    version: CatalogVersion
    config: Mapping[str, Any] = field(default_factory=dict)
    reset: Sequence[str] = ()
    run_with: Mapping[str, Any] = field(default_factory=dict)


def lay_out(components: Iterable[LocalComponent], target: Path, *, group: str | None = None) -> list[str]:
    """Write recipes and artifacts to ``target``, whole or not at all; return the command for the device.

    Args:
        components: What to try, each name once.
        target: A folder that does not exist, or one that was laid out before.
        group: The thing group whose deployment the local one stands in for.

    Raises:
        EdgewrightError: a component has no recipe, the target holds something else, or a file cannot be written.
    """
    chosen = sorted(components, key=lambda each: each.version.name)
    functions = [each.version.name for each in chosen if each.version.function is not None]
    if functions:
        msg = (
            f"{', '.join(functions)}: Greengrass writes the recipe of a Lambda function when it is published, so there "
            "is none to lay out; try it on a ring of twins, and name other components with --component"
        )
        raise EdgewrightError(msg)
    if target.exists() and not target.is_dir():
        msg = f"{target} is no folder; name one with --out"
        raise EdgewrightError(msg)
    if target.exists() and {each.name for each in target.iterdir()} - {"recipes", "artifacts", "update-config.json"}:
        msg = f"{target} holds something else than a local deployment; choose another folder with --out"
        raise EdgewrightError(msg)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
            made = Path(scratch) / "new"
            _write(chosen, made)
            if target.exists():
                target.rename(Path(scratch) / "old")
            made.rename(target)
    except OSError as error:
        msg = f"{target} cannot be written: {error.strerror or error}; make the folder writable, or choose another"
        raise EdgewrightError(msg) from error
    return _command(chosen, target, group)


def _write(components: Sequence[LocalComponent], target: Path) -> None:
    recipes, artifacts = target / "recipes", target / "artifacts"
    recipes.mkdir(parents=True)
    artifacts.mkdir()
    for each in components:
        found = each.version
        recipe = found.rendered_recipe(lambda artifact, found=found: _uri(found, artifact))  # type: ignore[misc]
        (recipes / f"{found.name}-{found.version}.json").write_text(_pretty(recipe), encoding="utf-8")
        folder = artifacts / found.name / found.version
        folder.mkdir(parents=True)
        for artifact in found.artifacts:
            shutil.copyfile(artifact.path, folder / artifact.file)
    update = _update(components)
    if update:
        (target / "update-config.json").write_text(_pretty(update), encoding="utf-8")


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _uri(version: CatalogVersion, artifact: Artifact) -> str:
    return f"s3://{LOCAL_BUCKET}/{version.name}/{version.version}/{artifact.file}"


def _update(components: Sequence[LocalComponent]) -> dict[str, Any]:
    """What --update-config takes: the keys are capitals, and case matters to the CLI."""
    result: dict[str, Any] = {}
    for each in components:
        both = {"MERGE": dict(each.config), "RESET": list(each.reset)}
        if any(both.values()):
            result[each.version.name] = {key: value for key, value in both.items() if value}
    return result


def _command(components: Sequence[LocalComponent], target: Path, group: str | None) -> list[str]:
    command = ["sudo", "/greengrass/v2/bin/greengrass-cli", "deployment", "create"]
    command += ["--recipeDir", str(target / "recipes"), "--artifactDir", str(target / "artifacts")]
    if _update(components):
        command += ["--update-config", str(target / "update-config.json")]
    if group is not None:
        command += ["--groupId", group]
    for each in components:
        command += ["--merge", f"{each.version.name}={each.version.version}"]
    limits = {}
    for each in components:
        for key in ("posixUser", "windowsUser"):
            if key in each.run_with:
                command += ["--runWith", f"{each.version.name}:{key}={each.run_with[key]}"]
        if "systemResourceLimits" in each.run_with:
            limits[each.version.name] = dict(each.run_with["systemResourceLimits"])
    if limits:
        command += ["--systemLimits", json.dumps(limits, sort_keys=True)]
    return command


def shown(command: Sequence[str]) -> str:
    """A command as one may paste it into a shell."""
    return " ".join(shlex.quote(word) for word in command)


@dataclass(frozen=True)
class Listed:
    """A component as ``greengrass-cli component list`` shows it."""

    name: str
    version: str
    state: str


_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\^_])")
"""A control sequence of a terminal, as in a list that was copied from one, or made through ``script`` or ``ssh -t``."""
LOGS = "/greengrass/v2/logs"
_ON_THE_WAY = ("NEW", "INSTALLED", "STARTING", "STOPPING")
_FIELD = re.compile(r"\s*(Component Name|Version|State): ?(.*?)\s*")


def read_list(text: str) -> tuple[Listed, ...]:
    """Read what ``greengrass-cli component list`` printed.

    Lines of the CLI's own log, colours, indentation and empty lines differ and are passed over, and so
    is the configuration, which is one line of JSON.

    Raises:
        EdgewrightError: there is no component in it.
    """
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        match = _FIELD.fullmatch(_ESCAPE.sub("", line))
        if match is None:
            continue
        key, value = match[1], match[2]
        if key == "Component Name":
            found.append({key: value})
        elif found:
            found[-1].setdefault(key, value)
    complete = [each for each in found if len(each) == 3]
    if not complete:
        msg = "that is not what `greengrass-cli component list` prints; pipe its output in as it is"
        raise EdgewrightError(msg)
    return tuple(Listed(each["Component Name"], each["Version"], each["State"]) for each in complete)


def differences(wanted: Mapping[str, str], listed: Iterable[Listed]) -> list[str]:
    """Say where a device does not run what is wanted; empty when all is well.

    A component that has ended by itself (FINISHED) is well: models and one-shot containers do.

    Args:
        wanted: Component -> version.
        listed: What the device says it has.
    """
    by_name = {each.name: each for each in listed}
    told = []
    for name, version in sorted(wanted.items()):
        have = by_name.get(name)
        if have is None:
            told.append(f"{name} {version} is not on the device")
        elif have.version != version:
            told.append(f"{name} is {have.version} on the device, wanted is {version}")
        elif have.state not in ("RUNNING", "FINISHED"):
            how = "not there yet; ask again" if have.state in _ON_THE_WAY else f"see {LOGS}/{name}.log on the device"
            told.append(f"{name} {version} is {have.state}: {how}")
    return told
