"""What shell commands ask for that a device should not be asked, wherever they stand: in a recipe, or in a file.

A step often only starts a script that the version ships. Such a script is read when a step names it, by the rules that
hold for the step itself; other shell files may be anybody's, and are left alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SUDO = re.compile(r"(?:^|[;&|(`]\s*|\s|/)sudo\s")
SUDO_MESSAGE = "uses sudo, which asks for a password on most devices"
SUDO_REMEDY = "write RequiresPrivilege: true instead"
PIP = re.compile(r"\bpip3?(?:\.\d+)?[\"']?\s+(?:-\S+\s+)*install\b([^;&|\n]*)")
PIP_MESSAGE = "installs whatever version is newest when a device deploys"
PIP_REMEDY = "pin each with ==, or use --require-hashes -r FILE"
_PIP_WITH_VALUE = frozenset(
    ("-r", "--requirement", "-c", "--constraint", "-t", "--target", "-i", "--index-url", "--extra-index-url", "-f",
     "--find-links", "--prefix", "--root", "--only-binary", "--no-binary", "--platform", "--python-version",
     "--upgrade-strategy", "--timeout", "--retries", "--proxy", "--cert", "--trusted-host", "--cache-dir", "--log",
     "--progress-bar", "--src", "--report")
)  # fmt: skip
_EXACT = re.compile(r"===?\s*[^*;,\s=]+(?:$|[;,\s])")
_COMMIT = re.compile(r"@[0-9a-f]{40}\b")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#.*$")
_AWS_IMPORT = re.compile(r"[ \t]*(?:import|from)[ \t]+(?:boto3|botocore|aioboto3|aiobotocore)\b")
_LARGEST = 1 << 20  # bytes of a file that is read


class Found(NamedTuple):
    """A finding in a file."""

    rule: str
    file: str
    line: int
    message: str
    got: str
    remedy: str
    certain: bool
    """An error; else a warning."""


def code_of(script: str) -> str:
    """Return a script without comments; continued lines are joined."""
    return _COMMENT.sub("", script.replace("\\\n", " "))


def packages(arguments: str) -> list[str]:
    """Return what ``pip install`` is asked for by name or from a branch: no options, files, folders, addresses."""
    try:
        words = shlex.split(arguments)
    except ValueError:
        words = arguments.split()
    found = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in _PIP_WITH_VALUE
        elif re.search(r"[{}$]", word):  # what it holds is known on the device only
            continue
        elif "git+" in word or not re.search(r"/|^\.|\.whl$|\.tar\.gz$", word):
            found.append(word)
    return found


def is_loose(requirement: str) -> bool:
    """Whether a requirement means another version another day."""
    if "git+" in requirement:
        return _COMMIT.search(requirement) is None
    return _EXACT.search(requirement) is None


def in_files(files: Mapping[str, Path], said: str) -> Iterator[Found]:
    """Yield what is wrong in the shell scripts that steps name, and in the requirements files that those install.

    Args:
        files: What a version ships, by path in its folder.
        said: The scripts and variables of the recipe's steps.
    """
    for name, path in sorted(files.items()):
        last = name.rpartition("/")[2]
        if not last.endswith((".sh", ".bash")) or not _names(said, last):
            continue
        text = _text(path)
        said += f"\n{text}"
        for line, command in _lines(text):
            if SUDO.search(command):
                yield Found("sudo", name, line, SUDO_MESSAGE, command.strip()[:80], SUDO_REMEDY, certain=True)
            for arguments in PIP.finditer(command):
                loose = [each for each in packages(arguments[1]) if is_loose(each)]
                if loose:
                    yield Found("pip", name, line, PIP_MESSAGE, ", ".join(loose), PIP_REMEDY, certain=True)
    for name, path in sorted(files.items()):
        last = name.rpartition("/")[2]
        if not (last.startswith("requirements") and last.endswith(".txt")) or not _names(said, last):
            continue
        for line, requirement in _lines(_text(path)):
            word = requirement.split(" --", 1)[0].strip()
            plain = word and not word.startswith("-") and ("git+" in word or not re.search(r"[/$]|\s@\s", word))
            if plain and is_loose(word):
                # a warning: a file of constraints may pin it
                remedy = "pin it with ==, best with hashes"
                yield Found("pip", name, line, PIP_MESSAGE, word[:80], remedy, certain=False)


def aws_in_files(files: Mapping[str, Path]) -> tuple[str, int] | None:
    """Return file and line of the first import of AWS's SDK in the Python that a version ships."""
    for name, path in sorted(files.items()):
        if name.endswith(".py"):
            for number, line in enumerate(_text(path).splitlines(), start=1):
                if _AWS_IMPORT.match(line):
                    return name, number
    return None


def _names(said: str, file: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(file)}(?![\w.-])", said) is not None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each command with the number of its first line; comments are left out, continued lines joined."""
    begun, held = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        begun = begun or number
        held += line
        if held.endswith("\\"):
            held = f"{held[:-1]} "
            continue
        yield begun, _COMMENT.sub("", held)
        begun, held = 0, ""
    if held:
        yield begun, _COMMENT.sub("", held)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_LARGEST).decode("utf-8", errors="replace")
