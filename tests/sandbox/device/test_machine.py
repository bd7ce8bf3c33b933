"""Lifecycle rules with real scripts: order, errors, time limits, restarts, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewright.sandbox.device.components import State
from tests.sandbox.device.scripts import Device, alive, device, ends, spec

S = State


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Device]:
    with device(tmp_path) as made:
        yield made


def test_a_component_with_run_counts_as_running_at_once_and_finishes_with_its_script(box: Device) -> None:
    assert box.up(spec("a", run="exec 3<gate; cat <&3", install="mkfifo gate")) is None
    assert box.machine.statuses()["a"].state is S.RUNNING
    (box.folders.folder("a") / "gate").write_text("", encoding="utf-8")
    box.await_state("a", S.FINISHED)
    assert box.states("a") == [S.INSTALLED, S.STARTING, S.RUNNING, S.STOPPING, S.FINISHED]


def test_a_component_with_startup_runs_when_the_script_has_returned_0(box: Device) -> None:
    assert box.up(spec("a", install="echo one > order", startup="echo two >> order")) is None
    assert (box.folders.folder("a") / "order").read_text(encoding="utf-8") == "one\ntwo\n"
    assert box.states("a") == [S.INSTALLED, S.STARTING, S.RUNNING]


def test_a_component_without_start_is_finished(box: Device) -> None:
    assert box.up(spec("a", install="true"), spec("b")) is None
    assert box.machine.statuses()["a"].state is S.FINISHED
    assert box.machine.statuses()["b"].state is S.FINISHED


@pytest.mark.parametrize(
    ("step", "code"),
    [
        pytest.param("install", "INSTALL_ERRORED", id="install"),
        pytest.param("startup", "STARTUP_ERRORED", id="startup"),
        pytest.param("run", "RUN_ERRORED", id="run"),
    ],
)
def test_the_third_error_in_a_row_breaks_a_component(box: Device, step: str, code: str) -> None:
    script = f"echo x >> tries; echo said {step}; exit 7"
    since = box.machine.apply([spec("a", recover="echo y >> recoveries", **{step: script})])
    status = box.await_state("a", S.BROKEN)
    assert (status.code, status.reason) == (code, f"Error during {step}: exit code 7")
    assert (box.folders.folder("a") / "tries").read_text(encoding="utf-8") == "x\n" * 3
    assert (box.folders.folder("a") / "recoveries").read_text(encoding="utf-8") == "y\n" * 2
    assert box.states("a").count(S.ERRORED) == 2
    assert f"said {step}" in box.output("a")
    assert box.machine.wait_until_up(["a"], since, lambda: False) == "a"


def test_an_error_that_passes_is_forgotten(box: Device) -> None:
    assert box.up(spec("a", startup="test -e done || { touch done; exit 1; }")) is None
    assert box.states("a").count(S.ERRORED) == 1
    assert box.machine.statuses()["a"].state is S.RUNNING


def test_a_signal_is_reported_as_the_shell_would(box: Device) -> None:
    box.machine.apply([spec("a", startup="kill -KILL $$")])
    assert box.await_state("a", S.BROKEN).reason == "Error during startup: exit code 137"


@pytest.mark.parametrize(("step", "code"), [("install", "INSTALL_TIMEOUT"), ("startup", "STARTUP_TIMEOUT")])
def test_a_step_over_its_time_limit_is_an_error(box: Device, step: str, code: str) -> None:
    box.machine.apply([spec("a", timeout={step: 0.1}, **{step: "echo $$ >> pids; sleep 60"})])
    assert box.await_state("a", S.BROKEN).code == code
    box.machine.stop(5)
    pids = (box.folders.folder("a") / "pids").read_text(encoding="utf-8").split()
    assert len(pids) == 3
    assert all(ends(int(pid)) for pid in pids)


def test_a_run_over_its_time_limit_is_an_error(box: Device) -> None:
    box.machine.apply([spec("a", timeout={"run": 0.05}, run="sleep 60")])
    assert box.await_state("a", S.BROKEN).code == "RUN_TIMEOUT"


def test_a_broken_component_gets_a_new_chance_by_a_deployment(box: Device) -> None:
    assert box.up(spec("a", startup="exit 1")) == "a"
    assert box.up(spec("a", startup="exit 0")) is None


def test_a_component_that_broke_before_does_not_count(box: Device) -> None:
    box.up(spec("a", startup="exit 1"))
    since = box.machine.apply([spec("b")])
    assert box.machine.wait_until_up(["b"], since, lambda: False) is None


def test_dependencies_start_first_and_stop_last(box: Device) -> None:
    order = box.folders.root / "order"

    def part(name: str, **more: tuple[str, ...]) -> None:
        specs.append(
            spec(name, startup=f"echo +{name} >> {order}", shutdown=f"echo -{name} >> {order}", **more)  # type: ignore[arg-type]
        )

    specs: list = []
    part("app", hard=("runtime",))
    part("runtime", soft=("base",))
    part("base")
    assert box.up(*specs) is None
    box.machine.stop(5)
    assert order.read_text(encoding="utf-8").split() == ["+base", "+runtime", "+app", "-app", "-runtime", "-base"]


def test_a_hard_dependency_that_restarts_takes_its_dependents_with_it(box: Device) -> None:
    box.up(spec("model"), spec("app", hard=("model",), startup="true"), spec("other", soft=("model",), startup="true"))
    box.history.clear()
    box.up(
        spec("model", "2.0.0"),
        spec("app", hard=("model",), startup="true"),
        spec("other", soft=("model",), startup="true"),
    )
    assert S.STOPPING in box.states("app")
    assert box.states("other") == []


def test_a_component_waits_for_a_hard_dependency_that_errs_and_starts_when_it_is_up(box: Device) -> None:
    assert box.up(spec("app", hard=("base",)), spec("base", startup="test -e x || { touch x; exit 1; }")) is None
    assert box.history.index(("base", S.RUNNING)) < box.history.index(("app", S.STARTING))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"shutdown": "echo other"}, [], id="shutdown only"),
        pytest.param(
            {"fingerprint": "other"},
            [S.STOPPING, S.INSTALLED, S.STARTING, S.RUNNING],
            id="configuration restarts",
        ),
        pytest.param({"run": "sleep 61"}, [S.STOPPING, S.INSTALLED, S.STARTING, S.RUNNING], id="script restarts"),
        pytest.param(
            {"environment": {"A": "1"}}, [S.STOPPING, S.INSTALLED, S.STARTING, S.RUNNING], id="environment restarts"
        ),
        pytest.param(
            {"version": "1.0.1"}, [S.STOPPING, S.NEW, S.INSTALLED, S.STARTING, S.RUNNING], id="version reinstalls"
        ),
        pytest.param(
            {"install": "echo"}, [S.STOPPING, S.NEW, S.INSTALLED, S.STARTING, S.RUNNING], id="install reinstalls"
        ),
    ],
)
def test_a_change_does_what_the_nucleus_does(box: Device, changed: dict, expected: list[State]) -> None:
    base = {"install": "true", "run": "sleep 60", "shutdown": "true"}
    box.up(spec("a", **base))
    box.history.clear()
    assert box.up(spec("a", **{**base, **changed})) is None
    assert box.states("a") == expected


def test_a_shutdown_that_was_changed_alone_is_the_one_that_runs(box: Device) -> None:
    box.up(spec("a", run="sleep 60", shutdown="echo old > said"))
    box.up(spec("a", run="sleep 60", shutdown="echo new > said"))
    box.machine.stop(5)
    assert (box.folders.folder("a") / "said").read_text(encoding="utf-8") == "new\n"


def test_a_removed_component_is_stopped_and_forgotten(box: Device) -> None:
    box.up(spec("a", run="echo $$ > pid; exec sleep 60"), spec("b", run="sleep 60"))
    pid = _pid(box, "a")
    box.machine.remove(["a", "never-there"])
    box.machine.wait_until_gone(["a", "never-there"])
    assert set(box.machine.statuses()) == {"b"}
    assert ends(pid)


def test_a_component_can_return_while_it_is_being_removed(box: Device) -> None:
    box.up(spec("a", run="sleep 60", shutdown="sleep 0.05"))
    box.machine.remove(["a"])
    assert box.up(spec("a", "2.0.0", run="sleep 61")) is None
    assert box.machine.statuses()["a"].version == "2.0.0"


def test_a_restart_that_is_overtaken_ends_at_the_latest_wish(box: Device) -> None:
    box.up(spec("a", run="sleep 60", shutdown="sleep 0.05"))
    box.machine.apply([spec("a", "2.0.0", run="sleep 61")])
    assert box.up(spec("a", "1.0.0", run="sleep 60", shutdown="sleep 0.05")) is None
    assert box.machine.statuses()["a"].version == "1.0.0"


def test_stop_ends_every_process_of_a_group_even_one_that_ignores_sigterm(box: Device) -> None:
    inner = "sh -c 'trap \"\" TERM; echo $$ > inner; sleep 60; sleep 60'"
    script = f"trap '' TERM; {inner} & echo $$ > pid; wait; wait; sleep 60"
    box.up(spec("a", run=script))
    pids = [_pid(box, "a"), _pid(box, "a", "inner")]
    box.machine.stop(0.1)
    assert all(ends(pid) for pid in pids)


def test_what_startup_leaves_in_the_background_is_stopped_with_the_component(box: Device) -> None:
    box.up(spec("a", startup="sleep 60 & echo $! > pid"))
    pid = _pid(box, "a")
    assert alive(pid)
    box.machine.stop(5)
    assert ends(pid)


def test_a_stop_during_a_long_install_does_not_wait_for_it(box: Device) -> None:
    box.machine.apply([spec("a", install="echo $$ > pid; exec sleep 60")])
    pid = _pid(box, "a")
    box.machine.stop(5)
    assert ends(pid)


def test_a_stopped_device_starts_again(box: Device) -> None:
    box.up(spec("a", run="sleep 60"), spec("b", startup="true", hard=("a",)), spec("c"))
    box.machine.stop(5)
    assert {status.state for status in box.machine.statuses().values()} == {S.FINISHED}
    since = box.machine.start()
    assert box.machine.wait_until_up(["a", "b", "c"], since, lambda: False) is None
    assert {name: status.state for name, status in box.machine.statuses().items()} == {
        "a": S.RUNNING,
        "b": S.RUNNING,
        "c": S.FINISHED,
    }


@pytest.mark.parametrize(
    ("condition", "skipped"),
    [
        ("onpath sh", True),
        ("onpath no-such-program", False),
        ("! onpath sh", False),
        ("exists ~", True),
        ("exists marker", False),
        ("!exists marker", True),
    ],
)
def test_skipif_decides_whether_a_step_runs(box: Device, condition: str, skipped: bool) -> None:  # noqa: FBT001
    assert box.up(spec("a", install="touch ran", skip={"install": condition})) is None
    assert (box.folders.folder("a") / "ran").exists() is not skipped


def test_a_skipif_that_is_none_is_an_error_of_the_step(box: Device) -> None:
    assert box.up(spec("a", startup="true", skip={"startup": "sometimes"})) == "a"
    assert box.machine.statuses()["a"].code == "STARTUP_INVALID_CONFIG"


def test_a_script_that_cannot_be_started_is_an_error(box: Device) -> None:
    assert box.up(spec("a", startup="echo \0")) == "a"
    assert box.machine.statuses()["a"].code == "STARTUP_IO_ERROR"


def test_setenv_reaches_the_script(box: Device) -> None:
    box.up(spec("a", startup='echo "$GREETING" > said', environment={"GREETING": "a 'b' $c"}))
    assert (box.folders.folder("a") / "said").read_text(encoding="utf-8") == "a 'b' $c\n"


def test_a_shutdown_over_its_time_limit_does_not_hold_up_the_stop(box: Device) -> None:
    box.up(spec("a", run="sleep 60", shutdown="sleep 60", timeout={"shutdown": 0.05}))
    box.machine.stop(30)
    assert "shutdown: time is up" in box.output("a")


def _pid(box: Device, component: str, file: str = "pid") -> int:
    """The number that a script writes; waits until it is there."""
    path = box.folders.folder(component) / file
    for _ in range(2000):
        if path.exists() and (text := path.read_text(encoding="utf-8").strip()):
            return int(text)
        box.monitor._closed.wait(0.005)
    raise AssertionError(path)
