"""What a resource of a provider is: six coroutines over plain values, and what they may answer.

A resource answers with values; how they travel to the engine is the servicer's business. Three failures:
`Failure` in `check` (the user's input), `PluginError` (the user can act on it), `PartialFailureError` (something
exists now and the engine must remember it). Anything else is a bug of the provider and is shown as one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol

from edgewright.errors import EdgewrightError
from edgewright.provider.plugin.values import Path as ValuePath

Severity = Literal["debug", "info", "warning", "error"]
Values = dict[str, Any]

_BARE = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")


class PluginError(EdgewrightError):
    """The operation failed and nothing changed, or nothing the engine must remember. The message says what to do."""


class PartialFailureError(EdgewrightError):
    """The operation failed after something exists; ``outputs`` is what is really there.

    The engine keeps ``outputs`` with the new inputs and the reasons, and calls update on the next run even when
    `Resource.diff` sees no change.
    """

    def __init__(
        self,
        reasons: Sequence[str],
        *,
        outputs: Values,
        resource_id: str = "",
        secrets: Iterable[ValuePath] = (),
        refresh: bool = False,
    ) -> None:
        """Say what failed and what is there.

        Args:
            reasons: One sentence or paragraph each; shown to the user.
            outputs: The outputs to remember.
            resource_id: The id; required from `Resource.create`.
            secrets: Paths of outputs to keep secret beyond those that the inputs make secret.
            refresh: Ask the engine to read the resource again before it plans the next update.
        """
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)
        self.outputs = outputs
        self.resource_id = resource_id
        self.secrets = tuple(secrets)
        self.refresh = refresh


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong with the inputs. ``path`` is a property path, as `property_path` writes it."""

    path: str
    reason: str


class Kind(Enum):
    """What happened to a property, and whether the resource must be replaced for it."""

    ADD = "ADD"
    ADD_REPLACE = "ADD_REPLACE"
    DELETE = "DELETE"
    DELETE_REPLACE = "DELETE_REPLACE"
    UPDATE = "UPDATE"
    UPDATE_REPLACE = "UPDATE_REPLACE"


@dataclass(frozen=True)
class Diff:
    """What an update would change.

    Attributes:
        detailed: By property path; the engine shows the old outputs (or the old inputs for a path in
            ``against_inputs``) against the new inputs.
        delete_before_replace: Whether the old one must be gone before the new one can exist.
        against_inputs: Paths whose old value is to be taken from the old inputs.
        stables: Outputs that keep their value through an update, so that a preview knows them.
        changed: Force an update although no property differs.
    """

    detailed: Mapping[str, Kind] = field(default_factory=dict)
    delete_before_replace: bool = False
    against_inputs: frozenset[str] = frozenset()
    stables: Sequence[str] = ()
    changed: bool = False

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.changed or bool(self.detailed)


@dataclass(frozen=True)
class Created:
    """A created resource. ``resource_id`` may be empty in a preview."""

    resource_id: str
    outputs: Values
    secrets: Sequence[ValuePath] = ()


@dataclass(frozen=True)
class Read:
    """A resource as it is now. ``inputs`` are those that would make it so; None keeps the ones in the state."""

    resource_id: str
    outputs: Values
    inputs: Values | None = None
    secrets: Sequence[ValuePath] = ()


@dataclass(frozen=True)
class Context:
    """The circumstances of one call.

    Attributes:
        urn: The resource's URN.
        name: Its name in the program.
        preview: Nothing may be changed; inputs may be unknown, outputs may be left out or be unknown.
        timeout: Seconds from ``customTimeouts``, or None.
        cancelled: Set when the user interrupts: finish soon, and leave what the next run can repair.
        configuration: What the plugin's ``configure`` returned.
        project: The Pulumi project directory, for relative paths in inputs.
        seed: Bytes for names that must be unique and yet the same in preview and update (`Resource.check` only).
        log: ``await log("warning", "text")``: a diagnostic of this resource.
        status: ``await status("37 of 50 done")``: the resource's line in the progress display, not kept.
    """

    urn: str
    name: str
    preview: bool
    timeout: float | None
    cancelled: asyncio.Event
    configuration: Any
    project: Path
    seed: bytes
    log: Callable[[Severity, str], Awaitable[None]]
    status: Callable[[str], Awaitable[None]]


class Resource(Protocol):
    """One resource type. A method that is not needed may raise PluginError, but none may lie."""

    async def check(self, context: Context, olds: Values, news: Values) -> tuple[Values, Sequence[Failure]]:
        """Return the inputs with defaults filled in, and everything that is wrong with them."""
        ...

    async def diff(
        self, context: Context, resource_id: str, old_inputs: Values, old_outputs: Values, news: Values
    ) -> Diff:
        """Return what an update to ``news`` would change. Must make no remote call."""
        ...

    async def create(self, context: Context, inputs: Values) -> Created:
        """Create the resource, or say what it would look like when ``context.preview``."""
        ...

    async def read(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> Read | None:
        """Return the resource as it is now, or None when it is gone. Empty inputs and outputs: an import."""
        ...

    async def update(
        self, context: Context, resource_id: str, old_inputs: Values, old_outputs: Values, news: Values
    ) -> Values:
        """Change the resource, or say what it would look like when ``context.preview``; returns the outputs."""
        ...

    async def delete(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> None:
        """Delete the resource; a resource that is gone already is deleted."""
        ...


def property_path(*parts: str | int) -> str:
    """Return a property path as the engine parses it, such as ``components["com.acme.model"].config.labels[0]``.

    The grammar cannot hold a key that is empty or ends in a backslash; such a path is cut at its parent, so that
    the change is still shown, only less precisely.
    """
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not part or "\\" in part:
            break
        elif _BARE.match(part):
            text += f".{part}" if text else part
        else:
            quoted = part.replace('"', '\\"')
            text += f'["{quoted}"]'
    return text
