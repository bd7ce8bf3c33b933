"""The deploy role of a stage in a sandbox, with the very policy that it has; without the tooling stack."""

from __future__ import annotations

import json
from typing import Any

from edgewright.documents import deploy_policy, naming, roots
from edgewright.manifest.load import Project
from edgewright.sandbox.control import Sandbox
from tests.helpers import places


def make_deploy_role(sandbox: Sandbox, stage: str, project: Project | None = None) -> None:
    """Make it with the policy of every stage, and with what the fleets and the catalog of a project add to it."""
    iam = sandbox.client("iam", stage)
    allow = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{places.TOOLING}:root"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [allow]}
    iam.create_role(RoleName=naming.deploy_role(stage), AssumeRolePolicyDocument=json.dumps(trust))
    put_policy(sandbox, stage)
    for name, document in roots.deploy(project, stage).additions.items() if project is not None else ():
        text = json.dumps(document)
        iam.put_role_policy(RoleName=naming.deploy_role(stage), PolicyName=name, PolicyDocument=text)


def put_policy(
    sandbox: Sandbox, stage: str, *, without: str | None = None, instead: dict[str, Any] | None = None
) -> None:
    """Give the role its policy, that policy without one action, or another one."""
    document = deploy_policy.deploy_role(places.stage(stage)) if instead is None else instead
    for statement in document["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != without]
    sandbox.client("iam", stage).put_role_policy(
        RoleName=naming.deploy_role(stage), PolicyName="deploy", PolicyDocument=json.dumps(document)
    )
