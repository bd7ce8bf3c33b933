from __future__ import annotations

import json

from edgewright.sandbox.control import Sandbox

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "credentials.iot.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def test_a_longer_session_leaves_the_description_of_a_role(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam", "prod")
    iam.create_role(RoleName="device", AssumeRolePolicyDocument=json.dumps(TRUST), Description="Core devices")
    iam.update_role(RoleName="device", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="device")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("Core devices", 7200)
    iam.update_role(RoleName="device", Description="Cameras", MaxSessionDuration=7200)
    assert iam.get_role(RoleName="device")["Role"]["Description"] == "Cameras"
