"""Rules about SageMaker Edge Manager, which AWS gave up on 2024-04-26 and some fleets still describe.

Sources: the component's page in AWS's Greengrass developer guide; CreateDeviceFleet and RegisterDevices in the API's
model; AWS's notice of the end of life.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgewright.catalog.edge_model import GONE
from edgewright.catalog.edge_model import KIND as MODEL_KIND
from edgewright.documents import naming
from edgewright.manifest.context import Context, RingPlace
from edgewright.manifest.public import EDGE_MANAGER
from edgewright.source import Problem

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
"""Of a device fleet and of a device; a thing may have 128 characters, ``_`` and ``:``."""
_REGIONS = ("ap-northeast-1", "eu-central-1", "eu-west-1", "us-east-1", "us-east-2", "us-west-2")


def edge_manager_is_gone(context: Context) -> Iterator[Problem]:
    """Its calls still preview and then fail: an error in production, unless somebody says that they know."""
    for folder, parsed in context.fleets.items():
        if parsed.model is None or not parsed.model.edge_manager.enabled:
            continue
        production = [place.stage_name for place in context.rings_by_fleet.get(folder, ()) if place.production]
        refused = bool(production) and not parsed.model.edge_manager.acknowledged
        yield parsed.problem(
            ("edgeManager", "enabled"),
            f"SageMaker Edge Manager does not work since {GONE}, when AWS discontinued it",
            got=f"a fleet in {production[0]}" if refused else None,
            remedy="remove edgeManager and run ONNX Runtime in a component, or write acknowledgedDiscontinued: true"
            if refused
            else "remove edgeManager and run ONNX Runtime in a component",
            severity="error" if refused else "warning",
        )


def edge_manager_models_are_meant(context: Context) -> Iterator[Problem]:
    """What Edge Manager packaged runs on, and nobody can make its next version: as its agent in production, said so."""
    for place, name, component in context.components():
        found = context.catalog.get(name, component.version)
        if found is None or found.kind != MODEL_KIND:
            continue
        acknowledged = place.fleet is None or place.fleet.edge_manager.acknowledged
        refused = place.production and not acknowledged
        remedy = "replace it: edgewright component new onnx-model"
        if refused:
            remedy += "; or write edgeManager: {acknowledgedDiscontinued: true} in fleet.yaml"
        yield place.problem(
            ("components", name),
            f"is a model that SageMaker Edge Manager packages, which AWS discontinued on {GONE}, "
            "so that its next version cannot be built",
            got=f"a ring of {place.stage_name}" if refused else None,
            remedy=remedy,
            severity="error" if refused else "warning",
        )


def edge_manager_agent_is_configured(context: Context) -> Iterator[Problem]:
    """The agent needs its fleet and a bucket; it starts without them and does nothing."""
    for place in context.rings:
        agent = place.ring.components.get(EDGE_MANAGER)
        if agent is None:
            continue
        path = ("components", EDGE_MANAGER, "config")
        if place.fleet is not None and not place.fleet.edge_manager.enabled:
            yield place.problem(
                ("components", EDGE_MANAGER),
                "needs a device fleet, and the fleet has none",
                remedy="write edgeManager: {enabled: true} in fleet.yaml, or take the agent out",
            )
        for key, example in (("DeviceFleetName", "line-inspection"), ("BucketName", "acme-sagemaker-captures")):
            if not isinstance(agent.config.get(key), str) or not agent.config[key]:
                yield place.problem(
                    path, f"needs {key}, without which the agent does nothing", remedy=f"add {key}: {example}"
                )
        yield from _bucket(context, place, agent.config.get("BucketName"))
        fleet = agent.config.get("DeviceFleetName")
        if isinstance(fleet, str) and fleet and "${" not in fleet and not _NAME.fullmatch(fleet):
            yield place.problem(
                (*path, "DeviceFleetName"),
                "is not the name of a device fleet: letters, digits and dashes, at most 63",
                got=place.shown((*path, "DeviceFleetName")),
                remedy="write the name alone, such as line-inspection",
            )


def _bucket(context: Context, place: RingPlace, bucket: object) -> Iterator[Problem]:
    path = ("components", EDGE_MANAGER, "config", "BucketName")
    organisation = context.organisation.model
    if not isinstance(bucket, str) or not bucket:
        return
    if organisation is not None and place.account_id is not None:
        name = naming.capture_bucket(organisation.name, place.fleet_name, place.stage_name, place.account_id)
        bucket = bucket.replace("${capture.bucket}", name)
        own = naming.edge_manager_bucket(organisation.name, place.fleet_name, place.stage_name, place.account_id)
        bucket = bucket.replace("${edgeManager.bucket}", own)
    if "/" in bucket or ":" in bucket:
        yield place.problem(
            path, "must be the name of a bucket, not a URI", got=place.shown(path), remedy="write the name alone"
        )
    elif "sagemaker" not in bucket.lower():
        yield place.problem(
            path,
            "must contain sagemaker: AWS's policy for the agent lets it write to no other bucket",
            got=place.shown(path),
            remedy="name a bucket such as acme-sagemaker-captures",
        )


def edge_manager_batch_fits_its_buffer(context: Context) -> Iterator[Problem]:
    """A batch that is not smaller than the buffer is never sent. The component takes its numbers as text."""
    for place in context.rings:
        agent = place.ring.components.get(EDGE_MANAGER)
        if agent is None:
            continue
        path = ("components", EDGE_MANAGER, "config")
        sizes = {"CaptureDataBatchSize": 10, "CaptureDataBufferSize": 30}
        good = True
        for key in sizes:
            value = agent.config.get(key)
            if value is None:
                continue
            if isinstance(value, bool) or not re.fullmatch(r"[1-9][0-9]{0,8}", str(value)):
                good = False
                yield place.problem(
                    (*path, key), "must be a whole number", got=place.shown((*path, key)), remedy='write it like "10"'
                )
            else:
                sizes[key] = int(value)
        batch, buffer = sizes.values()
        if good and batch >= buffer:
            key = "CaptureDataBatchSize" if "CaptureDataBatchSize" in agent.config else "CaptureDataBufferSize"
            yield place.problem(
                (*path, key),
                f"makes a batch of {batch}, which must be less than the buffer of {buffer}",
                got=place.shown((*path, key)),
                remedy="lower the batch to half the buffer, or raise the buffer",
            )


def edge_manager_takes_the_devices(context: Context) -> Iterator[Problem]:
    """The device's name there is the thing's name, and there are six Regions."""
    for place in context.rings:
        if place.fleet is None or not place.fleet.edge_manager.enabled:
            continue
        if place.index == 0 and place.region is not None and place.region not in _REGIONS:
            yield place.file.parsed.problem(
                ("stage",),
                f"is in {place.region}, where SageMaker Edge Manager never was",
                got=place.stage_name,
                remedy=f"its Regions are {', '.join(_REGIONS)}",
            )
        for index, thing in enumerate(place.ring.members.things or ()):
            if not _NAME.fullmatch(thing):
                yield place.problem(
                    ("members", "things", index),
                    "cannot be an Edge Manager device, whose name must be the thing's: "
                    "letters, digits and dashes, at most 63",
                    got=thing,
                    remedy="rename the thing, or disable edgeManager",
                )


RULES = (
    edge_manager_is_gone,
    edge_manager_models_are_meant,
    edge_manager_agent_is_configured,
    edge_manager_batch_fits_its_buffer,
    edge_manager_takes_the_devices,
)
