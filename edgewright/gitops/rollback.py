"""Rollback: the commit that gives a ring the release that it had before, and a hold on the one that it leaves.

Where nothing else has touched the lines of the change that is undone, the bytes are the ones that git revert would
give; else the release alone goes back. Other changes of the same commit stay: a revert of a whole request would take
along what others asked for. What is undone is chosen in `edgewright.gitops.rollback_plan`.
"""

from __future__ import annotations

from edgewright.errors import EdgewrightError
from edgewright.gitops import controlling, proposal, releases
from edgewright.gitops.edit import release_is_all_that_differs, with_release
from edgewright.gitops.events import RolledBack, now, written
from edgewright.gitops.merged import Merged
from edgewright.gitops.proposal import Proposed
from edgewright.gitops.releases import stage_file
from edgewright.gitops.rollback_plan import Plan, Undo
from edgewright.manifest.controls import hold_file


def carry_out(merged: Merged, wanted: Plan, *, here: bool = False) -> Proposed:
    """Make the commit of a rollback and propose it; one that is open already is found again.

    Raises:
        EdgewrightError: the file cannot be edited, pushed or requested.
    """
    repository, base = merged.repository, merged.base
    body = _body(wanted)
    stale = None
    if not here:
        stale = proposal.find_open(repository, base, wanted.branch)
        if stale is not None and _is_of(merged, wanted, stale):
            request = proposal.request_for(repository, base, wanted.branch, title=wanted.title, body=body)
            return Proposed(stale, wanted.branch, pushed=base.remote is not None, request=request, new=False)
    by = repository.operator()
    texts: dict[str, str] = {}
    files: dict[str, str | None] = {}
    for undo in wanted.undos:
        path = stage_file(wanted.fleet, undo.ring.partition("/")[0])
        texts[path] = _text(merged, undo, path, texts.get(path) or merged.text(path))
        file, hold = controlling.hold(
            wanted.fleet,
            undo.ring,
            undo.leaves,
            wanted.reason,
            by,
            restores=undo.restores,
            fast_track=wanted.fast_track,
        )
        files[file] = controlling.render(hold)
        # what is restored is wanted again: a hold on it would contradict that
        old = hold_file(wanted.fleet, undo.ring, undo.restores)
        if merged.project.controls.hold(wanted.fleet, undo.ring, undo.restores) is not None:
            files[old] = None
    commit = proposal.commit_files(repository, base.commit, {**texts, **files}, _message(wanted))
    if here:
        proposed = proposal.commit_here(repository, commit)
    else:
        proposed = proposal.propose(
            repository, base, commit, wanted.branch, title=wanted.title, body=body, replaces=stale
        )
    merged.ledger.append([_event(wanted, undo, by, proposed) for undo in wanted.undos])
    return proposed


def _is_of(merged: Merged, wanted: Plan, commit: str) -> bool:
    """Whether a branch was made for this rollback, and not for an earlier one of the same release."""
    if merged.repository.is_ancestor(commit, merged.base.commit):
        return False
    return all(merged.repository.is_ancestor(undo.change.commit.id, commit) for undo in wanted.undos)


def _text(merged: Merged, undo: Undo, path: str, now_text: str) -> str:
    name = undo.ring.partition("/")[2]
    old = merged.history.text(undo.commit, undo.path)
    if old is None:
        msg = f"{undo.path} is not in {undo.commit[:10]} any more"
        raise EdgewrightError(msg)
    after = merged.history.text(undo.change.commit.id, undo.change.path)
    if after is not None and undo.change.before == undo.restores:
        merged_text = merged.repository.merge_texts(now_text, after, old)
        if merged_text is not None and release_is_all_that_differs(now_text, merged_text, name, old, name):
            return merged_text
    return with_release(now_text, name, old, name, file=path, source_file=f"{undo.path} of {undo.commit[:10]}")


def _message(wanted: Plan) -> str:
    reverts = "".join(f"This reverts commit {undo.change.commit.id}.\n" for undo in wanted.undos)
    trailers = [(releases.FLEET, wanted.fleet)]
    for undo in wanted.undos:
        trailers += [
            (releases.ROLLS_BACK, undo.ring),
            (releases.RELEASE, undo.restores),
            (releases.PREVIOUS, undo.leaves),
        ]
        trailers += [("Edgewright-Deployment", undo.deployment)] if undo.deployment else []
    trailers += [("Edgewright-Fast-Track", "bake is skipped, abort thresholds stay")] if wanted.fast_track else []
    trailers += [("Edgewright-Passed", each) for each in wanted.passed]
    return proposal.message(wanted.title, f"{wanted.reason}\n\n{reverts}", trailers)


def _body(wanted: Plan) -> str:
    lines = [f"Fleet `{wanted.fleet}`: {wanted.reason.replace('`', chr(39))}", ""]
    lines += [f"- `{undo.ring}` goes back from `{undo.leaves}` to `{undo.restores}`" for undo in wanted.undos]
    lines += ["", "The release that is left is held back from these rings until `edgewright release` lets it go."]
    lines += [f"Passed over: `{each.replace('`', chr(39))}`" for each in wanted.passed]
    return "\n".join([*lines, ""])


def _event(wanted: Plan, undo: Undo, by: str, proposed: Proposed) -> RolledBack:
    return RolledBack(
        at=written(now()),
        by=by,
        fleet=wanted.fleet,
        ring=undo.ring,
        release=undo.leaves,
        restores=undo.restores,
        commit=proposed.commit,
        reason=wanted.reason,
        reverts=undo.change.commit.id,
        failed=wanted.failed,
        fast_track=wanted.fast_track,
        request=proposed.request,
        passed=wanted.passed,
    )
