"""What a component version is made of, in one form and one digest. Pure.

The service fills the digests of artifacts and some defaults into the recipe it stores; they are taken out again
before two recipes are compared, so that equal content is equal whoever wrote it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from edgewright.canonical import canonical_json, digest
from edgewright.provider.fields import fail
from edgewright.provider.plugin import Failure, contains_unknown, is_unknown, property_path

CONTENT_TAG: Final = "edgewright:content-sha256"
# gdk's limit; greengrass-lite's is 16 KiB. Counted on what is really sent, after artifact URIs are filled in.
LARGEST_RECIPE: Final = 16_000
_FORMAT: Final = "2020-01-25"
_FILLED_BY_SERVICE: Final = frozenset({"Digest", "Algorithm"})
_NOTHING: Final[tuple[Any, ...]] = (None, {}, [], "")


def recipe_bytes(recipe: Mapping[str, Any]) -> bytes:
    """Return the recipe as it is sent: JSON, whatever it was written in.

    The service picks its parser by the first byte, and quoted keys of YAML have misled it.
    """
    return json.dumps(recipe, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def normalised(recipe: Any) -> Any:
    """Return ``recipe`` without nulls, and without what the service computes for artifacts."""
    if not isinstance(recipe, Mapping):
        return recipe
    result = _without_nulls(recipe)
    if isinstance(result.get("Manifests"), list):
        result["Manifests"] = [_own_manifest(manifest) for manifest in result["Manifests"]]
    return result


def _own_manifest(manifest: Any) -> Any:
    if not isinstance(manifest, Mapping) or not isinstance(manifest.get("Artifacts"), list):
        return manifest
    own = [
        {key: value for key, value in each.items() if key not in _FILLED_BY_SERVICE}
        if isinstance(each, Mapping)
        else each
        for each in manifest["Artifacts"]
    ]
    return {**manifest, "Artifacts": own}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def as_stored(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``recipe`` as the service would store it: its defaults written out, empty parts left out."""
    result = {key: value for key, value in normalised(recipe).items() if value not in _NOTHING}
    result.setdefault("ComponentType", "aws.greengrass.generic")
    result.pop("Scope", None)
    if isinstance(result.get("ComponentDependencies"), Mapping):
        result["ComponentDependencies"] = {
            name: {"DependencyType": "HARD", **each} for name, each in result["ComponentDependencies"].items()
        }
    result["Manifests"] = [
        {key: value for key, value in {**each, "Artifacts": _stored_artifacts(each)}.items() if value not in _NOTHING}
        for each in result.get("Manifests") or ()
    ]
    return result


def _stored_artifacts(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            # the service writes Uri, the guide URI
            "URI": each.get("URI", each.get("Uri")),
            "Unarchive": str(each.get("Unarchive", "NONE")).upper(),
            "Permission": {"Read": "OWNER", "Execute": "NONE", **(each.get("Permission") or {})},
        }
        for each in manifest.get("Artifacts") or ()
    ]


def content_digest(recipe: Mapping[str, Any], artifacts: Sequence[Mapping[str, Any]]) -> str:
    """Return ``sha256:<hex>`` of the recipe and of the digests of its artifacts."""
    return digest(
        {
            "recipe": normalised(recipe),
            "artifacts": {artifact["uri"]: artifact["sha256"] for artifact in artifacts},
        }
    )


def same_as_stored(
    recipe: Mapping[str, Any], artifacts: Sequence[Mapping[str, Any]], stored: Mapping[str, Any]
) -> bool:
    """Whether the recipe that the service holds is this one, artifacts included as far as it tells their digests."""
    if canonical_json(as_stored(recipe)) != canonical_json(as_stored(stored)):
        return False
    held = {str(each.get("URI", each.get("Uri"))): each.get("Digest") for each in _artifacts(stored)}
    for artifact in artifacts:
        there = held.get(artifact["uri"])
        if there and there not in {artifact["sha256"], base64_digest(artifact["sha256"])}:
            return False
    return True


def base64_digest(sha256: str) -> str:
    """Return a SHA-256 in base64, as S3 and Greengrass write it, from its 64 hexadecimal digits."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def check_recipe(recipe: Any, artifacts: Any) -> list[Failure]:
    """Return what is wrong with a recipe by itself; its catalog has stricter rules."""
    if is_unknown(recipe):
        return []
    where = ("recipe",)
    if not isinstance(recipe, Mapping):
        return [fail(where, "must be an object", recipe, "give the recipe, not its file's name or text")]
    failures = [
        *_text(recipe, "RecipeFormatVersion", re.escape(_FORMAT), f'"{_FORMAT}"'),
        *_text(recipe, "ComponentName", r"[a-zA-Z0-9._-]{1,128}", "com.acme.parts-model"),
        *_text(recipe, "ComponentVersion", r"\d{1,6}\.\d{1,6}\.\d{1,6}([-+][0-9A-Za-z.+-]+)?", '"1.0.0"'),
    ]
    manifests = recipe.get("Manifests")
    if not is_unknown(manifests) and (not isinstance(manifests, list) or not manifests):
        remedy = "write what is installed and run, for at least one platform"
        failures.append(fail((*where, "Manifests"), "must be a list with at least one manifest", manifests, remedy))
    if contains_unknown(recipe) or failures:
        return failures
    size = len(recipe_bytes(recipe))
    if size > LARGEST_RECIPE:
        problem = f"is {size} bytes as JSON, and Greengrass takes {LARGEST_RECIPE}"
        failures.append(Failure(property_path(*where), f"{problem}; move scripts into an artifact"))
    if isinstance(artifacts, list) and not contains_unknown(artifacts):
        used = {str(each.get("URI", each.get("Uri"))) for each in _artifacts(recipe)}
        for index, artifact in enumerate(artifacts):
            if artifact.get("uri") not in used:
                problem = "is not the URI of any artifact of the recipe"
                place = ("artifacts", index, "uri")
                failures.append(fail(place, problem, artifact.get("uri"), "use the same URI in both, or remove it"))
    return failures


def _text(recipe: Mapping[str, Any], key: str, pattern: str, example: str) -> Iterator[Failure]:
    value = recipe.get(key)
    if is_unknown(value):
        return
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        yield fail(("recipe", key), f"must be text like {example}", value, "correct it; quote it where it is YAML")


def _artifacts(recipe: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for manifest in recipe.get("Manifests") or ():
        if isinstance(manifest, Mapping):
            yield from (each for each in manifest.get("Artifacts") or () if isinstance(each, Mapping))
