"""Requests and answers as files: in the work folder of a device of the sandbox, or carried by hand."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgewright import atomic
from edgewright.catalog.requests import Requests
from edgewright.errors import EdgewrightError
from edgewright.gitops.golden.rows import LARGEST_ANSWER, GoldenSet
from edgewright.sandbox.control import Sandbox

BATCH = 100
"""Requests that wait at a device at once: components keep a bounded number of answers."""
LOOK = 0.05  # seconds between two looks for answers
LARGEST_LINES = 512 << 20  # bytes of a file of answers


def find_sandbox(directory: Path) -> Sandbox:
    """Return the sandbox whose devices are asked.

    Raises:
        EdgewrightError: there is none, or AWS's clients are not set to it.
    """
    try:
        sandbox = Sandbox.load(directory)
    except EdgewrightError as error:
        told = str(error)
    else:
        if os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/") == sandbox.endpoint.rstrip("/"):
            return sandbox
        told = f"AWS_ENDPOINT_URL is not that of the sandbox in {directory}"
    msg = (
        f"requests reach only devices of a sandbox on this machine, and there is none to ask: {told}. "
        "For other devices write them with --write DIR, carry them to the devices, and give the answers back with "
        "--answers THING=PATH"
    )
    raise EdgewrightError(msg)


def ask(work: Path, golden: GoldenSet, form: Requests, *, patience: float) -> dict[int, Any]:
    """Put a golden set before the component of a work folder, and return its answers by row.

    Args:
        work: The component's work folder.
        golden: What is asked.
        form: How the component is asked.
        patience: Seconds for each batch; what has no answer then is not in what is returned.

    Raises:
        EdgewrightError: the component takes no requests.
    """
    folder = work / form.folder
    if not folder.is_dir():
        msg = f"it takes no requests: its work folder has no {form.folder}/"
        raise EdgewrightError(msg)
    mark = f"-{secrets.token_hex(4)}"  # another run's answers are not taken for this one's
    names = {golden.name(row, form, mark): row for row in range(len(golden))}
    reader = _Lines(work / form.answers, form) if form.lines else _Folder(work / form.answers)
    found: dict[int, Any] = {}
    every = list(names)
    for start in range(0, len(every), BATCH):
        batch = every[start : start + BATCH]
        for name in batch:
            temporary = work / f".{name}.new"
            temporary.write_text(golden.request(names[name], form), encoding="utf-8")
            temporary.replace(folder / name)
        deadline = time.monotonic() + patience
        missing = set(batch)
        while missing:
            for name, answer in reader.take(missing):
                found[names[name]] = answer
                missing.discard(name)
            if not missing or time.monotonic() > deadline:
                break
            time.sleep(LOOK)
        if missing:
            for name in missing:
                (folder / name).unlink(missing_ok=True)
            break
    return found


class _Folder:
    """Answers as files, each taken away when it is read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, names: set[str]) -> Iterator[tuple[str, Any]]:
        for name in sorted(names):
            file = self._folder / f"{Path(name).stem}.json"
            if file.exists():
                yield name, _read(file)
                file.unlink(missing_ok=True)


class _Lines:
    """Answers as lines that are appended to a file, from where it ends now."""

    def __init__(self, file: Path, form: Requests) -> None:
        self._file, self._form = file, form
        self._read = file.stat().st_size if file.exists() else 0

    def take(self, names: set[str]) -> Iterator[tuple[str, Any]]:
        if not self._file.exists():
            return
        if self._file.stat().st_size < self._read:  # a new file in the place of the old one
            self._read = 0
        with self._file.open("rb") as stream:
            stream.seek(self._read)
            content = stream.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            answer = _parsed(line)
            name = answer.get(self._form.request) if isinstance(answer, dict) else None
            if isinstance(name, str) and name in names:
                yield name, answer


def write(folder: Path, golden: GoldenSet, form: Requests) -> int:
    """Write the requests of a golden set as files to be carried to devices; return how many.

    Raises:
        EdgewrightError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for row in range(len(golden)):
            atomic.write_text(folder / golden.name(row, form), golden.request(row, form))
    except OSError as error:
        msg = f"{folder} cannot be written ({error.strerror}): name another folder with --write"
        raise EdgewrightError(msg) from error
    return len(golden)


def carried(path: Path, golden: GoldenSet, form: Requests) -> dict[int, Any]:
    """Return the answers that somebody brought from a device, by row: a file of JSON lines, or a folder.

    Raises:
        EdgewrightError: they cannot be read, or are not to this golden set.
    """
    names = {golden.name(row, form): row for row in range(len(golden))}
    found: dict[int, Any] = {}
    try:
        if path.is_dir():
            for name, row in names.items():
                file = path / f"{Path(name).stem}.json"
                if file.exists():
                    found[row] = _read(file)
        else:
            if path.stat().st_size > LARGEST_LINES:
                msg = f"{path} has more than {LARGEST_LINES} bytes: bring only the lines with the answers"
                raise EdgewrightError(msg)
            with path.open("rb") as stream:
                for line in stream:
                    answer = _parsed(line)
                    key = answer.get(form.request) if isinstance(answer, dict) else None
                    if isinstance(key, str) and key in names:
                        found[names[key]] = answer
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}): name the file or the folder with the device's answers"
        raise EdgewrightError(msg) from error
    if not found:
        msg = f"{path} has no answer to this golden set ({golden.name(0, form)} and so on): was it asked with --write?"
        raise EdgewrightError(msg)
    return found


def memory_of(work: Path, form: Requests) -> int | None:
    """Return the most bytes that the worker has ever had resident; None where that cannot be said."""
    if form.process is None:
        return None
    try:
        said = json.loads((work / form.process).read_text(encoding="utf-8"))
        pid = int(said["pid"] if isinstance(said, dict) else said)
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    peak = next((line.split() for line in status.splitlines() if line.startswith("VmHWM:")), None)
    return int(peak[1]) * 1024 if peak is not None else None


def _read(file: Path) -> Any:
    with file.open("rb") as stream:
        return _parsed(stream.read(LARGEST_ANSWER + 1))


def _parsed(content: bytes) -> Any:
    if len(content) > LARGEST_ANSWER:
        return {"error": f"an answer of more than {LARGEST_ANSWER} bytes"}
    try:
        return json.loads(content)
    except ValueError:
        return {"error": "an answer that is no JSON"}
