"""The Pulumi engine, run as the command that a user would type; its event log says what it did."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewright.errors import EdgewrightError
from edgewright.gitops.process import capture, stream

# Operations in the engine's events that leave a resource as it is.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands in the engine's events for a value that it will know after the update (sdk/go/common/resource/plugin)."""
_UNCHANGED = {"same", "read", "refresh", "read-discard"}


@dataclass(frozen=True)
class Step:
    """One planned or done operation on a resource."""

    operation: str
    urn: str
    detail: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """After the operation; secrets are masked by the engine, and what it does not know yet is `UNKNOWN`."""
    retained: bool = False
    """Whether a deletion takes the resource out of the state only."""

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def type(self) -> str:
        """The type token, without its parents."""
        return self.urn.split("::")[-2].rsplit("$", 1)[-1]


@dataclass(frozen=True)
class Strayed:
    """A resource that a refresh found to be other than the state says."""

    gone: bool
    urn: str
    paths: Mapping[str, str]
    """What differs: the property's path, and ``add``, ``update`` or ``delete``. What was added is there and unknown
    to the state."""
    before: Mapping[str, Any]
    """The outputs in the state; secrets are not in clear."""
    after: Mapping[str, Any]
    """The outputs as they are."""


@dataclass(frozen=True)
class Run:
    """What one run of the engine said and did."""

    command: str
    exit_code: int
    output: str
    steps: tuple[Step, ...]
    diagnostics: tuple[str, ...] = field(default=())
    strayed: tuple[Strayed, ...] = field(default=())
    """What a refresh found."""

    @property
    def ok(self) -> bool:
        """Whether the engine was content."""
        return self.exit_code == 0

    @property
    def changes(self) -> tuple[Step, ...]:
        """The operations that change something."""
        return tuple(step for step in self.steps if step.operation not in _UNCHANGED)


@dataclass(frozen=True)
class Engine:
    """The `pulumi` of an environment, in a project's folder."""

    root: Path
    environment: Mapping[str, str]
    on_line: Callable[[str], None] = lambda _line: None

    def preview(self, stack: str, *, refresh: bool = False, expect_no_changes: bool = False) -> Run:
        """Run `pulumi preview`; with ``expect_no_changes`` a change is a failure."""
        flags = {"--refresh": refresh, "--expect-no-changes": expect_no_changes}
        return self._run(["preview", "--stack", stack, *(flag for flag, given in flags.items() if given)])

    def refresh_preview(self, stack: str) -> Run:
        """Run `pulumi refresh --preview-only`: how the cloud differs from the state, which stays as it is.

        The state knows the role that the last update took. Whoever may only read takes the role of the program.
        """
        run_program = ["--run-program"] if self.environment.get("EDGEWRIGHT_ACCESS") == "preview" else []
        return self._run(["refresh", "--preview-only", "--stack", stack, *run_program])

    def up(self, stack: str, *, refresh: bool = False) -> Run:
        """Run `pulumi up`, without the preview that a person would be asked about."""
        options = ["--yes", "--skip-preview", *(["--refresh"] if refresh else [])]
        return self._run(["up", "--stack", stack, *options])

    def stacks(self) -> set[str]:
        """Return the names of the project's stacks in the state.

        Raises:
            EdgewrightError: the state cannot be read.
        """
        code, said, complaint = self._say("stack", "ls", "--json")
        if code != 0:
            msg = f"pulumi could not read its state: {complaint.strip() or said.strip()}"
            raise EdgewrightError(msg)
        return {str(each["name"]).rpartition("/")[2] for each in json.loads(said)}

    def make_stack(self, stack: str, *, secrets_provider: str) -> None:
        """Make a stack in the state; its settings file gets the key that its secrets are encrypted with.

        Raises:
            EdgewrightError: the engine says no.
        """
        code, said, complaint = self._say("stack", "init", stack, "--no-select", "--secrets-provider", secrets_provider)
        if code != 0:
            msg = f"pulumi could not make the stack {stack}: {complaint.strip() or said.strip()}"
            raise EdgewrightError(msg)

    def _say(self, *arguments: str) -> tuple[int, str, str]:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        return capture(command, cwd=self.root, environment=self.environment)

    def _run(self, arguments: Sequence[str]) -> Run:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        with tempfile.TemporaryDirectory(prefix="edgewright-") as folder:
            log = Path(folder) / "events.json"
            # PULUMI_DEBUG_COMMANDS only makes --event-log visible.
            environment = {**self.environment, "PULUMI_DEBUG_COMMANDS": "true"}
            code, output = stream(
                [*command, "--event-log", str(log)], cwd=self.root, environment=environment, on_line=self.on_line
            )
            steps, diagnostics = _read_events(log)
            strayed = tuple(_read_strayed(log)) if arguments[0] == "refresh" else ()
        shown = "pulumi " + " ".join(arguments)
        return Run(shown, code, output, tuple(steps), tuple(diagnostics), strayed)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with ``extra`` on top."""
    return {**os.environ, **extra}


def _read_events(log: Path) -> tuple[list[Step], list[str]]:
    steps: list[Step] = []
    diagnostics: list[str] = []
    for event in _events(log):
        if "resourcePreEvent" in event:
            metadata = event["resourcePreEvent"]["metadata"]
            if not metadata["type"].startswith("pulumi:pulumi:Stack"):
                detail = tuple(sorted(metadata.get("detailedDiff") or {}))
                new, old = metadata.get("new") or {}, metadata.get("old") or {}
                retained = bool(old.get("retainOnDelete"))
                steps.append(Step(metadata["op"], metadata["urn"], detail, new.get("inputs") or {}, retained))
        elif "diagnosticEvent" in event:
            diagnostic = event["diagnosticEvent"]
            if diagnostic.get("severity") == "error" and not diagnostic.get("ephemeral"):
                diagnostics.append(str(diagnostic["message"]).strip())
    return steps, diagnostics


def _read_strayed(log: Path) -> Iterator[Strayed]:
    """Yield what a refresh found: it tells when a resource was read, not before."""
    for event in _events(log):
        metadata = event.get("resOutputsEvent", {}).get("metadata", {})
        if metadata.get("op") not in {"update", "delete"} or not _in_the_cloud(metadata):
            continue
        yield Strayed(
            gone=metadata["op"] == "delete",
            urn=metadata["urn"],
            paths={
                path: _kind(difference["diffKind"]) for path, difference in (metadata.get("detailedDiff") or {}).items()
            },
            before=(metadata.get("old") or {}).get("outputs") or {},
            after=(metadata.get("new") or {}).get("outputs") or {},
        )


def _in_the_cloud(metadata: Mapping[str, Any]) -> bool:
    """Whether a resource is one of AWS: providers and components are the program's, and change when it is run."""
    there = metadata.get("old") or metadata.get("new") or {}
    return bool(there.get("custom")) and not str(metadata["type"]).startswith("pulumi:")


def _kind(kind: str) -> str:
    """``add-replace`` and the like only say what an update would do."""
    return kind.partition("-")[0]


def _events(log: Path) -> Iterator[dict[str, Any]]:
    if not log.exists():
        return
    for line in log.read_text(encoding="utf-8").splitlines():
        # An interrupted engine leaves half a line at the end.
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return
