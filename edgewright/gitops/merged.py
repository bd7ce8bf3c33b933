"""What is merged: the project as the default branch has it, with its history, its ledger and its live rings.

The default branch is the remote's (fetched), or the current one where there is no remote. Controls of the work tree
count as well as those that are merged: a stop that is not merged yet stops its author.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from edgewright.aws import fleet as live
from edgewright.aws.past import last_with
from edgewright.aws.reading import RingReading
from edgewright.aws.rings import Target, reader
from edgewright.aws.session import Session
from edgewright.errors import EdgewrightError
from edgewright.gitops import proposal
from edgewright.gitops.git import Repository
from edgewright.gitops.ledger import Ledger
from edgewright.gitops.proposal import Base
from edgewright.gitops.releases import History
from edgewright.gitops.trees import Side, load
from edgewright.manifest.control_files import read_controls
from edgewright.manifest.controls import Controls, short
from edgewright.manifest.load import ManifestErrors, Project

PROMOTIONS = "edgewright/promote/"
"""What the branches of promotions begin with."""


@dataclass(frozen=True)
class Step:
    """A ring, the next one, and the release that would go."""

    fleet: str
    source: str
    target: str
    """``stage/ring``."""
    release: str
    previous: str
    """What the target has."""

    @property
    def branch(self) -> str:
        """The branch of the promotion: one name for one release into one ring, whoever makes it."""
        return f"{self.ring_branches}{short(self.release)}"

    @property
    def ring_branches(self) -> str:
        """What the branches of all promotions into this ring begin with."""
        return f"{PROMOTIONS}{self.fleet}/{self.target.replace('/', '-')}/"

    @property
    def title(self) -> str:
        """Subject of the commit and title of the request."""
        return f"Promote {self.fleet} {short(self.release)} from {self.source} to {self.target}"


class Merged:
    """The project as it is merged, with its history and its ledger."""

    def __init__(self, repository: Repository, *, here: bool = False) -> None:
        """Read what is merged.

        Raises:
            ManifestErrors: what is merged is not in order.
            GitError: there is no commit yet.
        """
        self.repository = repository
        self.base: Base = proposal.find_base(repository, here=here)
        side = Side(self.base.branch, self.base.commit, None)
        seen = load(repository, side)
        if seen.errors or seen.project is None:
            raise ManifestErrors(seen.errors)
        self.project: Project = seen.project
        self.history = History(repository, self.base.commit)
        self.ledger = Ledger(repository)
        self.controls = _both(self.project.controls, read_controls(repository.root).controls)

    def steps(self, fleet: str) -> list[Step]:
        """Return every ring of a fleet whose release differs from the next one's, in promotion order.

        Raises:
            EdgewrightError: there is no such fleet.
        """
        path = [(f"{stage}/{ring.name}", ring) for stage, ring in self.project.path(fleet)]
        return [
            Step(fleet, source, target, ring.release, following.release)
            for (source, ring), (target, following) in itertools.pairwise(path)
            if ring.release != following.release
        ]

    def known_releases(self, fleet: str | None = None) -> set[str]:
        """Return the digests that rings have or had, in Git and in the ledger."""
        found: set[str] = {event.release for event in self.ledger.events(fleet)}
        for name in [fleet] if fleet else self.project.fleets:
            for stage, ring in self.project.path(name):
                found.add(ring.release)
                for change in self.history.changes(name, stage, ring.name):
                    found |= {change.after, *filter(None, [change.before])}
        return found

    def read_ring(self, fleet: str, path: str, sessions: Callable[[str], Session]) -> RingReading:
        """Read a ring live.

        Raises:
            AwsError: nothing could be read.
        """
        target = self._target(fleet, path)
        (reading,) = live.read([target], sessions)
        return reading

    def tried(self, fleet: str, path: str, release: str, sessions: Callable[[str], Session]) -> str | None:
        """Return the deployment by which a release was tried in a ring before the latest; None if it never was.

        Raises:
            AwsError: AWS said no, or could not be asked.
        """
        target = self._target(fleet, path)
        found = last_with(sessions(target.stage), target, release)
        return found.id if found else None

    def _target(self, fleet: str, path: str) -> Target:
        stage, _, ring = path.partition("/")
        return Target(fleet, stage, ring, self.project.account(stage).id, self.project.region(stage))

    def sessions(self, *, role: str | None = None) -> Callable[[str], Session]:
        """Return how a stage is reached (see ``reader``)."""
        return lambda stage: reader(self.project, stage, role=role)

    def text(self, path: str) -> str:
        """Return a merged file.

        Raises:
            EdgewrightError: it is not there.
        """
        found = self.history.text(self.base.commit, path)
        if found is None:
            msg = f"{path} is not in {self.base.branch}"
            raise EdgewrightError(msg)
        return found


def _both(merged: Controls, here: Controls) -> Controls:
    holds = {hold.file: hold for hold in (*here.holds, *merged.holds)}
    return Controls(
        stops={**here.stops, **merged.stops},
        holds=tuple(holds.values()),
        quarantines={**here.quarantines, **merged.quarantines},
    )
