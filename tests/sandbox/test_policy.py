"""Statements against requests, and who a resource policy means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.sandbox.authorization.policy import Effect, Naming, Request, Who, judge, judge_resource

REQUEST = Request("s3:GetObject", "arn:aws:s3:::acme/components/a", {"aws:SecureTransport": "true"})


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(**parts: Any) -> dict[str, Any]:
    return {"Effect": "Allow", **parts}


def deny(**parts: Any) -> dict[str, Any]:
    return {"Effect": "Deny", **parts}


@pytest.mark.parametrize(
    ("statements", "effect"),
    [
        pytest.param([], Effect.NOTHING, id="nothing"),
        pytest.param([allow(Action="s3:GetObject", Resource="*")], Effect.ALLOW, id="allowed"),
        pytest.param([allow(Action="S3:getobject", Resource="*")], Effect.ALLOW, id="case of actions"),
        pytest.param([allow(Action=["s3:Get*"], Resource="arn:aws:s3:::acme/*")], Effect.ALLOW, id="wildcards"),
        pytest.param([allow(Action="s3:PutObject", Resource="*")], Effect.NOTHING, id="another action"),
        pytest.param([allow(Action="s3:*", Resource="arn:aws:s3:::acme")], Effect.NOTHING, id="bucket is not object"),
        pytest.param([allow(NotAction="iam:*", Resource="*")], Effect.ALLOW, id="NotAction"),
        pytest.param([allow(NotAction="s3:*", Resource="*")], Effect.NOTHING, id="NotAction excludes"),
        pytest.param([allow(Action="s3:*", NotResource="arn:aws:s3:::x/*")], Effect.ALLOW, id="NotResource"),
        pytest.param([allow(Action="s3:*", NotResource="arn:aws:s3:::acme/*")], Effect.NOTHING, id="NotResource excl."),
        pytest.param(
            [allow(Action="*", Resource="*"), deny(Action="s3:GetObject", Resource="*")], Effect.DENY, id="deny wins"
        ),
        pytest.param(
            [
                allow(Action="*", Resource="*"),
                deny(Action="*", Resource="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
            ],
            Effect.ALLOW,
            id="a deny whose condition fails does not count",
        ),
    ],
)
def test_identity_policies_are_judged(statements: list[dict[str, Any]], effect: Effect) -> None:
    assert judge([document(*statements)], REQUEST) is effect


ROLE = "arn:aws:iam::222222222222:role/deploy"
SESSION = Who("222222222222", ("arn:aws:sts::222222222222:assumed-role/deploy/ci", ROLE))


@pytest.mark.parametrize(
    ("principal", "who", "naming"),
    [
        pytest.param("*", SESSION, Naming.ITSELF, id="everybody"),
        pytest.param({"AWS": "*"}, SESSION, Naming.ITSELF, id="every AWS principal"),
        pytest.param({"AWS": ROLE}, SESSION, Naming.ITSELF, id="the role of a session"),
        pytest.param({"AWS": ["x", SESSION.arns[0]]}, SESSION, Naming.ITSELF, id="the session"),
        pytest.param({"AWS": "arn:aws:iam::222222222222:root"}, SESSION, Naming.ACCOUNT, id="its account"),
        pytest.param({"AWS": "222222222222"}, SESSION, Naming.ACCOUNT, id="its account by number"),
        pytest.param({"AWS": "arn:aws:iam::333333333333:root"}, SESSION, Naming.NOT, id="another account"),
        pytest.param({"Service": "iot.amazonaws.com"}, SESSION, Naming.NOT, id="a service is no principal of ours"),
        pytest.param(
            {"Service": ["iot.amazonaws.com"]}, Who(service="iot.amazonaws.com"), Naming.ITSELF, id="a service"
        ),
        pytest.param({"AWS": "*"}, Who(service="iot.amazonaws.com"), Naming.NOT, id="a service is not everybody"),
    ],
)
def test_a_resource_policy_names_principals(principal: object, who: Who, naming: Naming) -> None:
    policy = document(allow(Principal=principal, Action="s3:*", Resource="*"))
    expected = (Effect.NOTHING if naming is Naming.NOT else Effect.ALLOW, naming)
    assert judge_resource(policy, REQUEST, who) == expected


def test_not_principal_means_everybody_else() -> None:
    policy = document(deny(NotPrincipal={"AWS": ROLE}, Action="s3:*", Resource="*"))
    assert judge_resource(policy, REQUEST, SESSION)[0] is Effect.NOTHING
    assert judge_resource(policy, REQUEST, Who("333333333333", ("arn:x",)))[0] is Effect.DENY
