"""Names that follow from the manifests: derived, never looked up, so that any stack previews alone.

AWS's own limits are checked by the manifest rules after composition, with these same functions; a name that does
not fit is an error at the fleet's line, never a silent cut.
"""

from __future__ import annotations

PREFIX = "edgewright"


def thing_group(fleet: str, stage: str, ring: str) -> str:
    """The ring's thing group, which is the target of its deployment (no ``:``, at most 128 characters)."""
    return f"{fleet}-{stage}-{ring}"


def deployment(fleet: str, stage: str, ring: str) -> str:
    """The deployment's human name (at most 256 characters)."""
    return f"{fleet}/{stage}/{ring}"


def token_exchange_role(fleet: str, stage: str) -> str:
    """The role that core devices of a fleet assume through the role alias (IAM: at most 64 characters)."""
    return f"{PREFIX}-{fleet}-{stage}-device"


def role_alias(fleet: str, stage: str) -> str:
    """The role alias of a fleet in a stage (at most 128 of letters, digits and ``_=,@-``)."""
    return f"{PREFIX}-{fleet}-{stage}"


def device_policy(fleet: str, stage: str) -> str:
    """The AWS IoT policy that is attached to the certificates of a fleet's core devices."""
    return f"{PREFIX}-{fleet}-{stage}-device"


def capture_bucket(organisation: str, fleet: str, stage: str, account_id: str) -> str:
    """The bucket for what a fleet's devices capture (S3: at most 63 characters; the account id makes it unique)."""
    return f"{organisation}-{fleet}-{stage}-{account_id}"


def artifact_bucket(organisation: str, account_id: str, region: str) -> str:
    """The bucket of component artifacts in the tooling account (S3: at most 63 characters)."""
    return f"{organisation}-artifacts-{account_id}-{region}"


def artifact_key(component: str, sha256: str, file: str) -> str:
    """The write-once, content-addressed key of a component's artifact; ``sha256`` is 64 hexadecimal digits."""
    return f"components/{component}/{sha256}/{file}"


def deploy_role(stage: str) -> str:
    """The role in the workload account through which a stage is deployed."""
    return f"{PREFIX}-deploy-{stage}"


def role_arn(account_id: str, role: str) -> str:
    """The ARN of an IAM role."""
    return f"arn:aws:iam::{account_id}:role/{role}"


def thing_group_arn(region: str, account_id: str, group: str) -> str:
    """The ARN of a thing group."""
    return f"arn:aws:iot:{region}:{account_id}:thinggroup/{group}"


def deploy_grant(stage: str) -> str:
    """The managed policy in the tooling account that lets its holder assume a stage's deploy role."""
    return f"{PREFIX}-deploy-{stage}"


def access_role(fleet: str, stage: str, role: str) -> str:
    """A fleet's cross-account role in the stage's account, and the grant of it in the trusted account (IAM: 64)."""
    return f"{PREFIX}-{fleet}-{stage}-access-{role}"
