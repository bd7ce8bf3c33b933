"""Pipeline files as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class Reference(list[str]):
    """GitLab's ``!reference [job, key]``."""


class _Loader(yaml.SafeLoader):
    """With GitLab's tag; ``on`` and ``true`` stay words."""


_Loader.add_constructor("!reference", lambda loader, node: Reference(loader.construct_sequence(node)))
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:bool"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path: Path) -> dict[str, Any]:
    """Return what a pipeline file says."""
    document: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 -- a SafeLoader
    return document
