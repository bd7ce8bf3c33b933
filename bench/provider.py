"""What many Deployments cost in one plugin process: python bench/provider.py [--deployments 1000] [--memory MIB].

Starts a sandbox and the provider's executable, and speaks to it as the engine does: creates all deployments at once
(each waits for a device that never comes), compares them without a change, and refreshes them. Prints the plugin's peak
memory, its threads, and the calls to AWS of each step. Fails when the memory is above the limit, a comparison without a
change calls AWS, or there is a thread for each resource.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# The sandbox's Region and account; nothing here reaches anything else.
ACCOUNT = "222222222222"


def main() -> int:
    """Measure; fail when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deployments", type=int, default=1000)
    parser.add_argument("--memory", type=float, default=400, help="MiB that the plugin may have at most")
    args = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]

    from edgewright.sandbox import control  # noqa: PLC0415 -- after the path was set
    from tests.helpers.plugin import running  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="edgewright-bench-") as folder, control.start(Path(folder)) as sandbox:
        iot = sandbox.client("iot", ACCOUNT)
        wanted = {}
        for number in range(args.deployments):
            name = f"ring-{number:04}"
            group = iot.create_thing_group(thingGroupName=name)["thingGroupArn"]
            iot.create_thing(thingName=f"cam-{number:04}")
            iot.add_thing_to_thing_group(thingGroupName=name, thingName=f"cam-{number:04}")
            wanted[name] = {"targetArn": group, "components": {}, "wait": {"timeoutSeconds": 120}}
        with running(ROOT, sandbox.aws_environment()) as plugin:
            role = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"
            # A device is taken for offline after 30 seconds, so all of them are watched at once.
            settings = {"region": "eu-west-1", "pollSeconds": 10, "pickupSeconds": 30}
            plugin.configure({**settings, "assumeRole": {"roleArn": role}})
            counts = {}
            started = time.perf_counter()
            made = plugin.create(wanted)
            counts["create"] = (time.perf_counter() - started, len(sandbox.calls()))
            sandbox.forget_calls()
            started = time.perf_counter()
            changed = plugin.changes(made)
            counts["compare"] = (time.perf_counter() - started, len(sandbox.calls()))
            sandbox.forget_calls()
            started = time.perf_counter()
            plugin.read(made)
            counts["refresh"] = (time.perf_counter() - started, len(sandbox.calls()))
            usage = plugin.usage()
    for step, (seconds, calls) in counts.items():
        print(f"{step}: {args.deployments} deployments in {seconds:.1f} s, {calls} calls to AWS")
    print(f"the plugin: {usage['peak']} MiB at most, {usage['threads']} threads")
    failed = changed or counts["compare"][1] or usage["peak"] > args.memory or usage["threads"] > 100
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
