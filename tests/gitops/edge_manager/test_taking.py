"""What comes back from SageMaker is looked at before it is taken: recipe, address and digest."""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import json
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.response import StreamingBody

from edgewright.aws.session import Session
from edgewright.catalog.catalog import Catalog
from edgewright.catalog.scaffold import NewComponent, new_component
from edgewright.errors import RefusedError
from edgewright.gitops.edge_manager.taking import Taken, take

NAME = "com.acme.parts"
ARN = f"arn:aws:greengrass:eu-west-1:111111111111:components:{NAME}:versions:1.0.0"
ADDRESS = "s3://acme-sagemaker/jobs/1/package/parts-1.0.0.tar.gz"
PACKAGE = b"a package"


def recipe() -> dict[str, Any]:
    """As the service gives it, with what it fills in."""
    digest = base64.b64encode(hashlib.sha256(PACKAGE).digest()).decode()
    return {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": NAME,
        "ComponentVersion": "1.0.0",
        "ComponentType": "aws.greengrass.generic",
        "ComponentPublisher": "Amazon",
        "ComponentConfiguration": {"DefaultConfiguration": {}},
        "ComponentDependencies": None,
        "Manifests": [
            {
                "Platform": {"os": "linux", "architecture": "amd64"},
                "Lifecycle": {"install": "tar -xzf {artifacts:path}/parts-1.0.0.tar.gz -C {work:path}"},
                "Artifacts": [
                    {
                        "Uri": ADDRESS,
                        "Digest": digest,
                        "Algorithm": "SHA-256",
                        "Unarchive": "NONE",
                        "Permission": {"Read": "ALL", "Execute": "NONE"},
                    }
                ],
            }
        ],
        "Lifecycle": {},
    }


def taken(root: Path, given: Any, package: bytes = PACKAGE, address: str = ADDRESS) -> Taken:
    class Played:
        def call(self, _service: str, operation: str, **_given: Any) -> dict[str, Any]:
            if operation == "get_component":
                return {"recipe": given if isinstance(given, bytes) else json.dumps(given).encode()}
            return {"Body": StreamingBody(io.BytesIO(package), len(package))}

    new_component(root, NewComponent(kind="edge-manager-model", name=NAME))
    source = Catalog.load(root).sources[NAME, "1.0.0"]
    return take(cast("Session", Played()), source, ARN, address, root)


def test_the_recipe_is_taken_as_it_is_with_its_artifact_beside_it(tmp_path: Path) -> None:
    found = taken(tmp_path, recipe())
    wanted = {key: value for key, value in recipe().items() if key not in ("ComponentDependencies", "Lifecycle")}
    wanted["Manifests"][0]["Artifacts"] = [
        {
            "URI": "catalog:parts-1.0.0.tar.gz",
            "Unarchive": "NONE",
            "Permission": {"Read": "ALL", "Execute": "NONE"},
        }
    ]
    assert json.loads(found.recipe) == wanted
    assert (found.file, found.path.read_bytes()) == ("parts-1.0.0.tar.gz", PACKAGE)
    assert found.sha256 == hashlib.sha256(PACKAGE).hexdigest()


def _changed(**changes: Any) -> dict[str, Any]:
    given = copy.deepcopy(recipe())
    artifact = {key: value for key, value in changes.items() if key[0] in "UDP" and key != "Platform"}
    given["Manifests"][0]["Artifacts"][0].update(artifact)
    given.update({key: value for key, value in changes.items() if key not in artifact})
    return given


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"\xff", "is no JSON"),
        ([], "has no manifests"),
        (_changed(Manifests=None), "has no manifests"),
        (_changed(Manifests=["x"]), "has no manifests"),
        (_changed(Manifests=[{"Artifacts": ["x"]}]), "has no manifests"),
        (_changed(ComponentName="com.acme.other"), "is of 'com.acme.other' '1.0.0', and com.acme.parts 1.0.0"),
        (_changed(ComponentVersion="1.0.1"), "is of 'com.acme.parts' '1.0.1'"),
        (_changed(Uri="s3://elsewhere/parts-1.0.0.tar.gz"), "has the artifacts s3://elsewhere/"),
        (_changed(Digest=None), "has no SHA-256 of its artifact"),
        (_changed(Digest="AAAA"), "has no SHA-256 of its artifact"),
        (_changed(Manifests=[{"Platform": {"os": "linux"}}]), "has the artifacts none"),
        (_changed(Lifecycle={"dance": "x"}), "is not one that devices take:\nrecipe.yaml:"),
    ],
)
def test_a_recipe_that_is_not_what_was_asked_for_is_not_taken(given: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        taken(tmp_path, given)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"SageMaker's recipe of {ARN} ")


@pytest.mark.parametrize("file", ["recipe.yaml", "compiled.json", "model.onnx", "..", "a b"])
def test_an_artifact_cannot_take_the_place_of_another_file(file: str, tmp_path: Path) -> None:
    address = f"s3://acme-sagemaker/jobs/1/package/{file}"
    with pytest.raises(RefusedError, match="a name that a file beside the recipe cannot have"):
        taken(tmp_path, _changed(Uri=address), address=address)


def test_a_package_that_was_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="it was changed since"):
        taken(tmp_path, recipe(), package=b"another package")
