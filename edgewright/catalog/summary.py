"""What a version has other than the version before it: for people who review it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewright.catalog.catalog import LAMBDA, RECIPE, Catalog
from edgewright.catalog.component import CatalogVersion
from edgewright.versions import parse_version

_ABSENT = object()
_LONGEST = 100  # characters of a value


def before(catalog: Catalog, version: CatalogVersion) -> CatalogVersion | None:
    """Return the version of the same component before this one; None when this is the first."""
    mine = parse_version(version.version)
    older = [each for each in catalog.versions(version.name) if parse_version(each) < mine]
    return catalog.get(version.name, max(older, key=parse_version)) if older else None


def changes(old: CatalogVersion, new: CatalogVersion) -> Iterator[str]:
    """Yield a line for each file and each place of the recipe that is not as it was, but for the version itself."""
    for file in sorted({*old.entry.files, *new.entry.files} - {RECIPE, LAMBDA}):
        then, now = old.entry.files.get(file), new.entry.files.get(file)
        if then is None:
            yield f"+ {file}{_size(new, file)}"
        elif now is None:
            yield f"- {file}"
        elif now != then:
            yield f"~ {file}{_size(old, file)}{_size(new, file, ' ->')}"
    source = "recipe" if new.function is None else "lambda"
    for place, then, now in _walk((), old.document.value, new.document.value):
        if place not in (("ComponentVersion",), ("version",)):
            yield f"~ {source} {'.'.join(map(str, place))}: {_shown(then)} -> {_shown(now)}"


def _size(version: CatalogVersion, file: str, before_it: str = "") -> str:
    path = version.folder / file
    return f"{before_it} {path.stat().st_size} bytes" if path.is_file() else ""


def _walk(place: tuple[Any, ...], old: Any, new: Any) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _walk((*place, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _walk((*place, number), one, other)
    elif old != new:
        yield place, old, new


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
