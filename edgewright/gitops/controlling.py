"""Controls are set and taken away as commits of one file each.

Unlike a promotion, a control is committed on the current branch at once: who stops the line does not wait for a
review. It is pushed too when it is the only thing that the branch has and its upstream has not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from edgewright.errors import EdgewrightError, RefusedError
from edgewright.gitops import proposal
from edgewright.gitops.events import now, written
from edgewright.gitops.git import GitError, Repository
from edgewright.manifest.base import API_VERSION
from edgewright.manifest.control_files import read_controls
from edgewright.manifest.controls import (
    SCHEMAS,
    Control,
    Controls,
    Hold,
    Quarantine,
    Stop,
    quarantine_file,
    short,
    stop_file,
)
from edgewright.manifest.load import ManifestErrors


@dataclass(frozen=True)
class Set:
    """What was done."""

    commit: str
    pushed: bool
    told: str
    """Why it was not pushed, or where to."""
    kept: bool = False
    """Whether others do not have it although they should: there is a remote, and the push was wanted and failed."""


def current(repository: Repository) -> Controls:
    """Return the controls of the work tree.

    Raises:
        ManifestErrors: one of the files is wrong.
    """
    files = read_controls(repository.root)
    if files.problems:
        raise ManifestErrors(files.problems)
    return files.controls


def stop(fleet: str, reason: str, by: str, *, rollbacks: bool) -> tuple[str, Stop]:
    """Return the file and the stop of a fleet, or of ``all``."""
    passes = {"rollbacks": "pass"} if rollbacks else {}
    return stop_file(fleet), _made(Stop, reason, by, passes)


def hold(
    fleet: str, ring: str, release: str, reason: str, by: str, *, restores: str | None = None, fast_track: bool = False
) -> tuple[str, Hold]:
    """Return the file and the hold of a release in a ring."""
    fields = {"fleet": fleet, "ring": ring, "release": release, "restores": restores}
    made = _made(Hold, reason, by, {**fields, **({"fastTrack": True} if fast_track else {})})
    return made.file, made


def quarantine(release: str, reason: str, by: str) -> tuple[str, Quarantine]:
    """Return the file and the quarantine of a release."""
    return quarantine_file(release), _made(Quarantine, reason, by, {"release": release})


C = TypeVar("C", bound=Control)


def _made(model: type[C], reason: str, by: str, fields: Mapping[str, object]) -> C:
    if not 3 <= len(reason.strip()) <= 500:
        msg = f"a reason has 3 to 500 characters, so that others understand it (got {reason!r}): say what was seen"
        raise EdgewrightError(msg)
    return model.model_validate(
        {
            "apiVersion": API_VERSION,
            "kind": model.__name__,
            **{key: value for key, value in fields.items() if value is not None},
            "reason": reason,
            "by": by,
            "at": written(now().replace(microsecond=0)),
        }
    )


def render(control: Control) -> str:
    """Return the YAML of a control: each value as JSON writes it, so that no reason is read as anything else.

    The first line tells editors the schema, from the folder that the file is in.
    """
    document = control.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    first = ("apiVersion", "kind")
    keys = [*first, *(key for key in document if key not in first)]
    shown = {key: document[key] if key in first else json.dumps(document[key], ensure_ascii=False) for key in keys}
    kind = type(control).__name__
    up = "../" * (2 if isinstance(control, Hold) else 1)
    schema = f"# yaml-language-server: $schema={up}{SCHEMAS[kind].rpartition('/')[2]}\n"
    return schema + "".join(f"{key}: {value}\n" for key, value in shown.items())


def commit(repository: Repository, files: Mapping[str, str | None], subject: str, reason: str, *, push: bool) -> Set:
    """Commit files on the current branch, the index and everything else left alone; push when that is safe.

    Args:
        repository: The repository.
        files: Path below the project's root -> its text; None takes it away.
        subject: Of the commit.
        reason: Its body.
        push: Whether to push.

    Raises:
        EdgewrightError: the work tree is in the way.
    """
    if not reason.strip():
        msg = "a reason is needed: say why"
        raise EdgewrightError(msg)
    before = repository.resolve("HEAD")
    made = proposal.commit_files(repository, before, files, proposal.message(subject, reason, []))
    proposal.commit_here(repository, made)
    if not push:
        return Set(made, pushed=False, told="not pushed")
    upstream = repository.find("@{upstream}")
    branch = repository.current_branch()
    if not repository.remotes():
        return Set(made, pushed=False, told="not pushed: the repository has no remote")
    if branch is None:
        return _kept(made, "no branch is checked out; git switch to the one that is merged, and git cherry-pick this")
    if upstream is None:
        return _kept(made, "the branch has no upstream; git push --set-upstream with a remote and its name")
    if upstream != before:
        return _kept(made, "the branch and its upstream differ in more than this; git pull --rebase, then git push")
    remote = repository.plumb(["config", f"branch.{branch}.remote"]).strip()
    merge = repository.plumb(["config", f"branch.{branch}.merge"]).strip()
    try:
        repository.plumb(["push", "--quiet", "--no-verify", remote, f"{made}:{merge}"])
    except GitError as error:
        return _kept(made, f"{error}; git pull --rebase and git push, or open a request with it")
    repository.plumb(["fetch", "--quiet", "--no-tags", remote])
    return Set(made, pushed=True, told=f"pushed to {remote}")


def _kept(made: str, why: str) -> Set:
    return Set(made, pushed=False, told=f"not pushed: {why}", kept=True)


def refuse_existing(path: str, there: Control | None) -> None:
    """Refuse to set what is set.

    Raises:
        RefusedError: it is.
    """
    if there is not None:
        msg = f"{path} is there already: {there}; release it first to give another reason"
        raise RefusedError(msg)


def holds_of(controls: Controls, fleet: str, ring: str | None, digits: str | None) -> list[Hold]:
    """Return the holds that a person means.

    Raises:
        EdgewrightError: there is none.
    """
    found = [
        each
        for each in controls.holds
        if each.fleet == fleet
        and ring in (None, each.ring)
        and (digits is None or short(each.release).startswith(digits.removeprefix("sha256:")[:12]))
    ]
    if not found:
        there = ", ".join(f"{each.ring} {short(each.release)}" for each in controls.holds if each.fleet == fleet)
        msg = f"nothing like that is held in fleet {fleet!r}: its holds are {there or 'none'}"
        raise EdgewrightError(msg)
    return found
