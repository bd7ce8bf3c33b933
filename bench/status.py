"""What `edgewright status` costs for ten thousand devices: python bench/status.py [--devices 10000] [--offline 0.02].

Starts a sandbox of its own, makes the devices in one ring (the worst case: pages of one list follow one another),
deploys a release and reads its status. Fails when it takes more calls than the pages need, when a number is wrong, or
when reading side by side takes longer than reading one list after the other.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from edgewright.aws.answers import RELEASE_TAG
from edgewright.aws.fleet import Depth, Question, read
from edgewright.aws.rings import reader, targets
from edgewright.aws.session import session
from edgewright.documents import naming
from edgewright.gitops.events import now
from edgewright.gitops.status.model import Status, assess
from edgewright.gitops.status.text import lines
from edgewright.manifest.load import Project, load_project
from edgewright.sandbox import control
from edgewright.sandbox.control import Sandbox

ROOT = Path(__file__).resolve().parent.parent
FLEET, STAGE, RING = "line-inspection", "staging", "twins"
# Pages of the operations that list (service models), and the calls that are made once.
_THINGS, _EXECUTIONS, _CORE_DEVICES, _ONCE = 250, 250, 100, 12


def main() -> int:
    """Measure; fail when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--offline", type=float, default=0.02, help="share of the devices that is switched off")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgewright-bench-") as folder, control.start(Path(folder)) as sandbox:
        os.environ.update(sandbox.aws_environment())
        project = load_project(ROOT)
        away = round(args.devices * args.offline)
        _prepare(sandbox, project, args.devices, away)
        return _measure(sandbox, project, args.devices, away)


def _prepare(sandbox: Sandbox, project: Project, devices: int, away: int) -> None:
    greengrass, iot = sandbox.client("greengrassv2", STAGE), sandbox.client("iot", STAGE)
    group = naming.thing_group(FLEET, STAGE, RING)
    iot.create_thing_group(thingGroupName=group)
    statement = {"Effect": "Allow", "Action": ["iot:*", "greengrass:*"], "Resource": "*"}
    iot.create_policy(
        policyName=naming.device_policy(FLEET, STAGE),
        policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    ring = next(each for at, each in project.path(FLEET) if (at, each.name) == (STAGE, RING))
    for name, component in ring.components.items():
        if not name.startswith("aws."):
            recipe = {
                "RecipeFormatVersion": "2020-01-25",
                "ComponentName": name,
                "ComponentVersion": component.version,
                "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "exec sleep 600"}}],
            }
            greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())
    sandbox.add_light_devices("on-", devices - away, fleet=FLEET, stage=STAGE, groups=[group])
    if away:
        sandbox.add_light_devices("off-", away, fleet=FLEET, stage=STAGE, groups=[group], offline=True)
    _until(lambda: sum(batch["online"] for batch in sandbox.light_devices()) == devices - away)
    made = greengrass.create_deployment(
        targetArn=naming.thing_group_arn(sandbox.region, sandbox.account_id(STAGE), group),
        components={name: {"componentVersion": each.version} for name, each in ring.components.items()},
        tags={RELEASE_TAG: ring.release},
    )
    sandbox.set_speed(1e6)
    _until(
        lambda: (
            iot.describe_job(jobId=made["iotJobId"])["job"]["jobProcessDetails"]["numberOfSucceededThings"]
            == devices - away
        )
    )
    sandbox.set_speed(1.0)


def _measure(sandbox: Sandbox, project: Project, devices: int, away: int) -> int:
    alone, _ = _read(sandbox, project, workers=1)
    took, found = _read(sandbox, project, workers=16)
    calls = len(sandbox.calls())
    allowed = (
        math.ceil(devices / _THINGS) + math.ceil(devices / _EXECUTIONS) + 1 + math.ceil(devices / _CORE_DEVICES) + _ONCE
    )
    # Devices that never took a deployment are not in the list of the group, so all of the account are listed, once.
    allowed += math.ceil(devices / _CORE_DEVICES) if away > 50 else away
    print("\n".join(lines(found, lambda text, _colour: text, components=True, everybody=False)))
    print(f"{'status, side by side':<40} {took:8.2f} s, {calls} calls ({allowed} allowed)")
    print(f"{'status, one call after the other':<40} {alone:8.2f} s ({took / alone:.2f} times side by side)")
    (ring,) = found.rings
    wrong = []
    if (len(ring.reading.devices), len(ring.reading.taken)) != (devices, devices - away) or not found.complete:
        wrong.append(f"{len(ring.reading.devices)} devices were read, {len(ring.reading.taken)} took the release")
    if calls > allowed:
        wrong.append(f"{calls} calls, and the pages need {allowed} at most")
    if took > 1.1 * alone:
        wrong.append("side by side took longer than one after the other")
    for line in wrong:
        print(f"missed: {line}")
    return 1 if wrong else 0


def _read(sandbox: Sandbox, project: Project, *, workers: int) -> tuple[float, Status]:
    session.cache_clear()
    wanted = targets(project, fleet=FLEET, stage=STAGE)
    sandbox.forget_calls()
    began = time.monotonic()
    readings = read(
        wanted,
        lambda stage: reader(project, stage, role="OrganizationAccountAccessRole"),
        Question(depth=Depth.SUSPECTS, workers=workers),
    )
    return time.monotonic() - began, assess(project, readings, now())


def _until(holds: Any, seconds: float = 600.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            msg = f"it is not done after {seconds:.0f} s"
            raise SystemExit(msg)
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
