"""``python -m edgewright.sandbox.device``: run the simulated core devices of a sandbox."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from edgewright import output
from edgewright.errors import ExitCode
from edgewright.sandbox.device.host import Host, watch_parent


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, the end of ``--parent``, or the server's absence for ``--patience`` seconds."""
    parser = argparse.ArgumentParser(prog="python -m edgewright.sandbox.device", description=__doc__)
    parser.add_argument("--server", required=True, metavar="URL", help="the sandbox's server")
    parser.add_argument("--directory", required=True, type=Path, metavar="DIR", help="where the devices live")
    parser.add_argument("--parent", type=int, metavar="PID", help="stop when this process ends")
    parser.add_argument(
        "--patience", type=float, default=10.0, metavar="SECONDS", help="stop when the server is gone for so long"
    )
    given = parser.parse_args(arguments)
    try:
        host = Host(given.server, given.directory.absolute(), given.patience)
    except (OSError, ValueError) as error:
        output.note(f"the devices cannot start: {error}")
        return ExitCode.USER
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: host.ask_to_stop())
    if given.parent is not None:
        watch_parent(given.parent, host)
    host.run()
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
