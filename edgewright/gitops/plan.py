"""The fingerprint of a plan: what was reviewed is what is applied, or less. Pure.

A plan is what the engine's preview would do to one stack: for each resource the operation, and a digest of each of its
inputs. The request's pipeline records it; on merge the engine previews again, and nothing is applied that the recorded
plan does not have. Pulumi's own update plans are experimental and checked while the update runs; this is checked before
anything changes. No value is in a plan: inputs are digests, and what the engine holds for a secret it masks before.

A plan covers another operation when it has it, or a stronger one with the same inputs: an update that was interrupted
can be run again, with the resource that was to be made there already, and with inputs known that were not known before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from edgewright.canonical import canonical_json, digest
from edgewright.errors import EdgewrightError
from edgewright.gitops.engine import UNKNOWN, Run, Step
from edgewright.manifest.base import Model

_PROVIDERS = "pulumi:providers:"
_ROLES = ("assumeRole", "assumeRoles")
"""Inputs of a provider that say by which role it enters its account: a preview reads by another one than an update."""

OPEN = "unknown"
"""In place of the digest of an input that is not known before other resources are there."""

_REPLACES = frozenset(("replace", "create-replacement", "delete-replaced"))
_WEAKER: Mapping[str, frozenset[str]] = {
    "create": frozenset(("update",)),
    "replace": frozenset(("update", "create", "delete")),
    "delete": frozenset(("forget",)),
}
"""What a run may do where another operation was reviewed. ``forget`` is a deletion that keeps the resource itself."""

Digest = Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|unknown)$")]


class Operation(Model):
    """One operation on one resource."""

    urn: str = Field(min_length=1, max_length=2000)
    operation: str = Field(pattern=r"^[a-z-]{1,40}$")
    """``create``, ``update``, ``replace``, ``delete``, ``forget``, or what else the engine calls it."""
    inputs: dict[str, Digest] = Field(default_factory=dict)
    """A digest of each input."""

    @property
    def title(self) -> str:
        """The operation in words: its resource by type and name."""
        type_, name = self.urn.split("::")[-2:] if self.urn.count("::") >= 3 else ("", self.urn)
        return f"{self.operation} {type_.rsplit('$', 1)[-1]} {name}".replace("  ", " ")


class Plan(Model):
    """What a preview of one stack would do."""

    api_version: Literal["edgewright/v1"] = Field("edgewright/v1", alias="apiVersion")
    kind: Literal["Plan"] = "Plan"
    stack: str = Field(min_length=1, max_length=200)
    commit: str | None = None
    """The commit that was previewed; None when the work tree differed from every commit."""
    operations: tuple[Operation, ...] = Field(strict=False)

    @property
    def fingerprint(self) -> str:
        """The digest of the stack and of all operations; it does not depend on their order, nor on the commit."""
        return digest(
            {
                "stack": self.stack,
                "operations": sorted(
                    (each.model_dump(mode="json", by_alias=True) for each in self.operations), key=canonical_json
                ),
            }
        )

    def as_document(self) -> dict[str, Any]:
        """Return the document that is recorded."""
        return {"fingerprint": self.fingerprint, **self.model_dump(mode="json", by_alias=True)}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many operations there are of each kind."""
        found: dict[str, int] = {}
        for each in self.operations:
            found[each.operation] = found.get(each.operation, 0) + 1
        return dict(sorted(found.items()))


def plan_of(run: Run, stack: str, *, commit: str | None = None) -> Plan:
    """Return the plan of a preview."""
    by_urn: dict[str, list[Step]] = {}
    for step in run.changes:
        if not _only_another_role(step):
            by_urn.setdefault(step.urn, []).append(step)
    operations = [_operation(urn, steps) for urn, steps in sorted(by_urn.items())]
    return Plan(stack=stack, commit=commit, operations=tuple(operations))


def _only_another_role(step: Step) -> bool:
    """Whether a provider only enters its account by another role, as in a preview: AWS sees nothing of it."""
    return (
        step.operation == "update"
        and step.type.startswith(_PROVIDERS)
        and bool(step.detail)
        and all(key.partition("[")[0].partition(".")[0] in _ROLES for key in step.detail)
    )


def _operation(urn: str, steps: Sequence[Step]) -> Operation:
    names = {step.operation for step in steps}
    if names & _REPLACES:
        name = "replace"
    elif len(names) == 1:
        name = next(iter(names))
    else:
        # More than one operation on one resource that is no replacement; whatever it is, it is one of its own.
        name = "-and-".join(sorted(names))[:40]
    if name == "delete" and all(step.retained for step in steps):
        name = "forget"
    inputs: Mapping[str, Any] = next((step.inputs for step in steps if step.operation != "delete-replaced"), {})
    if name in ("delete", "forget"):
        inputs = {}
    if steps[0].type.startswith(_PROVIDERS):
        inputs = {key: value for key, value in inputs.items() if key not in _ROLES}
    return Operation(urn=urn, operation=name, inputs={key: _digest(value) for key, value in sorted(inputs.items())})


def _digest(value: Any) -> str:
    return OPEN if _unknown(value) else digest(value)


def _unknown(value: Any) -> bool:
    if isinstance(value, str):
        return UNKNOWN in value
    if isinstance(value, Mapping):
        return any(_unknown(item) for item in value.values())
    return isinstance(value, list) and any(_unknown(item) for item in value)


# --- comparing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beyond:
    """An operation that no reviewed plan has."""

    operation: Operation
    why: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.operation.title}: {self.why}"


def beyond(now: Plan, reviewed: Iterable[Plan]) -> list[Beyond]:
    """Return the operations of ``now`` that none of the reviewed plans covers; empty when it is equal or narrower."""
    known: dict[str, list[Operation]] = {}
    for plan in reviewed:
        if plan.stack == now.stack:
            for each in plan.operations:
                known.setdefault(each.urn, []).append(each)
    found = []
    for each in now.operations:
        there = known.get(each.urn, [])
        if not any(_covers(one, each) for one in there):
            found.append(Beyond(each, _why(each, there)))
    return found


def _covers(reviewed: Operation, now: Operation) -> bool:
    weaker = now.operation in _WEAKER.get(reviewed.operation, ())
    return (reviewed.operation == now.operation or weaker) and not _differing(reviewed, now)


def _differing(reviewed: Operation, now: Operation) -> list[str]:
    if now.operation in ("delete", "forget"):
        return []
    names = sorted(reviewed.inputs.keys() | now.inputs.keys())
    return [
        name
        for name in names
        if reviewed.inputs.get(name) != now.inputs.get(name)
        # What was open at the review follows from resources that were reviewed as well.
        and not (reviewed.inputs.get(name) == OPEN and name in now.inputs)
    ]


def _why(now: Operation, there: Sequence[Operation]) -> str:
    if not there:
        return "was not in what was reviewed"
    same = [
        each for each in there if now.operation == each.operation or now.operation in _WEAKER.get(each.operation, ())
    ]
    if not same:
        return f"reviewed was {' or '.join(sorted({each.operation for each in there}))}"
    return f"reviewed with other inputs: {', '.join(_differing(same[-1], now))}"


# --- files -----------------------------------------------------------------------------------------------------------


def read_plan(file: Path) -> Plan:
    """Read a recorded plan.

    Raises:
        EdgewrightError: it cannot be read, is no plan, or was changed after it was recorded.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"there is no recorded plan {file}: record one with edgewright plan --record"
        raise EdgewrightError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{file} is no recorded plan ({error}): record it again with edgewright plan --record"
        raise EdgewrightError(msg) from error
    said = document.pop("fingerprint", None) if isinstance(document, dict) else None
    try:
        plan = Plan.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        msg = f"{file} is no recorded plan ({where}: {first['msg']}): record it again with edgewright plan --record"
        raise EdgewrightError(msg) from error
    if said != plan.fingerprint:
        msg = f"{file} is not as it was recorded: its fingerprint is another one; record it again"
        raise EdgewrightError(msg)
    return plan


def read_plans(paths: Iterable[Path]) -> list[Plan]:
    """Read recorded plans: files, and folders of them. A folder without any holds no plan, and is no error.

    Raises:
        EdgewrightError: one of them cannot be read, is no plan, or was changed after it was recorded.
    """
    files: list[Path] = []
    for path in paths:
        files += sorted(path.glob("*.json")) if path.is_dir() else [path]
    return [read_plan(file) for file in files]
