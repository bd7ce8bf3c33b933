"""Child processes, their logs, and the guardian that outlives a host."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewright.sandbox.device import guardian
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.process import Monitor, Script
from tests.sandbox.device.scripts import LONG, alive, ends


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor()
    yield made
    made.close()


class Running:
    """A script and an event for its changes."""

    def __init__(self, monitor: Monitor, folder: Path, text: str, **environment: str) -> None:
        self._changed = threading.Condition()
        self.log = BoundedLog(folder / "log")
        self.script: Script = monitor.start(
            text,
            folder=folder,
            environment={"PATH": os.environ["PATH"], **environment},
            log=self.log,
            changed=self._note,
        )

    def _note(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def until_gone(self) -> int:
        with self._changed:
            assert self._changed.wait_for(lambda: self.script.gone, LONG)
        assert self.script.exit_code is not None
        return self.script.exit_code


@pytest.mark.parametrize(("text", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", -15)])
def test_the_end_of_a_script_is_told(monitor: Monitor, tmp_path: Path, text: str, code: int) -> None:
    running = Running(monitor, tmp_path, text)
    assert running.until_gone() == code
    running.script.reap()


def test_output_and_errors_go_to_the_log(monitor: Monitor, tmp_path: Path) -> None:
    running = Running(monitor, tmp_path, "echo out; echo err >&2; printf 'no newline'")
    running.until_gone()
    running.script.reap()
    assert (tmp_path / "log").read_text(encoding="utf-8") == "out\nerr\nno newline"


def test_a_script_inherits_nothing(monitor: Monitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    running = Running(monitor, tmp_path, "env", ONLY="this")
    running.until_gone()
    running.script.reap()
    names = {line.partition("=")[0] for line in running.log.tail(50).splitlines()}
    assert "ONLY" in names
    assert names <= {"ONLY", "PATH", "PWD", "OLDPWD", "SHLVL", "_"}


def test_a_leader_stays_until_its_group_is_reaped(monitor: Monitor, tmp_path: Path) -> None:
    running = Running(monitor, tmp_path, "exit 0")
    running.until_gone()
    assert Path(f"/proc/{running.script.pid}").exists()
    running.script.reap()
    assert not Path(f"/proc/{running.script.pid}").exists()
    running.script.signal(signal.SIGTERM)
    running.script.reap()


def test_reaping_kills_the_whole_group(monitor: Monitor, tmp_path: Path) -> None:
    running = Running(monitor, tmp_path, "sleep 60 & echo $!; trap '' TERM; wait; sleep 60")
    deadline = time.monotonic() + LONG
    while not running.log.tail(1) and time.monotonic() < deadline:
        time.sleep(0.005)
    child = int(running.log.tail(1))
    running.script.reap()
    assert ends(child)


def test_many_short_scripts_are_all_heard_of(monitor: Monitor, tmp_path: Path) -> None:
    scripts = [Running(monitor, tmp_path, f"exit {number % 7}") for number in range(40)]
    assert [running.until_gone() for running in scripts] == [number % 7 for number in range(40)]
    for running in scripts:
        running.script.reap()


def test_a_log_is_bounded(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log", limit=1000)
    for number in range(100):
        log.write(f"{number:049d}\n".encode())
    assert (tmp_path / "log").stat().st_size <= 1000
    assert (tmp_path / "log.1").stat().st_size <= 1000
    assert log.tail(1) == f"{99:049d}"
    assert BoundedLog(tmp_path / "log", limit=1000)._size == (tmp_path / "log").stat().st_size


def test_a_log_that_cannot_be_written_is_given_up(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "missing" / "log")
    log.line("nothing happens")
    assert log.tail(1) == ""


def test_the_guardian_kills_what_a_dead_host_leaves() -> None:
    token = f"test-{os.getpid()}-{time.monotonic_ns()}"
    watcher = subprocess.Popen([sys.executable, "-I", "-S", guardian.__file__, token], stdin=subprocess.PIPE)
    assert watcher.stdin is not None
    environment = {"PATH": os.environ["PATH"], guardian.TOKEN_VARIABLE: token}
    kept = subprocess.Popen(["sleep", "60"], env=environment, start_new_session=True)
    forgotten = subprocess.Popen(["sleep", "60"], start_new_session=True)
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        watcher.stdin.write(f"+{forgotten.pid}\n+{stranger.pid}\n-{stranger.pid}\n".encode())
        watcher.stdin.close()
        assert watcher.wait(LONG) == 0
        assert forgotten.wait(LONG) == -signal.SIGKILL
        if sys.platform == "linux":
            assert kept.wait(LONG) == -signal.SIGKILL
        assert alive(stranger.pid)
    finally:
        for process in (kept, forgotten, stranger):
            process.kill()
            process.wait()
