"""A new fleet as files: one ring for each step from staging to production, valid before anybody has edited a line.

The release is one that runs already: that of the last ring of another fleet. What a new fleet differs in, its devices
and later its components, is edited afterwards, like everything else.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edgewright.errors import EdgewrightError
from edgewright.manifest.load import FLEETS, Project
from edgewright.manifest.model import Fleet, Ring
from edgewright.manifest.types import Name, Owner

_SCHEMA = "# yaml-language-server: $schema=../{}.schema.json\n"


def new_fleet(project: Project, root: Path, name: str, *, like: str | None, owner: str | None) -> list[Path]:
    """Write fleets/<name>/, whole or not at all; return its files.

    Args:
        project: What there is already.
        root: The project's folder.
        name: Of the new fleet.
        like: The fleet whose platforms and release it gets; the first one when None.
        owner: As in CODEOWNERS; those of ``like`` when None.

    Raises:
        EdgewrightError: the name cannot be used, the fleet is there, or there is no fleet to be like.
    """
    _check(Name, name, "the fleet")
    if owner is not None:
        _check(Owner, owner, "the owner")
    target = root / FLEETS / name
    if target.exists():
        msg = f"{target} is there already; choose another name"
        raise EdgewrightError(msg)
    model = _model(project, like)
    stages = sorted(project.organisation.stages, key=lambda stage: project.organisation.stages[stage].production)
    rings = {stage: _rings(project, stage, name) for stage in stages}
    path = [f"{stage}/{ring}" for stage in stages for ring in rings[stage]]
    release = _release(project, model)
    files = {"fleet.yaml": _fleet(name, model, owner, path, project)}
    for stage in stages:
        files[f"{stage}.yaml"] = _stage(name, stage, rings[stage], release)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
        made = Path(scratch) / name
        made.mkdir()
        for file, text in files.items():
            (made / file).write_text(text, encoding="utf-8")
        made.rename(target)
    return [target / file for file in files]


def _check(kind: Any, value: str, what: str) -> None:
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        msg = f"{what} {value!r} {error.errors()[0]['msg'].removeprefix('Value error, ')}"
        raise EdgewrightError(msg) from error


def _model(project: Project, like: str | None) -> Fleet:
    if not project.fleets:
        msg = f"there is no fleet yet to take a release from; write the first one by hand, as in {FLEETS}/*.schema.json"
        raise EdgewrightError(msg)
    chosen = like or min(project.fleets)
    if chosen not in project.fleets:
        msg = f"there is no fleet {chosen!r}; there are {', '.join(sorted(project.fleets))}"
        raise EdgewrightError(msg)
    return project.fleets[chosen]


def _release(project: Project, model: Fleet) -> Ring:
    """The release of the last ring on the path: the one that was tried longest."""
    return project.ring(model.name, model.promotion.path[-1])


def _rings(project: Project, stage: str, fleet: str) -> dict[str, list[str]]:
    """Ring -> its first things."""
    if project.organisation.stages[stage].production:
        return {"canary": [f"{fleet}-{stage}-001"], "main": [f"{fleet}-{stage}-002"]}
    return {"twins": [f"{fleet}-{stage}-001"]}


def _fleet(name: str, model: Fleet, owner: str | None, path: list[str], project: Project) -> str:
    lines = [
        "# What is the same in every stage",
        "apiVersion: edgewright/v1",
        "kind: Fleet",
        f"name: {name}",
        f"description: {name}, which has yet to say what it is for",
        f"owners: {json.dumps([owner] if owner else list(model.owners))}",
        "platforms:                     # every private component must have a manifest for each of these",
        *(f"  - {{os: {each.os}, architecture: {each.architecture}}}" for each in model.platforms),
        "identity:",
        "  provisioning: manual         # certificates are made elsewhere; claim: by a provisioning template",
        "capture: {enabled: true}       # a bucket per stage, one prefix per thing",
        "promotion:",
        f"  path: [{', '.join(path)}]",
    ]
    if len(path) > 1:
        lines.append("  gates:                       # what must hold before a release goes on to the next ring")
    for ring in path[:-1]:
        production = project.organisation.stages[ring.partition("/")[0]].production
        lines.append(f"    {ring}: " + ("{bake: 24h, healthy: 95%}" if production else "{bake: 1h, healthy: 100%}"))
    return _SCHEMA.format("fleet") + "\n".join(lines) + "\n"


def _stage(fleet: str, stage: str, rings: Mapping[str, list[str]], release: Ring) -> str:
    text = (
        _SCHEMA.format("stage") + "# What runs where\n"
        f"apiVersion: edgewright/v1\nkind: FleetStage\nfleet: {fleet}\nstage: {stage}\nrings:\n"
    )
    for ring, things in rings.items():
        text += (
            f"  - name: {ring}\n"
            f"    members: {{things: [{', '.join(things)}]}}\n"
            "    components:                                # the release of this ring\n"
            + "".join(f"      {name}: {_flow(each)}\n" for name, each in _components(release).items())
            + "    rollout: {rate: {max: 50}, abort: [{on: failed, above: 20%, after: 1}], timeout: 30m}\n"
            "    wait: {for: 30m, succeeded: 95%}\n"
            "    onFailure: rollback\n"
        )
    return text


def _components(release: Ring) -> dict[str, Any]:
    return {
        name: each.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        for name, each in release.components.items()
    }


def _flow(value: Any) -> str:
    """JSON is YAML in flow style; keys of the format itself read better without quotes."""
    keys = ("version", "config", "reset", "runWith")
    return "{" + ", ".join(f"{key}: {json.dumps(value[key], ensure_ascii=False)}" for key in keys if key in value) + "}"
