"""The sample organisation as a project, and copies of it with one thing changed."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pulumi

from components.settings import Settings
from components.stacks import build
from edgewright.manifest.load import Project, load_project
from edgewright.manifest.model import Component, EdgeManager, Fleet, FleetStage, Members, Organisation, Ring
from edgewright.manifest.twins import Twins
from tests.helpers import functions
from tests.helpers.engine import Recording, record

ROOT = Path(__file__).resolve().parents[2]


@cache
def sample() -> Project:
    """Return the project of this checkout."""
    return load_project(ROOT)


FULL: dict[str, Any] = {
    "forge": {"github": {"repository": "acme/edge-fleets"}, "environments": {"prod": "production"}},
    "artifacts": {"kms": True},
    "trust": {"externalId": "acme-edge"},
    "personas": {
        "dataScientist": {"principals": ["arn:aws:iam::111111111111:role/science"]},
        "mlEngineer": {"principals": ["arn:aws:iam::111111111111:role/engineers"]},
        "operator": {"principals": ["arn:aws:iam::111111111111:role/operators"]},
        "technician": {"principals": ["arn:aws:iam::111111111111:role/technicians"]},
    },
    "models": {
        "groups": [{"group": "parts-model", "component": "com.acme.parts-model"}],
        "trigger": {"artifacts": ["arn:aws:s3:::acme-training/*"], "notify": ["mlops@acme.example"]},
    },
}
"""What an organisation may say besides what the sample says."""


TWINS = Twins.model_validate(
    {"ring": "twins", "count": 2, "architecture": "amd64", "instanceType": "t3.small", "disk": 20}
)


_SCRATCH = tempfile.TemporaryDirectory(prefix="edgewright-full-")


def _with_functions(root: Path) -> Project:
    """The sample in a folder of its own, with a component that is made from a Lambda function."""
    for name in ("catalog", "fleets", "golden"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("edgewright.yaml", "catalog.lock"):
        shutil.copy(ROOT / name, root)
    functions.add_function(root)
    functions.lock(root)
    functions.pin_function(root, "line-inspection", "prod/main", "1.0.0")
    return load_project(root)


@cache
def full() -> Project:
    """Return the sample with everything in manifests and catalog that the program can make something of."""
    project = _with_functions(Path(_SCRATCH.name) / "organisation")
    said = project.organisation.model_dump(mode="json", by_alias=True, exclude_unset=True)
    said["accounts"]["experimentation"] = {"id": "444444444444"}
    organisation = Organisation.model_validate({**said, **FULL})
    line, label = "line-inspection", "label-reading"
    project = replace(project, organisation=organisation)
    identity = project.fleets[line].identity.model_copy(update={"provisioning": "claim"})
    project = with_fleet(project, line, identity=identity)
    project = with_fleet(project, label, edge_manager=EdgeManager(enabled=True, acknowledged=True))
    serials = Members.model_validate({"provisioned": True, "serials": ["SN-0001", "SN-0002"]})
    project = with_ring(project, line, "prod", "main", members=serials)
    project = with_ring(project, line, "staging", "twins", members=Members(provisioned=True))
    staging = project.stages[line, "staging"].model_copy(update={"twins": TWINS})
    return replace(project, stages={**project.stages, (line, "staging"): staging})


def run(project: Project, stack: str, **settings: Any) -> Recording:
    """Return what a stack of the project registers."""

    def program() -> None:
        exports = build(project, Settings(**{"stack": stack, "stage": stack, **settings}))
        for name, value in exports.items():
            pulumi.export(name, value)

    return record(program, stack=stack)


def with_trigger(project: Project, *, forge: Any = None, **changes: Any) -> Project:
    """Return the project with attributes of the model registry's trigger, or the forge, changed."""
    organisation = project.organisation
    assert organisation.models is not None
    assert organisation.models.trigger is not None
    trigger = organisation.models.trigger.model_copy(update=changes)
    models = organisation.models.model_copy(update={"trigger": trigger})
    changed = organisation.model_copy(update={"models": models, "forge": forge or organisation.forge})
    return replace(project, organisation=changed)


def with_fleet(project: Project, fleet: str, **changes: Any) -> Project:
    """Return the project with attributes of a fleet changed."""
    changed: Fleet = project.fleets[fleet].model_copy(update=changes)
    return replace(project, fleets={**project.fleets, fleet: changed})


def with_ring(project: Project, fleet: str, stage: str, ring: str, **changes: Any) -> Project:
    """Return the project with attributes of a ring changed."""
    before = project.stages[fleet, stage]
    rings = tuple(_changed(each, changes) if each.name == ring else each for each in before.rings)
    after: FleetStage = before.model_copy(update={"rings": rings})
    return replace(project, stages={**project.stages, (fleet, stage): after})


def _changed(ring: Ring, changes: dict[str, Any]) -> Ring:
    copy = ring.model_copy(update=changes)
    # the copy would keep the digest that was computed of the original
    copy.__dict__.pop("release", None)
    return copy


def ring_of(project: Project, fleet: str, stage: str, ring: str) -> Ring:
    """Return a ring."""
    return next(each for each in project.stages[fleet, stage].rings if each.name == ring)


def with_components(project: Project, fleet: str, stage: str, ring: str, **components: Component | None) -> Project:
    """Return the project with components of a ring changed; None takes one out."""
    before = ring_of(project, fleet, stage, ring).components
    after = {name: component for name, component in {**before, **components}.items() if component is not None}
    return with_ring(project, fleet, stage, ring, components=after)


def replaced(project: Project, **changes: Any) -> Project:
    """Return the project with attributes of itself changed."""
    return replace(project, **changes)
