"""Images that devices run are dated by the commit that locked the first version with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgewright.cli.main import main
from edgewright.gitops.git import Repository
from tests.manifest.cases import BASE, project_of

Capture = pytest.CaptureFixture[str]
OLD, NEW = "redis@sha256:" + "a" * 64, "nginx@sha256:" + "b" * 64
RECIPE = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: com.acme.shop
ComponentVersion: "{version}"
ComponentDependencies:
  aws.greengrass.DockerApplicationManager: {{VersionRequirement: "~2.0.0"}}
Manifests:
  - Platform: {{os: linux}}
    Lifecycle:
      startup: {{Script: docker run -d --name shop {images[0]}, Timeout: 60}}
      shutdown: docker rm -f shop
    Artifacts: [{artifacts}]
"""


def add(root: Path, version: str, *images: str) -> None:
    folder = root / "catalog" / "com.acme.shop" / version
    folder.mkdir(parents=True)
    artifacts = ", ".join(f'{{URI: "docker:{image}"}}' for image in images)
    (folder / "recipe.yaml").write_text(RECIPE.format(version=version, images=images, artifacts=artifacts))
    assert main(["component", "lock", "--root", str(root)]) == 0


def test_an_image_is_as_old_as_its_first_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    root = project_of(BASE, tmp_path / "project")
    repository = Repository.create(root, author="Ann", email="ann@acme.example")
    now = datetime.now(UTC)
    images = ["component", "images", "--root", str(root)]

    def commit(subject: str, days: int) -> None:
        monkeypatch.setenv("GIT_COMMITTER_DATE", (now - timedelta(days=days)).isoformat())
        repository.commit(subject)

    commit("Begin", 500)
    assert main(images) == 0
    assert capsys.readouterr().out == "no ring has an image\n"
    add(root, "1.0.0", OLD)
    commit("The first", 400)
    add(root, "1.1.0", NEW, OLD)
    staging = root / "fleets" / "line" / "staging.yaml"
    more = (
        '      aws.greengrass.DockerApplicationManager: {version: "2.0.12"}\n      com.acme.shop: {version: "1.1.0"}\n'
    )
    staging.write_text(staging.read_text().rstrip() + "\n" + more)
    commit("The second", 30)
    capsys.readouterr()
    assert main([*images, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [(each["image"], each["days"]) for each in said] == [(OLD, 400), (NEW, 30)]
    assert said[0]["versions"] == ["com.acme.shop@1.1.0"]
    assert said[0]["rings"] == ["line staging/twins"]
    assert main([*images, "--older-than", "90d"]) == 2
    out = capsys.readouterr().out
    assert out.startswith(f"{OLD}  400 d, since ")
    assert NEW not in out
    assert main([*images, "--older-than", "500d"]) == 0
    assert capsys.readouterr().out == "no image is older than 500d\n"
    assert main([*images, "--older-than", "soon"]) == 1
    assert "--older-than 'soon' must be a whole number with a unit" in capsys.readouterr().err
