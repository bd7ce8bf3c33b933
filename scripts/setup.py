"""Set-up from nothing but Python 3.11, git and make: a .venv/ and a .tools/ in the checkout, nothing elsewhere.

Run by `make`; standard library only, because nothing is installed yet. Each step is skipped when its stamp says that
it was done with the same inputs, so that a second run takes a moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
BIN = TOOLS / "bin"
PULUMI_VERSION = "3.259.0"
# The oldest CLI that loads a provider from `plugins: providers: path:` the way the program needs it.
PULUMI_OLDEST = (3, 200, 0)
PULUMI_INSTALLER = "https://get.pulumi.com"
AWS_PLUGIN_VERSION = "7.51.1"
VERSION_FLAG = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{PULUMI_VERSION}"


class SetupError(Exception):
    """Set-up cannot go on; the message says what to do."""


def main() -> int:
    """Bring the checkout up and say what was chosen; 1 when that cannot be done."""
    if sys.version_info < (3, 11):  # noqa: UP036 -- run by whatever python3 the machine has
        say(f"Edgewright needs Python 3.11 or later, this is {sys.version.split()[0]}: make PYTHON=python3.12 ...")
        return 1
    TOOLS.mkdir(exist_ok=True)
    try:
        with exclusive(TOOLS / "setup.lock"):
            python_packages()
            say(f"Pulumi CLI: {pulumi_cli()}")
            say(f"aws plugin: {aws_plugin()}")
    except SetupError as error:
        say(f"set-up stopped: {error}")
        return 1
    return 0


# --- Python --------------------------------------------------------------------------------------------------------


def python_packages() -> None:
    """Make .venv with the pinned, hashed requirements, and with this checkout on its path."""
    requirements = ROOT / "requirements-dev.txt"
    stamp = VENV / ".edgewright-stamp"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        python = VENV / "bin" / "python"
        if not python.exists() or subprocess.run([python, "-c", "import pip"], check=False).returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            run("making .venv", [sys.executable, "-m", "venv", VENV])
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run("installing Python packages", [*pip, "--require-hashes", "-r", requirements])
        stamp.write_text(wanted)
    # A checkout that was moved or copied keeps working: both are written anew each time.
    site = next((VENV / "lib").glob("python3.*/site-packages"))
    (site / "edgewright.pth").write_text(f"{ROOT}\n")
    launcher = VENV / "bin" / "edgewright"
    launcher.write_text('#!/bin/sh\nexec "$(dirname -- "$(readlink -f -- "$0")")/python" -m edgewright.cli "$@"\n')
    launcher.chmod(0o755)


# --- the Pulumi CLI ------------------------------------------------------------------------------------------------


def pulumi_cli() -> str:
    """Find, install or build the Pulumi CLI and its Python language host; say which."""
    stamp = TOOLS / "pulumi.stamp"
    wanted = "\n".join([PULUMI_VERSION, *(file_digest(ROOT / "tools" / name) for name in GO_FILES)])
    if stamp.exists() and stamp.read_text().startswith(wanted) and pulumi_version(BIN / "pulumi"):
        # What was made once serves on, whatever the PATH of this shell is: it took minutes.
        return stamp.read_text().removeprefix(wanted).strip()
    on_path = shutil.which("pulumi", path=path_without_tools())
    if on_path and shutil.which("pulumi-language-python", path=path_without_tools()):
        version = pulumi_version(Path(on_path))
        if version and version >= PULUMI_OLDEST:
            # An outdated one of ours would be found first.
            for link in (BIN / "pulumi", BIN / "pulumi-language-python", BIN / "pulumi-language-python-exec"):
                link.unlink(missing_ok=True)
            return f"{dotted(version)} from PATH ({on_path})"
    how = install_cli() or build_cli()
    stamp.write_text(f"{wanted}\n{how}\n")
    return how


def install_cli() -> str | None:
    """Run the official installer into .tools/; None where it cannot be reached."""
    try:
        with urllib.request.urlopen(PULUMI_INSTALLER, timeout=10) as answer:
            script = answer.read()
    except (urllib.error.URLError, OSError):
        return None
    target = TOOLS / "pulumi"
    command = ["sh", "-s", "--", "--version", PULUMI_VERSION, "--install-root", target, "--no-edit-path"]
    try:
        run(f"installing Pulumi {PULUMI_VERSION}", command, stdin=script)
    except SetupError:
        return None
    BIN.mkdir(exist_ok=True)
    for file in (target / "bin").iterdir():
        shutil.copy2(file, BIN / file.name)
    return f"{PULUMI_VERSION}, from the official installer"


GO_FILES = ("pulumi/go.mod", "pulumi/go.sum", "pulumi-language-python/go.mod", "pulumi-language-python/go.sum")


def build_cli() -> str:
    """Build the CLI and the Python language host from their published Go modules (about four minutes, once)."""
    go = shutil.which("go")
    if go is None:
        msg = f"no recent Pulumi CLI on PATH, its installer cannot be reached, and there is no Go to build it: install Pulumi >= {dotted(PULUMI_OLDEST)} or Go >= 1.26"  # noqa: E501
        raise SetupError(msg)
    building = TOOLS / "building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    # The pinned sums decide what is built, whatever the user's Go settings say.
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off", "CGO_ENABLED": "0"}
    for module in ("pulumi", "pulumi-language-python"):
        command = [go, "build", "-trimpath", "-ldflags", VERSION_FLAG, "-o", f"{building}/", "tool"]
        run(f"building {module} from its Go module", command, cwd=ROOT / "tools" / module, env=environment)
    sdk = subprocess.run(
        [go, "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"],
        cwd=ROOT / "tools" / "pulumi", env=environment, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    script = building / "pulumi-language-python-exec"
    shutil.copyfile(Path(sdk) / "python" / "cmd" / script.name, script)
    script.chmod(0o755)
    BIN.mkdir(exist_ok=True)
    for file in building.iterdir():
        file.replace(BIN / file.name)
    building.rmdir()
    return f"{PULUMI_VERSION}, built from its Go modules"


def pulumi_version(pulumi: Path) -> tuple[int, int, int] | None:
    """Return the version that a CLI says it has; None when it does not run."""
    try:
        answer = subprocess.run([pulumi, "version"], capture_output=True, text=True, check=False, env=quiet_pulumi())
    except OSError:
        return None
    match = re.match(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


# --- the aws plugin ------------------------------------------------------------------------------------------------


def aws_plugin() -> str:
    """Find or install the official aws plugin; where neither works, the sandbox's stand-in serves."""
    found = shutil.which("pulumi-resource-aws", path=path_without_tools())
    if found:
        return f"from PATH ({found})"
    folder = f"resource-aws-v{AWS_PLUGIN_VERSION}"
    for home in (Path(quiet_pulumi()["PULUMI_HOME"]), Path.home() / ".pulumi"):
        if (home / "plugins" / folder / "pulumi-resource-aws").exists():
            return f"{AWS_PLUGIN_VERSION}, installed"
    refused = TOOLS / "aws-plugin.unreachable"
    # Asked once a day: a machine without the network should not wait for it at each run.
    if not refused.exists() or time.time() - refused.stat().st_mtime > 86400:
        pulumi = BIN / "pulumi" if (BIN / "pulumi").exists() else shutil.which("pulumi")
        command = [pulumi, "plugin", "install", "resource", "aws", AWS_PLUGIN_VERSION]
        try:
            run("installing the official aws plugin", command, env=quiet_pulumi(), timeout=600)
        except SetupError:
            refused.touch()
        else:
            return f"{AWS_PLUGIN_VERSION}, installed"
    return "the sandbox's stand-in (the official plugin is neither installed nor can it be reached)"


# --- helpers -------------------------------------------------------------------------------------------------------


def quiet_pulumi() -> dict[str, str]:
    """The environment in which Pulumi touches nothing outside .tools/."""
    return {**os.environ, "PULUMI_HOME": str(TOOLS / "pulumi-home"), "PULUMI_SKIP_UPDATE_CHECK": "true"}


def path_without_tools() -> str:
    """PATH without this checkout's own folders and without stand-ins, so that ours is not taken for the user's."""
    own = {str(BIN), str(VENV / "bin")}
    entries = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if entry not in own and Path(entry).name != "aws-standin")


def dotted(version: Sequence[int]) -> str:
    """Return 3.259.0 for (3, 259, 0)."""
    return ".".join(map(str, version))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def say(text: str) -> None:
    """Print a line of progress on standard error, at once."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Let one set-up run in a checkout at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(
    what: str,
    command: Sequence[str | Path | None],
    *,
    cwd: Path = ROOT,
    env: dict[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float | None = None,
) -> None:
    """Run a command quietly, with the seconds shown while it takes; its output is shown when it fails."""
    done = threading.Event()
    started = time.monotonic()
    say(f"{what} ...")

    def tick() -> None:
        while not done.wait(20):
            say(f"  {what}: {time.monotonic() - started:.0f} s")

    threading.Thread(target=tick, daemon=True).start()
    try:
        result = subprocess.run(
            [str(part) for part in command], cwd=cwd, env=env, input=stdin, timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{what} failed: {error}"
        raise SetupError(msg) from error
    finally:
        done.set()
    if result.returncode:
        tail = result.stdout.decode(errors="replace").strip().splitlines()[-15:]
        msg = f"{what} failed (exit code {result.returncode}):\n  " + "\n  ".join(tail)
        raise SetupError(msg)


if __name__ == "__main__":
    sys.exit(main())
