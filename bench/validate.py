"""How long `validate` takes for many fleets: python bench/validate.py [--fleets 1000] [--limit SECONDS].

Makes the fleets in a temporary folder from the project's own sample (its catalog included), each with things of its
own, and runs the checks in a fresh process on one core, as a user would. Prints the seconds of that run.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = "line-inspection"


def make(target: Path, fleets: int) -> int:
    """Write a project with ``fleets`` fleets; return the number of manifests."""
    for name in ("edgewright.yaml", "catalog.lock"):
        shutil.copy(ROOT / name, target / name)
    shutil.copytree(ROOT / "catalog", target / "catalog")
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "fleets" / SAMPLE).glob("*.yaml")}
    for number in range(fleets):
        name = f"fleet-{number:05}"
        folder = target / "fleets" / name
        folder.mkdir(parents=True)
        for file, text in sources.items():
            own = text.replace(SAMPLE, name).replace("cam-", f"cam-{number}-").replace("twin-", f"twin-{number}-")
            (folder / file).write_text(own, encoding="utf-8")
    return fleets * len(sources) + 1


def main() -> int:
    """Measure; fail when a limit is given and missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fleets", type=int, default=1000)
    parser.add_argument("--limit", type=float, help="seconds that the run may take")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgewright-bench-") as folder:
        target = Path(folder)
        files = make(target, args.fleets)
        command = [sys.executable, "-m", "edgewright.cli", "validate", "--root", str(target)]
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stderr.write("".join(f"{line}\n" for line in done.stdout.splitlines()[-3:]))
    cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    print(f"{files} files of {args.fleets} fleets: {seconds:.2f} s ({cpu:.2f} s of processor time, {memory:.0f} MiB)")
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        return 1
    return 1 if args.limit is not None and seconds > args.limit else 0


if __name__ == "__main__":
    sys.exit(main())
