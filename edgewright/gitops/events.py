"""What the ledger holds: what happened to releases, one frozen model a kind.

An event is written once and never changed. What it says is evidence for gates, history and the report; what is
wanted stays in the manifests and the controls.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from edgewright.manifest.base import Model
from edgewright.manifest.controls import Digest, Instant
from edgewright.manifest.types import Items, Name, RingPath

Text = Annotated[str, Field(max_length=2000)]


class GateEvidence(Model):
    """What a gate said when it was asked."""

    gate: str
    """bake, healthy, test, metric, alarm, approvals, window, hold, quarantine, stop, deployment."""
    met: bool
    told: Text
    """In words, with the numbers."""
    passed_over: str | None = Field(None, alias="passedOver")
    """Why a gate that was not met did not count."""


class Event(Model):
    """What every event has."""

    api_version: Literal["edgewright/v1"] = Field("edgewright/v1", alias="apiVersion")
    at: Instant
    by: str = Field(min_length=1, max_length=254)
    """Who did it: a mail address, or the CI job."""
    fleet: Name
    ring: RingPath
    """The ring that it is about; of a promotion, the one that gets the release."""
    release: Digest
    commit: str | None = None
    """The commit of the project that it belongs to."""

    @property
    def instant(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self.at)


class TestRecorded(Event):
    """A named test was run against a release in a ring."""

    __test__ = False  # pytest collects what begins with Test

    kind: Literal["TestRecorded"] = "TestRecorded"
    name: Name
    passed: bool
    summary: Text = ""
    deployment: str | None = None
    """The deployment that carried the release when the test ran."""
    result_sha256: str = Field(alias="resultSha256")
    """Of the bytes of the result file."""


class Approved(Event):
    """Somebody approved that a release leaves a ring for the next."""

    kind: Literal["Approved"] = "Approved"
    note: Text = ""


class Deployed(Event):
    """A release was deployed to a ring, and how that ended."""

    kind: Literal["Deployed"] = "Deployed"
    deployment: str
    outcome: Literal["succeeded", "failed"]
    revision: str | None = None
    created: Instant | None = None
    told: Text = ""


class Promoted(Event):
    """A release was proposed for the next ring: the commit exists, whether or not its request is merged yet."""

    kind: Literal["Promoted"] = "Promoted"
    source: RingPath
    previous: Digest
    """The release that the ring had in Git before."""
    deployment: str | None = None
    """The deployment in the ring before that the gates were asked about."""
    branch: str | None = None
    request: str | None = None
    """Address of the request."""
    gates: Items[GateEvidence] = ()


class RolledBack(Event):
    """A ring went back in Git; ``release`` is the one that it left."""

    kind: Literal["RolledBack"] = "RolledBack"
    restores: Digest
    reason: Text = ""
    reverts: str | None = None
    """The commit that was undone."""
    failed: bool = False
    """Whether the provider had rolled the ring back before, so that Git only follows."""
    fast_track: bool = Field(default=False, alias="fastTrack")
    request: str | None = None
    passed: Items[Text] = ()
    """Stops and freeze windows that let this rollback pass."""


AnyEvent = Annotated[
    TestRecorded | Approved | Deployed | Promoted | RolledBack,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


def read_event(text: str) -> AnyEvent:
    """Return the event of a JSON text.

    Raises:
        ValueError: it is none.
    """
    return _ADAPTER.validate_json(text, by_alias=True, by_name=False)


def as_document(event: AnyEvent) -> dict[str, Any]:
    """Return the JSON document of an event; what it does not say is left out."""
    return event.model_dump(mode="json", by_alias=True, exclude_none=True)


def now() -> datetime:
    """Return the time now, UTC, in milliseconds, so that events of one command keep their order."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def written(instant: datetime) -> str:
    """Return an instant as RFC 3339 in UTC, in milliseconds where it has any."""
    precision = "milliseconds" if instant.microsecond else "seconds"
    return instant.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
