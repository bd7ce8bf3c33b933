"""Git, as the verbs need it. With `process.py`, one of the two places that start programs.

Arguments go to git as a list, never through a shell; a commit message comes over standard input and a path after `--`,
so that neither can be taken for an option.

Longer than other modules, because it is one class with a short method for each question; whoever adds to it says
what is asked, never how git is called.
"""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 -- git has no library with the same behaviour as the git of the user
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgewright.errors import EdgewrightError

NOBODY = "edgewright@localhost"
"""The mail address of commits where git knows nobody, as on a fresh CI machine."""


class GitError(EdgewrightError):
    """Git refused; the message has its own last words."""


@dataclass(frozen=True)
class Repository:
    """A git work tree."""

    root: Path

    @classmethod
    def create(cls, root: Path, *, author: str, email: str, branch: str = "main") -> Repository:
        """Make a new repository at ``root`` with an author of its own (nothing global is read or written)."""
        repository = cls(root)
        repository._git(["init", "--quiet", f"--initial-branch={branch}"])
        for key, value in (("user.name", author), ("user.email", email), ("commit.gpgsign", "false")):
            repository._git(["config", "--local", key, value])
        return repository

    def commit(self, subject: str, *, paths: Sequence[str] = (".",), trailers: Mapping[str, str] | None = None) -> str:
        """Commit all changes under ``paths``; return the commit's id.

        Raises:
            GitError: there is nothing to commit, or git refuses.
        """
        self._git(["add", "--all", "--", *paths])
        message = subject + "\n"
        if trailers:
            message += "\n" + "".join(f"{key}: {value}\n" for key, value in trailers.items())
        self._git(["commit", "--quiet", "--file=-", "--", *paths], stdin=message, environment=self.identity())
        return self.head()

    def revert(self, commit: str) -> str:
        """Make the commit that undoes ``commit``; return its id. A conflict leaves the work tree as it was.

        Raises:
            GitError: the revert conflicts with what came after.
        """
        try:
            self._git(["revert", "--no-edit", "--end-of-options", commit], environment=self.identity())
        except GitError:
            subprocess.run(["git", "-C", str(self.root), "revert", "--abort"], capture_output=True, check=False)  # noqa: S603, S607 -- git of the user, fixed arguments
            raise
        return self.head()

    def head(self) -> str:
        """Return the full id of the current commit."""
        return self._git(["rev-parse", "HEAD"]).strip()

    def head_of(self, subject: str) -> str:
        """Return the id of the newest commit on the current branch with this subject.

        Raises:
            GitError: there is none.
        """
        for line in self._git(["log", "--format=%H %s"]).splitlines():
            commit, _, found = line.partition(" ")
            if found == subject:
                return commit
        msg = f"{self.root}: no commit has the subject {subject!r}"
        raise GitError(msg)

    def must_be_one(self) -> None:
        """Check that there is a repository at all.

        Raises:
            GitError: there is none.
        """
        try:
            self._git(["rev-parse", "--git-dir"])
        except GitError as error:
            msg = (
                f"{self.root.resolve()} is in no git repository: run this in a clone, or name one with --root ({error})"
            )
            raise GitError(msg) from error

    def resolve(self, revision: str) -> str:
        """Return the full id of the commit that a revision names.

        Raises:
            GitError: it names none.
        """
        try:
            return self._git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]).strip()
        except GitError as error:
            msg = f"there is no commit {revision!r} in {self.root}: name a commit, a tag or a branch that is fetched"
            raise GitError(msg) from error

    def default_branch(self) -> str:
        """Return the branch that changes are merged into, as a revision: the remote's, or main or master here.

        Raises:
            GitError: there is none of these.
        """
        candidates = ["origin/HEAD", "origin/main", "origin/master", "main", "master"]
        for name in candidates:
            try:
                self.resolve(name)
            except GitError:
                continue
            if name != "origin/HEAD":
                return name
            return self._git(["rev-parse", "--abbrev-ref", "origin/HEAD"]).strip()
        msg = f"{self.root} has no default branch ({', '.join(candidates)}): name the commit to compare with"
        raise GitError(msg)

    def merge_base(self, one: str, other: str) -> str:
        """Return the commit at which two revisions parted.

        Raises:
            GitError: they have nothing in common, or the clone is too shallow to know.
        """
        try:
            return self._git(["merge-base", "--end-of-options", one, other]).strip()
        except GitError as error:
            shallow = self._git(["rev-parse", "--is-shallow-repository"]).strip() == "true"
            remedy = "run `git fetch --unshallow`, or clone with all of the history" if shallow else "name another base"
            msg = f"{one} and {other} have no commit in common here: {remedy}"
            raise GitError(msg) from error

    def files(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """Return the plain files of a commit below ``paths``: path, from the root of this folder, to blob id.

        Symbolic links and submodules are left out. Paths are as the commit has them.
        """
        prefix = self._git(["rev-parse", "--show-prefix"]).strip()
        listing = self._git(
            ["ls-tree", "-r", "-z", "--full-tree", commit, "--", *(f":(literal){prefix}{path}" for path in paths)]
        )
        found: dict[str, str] = {}
        for line in filter(None, listing.split("\0")):
            described, _, path = line.partition("\t")
            mode, _, blob = described.split()
            if mode in ("100644", "100755"):
                found[path.removeprefix(prefix)] = blob
        return found

    def blobs(self, ids: Sequence[str]) -> Iterator[bytes]:
        """Return the contents of blobs, in order, by one process.

        Raises:
            GitError: one of them is not here, as in a partial clone without its remote.
        """
        answer = self._run(["cat-file", "--batch"], stdin="".join(f"{each}\n" for each in ids).encode())
        position = 0
        for each in ids:
            end = answer.index(b"\n", position)
            header = answer[position:end].decode("ascii", "replace").split()
            if len(header) != 3 or header[1] != "blob":
                msg = f"{self.root} does not have the blob {each}: fetch the whole commit"
                raise GitError(msg)
            size = int(header[2])
            yield answer[end + 1 : end + 1 + size]
            position = end + 2 + size

    def clean(self) -> bool:
        """Whether the work tree has no change and no untracked file."""
        return not self._git(["status", "--porcelain"]).strip()

    def tracked(self) -> list[str]:
        """Return the files that git tracks or would track: what is not ignored, relative to the root."""
        listing = self._git(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        return sorted({name for name in listing.split("\0") if name and (self.root / name).exists()})

    def subject(self, commit: str = "HEAD") -> str:
        """Return the first line of a commit's message."""
        return self._git(["log", "-1", "--format=%s", "--end-of-options", commit]).strip()

    def remotes(self) -> list[str]:
        """Return the names of the remotes."""
        return self._git(["remote"]).split()

    def remote_url(self, remote: str) -> str:
        """Return the address of a remote, with what the user's configuration makes of it."""
        return self._git(["remote", "get-url", remote]).strip()

    def prefix(self) -> str:
        """Return where this folder is in the repository: empty, or a path that ends in a slash."""
        return self._git(["rev-parse", "--show-prefix"]).strip()

    def user(self) -> str:
        """Return the mail address that git would commit with; ``edgewright@localhost`` where it knows none."""
        who = self._git(["var", "GIT_AUTHOR_IDENT"], or_else="")
        return who.partition("<")[2].partition(">")[0] or NOBODY

    def operator(self) -> str:
        """Return who runs this: as git knows them, or else as the forge's job names the one who set it off.

        Good for a record of who did something, not for one who must be somebody, such as an approver.
        """
        who = self.user()
        named = (os.environ.get("GITLAB_USER_EMAIL"), os.environ.get("GITHUB_ACTOR"))
        return who if who != NOBODY else next(filter(None, named), NOBODY)[:254]

    def current_branch(self) -> str | None:
        """Return the branch that is checked out; None where it is a commit."""
        return self._git(["symbolic-ref", "--quiet", "--short", "HEAD"], or_else="").strip() or None

    def find(self, revision: str) -> str | None:
        """Return the full id of the commit that a revision names; None when there is none."""
        try:
            return self.resolve(revision)
        except GitError:
            return None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether all of the history of one commit is in the history of another."""
        return self._git(["merge-base", older, newer], or_else="").strip() == older

    def merge_base_or_none(self, one: str, other: str) -> str | None:
        """Return the commit at which two commits parted; None where they have nothing in common here."""
        return self._git(["merge-base", one, other], or_else="").strip() or None

    def merge_texts(self, ours: str, base: str, theirs: str) -> str | None:
        """Return ``ours`` with what changed from ``base`` to ``theirs``; None where the two changes meet."""
        with tempfile.TemporaryDirectory(prefix="edgewright-") as folder:
            names = []
            for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
                (Path(folder) / name).write_bytes(text.encode())
                names.append(str(Path(folder) / name))
            try:
                return self._run(["merge-file", "--stdout", *names]).decode()
            except GitError:
                return None

    def shallow(self) -> bool:
        """Whether a part of the history is missing here."""
        return self._git(["rev-parse", "--is-shallow-repository"]).strip() == "true"

    def modes(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """Return the modes of the files that a commit has at paths below this folder."""
        prefix = self.prefix()
        listing = self._git(["ls-tree", "-z", "--full-tree", commit, "--", *(f"{prefix}{path}" for path in paths)])
        found = {}
        for line in filter(None, listing.split("\0")):
            mode, _, rest = line.partition(" ")
            found[rest.partition("\t")[2].removeprefix(prefix)] = mode
        return found

    def identity(self) -> dict[str, str]:
        """Return variables that give commits an author where git knows none, as on a fresh CI machine."""
        if self._git(["var", "GIT_COMMITTER_IDENT"], or_else="") and self._git(["var", "GIT_AUTHOR_IDENT"], or_else=""):
            return {}
        return {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "Edgewright"), ("EMAIL", NOBODY))
        }

    def plumb(
        self,
        arguments: Sequence[str],
        *,
        stdin: str | bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run one of git's low-level commands; return what it printed.

        Raises:
            GitError: git refuses.
        """
        return self._git(arguments, stdin=stdin, environment=environment)

    def _git(
        self,
        arguments: Sequence[str],
        *,
        stdin: str | bytes | None = None,
        environment: Mapping[str, str] | None = None,
        or_else: str | None = None,
    ) -> str:
        try:
            given = stdin.encode() if isinstance(stdin, str) else stdin
            return (
                self._run(arguments, stdin=given, environment=environment)
                .decode("utf-8", "surrogateescape")
                .replace("\r\n", "\n")
            )
        except GitError:
            if or_else is None:
                raise
            return or_else

    def _run(
        self, arguments: Sequence[str], *, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> bytes:
        environment = {
            **os.environ,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_EDITOR": "true",
            "LC_ALL": "C",
            **(environment or {}),
        }
        try:
            result = subprocess.run(  # noqa: S603 -- a list, no shell
                ["git", "-C", str(self.root), *arguments],  # noqa: S607 -- the git of the user's PATH is meant
                input=stdin,
                capture_output=True,
                check=False,
                env=environment,
            )
        except FileNotFoundError as error:
            msg = "git is not on PATH; install git"
            raise GitError(msg) from error
        if result.returncode:
            said = (result.stderr or result.stdout).decode("utf-8", "replace").strip()
            words = said or f"exit code {result.returncode}"
            msg = f"git {arguments[0]} failed in {self.root}: {words}"
            raise GitError(msg)
        return result.stdout


def is_work_tree(root: Path) -> bool:
    """Whether ``root`` is the top of a git work tree."""
    return (root / ".git").exists()
