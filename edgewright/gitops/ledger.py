"""The ledger: what happened to releases, on an orphan branch of the same repository that only machines write.

One JSON file an event, named by time, kind and the digest of its content, so that two writers never touch one file
and a union of two histories is always right. Events are written by git's plumbing, without a look at the work tree
or the index of the user. The local branch moves by compare-and-swap; a push that another writer was faster than is
repeated on top of what came in. Nobody needs the branch checked out, and it is never rewritten.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from edgewright import output
from edgewright.canonical import sha256_hex
from edgewright.gitops.events import AnyEvent, as_document, read_event
from edgewright.gitops.git import GitError, Repository

BRANCH = "edgewright/ledger"
_REF = f"refs/heads/{BRANCH}"
_ATTEMPTS = 16


@dataclass(frozen=True)
class Entry:
    """An event and where the ledger has it."""

    path: str
    event: AnyEvent


@dataclass(frozen=True)
class Ledger:
    """The ledger of a repository, and of its remote where there is one."""

    repository: Repository
    remote: str | None = "origin"

    @property
    def _remote(self) -> str | None:
        return self.remote if self.remote is not None and self.remote in self.repository.remotes() else None

    # --- reading ----------------------------------------------------------------------------------------------

    def fetch(self) -> bool:
        """Bring what the remote has; whether it could be reached.

        A remote without the branch has been reached: nothing was written yet.
        """
        remote = self._remote
        if remote is None:
            return True
        for attempt in range(_ATTEMPTS):
            try:
                if not self.repository.plumb(["ls-remote", "--heads", remote, _REF]).strip():
                    return True
                self.repository.plumb(["fetch", "--quiet", "--no-tags", remote, f"+{_REF}:{_tracking(remote)}"])
            except GitError as error:
                # Another process of this clone fetched in the same moment: the remote is there, and is asked again.
                if "cannot lock ref" in str(error) and attempt < _ATTEMPTS - 1:
                    continue
                output.note(f"warning: the ledger may be old: {error}")
                return False
            else:
                return True
        return False

    def entries(self, fleet: str | None = None, *, fetch: bool = True) -> list[Entry]:
        """Return the events of a fleet, or of all, oldest first; what another version wrote is skipped with a note.

        Args:
            fleet: The fleet; all when None.
            fetch: Whether to ask the remote first. An unreachable one is told, and what is here is read.
        """
        if fetch:
            self.fetch()
        found: dict[str, str] = {}
        for tip in self._tips():
            found |= self._blobs(tip, f"events/{fleet}/" if fleet else "events/")
        entries = []
        for path, text in self._texts(found).items():
            try:
                entries.append(Entry(path, read_event(text)))
            except ValueError as error:
                output.note(
                    f"warning: the ledger's {path} cannot be read and is left out: {str(error).splitlines()[0]}"
                )
        return sorted(entries, key=lambda entry: (entry.event.instant, entry.path))

    def events(self, fleet: str | None = None, *, fetch: bool = True) -> list[AnyEvent]:
        """Return the events of a fleet, or of all, oldest first (see ``entries``)."""
        return [entry.event for entry in self.entries(fleet, fetch=fetch)]

    # --- writing ----------------------------------------------------------------------------------------------

    def append(self, events: Iterable[AnyEvent], *, push: bool = True) -> list[str]:
        """Write events; return their paths. The same event twice is one file.

        Args:
            events: What happened.
            push: Whether to push, where there is a remote. What could not be pushed stays on the local branch, goes
                along with the next append, and is told.

        Raises:
            GitError: the local branch cannot be written.
        """
        files = {_path(event): _text(event) for event in events}
        if not files:
            return []
        subject = _subject(list(files))
        remote = self._remote if push else None
        for attempt in range(_ATTEMPTS):
            reached = self.fetch() if remote is not None else False
            if not self._commit(files, subject):
                continue  # another process was faster on the local branch
            if remote is None or not reached or self._push(remote, last=attempt == _ATTEMPTS - 1):
                break
        else:
            msg = f"the branch {BRANCH} kept moving; run this again"
            raise GitError(msg)
        return list(files)

    def _commit(self, files: dict[str, str], subject: str) -> bool:
        """Put files on top of all tips, on the local branch; False when that moved meanwhile."""
        local = self.repository.find(_REF)
        tips = self._tips()
        blobs: dict[str, str] = {}
        for tip in tips:
            blobs |= self._blobs(tip, "")
        new = {path: text for path, text in files.items() if path not in blobs}
        if not new and len(tips) == 1 and tips[0] == local:
            return True
        for path, text in new.items():
            blobs[path] = self.repository.plumb(["hash-object", "-w", "--stdin"], stdin=text).strip()
        if new or len(tips) > 1:
            tree = self._tree(blobs)
            parents = [option for tip in tips for option in ("-p", tip)]
            arguments, who = ["commit-tree", tree, *parents], self.repository.identity()
            commit = self.repository.plumb(arguments, stdin=subject + "\n", environment=who).strip()
        else:
            (commit,) = tips
        try:
            self.repository.plumb(["update-ref", _REF, commit, local or ""])
        except GitError:
            if self.repository.find(_REF) == local:
                raise
            return False
        return True

    def _tree(self, blobs: dict[str, str]) -> str:
        listing = "".join(f"100644 {blob}\t{path}\n" for path, blob in sorted(blobs.items()))
        with tempfile.TemporaryDirectory(prefix="edgewright-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.repository.plumb(["update-index", "--add", "--index-info"], stdin=listing, environment=index)
            return self.repository.plumb(["write-tree"], environment=index).strip()

    def _push(self, remote: str, *, last: bool) -> bool:
        try:
            self.repository.plumb(["push", "--quiet", "--no-verify", remote, f"{_REF}:{_REF}"])
        except GitError as error:
            faster = any(
                word in str(error) for word in ("fetch first", "non-fast-forward", "failed to update ref", "lock")
            )
            if faster and not last:
                return False
            output.note(f"warning: the ledger was written here and could not be pushed: {error}")
            return True
        self.repository.plumb(["update-ref", _tracking(remote), _REF])
        return True

    # --- git --------------------------------------------------------------------------------------------------

    def _tips(self) -> list[str]:
        """The commits that together have every event: the local branch and the remote's, without an ancestor."""
        remote = self._remote
        refs = [_REF, *([_tracking(remote)] if remote is not None else [])]
        tips = list(dict.fromkeys(filter(None, (self.repository.find(ref) for ref in refs))))
        if len(tips) == 2:
            first, second = tips
            if self.repository.is_ancestor(first, second):
                return [second]
            if self.repository.is_ancestor(second, first):
                return [first]
        return tips

    def _blobs(self, commit: str, below: str) -> dict[str, str]:
        """Path -> blob of the files of a commit."""
        arguments = ["ls-tree", "-r", "-z", "--full-tree", commit, *(["--", below] if below else [])]
        found = {}
        for line in self.repository.plumb(arguments).split("\0"):
            kind, _, path = line.partition("\t")
            if path:
                found[path] = kind.split()[2]
        return found

    def _texts(self, blobs: dict[str, str]) -> dict[str, str]:
        contents = self.repository.blobs(list(blobs.values())) if blobs else ()
        return {path: content.decode("utf-8", "replace") for path, content in zip(blobs, contents, strict=True)}


def _tracking(remote: str) -> str:
    return f"refs/remotes/{remote}/{BRANCH}"


def _text(event: AnyEvent) -> str:
    return json.dumps(as_document(event), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _path(event: AnyEvent) -> str:
    """Where an event is: sorted by time within its fleet, and never two contents at one place."""
    moment = event.instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"events/{event.fleet}/{moment[:4]}/{moment}-{event.kind}-{sha256_hex(_text(event).encode())[:12]}.json"


def _subject(paths: Sequence[str]) -> str:
    kinds = sorted({path.rsplit("-", 2)[-2] for path in paths})
    return f"Record {', '.join(kinds)}"
