"""What a version has other than the version before it: for people who review it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewright.catalog.catalog import LAMBDA, RECIPE, Catalog
from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.needs import shipped
from edgewright.source import printable
from edgewright.versions import parse_version

_ABSENT = object()
_LONGEST = 100  # characters of a value


def before(catalog: Catalog, version: CatalogVersion) -> CatalogVersion | None:
    """Return the version of the same component before this one; None when this is the first."""
    mine = parse_version(version.version)
    older = [each for each in catalog.versions(version.name) if parse_version(each) < mine]
    return catalog.get(version.name, max(older, key=parse_version)) if older else None


def headline(version: CatalogVersion, older: CatalogVersion | None) -> str:
    """Return how much a device downloads of a version, by kind of device where that differs, and how it was before.

    Greengrass fetches every artifact of a new version, those that did not change too.
    """
    now = downloads(version)
    then = downloads(older) if older is not None else {}
    if len(set(now.values())) == 1 and len(set(then.values())) <= 1:
        now = {"": next(iter(now.values()))}
        then = {"": next(iter(then.values()))} if then else {}
    told = [f"{device} {size} bytes{_difference(size, then.get(device))}".strip() for device, size in now.items()]
    images = len({each.URI for each in version.downloads if each.URI.startswith("docker:")})
    more = f" and {images} image{'s' * (images != 1)}" if images else ""
    against = ""
    if older is not None:
        same = next(changes(older, version), None) is None
        against = f"; otherwise the same as {older.version}" if same else f"; against {older.version}:"
    return f"{version.name} {version.version}  {', '.join(told)}{more} to download{against}"


def downloads(version: CatalogVersion) -> dict[str, int]:
    """Return the bytes that each kind of device downloads, by the platforms that the version is for."""
    sizes = {each.file: each.size for each in version.artifacts}
    if version.recipe is None:
        return dict.fromkeys(map(_device, version.platforms), sum(sizes.values()))
    found: dict[str, int] = {}
    for manifest in version.document.value["Manifests"]:
        found.setdefault(_device(manifest.get("Platform") or {}), shipped(sizes, manifest))
    return found


def _device(platform: Mapping[str, str]) -> str:
    main = "/".join(platform[key] for key in ("os", "architecture") if key in platform)
    more = [f"{key} {value}" for key, value in sorted(platform.items()) if key not in ("os", "architecture")]
    return " ".join([main, *more]).strip() or "any device"


def _difference(now: int, then: int | None) -> str:
    if then is None:
        return ""
    return " (as many)" if then == now else f" ({abs(now - then)} {'more' if now > then else 'fewer'})"


def changes(old: CatalogVersion, new: CatalogVersion) -> Iterator[str]:
    """Yield a line for each file and each place of the recipe that is not as it was, but for the version itself."""
    for file in sorted({*old.entry.files, *new.entry.files} - {RECIPE, LAMBDA}):
        then, now = old.entry.files.get(file), new.entry.files.get(file)
        if then is None:
            yield f"+ {file}{_size(new, file)}"
        elif now is None:
            yield f"- {file}"
        elif now != then:
            same = _size(old, file) == _size(new, file)
            yield f"~ {file}{_size(old, file)}{', other content' if same else _size(new, file, ' ->')}"
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
    text = printable(" ".join(str(value).split()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
