"""The permissions boundaries: the most that a role can do which the deploy role of a stage makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewright.documents import naming, policy
from edgewright.documents.place import StagePlace
from edgewright.manifest import boundary

DEVICES = "devices"
PROVISIONING = "provisioning"


def devices(place: StagePlace, extra: Sequence[str] = ()) -> dict[str, Any]:
    """Return the boundary of token exchange roles and of the fleets' cross-account roles.

    Args:
        place: The stage.
        extra: ``boundary.devices`` of edgewright.yaml.
    """
    artifacts = f"arn:aws:s3:::{place.artifact_bucket}"
    return policy.document(
        [
            # Which resources is the business of each role's own policy; a boundary alone allows nothing.
            policy.statement("AtMost", [*boundary.DEVICES, *extra], ["*"]),
            policy.statement("ArtifactsAreReadOnly", ["s3:PutObject"], [f"{artifacts}/*"], effect="Deny"),
            # A certificate that is stolen must not move on into another role of the account.
            policy.statement("NoOtherRole", ["iam:*", "organizations:*", "sts:AssumeRole"], ["*"], effect="Deny"),
        ]
    )


def provisioning() -> dict[str, Any]:
    """Return the boundary of the roles that register devices."""
    return policy.document(
        [
            policy.statement("AtMost", boundary.PROVISIONING, ["*"]),
            policy.statement("NoOtherRole", ["iam:*", "organizations:*", "sts:AssumeRole"], ["*"], effect="Deny"),
        ]
    )


def arn(place: StagePlace, kind: str) -> str:
    """Return the ARN of a boundary; ``kind`` is one of this module's."""
    return naming.policy_arn(place.account_id, naming.boundary(place.stage, kind))
