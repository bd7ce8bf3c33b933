"""What gdk has built becomes a draft that is in order, or is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgewright.catalog.catalog import Catalog
from edgewright.cli.main import main

Capture = pytest.CaptureFixture[str]
NAME = "com.acme.hello"


def built(root: Path, **changes: object) -> Path:
    """A gdk project after its build."""
    build = root / "hello" / "greengrass-build"
    (build / "recipes").mkdir(parents=True)
    artifacts = build / "artifacts" / NAME / "1.0.0"
    artifacts.mkdir(parents=True)
    (artifacts / "hello.zip").write_bytes(b"PK-not-looked-into")
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": NAME,
        "ComponentVersion": "1.0.0",
        "Manifests": [
            {
                "Platform": {"os": "linux"},
                "Artifacts": [{"URI": f"s3://BUCKET_NAME/{NAME}/1.0.0/hello.zip", "Unarchive": "ZIP"}],
                "Lifecycle": {"run": "python3 {artifacts:decompressedPath}/hello/main.py"},
            }
        ],
        **changes,
    }
    (build / "recipes" / "recipe.json").write_text(json.dumps(recipe))
    return root / "hello"


def take(root: Path, folder: Path, *more: str) -> int:
    return main(["component", "take", str(folder), *more, "--root", str(root)])


def test_a_build_becomes_a_draft_with_its_bytes_as_they_were(tmp_path: Path, capsys: Capture) -> None:
    folder = built(tmp_path)
    assert take(tmp_path, folder) == 0, capsys.readouterr().err
    assert f"catalog/{NAME}/1.0.0: a draft" in capsys.readouterr().out
    catalog = Catalog.load(tmp_path)
    assert catalog.problems == ()
    made = catalog.get(NAME, "1.0.0")
    assert made is not None
    assert (made.draft, made.kind) == (True, "service")
    (artifact,) = made.artifacts
    assert (artifact.file, artifact.path.read_bytes()) == ("hello.zip", b"PK-not-looked-into")
    assert take(tmp_path, folder / "greengrass-build") == 1
    assert "is in the catalog already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ComponentName": "../../evil"}, "it needs a ComponentName"),
        ({"ComponentVersion": "NEXT_PATCH"}, "an exact ComponentVersion"),
        ({"ComponentVersion": 1.0}, "an exact ComponentVersion in quotes"),
        ({"ComponentName": 7}, "it needs a ComponentName"),
    ],
)
def test_what_is_no_build_is_told_and_nothing_is_written(
    changes: dict[str, object], told: str, tmp_path: Path, capsys: Capture
) -> None:
    assert take(tmp_path, built(tmp_path, **changes)) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "catalog").exists()


def test_links_and_folders_without_a_build_are_refused(tmp_path: Path, capsys: Capture) -> None:
    assert take(tmp_path, tmp_path) == 1
    assert "run gdk component build" in capsys.readouterr().err
    folder = built(tmp_path)
    (folder / "greengrass-build" / "artifacts" / NAME / "1.0.0" / "passwd").symlink_to("/etc/passwd")
    assert take(tmp_path, folder) == 1
    assert "artifacts are plain files" in capsys.readouterr().err
    assert take(tmp_path, folder, "--kind", "magic") == 1
    assert "--kind 'magic' is none" in capsys.readouterr().err
