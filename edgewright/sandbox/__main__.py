"""The server process of a sandbox: ``python -m edgewright.sandbox --directory DIR``.

It is started by ``edgewright.sandbox.control``. When it listens it writes ``DIR/server.json`` (readable by its owner
only: it holds the administrator's access key) and one line to the descriptor that it was told.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright.sandbox.accounts import Accounts
from edgewright.sandbox.kept import NAME

if TYPE_CHECKING:
    from edgewright.sandbox.server import Application, Server


def main() -> int:
    """Serve until a signal comes, or until the process behind the lifeline is gone."""
    began = time.monotonic()
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    for noisy in ("botocore", "werkzeug", "moto", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    from edgewright.sandbox.server import Application, Server  # noqa: PLC0415 -- moto only after the arguments are good
    from edgewright.sandbox.world import world  # noqa: PLC0415

    accounts = Accounts.from_json(arguments.accounts) if arguments.accounts else Accounts.default()
    application = Application(accounts, arguments.directory)
    if arguments.resume:
        _resume(application, arguments.directory)
    if arguments.speed is not None:
        world.clock.set_speed(arguments.speed)
    server = _listen(Server, application, arguments)
    for name in (signal.SIGTERM, signal.SIGINT):
        # shutdown waits for the loop that this very thread runs
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    if arguments.lifeline is not None:
        threading.Thread(target=_outlive, args=(arguments.lifeline, server.shutdown), daemon=True).start()
    _announce(arguments, server.endpoint, accounts, application.administrator)
    logging.getLogger("edgewright.sandbox").info(
        "listening on %s after %.2f s", server.endpoint, time.monotonic() - began
    )
    if arguments.resume:
        (arguments.directory / NAME).unlink(missing_ok=True)
    server.serve_forever()
    server.server_close()
    return 0


def _resume(application: Application, directory: Path) -> None:
    """Go on with the kept world, which is resumed once: what happens from now on is not in it."""
    from edgewright.sandbox import keeping, kept  # noqa: PLC0415 -- as above

    held = kept.read(directory)
    if held is None:
        raise SystemExit(f"no world was kept in {directory}")
    try:
        keeping.load(application, held)
    except Exception as error:
        logging.getLogger("edgewright.sandbox").exception("the kept world")
        raise SystemExit(f"the kept world cannot be resumed ({error!r}); {kept.FORGET}") from error


def _listen(server: type[Server], application: Application, arguments: argparse.Namespace) -> Server:
    """Listen where the kept world was, if that port is free, so that shells with its variables go on working."""
    try:
        return server(application, arguments.port)
    except OSError:
        if not arguments.resume:
            raise
        return server(application, 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m edgewright.sandbox")
    parser.add_argument("--directory", type=Path, required=True, help="where server.json goes")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--speed", type=float, help="seconds of the sandbox's clock in one second")
    parser.add_argument("--accounts", help="account ids by name and the Region, as JSON")
    parser.add_argument("--resume", action="store_true", help="go on with the world that was kept in the directory")
    parser.add_argument("--ready", type=int, help="descriptor to write a line to when the server listens")
    parser.add_argument("--lifeline", type=int, help="descriptor whose end means that nobody needs the server")
    return parser.parse_args()


def _announce(arguments: argparse.Namespace, endpoint: str, accounts: Accounts, administrator: dict[str, str]) -> None:
    document = {
        "pid": os.getpid(),
        "endpoint": endpoint,
        "port": int(endpoint.rpartition(":")[2]),
        "accounts": dict(accounts.ids),
        "region": accounts.region,
        "administrator": administrator,
    }
    arguments.directory.mkdir(parents=True, exist_ok=True)
    file = arguments.directory / "server.json"
    temporary = file.with_suffix(".json.new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        json.dump(document, opened)
    temporary.replace(file)
    if arguments.ready is not None:
        with os.fdopen(arguments.ready, "w") as opened:
            opened.write("ready\n")


def _outlive(descriptor: int, stop: object) -> None:
    with os.fdopen(descriptor, "rb") as opened:
        opened.read()
    assert callable(stop)  # noqa: S101 -- for the type checker
    stop()


if __name__ == "__main__":
    sys.exit(main())
