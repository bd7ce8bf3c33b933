"""Whose deployment the latest one of a target is. Pure: an answer of AWS and the state in, a decision out.

One target has one deployment, and whoever creates one replaces the other's without a word from AWS. So before a
revision is made, the latest one must be known: it is the one in the state, or it carries our owner tag (a run that
was interrupted before the engine could note it), or it is exactly what the state says, deployed once more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edgewright.canonical import sha256_hex
from edgewright.documents.request import OWNER_TAG, inputs_of, same_content
from edgewright.provider.cloud import target_name
from edgewright.provider.deployment_diff import summary
from edgewright.provider.plugin import PluginError

_LONGEST_TAG = 256


def owner(urn: str) -> str:
    """Return the value of the owner tag for a resource: ``project/stack/name`` in the characters of tags."""
    stack, project, _, name = urn.removeprefix("urn:pulumi:").split("::", 3)
    text = re.sub(r"[^\w .:/=+@-]", "_", f"{project}/{stack}/{name}")
    return text if len(text) <= _LONGEST_TAG else f"sha256:{sha256_hex(text.encode())}"


def require_ours(
    latest: Mapping[str, Any],
    *,
    urn: str,
    outputs: Mapping[str, Any] | None,
    inputs: Mapping[str, Any],
    adopt: bool,
) -> bool:
    """Return whether ``latest`` is ours already (True), or was taken over now (False).

    Args:
        latest: The latest deployment of the target, as GetDeployment answers it.
        urn: The resource that wants to revise it.
        outputs: The resource's state; None for a new resource.
        inputs: What the resource wants; to say what differs, for a new resource.
        adopt: Whether somebody else's deployment may be taken over.

    Raises:
        PluginError: it is somebody else's; the message says whose, since when and what differs.
    """
    ours = (latest.get("tags") or {}).get(OWNER_TAG) == owner(urn)
    known = outputs is not None and latest["deploymentId"] == outputs.get("deploymentId")
    same = outputs is not None and same_content(inputs_of(latest), outputs)
    if ours or known or same:
        return True
    if adopt:
        return False
    raise PluginError(_refusal(latest, outputs, inputs))


def _refusal(latest: Mapping[str, Any], outputs: Mapping[str, Any] | None, inputs: Mapping[str, Any]) -> str:
    who = (latest.get("tags") or {}).get(OWNER_TAG)
    made = latest.get("creationTimestamp")
    when = f" at {made:%Y-%m-%d %H:%M:%S %Z}" if made is not None else ""
    by = f"by {who}" if who else "by somebody without an owner tag (the console, the CLI or another tool)"
    name = f" {latest['deploymentName']!r}" if latest.get("deploymentName") else ""
    differences = "; ".join(summary(outputs if outputs is not None else inputs, inputs_of(latest)))
    if outputs is None:
        against = f"Against this program it has: {differences or 'the same content'}"
        remedy = (
            f"To manage it from here, import it (pulumi import greengrassv2:index:Deployment NAME "
            f"{latest.get('targetArn')}) or set adopt: true"
        )
    else:
        against = f"Since the state ({outputs.get('deploymentId')}) it changed: {differences or 'nothing'}"
        remedy = "Run pulumi refresh to see it as drift and pulumi up to replace it, or set adopt: true"
    return (
        f"the latest deployment of {target_name(str(latest.get('targetArn')))} is not ours: "
        f"{latest['deploymentId']}{name} was made{when} {by}. {against}. Nothing was changed. {remedy}"
    )
