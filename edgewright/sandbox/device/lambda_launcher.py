"""The sandbox's own launcher of Lambda functions, in the place of the artifact of ``aws.greengrass.LambdaLauncher``.

The recipe that the service writes for a function calls ``lambda-launcher start`` and ``stop``. A pinned function is
imported in a process of its own, which then lives on; one that is started on demand is imported once to see that it
can be. Nothing sends events to either, because simulated devices have no local messages. The program below needs the
standard library only, as it runs on the device.
"""

from __future__ import annotations

import importlib
import json
import os
import shlex
import signal
import subprocess  # noqa: TID251 -- runs on the device, where it starts the function
import sys
import time
from pathlib import Path
from typing import Final

COMPONENT: Final = "aws.greengrass.LambdaLauncher"
PROGRAM: Final = "lambda-launcher"
_SETTLES: Final = 2.0  # seconds after which a function that is still importing runs a loop of its own there
_LOOK: Final = 0.05  # seconds between two looks at a function that starts


def install(folder: Path) -> None:
    """Put the launcher where recipes expect it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / PROGRAM
    own, python = shlex.quote(str(Path(__file__).resolve())), shlex.quote(sys.executable)
    program.write_text(f'#!/bin/sh\nexec {python} -E {own} "$@"\n', encoding="utf-8")
    program.chmod(0o755)


def start() -> int:
    """Start the function of the environment and wait until it has been imported; its output is the script's."""
    runtime = os.environ["AWS_GREENGRASS_LAMBDA_RUNTIME"]
    if not runtime.startswith("python"):
        sys.stderr.write(f"simulated devices run Python functions only, not {runtime}\n")
        return 1
    pinned = os.environ.get("AWS_GREENGRASS_LAMBDA_PINNED", "true") == "true"
    limit = float(os.environ.get("AWS_GREENGRASS_LAMBDA_STATUS_TIMEOUT_SECONDS") or 60)
    parameters = json.loads(os.environ.get("AWS_GREENGRASS_LAMBDA_PARAMS") or "{}")
    variables = {str(key): str(value) for key, value in (parameters.get("EnvironmentVariables") or {}).items()}
    ready = Path("lambda-ready")
    ready.unlink(missing_ok=True)
    began = time.monotonic()
    child = subprocess.Popen(  # noqa: S603 -- this program
        [sys.executable, "-u", __file__, "serve" if pinned else "check"],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
    )
    while time.monotonic() - began < limit:
        code = child.poll()
        if code is not None:
            return code
        if pinned and (ready.exists() or time.monotonic() - began > _SETTLES):
            return 0
        time.sleep(_LOOK)
    child.kill()
    sys.stderr.write(f"the function did not start within {limit:g} seconds\n")
    return 1


def stop() -> int:
    """Nothing is left to do: the nucleus ends the process group in which the function lives."""
    return 0


def serve() -> int:
    """Import the function and live on, as the runtime of a pinned function does."""
    check()
    Path("lambda-ready").touch()
    signal.pause()
    return 0


def check() -> int:
    """Import the function and find its handler.

    Raises:
        AttributeError, ImportError: there is no such module or name.
        TypeError: it is no function.
    """
    sys.path[0] = os.environ["AWS_GREENGRASS_LAMBDA_ARTIFACT_PATH"]  # in the place of this program's own folder
    module, _, name = os.environ["AWS_GREENGRASS_LAMBDA_FUNCTION_HANDLER"].rpartition(".")
    if not callable(getattr(importlib.import_module(module.replace("/", ".")), name)):
        msg = f"the handler {name} of {module} is no function"
        raise TypeError(msg)
    return 0


if __name__ == "__main__":
    sys.exit({"start": start, "stop": stop, "serve": serve, "check": check}[sys.argv[1]]())
