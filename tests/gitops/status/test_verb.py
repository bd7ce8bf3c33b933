"""`edgewright status` on the sandbox: from the command line to both stages' accounts and back."""

from __future__ import annotations

import json

import pytest

from edgewright.aws.session import session
from edgewright.cli.main import main
from edgewright.documents import naming
from edgewright.sandbox.control import Sandbox
from tests.helpers.projects import ROOT
from tests.helpers.roles import make_deploy_role
from tests.sandbox.protocol import HandDevice

AT = ["--root", str(ROOT)]


def test_the_rings_of_a_fleet_in_two_accounts(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One verb reads every stage through its own role; a stage that cannot be read is named, the other is shown."""
    session.cache_clear()
    for name, value in sandbox.aws_environment().items():
        monkeypatch.setenv(name, value)
    make_deploy_role(sandbox, "staging")
    group = naming.thing_group("line-inspection", "staging", "twins")
    sandbox.client("iot", "staging").create_thing_group(thingGroupName=group)
    HandDevice.make(sandbox, "twin-001", group).report()

    assert main(["status", "line-inspection", *AT]) == 1
    shown = capsys.readouterr().out
    assert "staging/twins  not deployed" in shown
    assert shown.count("not read: anything of the ring: AccessDenied") == 2
    assert "0 of 3 rings as Git says; 1 thing, 1 online, none of them behind; not everything could be read" in shown

    assert main(["status", "line-inspection", "--stage", "staging", "--json", *AT]) == 0
    (ring,) = json.loads(capsys.readouterr().out)["rings"]
    assert (ring["ring"], ring["standing"], ring["up"]) == ("staging/twins", "absent", True)
    assert ring["devices"]["things"] == 1

    assert main(["status", "nobody", *AT]) == 1
    assert "there is no fleet 'nobody': the fleets are label-reading, line-inspection" in capsys.readouterr().err
    assert main(["status", "--stage", "moon", *AT]) == 1
    assert "there is no stage 'moon'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="1"):
        main(["status", "--deadline", "soon", *AT])
    assert "'soon' is no number of seconds" in capsys.readouterr().err
