"""Running a function: its code unpacked into a folder, its handler in a child process with a time limit.

The child gets what a Python runtime of AWS gives it: the code first on the import path, the function's variables, and
credentials of the execution role, so that what the role may not do fails. It knows AWS by AWS_ENDPOINT_URL only.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess  # noqa: TID251 -- functions are programs; this is where they start
import sys
import tempfile
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CHILD = Path(__file__).with_name("child.py")
LOG_TAIL = 4096  # bytes of the log that an invocation's answer may carry (API reference, LogResult)
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Order:
    """Everything that one run needs, taken from the function while nobody changes it."""

    name: str
    arn: str
    handler: str
    code: bytes
    timeout: float
    """Seconds, of a machine that is not busy."""
    memory: int
    """Megabytes; told to the handler, not enforced."""
    variables: Mapping[str, str]
    event: Any


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    value: Any
    failed: bool
    log: str
    request: str

    @property
    def payload(self) -> str:
        """The answer as it goes over the wire."""
        return json.dumps(self.value)


def run(order: Order) -> Outcome:
    """Run a function to its end or its time limit. Slow: never call it with the world's lock held."""
    request = str(uuid.uuid4())
    with tempfile.TemporaryDirectory(prefix="edgewright-function-", ignore_cleanup_errors=True) as place:
        task, answer = Path(place) / "task", Path(place) / "answer.json"
        task.mkdir()
        try:
            _unpack(order.code, task)
        except (zipfile.BadZipFile, ValueError) as error:
            return _broken("InvalidZipFileException", str(error), request)
        document = {
            "name": order.name,
            "arn": order.arn,
            "handler": order.handler,
            "memory": order.memory,
            "timeout": order.timeout,
            "event": order.event,
            "request": request,
            "stream": f"{request[:8]}[$LATEST]",
            "answer": str(answer),
        }
        log, code, late = _child(document, task, order)
        if late:
            text = f"Task timed out after {order.timeout:.2f} seconds"
            return Outcome({"errorMessage": f"{request} {text}"}, failed=True, log=log + text, request=request)
        try:
            said = json.loads(answer.read_text("utf-8"))
        except (OSError, ValueError):
            text = f"RequestId: {request} Error: Runtime exited with error: exit status {code}"
            value = {"errorType": "Runtime.ExitError", "errorMessage": text}
            return Outcome(value, failed=True, log=log, request=request)
        return Outcome(said["value"], failed=said["failed"], log=log, request=request)


def _broken(kind: str, text: str, request: str) -> Outcome:
    return Outcome({"errorType": kind, "errorMessage": text}, failed=True, log=text, request=request)


def _unpack(code: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        for name in archive.namelist():
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ValueError(f"the code has a file outside of its folder: {name}")
        archive.extractall(folder)


def _slowness() -> float:
    """How much longer things take than on a machine that has nothing else to do.

    Time limits are meant for AWS's machines; a busy laptop must not fail what would pass there.
    """
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _child(document: Mapping[str, Any], task: Path, order: Order) -> tuple[str, int, bool]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {"LAMBDA_TASK_ROOT": str(task), "_HANDLER": order.handler, **order.variables}
    child = subprocess.Popen(  # noqa: S603 -- a list, no shell
        [sys.executable, "-I", "-u", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=task,
        env=environment,
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(json.dumps(document).encode(), timeout=order.timeout * _slowness())
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        said, _ = child.communicate()
        return said.decode("utf-8", "replace"), child.returncode, True
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what a handler started and left behind
    return said.decode("utf-8", "replace"), child.returncode, False
