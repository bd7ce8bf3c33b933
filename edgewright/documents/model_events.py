"""Events of the model registry: what is listened for, who may hand them on, and what the functions may do.

Sources: EventBridge user guide, "Event patterns" and "Using dead-letter queues"; Lambda developer guide, "Adding a
destination"; Amazon SNS developer guide, "Amazon SNS access control".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgewright.documents import naming, policy
from edgewright.errors import EdgewrightError
from edgewright.manifest.accounts import Forge

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Model Package State Change"
STATUSES = ("Approved", "Rejected")
EVENT_TYPE = "edgewright-model"
SCHEMA = "edgewright/model-event/v1"
NOTES = "sent/*"


@dataclass(frozen=True)
class Registry:
    """Where the events come from and are handled: the tooling account, in the organisation's Region."""

    organisation: str
    account_id: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something of this account and Region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def function(self, name: str) -> str:
        """The ARN of a function."""
        return self.arn("lambda", f"function:{name}")

    @property
    def bucket(self) -> str:
        """The name of the bucket of notes."""
        return naming.model_events_bucket(self.organisation, self.account_id)

    @property
    def rule(self) -> str:
        """The ARN of the rule."""
        return self.arn("events", f"rule/{naming.MODEL_EVENTS}")

    @property
    def queue(self) -> str:
        """The ARN of the dead-letter queue."""
        return self.arn("sqs", naming.MODEL_EVENTS_DEAD_LETTERS)

    @property
    def token(self) -> str:
        """The ARN of the secret, which Secrets Manager ends with six characters of its own."""
        return self.arn("secretsmanager", f"secret:{naming.MODEL_EVENTS_TOKEN}-??????")

    @property
    def destination(self) -> str:
        """The ARN of the API destination, which EventBridge ends with an id of its own."""
        return self.arn("events", f"api-destination/{naming.MODEL_EVENTS}/*")

    @property
    def topic(self) -> str:
        """The ARN of the topic of the alarms."""
        return self.arn("sns", naming.MODEL_EVENTS)


def pattern(groups: Sequence[str], *, changed: bool = False) -> dict[str, Any]:
    """Return the event pattern.

    Args:
        groups: The model package groups.
        changed: Only where the event says that the approval changed, or is the first of its package. The functions
            see to that themselves; EventBridge calling the forge has nothing but the pattern.
    """
    detail: dict[str, Any] = {"ModelPackageGroupName": sorted(groups), "ModelApprovalStatus": list(STATUSES)}
    if changed:
        detail["$or"] = [
            {"UpdatedModelPackageFields": ["ModelApprovalStatus"]},
            {"UpdatedModelPackageFields": [{"exists": False}]},
        ]
    return {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": detail}


def trigger_role(registry: Registry) -> dict[str, Any]:
    """Return what the trigger may do: the token, the notes, its log, and handing what it gives up to the backup."""
    handing_on = policy.statement("GiveUp", ["lambda:InvokeFunction"], [registry.function(naming.MODEL_EVENTS_BACKUP)])
    return policy.document([*_common(registry, naming.MODEL_EVENTS), handing_on])


def backup_role(registry: Registry) -> dict[str, Any]:
    """Return what the backup may do: as the trigger, and the dead letters, in and out and back again."""
    actions = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    letters = policy.statement("DeadLetters", actions, [registry.queue])
    return policy.document([*_common(registry, naming.MODEL_EVENTS_BACKUP), letters])


def _common(registry: Registry, function: str) -> list[dict[str, Any]]:
    log = registry.arn("logs", f"log-group:/aws/lambda/{function}:log-stream:*")
    notes = f"arn:aws:s3:::{registry.bucket}/{NOTES}"
    return [
        policy.statement("Token", ["secretsmanager:GetSecretValue"], [registry.token]),
        policy.statement("Notes", ["s3:GetObject", "s3:PutObject"], [notes]),
        # the group is made by the stack, with its retention, so it needs not be made here
        policy.statement("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [log]),
    ]


def destination_role(registry: Registry) -> dict[str, Any]:
    """Return what EventBridge may do where it calls the forge itself."""
    return policy.document([policy.statement("Call", ["events:InvokeApiDestination"], [registry.destination])])


def queue_policy(registry: Registry) -> dict[str, Any]:
    """Return the policy of the dead-letter queue: EventBridge for this rule, and TLS only."""
    return policy.document(
        [
            policy.statement(
                "Rule",
                ["sqs:SendMessage"],
                [registry.queue],
                principal={"Service": "events.amazonaws.com"},
                conditions={"ArnEquals": {"aws:SourceArn": registry.rule}},
            ),
            _tls_only("sqs:*", registry.queue),
        ]
    )


def topic_policy(registry: Registry) -> dict[str, Any]:
    """Return the policy of the topic: alarms of this account, and TLS only for whoever else publishes."""
    return policy.document(
        [
            policy.statement(
                "Alarms",
                ["sns:Publish"],
                [registry.topic],
                principal={"Service": "cloudwatch.amazonaws.com"},
                conditions={
                    "StringEquals": {"aws:SourceAccount": registry.account_id},
                    "ArnLike": {"aws:SourceArn": registry.arn("cloudwatch", f"alarm:{naming.MODEL_EVENTS}*")},
                },
            ),
            _tls_only("sns:Publish", registry.topic),
        ]
    )


def _tls_only(action: str, arn: str) -> dict[str, Any]:
    return policy.statement(
        "TlsOnly",
        [action],
        [arn],
        principal="*",
        effect="Deny",
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


# --- the forge -------------------------------------------------------------------------------------------------


def api(forge: Forge, address: str | None = None) -> str:
    """Return the base address of the forge's API."""
    if address is not None:
        return address
    return "https://api.github.com" if forge.gitlab is None else f"https://{forge.gitlab.host}/api/v4"


def project(forge: Forge) -> str:
    """Return the project as the forge's API names it."""
    if forge.github is not None:
        return forge.github.repository
    if forge.gitlab is not None:
        return forge.gitlab.project
    msg = "a forge is GitHub or GitLab"  # pragma: no cover -- the model has exactly one of the two
    raise EdgewrightError(msg)  # pragma: no cover


def endpoint(forge: Forge, address: str | None = None) -> str:
    """Return the address that EventBridge calls.

    GitLab's trigger wants its token in the body; a new pipeline takes it in a header, where a connection puts it.
    """
    base = api(forge, address)
    return f"{base}/{path(forge)}"


def path(forge: Forge) -> str:
    """Return what follows the API's base address where a pipeline is started with JSON."""
    if forge.gitlab is None:
        return f"repos/{project(forge)}/dispatches"
    return f"projects/{project(forge).replace('/', '%2F')}/pipeline"


INPUT_PATHS = {
    "model_arn": "$.detail.ModelPackageArn",
    "model_group": "$.detail.ModelPackageGroupName",
    "model_version": "$.detail.ModelPackageVersion",
    "approval": "$.detail.ModelApprovalStatus",
    "event_id": "$.id",
}
"""What EventBridge takes of an event where it calls the forge itself: what the registry makes, no free text."""


def input_template(forge: Forge) -> str:
    """Return the body that EventBridge sends; ``<name>`` is a value of INPUT_PATHS."""
    return json.dumps(body(forge, {name: f"<{name}>" for name in INPUT_PATHS}))


def body(forge: Forge, said: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON with which a pipeline is started and told what was decided about a package."""
    payload = {"schema": SCHEMA, **said}
    if forge.gitlab is None:
        return {"event_type": EVENT_TYPE, "client_payload": payload}
    variables = [{"key": f"EDGEWRIGHT_{name.upper()}", "value": value} for name, value in payload.items()]
    return {"ref": forge.branch, "variables": variables}
