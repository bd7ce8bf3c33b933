"""Many deployments in one plugin process: few threads, bounded memory, no call without a change, one listing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from edgewright.sandbox.control import Sandbox
from tests.helpers.plugin import running
from tests.provider.conftest import ACCOUNT

MANY = 80


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory and threads are read from /proc")
def test_many_deployments_share_one_process(sandbox: Sandbox, project_root: Path) -> None:
    iot = sandbox.client("iot", ACCOUNT)
    names = [f"ring-{number:03}" for number in range(MANY)]
    wanted = {}
    for name in names:
        group = iot.create_thing_group(thingGroupName=name)["thingGroupArn"]
        wanted[name] = {"targetArn": group, "components": {}, "wait": {"timeoutSeconds": 60}}
    role = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"
    with running(project_root, sandbox.aws_environment()) as plugin:
        plugin.configure({"region": "eu-west-1", "assumeRole": {"roleArn": role}})
        made = plugin.create(wanted)
        assert {each.outputs["verdict"] for each in made} == {"passed"}

        sandbox.forget_calls()
        assert plugin.changes(made) == []
        assert sandbox.calls() == [], "without a change nothing is asked"

        assert [each["deploymentId"] for each in plugin.read(made)] == [each.outputs["deploymentId"] for each in made]
        asked = Counter(call["operation"] for call in sandbox.calls())
        assert set(asked) == {"GET /greengrass/v2/deployments"}
        assert asked.total() <= 6

        usage = plugin.usage()
        assert usage["peak"] < 400
        assert usage["threads"] < MANY, "a thread a resource would not scale"
