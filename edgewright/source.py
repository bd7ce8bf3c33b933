"""YAML with positions: text in, plain JSON values out, and for every value the line and column where it is written.

The dialect is YAML 1.2's core schema read by PyYAML's parser: only ``true`` and ``false`` are booleans (``on`` and
``yes`` are strings), nothing is a date, and what YAML 1.1 and 1.2 read differently (``0644``) must be quoted. Values
are built here from parser events, not by a PyYAML constructor: so no tag can make an object, duplicate keys are seen,
and nesting and alias expansion are bounded before memory is spent.

Nothing in this module raises for bad text. What is wrong becomes a Problem, the line that a user reads. The module is
longer than others because a value, its place and what is wrong with it are made in one pass and belong together.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

MAX_BYTES = 2 * 1024 * 1024
"""Of one file. The largest merge that AWS takes is 10 MiB; a file that a person edits is far below this."""
MAX_DEPTH = 64
MAX_VALUES = 250_000
"""After aliases are expanded: a file of ten lines can stand for a billion values."""
MAX_CHARACTERS = 32 * 1024 * 1024
"""After aliases are expanded."""
ACCOUNT_ID = 12
"""Digits of an AWS account id."""
LARGEST_INTEGER = 2**53 - 1
"""What every JSON reader, Pulumi's engine among them, keeps exactly."""

_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER = re.compile(
    r"(?P<integer>[-+]?[0-9]+)|(?P<octal>0o[0-7]+)|(?P<hexadecimal>0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<special>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_TOLD_TOO_LATE = ("end of stream", "expected ':'", "',' or '}'", "',' or ']'")
_NUMBER_STARTS = frozenset("-+.0123456789")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_./@:-]+")


class _PythonParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own scanner and parser, without the constructors."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


# libyaml reads ten times as fast; every wheel of PyYAML carries it, a build from source may not.
_Parser: Any = getattr(yaml.cyaml, "CParser", _PythonParser) if yaml.__with_libyaml__ else _PythonParser


class Position(NamedTuple):
    """A place in a file; both numbers count from 1, as editors do."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at one place of one file, and what to do about it."""

    file: str
    line: int
    column: int
    path: str
    message: str
    got: str | None = None
    remedy: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = f"{printable(self.file)}:{self.line}:{self.column}: "
        warning = "warning: " if self.severity == "warning" else ""
        path = f"{self.path}: " if self.path else ""
        got = f" (got {self.got})" if self.got is not None else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{where}{warning}{path}{self.message}{got}{remedy}"

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """The sort key of all reports: by file, then by place."""
        return (self.file, self.line, self.column, self.path, self.message)

    def as_json(self) -> dict[str, Any]:
        """The problem for machines."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "message": self.message,
            "got": self.got,
            "remedy": self.remedy,
            "severity": self.severity,
        }


class _Place:
    """Where a value is written. ``children`` holds, for a mapping, (line, column, place) of each key."""

    __slots__ = ("children", "column", "line", "quoted", "text")

    def __init__(self, line: int, column: int, text: str | None, *, quoted: bool, children: Any) -> None:
        self.line = line
        self.column = column
        self.text = text
        self.quoted = quoted
        self.children = children


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its plain value (None when it could not be read), its problems, and where everything is."""

    file: str
    value: Any
    problems: tuple[Problem, ...] = ()
    _root: _Place | None = field(default=None, repr=False)

    def where(self, path: Sequence[str | int]) -> Position:
        """Where ``path`` is written: the key of a mapping entry, else the nearest ancestor that exists."""
        place = self._root
        position = Position(place.line, place.column) if place else Position(1, 1)
        for step in path:
            children = place.children if place else None
            if isinstance(children, dict) and isinstance(step, str) and step in children:
                line, column, place = children[step]
                position = Position(line, column)
            elif isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
                place = children[step]
                position = Position(place.line, place.column)
            else:
                break
        return position

    def quoted(self, path: Sequence[str | int]) -> bool:
        """Whether the text at ``path`` is in quotes (or a block of text)."""
        place = self._place(path)
        return place is not None and place.quoted

    def shown(self, path: Sequence[str | int]) -> str:
        """The value at ``path`` as it was written, short and safe to print (``1.10`` stays ``1.10``)."""
        place = self._place(path)
        if place is None:
            return "nothing"
        if isinstance(place.children, dict):
            return "a mapping"
        if isinstance(place.children, list):
            return "a list"
        if place.text == "" and not place.quoted:
            return "nothing"
        return shorten(json.dumps(place.text, ensure_ascii=False) if place.quoted else place.text or "")

    def _place(self, path: Sequence[str | int]) -> _Place | None:
        place = self._root
        for step in path:
            children = place.children if place else None
            if isinstance(children, dict) and isinstance(step, str) and step in children:
                place = children[step][2]
            elif isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
                place = children[step]
            else:
                return None
        return place

    def problem(
        self,
        path: Sequence[str | int],
        message: str,
        *,
        remedy: str,
        got: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> Problem:
        """A problem at ``path``, with its line and column found."""
        line, column = self.where(path)
        return Problem(self.file, line, column, render_path(self.value, path), message, got, remedy, severity)


def printable(text: str) -> str:
    """``text`` with everything escaped that could move a terminal's cursor or forge a second line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def shorten(text: str, limit: int = 80) -> str:
    """``text`` on one line, escaped, cut in the middle of long values with the length told."""
    text = printable(text)
    return text if len(text) <= limit else f"{text[: limit - 20]}... ({len(text)} characters)"


def render_path(value: Any, path: Sequence[str | int]) -> str:
    """``rings[canary].components.aws.greengrass.Nucleus.version``: list items by their name where they have one."""
    shown = ""
    for step in path:
        if isinstance(step, int):
            item = value[step] if isinstance(value, list) and step < len(value) else None
            shown += f"[{_identity(item) or step}]"
            value = item
        else:
            shown = _join(shown, step)
            value = value.get(step) if isinstance(value, dict) else None
    return shown


def _join(path: str, key: str) -> str:
    shown = key if _PLAIN_KEY.fullmatch(key) else json.dumps(shorten(key), ensure_ascii=False)
    return f"{path}.{shown}" if path else shown


def _identity(item: Any) -> str | None:
    if isinstance(item, dict):
        for key in ("name", "role"):
            name = item.get(key)
            if isinstance(name, str) and _PLAIN_KEY.fullmatch(name) and len(name) <= 128:
                return name
    return None


def load_file(path: Path, file: str) -> Document:
    """Read ``path``; ``file`` is what problems call it. A file that cannot be read is a Document with a problem."""

    def refused(message: str, remedy: str, got: str | None = None, line: int = 1, column: int = 1) -> Document:
        return Document(file, None, (Problem(file, line, column, "", message, got, remedy),))

    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return refused("cannot be read", "make it a readable file", got=error.strerror or type(error).__name__)
    if len(data) > MAX_BYTES:
        return refused(f"is larger than {MAX_BYTES} bytes", "move what is not a manifest out of it")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return refused("is not UTF-8", "save the file as UTF-8", f"byte 0x{data[error.start]:02x}", line, column)
    return load_yaml(text, file)


def load_yaml(text: str, file: str) -> Document:
    """Read one YAML document. Never raises: what is wrong with the text is in ``problems``."""
    text = text.removeprefix("\ufeff")
    builder = _Builder(text, file)
    with contextlib.suppress(_StopReadingError):
        builder.read()
        return Document(file, builder.value, tuple(builder.problems), builder.root)
    return Document(file, None, tuple(builder.problems))


class _StopReadingError(Exception):
    """The rest of the document means nothing; the problem is already noted."""


class _Size(NamedTuple):
    """What a value amounts to after aliases are expanded."""

    values: int
    characters: int
    height: int


class _Frame:
    """A mapping or list that is being read."""

    __slots__ = ("anchor", "characters", "height", "key", "merges", "place", "value", "values")

    def __init__(self, value: Any, place: _Place, anchor: str | None) -> None:
        self.value = value
        self.place = place
        self.anchor = anchor
        # of the entry whose value comes next: (key or None when it cannot be one, line, column)
        self.key: tuple[str | None, int, int] | None = None
        self.merges: list[tuple[Any, _Place]] = []
        self.values = 1
        self.characters = 0
        self.height = 1


_MERGE = "\0merge"  # cannot be a key: the text is refused when it has a control character


class _Builder:
    """Turns parser events into a value and its places, with its own stack: depth costs no recursion."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self.value: Any = None
        self.root: _Place | None = None
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, _Place, _Size]] = {}

    def problem(self, line: int, column: int, message: str, remedy: str, got: str | None = None) -> None:
        path = ""
        for depth, frame in enumerate(self._stack):
            if isinstance(frame.value, list):
                # what is being read is not in its parent yet, but may have been named already
                reading = self._stack[depth + 1].value if depth + 1 < len(self._stack) else None
                path += f"[{_identity(reading) or len(frame.value)}]"
            elif frame.key is not None and frame.key[0] not in (None, _MERGE):
                path = _join(path, str(frame.key[0]))
        self.problems.append(Problem(self.file, line, column, path, message, got, remedy))

    def stop(self, line: int, column: int, message: str, remedy: str, got: str | None = None) -> _StopReadingError:
        self.problem(line, column, message, remedy, got)
        return _StopReadingError()

    # --- events ------------------------------------------------------------------------------------------------

    def read(self) -> None:
        unprintable = _UNPRINTABLE.search(self.text)
        if unprintable is not None:
            before = self.text[: unprintable.start()]
            line = before.count("\n") + 1
            column = len(before) - (before.rfind("\n") + 1) + 1
            got = f"U+{ord(unprintable.group()):04X}"
            raise self.stop(line, column, "holds a control character", "delete it, or write it as an escape", got)
        documents = 0
        try:
            parser = _Parser(self.text)
            while parser.check_event():
                event = parser.get_event()
                if isinstance(event, yaml.ScalarEvent):
                    self._scalar(event)
                elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                    self._open(event)
                elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                    self._close()
                elif isinstance(event, yaml.AliasEvent):
                    self._alias(event)
                elif isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        mark: Any = event.start_mark
                        line, column = mark.line + 1, mark.column + 1
                        raise self.stop(line, column, "starts a second document", "keep one document in a file")
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        except yaml.YAMLError as error:
            raise self.stop(1, 1, "is not YAML", "correct the syntax", shorten(str(error))) from error
        if self.root is None:
            raise self.stop(1, 1, "is empty", "describe the manifest, or delete the file")

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark: Any = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        lines = self.text.split("\n")
        written = lines[line - 1] if line <= len(lines) else ""
        self._stack.clear()
        if "\t" in written[: len(written) - len(written.lstrip())]:
            raise self.stop(line, written.index("\t") + 1, "is indented with a tab", "indent with spaces") from error
        said = error.problem or ""
        message, remedy = _explain(said, written[column - 1 : column])
        opened: Any = error.context_mark
        at_the_end = line > len(self.text.splitlines())
        if opened and (at_the_end or any(each in said for each in _TOLD_TOO_LATE)):
            # where it was noticed says nothing: the place where it began does
            line, column = opened.line + 1, opened.column + 1
        raise self.stop(line, column, message, remedy) from error

    def _open(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._unknown_tag(line, column, event.tag)
        if len(self._stack) >= MAX_DEPTH:
            raise self.stop(line, column, f"is nested deeper than {MAX_DEPTH} levels", "make it flatter")
        mapping = isinstance(event, yaml.MappingStartEvent)
        place = _Place(line, column, None, quoted=False, children={} if mapping else [])
        if self._wants_key():
            kind = "a mapping" if mapping else "a list"
            raise self.stop(line, column, "a key must be a string", "put quotes around text that has braces", kind)
        self._stack.append(_Frame({} if mapping else [], place, event.anchor))

    def _close(self) -> None:
        frame = self._stack.pop()
        for value, place in frame.merges:
            for key, item in value.items():
                if key not in frame.value:
                    frame.value[key] = item
                    frame.place.children[key] = place.children[key]
        size = _Size(frame.values, frame.characters, frame.height)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.value, frame.place, size)
        self._add(frame.value, frame.place, size)

    def _alias(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if any(frame.anchor == event.anchor for frame in self._stack):
            raise self.stop(line, column, f"*{event.anchor} stands inside what it names", "write the value out")
        known = self._anchors.get(event.anchor)
        if known is None:
            raise self.stop(line, column, f"*{event.anchor} names no anchor above it", f"put &{event.anchor} before it")
        value, place, size = known
        if self._wants_key():
            self._key(value, line, column, place.text, plain=True)
            return
        self._add(value, place, size)

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        plain = event.implicit[0]
        tag = event.tag
        if tag not in (None, "!", "tag:yaml.org,2002:str"):
            self._unknown_tag(line, column, tag)
        text = event.value
        if self._wants_key():
            value = self._resolve(text, line, column) if plain and text != "<<" else text
            if event.anchor is not None:
                place = _Place(line, column, text, quoted=not plain, children=None)
                self._anchors[event.anchor] = (value, place, _Size(1, len(text), 0))
            self._key(value, line, column, text, plain=plain)
            return
        value = self._resolve(text, line, column) if plain else text
        place = _Place(line, column, text, quoted=not plain, children=None)
        size = _Size(1, len(text), 0)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, place, size)
        self._add(value, place, size)

    # --- putting values together -------------------------------------------------------------------------------

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _key(self, value: Any, line: int, column: int, text: str | None, *, plain: bool) -> None:
        frame = self._stack[-1]
        if value == "<<" and plain:
            frame.key = (_MERGE, line, column)
        elif not isinstance(value, str):
            got = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else text
            self.problem(line, column, "a key must be a string", "put quotes around it", shorten(got or "nothing"))
            frame.key = (None, line, column)
        elif value in frame.value:
            first = frame.place.children[value][0]
            frame.key = (value, line, column)
            self.problem(line, column, f"is given twice, first in line {first}", "keep one of the two")
            frame.key = (None, line, column)
        else:
            frame.key = (value, line, column)

    def _add(self, value: Any, place: _Place, size: _Size) -> None:
        if not self._stack:
            self.value, self.root = value, place
            return
        frame = self._stack[-1]
        frame.values += size.values
        frame.characters += size.characters
        frame.height = max(frame.height, size.height + 1)
        if frame.values > MAX_VALUES or frame.characters > MAX_CHARACTERS or frame.height > MAX_DEPTH:
            message = "its aliases expand to more than a manifest can hold"
            raise self.stop(place.line, place.column, message, "write the values out, without aliases in aliases")
        if isinstance(frame.value, list):
            frame.value.append(value)
            frame.place.children.append(place)
            return
        assert frame.key is not None  # noqa: S101 -- the parser gives a key before each value
        key, line, column = frame.key
        if key == _MERGE:
            self._merge(frame, value, place, line, column)
        elif key is not None:
            frame.value[key] = value
            frame.place.children[key] = (line, column, place)
        frame.key = None

    def _merge(self, frame: _Frame, value: Any, place: _Place, line: int, column: int) -> None:
        sources = zip(value, place.children, strict=True) if isinstance(value, list) else ((value, place),)
        for source, where in sources:
            if not isinstance(source, dict):
                message, remedy = "<< can only merge mappings", "name the anchor of a mapping, such as <<: *release"
                self.problem(line, column, message, remedy, shorten(where.text or "a list"))
                continue
            frame.merges.append((source, where))

    # --- scalars -----------------------------------------------------------------------------------------------

    def _unknown_tag(self, line: int, column: int, tag: str) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        self.problem(line, column, "has a tag, which manifests do not use", "remove the tag", shorten(shown))

    def _resolve(self, text: str, line: int, column: int) -> Any:
        """What a scalar without quotes means in YAML 1.2's core schema, where JSON can say it."""
        if text in _NULL:
            return None
        if text in _BOOLEAN:
            return _BOOLEAN[text]
        if text[0] not in _NUMBER_STARTS:
            return text
        number = _NUMBER.fullmatch(text)
        if number is None:
            return text
        if _LEADING_ZERO.match(text) and number.lastgroup == "integer":
            # dropping the zero of an account id would make another account's, or none
            remedy = "put quotes around it" if len(text) == ACCOUNT_ID else "put quotes around it, or drop the zero"
            message = "a number with a leading zero means different things to YAML readers"
            self.problem(line, column, message, remedy, shorten(text))
            return text
        return self._number(text, number.lastgroup or "", line, column)

    def _number(self, text: str, kind: str, line: int, column: int) -> Any:
        value: int | float
        if kind == "special":
            value = float("inf")
        elif kind == "float":
            value = float(text)
        elif len(text) > 40:  # int() refuses thousands of digits, and none of them would fit
            value = LARGEST_INTEGER + 1
        else:
            value = int(text, {"integer": 10, "octal": 8, "hexadecimal": 16}[kind])
        if abs(value) == float("inf") or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
            self.problem(
                line,
                column,
                "JSON has no such number, or does not keep it exactly",
                "put quotes around it",
                shorten(text),
            )
            return text
        return value


def _explain(problem: str, character: str) -> tuple[str, str]:
    """Our words for what libyaml and PyYAML's own parser say of the commonest slips."""
    if character == ",":
        return "has a comma that ends nothing", "delete the comma"
    if "mapping values are not allowed" in problem:
        return "has a ': ' where none can be", "put quotes around the text, or correct the indentation"
    if "cannot start any token" in problem:
        return f"a value cannot begin with {character!r} without quotes", "put quotes around it"
    if "unknown escape" in problem:
        return "has an unknown escape after a backslash", "double the backslash, or use single quotes"
    if "unexpected end of stream" in problem or "unexpected end" in problem:
        return "has quotes that are never closed", "close the quotes"
    if "',' or '}'" in problem:
        return "has a { } that is not closed, or a comma missing in it", "close the brace, or put the comma in"
    if "',' or ']'" in problem:
        return "has a [ ] that is not closed, or a comma missing in it", "close the bracket, or put the comma in"
    if "node content" in problem:
        return "has no value where one must be", "write the value, or close what is open"
    if "'-' indicator" in problem or "block end" in problem or "expected key" in problem:
        return "does not line up with the lines above it", "correct the indentation"
    if "expected ':'" in problem:
        return "is a line without a ':'", "write key: value, and mind the indentation"
    return f"is not YAML: {printable(problem)}", "correct the syntax"
