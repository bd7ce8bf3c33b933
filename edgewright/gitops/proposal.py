"""A commit that is proposed: made by git's plumbing on a branch of its own, pushed, and a request opened for it.

The user's branch, index and work tree are not touched, whatever state they are in. With ``here`` the commit is made
on the current branch instead, and the work tree follows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgewright import output
from edgewright.errors import EdgewrightError
from edgewright.gitops.forge import Forge
from edgewright.gitops.git import GitError, Repository

REMOTE = "origin"


@dataclass(frozen=True)
class Base:
    """What is merged: the commit that a proposal is made on."""

    commit: str
    branch: str
    """The branch that requests go to."""
    remote: str | None
    """Where branches are pushed to."""


@dataclass(frozen=True)
class Proposed:
    """A proposal that was made, or was there already."""

    commit: str
    branch: str | None
    """None when it was committed on the current branch."""
    pushed: bool
    request: str | None
    new: bool
    """Whether it was made now."""

    @property
    def told(self) -> str:
        """Where it is, and what to do next, in a sentence."""
        if self.request:
            return f"request {self.request}"
        if self.branch is None:
            return f"commit {self.commit[:10]} on the current branch"
        if self.pushed:
            return f"branch {self.branch}, pushed: open a request for it"
        return f"branch {self.branch}: merge it, or push it and open a request"


def find_base(repository: Repository, *, here: bool = False) -> Base:
    """Return what is merged: the default branch of the remote, fetched, or the current branch where there is none.

    Args:
        repository: The repository.
        here: The current branch, whatever the remote has.

    Raises:
        GitError: there is no commit yet.
    """
    current = repository.current_branch()
    remote = REMOTE if REMOTE in repository.remotes() else None
    if here or remote is None:
        return Base(repository.resolve("HEAD"), current or "HEAD", remote)
    try:
        repository.plumb(["fetch", "--quiet", "--no-tags", remote])
    except GitError as error:
        output.note(f"warning: {remote} could not be reached, so what was fetched before counts: {error}")
    branch = repository.default_branch()
    short = branch.removeprefix(f"{remote}/")
    return Base(repository.resolve(branch), short, remote if short != branch else None)


def commit_files(
    repository: Repository,
    base: str,
    files: Mapping[str, str | bytes | None],
    message: str,
    *,
    parents: tuple[str, ...] = (),
) -> str:
    """Make a commit on top of a base in which files have new texts; return its id. No branch moves.

    Args:
        repository: The repository.
        base: The commit that it is made on.
        files: Path below the project's root -> its text or its bytes, or None to take it away.
        message: Of the commit.
        parents: In place of the base alone.
    """
    prefix = repository.prefix()
    modes = repository.modes(base, list(files))
    lines = []
    for path, text in files.items():
        if text is None:
            lines.append(f"0 {'0' * len(base)}\t{prefix}{path}\n")
        else:
            blob = repository.plumb(["hash-object", "-w", "--stdin"], stdin=text).strip()
            lines.append(f"{modes.get(path, '100644')} {blob}\t{prefix}{path}\n")
    with tempfile.TemporaryDirectory(prefix="edgewright-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        repository.plumb(["read-tree", base], environment=index)
        repository.plumb(["update-index", "--add", "--index-info"], stdin="".join(lines), environment=index)
        tree = repository.plumb(["write-tree"], environment=index).strip()
    options = [option for parent in parents or (base,) for option in ("-p", parent)]
    return repository.plumb(["commit-tree", tree, *options], stdin=message, environment=repository.identity()).strip()


def message(subject: str, body: str, trailers: list[tuple[str, str]]) -> str:
    """Return a commit message whose last paragraph is trailers."""
    text = "".join(f"{key}: {' '.join(value.split())}\n" for key, value in trailers)
    return f"{subject}\n\n{body.strip()}\n\n{text}" if body.strip() else f"{subject}\n\n{text}"


def find_open(repository: Repository, base: Base, branch: str) -> str | None:
    """Return the commit of a branch as the remote has it, or else as it is here; None where there is none.

    Raises:
        GitError: the remote cannot be asked.
    """
    if base.remote is None:
        return repository.find(f"refs/heads/{branch}")
    listing = repository.plumb(["ls-remote", "--heads", base.remote, f"refs/heads/{branch}"]).split()
    if not listing:
        return None
    if repository.find(listing[0]) is None:
        repository.plumb(["fetch", "--quiet", "--no-tags", base.remote, listing[0]])
    return listing[0]


def open_branches(repository: Repository, base: Base, prefix: str) -> dict[str, str]:
    """Return the branches below a prefix that are open on the remote (or here), each with its commit.

    Raises:
        GitError: the remote cannot be asked.
    """
    if base.remote is None:
        listing = repository.plumb(["for-each-ref", "--format=%(objectname)%09%(refname)", f"refs/heads/{prefix}"])
    else:
        listing = repository.plumb(["ls-remote", "--heads", base.remote, f"refs/heads/{prefix}*"])
    found = {}
    for line in listing.splitlines():
        commit, _, ref = line.partition("\t")
        name = ref.removeprefix("refs/heads/")
        if name.startswith(prefix):
            found[name] = commit
    return found


def propose(
    repository: Repository, base: Base, commit: str, branch: str, *, title: str, body: str, replaces: str | None = None
) -> Proposed:
    """Put a commit on a branch, push it, and open a request where a forge's client is there.

    Args:
        repository: The repository.
        base: What the request goes to.
        commit: The commit.
        branch: Its branch.
        title: Of the request.
        body: Of the request.
        replaces: The commit that a stale branch of this name has.

    Raises:
        GitError: the branch cannot be pushed, because somebody else opened it in this moment, say.
        EdgewrightError: the forge's client failed; the branch is pushed, so running the verb again opens the request.
    """
    if base.remote is None:
        repository.plumb(["update-ref", f"refs/heads/{branch}", commit, replaces or ""])
        return Proposed(commit, branch, pushed=False, request=None, new=True)
    lease = f"--force-with-lease=refs/heads/{branch}:{replaces or ''}"
    repository.plumb(["push", "--quiet", "--no-verify", lease, base.remote, f"{commit}:refs/heads/{branch}"])
    request = request_for(repository, base, branch, title=title, body=body)
    return Proposed(commit, branch, pushed=True, request=request, new=True)


def request_for(repository: Repository, base: Base, branch: str, *, title: str, body: str) -> str | None:
    """Return the open request of a pushed branch, opened now if there is none; None without a forge's client.

    Raises:
        EdgewrightError: the client failed.
    """
    forge = Forge.of(repository, base.remote) if base.remote is not None else None
    if forge is None:
        return None
    return forge.open_request(branch) or forge.open(branch, base=base.branch, title=title, body=body)


def commit_here(repository: Repository, commit: str) -> Proposed:
    """Bring the current branch and the work tree to a commit that was made on top of them.

    Raises:
        EdgewrightError: files that the commit changes have changes that are not committed.
    """
    try:
        repository.plumb(["merge", "--quiet", "--ff-only", "--no-verify", commit])
    except GitError as error:
        msg = f"the commit is made ({commit[:10]}), but the work tree is in its way: {error}; commit or stash, then "
        raise EdgewrightError(msg + f"git merge --ff-only {commit[:10]}") from error
    return Proposed(commit, None, pushed=False, request=None, new=True)
