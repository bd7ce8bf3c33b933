from __future__ import annotations

import pytest

from edgewright.documents import permissions
from edgewright.errors import EdgewrightError
from tests.helpers import places
from tests.helpers.golden import Golden
from tests.helpers.policies import by_sid, listed, pretty, statements

METRICS = places.statement(
    actions=["cloudwatch:PutMetricData"],
    resources=["*"],
    conditions={"StringEquals": {"cloudwatch:namespace": "edgewright/line-inspection"}},
)


def test_a_device_role_has_what_its_release_implies_and_what_the_fleet_says(golden: Golden) -> None:
    document = permissions.token_exchange(
        places.fleet(),
        components=["com.acme.parts-inference", "com.acme.parts-model"],
        capture=True,
        permissions=[METRICS],
    )
    golden("golden/permissions-token-exchange.json", pretty(document))


def test_artifacts_are_read_below_the_components_of_the_release_only() -> None:
    document = permissions.token_exchange(places.fleet(), components=["com.acme.parts-model"], capture=False)
    assert by_sid(document, "ReadArtifacts")["Resource"] == [
        "arn:aws:s3:::acme-artifacts-111111111111-eu-west-1/components/com.acme.parts-model/*"
    ]
    assert by_sid(document, "LocateArtifacts")["Resource"] == ["arn:aws:s3:::acme-artifacts-111111111111-eu-west-1"]


def test_artifacts_that_a_recipe_names_itself_are_read_one_by_one() -> None:
    document = permissions.token_exchange(
        places.fleet(), components=[], external_artifacts=["s3://models-eu/a/b.onnx"], capture=False
    )
    assert by_sid(document, "ReadArtifacts")["Resource"] == ["arn:aws:s3:::models-eu/a/b.onnx"]
    assert by_sid(document, "LocateArtifacts")["Resource"] == ["arn:aws:s3:::models-eu"]


def test_an_artifact_that_is_not_in_s3_is_refused() -> None:
    with pytest.raises(EdgewrightError, match=r"must be s3://<bucket>/<key> \(got 'https://x/y'\)"):
        permissions.token_exchange(places.fleet(), components=[], external_artifacts=["https://x/y"], capture=False)


def test_without_private_components_no_bucket_is_read() -> None:
    document = permissions.token_exchange(places.fleet(), components=[], capture=False)
    assert [statement["Sid"] for statement in statements(document)] == ["WriteLogs"]


def test_captures_are_written_below_the_devices_own_name_and_only_when_they_are_wanted() -> None:
    wanted = permissions.token_exchange(places.fleet(), components=[], capture=True)
    assert by_sid(wanted, "WriteCaptures")["Resource"] == [
        "arn:aws:s3:::acme-line-inspection-prod-333333333333/${credentials-iot:ThingName}/*"
    ]
    unwanted = permissions.token_exchange(places.fleet(), components=[], capture=False)
    assert not any("s3:PutObject" in listed(statement["Action"]) for statement in statements(unwanted))


@pytest.mark.parametrize("action", ["*", "s3:*", "iam:*"])
def test_a_permission_names_its_actions(action: str) -> None:
    broad = places.statement(actions=[action], resources=["*"])
    with pytest.raises(EdgewrightError, match="a policy must name its actions"):
        permissions.token_exchange(places.fleet(), components=[], capture=False, permissions=[broad])


def test_logs_stay_in_greengrass_own_groups() -> None:
    document = permissions.token_exchange(places.fleet(), components=[], capture=False)
    assert by_sid(document, "WriteLogs")["Resource"] == [
        "arn:aws:logs:eu-west-1:333333333333:log-group:/aws/greengrass/*"
    ]


def test_a_cross_account_role_reads_the_captures(golden: Golden) -> None:
    golden("golden/permissions-access.json", pretty(permissions.access(places.fleet(), places.access())))


def test_a_cross_account_role_may_name_arns() -> None:
    grant = places.access(resources=["arn:aws:s3:::reports/*"])
    assert by_sid(permissions.access(places.fleet(), grant), "Access")["Resource"] == ["arn:aws:s3:::reports/*"]


def test_a_cross_account_role_on_anything_else_is_refused() -> None:
    with pytest.raises(EdgewrightError, match="access role 'capture-reader' of 'line-inspection' names 'captures'"):
        permissions.access(places.fleet(), places.access(resources=["captures"]))


def test_a_grant_names_every_role_and_no_pattern(golden: Golden) -> None:
    arns = [f"arn:aws:iam::{account}:role/edgewright-deploy-x" for account in (places.STAGING, places.PROD)]
    document = permissions.assume(arns)
    assert by_sid(document, "AssumeRole")["Resource"] == arns
    golden("golden/permissions-assume.json", pretty(document))
    with pytest.raises(EdgewrightError, match="names its roles one by one"):
        permissions.assume(["arn:aws:iam::222222222222:role/*"])


def test_a_grant_of_nothing_is_refused() -> None:
    with pytest.raises(EdgewrightError, match="a policy statement needs actions and resources"):
        permissions.assume([])
