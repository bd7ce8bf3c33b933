"""Where the cloud and the devices are not what Git says: what is told, what is apart, and what repairs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.reading import Outcome, RingReading
from edgewright.errors import EdgewrightError
from edgewright.gitops.drift.find import Where, chosen_stacks, with_devices
from edgewright.gitops.drift.model import Drift, ResourceDrift, Unread, of_devices, of_resources, of_ring
from edgewright.gitops.drift.repair import plan, refusals, told
from edgewright.gitops.drift.text import document, lines, summary
from edgewright.gitops.engine import Strayed
from edgewright.gitops.git import Repository
from edgewright.gitops.status.model import assess
from edgewright.gitops.status.read import Scope
from edgewright.manifest.controls import Controls, Hold, Quarantine, Stop
from edgewright.manifest.windows import Window
from tests.conftest import Golden
from tests.helpers.projects import replaced, ring_of, sample
from tests.helpers.readings import AT, deployment, device, holding, installed, offline, reading

TWINS = ring_of(sample(), "line-inspection", "staging", "twins")
VERSIONS = {name: component.version for name, component in TWINS.components.items()}
MODEL = "com.acme.parts-model"
OLD = {**VERSIONS, MODEL: "0.9.0"}
WHO = {"apiVersion": "edgewright/v1", "by": "ada@acme.example", "at": "2026-03-01T09:30:00Z"}
BACK = "edgewright:index:EdgeFleet$edgewright:index:GreengrassDeployment$greengrassv2:index:Deployment"


def strayed(name: str, chain: str = BACK, *, gone: bool = False, **paths: str) -> Strayed:
    return Strayed(
        gone=gone,
        urn=f"urn:pulumi:staging::edgewright::{chain}::{name}",
        paths=paths,
        before={"deploymentName": "line-inspection/staging/twins", "tags": {"a": "b"}},
        after={"deploymentName": "by hand"},
    )


def drift(*readings: RingReading, resources: tuple[ResourceDrift, ...] = (), unread: tuple[Unread, ...] = ()) -> Drift:
    cloud = Drift(
        at=AT, stacks=("staging",), resources=resources, rings=(), devices=(), offline=(), compared=0, underway=0,
        unread=unread, status=assess(sample(), readings, AT),
    )  # fmt: skip
    return with_devices(cloud)


# --- resources ---------------------------------------------------------------------------------------------------


def test_a_changed_resource_says_what_changed_from_what_to_what() -> None:
    found = strayed("line-inspection/twins", deploymentName="update", tags="delete")
    (one,) = of_resources("staging", [found], fleet=None)
    assert (one.type, one.name, one.gone) == ("greengrassv2:index:Deployment", "line-inspection/twins", False)
    assert one.changes == ("~ deploymentName: line-inspection/staging/twins -> by hand", "- tags")


def test_components_are_told_by_version_and_policies_by_the_parts_that_differ() -> None:
    policy = {"Statement": [{"Action": ["s3:GetObject"], "Principal": {"Service": "iot"}}]}
    wider = {"Statement": [{"Action": ["s3:GetObject", "s3:PutObject"], "Principal": {"Service": "iot"}}]}
    found = Strayed(
        gone=False,
        urn=f"urn:pulumi:staging::edgewright::{BACK}::line-inspection",
        paths={
            'components["com.acme.model"]': "update",
            'components["com.acme.new"].config.a': "add",
            "policy": "update",
        },
        before={"components": {"com.acme.model": {"componentVersion": "1.0.0"}}, "policy": json.dumps(policy)},
        after={
            "components": {
                "com.acme.model": {"componentVersion": "1.1.0", "config": {}},
                "com.acme.new": {"config": {"a": 7}},
            },
            "policy": json.dumps(wider),
        },
    )
    (one,) = of_resources("staging", [found], fleet=None)
    assert one.changes == (
        '~ components["com.acme.model"]: 1.0.0 -> 1.1.0',
        '+ components["com.acme.new"].config.a: 7',
        "~ policy.Statement[0].Action[1]: none -> s3:PutObject",
    )


def test_of_a_list_of_names_is_told_what_came_and_what_went() -> None:
    found = Strayed(
        gone=False,
        urn=strayed("line-inspection").urn,
        paths={"policyArns": "update", "policyNames[0]": "update", "policyNames[1]": "add", "more.names[1]": "delete"},
        before={"policyNames": ["permissions"], "more": {"names": ["a", "b"]}},
        after={"policyNames": ["backdoor", "permissions"], "policyArns": ["arn:x"], "more": {"names": ["a"]}},
    )
    (one,) = of_resources("staging", [found], fleet=None)
    assert one.changes == ("- more.names: b", "+ policyArns: arn:x", "+ policyNames: backdoor")


def test_one_fleets_resources_are_those_that_are_named_for_it() -> None:
    found = [
        strayed("line-inspection/twins", gone=True),
        strayed("line-inspection-two/twins"),
        strayed("line-inspection", chain="edgewright:index:NamedThings$aws:iot/thing:Thing"),
    ]
    names = [each.name for each in of_resources("staging", found, fleet="line-inspection")]
    assert names == ["line-inspection/twins"]
    assert len(of_resources("staging", found, fleet=None)) == 3


# --- rings and devices -------------------------------------------------------------------------------------------


def test_a_ring_is_told_once_and_its_devices_are_held_against_what_was_deployed() -> None:
    foreign = deployment(TWINS, release=None, components={**OLD, "com.acme.extra": "3.0.0"})
    devices = [holding(name, dict(foreign.components)) for name in ("a", "b")]
    found = drift(reading(devices, foreign))
    (ring,) = found.rings
    assert ring.told == (
        "deployment d-1 was made behind Git's back: com.acme.extra 3.0.0 is not in the release; "
        "com.acme.parts-model is 0.9.0 in place of 1.0.0"
    )
    assert (found.devices, found.any) == ((), True)


def test_devices_are_told_by_component_and_the_offline_ones_apart() -> None:
    local = {name: installed(name, version) for name, version in VERSIONS.items()}
    local["com.acme.debug"] = installed("com.acme.debug", "1.0.0", source="LOCAL")
    local["com.acme.needed"] = installed("com.acme.needed", "1.0.0", root=False)
    away = offline("c", installed={name: installed(name, version) for name, version in OLD.items()})
    failed = holding("d", OLD, "FAILED", outcome=Outcome(status="FAILED", reason="no space", codes=(), updated=AT))
    devices = [
        holding("a", VERSIONS),
        device("b", installed=local),
        away,
        failed,
        holding("e", OLD, "IN_PROGRESS"),
        holding("f", {name: version for name, version in VERSIONS.items() if name != MODEL}),
    ]
    found = drift(reading(devices, deployment(TWINS)))
    shown = {each.thing: [str(one) for one in each.differences] for each in found.devices}
    assert shown == {
        "b": ["com.acme.debug 1.0.0 is not in the release, installed locally"],
        "d": ["com.acme.parts-model is 0.9.0 in place of 1.0.0"],
        "f": ["com.acme.parts-model 1.0.0 is missing"],
    }
    assert [each.why for each in found.devices] == ["", "no space", ""]
    assert [each.thing for each in found.offline] == ["c"]
    assert (found.compared, found.underway) == (5, 1)


def test_offline_devices_alone_are_no_drift() -> None:
    away = offline("c", installed={name: installed(name, version) for name, version in OLD.items()})
    found = drift(reading([away, holding("a", VERSIONS)], deployment(TWINS)))
    assert found.any is False
    assert summary(found) == "no drift (1 stack, 1 ring, 2 devices compared, 1 offline device behind)"


@pytest.mark.parametrize(
    ("latest", "expected"),
    [
        pytest.param(None, "Git wants release {}, and nothing is deployed", id="not deployed"),
        pytest.param(
            deployment(TWINS, release="sha256:" + "0" * 64),
            "Git wants release {}, and revision 7 has 000000000000",
            id="another release of ours",
        ),
        pytest.param(deployment(TWINS), None, id="as Git says"),
    ],
)
def test_a_ring_against_git(latest: Any, expected: str | None) -> None:
    (ring,) = assess(sample(), [reading(latest=latest)], AT).rings
    found = of_ring(ring)
    assert (found.told if found else None) == (expected and expected.format(TWINS.release[7:19]))


def test_devices_that_were_not_asked_are_not_compared() -> None:
    assert of_devices(reading([device("a")], deployment(TWINS))) == ([], 0, 0)


def whole() -> Drift:
    away = offline("twin-003", installed={name: installed(name, version) for name, version in OLD.items()})
    foreign = deployment(TWINS, release=None, components=OLD)
    resources = of_resources(
        "staging",
        [strayed("line-inspection/twins", deploymentName="update"), strayed("line-inspection", gone=True)],
        fleet=None,
    )
    devices = [holding("twin-001", {**OLD, MODEL: "0.1.0\x1b[2J"}), away]
    return drift(
        reading(devices, foreign), resources=tuple(resources), unread=(Unread(what="stack prod", why="it is\nlocked"),)
    )


def test_people_and_machines_read_all_of_it(golden: Golden) -> None:
    shown = "\n".join(lines(whole(), lambda text, _colour: text, everybody=False)) + "\n"
    assert "\x1b" not in shown
    golden("golden/drift.txt", shown)
    golden("golden/drift.json", json.dumps(document(whole()), indent=2) + "\n")


# --- repair ------------------------------------------------------------------------------------------------------


def where(fleet: str | None = None, stage: str | None = None) -> Where:
    return Where(Scope(fleet, stage))


def test_the_stacks_of_a_scope() -> None:
    def names(fleet: str | None, stage: str | None) -> list[str]:
        return [stack.name for stack in chosen_stacks(sample(), where(fleet, stage))]

    assert names(None, None) == ["tooling", "prod", "staging"]
    assert names("line-inspection", None) == ["prod", "staging"]
    assert names(None, "prod") == ["prod"]


def test_a_shard_is_the_stack_of_its_fleets(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod-eu.yaml").write_text(
        "config: {'edgewright:stage': prod, 'edgewright:fleets': [label-reading]}\n"
    )
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {'edgewright:fleets': [line-inspection]}\n")
    project = replaced(sample(), root=tmp_path)
    assert [stack.name for stack in chosen_stacks(project, where("label-reading"))] == ["prod-eu"]
    (tmp_path / "Pulumi.prod.yaml").write_text("config: [\n")
    with pytest.raises(EdgewrightError, match=r"Pulumi\.prod\.yaml:"):
        chosen_stacks(project, where())


def test_an_update_repairs_the_cloud_and_a_new_revision_the_devices() -> None:
    """A ring that is updated anyway is not sent again; what is only extra on a device, no revision removes."""
    missing = holding("a", OLD)
    by_device = plan(sample(), where(), drift(reading([missing], deployment(TWINS))))
    assert (by_device.stacks, by_device.rings) == ((), (("line-inspection", "staging/twins"),))
    behind = drift(reading([missing], deployment(TWINS, release="sha256:" + "0" * 64)))
    by_update = plan(sample(), where(), behind)
    assert ([stack.name for stack in by_update.stacks], by_update.rings) == (["staging"], ())
    extra = holding("a", {**VERSIONS, "com.acme.debug": "1.0.0"})
    assert told(plan(sample(), where(), drift(reading([extra], deployment(TWINS))))) == (
        "nothing that an update could put right"
    )


def test_repair_goes_through_the_gates_of_every_update() -> None:
    hold = Hold(
        **WHO, kind="Hold", reason="for later", fleet="line-inspection", ring="staging/twins", release=TWINS.release
    )
    label = ring_of(sample(), "label-reading", "staging", "twins")
    controls = Controls(
        stops={"line-inspection": Stop(**WHO, kind="Stop", reason="an incident")},
        holds=(hold,),
        quarantines={label.release: Quarantine(**WHO, kind="Quarantine", reason="wrong labels", release=label.release)},
    )
    window = Window(kind="deny", cron="0 0 * * *", duration="1d", time_zone="UTC", reason="frozen", stages=("staging",))
    organisation = sample().organisation.model_copy(update={"windows": (window,)})
    project = replaced(sample(), controls=controls, organisation=organisation, root=Path("/nowhere/at/all"))
    found = drift(reading([], deployment(TWINS, release=None)))
    wanted = plan(sample(), where(), found)
    told_ = [line.partition(" (")[0] for line in refusals(project, wanted, found)]
    # The stack updates all of its fleets, so the controls of each of them count; a hold is for promotions.
    assert told_ == [
        "label-reading in staging: quarantine: wrong labels",
        "label-reading in staging: window: frozen",
        "line-inspection in staging: stop: an incident",
        "line-inspection in staging: window: frozen",
    ]
    assert list(refusals(replaced(sample(), root=Path("/nowhere/at/all")), wanted, found)) == []


def test_what_is_not_committed_is_not_deployed(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path, author="Ada", email="ada@acme.example")
    (tmp_path / "a").write_text("a")
    repository.commit("a")
    project = replaced(sample(), root=tmp_path)
    found = drift(reading([], deployment(TWINS, release=None)))
    wanted = plan(sample(), where(), found)
    assert list(refusals(project, wanted, found)) == []
    (tmp_path / "a").write_text("b")
    (refusal,) = refusals(project, wanted, found)
    assert refusal.startswith("the work tree has changes that are not committed")
