from __future__ import annotations

from edgewright.documents import bucket_policy, naming, policy
from tests.helpers import places
from tests.helpers.golden import Golden
from tests.helpers.policies import by_sid, pretty, statements

BUCKET = naming.artifact_bucket("acme", places.TOOLING, "eu-west-1")
STAGES = [places.stage("staging"), places.stage("prod")]


def test_the_artifact_bucket_of_the_sample_organisation(golden: Golden) -> None:
    golden("golden/bucket-artifacts.json", pretty(bucket_policy.artifacts(BUCKET, STAGES)))


def test_everybody_is_refused_without_tls() -> None:
    for document in (bucket_policy.artifacts(BUCKET, STAGES), bucket_policy.captures(places.fleet())):
        statement = by_sid(document, "TlsOnly")
        assert statement["Effect"] == "Deny"
        assert statement["Principal"] == "*"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_nobody_replaces_an_artifact() -> None:
    statement = by_sid(bucket_policy.artifacts(BUCKET, STAGES), "WriteOnce")
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"]["Null"] == {"s3:if-none-match": "true"}
    assert statement["Resource"] == [f"arn:aws:s3:::{BUCKET}/components/*"]


def test_devices_read_and_do_not_write() -> None:
    document = bucket_policy.artifacts(BUCKET, STAGES)
    device = "arn:aws:iam::333333333333:role/edgewright-*-prod-device"
    allowed = {
        action
        for statement in statements(document)
        if statement["Effect"] == "Allow" and device in str(statement["Condition"])
        for action in statement["Action"]
    }
    assert allowed == {"s3:GetObject", "s3:GetBucketLocation"}


def test_an_account_is_let_in_once_however_many_stages_it_has() -> None:
    """Two stages in one account: one set of statements, the roles of both."""
    document = bucket_policy.artifacts(BUCKET, [places.stage("prod"), places.stage("prod", stage="perf")])
    sids = [statement["Sid"] for statement in statements(document)]
    assert len(sids) == len(set(sids))
    assert by_sid(document, "Upload333333333333")["Condition"] == {
        "ArnEquals": {
            "aws:PrincipalArn": [
                "arn:aws:iam::333333333333:role/edgewright-deploy-perf",
                "arn:aws:iam::333333333333:role/edgewright-deploy-prod",
            ]
        }
    }


def test_the_bucket_policy_holds_twelve_accounts() -> None:
    """The limit of 20 KB is far: an organisation with twelve workload accounts still fits."""
    stages = [places.stage("prod", stage=f"stage-{number}", account_id=f"{number:012}") for number in range(12)]
    document = bucket_policy.artifacts(BUCKET, stages)
    assert len(policy.render(document, limit=policy.BUCKET_POLICY, of="the bucket")) < policy.BUCKET_POLICY


def test_captures_are_read_by_roles_of_their_own_account_which_need_no_statement_here(golden: Golden) -> None:
    document = bucket_policy.captures(places.fleet())
    assert [statement["Sid"] for statement in statements(document)] == ["TlsOnly"]
    golden("golden/bucket-captures.json", pretty(document))
