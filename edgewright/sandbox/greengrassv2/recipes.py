"""Component recipes as the service reads and stores them.

It takes JSON or YAML by the first byte, refuses what Greengrass's own recipe model refuses (and no more: unknown
lifecycle steps pass), and stores a normal form: defaults written out, artifacts with ``Uri``, digest and algorithm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import semantic_version
import yaml

FORMAT = "2020-01-25"
LARGEST = 16_000  # bytes; the limit that AWS's own tools keep to
ALGORITHM = "SHA-256"
GENERIC = "aws.greengrass.generic"
_NAME = re.compile(r"[a-zA-Z0-9-_.]{1,128}")
_TOP = {
    "RecipeFormatVersion", "ComponentName", "ComponentVersion", "ComponentDescription", "ComponentPublisher",
    "ComponentType", "ComponentSource", "ComponentConfiguration", "ComponentDependencies", "Manifests", "Lifecycle",
}  # fmt: skip
_MANIFEST = {"Name", "Platform", "Lifecycle", "Selections", "Artifacts"}
_ARTIFACT = {"Uri", "Unarchive", "Permission", "Digest", "Algorithm"}
_SCHEMES = ("s3://", "docker:", "greengrass:")


class RecipeError(Exception):
    """The recipe is not one that Greengrass takes."""


class _Loader(yaml.SafeLoader):
    """YAML without dates: the format version looks like one."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: bytes) -> dict[str, Any]:
    """Read a recipe and bring it to the service's normal form.

    Raises:
        RecipeError: what is wrong with it.
    """
    if len(text) > LARGEST:
        raise RecipeError(f"the recipe has {len(text)} bytes, more than {LARGEST}")
    try:
        # yaml.load with a safe loader of our own
        value = json.loads(text) if text.lstrip()[:1] == b"{" else yaml.load(text, Loader=_Loader)  # noqa: S506
    except (ValueError, yaml.YAMLError) as error:
        raise RecipeError(f"the recipe cannot be parsed: {' '.join(str(error).split())}") from error
    if not isinstance(value, dict):
        raise RecipeError("the recipe is not a map")
    return _normal(value)


def _keys(value: Any, known: set[str], where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecipeError(f"{where} is not a map")
    names = {name.lower(): name for name in known}
    unknown = sorted(str(key) for key in value if str(key).lower() not in names)
    if unknown:
        raise RecipeError(f"{where} has the unknown key {', '.join(unknown)}")
    return {names[str(key).lower()]: item for key, item in value.items()}


def _normal(value: dict[str, Any]) -> dict[str, Any]:
    recipe = _keys(value, _TOP, "the recipe")
    for name in ("RecipeFormatVersion", "ComponentName", "ComponentVersion"):
        if not isinstance(recipe.get(name), str):
            raise RecipeError(f"{name} is required and must be a string (got {recipe.get(name)!r})")
    if recipe["RecipeFormatVersion"] != FORMAT:
        raise RecipeError(f"RecipeFormatVersion must be {FORMAT} (got {recipe['RecipeFormatVersion']})")
    if not _NAME.fullmatch(recipe["ComponentName"]):
        raise RecipeError(f"ComponentName is not valid (got {recipe['ComponentName']})")
    if not semantic_version.validate(recipe["ComponentVersion"]):
        raise RecipeError(f"ComponentVersion is not a semantic version (got {recipe['ComponentVersion']})")
    manifests = recipe.get("Manifests") or []
    if not isinstance(manifests, list):
        raise RecipeError("Manifests is not a list")
    recipe.setdefault("ComponentType", GENERIC)
    recipe["Manifests"] = [_manifest(item, i) for i, item in enumerate(manifests)]
    recipe.setdefault("Lifecycle", {})
    return recipe


def _manifest(value: Any, index: int) -> dict[str, Any]:
    where = f"Manifests[{index}]"
    manifest = _keys(value, _MANIFEST, where)
    artifacts = manifest.get("Artifacts") or []
    if not isinstance(artifacts, list):
        raise RecipeError(f"{where}.Artifacts is not a list")
    manifest.setdefault("Lifecycle", {})
    manifest["Artifacts"] = [_artifact(item, f"{where}.Artifacts[{i}]") for i, item in enumerate(artifacts)]
    names = [artifact["Uri"].rpartition("/")[2] for artifact in manifest["Artifacts"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecipeError(f"{where} has two artifacts named {', '.join(twice)}")
    return manifest


def _artifact(value: Any, where: str) -> dict[str, Any]:
    artifact = _keys(value, _ARTIFACT, where)
    uri = artifact.get("Uri")
    if not isinstance(uri, str) or not uri.lower().startswith(_SCHEMES):
        raise RecipeError(f"{where} needs a URI of s3, docker or greengrass (got {uri!r})")
    unarchive = str(artifact.get("Unarchive", "NONE")).upper()
    if unarchive not in {"NONE", "ZIP"}:
        raise RecipeError(f"{where}.Unarchive must be NONE or ZIP (got {artifact['Unarchive']!r})")
    permission = _keys(artifact.get("Permission") or {}, {"Read", "Execute"}, f"{where}.Permission")
    return {
        "Uri": uri,
        "Unarchive": unarchive,
        "Permission": {"Read": permission.get("Read", "OWNER"), "Execute": permission.get("Execute", "NONE")},
    }


@dataclass(frozen=True)
class S3Location:
    """Where an artifact lies."""

    bucket: str
    key: str


def artifacts(recipe: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All artifacts of all manifests."""
    for manifest in recipe["Manifests"]:
        yield from manifest["Artifacts"]


def location(uri: str) -> S3Location | None:
    """The S3 location of an artifact URI, if it is one."""
    if not uri.lower().startswith("s3://"):
        return None
    bucket, _, key = uri[5:].partition("/")
    return S3Location(bucket, key)


def platforms(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The platforms as the API lists them."""
    found = []
    for manifest in recipe["Manifests"]:
        attributes = {str(k): str(v) for k, v in (manifest.get("Platform") or {}).items()}
        name = manifest.get("Name") or ", ".join(f"{k}={v}" for k, v in attributes.items()) or "all"
        found.append({"name": name, "attributes": attributes})
    return found


def supports(recipe: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
    """Whether some manifest fits a platform: equal, ``*``, or a ``/regular expression/``."""
    if not recipe["Manifests"]:
        return True
    return any(_fits(manifest.get("Platform") or {}, attributes) for manifest in recipe["Manifests"])


def _fits(wanted: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
    for key, pattern in wanted.items():
        given, text = attributes.get(key), str(pattern)
        if text in {"*", "all"}:
            continue
        if given is None:
            return False
        expression = text[1:-1] if len(text) > 1 and text[0] == text[-1] == "/" else re.escape(text)
        if not re.fullmatch(expression, given):
            return False
    return True


def dump(recipe: Mapping[str, Any], output: str) -> bytes:
    """The stored recipe as JSON or YAML."""
    if output == "YAML":
        return yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True).encode()
    return json.dumps(recipe, ensure_ascii=False, separators=(",", ":")).encode()
