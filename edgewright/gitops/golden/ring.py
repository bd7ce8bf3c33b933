"""The golden-set test of a ring: who is asked what, and whether it is good enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewright.aws.reading import Deployment, Facet, RingReading
from edgewright.aws.session import Session
from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.requests import Requests
from edgewright.errors import EdgewrightError
from edgewright.gitops.golden import answers
from edgewright.gitops.golden.rows import GoldenSet, Measured, measure
from edgewright.gitops.merged import Merged
from edgewright.gitops.models.version_files import model_file
from edgewright.manifest.registry import ModelBounds

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Question:
    """A model of the ring's release, with the component that answers for it."""

    model: CatalogVersion
    inference: CatalogVersion
    form: Requests
    golden: GoldenSet
    bounds: ModelBounds
    digest: str
    """SHA-256 of the model's file, in hexadecimal."""

    @property
    def title(self) -> str:
        """Model and component, with their versions."""
        return f"{self.model.name} {self.model.version} by {self.inference.name} {self.inference.version}"


@dataclass(frozen=True)
class Answered:
    """A question, what devices made of it, and in what they fall short."""

    question: Question
    devices: tuple[Measured, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """In what devices fall short of the bounds; none when the test is passed."""
        return tuple(fault for device in self.devices for fault in faults(device, self.question.bounds))

    @property
    def told(self) -> str:
        """The worst of the devices, in a line."""
        worst = min(each.accuracy for each in self.devices)
        times = [each.latency_p95 for each in self.devices]
        sizes = [each.memory for each in self.devices]
        said = [f"{worst:.1%} right of {self.devices[0].rows}"]
        said.append("p95 not measured" if None in times else f"p95 {max(filter(None, times), default=0):g} ms")
        said.append("memory not measured" if None in sizes else f"{max(filter(None, sizes)) / _MEGABYTE:.0f} MB")
        count = len(self.devices)
        return f"{self.question.title} on {count} device{'s' * (count != 1)}: {', '.join(said)}"


@dataclass(frozen=True)
class Tested:
    """The outcome for a ring."""

    fleet: str
    ring: str
    release: str
    deployment: str
    answered: tuple[Answered, ...]
    members: int
    """Of the ring, whether they were asked or not."""

    @property
    def passed(self) -> bool:
        """Whether every bound is met on every device that was asked."""
        return not any(each.faults for each in self.answered)

    @property
    def summary(self) -> str:
        """What gates and people read."""
        told = "; ".join(each.told for each in self.answered)
        wrong = [fault for each in self.answered for fault in each.faults]
        return f"{told}; but {'; '.join(wrong)}" if wrong else told

    def document(self) -> dict[str, Any]:
        """The result as a file: ``edgewright record test`` takes it too."""
        return {
            "passed": self.passed,
            "summary": self.summary,
            "fleet": self.fleet,
            "ring": self.ring,
            "release": self.release,
            "deployment": self.deployment,
            "members": self.members,
            "models": [
                {
                    "model": f"{each.question.model.name}@{each.question.model.version}",
                    "inference": f"{each.question.inference.name}@{each.question.inference.version}",
                    "goldenSet": f"sha256:{each.question.golden.sha256}",
                    "bounds": each.question.bounds.model_dump(by_alias=True, exclude_none=True),
                    "devices": [device.document() for device in each.devices],
                }
                for each in self.answered
            ],
        }


def faults(device: Measured, bounds: ModelBounds) -> list[str]:
    """Say in what a device falls short."""
    found = []
    if device.answered < device.rows:
        found.append(f"{device.thing} answered {device.answered} of {device.rows} rows")
    if device.errors:
        found.append(f"{device.thing} said: {device.errors[0]}")
    if device.others:
        found.append(f"{device.thing} answered with another model ({', '.join(device.others)})")
    if bounds.accuracy is not None and device.accuracy < bounds.accuracy:
        found.append(f"{device.thing} is right in {device.accuracy:.1%}, wanted is {bounds.accuracy:.1%}")
    for what, value, most, unit in (
        ("p95", device.latency_p95, bounds.latency_p95, "ms"),
        ("memory", None if device.memory is None else device.memory / _MEGABYTE, bounds.memory, "MB"),
    ):
        if most is not None and value is None:
            found.append(f"{device.thing}: {what} could not be measured, wanted is at most {most:g} {unit}")
        elif most is not None and value is not None and value > most:
            found.append(f"{device.thing} has {what} {value:.4g} {unit}, wanted is at most {most:g} {unit}")
    return found


def live_release(
    merged: Merged, fleet: str, ring: str, sessions: Callable[[str], Session]
) -> tuple[RingReading, Deployment]:
    """Read a ring whose latest deployment carries a release, and that deployment.

    Raises:
        EdgewrightError: it carries none, or that cannot be said.
    """
    merged.project.ring(fleet, ring)
    reading = merged.read_ring(fleet, ring, sessions)
    latest = reading.deployment
    if Facet.DEPLOYMENT not in reading.known or latest is None or latest.release is None:
        gaps = "; ".join(map(str, reading.gaps)) or "its latest deployment carries no release of Edgewright's"
        msg = f"it cannot be said which release {ring} of {fleet} runs: {gaps}"
        raise EdgewrightError(msg)
    return reading, latest


def questions(merged: Merged, components: Mapping[str, str], given: ModelBounds) -> list[Question]:
    """Return what the components of a deployment are asked.

    Args:
        merged: What is merged: the catalog, edgewright.yaml and the golden sets.
        components: Versions by name, as the ring has them.
        given: Bounds in place of those of edgewright.yaml, where they are set.

    Raises:
        EdgewrightError: there is nothing to ask, nobody to answer, or no bound.
    """
    models = merged.project.organisation.models
    groups = [each for each in (models.groups if models else ()) if each.golden and each.component in components]
    if not groups:
        msg = "the ring has no model with a golden set: name one in edgewright.yaml, models.groups[].golden"
        raise EdgewrightError(msg)
    found = []
    for source in groups:
        model = merged.project.catalog.get(source.component, components[source.component])
        if model is None:
            msg = f"{source.component} {components[source.component]} is not in the catalog of {merged.base.branch}"
            raise EdgewrightError(msg)
        bounds = source.bounds.model_copy(update=given.model_dump(exclude_none=True))
        if bounds == ModelBounds():
            msg = (
                f"nothing says when {source.component} is good enough, so the test could not fail: "
                "set models.groups[].bounds in edgewright.yaml, or give --accuracy"
            )
            raise EdgewrightError(msg)
        golden = GoldenSet.parse(merged.text(str(source.golden)), str(source.golden))
        locked = merged.project.catalog.lock.entries[model.name, model.version]  # a commit is read without its models
        digest = locked.files[model_file(model)].removeprefix("sha256:")
        asked = list(_answering(merged, components, source.component))
        forms = {each.name: (each.sidecar and each.sidecar.requests) or source.ask.get(each.name) for each in asked}
        able = [Question(model, each, form, golden, bounds, digest) for each in asked if (form := forms[each.name])]
        if not able:
            who = ", ".join(forms) or "no component of the ring"
            msg = (
                f"{who} reads {source.component}, and nothing says how it is asked: write requests in its "
                "component.yaml, or models.groups[].ask in edgewright.yaml"
            )
            raise EdgewrightError(msg)
        found += able
    return found


def _answering(merged: Merged, components: Mapping[str, str], model: str) -> Sequence[CatalogVersion]:
    """The ring's components that depend on a model."""
    versions = [merged.project.catalog.get(name, version) for name, version in sorted(components.items())]
    return [each for each in versions if each is not None and model in each.dependencies]


def things_to_ask(reading: RingReading, most: int) -> list[str]:
    """Return the devices that are asked: online members that have taken the latest deployment, by name.

    Raises:
        EdgewrightError: there is none.
    """
    online = {device.thing for device in reading.online()}
    found = [device.thing for device in reading.taken if device.thing in online]
    if not found:
        count = len(reading.devices)
        msg = f"none of the {count} devices of {reading.path} is online with the latest deployment: edgewright status"
        raise EdgewrightError(msg)
    return found[:most]


def ask_devices(question: Question, works: Mapping[str, Path], *, patience: float) -> Answered:
    """Ask devices of the sandbox, all at once."""

    def one(thing: str) -> Measured:
        work = works[thing] / question.inference.name
        try:
            said = answers.ask(work, question.golden, question.form, patience=patience)
        except EdgewrightError as error:
            msg = f"{thing}: {question.inference.name} cannot be asked: {error}"
            raise EdgewrightError(msg) from error
        memory = answers.memory_of(work, question.form)
        return measure(
            question.golden, question.form, said, thing=thing, memory=memory, digest=question.digest
        )  # fmt: skip

    with ThreadPoolExecutor(max_workers=min(8, len(works))) as pool:
        return Answered(question, tuple(pool.map(one, sorted(works))))


def take_carried(question: Question, files: Mapping[str, Path]) -> Answered:
    """Judge answers that were carried from devices by hand; their memory is not known."""
    return Answered(
        question,
        tuple(
            measure(
                question.golden,
                question.form,
                answers.carried(path, question.golden, question.form),
                thing=thing,
                digest=question.digest,
            )
            for thing, path in sorted(files.items())
        ),
    )
