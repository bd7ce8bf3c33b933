"""The findings of the policy checks for a project, each at the line of the manifest that its statement comes from."""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.documents import audit, inventory, naming, personas
from edgewright.documents.audit import Finding, Kind
from edgewright.documents.inventory import Policy
from edgewright.manifest.context import Context
from edgewright.manifest.load import Project
from edgewright.manifest.model import Fleet, Organisation
from edgewright.source import Problem
from edgewright.validation import Parsed

_PERSONAS = {
    personas.DATA_SCIENTIST: "dataScientist",
    personas.ML_ENGINEER: "mlEngineer",
    personas.OPERATOR: "operator",
    personas.TECHNICIAN: "technician",
}
_Path = tuple[str | int, ...]


def problems(project: Project, context: Context) -> list[Problem]:
    """Return what the policy checks find in everything that the program would render, sorted.

    A trust that only names an account is an error where it leads to production, and a warning elsewhere.
    """
    return sorted(_problems(project, context), key=lambda problem: problem.order)


def _problems(project: Project, context: Context) -> Iterator[Problem]:
    for policy in inventory.policies(project):
        for finding in audit.findings(policy.document, kind_of(policy)):
            stage = project.organisation.stages.get(policy.stage) if policy.stage else None
            # ``{}`` in a fleet's own grant is what the source documents have; it is warned of, as in staging.
            severe = finding.severity == "error" or (policy.fleet is None and stage is not None and stage.production)
            parsed, path = _origin(policy, finding, context)
            yield parsed.problem(
                path,
                f"makes statement {finding.sid} of {policy.title}, which {finding.message}",
                remedy=finding.remedy,
                severity="error" if severe else "warning",
            )


def kind_of(policy: Policy) -> Kind:
    """Return what a document of the inventory is for."""
    if policy.part == "trust":
        return "trust"
    if policy.part == "permissions":
        return "role"
    if policy.owner.startswith("bucket "):
        return "bucket"
    if policy.owner.startswith("key "):
        return "key"
    if policy.owner.startswith("IoT policy "):
        return "iot"
    return "boundary" if f" {naming.PREFIX}-boundary-" in policy.owner else "managed"


def _origin(policy: Policy, finding: Finding, context: Context) -> tuple[Parsed[Organisation] | Parsed[Fleet], _Path]:
    """The manifest that a statement comes from, and where in it."""
    name = policy.owner.rpartition(" ")[2]
    if policy.fleet is not None and policy.fleet in context.fleets:
        parsed = context.fleets[policy.fleet]
        fleet = parsed.model
        if fleet is not None:
            number = finding.sid.removeprefix("Fleet")
            if number != finding.sid and number.isdigit():
                return parsed, ("identity", "permissions", int(number) - 1)
            for index, access in enumerate(fleet.access):
                if name == naming.access_role(policy.fleet, policy.stage or "", access.role):
                    return parsed, ("access", index)
        return parsed, ("identity",)
    organisation = context.organisation
    persona = next((key for key in _PERSONAS if name.startswith(f"{naming.PREFIX}-{key}")), None)
    if persona is not None:
        return organisation, ("personas", _PERSONAS[persona])
    if name.startswith(f"{naming.PREFIX}-ci-"):
        return organisation, ("forge",)
    if policy.stage is not None:
        return organisation, ("stages", policy.stage)
    return organisation, ("accounts",)
