"""The executable finds its interpreter, says its port, and never outlives whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgewright.provider.plugin.engine import Engine

EXECUTABLE = Path("plugins") / "greengrassv2" / "pulumi-resource-greengrassv2"


@contextmanager
def started(executable: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the plugin; gives the process and the first line it wrote."""
    process = subprocess.Popen(
        [str(executable)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.fixture
def moved(project_root: Path, tmp_path: Path) -> Path:
    """A copy of the plugin in a folder with a space, in a checkout without a .venv of its own."""
    root = tmp_path / "a checkout"
    target = root / EXECUTABLE
    target.parent.mkdir(parents=True)
    for name in ("pulumi-resource-greengrassv2", "__main__.py"):
        file = target.parent / name
        file.write_bytes((project_root / EXECUTABLE.parent / name).read_bytes())
        file.chmod(0o755)
    (root / "edgewright").symlink_to(project_root / "edgewright")
    return target


def _connects(port: str) -> bool:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=5):
        return True


def test_it_uses_the_checkouts_own_interpreter_and_says_its_port(project_root: Path) -> None:
    with started(project_root / EXECUTABLE, PATH="/usr/bin:/bin") as (process, line):
        assert _connects(line)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_without_a_venv_of_its_own_it_uses_the_python_of_the_path(moved: Path, project_root: Path) -> None:
    path = f"{project_root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with started(moved, PATH=path) as (_, line):
        assert _connects(line)


def test_it_can_be_reached_through_links(moved: Path, tmp_path: Path, project_root: Path) -> None:
    (tmp_path / "first").symlink_to(moved)
    (tmp_path / "second").symlink_to("first")
    path = f"{project_root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with started(tmp_path / "second", PATH=path) as (_, line):
        assert _connects(line)


def test_an_interpreter_without_the_packages_is_said_with_the_remedy(moved: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare python"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    with started(moved, EDGEWRIGHT_PYTHON=str(bare)) as (process, line):
        assert line == ""
        assert process.stderr is not None
        assert f"{bare} lacks the packages pulumi and boto3; run 'make setup'" in process.stderr.read()
        assert process.wait(timeout=10) == 1


def test_it_ends_when_the_engine_cannot_be_reached_any_more() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"127.0.0.1:{server.getsockname()[1]}"
        engine = Engine(address)
        async with asyncio.timeout(20):
            await engine.gone(every=0.05)
        await engine.close()

    asyncio.run(main())


def test_it_ends_when_the_process_that_started_it_is_gone(project_root: Path, tmp_path: Path) -> None:
    """The shell starts it, waits for its port, and dies; nobody is left to say that it should end."""
    said = tmp_path / "port"
    script = f'"$1" > "{said}" < /dev/null & echo $!; while [ ! -s "{said}" ]; do sleep 0.05; done'
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(project_root / EXECUTABLE)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
        check=True,
    )
    pid = int(done.stdout)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        try:
            asyncio.run(asyncio.sleep(0.1))
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":  # ended; its new parent has not looked yet
            return
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the plugin outlived the process that started it")
