"""Pin the dependencies of pyproject.toml again, with hashes and without any download address.

Needs `uv` on PATH (`pip install uv`); it is used here only, so it is not a dependency.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = [
    "uv",
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-header",
]


def main() -> int:
    """Write requirements-dev.txt (everything) and requirements.txt (the core, with the same versions)."""
    extras = [argument for extra in ("sandbox", "inference", "train", "dev") for argument in ("--extra", extra)]
    everything = [*COMPILE, *sys.argv[1:], *extras, "pyproject.toml", "-o", "requirements-dev.txt"]
    core = [*COMPILE, "-c", "requirements-dev.txt", "pyproject.toml", "-o", "requirements.txt"]
    return max(subprocess.run(command, cwd=ROOT, check=False).returncode for command in (everything, core))


if __name__ == "__main__":
    sys.exit(main())
