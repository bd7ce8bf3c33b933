"""The text of an import's request: what a reviewer needs, in Markdown, with every foreign word as code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewright.gitops.markdown import code, prose

if TYPE_CHECKING:
    from edgewright.gitops.models.importing import Imported


def body(imported: Imported) -> str:
    """Return the request's text."""
    package = imported.package
    lines = [
        f"{code(imported.component)} {code(imported.version)}, from the model package {code(package.arn.text)}.",
        "",
    ]
    if imported.comparison is not None:
        current = ", ".join(sorted({place.current for place in imported.places})) or "none"
        lines += [f"| | current {code(current)} | candidate {code(imported.version)} |", "| --- | ---: | ---: |"]
        for row in imported.comparison.rows:
            mark = " **worse**" if row.worse else ""
            lines.append(f"| {prose(row.what)} | {prose(row.current)} | {prose(row.candidate)}{mark} |")
        lines += ["", *(f"- {prose(note)}" for note in imported.comparison.notes)]
    if imported.trial is not None:
        lines.append(f"- interface: {code(imported.trial.interface)}")
    facts = {
        "artifact": package.artifact,
        "digest named by the package": "yes, and it is right"
        if package.digest
        else "no: what was downloaded is pinned",
        "training data": package.metadata.get("trainingDataDigest"),
        "training code": " ".join(filter(None, (package.repository, package.commit))) or None,
        "pipeline": package.generated_by,
        "licence": package.metadata.get("licence"),
        "approval": package.approved,
    }
    lines += [f"- {name}: {code(value) if value else 'not said by the package'}" for name, value in facts.items()]
    lines += ["", "Merging deploys it to " + (_places(imported) or "no ring: none pins the component yet") + "."]
    return "\n".join(lines) + "\n"


def _places(imported: Imported) -> str:
    return ", ".join(code(f"{place.fleet} {place.stage}/{place.ring}") for place in imported.places)
