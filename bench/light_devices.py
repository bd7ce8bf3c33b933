"""What ten thousand light devices cost: python bench/light_devices.py [--devices 10000] [--memory MIB] [--factor 1.5].

Starts a sandbox of its own, makes the devices, rolls a release out to them at a rate and once more without one, reads
what a status page reads, and prints seconds, processor time and memory of the server. With ``--factor`` it fails when
a rollout takes longer than so many times what its rate allows; with ``--memory`` when the server needs more.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from edgewright.documents import naming
from edgewright.sandbox import control
from edgewright.sandbox.control import Sandbox

FLEET, STAGE, GROUP = "line-inspection", "staging", "bench"
COMPONENT = "com.acme.bench"
MINUTE = 60.0
RATE = 1000  # devices a minute: the most that a deployment may ask for
SPEED = 60.0  # a minute of the sandbox in a second


def main() -> int:
    """Measure; fail when a limit is given and missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--memory", type=float, default=2048, help="MiB that the server may need")
    parser.add_argument("--factor", type=float, default=1.5, help="times what the rate allows")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgewright-bench-") as folder, control.start(Path(folder)) as sandbox:
        bench = Bench(sandbox, args.devices)
        return bench.run(args.memory, args.factor)


class Bench:
    """One run."""

    def __init__(self, sandbox: Sandbox, devices: int) -> None:
        self.sandbox = sandbox
        self.devices = devices
        self.iot: Any = sandbox.client("iot", STAGE)
        self.greengrass: Any = sandbox.client("greengrassv2", STAGE)
        self.target = naming.thing_group_arn(sandbox.region, sandbox.account_id(STAGE), GROUP)

    def run(self, memory: float, factor: float) -> int:
        """All measurements, one line each."""
        self._prepare()
        self._timed("made", self._add)
        self._timed(
            "online", lambda: self._until(lambda: bool(self.sandbox.light_devices()[0]["online"] == self.devices))
        )
        self.sandbox.set_speed(SPEED)
        allowed = (self.devices - 1) // RATE * MINUTE / SPEED
        limited = {"jobExecutionsRolloutConfig": {"maximumPerMinute": RATE}}
        took = self._timed(
            f"rollout at {RATE} a minute ({allowed:.1f} s allowed)", lambda: self._roll_out("1.0.0", limited)
        )
        self.sandbox.set_speed(1e6)
        self._timed("rollout as fast as it goes", lambda: self._roll_out("1.1.0", {}))
        self._timed("all core devices listed", self._list)
        self._timed("all executions listed", self._executions)
        needed = self._memory()
        print(f"{'memory of the server':<48} {needed:8.0f} MiB")
        late = allowed > 0 and took > max(factor * allowed, allowed + 1)
        if late:
            print(f"the rollout took {took / allowed:.2f} times what its rate allows; {factor:g} is the limit")
        if needed > memory:
            print(f"the server needs more than {memory:.0f} MiB")
        return 1 if late or needed > memory else 0

    def _prepare(self) -> None:
        self.iot.create_thing_group(thingGroupName=GROUP)
        statement = {"Effect": "Allow", "Action": ["iot:*", "greengrass:*"], "Resource": "*"}
        self.iot.create_policy(
            policyName=naming.device_policy(FLEET, STAGE),
            policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        for version in ("1.0.0", "1.1.0"):
            recipe = {
                "RecipeFormatVersion": "2020-01-25",
                "ComponentName": COMPONENT,
                "ComponentVersion": version,
                "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "exec sleep 600"}}],
            }
            self.greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())

    def _add(self) -> None:
        self.sandbox.add_light_devices("cam-", self.devices, fleet=FLEET, stage=STAGE, groups=[GROUP])

    def _roll_out(self, version: str, config: dict[str, Any]) -> None:
        components = {COMPONENT: {"componentVersion": version}}
        made = self.greengrass.create_deployment(
            targetArn=self.target, components=components, iotJobConfiguration=config
        )

        def done() -> bool:
            details = self.iot.describe_job(jobId=made["iotJobId"])["job"]["jobProcessDetails"]
            return bool(details["numberOfSucceededThings"] == self.devices)

        self._until(done)

    def _list(self) -> None:
        pages = self.greengrass.get_paginator("list_core_devices").paginate(PaginationConfig={"PageSize": 100})
        self._expect(sum(len(page["coreDevices"]) for page in pages))

    def _executions(self) -> None:
        job = self.greengrass.list_deployments(targetArn=self.target)["deployments"][0]["deploymentId"]
        job = self.greengrass.get_deployment(deploymentId=job)["iotJobId"]
        paginator = self.iot.get_paginator("list_job_executions_for_job")
        self._expect(
            sum(len(p["executionSummaries"]) for p in paginator.paginate(jobId=job, PaginationConfig={"PageSize": 250}))
        )

    def _expect(self, found: int) -> None:
        if found != self.devices:
            msg = f"{self.devices} devices were made, {found} are listed"
            raise SystemExit(msg)

    def _until(self, holds: Callable[[], bool], seconds: float = 600.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                msg = f"it is not done after {seconds:.0f} s"
                raise SystemExit(msg)
            time.sleep(0.05)

    def _timed(self, what: str, run: Callable[[], None]) -> float:
        before, began = self._processor(), time.monotonic()
        run()
        took = time.monotonic() - began
        print(f"{what:<48} {took:8.2f} s ({self._processor() - before:.2f} s of the server's processor time)")
        return took

    def _processor(self) -> float:
        """Seconds of processor time of the server; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.sandbox.pids['server']}/stat").read_text("ascii").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / 100

    def _memory(self) -> float:
        """MiB that the server needed at most; 0 where the system does not tell."""
        try:
            lines = Path(f"/proc/{self.sandbox.pids['server']}/status").read_text("ascii").splitlines()
        except OSError:
            return 0.0
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


if __name__ == "__main__":
    sys.exit(main())
