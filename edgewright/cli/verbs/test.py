"""`edgewright test`: tests that Edgewright itself can run against the devices of a ring."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli.repository import add_role, add_root, repository
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.gitops.golden.ring import Question, Tested
    from edgewright.gitops.merged import Merged
    from edgewright.manifest.registry import ModelBounds

HELP = "ask the devices of a ring what somebody knows the answers to"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare golden-set."""
    kinds = parser.add_subparsers(dest="test", metavar="TEST", required=True)
    summary = "put the golden set of each model before the inference components, and record how right and fast they are"
    golden = kinds.add_parser("golden-set", help=summary, description=summary[0].upper() + summary[1:] + ".")
    golden.add_argument("fleet", metavar="FLEET")
    golden.add_argument("ring", metavar="STAGE/RING", help="the ring whose devices are asked")
    golden.add_argument("--accuracy", type=float, metavar="SHARE", help="the least share of right answers, as 0.9")
    golden.add_argument("--latency", type=float, metavar="MS", help="the most milliseconds at the 95th percentile")
    golden.add_argument("--memory", type=float, metavar="MB", help="the most megabytes that the worker has ever had")
    golden.add_argument("--devices", type=int, default=10, metavar="N", help="ask at most so many (default: 10)")
    golden.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="for each 100 rows")
    golden.add_argument("--sandbox", type=Path, metavar="DIR", help="the sandbox's folder (default: the project's)")
    golden.add_argument("--write", type=Path, metavar="DIR", help="only write the requests, to carry them to devices")
    golden.add_argument(
        "--answers", action="append", default=[], metavar="THING=PATH",
        help="what was carried back: a file of JSON lines, or a folder, of one device",
    )  # fmt: skip
    golden.add_argument("--name", default="golden-set", help="of the test, as the gate names it (default: golden-set)")
    golden.add_argument("--no-record", action="store_true", help="do not write the result to the ledger")
    golden.add_argument("--json", action="store_true", help="for machines")
    add_role(golden)
    add_root(golden)


def run(args: argparse.Namespace) -> int:
    """Ask, judge and record.

    Returns:
        0 passed (or written with --write), 2 a bound is not met.
    """
    from edgewright.gitops.golden import answers, ring
    from edgewright.gitops.merged import Merged

    bounds = _bounds(args)
    files = _carried(args.answers)
    output.status("reading what is merged")
    merged = Merged(repository(args))
    _must_be_asked_for(merged, args)
    sessions = merged.sessions(role=args.role)
    reading, latest = ring.live_release(merged, args.fleet, args.ring, sessions)
    asked = ring.questions(merged, latest.components, bounds)
    if args.write is not None:
        return write(args.write, asked)
    if files:
        strangers = sorted(set(files) - set(reading.by_thing))
        if strangers:
            msg = (
                f"{strangers[0]!r} is no device of {args.ring}: it has {', '.join(sorted(reading.by_thing)) or 'none'}"
            )
            raise EdgewrightError(msg)
        answered = [ring.take_carried(each, files) for each in asked]
    else:
        from edgewright.sandbox.environment import DIRECTORY

        sandbox = answers.find_sandbox(args.sandbox or args.root.resolve() / DIRECTORY)
        things = ring.things_to_ask(reading, args.devices)
        works = {thing: sandbox.device_directory(thing) / "work" for thing in things}
        output.status(f"asking {len(things)} devices")
        answered = [ring.ask_devices(each, works, patience=args.timeout) for each in asked]
    tested = ring.Tested(
        args.fleet, args.ring, str(latest.release), latest.id, tuple(answered), len(reading.devices)
    )  # fmt: skip
    output.status("")
    if not args.no_record:
        record(merged, tested, args.name)
    show(tested, recorded=not args.no_record, as_json=args.json)
    return ExitCode.OK if tested.passed else ExitCode.REFUSED


def record(merged: Merged, tested: Tested, name: str) -> None:
    """Write the result to the ledger, where gates read it, bound to the release and the deployment that were asked."""
    from edgewright.canonical import sha256_hex
    from edgewright.gitops import recording

    document = json.dumps(tested.document(), sort_keys=True).encode()
    result = recording.Result(tested.passed, tested.summary[:2000], sha256_hex(document))
    event = recording.test_result(
        merged, tested.fleet, tested.ring, name, result,
        release=tested.release, deployment=tested.deployment, sessions=merged.sessions(),
    )  # fmt: skip
    merged.ledger.append([event])


def show(tested: Tested, *, recorded: bool, as_json: bool) -> None:
    """Print the outcome."""
    from edgewright.manifest.controls import short

    if as_json:
        output.data(tested.document())
        return
    for each in tested.answered:
        output.line(each.told)
        for fault in each.faults:
            output.line(f"  {fault}")
    asked = max(len(each.devices) for each in tested.answered)
    if asked < tested.members:
        output.line(f"  asked were {asked} of {tested.members} members of the ring")
    word = "passed" if tested.passed else output.paint("failed", "red")
    where = f"{short(tested.release)} in {tested.fleet} {tested.ring}, deployment {tested.deployment}"
    output.line(f"{word}: {where}{'; recorded' if recorded else '; not recorded'}")


def write(folder: Path, asked: list[Question]) -> int:
    """Write the requests, a folder for each component that is asked."""
    from edgewright.gitops.golden import answers

    for each in asked:
        target = folder / each.inference.name
        count = answers.write(target, each.golden, each.form)
        output.line(
            f"{count} requests in {target}: move them into {each.form.folder}/ of its work folder on a device, and "
            f"bring back {each.form.answers}"
        )
    return ExitCode.OK


def _bounds(args: argparse.Namespace) -> ModelBounds:
    """The bounds of the command line."""
    from pydantic import ValidationError

    from edgewright.manifest.registry import ModelBounds

    if args.devices < 1 or not args.timeout > 0:
        msg = f"--devices {args.devices} and --timeout {args.timeout:g} must both be more than nothing"
        raise EdgewrightError(msg)
    try:
        return ModelBounds(accuracy=args.accuracy, latency_p95=args.latency, memory=args.memory)
    except ValidationError as error:
        first = error.errors()[0]
        options = {"accuracy": "--accuracy", "memory": "--memory"}  # pydantic names the third by its key or its alias
        option = options.get(str(first["loc"][0]), "--latency")
        means = "a share, as 0.9" if option == "--accuracy" else "a number above 0"
        msg = f"{option} {first['input']:g} is not {means}; write one, or leave it out"
        raise EdgewrightError(msg) from error


def _carried(words: list[str]) -> dict[str, Path]:
    found = {}
    for word in words:
        thing, separator, path = word.partition("=")
        if not (thing and separator and path):
            msg = f"--answers {word!r} is not THING=PATH, as twin-001=predictions.jsonl"
            raise EdgewrightError(msg)
        found[thing] = Path(path)
    return found


def _must_be_asked_for(merged: Merged, args: argparse.Namespace) -> None:
    """Before devices are asked: a result that no gate reads is not recorded."""
    from edgewright.manifest.gates import Gates

    merged.project.ring(args.fleet, args.ring)
    gates = merged.project.fleets[args.fleet].promotion.gates.get(args.ring, Gates())
    if args.name not in gates.tests and not args.no_record and args.write is None:
        msg = (
            f"no gate of {args.fleet} {args.ring} asks for a test {args.name!r}, so its result would open nothing: "
            f"its tests are {', '.join(gates.tests) or 'none'}; name one with --name, or look only, with --no-record"
        )
        raise EdgewrightError(msg)
