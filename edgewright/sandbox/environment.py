"""Everything that a shell, or the Pulumi engine, needs to work against a sandbox as it would against AWS.

The engine writes an encryption salt into the stack's settings file as soon as a passphrase is used. The committed
files must stay as they are, so it works in a folder of the sandbox's own (``PULUMI_OPTION_CWD``) that is made from
them: the same program, the same settings, absolute paths.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from edgewright.errors import EdgewrightError
from edgewright.sandbox import processes

if TYPE_CHECKING:
    from edgewright.sandbox.control import Sandbox

DIRECTORY = Path(".edgewright") / "sandbox"
"""Where a project's sandbox is, below its root."""
STANDIN = Path("plugins") / "aws-standin"
PLUGIN = "pulumi-resource-aws"
UNSET = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "http_proxy", "no_proxy")
"""Variables of the user's that would win over the sandbox's."""
_PASSPHRASE = "sandbox"  # noqa: S105 -- protects nothing: the sandbox's state has no secrets
_SECRETS = ("encryptionsalt", "encryptedkey", "secretsprovider")
_CHECKOUT = Path(__file__).resolve().parents[2]


def environment(sandbox: Sandbox, root: Path) -> dict[str, str]:
    """Variables to set; see ``UNSET`` for those to take away."""
    root = root.resolve()
    return {
        **sandbox.aws_environment(),
        "NO_PROXY": ",".join(dict.fromkeys(["127.0.0.1", "localhost", *_no_proxy()])),
        "PULUMI_HOME": str(_tools(root) / "pulumi-home"),
        "PULUMI_BACKEND_URL": _state(sandbox).as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_OPTION_CWD": str(sandbox.directory / "project"),
        "PATH": os.pathsep.join(_path(root)),
    }


def _no_proxy() -> list[str]:
    given = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return [entry.strip() for entry in given.split(",") if entry.strip()]


def _state(sandbox: Sandbox) -> Path:
    return sandbox.directory / "state"


def _tools(root: Path) -> Path:
    # a scratch copy of a project has neither tools nor environment of its own: those of the checkout serve it
    places = (root, _CHECKOUT, Path(sys.prefix).parent)
    return next((place / ".tools" for place in places if (place / ".tools").is_dir()), root / ".tools")


def _path(root: Path) -> list[str]:
    interpreter = root / ".venv" / "bin"
    first = [str(interpreter if interpreter.is_dir() else Path(sys.executable).parent), str(_tools(root) / "bin")]
    rest = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    path = list(dict.fromkeys([*first, *rest]))
    folder = aws_plugin(root, path)
    # last, so that an official plugin that is installed later is found before the stand-in
    return path if folder is None or str(folder) in path else [*path, str(folder)]


def aws_plugin(root: Path, path: list[str] | None = None) -> Path | None:
    """The folder of the ``aws`` plugin: on PATH, installed by Pulumi, or the stand-in; None without any."""
    standin = next((base / STANDIN for base in (root, _CHECKOUT) if (base / STANDIN).is_dir()), None)
    entries = path if path is not None else os.environ.get("PATH", os.defpath).split(os.pathsep)
    # a shell that worked in another checkout has that one's stand-in on its PATH
    found = shutil.which(PLUGIN, path=os.pathsep.join(e for e in entries if Path(e).name != STANDIN.name))
    if found:
        return Path(found).parent
    installed = list(_installed(_tools(root) / "pulumi-home")) + list(_installed(Path.home() / ".pulumi"))
    return max(installed, key=_version) if installed else standin


def _installed(home: Path) -> Iterator[Path]:
    for folder in (home / "plugins").glob("resource-aws-v*"):
        if (folder / PLUGIN).is_file():
            yield folder


def _version(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", folder.name)[:3]]


def exports(variables: Mapping[str, str]) -> str:
    """The variables as a text for ``eval`` in a POSIX shell."""
    lines = [
        "# relative paths in arguments of pulumi are seen from PULUMI_OPTION_CWD",
        f"unset {' '.join(UNSET)}",
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
    ]
    return "\n".join(lines)


# --- the project folder and the stacks --------------------------------------------------------------------------


def prepare(sandbox: Sandbox, root: Path) -> list[str]:
    """Bring the engine's project folder up to date; return the stacks that have committed settings."""
    root = root.resolve()
    source = root / "Pulumi.yaml"
    if not source.is_file():
        return []
    folder = sandbox.directory / "project"
    folder.mkdir(parents=True, exist_ok=True)
    project = _read(source)
    project["main"] = str(root / project.get("main", ""))
    runtime = project.get("runtime")
    if isinstance(runtime, dict) and isinstance(runtime.get("options"), dict):
        # the interpreter is the first on PATH; relative to this folder there is no virtual environment
        runtime["options"].pop("virtualenv", None)
    for kind in (project.get("plugins") or {}).values():
        for plugin in kind:
            if "path" in plugin:
                plugin["path"] = str(root / plugin["path"])
    _write(folder / "Pulumi.yaml", project)
    stacks = []
    for settings in sorted(root.glob("Pulumi.*.yaml")):
        stacks.append(settings.name.split(".")[1])
        wanted = {key: value for key, value in _read(settings).items() if key not in _SECRETS}
        present = folder / settings.name
        if present.is_file():
            wanted.update({key: value for key, value in _read(present).items() if key in _SECRETS})
        _write(present, wanted)
    return stacks


def create_stacks(sandbox: Sandbox, root: Path) -> list[str]:
    """Make the stacks in the sandbox's own state, so that ``pulumi up -s staging`` works at once.

    Raises:
        EdgewrightError: the engine is not there or refuses.
    """
    stacks = prepare(sandbox, root)
    if not stacks:
        return []
    state = _state(sandbox)
    state.mkdir(parents=True, exist_ok=True)
    variables = {**{k: v for k, v in os.environ.items() if k not in UNSET}, **environment(sandbox, root)}
    pulumi = shutil.which("pulumi", path=variables["PATH"])
    if pulumi is None:
        msg = "the Pulumi CLI is not on PATH nor in .tools/bin; `make setup` gets it"
        raise EdgewrightError(msg)
    project = _read(root / "Pulumi.yaml")["name"]
    Path(variables["PULUMI_HOME"]).mkdir(parents=True, exist_ok=True)
    for stack in stacks:
        if (state / ".pulumi" / "stacks" / project / f"{stack}.json").exists():
            continue
        code, said = processes.run([pulumi, "stack", "init", stack, "--no-select"], variables, root)
        if code != 0 and "already exists" not in said:
            msg = f"pulumi could not make the stack {stack}: {said.strip()}"
            raise EdgewrightError(msg)
    return stacks


def _read(file: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        msg = f"{file} cannot be read: {' '.join(str(error).split())}"
        raise EdgewrightError(msg) from error
    if not isinstance(value, dict):
        msg = f"{file} is not a map; the Pulumi engine would not read it either"
        raise EdgewrightError(msg)
    return value


def _write(file: Path, value: Mapping[str, Any]) -> None:
    text = yaml.safe_dump(json.loads(json.dumps(value)), sort_keys=False, allow_unicode=True)
    if file.is_file() and file.read_text("utf-8") == text:
        return
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(text, "utf-8")
    temporary.replace(file)
