"""Sending a ring's latest deployment again: a new revision with the same content, which every device takes anew."""

from __future__ import annotations

import uuid
from typing import Any

from edgewright.aws.errors import AwsError
from edgewright.aws.reading import RingReading
from edgewright.aws.session import Session
from edgewright.documents.request import OWNER_TAG, create_deployment_request, inputs_of, resets_of


def send_again(here: Session, ring: RingReading) -> str:
    """Make a revision of a ring's latest deployment; return its id.

    The owner's tag goes along, so that the stack's next update knows the revision for its own.

    Raises:
        AwsError: the deployment is not the latest any more, nobody owns it, or AWS says no. Nothing was sent then.
    """
    latest = ring.deployment
    name = f"{ring.fleet} {ring.path}"
    if latest is None or latest.owner is None:
        msg = f"the latest deployment of {name} is not Edgewright's, so it is not sent again; run pulumi up --refresh"
        raise AwsError(msg)
    found = here.call(
        "greengrassv2",
        "list_deployments",
        doing=f"find the latest deployment of {name}",
        targetArn=ring.target,
        historyFilter="LATEST_ONLY",
    )
    ids = [item["deploymentId"] for item in found.get("deployments", ()) if item.get("targetArn") == ring.target]
    if ids != [latest.id]:
        msg = f"{name} has a newer deployment than {latest.id} by now, so nothing was sent; look again"
        raise AwsError(msg)
    answer: dict[str, Any] = here.call(
        "greengrassv2", "get_deployment", doing=f"read deployment {latest.id}", deploymentId=latest.id
    )
    request = create_deployment_request(
        inputs_of({"targetArn": ring.target, **answer, "tags": dict(latest.tags)}),
        reset=resets_of(answer),
        client_token=str(uuid.uuid4()),
        owner=latest.tags[OWNER_TAG],
    )
    made = here.call("greengrassv2", "create_deployment", doing=f"send the deployment of {name} again", **request)
    return str(made["deploymentId"])
