"""A comparison with live numbers: what AWS adds, and what happens when it cannot be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.session import session
from edgewright.cli.main import main
from edgewright.documents import naming
from edgewright.gitops.diff import text
from edgewright.gitops.diff.compare import compare
from edgewright.gitops.diff.live import joined
from edgewright.gitops.diff.model import ProjectDiff, SideInfo
from edgewright.manifest.load import Project
from edgewright.manifest.model import Component
from edgewright.sandbox.control import Sandbox
from tests.helpers.projects import ring_of, sample, with_components, with_ring
from tests.helpers.readings import deployment, device, offline, reading
from tests.helpers.repositories import change_text, sample_repository
from tests.helpers.roles import make_deploy_role
from tests.sandbox.protocol import HandDevice

LINE, MODEL = "line-inspection", "com.acme.parts-model"
CANARY, TWINS = (LINE, "prod/canary"), (LINE, "staging/twins")
SIDE = SideInfo("x", None, None)


@pytest.fixture(scope="module")
def promotion() -> tuple[ProjectDiff, Project]:
    """prod/canary takes the release that staging/twins has."""
    model = Component.model_validate({"version": "1.1.0"})
    base = with_components(sample(), LINE, "staging", "twins", **{MODEL: model})
    head = with_ring(base, LINE, "prod", "canary", components=ring_of(base, LINE, "staging", "twins").components)
    return compare(base, head, base_side=SIDE, head_side=SIDE), head


def _canary(*devices: Any, **more: Any) -> Any:
    return reading(devices, deployment(ring_of(sample(), LINE, "prod", "canary")), stage="prod", ring="canary", **more)


def _codes(diff: ProjectDiff) -> dict[str, str]:
    return {finding.code: finding.text for finding in diff.findings}


def test_devices_online_health_and_sites_are_of_the_ring_itself(promotion: tuple[ProjectDiff, Project]) -> None:
    diff, head = promotion
    twins = reading([device("t1")], deployment(ring_of(head, LINE, "staging", "twins")))
    canary = _canary(device("c1"), device("c2"), device("c3", health="UNHEALTHY"), offline("c4"))
    live = joined(diff, head, {CANARY: canary, TWINS: twins}, {f"{LINE}/prod/canary": {"lyon": 3, "graz": 1}})
    (ring,) = live.rings
    assert ring.reach is not None
    assert (ring.reach.devices, ring.reach.online, ring.reach.unhealthy) == (4, 3, 1)
    assert ring.reach.share_online == 0.75
    shown = text.render(live)
    assert "4 devices, 3 online (75%), 1 of them unhealthy now; 2 sites: lyon 3, graz 1" in shown
    assert "devices as of 2026-03-02T12:00:00Z" in shown
    assert live.as_json()["fleets"][0]["rings"][0]["reach"]["shareOnline"] == 0.75
    assert live.as_json()["fleets"][0]["rings"][0]["reach"]["sites"] == {"lyon": 3, "graz": 1}
    assert not {"unhealthy-before", "not-proven"} & _codes(live).keys()


def test_an_unhealthy_ring_before_is_named_with_its_devices(promotion: tuple[ProjectDiff, Project]) -> None:
    diff, head = promotion
    hostile = "x\x1b[2J\n| y"
    twins = reading(
        [device("t1"), device("t2", "FAILED", outcome=None, health=hostile)],
        deployment(ring_of(head, LINE, "staging", "twins")),
    )
    live = joined(diff, head, {CANARY: _canary(), TWINS: twins}, {})
    said = _codes(live)["unhealthy-before"]
    assert "staging/twins, is not well: 50% of 2 online devices are healthy, wanted is 100%: t2 " in said
    assert "\x1b" not in text.render(live)


def test_a_release_that_the_ring_before_does_not_run_is_told(promotion: tuple[ProjectDiff, Project]) -> None:
    diff, head = promotion
    old = ring_of(sample(), LINE, "staging", "twins")
    live = joined(diff, head, {CANARY: _canary(), TWINS: reading([device("t1")], deployment(old))}, {})
    assert old.release.removeprefix("sha256:")[:12] in _codes(live)["not-proven"]
    by_hand = deployment(old, release=None)
    live = joined(diff, head, {CANARY: _canary(), TWINS: reading([device("t1")], by_hand)}, {})
    assert "did not make" in _codes(live)["not-proven"]


def test_what_could_not_be_read_is_named_and_nothing_is_guessed(promotion: tuple[ProjectDiff, Project]) -> None:
    from edgewright.aws.reading import Gap

    diff, head = promotion
    gaps = (Gap(what="the things of its thing group", why="not answered within 1 s"),)
    twins = reading([device("t1")], deployment(ring_of(head, LINE, "staging", "twins")))
    live = joined(diff, head, {CANARY: _canary(device("c1"), gaps=gaps), TWINS: twins}, {})
    (ring,) = live.rings
    assert ring.reach is not None
    assert (ring.reach.devices, ring.reach.online) == (1, None)
    assert "not answered within 1 s" in _codes(live)["not-read"]


@pytest.fixture
def feature(tmp_path: Path) -> Path:
    """A work tree where the twins are to get another model."""
    repository = sample_repository(tmp_path / "project")
    change_text(repository, "fleets/line-inspection/staging.yaml", "1.0.0", "1.1.0")
    return repository.root


def test_the_verb_asks_aws_through_the_role_of_the_stage(
    feature: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session.cache_clear()
    for name, value in sandbox.aws_environment().items():
        monkeypatch.setenv(name, value)
    make_deploy_role(sandbox, "staging")
    iot = sandbox.client("iot", "staging")
    group = naming.thing_group(LINE, "staging", "twins")
    iot.create_thing_group(thingGroupName=group)
    for thing, site in (("twin-001", "lyon"), ("twin-002", "graz"), ("twin-003", "graz")):
        HandDevice.make(sandbox, thing, group).report()
        iot.update_thing(thingName=thing, attributePayload={"attributes": {"site": site}})
    assert main(["diff", "main", "--root", str(feature)]) == 0
    shown = capsys.readouterr().out
    assert "3 devices, 3 online (100%); 2 sites: graz 2, lyon 1" in shown
    assert "devices as of 20" in shown


@pytest.mark.parametrize("flags", [[], ["--offline"]])
def test_without_credentials_it_works_offline_and_says_so(
    feature: Path, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    assert main(["diff", "main", "--root", str(feature), *flags]) == 0
    why = "AWS was not asked" if flags else "there are no AWS credentials in the environment"
    assert f"without live numbers: {why}" in capsys.readouterr().out


def test_when_aws_does_not_answer_the_change_is_shown_all_the_same(
    feature: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], unused_endpoint: str
) -> None:
    session.cache_clear()
    for name, value in {
        "AWS_ENDPOINT_URL": unused_endpoint,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    root = ["--root", str(feature), "--deadline", "3"]
    assert main(["diff", "main", *root]) == 0
    shown = capsys.readouterr().out
    assert "1.0.0 -> 1.1.0" in shown
    assert "without live numbers: " in shown
    assert main(["diff", "main", "--live", *root]) == 1


@pytest.fixture
def unused_endpoint() -> str:
    """An address of this machine where nobody listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
