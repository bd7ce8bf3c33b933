"""The sample organisation as tests see it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewright.catalog.catalog import Catalog
from tests.helpers.lifecycle import Device

INFERENCE = "com.acme.parts-inference"


@pytest.fixture
def catalog(project_root: Path, tmp_path: Path) -> Catalog:
    """A copy: archives are built beside the catalog, and no test writes into the checkout."""
    root = tmp_path / "project"
    shutil.copytree(project_root / "catalog", root / "catalog", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(project_root / "catalog.lock", root)
    return Catalog.load(root)


@pytest.fixture
def device(tmp_path: Path, catalog: Catalog) -> Iterator[Device]:
    """A device in a folder with a space in its name; whatever it left running is stopped at the end."""
    made = Device(tmp_path / "one device", catalog)
    yield made
    if INFERENCE in made.installed and (made.work(INFERENCE) / "interpreter").exists():
        made.run(INFERENCE, "shutdown")
