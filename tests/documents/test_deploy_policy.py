from __future__ import annotations

from fnmatch import fnmatchcase

from edgewright.documents import deploy_policy, naming
from tests.helpers import places
from tests.helpers.golden import Golden
from tests.helpers.policies import by_sid, listed, pretty, statements


def test_the_deploy_role_of_prod(golden: Golden) -> None:
    golden("golden/deploy-role.json", pretty(deploy_policy.deploy_role(places.stage("prod"))))


def test_the_deploy_role_cannot_change_itself_or_the_administrator() -> None:
    roles = by_sid(deploy_policy.deploy_role(places.stage("prod")), "Roles")["Resource"]
    for role in (naming.deploy_role("prod"), "OrganizationAccountAccessRole", naming.token_exchange_role("a", "dev")):
        assert not any(fnmatchcase(naming.role_arn(places.PROD, role), pattern) for pattern in roles)
    own = naming.token_exchange_role("line-inspection", "prod")
    assert any(fnmatchcase(naming.role_arn(places.PROD, own), pattern) for pattern in roles)


def test_only_device_roles_are_passed_and_only_to_aws_iot() -> None:
    statement = by_sid(deploy_policy.deploy_role(places.stage("prod")), "PassDeviceRoles")
    assert statement["Resource"] == ["arn:aws:iam::333333333333:role/edgewright-*-prod-device"]
    assert statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["credentials.iot.amazonaws.com", "iot.amazonaws.com"]}
    }


def test_what_a_revert_needs_is_never_deleted() -> None:
    document = deploy_policy.deploy_role(places.stage("prod"))
    for statement in statements(document):
        for action in listed(statement["Action"]):
            assert not action.startswith(("s3:DeleteObject", "greengrass:DeleteComponent"))


def test_the_names_that_the_program_gives_are_within_the_patterns() -> None:
    """A pattern that misses a derived name would stop the first `up` of a fleet."""
    place = places.fleet("line-inspection", "prod")
    iot = "arn:aws:iot:eu-west-1:333333333333"
    wanted = {
        "ThingGroups": place.thing_group_arn("canary"),
        "DeviceIdentity": f"{iot}:rolealias/{place.role_alias}",
        "Roles": naming.role_arn(places.PROD, naming.access_role(place.name, place.stage, "capture-reader")),
        "CaptureBuckets": f"arn:aws:s3:::{place.capture_bucket}",
        "Artifacts": f"arn:aws:s3:::{place.artifact_bucket}/{naming.artifact_key('com.acme.x', 'a' * 64, 'x.zip')}",
    }
    document = deploy_policy.deploy_role(places.stage("prod"))
    for sid, arn in wanted.items():
        assert any(fnmatchcase(arn, pattern) for pattern in by_sid(document, sid)["Resource"]), (sid, arn)
    policy_arn = f"{iot}:policy/{naming.device_policy(place.name, place.stage)}"
    assert any(fnmatchcase(policy_arn, pattern) for pattern in by_sid(document, "DeviceIdentity")["Resource"])
