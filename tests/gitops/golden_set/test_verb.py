"""The golden set before a device of the sandbox: measured, judged, recorded, and read by the gate."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewright.gitops.events import TestRecorded
from edgewright.gitops.ledger import Ledger
from edgewright.sandbox.control import Sandbox
from tests.gitops.promotions import FLEET, World
from tests.gitops.readings import device
from tests.helpers.repositories import change_text
from tests.sandbox.device.fleet import Fleet

RING, MODEL, INFERENCE = "staging/twins", "com.acme.parts-model", "com.acme.parts-inference"
RELEASE = {"aws.greengrass.Nucleus": "2.14.3", "aws.greengrass.TokenExchangeService": "2.0.3", MODEL: "1.1.0"}
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def fleet(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.endpoint)
    made = Fleet(sandbox)
    sandbox.start_devices()
    yield made
    sandbox.stop_devices()


@pytest.fixture
def asking(world: World) -> World:
    """The world, with a gate that asks for the test."""
    change_text(world.repository, f"fleets/{FLEET}/fleet.yaml", "{healthy: 100%}", "{tests: [golden-set]}")
    world.repository.commit("Ask for the golden set")
    world.push()
    world.bump("1.1.0")
    runs(world, "1.1.0")
    return world


def runs(world: World, model: str, inference: str = "2.1.0", *things: str) -> None:
    """Say what the ring's latest deployment has."""
    world.deploy(RING)
    known = world.live[RING]
    assert known.deployment is not None
    latest = dataclasses.replace(known.deployment, components={MODEL: model, INFERENCE: inference})
    devices = tuple(device(thing) for thing in things or ("twin-001",))
    world.live[RING] = dataclasses.replace(known, deployment=latest, devices=devices)


def test_a_device_is_asked_and_the_gate_reads_what_came_of_it(asking: World, fleet: Fleet, capsys: Capture) -> None:
    for name, version in ((MODEL, "1.1.0"), (INFERENCE, "2.1.0")):
        fleet.publish(name, version)
    fleet.add("twin-001")
    job = fleet.deploy({**RELEASE, INFERENCE: "2.1.0"})
    assert fleet.ends(job, ["twin-001"]) == {"twin-001": "SUCCEEDED"}, fleet.story(["twin-001"])
    golden = ("test", "golden-set", FLEET, RING, "--sandbox", str(fleet.sandbox.directory))
    loose = ("--latency", "60000", "--memory", "4000")  # a busy machine is no fault of the model's

    assert asking.edgewright(*golden, *loose, "--accuracy", "0.99") == 2
    said = capsys.readouterr().out
    assert f"{MODEL} 1.1.0 by {INFERENCE} 2.1.0 on 1 device: 95.0% right of 200, p95 " in said
    assert "twin-001 is right in 95.0%, wanted is 99.0%" in said
    assert asking.edgewright("promote", FLEET) == 2
    assert "golden-set" in capsys.readouterr().out

    assert asking.edgewright(*golden, *loose, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    (measured,) = document["models"][0]["devices"]
    assert document["passed"]
    assert document["models"][0]["bounds"] == {"accuracy": 0.9, "latencyP95": 60000.0, "memory": 4000.0}
    assert (measured["answered"], measured["accuracy"], measured["errors"]) == (200, 0.95, [])
    assert measured["latencyP95"] > 0
    assert measured["memory"] > 10_000_000
    events = [each for each in Ledger(asking.repository).events(FLEET) if isinstance(each, TestRecorded)]
    assert [(each.name, each.passed, each.deployment, each.release) for each in events] == [
        ("golden-set", False, "d-1", asking.release(RING)),
        ("golden-set", True, "d-1", asking.release(RING)),
    ]
    assert asking.edgewright("promote", FLEET, "--dry-run") == 0

    runs(asking, "1.2.0")  # the deployment says 1.2.0, and 1.1.0 answers
    assert asking.edgewright(*golden, *loose, "--no-record") == 2
    assert "twin-001 answered with another model" in capsys.readouterr().out
    work = fleet.work("twin-001", INFERENCE)
    assert not list((work / "requests").iterdir())
    assert not list((work / "responses").glob("golden-*"))


def test_answers_carried_from_devices_count_as_well(asking: World, tmp_path: Path, capsys: Capture) -> None:
    golden = ("test", "golden-set", FLEET, RING)
    out = tmp_path / "out"
    assert asking.edgewright(*golden, "--write", str(out)) == 0
    assert f"200 requests in {out / INFERENCE}" in capsys.readouterr().out
    labels = json.loads((asking.repository.root / "golden" / "parts-model.json").read_text())["labels"]
    locked = (asking.repository.root / "catalog" / MODEL / "1.1.0" / "metrics.json").read_text()
    responses = tmp_path / "responses"
    responses.mkdir()
    for request, label in zip(sorted((out / INFERENCE).iterdir()), labels, strict=True):
        answer = {"prediction": str(label), "latencyMs": 2, "modelDigest": json.loads(locked)["sha256"]}
        (responses / f"{request.stem}.json").write_text(json.dumps(answer))
    back = (*golden, "--no-record", "--answers", f"twin-001={responses}")
    assert asking.edgewright(*back) == 2
    assert "twin-001: memory could not be measured" in capsys.readouterr().out
    assert asking.edgewright(*golden, "--no-record", "--answers", f"twin-009={responses}") == 1
    assert "'twin-009' is no device of staging/twins: it has twin-001" in capsys.readouterr().err


def test_what_cannot_be_tested_says_what_to_do(
    asking: World, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*arguments: str) -> str:
        assert asking.edgewright("test", "golden-set", FLEET, *arguments) == 1
        return capsys.readouterr().err

    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert "--write DIR" in told(RING, "--sandbox", str(tmp_path))
    assert "its tests are golden-set" in told(RING, "--name", "smoke")
    assert "its tests are none" in told("prod/canary")
    assert "--accuracy 90 is not a share" in told(RING, "--accuracy", "90")
    assert "--latency 0 is not a number above 0" in told(RING, "--latency", "0")
    assert "--latency inf is not" in told(RING, "--latency", "inf")
    assert "--memory nan is not" in told(RING, "--memory", "nan")
    assert "--answers 'x' is not THING=PATH" in told(RING, "--answers", "x")
    runs(asking, "1.1.0", "9.9.9")
    assert "no component of the ring reads com.acme.parts-model" in told(RING)
    asking.live.clear()
    assert "staging/twins cannot be read" in told(RING)
