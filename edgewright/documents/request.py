"""A deployment as the provider's inputs, and as the request and answer of the Greengrass API: one to the other.

The API calls configuration ``merge`` and wants it as the text of a JSON object; the provider calls it ``config`` and
takes objects. The same content always makes the same request, byte for byte, whatever the order of its keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edgewright.canonical import canonical_json

OWNER_TAG = "edgewright:owner"
"""Names the stack and resource that made a revision, so that it is known again after an interrupted run."""

_LARGEST_EXACT_INTEGER = 2**53


def create_deployment_request(
    inputs: Mapping[str, Any],
    *,
    reset: Mapping[str, Sequence[str]],
    client_token: str,
    owner: str | None = None,
) -> dict[str, Any]:
    """Return the request of CreateDeployment, in the shape of botocore.

    Args:
        inputs: The inputs of the provider's Deployment.
        reset: JSON pointers to reset, by component; joined with the explicit ones of the inputs.
        client_token: A token that is new for each revision: AWS answers a known one from memory for hours, and a
            return to earlier content would make no revision.
        owner: The value of the owner's tag.

    Raises:
        ValueError: a configuration that is text, but not the text of a JSON object.
    """
    request: dict[str, Any] = {
        "targetArn": inputs["targetArn"],
        "components": {
            name: _component(component, reset.get(name, ()))
            for name, component in sorted(inputs.get("components", {}).items())
        },
        "clientToken": client_token,
    }
    for key in ("deploymentName", "parentTargetArn", "iotJobConfiguration", "deploymentPolicies"):
        if inputs.get(key):
            request[key] = inputs[key]
    tags = {**(inputs.get("tags") or {}), **({OWNER_TAG: owner} if owner else {})}
    if tags:
        request["tags"] = tags
    return request


def configuration(component: Mapping[str, Any]) -> dict[str, Any]:
    """Return a component's configuration as an object, however it was written; empty when there is none.

    Raises:
        ValueError: text that is not that of a JSON object.
    """
    config = component.get("config")
    if isinstance(config, str):
        config = json.loads(config)
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        msg = f"a component's configuration must be an object, not {config!r}"
        raise ValueError(msg)  # noqa: TRY004 -- the text of JSON can hold anything: it is a bad value
    return dict(config)


def exact(config: Any) -> Any:
    """Return ``config`` as the Pulumi engine can carry it: as it is, or as JSON text.

    The engine's numbers are doubles: a whole float (``1.0``) and an integer above 2**53 would come out changed.
    """
    return canonical_json(config) if _bends(config) else config


def inputs_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that would make the deployment that GetDeployment answered.

    The pointers that its revision reset are not part of what it wants, so they are left out; so are the tags that
    Edgewright and AWS put there.
    """
    components = {}
    for name, component in sorted((answer.get("components") or {}).items()):
        wanted: dict[str, Any] = {"componentVersion": component["componentVersion"]}
        merge = (component.get("configurationUpdate") or {}).get("merge")
        config = json.loads(merge) if merge else {}
        if config:
            wanted["config"] = exact(config)
        if run_with := _settings(component.get("runWith") or {}):
            wanted["runWith"] = run_with
        components[name] = wanted
    inputs: dict[str, Any] = {"targetArn": answer["targetArn"], "components": components}
    for key in ("deploymentName", "parentTargetArn", "iotJobConfiguration", "deploymentPolicies"):
        if value := _settings(answer.get(key)):
            inputs[key] = value
    tags = {key: value for key, value in (answer.get("tags") or {}).items() if key != OWNER_TAG}
    if tags:
        inputs["tags"] = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    return inputs


def resets_of(answer: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the pointers that the revision of a GetDeployment answer reset, by component."""
    return {
        name: tuple((component.get("configurationUpdate") or {}).get("reset") or ())
        for name, component in (answer.get("components") or {}).items()
    }


def content(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of ``inputs`` a revision is made of, in one form: equal content means no new revision.

    Numbers of settings have one form too, for the API answers ``20.0`` about the ``20`` that it was sent. Those of a
    component's configuration keep their kind, for it travels as text and devices tell ``1`` from ``1.0``.

    Explicit resets are left out: they say how to get there, not what is wanted.
    """
    return {
        "components": {
            name: {
                "componentVersion": component.get("componentVersion"),
                "config": configuration(component),
                "runWith": _settings(component.get("runWith") or {}),
            }
            for name, component in sorted((inputs.get("components") or {}).items())
        },
        **{key: _settings(inputs.get(key) or {}) for key in ("iotJobConfiguration", "deploymentPolicies")},
        "deploymentName": inputs.get("deploymentName"),
    }


def same_content(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two inputs make the same revision.

    The order of keys makes no difference; ``1`` and ``1.0`` differ in a component's configuration, and nowhere else.
    """
    return canonical_json(content(one)) == canonical_json(content(other))


def _component(component: Mapping[str, Any], reset: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"componentVersion": component["componentVersion"]}
    update: dict[str, Any] = {}
    if config := configuration(component):
        update["merge"] = canonical_json(config)
    if pointers := sorted({*reset, *(component.get("reset") or ())}):
        update["reset"] = pointers
    if update:
        result["configurationUpdate"] = update
    if run_with := _settings(component.get("runWith") or {}):
        result["runWith"] = run_with
    return result


def _settings(value: Any) -> Any:
    """Return settings of the API in one form: nothing that means nothing, numbers as the engine carries them.

    Nulls, empty objects and empty text mean the same as nothing to the API. The engine has doubles only, and a whole
    one comes out of it as an integer; the API gives its doubles (service model of greengrassv2) as ``20.0``.
    """
    if isinstance(value, Mapping):
        settings = {key: _settings(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in settings.items() if item not in ({}, "")}
    if isinstance(value, list | tuple):
        return [_settings(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _bends(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_bends(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_bends(item) for item in value)
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_EXACT_INTEGER
