"""What gdk has built becomes a draft that is in order, or is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.recipe import read_recipe
from edgewright.cli.main import main
from edgewright.source import load_file

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
    assert (
        f"is in the catalog already; raise the version in gdk-config.json and build again, or delete the draft "
        f"catalog/{NAME}/1.0.0 first" in capsys.readouterr().err
    )


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


ROOT = Path(__file__).resolve().parents[2]
PRIVATE = [(each.name, each.version) for each in Catalog.load(ROOT) if each.recipe is not None]


def exported(tmp_path: Path, name: str, version: str) -> Path:
    assert main(["component", "export", f"{name}@{version}", "--gdk", str(tmp_path / "gdk"), "--root", str(ROOT)]) == 0
    return tmp_path / "gdk"


def gdk_builds(folder: Path, name: str, version: str) -> None:
    """What `gdk component build` does with a custom build: folders made anew, then the command."""
    shutil.rmtree(folder / "greengrass-build")
    (folder / "greengrass-build" / "recipes").mkdir(parents=True)
    (folder / "greengrass-build" / "artifacts" / name / version).mkdir(parents=True)
    component = json.loads((folder / "gdk-config.json").read_text())["component"][name]
    assert component["version"] == version
    subprocess.run(component["build"]["custom_build_command"], cwd=folder, check=True)


@pytest.mark.parametrize(("name", "version"), PRIVATE)
def test_out_and_in_again_is_the_same_version(tmp_path: Path, name: str, version: str, capsys: Capture) -> None:
    folder = exported(tmp_path, name, version)
    recipe = json.loads((folder / "greengrass-build" / "recipes" / "recipe.json").read_text())
    uris = [each["URI"] for manifest in recipe["Manifests"] for each in manifest.get("Artifacts", ())]
    assert all(uri.startswith("s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/") for uri in uris)
    gdk_builds(folder, name, version)
    # and what `gdk component publish` leaves beside it
    shutil.copyfile(folder / "recipe.json", folder / "greengrass-build" / "recipes" / f"{name}-{version}.json")
    other = tmp_path / "other"
    other.mkdir()
    take(other, folder)
    capsys.readouterr()
    before, after = Catalog.load(ROOT).get(name, version), Catalog.load(other).get(name, version)
    assert before is not None
    assert after is not None
    assert after.digest == before.digest
    assert [each.sha256 for each in after.artifacts] == [each.sha256 for each in before.artifacts]
    assert (after.kind, after.parts, after.draft) == (before.kind, before.parts, True)


def test_an_archive_of_others_stays_as_it_is(tmp_path: Path) -> None:
    folder = built(tmp_path)
    archive = folder / "greengrass-build" / "artifacts" / NAME / "1.0.0" / "hello.zip"
    for names, compression in (
        (["hello/main.py"], zipfile.ZIP_DEFLATED),
        (["../../../evil.py"], zipfile.ZIP_STORED),
        (["/etc/passwd"], zipfile.ZIP_STORED),
        (["a/main.py", "a"], zipfile.ZIP_STORED),
        (["b.py", "a.py"], zipfile.ZIP_STORED),
        ([".git/config"], zipfile.ZIP_STORED),
    ):
        with zipfile.ZipFile(archive, "w", compression) as packed:
            for each in names:
                packed.writestr(each, b"print(1)")
        assert take(tmp_path, folder) == 0
        made = tmp_path / "catalog" / NAME / "1.0.0"
        assert sorted(each.name for each in made.iterdir()) == ["component.yaml", "hello.zip", "recipe.yaml"]
        assert (made / "hello.zip").read_bytes() == archive.read_bytes()
        shutil.rmtree(made)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["catalog", "hello"]


def test_an_export_is_whole_or_not_at_all(tmp_path: Path, capsys: Capture) -> None:
    name, version = PRIVATE[0]
    folder = exported(tmp_path, name, version)
    before = sorted(folder.rglob("*"))
    capsys.readouterr()
    assert main(["component", "export", name, "--gdk", str(folder), "--root", str(ROOT)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert sorted(folder.rglob("*")) == before
    for wrong in ("com.acme.nothing", f"{name}@99.0.0"):
        assert main(["component", "export", wrong, "--gdk", str(tmp_path / "x"), "--root", str(ROOT)]) == 1
        assert "is not in the catalog" in capsys.readouterr().err
    for words, told in (
        (["--bucket", "a b$(x)"], "begins no name of a bucket"),
        (["--region", "mars;"], "is no Region"),
    ):
        assert main(["component", "export", name, "--gdk", str(tmp_path / "x"), "--root", str(ROOT), *words]) == 1
        assert told in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["gdk"]


def test_the_exported_recipe_is_one_for_greengrass(tmp_path: Path) -> None:
    folder = exported(tmp_path, *PRIVATE[0])
    text = (folder / "recipe.json").read_text().replace("BUCKET_NAME", "acme-gdk-eu-west-1-111111111111")
    filled = json.loads(text)
    for manifest in filled["Manifests"]:
        for artifact in manifest.get("Artifacts", ()):
            artifact["Digest"] = "0" * 64  # what Greengrass adds
    (tmp_path / "filled.json").write_text(json.dumps(filled, indent=1))
    assert read_recipe(load_file(tmp_path / "filled.json", "filled.json")).problems == ()
