"""What is said of a version beside the one before it."""

from __future__ import annotations

from pathlib import Path

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.summary import before, changes, downloads, headline
from tests.helpers.catalogs import add, problems

BOTH = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: com.acme.model
ComponentVersion: "1.1.0"
Manifests:
  - Platform: {os: linux, architecture: aarch64, accelerator: orin}
    Artifacts: [{URI: 'catalog:small.onnx', Permission: {Read: ALL}}]
  - Platform: {os: linux}
    Artifacts:
      - {URI: 'catalog:model.onnx', Permission: {Read: ALL}}
      - {URI: 'docker:nginx:1'}
"""


def lines(catalog: Catalog, version: str) -> list[str]:
    found = catalog.get("com.acme.model", version)
    assert found is not None
    older = before(catalog, found)
    return [headline(found, older), *(changes(older, found) if older else ())]


def test_the_first_version_is_as_large_as_it_is(tmp_path: Path) -> None:
    add(tmp_path)
    assert lines(Catalog.load(tmp_path), "1.0.0") == ["com.acme.model 1.0.0  7 bytes to download"]


def test_what_is_more_what_is_gone_and_what_is_other(tmp_path: Path) -> None:
    add(tmp_path, files={"model.onnx": b"weights", "a.txt": b"1", "same.txt": b"same"})
    add(
        tmp_path,
        version="1.1.0",
        files={"model.onnx": b"more weights", "a.txt": b"2", "b.txt": b"", "same.txt": b"same"},
    )
    assert lines(Catalog.load(tmp_path), "1.1.0") == [
        "com.acme.model 1.1.0  12 bytes (5 more) to download; against 1.0.0:",
        "~ a.txt 1 bytes, other content",
        "+ b.txt 0 bytes",
        "~ model.onnx 7 bytes -> 12 bytes",
    ]


def test_each_kind_of_device_has_a_size_of_its_own(tmp_path: Path) -> None:
    add(tmp_path)
    folder = add(tmp_path, version="1.1.0", files={"model.onnx": b"weight", "small.onnx": b"w"})
    (folder / "recipe.yaml").write_text(BOTH)
    catalog = Catalog.load(tmp_path)
    assert lines(catalog, "1.1.0")[0] == (
        "com.acme.model 1.1.0  linux/aarch64 accelerator orin 1 bytes, linux 6 bytes (1 fewer) and 1 image "
        "to download; against 1.0.0:"
    )
    found = catalog.get("com.acme.model", "1.1.0")
    assert found is not None
    assert downloads(found) == {"linux/aarch64 accelerator orin": 1, "linux": 6}


def test_what_a_terminal_would_obey_is_shown_as_it_is_written(tmp_path: Path) -> None:
    add(tmp_path)
    folder = add(tmp_path, version="1.1.0")
    recipe = folder / "recipe.yaml"
    recipe.write_text(recipe.read_text(encoding="utf-8") + 'ComponentDescription: "a\\e[2Jb"\n', encoding="utf-8")
    (told,) = lines(Catalog.load(tmp_path), "1.1.0")[1:]
    assert told.endswith("ComponentDescription: nothing -> a\\x1b[2Jb")


def test_a_version_that_is_as_the_one_before_is_told_so(tmp_path: Path) -> None:
    add(tmp_path)
    add(tmp_path, version="1.1.0")
    assert lines(Catalog.load(tmp_path), "1.1.0") == [
        "com.acme.model 1.1.0  7 bytes (as many) to download; otherwise the same as 1.0.0"
    ]


def test_a_recipe_by_another_name_is_found(tmp_path: Path) -> None:
    folder = add(tmp_path)
    (folder / "recipe.yaml").rename(folder / "recipe.json")
    assert "rename recipe.json to recipe.yaml, which may hold JSON too" in "\n".join(problems(tmp_path))
