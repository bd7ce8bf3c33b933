"""One statement less: every policy of a world, without one of its statements for a moment.

Policies are changed through AWS's own calls, where the program put them; who is refused then is asked of the
sandbox's evaluator, which remembers every question that was asked in the world's life (``Sandbox.keep_decisions``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from edgewright.documents.inventory import Policy, policies
from edgewright.manifest.load import Project
from edgewright.sandbox.control import Sandbox

NOTHING = {"Sid": "Nothing", "Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
"""Stands in for the last statement of a policy: a policy of none is no policy."""
NOBODY = {"Effect": "Allow", "Principal": {"Service": "nobody.amazonaws.com"}, "Action": "sts:AssumeRole"}


@dataclass(frozen=True)
class Statement:
    """A statement of a policy that the program renders."""

    policy: Policy
    number: int

    @property
    def body(self) -> Mapping[str, Any]:
        """The statement itself."""
        found: Mapping[str, Any] = self.policy.document["Statement"][self.number]
        return found

    @property
    def actions(self) -> list[str]:
        """Its actions, as patterns."""
        actions = self.body["Action"]
        return [actions] if isinstance(actions, str) else list(actions)

    def __str__(self) -> str:
        return f"{self.policy.title} of {self.policy.account_id}: {self.body.get('Sid', self.number)}"

    def without(self) -> str:
        """The policy without it."""
        rest = [each for number, each in enumerate(self.policy.document["Statement"]) if number != self.number]
        trusting = self.policy.part == "trust"
        return json.dumps({**self.policy.document, "Statement": rest or [NOBODY if trusting else NOTHING]})


def statements(project: Project) -> list[Statement]:
    """Every statement of every policy."""
    return [Statement(each, number) for each in policies(project) for number in range(len(each.document["Statement"]))]


@contextmanager
def taken_away(sandbox: Sandbox, statement: Statement) -> Iterator[None]:
    """Take a statement out of its policy, and put it back at the end."""
    policy = statement.policy
    kind, _, name = policy.owner.rpartition(" ")
    whole = json.dumps(policy.document)
    if kind == "bucket":
        s3 = sandbox.client("s3", policy.account_id)
        s3.put_bucket_policy(Bucket=name, Policy=statement.without())
        yield
        s3.put_bucket_policy(Bucket=name, Policy=whole)
    elif kind == "IoT policy":
        iot = sandbox.client("iot", policy.account_id)
        before = iot.get_policy(policyName=name)["defaultVersionId"]
        made = iot.create_policy_version(policyName=name, policyDocument=statement.without(), setAsDefault=True)
        yield
        iot.set_default_policy_version(policyName=name, policyVersionId=before)
        iot.delete_policy_version(policyName=name, policyVersionId=made["policyVersionId"])
    else:
        with _in_iam(sandbox.client("iam", policy.account_id), kind, name, statement, whole):
            yield


@contextmanager
def _in_iam(iam: Any, kind: str, name: str, statement: Statement, whole: str) -> Iterator[None]:
    if kind == "managed policy":
        arn = f"arn:aws:iam::{statement.policy.account_id}:policy/{name}"
        before = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=statement.without(), SetAsDefault=True)
        yield
        iam.set_default_policy_version(PolicyArn=arn, VersionId=before)
        iam.delete_policy_version(PolicyArn=arn, VersionId=made["PolicyVersion"]["VersionId"])
    elif statement.policy.part == "trust":
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=statement.without())
        yield
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=whole)
    else:
        (inline,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        iam.put_role_policy(RoleName=name, PolicyName=inline, PolicyDocument=statement.without())
        yield
        iam.put_role_policy(RoleName=name, PolicyName=inline, PolicyDocument=whole)
