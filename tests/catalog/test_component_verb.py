"""`edgewright component`: what it prints, writes and returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgewright.catalog.catalog import Catalog
from edgewright.cli.main import main
from tests.helpers.catalogs import add
from tests.manifest.cases import HERE, project_of

Capture = pytest.CaptureFixture[str]


def begin(root: Path) -> int:
    """Lock the first versions of a catalog."""
    return main(["component", "lock", "--new-catalog", "--root", str(root)])


def test_lock_publishes_what_is_new_and_then_nothing_more(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path)
    assert begin(tmp_path) == 0
    digest = next(iter(Catalog.load(tmp_path))).digest
    assert capsys.readouterr().out == f"locked com.acme.model 1.0.0 {digest}\n"
    before = (tmp_path / "catalog.lock").read_bytes()
    assert main(["component", "lock", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "catalog.lock has every version already\n"
    assert (tmp_path / "catalog.lock").read_bytes() == before
    assert Catalog.load(tmp_path).problems == ()


def test_lock_adds_beside_what_is_there(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path)
    begin(tmp_path)
    first = (tmp_path / "catalog.lock").read_text()
    add(tmp_path, version="1.1.0")
    capsys.readouterr()
    assert main(["component", "lock", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("locked com.acme.model 1.1.0 ")
    assert (tmp_path / "catalog.lock").read_text().startswith(first)


def test_lock_refuses_a_changed_version_and_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    folder = add(tmp_path)
    begin(tmp_path)
    before = (tmp_path / "catalog.lock").read_bytes()
    (folder / "model.onnx").write_bytes(b"other")
    add(tmp_path, version="1.1.0")
    capsys.readouterr()
    assert main(["component", "lock", "--root", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "a published version never changes" in said.err
    assert "catalog.lock is as it was" in said.err
    assert (tmp_path / "catalog.lock").read_bytes() == before


def test_lock_refuses_to_publish_a_recipe_with_errors(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path, lifecycle="    Lifecycle: {run: sudo reboot}\n")
    assert main(["component", "lock", "--root", str(tmp_path)]) == 1
    assert "uses sudo" in capsys.readouterr().err
    assert not (tmp_path / "catalog.lock").exists()


@pytest.mark.parametrize("text", [None, "", "# nothing but a comment\n"])
def test_lock_never_begins_a_lock_over_versions_by_itself(tmp_path: Path, capsys: Capture, text: str | None) -> None:
    """The lock was lost, and the bytes may have changed since: locking them now would bless the change."""
    folder = add(tmp_path)
    begin(tmp_path)
    lock = tmp_path / "catalog.lock"
    lock.unlink() if text is None else lock.write_text(text)
    (folder / "model.onnx").write_bytes(b"other")
    capsys.readouterr()
    assert main(["component", "lock", "--root", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "git checkout -- catalog.lock" in said.err
    assert (lock.read_text() if lock.exists() else None) == text


def test_a_catalog_begins_only_once(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path)
    begin(tmp_path)
    add(tmp_path, version="1.1.0")
    before = (tmp_path / "catalog.lock").read_bytes()
    capsys.readouterr()
    assert begin(tmp_path) == 1
    assert "catalog.lock has versions already; leave --new-catalog out" in capsys.readouterr().err
    assert (tmp_path / "catalog.lock").read_bytes() == before


def test_a_catalog_does_not_begin_with_a_lock_that_cannot_be_read(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path)
    (tmp_path / "catalog.lock").write_text("garbage\n")
    assert begin(tmp_path) == 1
    assert "is not a line of a lock (got garbage)" in capsys.readouterr().err
    assert (tmp_path / "catalog.lock").read_text() == "garbage\n"


def test_the_help_of_lock_says_what_a_new_catalog_is(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["component", "lock", "--help"])
    assert "--new-catalog" in capsys.readouterr().out


def test_lock_says_warnings_and_goes_on(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path, before='ComponentDependencies:\n  com.other.x: {VersionRequirement: ">=0.0.0"}\n')
    assert begin(tmp_path) == 0
    assert "warning: " in capsys.readouterr().err


def test_list_is_for_machines_with_json(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path, files={"model.onnx": b"weights", "component.yaml": b"kind: onnx-model\nprovides: [runtime]\n"})
    assert main(["component", "list", "--json", "--root", str(tmp_path)]) == 1, "it is not locked"
    listed = json.loads(capsys.readouterr().out)
    (row,) = listed["components"]
    version = next(iter(Catalog.load(tmp_path)))
    assert row == {
        "name": "com.acme.model",
        "version": "1.0.0",
        "kind": "onnx-model",
        "provides": ["runtime"],
        "digest": version.digest,
        "locked": False,
        "draft": False,
        "artifacts": [
            {
                "file": "model.onnx",
                "sha256": version.artifacts[0].sha256,
                "size": 7,
                "path": str(version.artifacts[0].path),
            }
        ],
    }
    assert [each["message"] for each in listed["problems"]] == ["is gone, and the catalog has versions"]
    begin(tmp_path)
    capsys.readouterr()
    assert main(["component", "list", "--json", "--root", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["components"][0]["locked"] is True


def test_list_for_people_shows_versions_oldest_first(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path, version="1.10.0")
    add(tmp_path, version="1.9.0")
    begin(tmp_path)
    capsys.readouterr()
    assert main(["component", "list", "--root", str(tmp_path)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert [line.split()[:4] for line in lines] == [
        ["com.acme.model", "1.9.0", "-", "locked"],
        ["com.acme.model", "1.10.0", "-", "locked"],
    ]


def test_build_builds_archives_where_they_can_be_found(tmp_path: Path, capsys: Capture) -> None:
    add(tmp_path, files={"app/main.py": b"print()"}, artifacts="{URI: 'catalog:app.zip', Unarchive: ZIP}")
    begin(tmp_path)
    capsys.readouterr()
    assert main(["component", "build", "--root", str(tmp_path)]) == 0
    head, archive = capsys.readouterr().out.splitlines()
    file, digest, path = archive.split()
    size = Path(path).stat().st_size
    assert (head, file) == (f"com.acme.model 1.0.0  {size} bytes to download", "app.zip")
    assert Path(path.strip()).is_file()
    assert digest.removeprefix("sha256:") in path


@pytest.mark.parametrize("action", ["lock", "list", "build"])
def test_a_folder_that_is_no_project_is_told(tmp_path: Path, capsys: Capture, action: str) -> None:
    assert main(["component", action, "--root", str(tmp_path)]) == 1
    assert "is no folder; run this in a project, or name one with --root" in capsys.readouterr().err


def test_lint_names_what_needs_more_memory_than_any_device_has(tmp_path: Path, capsys: Capture) -> None:
    root = project_of(HERE / "bad" / "hardware-too-small", tmp_path / "project")
    assert main(["component", "lint", "com.acme.huge", "--root", str(root)]) == 1
    said = capsys.readouterr().out
    assert said.startswith("catalog/com.acme.huge/1.0.0/component.yaml:4:3: needs.memory: needs 64 GiB of memory")
    assert said.endswith("1 version: 1 error\n")
    assert main(["component", "lint", "com.acme.big", "--root", str(root)]) == 0
