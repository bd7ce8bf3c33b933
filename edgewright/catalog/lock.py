"""``catalog.lock``: what was published, so that it never changes.

A text of one block a version, sorted, so that a merge of two new versions is two clean blocks:

    com.acme.parts-model@1.0.0 sha256:<of the canonical recipe>
      sha256:<hex> metrics.json
      sha256:<hex> recipe.yaml
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgewright import atomic
from edgewright.canonical import digest
from edgewright.errors import EdgewrightError
from edgewright.source import Problem, shorten
from edgewright.versions import is_version, parse_version

LOCK_FILE = "catalog.lock"
_HEADER = "# Published component versions. They never change; new ones are added by: edgewright component lock\n"
_VERSION_LINE = re.compile(r"(?P<name>[a-zA-Z0-9._-]{1,128})@(?P<version>\S{1,64}) (?P<recipe>sha256:[0-9a-f]{64})")
_FILE_LINE = re.compile(r"  (?P<digest>sha256:[0-9a-f]{64}) (?P<file>[ -\[\]-~]+)")
_NOT_CONTENT = frozenset(("recipe.yaml", "lambda.yaml", "component.yaml"))

Key = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """One published version: the digest of its canonical recipe (or lambda.yaml), and of the bytes of each file."""

    name: str
    version: str
    recipe: str
    files: Mapping[str, str]
    line: int = 0

    @property
    def digest(self) -> str:
        """The digest of what a device gets: the recipe as data, and the files that it may download."""
        files = {file: each for file, each in self.files.items() if file not in _NOT_CONTENT}
        return digest({"recipe": self.recipe, "files": files})

    def same(self, other: Entry) -> bool:
        """Whether both say the same, wherever they are written."""
        return (self.recipe, dict(self.files)) == (other.recipe, dict(other.files))


@dataclass(frozen=True)
class Lock:
    """The entries by name and version, and what is wrong with the file."""

    entries: Mapping[Key, Entry]
    problems: tuple[Problem, ...] = ()


def read_lock(root: Path) -> Lock:
    """Read ``catalog.lock``; one that is not there has no entries."""
    path = root / LOCK_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Lock({})
    except (OSError, UnicodeDecodeError) as error:
        return Lock({}, (_problem(1, "cannot be read", str(error), "restore it from Git"),))
    return parse_lock(text)


def parse_lock(text: str) -> Lock:
    """Parse the text of a lock."""
    entries: dict[Key, Entry] = {}
    problems: list[Problem] = []
    files: dict[str, str] | None = None
    strange: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        version = _VERSION_LINE.fullmatch(line)
        file = _FILE_LINE.fullmatch(line)
        if version is not None and is_version(version["version"]):
            key = (version["name"], version["version"])
            files = {}
            if key in entries:
                message = f"{key[0]}@{key[1]} is locked twice, first in line {entries[key].line}"
                problems.append(_problem(number, message, None, "keep the one that was published first"))
            else:
                entries[key] = Entry(*key, version["recipe"], files, number)
        elif file is not None and files is not None and file["file"] not in files:
            files[file["file"]] = file["digest"]
        elif line.strip() and not line.startswith("#"):
            strange.append((number, line))
    if strange:  # one line for all: what made one of them made the others
        number, line = strange[0]
        others = f", the first of {len(strange)} such lines" if len(strange) > 1 else ""
        remedy = "restore it from Git, and let edgewright component lock add new versions"
        problems.append(_problem(number, f"is not a line of a lock{others}", shorten(line), remedy))
    return Lock(entries, tuple(problems))


def render_lock(entries: Iterable[Entry]) -> str:
    """Return the text of a lock: sorted by name, version and file."""
    blocks = [_HEADER]
    for entry in sorted(entries, key=lambda each: (each.name, parse_version(each.version), each.version)):
        lines = [f"{entry.name}@{entry.version} {entry.recipe}"]
        lines += [f"  {value} {file}" for file, value in sorted(entry.files.items())]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def write_lock(root: Path, entries: Iterable[Entry]) -> bool:
    """Write the lock whole or not at all; return whether it changed.

    Raises:
        EdgewrightError: it cannot be written.
    """
    path = root / LOCK_FILE
    text = render_lock(entries)
    try:
        if path.exists() and path.read_bytes() == text.encode():
            return False
        atomic.write_text(path, text)
    except OSError as error:
        message = f"{LOCK_FILE} cannot be written: {error.strerror or error}; make {root} writable"
        raise EdgewrightError(message) from error
    return True


def _problem(line: int, message: str, got: str | None, remedy: str) -> Problem:
    return Problem(LOCK_FILE, line, 1, "", message, got, remedy)
