"""The component that SageMaker made, taken into the catalog: its recipe as it is, its artifact by the recipe's digest.

Only the artifact's address is another one then, a file beside the recipe, so that every account gets the bytes that
were taken here, and nothing is compiled a second time.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewright.aws.session import Session
from edgewright.catalog.edge_model import RECORD, SETTINGS
from edgewright.catalog.edge_source import EdgeSource
from edgewright.catalog.recipe import read_recipe
from edgewright.errors import EdgewrightError, RefusedError
from edgewright.gitops.models.package import LARGEST_ARTIFACT, download
from edgewright.source import load_yaml

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_OWN = frozenset({"recipe.yaml", "component.yaml", SETTINGS, RECORD})
_OF_SERVICE = frozenset({"Digest", "Algorithm", "Uri", "URI"})


@dataclass(frozen=True)
class Taken:
    """What was taken."""

    recipe: str
    """The text of recipe.yaml."""
    file: str
    """The artifact's name."""
    path: Path
    """Where it is for now."""
    sha256: str


def take(session: Session, source: EdgeSource, arn: str, address: str, folder: Path) -> Taken:
    """Read a component version that SageMaker made, and download its artifact into a folder.

    Args:
        session: Of the account that has it.
        source: The version that it is to be.
        arn: Of the component version.
        address: Where the packaging job says that it wrote the package.
        folder: For the artifact.

    Raises:
        AwsError: it cannot be read.
        RefusedError: the artifact is not what the recipe says.
        EdgewrightError: the recipe is not one that the catalog can have.
    """
    answer = session.call(
        "greengrassv2", "get_component", doing=f"read the recipe of {arn}", arn=arn, recipeOutputFormat="JSON"
    )
    try:
        recipe: Any = json.loads(answer["recipe"])
    except ValueError as error:
        raise _not_taken(arn, f"is no JSON: {error}") from error
    if not isinstance(recipe, dict) or not _has_manifests(recipe):
        raise _not_taken(arn, "has no manifests")
    said = (recipe.get("ComponentName"), recipe.get("ComponentVersion"))
    if said != (source.name, source.version):
        raise _not_taken(arn, f"is of {said[0]!r} {said[1]!r}, and {source.name} {source.version} was asked for")
    file, sha256 = _artifact(recipe, arn, address, source)
    text = _text(recipe, file)
    read = read_recipe(load_yaml(text, "recipe.yaml"))
    faults = [str(each) for each in read.problems if each.severity == "error"]
    if read.recipe is None or faults:
        raise _not_taken(arn, "is not one that devices take:\n" + "\n".join(faults))
    path = folder / file
    download(session, address, path, limit=LARGEST_ARTIFACT, expected=sha256, what=f"the artifact of {arn}")
    return Taken(text, file, path, sha256)


def _has_manifests(recipe: Mapping[str, Any]) -> bool:
    manifests = recipe.get("Manifests")
    if not isinstance(manifests, list) or not all(isinstance(each, dict) for each in manifests):
        return False
    artifacts = [each.get("Artifacts") or [] for each in manifests]
    return all(isinstance(each, list) and all(isinstance(item, dict) for item in each) for each in artifacts)


def _artifact(recipe: Mapping[str, Any], arn: str, address: str, source: EdgeSource) -> tuple[str, str]:
    """The name and the SHA-256 of the only artifact: the package that the job wrote."""
    found = [each for manifest in recipe["Manifests"] for each in manifest.get("Artifacts") or ()]
    places = {str(each.get("Uri", each.get("URI"))) for each in found}
    if places != {address}:
        shown = ", ".join(sorted(places)) or "none"
        raise _not_taken(arn, f"has the artifacts {shown}, and the packaging job wrote {address}")
    file = address.rpartition("/")[2]
    if not _FILE.fullmatch(file) or file in _OWN or file == source.settings.model:
        raise _not_taken(arn, f"has the artifact {file!r}, a name that a file beside the recipe cannot have")
    try:
        (digest,) = {base64.b64decode(str(each.get("Digest")), validate=True) for each in found}
    except (ValueError, binascii.Error):
        digest = b""
    if len(digest) != 32:
        raise _not_taken(arn, "has no SHA-256 of its artifact, so that nobody can tell whether it is the right one")
    return file, digest.hex()


def _text(recipe: Mapping[str, Any], file: str) -> str:
    """The recipe without what the service fills in, and with the artifact beside it."""
    manifests = [
        {
            **manifest,
            "Artifacts": [
                {"URI": f"catalog:{file}", **{key: value for key, value in each.items() if key not in _OF_SERVICE}}
                for each in manifest.get("Artifacts") or ()
            ],
        }
        for manifest in recipe["Manifests"]
    ]
    own = {key: value for key, value in {**recipe, "Manifests": manifests}.items() if value not in (None, {}, [])}
    return json.dumps(own, indent=2, ensure_ascii=False) + "\n"


def _not_taken(arn: str, why: str) -> EdgewrightError:
    return RefusedError(f"SageMaker's recipe of {arn} {why}; nothing was written")
