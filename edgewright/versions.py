"""Versions and version ranges as Greengrass reads them: SemVer 2.0.0, and npm's ranges.

``semantic_version`` does the arithmetic. It is lenient where the nucleus is not (an empty range, an empty side of
``||``) and strict where npm is not (spaces after an operator), so the text is judged here first, block by block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from semantic_version import NpmSpec, Version

_PART = r"(?:0|[1-9][0-9]{0,5})"  # at most 999999: the nucleus's own limit
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_PRERELEASE = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_EXACT = re.compile(
    rf"{_PART}\.{_PART}\.{_PART}(?:-{_PRERELEASE}(?:\.{_PRERELEASE})*)?(?:\+{_IDENTIFIERS})?",
)
PATTERN = _EXACT.pattern
"""Of one exact version, for JSON Schemas."""
_X = rf"(?:{_PART}|[xX*])"
_BLOCK = re.compile(
    rf"(?P<operator><=|>=|<|>|=|\^|~)?"
    rf"(?:(?P<exact>{_EXACT.pattern})|{_X}(?:\.{_X}(?:\.{_X})?)?)"
)
_SPACE_AFTER_OPERATOR = re.compile(r"(?<=[<>=^~]) +(?=[0-9xX*])")
_HYPHEN = re.compile(r"(\S+) - (\S+)")
_BEYOND = Version("1000000.0.0")  # greater than every version that Greengrass takes
MAX_LENGTH = 64
"""Characters of a component version in the API."""


def parse_version(text: str) -> Version:
    """Return the exact version that ``text`` is; versions compare by SemVer's precedence.

    Raises:
        ValueError: it is none, or has a part above 999999, or is longer than the API allows.
    """
    if len(text) > MAX_LENGTH or not _EXACT.fullmatch(text):
        msg = f"{text!r} is not a version; write MAJOR.MINOR.PATCH, such as 1.10.0"
        raise ValueError(msg)
    return Version(text)


def is_version(text: Any) -> bool:
    """Whether ``text`` is one exact version."""
    return isinstance(text, str) and len(text) <= MAX_LENGTH and _EXACT.fullmatch(text) is not None


def newest_first(versions: Iterable[str]) -> tuple[str, ...]:
    """Sort versions by SemVer's precedence, the newest first; build metadata decides between equals."""
    return tuple(sorted(versions, key=lambda text: (Version(text), text), reverse=True))


@dataclass(frozen=True)
class Range:
    """An npm range: ``~2.0.0``, ``^1.2.0``, ``>=1.0.0 <2.0.0``, ``=1.0.0``, ``1.x``, ``1.0.0 - 1.4.0``, ``a || b``."""

    text: str
    _spec: Any = field(repr=False, compare=False)

    @classmethod
    @lru_cache(maxsize=1024)  # a thousand rings state the same few ranges
    def parse(cls, text: str) -> Range:
        """Return the range that ``text`` is.

        Raises:
            ValueError: the nucleus would not read it; the message says which part is wrong.
        """
        sides = [_SPACE_AFTER_OPERATOR.sub("", " ".join(side.split())) for side in text.split("||")]
        for side in sides:
            hyphen = _HYPHEN.fullmatch(side)
            if hyphen is not None:
                blocks = [_exact_or_partial(hyphen[1], text), _exact_or_partial(hyphen[2], text)]
            else:
                blocks = side.split(" ") if side else [""]
            for block in blocks:
                match = _BLOCK.fullmatch(block)
                if match is None or (block[-1:] in "xX*" and match["operator"] in ("<", ">")):
                    raise ValueError(_refusal(text, block))
        try:
            return cls(text=text, _spec=NpmSpec(" || ".join(sides)))
        except ValueError as error:
            raise ValueError(_refusal(text, text)) from error

    def __str__(self) -> str:
        return self.text

    def allows(self, version: str | Version) -> bool:
        """Whether an exact version lies in the range; prereleases only where the range names one, as npm has it."""
        allowed: bool = self._spec.match(parse_version(version) if isinstance(version, str) else version)
        return allowed

    @property
    def bounded_above(self) -> bool:
        """Whether some version is too new for the range. ``>=0.0.0`` and ``*`` are not bounded."""
        return not self._spec.match(_BEYOND)


def common(ranges: Iterable[Range], candidates: Iterable[str]) -> tuple[str, ...]:
    """Return the candidates that every range allows, the newest first: what the nucleus could choose from."""
    wanted = tuple(ranges)
    return newest_first(each for each in candidates if all(item.allows(each) for item in wanted))


def _exact_or_partial(block: str, text: str) -> str:
    if block[:1] in "<>=^~":
        raise ValueError(_refusal(text, block))
    return block


def _refusal(text: str, block: str) -> str:
    part = "" if block == text else f", at {block!r}"
    return f"{text!r} is not a version range{part}; write an npm range such as ^1.2.0, ~2.0.0 or '>=1.0.0 <2.0.0'"
