"""The catalog: append-only, complete, and every fault found in one reading."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from edgewright.catalog.catalog import Catalog
from tests.helpers.catalogs import add, problems, publish

LOCKED = "run: edgewright component lock"


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_published_catalog_has_no_problem(tmp_path: Path) -> None:
    add(tmp_path)
    add(tmp_path, version="1.10.0")
    add(tmp_path, version="1.9.0")
    catalog = publish(tmp_path)
    assert catalog.problems == ()
    assert catalog.versions("com.acme.model") == ("1.10.0", "1.9.0", "1.0.0")
    assert [each.version for each in catalog] == ["1.0.0", "1.9.0", "1.10.0"]
    assert catalog.names == ("com.acme.model",)
    assert catalog.get("com.acme.model", "2.0.0") is None


def test_a_project_without_a_catalog_is_empty(tmp_path: Path) -> None:
    catalog = Catalog.load(tmp_path)
    assert (len(catalog), catalog.problems) == (0, ())


def test_a_new_version_says_how_to_publish_it(tmp_path: Path) -> None:
    add(tmp_path, "com.acme.other")
    publish(tmp_path)
    add(tmp_path)
    assert problems(tmp_path) == [
        "catalog/com.acme.model/1.0.0/recipe.yaml:1:1: is not in catalog.lock; run: edgewright component lock"
    ]


@pytest.mark.parametrize("text", [None, "", "# nothing but a comment\n"])
def test_a_lock_that_is_lost_is_one_problem(tmp_path: Path, text: str | None) -> None:
    add(tmp_path)
    add(tmp_path, version="1.1.0")
    if text is not None:
        (tmp_path / "catalog.lock").write_text(text)
    assert problems(tmp_path) == [
        (
            f"catalog.lock:1:1: is {'gone' if text is None else 'empty'}, and the catalog has versions; "
            "restore it from Git: git checkout -- catalog.lock "
            "(only a new catalog has none: edgewright component lock --new-catalog)"
        )
    ]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"garbage\nand more\n"])
def test_a_lock_that_is_garbage_is_one_problem(tmp_path: Path, content: bytes) -> None:
    add(tmp_path)
    add(tmp_path, version="1.1.0")
    (tmp_path / "catalog.lock").write_bytes(content)
    assert [each.partition(":")[0] for each in problems(tmp_path)] == ["catalog.lock"]


def test_a_new_version_with_a_fault_is_not_to_be_locked_yet(tmp_path: Path) -> None:
    add(tmp_path, "com.acme.other")
    publish(tmp_path)
    folder = add(tmp_path)
    (folder / "recipe.yaml").write_text((folder / "recipe.yaml").read_text().replace("Platform", "Platfrom"))
    (found,) = problems(tmp_path)
    assert "is not a known key; did you mean Platform?" in found


def test_a_changed_byte_names_the_file_both_digests_and_the_way_on(tmp_path: Path) -> None:
    folder = add(tmp_path)
    add(tmp_path, version="1.0.1")
    publish(tmp_path)
    (folder / "model.onnx").write_bytes(b"weightz")
    assert problems(tmp_path) == [
        (
            "catalog/com.acme.model/1.0.0/model.onnx:1:1: is not what was published with com.acme.model@1.0.0 "
            f"(got {sha(b'weightz')}, locked is {sha(b'weights')}); a published version never changes: "
            "restore it, and make a new folder catalog/com.acme.model/1.0.2/ for the change"
        )
    ]


def test_even_a_comment_of_a_published_recipe_stays(tmp_path: Path) -> None:
    folder = add(tmp_path)
    publish(tmp_path)
    with (folder / "recipe.yaml").open("a") as stream:
        stream.write("# a comment\n")
    found = problems(tmp_path)
    assert len(found) == 1
    assert found[0].startswith("catalog/com.acme.model/1.0.0/recipe.yaml:1:1: is not what was published")


def test_a_changed_recipe_that_no_longer_reads_is_told_as_changed(tmp_path: Path) -> None:
    folder = add(tmp_path)
    publish(tmp_path)
    text = (folder / "recipe.yaml").read_text()
    (folder / "recipe.yaml").write_text(text.replace("Platform", "Platfrom"))
    (found,) = problems(tmp_path)
    assert "recipe.yaml:1:1: is not what was published" in found
    assert Catalog.load(tmp_path).broken == {("com.acme.model", "1.0.0")}


def test_a_file_that_is_gone_from_a_published_version_is_named(tmp_path: Path) -> None:
    folder = add(tmp_path)
    publish(tmp_path)
    (folder / "model.onnx").unlink()
    (found,) = problems(tmp_path)
    assert (
        "model.onnx:1:1: was published with com.acme.model@1.0.0 and is gone "
        f"(got nothing, locked is {sha(b'weights')})" in found
    )


def test_a_file_that_was_added_to_a_published_version_is_named(tmp_path: Path) -> None:
    folder = add(tmp_path)
    publish(tmp_path)
    (folder / "extra.txt").write_text("x")
    (found,) = problems(tmp_path)
    assert f"extra.txt:1:1: was not published with com.acme.model@1.0.0 (got {sha(b'x')})" in found


def test_a_published_version_is_never_deleted(tmp_path: Path) -> None:
    folder = add(tmp_path)
    publish(tmp_path)
    add(tmp_path, version="1.1.0")
    publish(tmp_path)
    shutil.rmtree(folder)
    assert problems(tmp_path) == [
        (
            "catalog.lock:3:1: com.acme.model@1.0.0 was published and its folder is gone; "
            "restore catalog/com.acme.model/1.0.0/ from Git: devices may be told to go back to it"
        )
    ]


def test_a_catalog_that_is_gone_as_a_whole_is_one_problem(tmp_path: Path) -> None:
    add(tmp_path)
    add(tmp_path, version="1.1.0")
    publish(tmp_path)
    shutil.rmtree(tmp_path / "catalog")
    assert problems(tmp_path) == [
        "catalog:1:1: has no versions, and catalog.lock has 2; restore it from Git: git checkout -- catalog"
    ]


def test_a_lock_that_was_edited_to_fit_is_found_by_the_recipe(tmp_path: Path) -> None:
    add(tmp_path)
    publish(tmp_path)
    lock = tmp_path / "catalog.lock"
    lines = lock.read_text().splitlines()
    lines[2] = lines[2].rpartition(":")[0] + ":" + "0" * 64
    lock.write_text("\n".join(lines) + "\n")
    assert "the recipe of com.acme.model@1.0.0 does not have the digest of its locked text" in problems(tmp_path)[0]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('ComponentVersion: "1.0.1"', 'ComponentVersion: is not what its folder says, which is 1.0.0 (got "1.0.1")'),
        ("ComponentName: com.acme.other", "ComponentName: is not what its folder says, which is com.acme.model"),
    ],
)
def test_folder_and_recipe_agree(tmp_path: Path, said: str, words: str) -> None:
    file = add(tmp_path) / "recipe.yaml"
    key = said.partition(":")[0]
    lines = [said if line.startswith(key) else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")
    assert words in "\n".join(problems(tmp_path))


def test_an_artifact_needs_its_file(tmp_path: Path) -> None:
    add(tmp_path, files={})
    where = "catalog/com.acme.model/1.0.0/recipe.yaml:6:18: Manifests[0].Artifacts[0].URI: "
    what = (
        "there is no catalog/com.acme.model/1.0.0/model.onnx (got catalog:model.onnx); put the file beside the recipe"
    )
    assert problems(tmp_path)[1:] == [where + what]


def test_a_missing_archive_may_be_a_folder(tmp_path: Path) -> None:
    add(tmp_path, files={}, artifacts="{URI: 'catalog:app.zip', Unarchive: ZIP}")
    assert any("or a folder app/ to be packed" in each for each in problems(tmp_path))


def test_a_file_that_no_artifact_names_is_told(tmp_path: Path) -> None:
    add(tmp_path, files={"model.onnx": b"weights", "notes.txt": b"x", "app/main.py": b"x"})
    found = "\n".join(problems(tmp_path))
    assert (
        "notes.txt:1:1: is in no artifact of the recipe, so no device gets it; add catalog:notes.txt to Artifacts"
        in found
    )
    assert "app/main.py:1:1: is in no artifact of the recipe, so no device gets it; add catalog:app.zip to" in found


def test_links_in_a_version_are_refused(tmp_path: Path) -> None:
    folder = add(tmp_path, files={})
    (tmp_path / "outside").write_bytes(b"weights")
    (folder / "model.onnx").symlink_to(tmp_path / "outside")
    assert "model.onnx:1:1: is a symbolic link; put a plain file in its place" in problems(tmp_path)[1]
    assert len(problems(tmp_path)) == 2, "the other is the lock, which is not there"


def test_a_link_in_place_of_a_published_file_is_one_problem(tmp_path: Path) -> None:
    folder = add(tmp_path)
    publish(tmp_path)
    (folder / "model.onnx").rename(tmp_path / "outside")
    (folder / "model.onnx").symlink_to(tmp_path / "outside")
    assert problems(tmp_path) == [
        "catalog/com.acme.model/1.0.0/model.onnx:1:1: is a symbolic link; restore it from Git"
    ]


def test_what_a_vanished_version_satisfied_is_no_second_problem(tmp_path: Path) -> None:
    add(tmp_path)
    folder = add(tmp_path, version="2.0.0")
    add(tmp_path, "com.acme.reader", before=needs("com.acme.model", "^2.0.0"))
    publish(tmp_path)
    shutil.rmtree(folder)
    (found,) = problems(tmp_path)
    assert "com.acme.model@2.0.0 was published and its folder is gone" in found


def test_a_file_that_cannot_be_read_is_a_problem_and_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path)
    add(tmp_path, "com.acme.other")
    publish(tmp_path)

    def refuse(path: Path) -> str:
        if "com.acme.model" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return "0" * 64

    monkeypatch.setattr("edgewright.catalog.reading.sha256_of", refuse)
    catalog = Catalog.load(tmp_path)
    assert "catalog/com.acme.model/1.0.0:1:1: cannot be read: Permission denied" in str(catalog.problems[0])
    assert catalog.get("com.acme.other", "1.0.0") is not None


def test_folders_that_are_no_versions_are_told(tmp_path: Path) -> None:
    add(tmp_path)
    publish(tmp_path)
    (tmp_path / "catalog" / "com.acme.model" / "latest").mkdir()
    (tmp_path / "catalog" / "com.acme.model" / "2.0.0").symlink_to(tmp_path / "catalog" / "com.acme.model" / "1.0.0")
    (tmp_path / "catalog" / "com.acme.empty" / "1.0.0").mkdir(parents=True)
    (tmp_path / "catalog" / "notes.txt").write_text("x")
    (tmp_path / "catalog" / "README.md").write_text("x")
    assert [each.rpartition("; ")[0] for each in problems(tmp_path)] == [
        "catalog/com.acme.empty/1.0.0:1:1: has no recipe.yaml and no lambda.yaml",
        "catalog/com.acme.model/2.0.0:1:1: is a symbolic link",
        "catalog/com.acme.model/latest:1:1: is not named by a version",
        "catalog/notes.txt:1:1: is no folder",
    ]


def test_a_folder_becomes_an_archive_that_is_always_the_same(tmp_path: Path) -> None:
    artifacts = []
    for place in ("one", "two"):
        root = tmp_path / place
        add(
            root,
            files={"app/main.py": b"print()", "app/run.sh": b"#!/bin/sh\n"},
            artifacts="{URI: 'catalog:app.zip', Unarchive: ZIP}",
        )
        version = publish(root).get("com.acme.model", "1.0.0")
        assert version is not None
        (artifact,) = version.artifacts
        assert artifact.path == root / ".edgewright" / "artifacts" / artifact.sha256 / "app.zip"
        assert sha(artifact.path.read_bytes()) == f"sha256:{artifact.sha256}"
        assert artifact.path.stat().st_size == artifact.size
        artifacts.append((artifact.sha256, artifact.size, version.digest))
    assert artifacts[0] == artifacts[1]


def test_a_rendered_recipe_has_final_uris_and_nothing_else_changed(tmp_path: Path) -> None:
    add(tmp_path, artifacts="{URI: 'catalog:model.onnx'}, {URI: 's3://acme-models/x', Digest: " + "a" * 64 + "}")
    version = publish(tmp_path).get("com.acme.model", "1.0.0")
    assert version is not None
    rendered = version.rendered_recipe(lambda each: f"s3://bucket/{each.sha256}/{each.file}")
    assert rendered == {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.acme.model",
        "ComponentVersion": "1.0.0",
        "Manifests": [
            {
                "Platform": {"os": "linux"},
                "Artifacts": [
                    {"URI": f"s3://bucket/{hashlib.sha256(b'weights').hexdigest()}/model.onnx"},
                    {"URI": "s3://acme-models/x", "Digest": "a" * 64},
                ],
            }
        ],
    }
    assert version.document.value["Manifests"][0]["Artifacts"][0] == {"URI": "catalog:model.onnx"}


def test_the_parts_of_a_device_come_from_the_sidecar(tmp_path: Path) -> None:
    add(tmp_path, files={"model.onnx": b"weights", "component.yaml": b"kind: service\nprovides: [application]\n"})
    version = publish(tmp_path).get("com.acme.model", "1.0.0")
    assert version is not None
    assert (version.kind, version.parts) == ("service", frozenset({"application"}))


def test_a_bad_sidecar_and_a_vain_excuse_are_told_at_its_file(tmp_path: Path) -> None:
    add(tmp_path, files={"model.onnx": b"w", "component.yaml": b"kind: magic\n"})
    add(
        tmp_path,
        version="1.1.0",
        files={"model.onnx": b"w", "component.yaml": b"kind: service\njustification: {pip: once upon a time}\n"},
    )
    found = "\n".join(problems(tmp_path))
    assert "1.0.0/component.yaml:1:1: kind: must be one of" in found
    assert "1.1.0/component.yaml:1:1: warning: justification.pip excuses nothing; remove it" in found


def test_a_training_framework_in_a_requirements_file_is_told_unless_it_is_meant(tmp_path: Path) -> None:
    files = {"app/main.py": b"", "app/requirements.txt": b"# pins\nnumpy==2.4.6\nTorch==2.9.0 --hash=sha256:aa\n"}
    zipped = "{URI: 'catalog:app.zip', Unarchive: ZIP}"
    add(tmp_path, files=files, artifacts=zipped)
    reason = b"kind: service\njustification: {training-framework: it trains at night}\n"
    add(tmp_path, version="1.1.0", files={**files, "component.yaml": reason}, artifacts=zipped)
    publish(tmp_path)
    assert problems(tmp_path) == [
        (
            "catalog/com.acme.model/1.0.0/app/requirements.txt:3:1: warning: brings a framework for training to "
            "devices (got torch); export the model (ONNX) and use its runtime, or add to component.yaml justification: "
            "{training-framework: WHY}"
        )
    ]


# --- between components ----------------------------------------------------------------------------------------


def needs(name: str, requirement: str) -> str:
    return f'ComponentDependencies:\n  {name}: {{VersionRequirement: "{requirement}"}}\n'


def test_a_range_that_nothing_in_the_catalog_satisfies_is_an_error(tmp_path: Path) -> None:
    add(tmp_path, version="1.0.0")
    add(tmp_path, version="1.4.0")
    add(tmp_path, "com.acme.reader", before=needs("com.acme.model", "^2.0.0"))
    publish(tmp_path)
    assert problems(tmp_path) == [
        (
            "catalog/com.acme.reader/1.0.0/recipe.yaml:5:20: ComponentDependencies.com.acme.model.VersionRequirement: "
            'no version in the catalog satisfies it; there are 1.4.0, 1.0.0 (got "^2.0.0"); '
            "widen the range, or add a version"
        )
    ]


def test_components_of_others_are_not_looked_for(tmp_path: Path) -> None:
    add(tmp_path, before=needs("aws.greengrass.TokenExchangeService", "^2.0.0"))
    assert publish(tmp_path).problems == ()


def test_what_another_component_reads_needs_read_all(tmp_path: Path) -> None:
    add(tmp_path, artifacts="{URI: 'catalog:model.onnx'}")
    run = '    Lifecycle:\n      run: cat "{com.acme.model:artifacts:path}/model.onnx"\n'
    add(tmp_path, "com.acme.reader", before=needs("com.acme.model", "^1.0.0"), lifecycle=run)
    publish(tmp_path)
    (found,) = problems(tmp_path)
    assert "com.acme.model does not allow that in 1.0.0 (model.onnx)" in found
    assert "Permission: {Read: ALL}" in found


def test_a_circle_of_dependencies_is_told_once(tmp_path: Path) -> None:
    add(tmp_path, "com.acme.a", before=needs("com.acme.b", "^1.0.0"))
    add(tmp_path, "com.acme.b", before=needs("com.acme.c", "^1.0.0"))
    add(tmp_path, "com.acme.c", before=needs("com.acme.a", "^1.0.0"))
    publish(tmp_path)
    assert problems(tmp_path) == [
        (
            "catalog/com.acme.a/1.0.0/recipe.yaml:5:3: ComponentDependencies.com.acme.b: "
            "closes a circle of dependencies: com.acme.a -> com.acme.b -> com.acme.c -> com.acme.a; "
            "take one of them out"
        )
    ]
