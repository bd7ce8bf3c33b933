"""Drafts become published versions: the mark goes, and from then on the lock holds the bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgewright import atomic
from edgewright.catalog.catalog import SIDECAR, Catalog
from edgewright.catalog.component import CatalogVersion
from edgewright.errors import EdgewrightError

_MARK = re.compile(r"^draft:[ \t]*true[ \t]*(?:#[^\n]*)?(?:\r?\n|$)", re.MULTILINE)


def chosen(catalog: Catalog, words: Sequence[str]) -> list[CatalogVersion]:
    """Return the drafts that are named, as NAME or NAME@VERSION.

    Raises:
        EdgewrightError: a word names no draft.
    """
    drafts = [each for each in catalog if each.draft]
    found = []
    for word in words:
        name, _, version = word.partition("@")
        named = [each for each in drafts if each.name == name and version in ("", each.version)]
        waiting = [at for each, at in catalog.sources if each == name and catalog.is_unbuilt(each, at)]
        if not named and (waiting if not version else version in waiting):
            msg = f"{word} has not been built: edgewright component build {word} --edge-manager"
            raise EdgewrightError(msg)
        if not named:
            known = ", ".join(f"{each.name}@{each.version}" for each in drafts) or "none"
            msg = f"{word!r} names no draft of the catalog; there is {known}"
            raise EdgewrightError(msg)
        found += named
    return found


def unmark(version: CatalogVersion) -> None:
    """Take the mark out of component.yaml; every other line stays.

    Raises:
        EdgewrightError: the mark is not a line of its own.
    """
    path = version.folder / SIDECAR
    text = path.read_bytes().decode()
    without, count = _MARK.subn("", text)
    if count != 1:
        msg = f"{path}: `draft: true` must be one line of its own; write it so, or take it out yourself"
        raise EdgewrightError(msg)
    atomic.write_text(path, without)
