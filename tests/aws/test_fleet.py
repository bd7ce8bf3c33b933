"""A ring is read from AWS through its stage's role: deployment, job, members, health, components, stragglers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from edgewright.aws import fleet, rings
from edgewright.aws.again import send_again
from edgewright.aws.errors import AwsError
from edgewright.aws.fleet import Depth, Question
from edgewright.aws.reading import Facet, Kind, RingReading
from edgewright.aws.session import Session, Settings, session
from edgewright.documents import naming, personas
from edgewright.errors import EdgewrightError
from edgewright.sandbox.control import Sandbox
from tests.helpers import places
from tests.helpers.projects import sample
from tests.helpers.roles import make_deploy_role, put_policy
from tests.sandbox.protocol import HandDevice

GROUP = naming.thing_group("line-inspection", "staging", "twins")
ARN = naming.thing_group_arn("eu-west-1", places.STAGING, GROUP)
RELEASE = "sha256:" + "a" * 64
AT_ONCE = timedelta(seconds=-2)
"""A device to which a deployment is offered and that has not begun it counts as offline right away."""


@pytest.fixture
def ring(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RingReading]:
    """Read staging/twins as `status` does: through the deploy role, with the very policy that it has."""
    session.cache_clear()
    for name, value in sandbox.aws_environment().items():
        monkeypatch.setenv(name, value)
    make_deploy_role(sandbox, "staging")

    def read(**question: Any) -> RingReading:
        project = sample()
        targets = rings.targets(project, fleet="line-inspection", stage="staging")
        (found,) = fleet.read(targets, lambda stage: rings.reader(project, stage), Question(**question))
        return found

    return read


def deployed(sandbox: Sandbox, **more: Any) -> str:
    components = {
        "com.acme.model": {"componentVersion": "1.0.0"},
        "com.acme.app": {"componentVersion": "2.0.0"},
    }
    made = _client(sandbox, "greengrassv2").create_deployment(
        targetArn=ARN,
        deploymentName="line-inspection/staging/twins",
        components=components,
        tags={"edgewright:release": RELEASE, "edgewright:owner": "edgewright/staging/line-inspection/twins"},
        **more,
    )
    return str(made["deploymentId"])


def _client(sandbox: Sandbox, service: str) -> Any:
    return sandbox.client(service, "staging")


def _components(sandbox: Sandbox, **changes: Any) -> None:
    for name, version in (("com.acme.model", "1.0.0"), ("com.acme.app", "2.0.0")):
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "Manifests": [{"Lifecycle": {"run": "true"}}],
        }
        _client(sandbox, "greengrassv2").create_component_version(inlineRecipe=json.dumps(recipe).encode())


def holds(**states: str) -> list[dict[str, Any]]:
    """What a device reports: both components, in the states given (model=, app=)."""
    return [
        {
            "componentName": f"com.acme.{name}",
            "version": {"model": "1.0.0", "app": "2.0.0"}[name],
            "status": states.get(name, "RUNNING"),
            "isRoot": True,
            "fleetConfigArns": [f"arn:aws:greengrass:eu-west-1:{places.STAGING}:configuration:thinggroup/{GROUP}:1"],
        }
        for name in ("model", "app")
    ]


def test_a_ring_in_the_middle_of_a_rollout(sandbox: Sandbox, ring: Callable[..., RingReading]) -> None:
    """One look tells of every member where it is, by the permissions of the deploy role."""
    _client(sandbox, "iot").create_thing_group(thingGroupName=GROUP)
    _components(sandbox)
    made = {
        name: HandDevice.make(sandbox, name, GROUP) for name in ("a-well", "b-broken", "c-fails", "d-begins", "e-off")
    }
    _client(sandbox, "iot").create_thing(thingName="f-no-core")
    _client(sandbox, "iot").add_thing_to_thing_group(thingGroupName=GROUP, thingName="f-no-core")
    for each in made.values():
        each.report()
    deployment = deployed(sandbox)
    made["a-well"].take_all()
    made["a-well"].report(holds(model="FINISHED"))
    made["b-broken"].take_all()
    made["b-broken"].report(holds(app="BROKEN"), health="UNHEALTHY")
    made["c-fails"].take_all("FAILED")
    information = {
        "deploymentId": deployment,
        "fleetConfigurationArnForStatus": "x",
        "status": "FAILED",
        "statusDetails": {
            "detailedStatus": "FAILED_ROLLBACK_COMPLETE",
            "deploymentFailureCause": "the model does not load",
            "errorStack": ["DEPLOYMENT_FAILURE", "COMPONENT_BROKEN"],
            "errorTypes": ["USER_COMPONENT_ERROR"],
        },
    }
    made["c-fails"].report(deployment=information)
    assert made["d-begins"].next_job() is not None

    found = ring()
    assert found.gaps == ()
    assert found.known == frozenset(Facet)
    latest = found.deployment
    assert latest is not None
    assert (latest.id, latest.release, latest.revision) == (deployment, RELEASE, "1")
    assert latest.owner == "edgewright/staging/line-inspection/twins"
    assert latest.components == {"com.acme.model": "1.0.0", "com.acme.app": "2.0.0"}
    job = found.job
    assert job is not None
    assert (job.succeeded, job.failed, job.in_progress, job.queued, job.executed) == (2, 1, 1, 2, 3)
    assert [device.thing for device in found.devices] == [*made, "f-no-core"]
    well = found.by_thing["a-well"]
    assert (well.health, well.platform, well.runtime) == ("HEALTHY", "linux", "aws_nucleus_classic")
    assert well.installed is not None
    assert well.installed["com.acme.model"].source == deployment
    assert found.taken_at == max(device.took_at for device in found.devices if device.took_at)
    assert found.runs(well, "com.acme.model") is True
    assert found.runs(found.by_thing["b-broken"], "com.acme.app") is False
    told = [(each.thing, each.kind, each.why, each.online) for each in found.stragglers(pickup=AT_ONCE)]
    assert told == [
        ("c-fails", Kind.FAILED, "the model does not load (DEPLOYMENT_FAILURE > COMPONENT_BROKEN)", True),
        ("b-broken", Kind.BROKEN, "com.acme.app 2.0.0 is BROKEN", True),
        ("d-begins", Kind.IN_PROGRESS, "it has begun the deployment", True),
        ("e-off", Kind.OFFLINE, "it has not begun the deployment that is offered to it", False),
        ("f-no-core", Kind.UNKNOWN, "it has never reported to Greengrass", False),
    ]
    assert found.healthy_share(pickup=AT_ONCE) == 1 / 4
    # An operator, who may change nothing, sees the same.
    put_policy(sandbox, "staging", instead=personas.operator(places.stage("staging")))
    assert ring().stragglers(pickup=AT_ONCE) == found.stragglers(pickup=AT_ONCE)
    # Offered a moment ago, a device is still expected to begin.
    assert Kind.WAITING in {each.kind for each in found.stragglers()}
    assert found.healthy_share() == 1 / 5
    assert found.healthy_share(max_age=timedelta(seconds=-9)) is None


def test_a_ring_that_is_not_up_yet(ring: Callable[..., RingReading]) -> None:
    """No group, no deployment: that is known, and nothing is missing."""
    found = ring()
    assert (found.exists, found.deployment, found.devices, found.gaps) == (False, None, (), ())
    assert (found.stragglers(), found.healthy_share()) == ((), None)


def test_a_device_that_lost_a_component_is_named(sandbox: Sandbox, ring: Callable[..., RingReading]) -> None:
    """A job says that a device took a release, not that it still runs it."""
    _client(sandbox, "iot").create_thing_group(thingGroupName=GROUP)
    _components(sandbox)
    device = HandDevice.make(sandbox, "a", GROUP)
    deployed(sandbox)
    device.take_all()
    device.report([{**holds()[0], "version": "0.9.0"}])
    (straggler,) = ring().stragglers()
    expected = "com.acme.app 2.0.0 is not installed; com.acme.model 0.9.0 in place of 1.0.0"
    assert (straggler.kind, straggler.why) == (Kind.OTHER, expected)
    # Without a look at the device, the job's word is all there is.
    assert ring(depth=Depth.NONE).stragglers() == ()


def test_large_rings_are_read_in_pages_and_by_suspicion(
    sandbox: Sandbox, ring: Callable[..., RingReading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No call per healthy device, and one listing of the account in place of a call per unknown device."""
    for name, value in {"_THINGS": 8, "_EXECUTIONS": 8, "_SINGLY": 4}.items():
        monkeypatch.setattr(fleet, name, value)
    iot = _client(sandbox, "iot")
    iot.create_thing_group(thingGroupName=GROUP)
    _components(sandbox)
    for number in range(12):
        iot.create_thing(thingName=f"t-{number:02}")
        iot.add_thing_to_thing_group(thingGroupName=GROUP, thingName=f"t-{number:02}")
    sick = HandDevice.make(sandbox, "sick", GROUP)
    deployed(sandbox)
    sick.report(holds(app="ERRORED"), health="UNHEALTHY")
    sandbox.forget_calls()
    found = ring(ask_all=10)
    calls = [call["operation"].partition(" ")[2] for call in sandbox.calls()]
    assert calls.count(f"/thing-groups/{GROUP}/things") == 2
    assert sum(call.startswith("/jobs/") and call.endswith("/things") for call in calls) == 2
    assert calls.count("/greengrass/v2/coreDevices") == 2  # of the group: nobody has succeeded; then of the account
    assert sum(call.endswith("/installedComponents") for call in calls) == 1
    assert (len(found.devices), found.gaps) == (13, ())
    assert found.by_thing["sick"].installed is not None
    assert Facet.COMPONENTS in found.known  # of all devices that have ever reported


def test_what_is_refused_is_a_gap_with_its_reason(sandbox: Sandbox, ring: Callable[..., RingReading]) -> None:
    """Half a reading is not taken for a whole one: no share of healthy devices comes of it."""
    _client(sandbox, "iot").create_thing_group(thingGroupName=GROUP)
    _components(sandbox)
    HandDevice.make(sandbox, "a", GROUP).report()
    deployed(sandbox)
    put_policy(sandbox, "staging", without="iot:DescribeJob")
    found = ring()
    (gap,) = found.gaps
    assert gap.what == "the latest deployment"
    assert "AccessDenied" in gap.why
    assert (found.deployment, Facet.DEPLOYMENT in found.known) == (None, False)
    assert [device.thing for device in found.devices] == ["a"]
    assert found.healthy_share() is None


def test_a_role_that_cannot_be_assumed_is_one_error(sandbox: Sandbox, ring: Callable[..., RingReading]) -> None:
    """Everything fails for one reason: one error with its remedy, not a page of gaps."""
    iam = _client(sandbox, "iam")
    iam.delete_role_policy(RoleName=naming.deploy_role("staging"), PolicyName="deploy")
    iam.delete_role(RoleName=naming.deploy_role("staging"))
    with pytest.raises(AwsError, match="the trust policy of the role must let the caller in"):
        ring()


def test_an_account_that_does_not_answer_is_told_within_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline holds even when a call hangs: what is missing is named."""
    never = threading.Event()

    def items(_: Session, __: str, operation: str, ___: str, **____: Any) -> Iterator[str]:
        return iter(["a"] if operation == "list_things_in_thing_group" else [])

    monkeypatch.setattr(Session, "call", lambda *_, **__: never.wait(60))
    monkeypatch.setattr(Session, "items", items)
    target = rings.Target("line-inspection", "staging", "twins", places.STAGING, "eu-west-1")
    here = Session(Settings(region="eu-west-1"))
    (found,) = fleet.read([target], lambda _: here, Question(deadline=0.2, depth=Depth.NONE))
    late = "not answered within 0.2 s"
    assert [str(gap) for gap in found.gaps] == [f"the latest deployment: {late}", f"the last report of a: {late}"]
    assert [device.thing for device in found.devices] == ["a"]
    assert found.healthy_share() is None
    never.set()


def test_rings_are_chosen_by_fleet_and_stage() -> None:
    project = sample()
    names = [(target.fleet, target.stage, target.ring) for target in rings.targets(project, fleet="line-inspection")]
    assert names == [("line-inspection", at, ring.name) for at, ring in project.path("line-inspection")]
    assert {target.stage for target in rings.targets(project, stage="prod")} == {"prod"}
    with pytest.raises(EdgewrightError, match="there is no fleet 'x'"):
        rings.targets(project, fleet="x")
    with pytest.raises(EdgewrightError, match="there is no stage 'x'"):
        rings.targets(project, stage="x")


def test_a_deployment_is_sent_again_as_a_revision_of_the_same_owner(
    sandbox: Sandbox, ring: Callable[..., RingReading]
) -> None:
    """Devices take it anew, and the stack's next update knows it for its own; somebody else's is left alone."""
    _client(sandbox, "iot").create_thing_group(thingGroupName=GROUP)
    _components(sandbox)
    device = HandDevice.make(sandbox, "a", GROUP)
    first = deployed(sandbox, deploymentPolicies={"failureHandlingPolicy": "ROLLBACK"})
    device.take_all()
    device.report([{**holds()[0], "version": "0.9.0"}])
    before = ring()
    here = rings.reader(sample(), "staging")
    second = send_again(here, before)
    assert second != first
    assert device.take_all() == 1
    device.report(holds())
    after = ring()
    assert (after.deployment.id, after.deployment.release) == (second, RELEASE)  # type: ignore[union-attr]
    assert after.deployment.owner == "edgewright/staging/line-inspection/twins"  # type: ignore[union-attr]
    assert after.stragglers() == ()
    one, two = (_client(sandbox, "greengrassv2").get_deployment(deploymentId=each) for each in (first, second))
    for key in ("components", "deploymentPolicies", "deploymentName"):
        assert one[key] == two[key]

    with pytest.raises(AwsError, match=f"has a newer deployment than {first} by now"):
        send_again(here, before)
    _client(sandbox, "greengrassv2").create_deployment(targetArn=ARN, components={})
    with pytest.raises(AwsError, match="is not Edgewright's, so it is not sent again"):
        send_again(here, ring())
