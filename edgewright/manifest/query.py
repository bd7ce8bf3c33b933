"""Fleet indexing queries: read, checked and answered. Pure.

The language is that of AWS IoT fleet indexing (developer guide, "Query syntax"): ``field:value`` with the wildcards
``*`` and ``?``, phrases in double quotes, comparisons (``field>5``), ranges (``field:[1 TO 5]``, ``{`` and ``}`` leave
the bound out), AND, OR, NOT or ``-``, and parentheses; terms side by side mean AND. What no query can mean is an error
with its place, so that a typing mistake is found before a dynamic thing group is empty.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

FIELDS: Final = ("thingName", "thingId", "thingTypeName", "thingGroupNames", "billingGroupName")
"""Fields of the index AWS_Things that have no parts."""
ROOTS: Final = ("attributes", "shadow", "registry", "connectivity", "deviceDefender")
"""Fields that are read by a part: ``attributes.line``."""

Look = Callable[[str], Iterable[str]]
"""From a field's name to its values; the empty name means every value, as a term without a field does."""

_TOKEN = re.compile(r"""\s*(?:
    (?P<mark>[()])
  | (?P<range>[\[{](?P<low>[^\s\]}]+)\s+TO\s+(?P<high>[^\s\]}]+)[\]}])
  | (?P<quoted>"(?:[^"\\]|\\.)*")
  | (?P<field>[A-Za-z][^\s:()"<>=\[\]{}]*)\s*(?P<colon>:)
  | (?P<compared>[A-Za-z][^\s:()"<>=\[\]{}]*)\s*(?P<sign><=|>=|<|>)
  | (?P<sign_only><=|>=|<|>)
  | (?P<bare>(?:[^\s()"\\]|\\.)+)
)""", re.VERBOSE)  # fmt: skip


class QueryError(ValueError):
    """What is wrong with a query, and what to do about it."""


@dataclass(frozen=True)
class Query:
    """A query that can be answered."""

    text: str
    matches: Callable[[Look], bool]


def parse(text: str) -> Query:
    """Return the query that ``text`` says.

    Raises:
        QueryError: no query says this.
    """
    parser = _Parser(text)
    matches = parser.either("")
    parser.end()
    return Query(text, matches)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int
    match: re.Match[str]


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.next = 0
        if not self.tokens:
            msg = 'is empty; write what things must have, such as "attributes.line:1"'
            raise QueryError(msg)

    # --- grammar: OR binds weakest, then AND (or nothing), then NOT ----------------------------------------------

    def either(self, field: str) -> Callable[[Look], bool]:
        parts = [self.both(field)]
        while self._word("OR"):
            self.next += 1
            parts.append(self.both(field))
        return parts[0] if len(parts) == 1 else lambda look: any(part(look) for part in parts)

    def both(self, field: str) -> Callable[[Look], bool]:
        parts = [self.one(field)]
        while self._peek() is not None and not self._word("OR") and not self._mark(")"):
            if self._word("AND"):
                self.next += 1
            parts.append(self.one(field))
        return parts[0] if len(parts) == 1 else lambda look: all(part(look) for part in parts)

    def one(self, field: str) -> Callable[[Look], bool]:
        token = self._peek()
        if token is None:
            before = self.tokens[self.next - 1]
            msg = f"ends after {before.text!r}, where something must follow; complete it"
            raise QueryError(msg)
        if self._word("NOT") or (token.kind == "bare" and token.text == "-"):
            self.next += 1
            inner = self.one(field)
            return lambda look: not inner(look)
        if self._word("AND") or self._word("OR") or self._mark(")"):
            msg = f"has {token.text!r} at character {token.at + 1} with nothing before it; write a term there"
            raise QueryError(msg)
        self.next += 1
        if token.text == "(":
            inner = self.either(field)
            if not self._mark(")"):
                msg = f"has a parenthesis at character {token.at + 1} that is never closed; close it"
                raise QueryError(msg)
            self.next += 1
            return inner
        if token.kind == "field":
            return self._of_field(_known(token.match["field"], token.at), token)
        if token.kind == "compared":
            return _compare(
                _known(token.match["compared"], token.at), token.match["sign"], self._value(token.text).text
            )
        return self._value_term(field, token)

    def end(self) -> None:
        token = self._peek()
        if token is not None:
            msg = f"has a {token.text!r} at character {token.at + 1} that closes nothing; remove it"
            raise QueryError(msg)

    def _of_field(self, field: str, token: _Token) -> Callable[[Look], bool]:
        if self._mark("("):
            return self.one(field)
        following = self._peek()
        if following is not None and following.kind == "sign_only":
            self.next += 1
            return _compare(field, following.text, self._value(following.text).text)
        return self._value_term(field, self._value(token.text))

    def _value(self, before: str) -> _Token:
        token = self._peek()
        if token is None or token.kind not in {"bare", "quoted", "range"}:
            msg = f"has no value after {before!r}; write one, in double quotes when it has spaces or colons"
            raise QueryError(msg)
        self.next += 1
        return token

    def _value_term(self, field: str, token: _Token) -> Callable[[Look], bool]:
        if token.kind == "range":
            if not field:
                msg = f"has a range at character {token.at + 1} without a field; write field:{token.text}"
                raise QueryError(msg)
            text = token.text
            low = _compare(field, ">=" if text[0] == "[" else ">", token.match["low"])
            high = _compare(field, "<=" if text[-1] == "]" else "<", token.match["high"])
            return lambda look: low(look) and high(look)
        return _equal(field, token)

    def _peek(self) -> _Token | None:
        return self.tokens[self.next] if self.next < len(self.tokens) else None

    def _word(self, word: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "bare" and token.text == word

    def _mark(self, mark: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "mark" and token.text == mark


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        # A minus before a term is a NOT of its own.
        lead = re.compile(r"\s*-(?=[^\s])").match(text, at)
        if lead is not None and (at == 0 or text[at].isspace() or text[at - 1] == "("):
            yield _Token("bare", "-", lead.end() - 1, lead)
            at = lead.end()
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            place = at + len(text[at:]) - len(text[at:].lstrip())
            what = (
                "a quote that is never closed" if text[place] == '"' else f"{text[place]!r}, which means nothing there"
            )
            msg = f"has {what} at character {place + 1}; correct it"
            raise QueryError(msg)
        kind = next(
            name
            for name in ("mark", "range", "quoted", "field", "compared", "sign_only", "bare")
            if match[name] is not None
        )
        yield _Token(kind, match.group().strip(), match.start(kind), match)
        at = match.end()


def _known(field: str, at: int) -> str:
    root, dot, part = field.partition(".")
    if field in FIELDS or (root in ROOTS and dot and part):
        return field
    if root in ROOTS:
        msg = f"has the field {field!r} at character {at + 1} without its part; write {root}.<name>"
        raise QueryError(msg)
    near = difflib.get_close_matches(root.lower(), [name.lower() for name in (*FIELDS, *ROOTS)], n=1)
    meant = next((name for name in (*FIELDS, *ROOTS) if [name.lower()] == near), None)
    hint = f"did you mean {meant!r}?" if meant else f"there are {', '.join(FIELDS)} and {', '.join(ROOTS)} with a part"
    msg = f"has an unknown field {field!r} at character {at + 1}; {hint}"
    raise QueryError(msg)


def _equal(field: str, token: _Token) -> Callable[[Look], bool]:
    text = token.text
    if token.kind == "quoted":
        wanted = re.sub(r"\\(.)", r"\1", text[1:-1])
        return lambda look: wanted in look(field)
    parts = re.findall(r"\\.|[*?]|[^\\*?]+", text)
    wild = {"*": ".*", "?": "."}
    pattern = re.compile(
        "".join(wild.get(part) or re.escape(re.sub(r"\\(.)", r"\1", part)) for part in parts), re.DOTALL
    )
    return lambda look: any(pattern.fullmatch(value) for value in look(field))


def _compare(field: str, sign: str, wanted: str) -> Callable[[Look], bool]:
    """Compare as numbers where both are, else as text; ``*`` is no bound."""
    bound = wanted.strip('"')

    def holds(value: str) -> bool:
        try:
            difference = float(value) - float(bound)
        except ValueError:
            difference = (value > bound) - (value < bound)
        return {">": difference > 0, ">=": difference >= 0, "<": difference < 0, "<=": difference <= 0}[sign]

    return lambda look: any(bound == "*" or holds(value) for value in look(field))
