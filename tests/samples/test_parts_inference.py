"""com.acme.parts-inference for real: its own scripts, in a shell, with the variables that the nucleus fills in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.lifecycle import Device

INFERENCE = "com.acme.parts-inference"
MODEL = "com.acme.parts-model"
VERSIONS = ("2.0.0", "2.1.0")
FAST = {"intervalSeconds": 0.05}


def until(what: Callable[[], Any], seconds: float = 90) -> Any:
    """Wait for something true; the time is a limit, not a pause."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)
    return value


def ready(device: Device, version: str = "2.0.0", model: str = "1.0.0", **configuration: Any) -> None:
    """Install both components and start the worker."""
    device.configuration = {**FAST, "fleet": "line-inspection", **configuration}
    device.install(MODEL, model)
    device.install(INFERENCE, version)
    for step in ("install", "startup"):
        done = device.run(INFERENCE, step)
        assert done.returncode == 0, done.stderr


def lines(device: Device) -> list[dict[str, Any]]:
    file = device.work(INFERENCE) / "predictions.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def worker(device: Device) -> int:
    return int(json.loads((device.work(INFERENCE) / "worker.json").read_text())["pid"])


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody waits for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ask(device: Device, name: str, content: str) -> dict[str, Any]:
    """Drop an image as the documentation says, and wait for the answer."""
    work = device.work(INFERENCE)
    (work / "requests" / f".{name}").write_text(content)
    (work / "requests" / f".{name}").rename(work / "requests" / f"{name}.pgm")
    answer = work / "responses" / f"{name}.json"
    until(answer.exists)
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def sample(project_root: Path, name: str) -> str:
    return (project_root / "catalog" / INFERENCE / "2.0.0" / "parts_inference" / "images" / name).read_text()


@pytest.mark.parametrize("version", VERSIONS)
def test_predictions_come_in_the_schema_of_the_capture(device: Device, version: str) -> None:
    ready(device, version)
    first = until(lambda: lines(device))[0]
    assert set(first) - {"accepted"} == {
        "eventVersion", "eventMetadata", "features", "prediction", "confidence", "latencyMs", "componentVersion",
        "modelDigest", "source", "trigger",
    }  # fmt: skip
    assert first["eventVersion"] == "1"
    assert first["eventMetadata"].items() >= {
        "deviceFleetName": "line-inspection",
        "deviceId": "cam-001",
        "modelName": MODEL,
        "modelVersion": "1.0.0",
    }.items()  # fmt: skip
    assert set(first["features"]) == {"brightness", "contrast", "inkShare", "centreX", "centreY"}
    assert first["componentVersion"] == version
    metrics = json.loads((device.catalog.root / "catalog" / MODEL / "1.0.0" / "metrics.json").read_text())
    assert first["modelDigest"] == f"sha256:{metrics['sha256']}"
    assert 0 < first["latencyMs"] < 1000


def test_the_timer_goes_through_all_images_and_most_are_right(device: Device) -> None:
    ready(device)
    seen = until(lambda: found if len(found := lines(device)) >= 20 else None)[:20]
    assert len({each["source"] for each in seen}) == 20
    right = sum(each["source"].startswith(f"digit-{each['prediction']}-") for each in seen)
    assert right == 19, "1.0.0 takes one of the threes for a five"


def test_a_request_is_answered_and_taken_away(device: Device, project_root: Path) -> None:
    ready(device, intervalSeconds=3600)
    answer = ask(device, "part 7", sample(project_root, "digit-7-000.pgm"))
    assert (answer["prediction"], answer["trigger"]) == ("7", "request")
    assert answer["confidence"] > 0.9
    until(lambda: not list((device.work(INFERENCE) / "requests").glob("*.pgm")))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "does not begin with P2"),
        ("P5\n8 8\n255\n", "does not begin with P2"),
        ("P2\n2 2\n16\n0 0 0 0\n", "the model takes images of 64 pixels (8x8), this one has 2x2"),
        ("P2\n8 8\n16\n1 2 3\n", "8x8 pixels need 64 values, there are 3"),
        ("P2\n8 8\n16\n" + "17 " * 64, "a grey value is outside 0..16"),
        ("P2\n8 8\nmany\n", "is not a plain PGM image"),
        ("P2\n-8 -8\n16\n" + "1 " * 64, "is out of bounds"),
        ("P2\n" + "9" * 70000, "is larger than 65536 bytes"),
        ("P2", "is not a plain PGM image"),
    ],
    ids=["empty", "raw", "small", "short", "bright", "words", "negative", "huge", "header"],
)
def test_a_bad_request_gets_an_answer_and_harms_nothing(
    device: Device, project_root: Path, content: str, words: str
) -> None:
    ready(device, intervalSeconds=3600)
    assert words in ask(device, "bad", content)["error"]
    assert ask(device, "good", sample(project_root, "digit-0-008.pgm"))["prediction"] == "0"


@pytest.mark.parametrize("version", VERSIONS)
def test_startup_fails_when_the_model_does_not_load(device: Device, version: str) -> None:
    device.install(MODEL, "1.2.0")
    device.install(INFERENCE, version)
    assert device.run(INFERENCE, "install").returncode == 0
    done = device.run(INFERENCE, "startup")
    assert done.returncode == 1
    assert "com.acme.parts-model 1.2.0 does not load" in done.stderr
    assert "Opset 28" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (device.work(INFERENCE) / "ready.json").exists()
    assert not (device.work(INFERENCE) / "worker.json").exists()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "parts-model.onnx").unlink(), "cannot be read"),
        (lambda folder: (folder / "parts-model.onnx").write_bytes(b"x"), "metrics.json says"),
        (lambda folder: (folder / "metrics.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "metrics.json").write_text("[]"), "must hold a JSON object"),
    ],
    ids=["no-model", "other-model", "damaged-metrics", "odd-metrics"],
)
def test_startup_fails_when_the_model_is_damaged(device: Device, damage: Callable[[Path], Any], words: str) -> None:
    device.install(MODEL, "1.0.0")
    device.install(INFERENCE, "2.0.0")
    damage(device.root / "packages" / "artifacts" / MODEL / "1.0.0")
    device.run(INFERENCE, "install")
    done = device.run(INFERENCE, "startup")
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("intervalSeconds", "often"),
        ("intervalSeconds", 0),
        ("sampleRate", 1.5),
        ("predictionsMaxKilobytes", "nan"),
        ("imagesDirectory", "/nowhere"),
        ("imagesDirectory", "$(touch hacked)"),
    ],
)
def test_startup_names_the_configuration_that_is_wrong(device: Device, key: str, value: Any) -> None:
    device.configuration = {**FAST, key: value}
    device.install(MODEL, "1.0.0")
    device.install(INFERENCE, "2.0.0")
    device.run(INFERENCE, "install")
    done = device.run(INFERENCE, "startup")
    assert done.returncode == 1
    assert f"configuration {key}" in done.stderr
    assert not list(device.root.rglob("hacked"))


def test_shutdown_stops_the_worker_and_only_it(device: Device) -> None:
    ready(device)
    pid = worker(device)
    assert alive(pid)
    done = device.run(INFERENCE, "shutdown")
    assert (done.returncode, done.stdout) == (0, f"worker {pid} stopped\n")
    assert not alive(pid)
    assert not (device.work(INFERENCE) / "ready.json").exists()
    assert device.run(INFERENCE, "shutdown").stdout == "no worker was running\n"


def test_a_process_that_only_has_the_same_number_is_left_alone(device: Device) -> None:
    ready(device)
    device.run(INFERENCE, "shutdown")
    with subprocess.Popen(["sleep", "60"]) as other:
        record = {"pid": other.pid, "began": "another boot/1"}
        (device.work(INFERENCE) / "worker.json").write_text(json.dumps(record))
        done = device.run(INFERENCE, "shutdown")
        assert (done.returncode, done.stdout) == (0, "the worker had already ended\n")
        assert other.poll() is None
        other.kill()


def test_a_worker_that_was_left_behind_is_replaced(device: Device) -> None:
    """As after a crash of the nucleus: startup runs although nobody ran shutdown."""
    ready(device)
    first = worker(device)
    assert device.run(INFERENCE, "startup").returncode == 0
    assert worker(device) != first
    assert not alive(first)


def test_a_worker_that_was_killed_is_replaced(device: Device) -> None:
    ready(device)
    first = worker(device)
    os.kill(first, signal.SIGKILL)
    until(lambda: not alive(first))
    assert device.run(INFERENCE, "shutdown").stdout == "the worker had already ended\n"
    assert device.run(INFERENCE, "startup").returncode == 0
    assert alive(worker(device))


def test_the_worker_stays_in_the_process_group_of_its_script(device: Device) -> None:
    """So that a device that gives up on a component ends the worker with it."""
    ready(device)
    device.run(INFERENCE, "shutdown")
    script = device.start(INFERENCE, "startup")
    assert script.wait(180) == 0
    for stream in (script.stdout, script.stderr):
        assert stream is not None
        stream.close()
    pid = worker(device)
    assert os.getpgid(pid) == script.pid
    os.killpg(script.pid, signal.SIGKILL)
    until(lambda: not alive(pid))


def test_another_version_of_the_model_is_taken_on_restart(device: Device) -> None:
    ready(device)
    until(lambda: lines(device))
    device.run(INFERENCE, "shutdown")
    device.install(MODEL, "1.1.0")
    assert device.run(INFERENCE, "startup").returncode == 0
    seen = lambda: {each["eventMetadata"]["modelVersion"] for each in lines(device)}  # noqa: E731 -- used twice
    until(lambda: "1.1.0" in seen())
    assert seen() == {"1.0.0", "1.1.0"}


def test_predictions_are_bounded(device: Device) -> None:
    ready(device, predictionsMaxKilobytes=1)
    work = device.work(INFERENCE)
    until((work / "predictions.1.jsonl").exists)
    sizes = [
        (work / name).stat().st_size for name in ("predictions.jsonl", "predictions.1.jsonl") if (work / name).exists()
    ]
    assert max(sizes) <= 1024
    json.loads((work / "predictions.1.jsonl").read_text().splitlines()[-1])


def test_the_sample_rate_takes_an_even_share(device: Device, project_root: Path) -> None:
    ready(device, intervalSeconds=3600, sampleRate=0.25)
    for number in range(7):  # and one by the timer, at once
        ask(device, f"r{number}", sample(project_root, "digit-1-003.pgm"))
    assert len(lines(device)) == 2


def test_nothing_is_recorded_at_a_rate_of_zero(device: Device, project_root: Path) -> None:
    ready(device, sampleRate=0)
    assert ask(device, "one", sample(project_root, "digit-1-003.pgm"))["prediction"] == "1"
    assert lines(device) == []


def test_images_may_come_from_a_folder_and_a_bad_one_is_reported_once(device: Device, project_root: Path) -> None:
    folder = device.root / "camera roll"
    folder.mkdir(parents=True)
    (folder / "a.pgm").write_text("nonsense")
    (folder / "b.pgm").write_text(sample(project_root, "digit-4-005.pgm"))
    ready(device, imagesDirectory=str(folder))
    seen = until(lambda: found if len(found := lines(device)) >= 3 else None)
    assert {(each["source"], each["prediction"]) for each in seen} == {("b.pgm", "4")}
    log = (device.work(INFERENCE) / "worker.log").read_text()
    assert log.count("a.pgm is not a plain PGM image (P2): it does not begin with P2") == 1


def test_a_prediction_below_the_threshold_is_not_accepted(device: Device, project_root: Path) -> None:
    ready(device, "2.1.0", intervalSeconds=3600, threshold=0.8)
    sure = ask(device, "sure", sample(project_root, "digit-7-000.pgm"))
    unsure = ask(device, "unsure", sample(project_root, "digit-3-007.pgm"))
    assert (sure["accepted"], unsure["accepted"]) == (True, False)
    assert unsure["confidence"] < 0.8


def test_images_can_be_classified_without_a_worker(device: Device) -> None:
    device.install(MODEL, "1.1.0")
    device.install(INFERENCE, "2.0.0")
    _, environment = device.script(INFERENCE, "install")
    home = Path(environment["PARTS_HOME"])
    done = subprocess.run(
        ["python3", "-m", "parts_inference", "classify", str(home / "images" / "digit-8-004.pgm")],
        env={**environment, "PYTHONPATH": str(home.parent)}, text=True, capture_output=True, timeout=180, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["prediction"] == "8"


# --- install ---------------------------------------------------------------------------------------------------


def test_install_takes_the_python_that_carries_the_runtime(device: Device) -> None:
    device.install(MODEL, "1.0.0")
    device.install(INFERENCE, "2.0.0")
    done = device.run(INFERENCE, "install")
    assert done.returncode == 0, done.stderr
    assert not (device.work(INFERENCE) / "venv").exists()
    assert Path((device.work(INFERENCE) / "interpreter").read_text().strip()).name == "python3"


def test_install_builds_an_environment_with_hashes_where_the_runtime_is_missing(device: Device, tmp_path: Path) -> None:
    """With a python3 that has no onnxruntime, and records what it is asked: no test downloads wheels."""
    device.install(MODEL, "1.0.0")
    device.install(INFERENCE, "2.0.0")
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "python3").write_text(
        "#!/bin/sh\n"
        f'echo "$*" >>"{tmp_path}/asked"\n'
        'case "$*" in\n'
        '"-m parts_inference runtime") echo "onnxruntime is not installed"; exit 1 ;;\n'
        '"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;\n'
        "esac\n"
    )
    (fake / "python3").chmod(0o755)
    script, environment = device.script(INFERENCE, "install")
    run = lambda: subprocess.run(  # noqa: E731 -- twice the same
        ["/bin/sh", "-c", script], env={**environment, "PATH": f"{fake}:/usr/bin:/bin"}, text=True, capture_output=True,
        timeout=180, check=False,
    )  # fmt: skip
    done = run()
    assert done.returncode == 0, done.stderr
    assert "onnxruntime is not installed; building" in done.stdout
    asked = (tmp_path / "asked").read_text()
    assert "-m pip install --require-hashes --only-binary :all:" in asked
    work = device.work(INFERENCE)
    assert (work / "interpreter").read_text().strip() == str(work / "venv" / "bin" / "python")


def test_install_says_when_there_is_no_python(device: Device, tmp_path: Path) -> None:
    device.install(MODEL, "1.0.0")
    device.install(INFERENCE, "2.0.0")
    script, environment = device.script(INFERENCE, "install")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "mkdir"):
        (tools / name).symlink_to(f"/bin/{name}")
    done = subprocess.run(
        ["/bin/sh", "-c", script], env={**environment, "PATH": str(tools)}, text=True, capture_output=True,
        timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "there is no python3 on PATH" in done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_the_component_knows_its_own_version_and_pins_every_requirement(project_root: Path, version: str) -> None:
    home = project_root / "catalog" / INFERENCE / version / "parts_inference"
    assert f'COMPONENT_VERSION = "{version}"' in (home / "__init__.py").read_text()
    pins = [line for line in (home / "requirements.txt").read_text().splitlines() if line[:1].isalpha()]
    assert all("==" in line and line.endswith("\\") for line in pins)
    assert {line.partition("==")[0] for line in pins} >= {"onnxruntime", "numpy"}


def test_the_tests_run_the_runtime_that_devices_are_given(project_root: Path) -> None:
    """The simulated devices use the project's own Python; with another version each would build an environment."""
    import onnxruntime

    requirements = project_root / "catalog" / INFERENCE / "2.0.0" / "parts_inference" / "requirements.txt"
    assert f"\nonnxruntime=={onnxruntime.__version__} \\" in requirements.read_text()
