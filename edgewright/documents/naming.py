"""Names that follow from the manifests: derived, never looked up, so that any stack previews alone.

AWS's own limits are checked by the manifest rules after composition, with these same functions; a name that does
not fit is an error at the fleet's line, never a silent cut.
"""

from __future__ import annotations

import hashlib
import re

PREFIX = "edgewright"
PROJECT = "edgewright"
"""The Pulumi project, as Pulumi.yaml names it."""
STATE_KEY_ALIAS = "alias/edgewright-state"
"""Of the key that encrypts the secrets in Pulumi's state."""


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


def state_bucket(organisation: str, account_id: str, region: str) -> str:
    """The bucket of Pulumi's state in the tooling account (S3: at most 63 characters)."""
    return f"{organisation}-state-{account_id}-{region}"


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


# --- the root of trust -----------------------------------------------------------------------------------------


def policy_arn(account_id: str, policy: str) -> str:
    """The ARN of a customer managed policy."""
    return f"arn:aws:iam::{account_id}:policy/{policy}"


def boundary(stage: str, kind: str) -> str:
    """The permissions boundary of the roles that a stage's deploy role makes; ``kind``: devices or provisioning."""
    return f"{PREFIX}-boundary-{stage}-{kind}"


def preview_role(stage: str) -> str:
    """The role in the workload account that reads what a preview and a drift check compare."""
    return f"{PREFIX}-preview-{stage}"


def preview_grant(stage: str) -> str:
    """The managed policy in the tooling account that lets its holder assume a stage's preview role."""
    return f"{PREFIX}-preview-{stage}"


def ci_preview_role() -> str:
    """The role in the tooling account that a pipeline assumes for a request that is not merged."""
    return f"{PREFIX}-ci-preview"


def ci_deploy_role(stage: str) -> str:
    """The role in the tooling account that a pipeline assumes from the protected environment of a stage."""
    return f"{PREFIX}-ci-deploy-{stage}"


def ci_models_role() -> str:
    """The role in the tooling account that a pipeline of the protected branch assumes to import a model."""
    return f"{PREFIX}-ci-models"


def persona_role(persona: str, stage: str | None = None) -> str:
    """The role of a persona, in a stage's account or in the account of its work."""
    return f"{PREFIX}-{persona}-{stage}" if stage else f"{PREFIX}-{persona}"


# --- provisioning ----------------------------------------------------------------------------------------------


def provisioning_template(fleet: str, stage: str) -> str:
    """The provisioning template of a fleet in a stage (AWS IoT: at most 36 of letters, digits, ``_`` and ``-``)."""
    return f"{fleet}-{stage}"


def provisioning_role(fleet: str, stage: str) -> str:
    """The role with which AWS IoT makes what a provisioning template says."""
    return f"{PREFIX}-{fleet}-{stage}-provision"


def claim_policy(fleet: str, stage: str) -> str:
    """The AWS IoT policy of the certificate that new devices of a fleet have in common."""
    return f"{PREFIX}-{fleet}-{stage}-claim"


def provisioning_hook(fleet: str, stage: str) -> str:
    """The Lambda function that AWS IoT asks before it provisions, and its role (both at most 64 characters)."""
    return f"{PREFIX}-{fleet}-{stage}-hook"


def thing_type(fleet: str, stage: str) -> str:
    """The thing type of a fleet's devices (at most 128 characters)."""
    return f"{fleet}-{stage}"


def twin(fleet: str, stage: str, number: int) -> str:
    """A twin: its thing, its serial number and the name of its instance; numbers begin with 1."""
    return f"{fleet}-{stage}-twin-{number:02}"


def twin_role(fleet: str, stage: str) -> str:
    """The role, and the instance profile, of a fleet's twins: it can get a provisioning claim and nothing else."""
    return f"{PREFIX}-{fleet}-{stage}-twin"


# --- SageMaker Edge Manager ------------------------------------------------------------------------------------


def edge_manager_fleet(fleet: str, stage: str) -> str:
    """The SageMaker device fleet (at most 63 letters, digits and single dashes)."""
    return f"{fleet}-{stage}"


def edge_manager_bucket(organisation: str, fleet: str, stage: str, account_id: str) -> str:
    """The bucket of the agent, whose name must contain ``sagemaker`` (S3: at most 63 characters)."""
    return f"{organisation}-sagemaker-{fleet}-{stage}-{account_id}"


ARTIFACT_KEY_ALIAS = f"alias/{PREFIX}-artifacts"
"""The alias of the key of the artifact buckets, where they have one of their own."""


# --- components made from Lambda functions ---------------------------------------------------------------------

LAMBDA_FUNCTION = 64
"""Characters of a function's name, at most."""


def lambda_role(stage: str, shard: str | None = None) -> str:
    """The role of a stage's functions: Lambda wants one, and it has no rights, because only devices run them.

    Underscores are in no name of a stage, so that what begins with ``edgewright-lambda_prod_`` is of no other stage.

    Args:
        stage: The stage.
        shard: The stack, where it has some fleets of the stage only.
    """
    return f"{PREFIX}-lambda_{stage}" + (f"_{_short(shard, 5)}" if shard else "")


def lambda_function(stage: str, component: str, version: str, shard: str | None = None) -> str:
    """The function that a component version is made from (at most 64 of letters, digits, ``-`` and ``_``).

    A component's name is longer and has dots, so its digest makes it unique and its words are for people.

    Args:
        stage: The stage; of at most 40 characters, or the name does not fit.
        component: The component's name.
        version: Its version.
        shard: The stack, where it has some fleets of the stage only: two of them may have the same version.
    """
    own = _short("@".join([component, version, *([shard] if shard else [])]), 12)
    start = f"{PREFIX}_{stage}_"
    words = re.sub(r"[^A-Za-z0-9]+", "-", f"{component}-{version}")
    words = words[: max(0, LAMBDA_FUNCTION - len(start) - len(own) - 1)].strip("-")
    return f"{start}{words}_{own}" if words else f"{start}{own}"


def _short(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


# --- events of the model registry ------------------------------------------------------------------------------

MODEL_EVENTS = f"{PREFIX}-model-events"
"""The rule, the function that it triggers, that function's role, and the topic of the alarms."""
MODEL_EVENTS_CALL = f"{MODEL_EVENTS}-call"
"""The role with which EventBridge calls the forge itself; not the trigger's: one can follow the other."""
MODEL_EVENTS_BACKUP = f"{MODEL_EVENTS}-backup"
"""The function that tries again, and its role."""
MODEL_EVENTS_DEAD_LETTERS = f"{MODEL_EVENTS}-dead-letters"
"""The queue of what nothing could deliver."""
MODEL_EVENTS_TOKEN = f"{PREFIX}/model-events/forge-token"
"""The secret; its value is put there by a person."""


def model_events_bucket(organisation: str, account_id: str) -> str:
    """The bucket of notes about which events reached the forge (S3: at most 63 characters)."""
    return f"{organisation}-model-events-{account_id}"
