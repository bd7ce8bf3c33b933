"""An image that moves to a private registry takes the right to fetch it along, in the same preview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewright.cli.main import main
from edgewright.manifest.load import load_project
from tests.helpers import projects
from tests.helpers.engine import Recording
from tests.manifest.cases import BASE, project_of

HUB = "nginx@sha256:" + "a" * 64
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web@sha256:" + "b" * 64
RECIPE = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: com.acme.shop
ComponentVersion: "{version}"
ComponentDependencies:
  aws.greengrass.DockerApplicationManager: {{VersionRequirement: "~2.0.0"}}
  aws.greengrass.TokenExchangeService: {{VersionRequirement: "^2.0.0"}}
Manifests:
  - Platform: {{os: linux}}
    Lifecycle:
      startup: {{Script: docker run -d --name shop {image}, Timeout: 60}}
      shutdown: docker rm -f shop
    Artifacts: [{{URI: "docker:{image}"}}]
"""


def staging(root: Path, version: str) -> Recording:
    """The staging stack with this version of the shop."""
    file = root / "fleets" / "line" / "staging.yaml"
    text = (BASE / "fleets" / "line" / "staging.yaml").read_text()
    manager = '      aws.greengrass.DockerApplicationManager: {version: "2.0.12"}\n'
    file.write_text(f'{text.rstrip()}\n{manager}      com.acme.shop: {{version: "{version}"}}\n')
    return projects.run(load_project(root), "staging")


def role(recording: Recording) -> dict[str, Any]:
    """The statements of the devices' role, by their names."""
    (found,) = [each for each in recording.of("RolePolicy") if "WriteLogs" in str(each.inputs["policy"])]
    return {each["Sid"]: each for each in json.loads(found.inputs["policy"])["Statement"]}


def test_a_private_image_changes_the_role_of_the_devices_in_the_same_preview(tmp_path: Path) -> None:
    root = project_of(BASE, tmp_path / "project")
    for version, image in (("1.0.0", HUB), ("1.1.0", ECR)):
        folder = root / "catalog" / "com.acme.shop" / version
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(RECIPE.format(version=version, image=image))
    assert main(["component", "lock", "--root", str(root)]) == 0
    before, after = role(staging(root, "1.0.0")), role(staging(root, "1.1.0"))
    assert set(after) - set(before) == {"PullImages", "ImageRegistry"}
    assert after["PullImages"]["Resource"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/shop/web"]
    assert {sid: after[sid] for sid in before} == before
