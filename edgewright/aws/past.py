"""What a ring was given before: whether a release was ever tried there."""

from __future__ import annotations

from edgewright.aws import answers
from edgewright.aws.reading import Deployment
from edgewright.aws.rings import Target
from edgewright.aws.session import Session

_BACK = 20
"""Revisions that are looked at: a release that failed was one of the last few."""


def last_with(session: Session, target: Target, release: str) -> Deployment | None:
    """Return the newest deployment of a ring, the latest one left out, that carries a release; None if none does.

    Args:
        session: Of the ring's stage.
        target: The ring.
        release: The digest.

    Raises:
        AwsError: AWS said no, or could not be asked.
    """
    found = session.items(
        "greengrassv2",
        "list_deployments",
        "deployments",
        doing=f"list the deployments of {target.group}",
        targetArn=target.arn,
        historyFilter="ALL",
    )
    items = [item for item in found if not item.get("isLatestForTarget")]
    for item in sorted(items, key=lambda each: each["creationTimestamp"], reverse=True)[:_BACK]:
        answer = session.call(
            "greengrassv2",
            "get_deployment",
            doing=f"read deployment {item['deploymentId']}",
            deploymentId=item["deploymentId"],
        )
        deployment = answers.deployment(answer)
        if deployment.release == release:
            return deployment
    return None
