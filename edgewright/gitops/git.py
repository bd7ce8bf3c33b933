"""Git, as the verbs need it. With `process.py`, one of the two places that start programs.

Arguments go to git as a list, never through a shell; a commit message comes over standard input and a path after `--`,
so that neither can be taken for an option.
"""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 -- git has no library with the same behaviour as the git of the user
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgewright.errors import EdgewrightError


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
        self._git(["commit", "--quiet", "--file=-", "--", *paths], stdin=message)
        return self.head()

    def revert(self, commit: str) -> str:
        """Make the commit that undoes ``commit``; return its id. A conflict leaves the work tree as it was.

        Raises:
            GitError: the revert conflicts with what came after.
        """
        try:
            self._git(["revert", "--no-edit", "--end-of-options", commit])
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

    def _git(self, arguments: Sequence[str], *, stdin: str | None = None) -> str:
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "LC_ALL": "C"}
        try:
            result = subprocess.run(  # noqa: S603 -- a list, no shell
                ["git", "-C", str(self.root), *arguments],  # noqa: S607 -- the git of the user's PATH is meant
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                env=environment,
            )
        except FileNotFoundError as error:
            msg = "git is not on PATH; install git"
            raise GitError(msg) from error
        if result.returncode:
            words = (result.stderr or result.stdout).strip() or f"exit code {result.returncode}"
            msg = f"git {arguments[0]} failed in {self.root}: {words}"
            raise GitError(msg)
        return result.stdout


def is_work_tree(root: Path) -> bool:
    """Whether ``root`` is the top of a git work tree."""
    return (root / ".git").exists()
