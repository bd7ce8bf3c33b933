"""What rings run against what Git wants: the assessment, and how people and machines read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.aws.reading import Facet, Gap, RingReading
from edgewright.gitops.status.document import document
from edgewright.gitops.status.model import RingStatus, Standing, Status, assess, standing
from edgewright.gitops.status.text import lines
from edgewright.gitops.words import age, plain, span
from edgewright.manifest.controls import Controls, Hold, Quarantine, Stop
from edgewright.manifest.windows import Window
from tests.conftest import Golden
from tests.helpers.projects import replaced, ring_of, sample
from tests.helpers.readings import AT, ago, deployment, device, holding, installed, offline, reading

TWINS = ring_of(sample(), "line-inspection", "staging", "twins")
VERSIONS = {name: component.version for name, component in TWINS.components.items()}
MODEL = "com.acme.parts-model"


def status(*readings: RingReading, project: Any = None) -> Status:
    return assess(project or sample(), readings, AT)


def only(*arguments: Any, **more: Any) -> RingStatus:
    (ring,) = status(*arguments, **more).rings
    return ring


def text(found: Status, **options: Any) -> str:
    shown = lines(found, lambda text, _colour: text, **{"components": True, "everybody": False, **options})
    return "\n".join(shown) + "\n"


@pytest.mark.parametrize(
    ("latest", "expected"),
    [
        pytest.param(deployment(TWINS), Standing.LEVEL, id="the release of Git"),
        pytest.param(deployment(TWINS, release="sha256:" + "0" * 64), Standing.BEHIND, id="another release of ours"),
        pytest.param(deployment(TWINS, release=None), Standing.FOREIGN, id="no tag of ours"),
        pytest.param(deployment(TWINS, components={**VERSIONS, MODEL: "9.9.9"}), Standing.FOREIGN, id="a copied tag"),
        pytest.param(None, Standing.ABSENT, id="no deployment"),
    ],
)
def test_the_latest_deployment_is_held_against_git(latest: Any, expected: Standing) -> None:
    assert standing(TWINS, reading(latest=latest)) is expected


def test_a_deployment_that_could_not_be_read_is_no_absent_one() -> None:
    assert standing(TWINS, reading(known=frozenset(Facet) - {Facet.DEPLOYMENT})) is Standing.UNKNOWN


def test_components_are_counted_by_what_devices_say() -> None:
    devices = [
        holding("a", VERSIONS),
        holding("b", {**VERSIONS, MODEL: "0.9.0"}),
        holding("c", {**VERSIONS, MODEL: f"{VERSIONS[MODEL]} BROKEN"}),
        holding("d", {name: version for name, version in VERSIONS.items() if name != MODEL}),
        device("e", None, health=None, reported=None),
    ]
    found = only(reading(devices, deployment(TWINS)))
    model = next(each for each in found.components if each.name == MODEL)
    assert (model.devices, model.running, model.healthy, dict(model.others)) == (4, 2, 1, {"0.9.0": 1})
    assert (found.online, found.healthy) == (4, 1)


def test_devices_that_were_not_asked_have_what_the_job_says() -> None:
    devices = [device("a"), device("b", health="UNHEALTHY"), device("c", "QUEUED"), device("d", "FAILED")]
    model = next(each for each in only(reading(devices, deployment(TWINS))).components if each.name == MODEL)
    assert (model.devices, model.running, model.healthy) == (4, 2, 1)


def test_without_the_job_nothing_is_guessed() -> None:
    known = frozenset(Facet) - {Facet.JOB, Facet.EXECUTIONS, Facet.COMPONENTS}
    gap = Gap(what="the counts of its job", why="not answered within 5 s")
    found = only(reading([device("a", None)], deployment(TWINS), known=known, job=None, gaps=(gap,)))
    assert {(each.running, each.healthy) for each in found.components} == {(None, None)}
    assert found.reading.healthy_share() is None
    shown = document(Status(at=AT, rings=(found,)))
    assert shown["complete"] is False
    assert shown["rings"][0]["devices"]["healthy"] is None
    assert "not read: the counts of its job: not answered within 5 s" in text(Status(at=AT, rings=(found,)))


def test_controls_in_force_are_named() -> None:
    who = {"apiVersion": "edgewright/v1", "by": "ada@acme.example", "at": "2026-03-01T09:30:00Z"}
    hold = Hold(
        **who, kind="Hold", reason="canary overheats", fleet="line-inspection", ring="staging/twins",
        release="sha256:" + "b" * 64,
    )  # fmt: skip
    controls = Controls(
        stops={"all": Stop(**who, kind="Stop", reason="an incident")},
        holds=(hold, hold.model_copy(update={"ring": "prod/main"})),
        quarantines={TWINS.release: Quarantine(**who, kind="Quarantine", reason="wrong labels", release=TWINS.release)},
    )
    window = Window(kind="deny", cron="0 0 * * *", duration="1d", time_zone="UTC", reason="always", stages=("staging",))
    organisation = sample().organisation.model_copy(update={"windows": (window,)})
    project = replaced(sample(), controls=controls, organisation=organisation)
    found = only(reading(latest=deployment(TWINS)), project=project)
    assert [each.kind for each in found.controls] == ["stop", "quarantine", "hold", "window"]
    assert (
        found.controls[2].told == "release bbbbbbbbbbbb: canary overheats (by ada@acme.example, 2026-03-01T09:30:00Z)"
    )


def whole() -> Status:
    """A staging ring in trouble, a canary that is well, and a main ring that somebody changed."""
    project = sample()
    canary = ring_of(project, "line-inspection", "prod", "canary")
    main = ring_of(project, "line-inspection", "prod", "main")
    bell = "it \x1b[31mbroke\x1b[0m\nbadly"
    broken = {
        **{name: installed(name, version) for name, version in VERSIONS.items()},
        MODEL: installed(MODEL, VERSIONS[MODEL], "BROKEN", details=bell),
    }
    twins = [
        holding("twin-001", VERSIONS),
        device("twin-002", health="UNHEALTHY", installed=broken),
        offline("twin-003"),
        device("twin-004", None, health=None, reported=None),
    ]
    versions = {name: component.version for name, component in canary.components.items()}
    prod = {"stage": "prod", "devices": (holding("cam-001", versions),)}
    foreign = deployment(main, release=None, owner=None, name="by \x07hand", created=ago(minutes=10))
    return status(
        reading(twins, deployment(TWINS)),
        reading(latest=deployment(canary), ring="canary", **prod),
        reading(latest=foreign, ring="main", **{**prod, "devices": (device("cam-002"),)}),
        project=project,
    )


def test_people_read_what_needs_a_look(golden: Golden) -> None:
    golden("golden/status.txt", text(whole()))


def test_machines_read_everything(golden: Golden) -> None:
    golden("golden/status.json", json.dumps(document(whole()), indent=2) + "\n")


def test_machines_may_ask_for_every_device() -> None:
    devices = [holding("a", {MODEL: "1.0.0 BROKEN"}), device("b", "QUEUED")]
    (ring,) = document(status(reading(devices, deployment(TWINS))), devices=True)["rings"]
    first, second = ring["members"]
    assert (first["thing"], first["reported"], first["tookAt"]) == ("a", "2026-03-02T11:55:00Z", "2026-03-02T10:00:00Z")
    assert first["components"] == [
        {
            "name": MODEL,
            "version": "1.0.0",
            "state": "BROKEN",
            "root": True,
            "source": "d-1",
            "changed": "2026-03-02T10:00:00Z",
        }
    ]
    assert (second["execution"], second["tookAt"], second["components"]) == ("QUEUED", None, None)


def test_many_stragglers_are_counted_unless_all_are_wanted() -> None:
    found = status(reading([offline(f"t-{number:02}") for number in range(12)], deployment(TWINS)))
    short = text(found, components=False)
    assert "t-09" in short
    assert "t-10" not in short
    assert "and 2 more devices: 2 offline; --all names them" in short
    assert "t-11" in text(found, components=False, everybody=True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("plain", "plain", id="as it is"),
        pytest.param("a\x1b[2Jb\r\nc\u202ed", "a [2Jb c d", id="control characters and directions"),
        pytest.param("x" * 500, "x" * 397 + "...", id="too long"),
    ],
)
def test_other_peoples_words_are_one_harmless_line(given: str, expected: str) -> None:
    assert plain(given) == expected


def test_ages_have_one_unit() -> None:
    shown = [age(ago(**each), AT) for each in ({"seconds": 3}, {"minutes": 90}, {"hours": 36}, {"days": 3})]
    assert shown == ["3 s", "90 min", "36 h", "3 d"]
    assert (age(None, AT), span(ago(hours=1) - AT)) == ("", "0 s")
