from __future__ import annotations

from edgewright.documents import device_policy
from tests.helpers import places
from tests.helpers.golden import Golden
from tests.helpers.policies import by_sid, pretty, statements


def test_the_policy_of_a_core_devices_certificate(golden: Golden) -> None:
    golden("golden/device-policy.json", pretty(device_policy.core_device(places.fleet())))


def test_credentials_come_from_this_role_alias_only() -> None:
    statement = by_sid(device_policy.core_device(places.fleet()), "Credentials")
    assert statement["Action"] == ["iot:AssumeRoleWithCertificate"]
    assert statement["Resource"] == ["arn:aws:iot:eu-west-1:333333333333:rolealias/edgewright-line-inspection-prod"]


def test_the_thing_variable_is_used_for_connecting_only() -> None:
    """AWS resolves it from the MQTT client id, which the data plane and further connections do not have."""
    for statement in statements(device_policy.core_device(places.fleet())):
        assert ("${iot:" in str(statement["Resource"])) == (statement["Action"] == ["iot:Connect"])
