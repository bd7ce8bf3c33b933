"""Rules about what is merged into a component's configuration, and about what may be reset.

Sources: the nucleus's configuration keys in AWS's developer guide; CreateDeployment's limits in the API's model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from edgewright.manifest.context import Context
from edgewright.manifest.public import NUCLEUS, NUCLEUS_LITE
from edgewright.manifest.references import REFERENCES, references, strings
from edgewright.source import Problem
from edgewright.validation import did_you_mean, one_of

MAX_MERGE = 10_485_760
"""Characters of a component's merge in CreateDeployment."""

_IDENTITY_KEYS = ("iotRoleAlias", "iotDataEndpoint", "iotCredEndpoint", "awsRegion")
"""Nucleus keys that say which account a device belongs to: a slip cuts the device off for good."""
_NUCLEUS_KEYS = (
    *_IDENTITY_KEYS, "componentStoreMaxSizeBytes", "deploymentPollingFrequencySeconds", "fipsMode", "fleetstatus",
    "greengrassDataPlanePort", "httpClient", "interpolateComponentConfiguration", "jvmOptions", "logging", "mqtt",
    "networkProxy", "platformOverride", "runWithDefault", "telemetry", "deploymentConfigurationTimeSource",
    "greengrassDataPlaneEndpoint", "s3EndpointType", "envStage",
)  # fmt: skip
_PERIODS = {
    ("fleetstatus", "periodicStatusPublishIntervalSeconds"): 86400,
    ("telemetry", "periodicAggregateMetricsIntervalSeconds"): 3600,
    ("telemetry", "periodicPublishMetricsIntervalSeconds"): 86400,
}
"""Seconds below which the nucleus does not go."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = {"password", "passwd", "passphrase", "secret", "token", "credential", "credentials"}
_SECRET_PAIRS = {("private", "key"), ("api", "key"), ("access", "key"), ("secret", "key"), ("signing", "key")}
# every repetition has an end: a configuration may be a text of a megabyte
_SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|://[^/\s:@{}]{1,256}:[^/\s@{}]{1,256}@"
)
_ELSEWHERE = re.compile(r"arn:|\$\{|\{[^{}]+\}|/")
"""What a secret's key may hold: an ARN, a reference, a recipe variable, a path on the device."""


def references_are_known(context: Context) -> Iterator[Problem]:
    """``${...}`` names something that the program can resolve."""
    for place, name, component in context.components():
        for path, text in strings(component.config, ("components", name, "config")):
            if "${" not in text:
                continue
            for reference in references(text):
                if reference is None:
                    yield place.problem(
                        path,
                        "has a ${ that is never closed",
                        got=place.shown(path),
                        remedy="write $${ where it is meant",
                    )
                elif reference not in REFERENCES:
                    yield place.problem(
                        path,
                        "refers to something that there is not",
                        got=f"${{{reference}}}",
                        remedy=one_of(reference, REFERENCES, "write $${ where the text is meant; the references are"),
                    )
                elif (
                    reference.startswith("edgeManager.")
                    and place.fleet is not None
                    and not place.fleet.edge_manager.enabled
                ):
                    yield place.problem(
                        path,
                        "refers to SageMaker Edge Manager, and the fleet has none",
                        got=f"${{{reference}}}",
                        remedy="write edgeManager: {enabled: true} in fleet.yaml",
                    )
                elif reference.startswith("capture.") and place.captures is False:
                    yield place.problem(
                        path,
                        "refers to the capture bucket, and the fleet does not capture",
                        got=f"${{{reference}}}",
                        remedy="write capture: {enabled: true} in fleet.yaml",
                    )


def secrets_are_not_in_git(context: Context) -> Iterator[Problem]:
    """A deployment document is readable in the console, on the device and in Git; a secret belongs to none of them."""
    for place, name, component in context.components():
        for path, text in strings(component.config, ("components", name, "config")):
            keys = [step for step in path[3:] if isinstance(step, str)]
            named = bool(keys) and _is_secret(keys[-1]) and text != "" and not _ELSEWHERE.match(text)
            if named or _SECRET_TEXT.search(text):
                yield place.problem(
                    path,
                    "looks like a secret, which everybody who reads the repository would have",
                    got=f"text of {len(text)} characters",
                    remedy="revoke it, and let the component read it from AWS Secrets Manager by its ARN"
                    if name != NUCLEUS
                    else "revoke it, and set it on the device when the nucleus is installed",
                )


def _is_secret(key: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(key)]
    return bool(words) and (words[-1] in _SECRET_WORDS or tuple(words[-2:]) in _SECRET_PAIRS)


def nucleus_keeps_its_identity(context: Context) -> Iterator[Problem]:
    """A deployment must not move a device to another account, Region or role alias, nor reset what says where it is."""
    for place in context.rings:
        for name in (NUCLEUS, NUCLEUS_LITE):
            nucleus = place.ring.components.get(name)
            if nucleus is None:
                continue
            for key in _IDENTITY_KEYS:
                if key in nucleus.config:
                    yield place.problem(
                        ("components", name, "config", key),
                        "is set when a device is installed; a deployment that changes it loses the device",
                        remedy="take it out",
                    )
            for index, pointer in enumerate(nucleus.reset):
                if pointer.partition("/")[2].split("/")[0] in ("", *_IDENTITY_KEYS):
                    yield place.problem(
                        ("components", name, "reset", index),
                        "would reset what says which account the device belongs to",
                        got=json.dumps(pointer),
                        remedy="reset single keys, such as /mqtt",
                    )


def nucleus_keys_are_known(context: Context) -> Iterator[Problem]:
    """The nucleus ignores a key that it does not know; newer ones know more, so this only warns."""
    for place in context.rings:
        nucleus = place.ring.components.get(NUCLEUS)
        for key in nucleus.config if nucleus else ():
            if key not in _NUCLEUS_KEYS:
                guess = did_you_mean(key, _NUCLEUS_KEYS)
                yield place.problem(
                    ("components", NUCLEUS, "config", key),
                    "is not a key of the nucleus that is known",
                    remedy=f"did you mean {guess}?" if guess else "check it in AWS's developer guide",
                    severity="warning",
                )


def reports_are_daily_at_most(context: Context) -> Iterator[Problem]:
    """Periods that the nucleus raises to its own least: the manifest would say what does not happen."""
    for place in context.rings:
        nucleus = place.ring.components.get(NUCLEUS)
        for (section, key), least in _PERIODS.items() if nucleus else ():
            inside = nucleus.config.get(section) if nucleus else None
            value = inside.get(key) if isinstance(inside, dict) else None
            if value is None:
                continue
            path = ("components", NUCLEUS, "config", section, key)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                yield place.problem(
                    path, f"must be a whole number from {least} seconds", got=place.shown(path), remedy=f"write {least}"
                )


def merge_fits(context: Context) -> Iterator[Problem]:
    """What is merged travels as one JSON text, whose length AWS limits."""
    for place, name, component in context.components():
        if not component.config:
            continue
        length = len(json.dumps(component.config, ensure_ascii=False, separators=(",", ":")))
        if length > MAX_MERGE:
            yield place.problem(
                ("components", name, "config"),
                f"is longer than the {MAX_MERGE} characters that AWS takes",
                got=f"{length} characters",
                remedy="ship it as a file of the component",
            )


RULES = (
    references_are_known,
    secrets_are_not_in_git,
    nucleus_keeps_its_identity,
    nucleus_keys_are_known,
    reports_are_daily_at_most,
    merge_fits,
)
