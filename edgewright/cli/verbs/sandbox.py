"""`edgewright sandbox`: AWS on this machine, and the core devices that live there.

Longer than other verbs, because it has nine actions of one small family: each is a few lines over `control`.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewright import output
from edgewright.cli.verbs import sandbox_fault, sandbox_token
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.manifest.load import Project
    from edgewright.sandbox.accounts import Accounts
    from edgewright.sandbox.control import Sandbox

HELP = "AWS on this machine, with simulated core devices"
ARCHITECTURES = ("amd64", "aarch64", "arm", "x86")
_WORLD = ("state", "project", "devices")  # what belongs to one life of the server


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare up, down, status, env, token, device and fault."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    up = _action(actions, "up", "start it, or see that it runs; make the Pulumi stacks")
    up.add_argument("--port", type=_port, default=0, help="a fixed port (default: any that is free)")
    up.add_argument("--speed", type=_positive, help="how fast the minutes of rollouts and time-outs pass (default: 1)")
    down = _action(actions, "down", "stop it; its world is forgotten, unless it is kept")
    down.add_argument("--keep", action="store_true", help="keep its world: the next `up` goes on with it")
    status = _action(actions, "status", "what runs where")
    status.add_argument("--json", action="store_true", help="for machines")
    env = _action(actions, "env", 'variables for a shell: eval "$(edgewright sandbox env)"')
    env.add_argument("--json", action="store_true", help="for machines")
    sandbox_token.add_arguments(_action(actions, "token", sandbox_token.HELP), _pair)
    device = actions.add_parser("device", help="simulated core devices", description="Simulated core devices.")
    _device_arguments(device.add_subparsers(dest="device_action", metavar="ACTION", required=True))
    fault = actions.add_parser("fault", help=sandbox_fault.HELP, description="Let things go wrong on purpose.")
    sandbox_fault.add_arguments(fault.add_subparsers(dest="fault_action", metavar="ACTION", required=True), _action)


def _action(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    parser.add_argument("--root", type=Path, default=Path(), help="the project's folder (default: this one)")
    return parser


def _device_arguments(actions: Any) -> None:
    add = _action(actions, "add", "make devices as a factory would, and switch them on")
    add.add_argument("things", nargs="*", metavar="thing", help="name of the thing")
    add.add_argument("--light", type=_count, metavar="COUNT", help="so many light devices instead, which run no script")
    add.add_argument("--prefix", help="what the names of light devices begin with, such as cam-")
    add.add_argument("--fleet", required=True, help="the fleet whose role alias and policy they get")
    add.add_argument("--stage", required=True, help="where the fleet lives")
    add.add_argument("--ring", help="the ring that the device joins by itself; not for members that are named")
    add.add_argument("--architecture", choices=ARCHITECTURES, default="amd64")
    add.add_argument("--offline", action="store_true", help="switched off, until `device set --online`")
    _knobs(add)
    provision = _action(actions, "provision", "let a new device make itself known with a claim certificate")
    provision.add_argument("template", help="name of the provisioning template")
    provision.add_argument("--claim", required=True, metavar="ID", help="id of the claim certificate")
    provision.add_argument(
        "--parameter", action="append", default=[], type=_pair, metavar="NAME=VALUE", help="of the template"
    )
    provision.add_argument("--fleet", required=True, help="the fleet whose role alias it uses")
    provision.add_argument("--stage", required=True, help="where the fleet lives")
    provision.add_argument("--client", default="new-device", help="MQTT client id until it has a name")
    provision.add_argument("--architecture", choices=ARCHITECTURES, default="amd64")
    _knobs(provision)
    listed = _action(actions, "list", "all devices and what they run")
    listed.add_argument("--json", action="store_true", help="for machines")
    remove = _action(actions, "remove", "switch a device off for good; its certificate and thing go too")
    remove.add_argument("things", nargs="*", metavar="thing", help="name of the thing")
    remove.add_argument("--prefix", help="the light devices whose names begin so")
    change = _action(actions, "set", "change what ails a device")
    change.add_argument("things", nargs="+", metavar="thing", help="name of the thing")
    power = change.add_mutually_exclusive_group()
    power.add_argument("--offline", dest="offline", action="store_true", default=None, help="take it off the network")
    power.add_argument("--online", dest="offline", action="store_false", help="bring it back")
    _knobs(change)


def _knobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--slow", type=_seconds, metavar="SECONDS", help="a deployment takes that much longer")
    parser.add_argument("--fail", type=_share, metavar="SHARE", help="share of deployments that fail, 0 to 1")


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from None


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; use 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of devices; use 1 to 100000")
    return int(text)


def _positive(text: str) -> float:
    value = _number(text, "a number above 0")
    if not 0 < value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1000000")
    return value


def _seconds(text: str) -> float:
    value = _number(text, "a number of seconds")
    if not 0 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 86400 seconds")
    return value


def _share(text: str) -> float:
    value = _number(text, "a share from 0 to 1")
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to 1")
    return value


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    root = args.root.resolve()
    if not root.is_dir():
        raise EdgewrightError(f"{args.root} is no folder")
    if args.action == "fault":
        return sandbox_fault.run(root, args, _load)
    if args.action == "token":
        return sandbox_token.run(root, args, _load)
    if args.action == "device":
        actions = {
            "add": device_add,
            "provision": device_provision,
            "list": device_list,
            "remove": device_remove,
            "set": device_set,
        }
        return actions[args.device_action](root, args)
    return {"up": up, "down": down, "status": status, "env": env}[args.action](root, args)


def _directory(root: Path) -> Path:
    from edgewright.sandbox.environment import DIRECTORY

    return root / DIRECTORY


def _load(root: Path) -> Sandbox:
    from edgewright.sandbox.control import Sandbox

    sandbox = Sandbox.load(_directory(root))
    if not sandbox.running:
        msg = "the sandbox does not run any more; `edgewright sandbox up` starts it"
        raise EdgewrightError(msg)
    return sandbox


def up(root: Path, args: argparse.Namespace) -> int:
    """Start server and devices, and make the stacks; what runs already stays."""
    from edgewright.sandbox import environment
    from edgewright.sandbox.processes import exclusive

    accounts = _accounts(root)
    directory = _directory(root)
    with exclusive(directory):
        sandbox = _running(directory)
        if sandbox is None:
            sandbox = _start(directory, accounts, args)
        elif args.port not in {0, sandbox.document["port"]}:
            msg = f"the sandbox runs at {sandbox.endpoint}; `edgewright sandbox down` first, to use port {args.port}"
            raise EdgewrightError(msg)
        elif args.speed is not None:
            sandbox.set_speed(args.speed)
        sandbox.start_devices()
        output.note("making the Pulumi stacks ...")
        stacks = environment.create_stacks(sandbox, root)
    output.line(f"sandbox: {sandbox.endpoint}, accounts {', '.join(sorted(set(accounts.ids)))}")
    if stacks:
        output.line(f"stacks: {', '.join(stacks)}")
    output.line(f"aws plugin: {_plugin(root)}")
    output.line('next: eval "$(edgewright sandbox env)"')
    return ExitCode.OK


def _start(directory: Path, accounts: Accounts, args: argparse.Namespace) -> Sandbox:
    from edgewright.sandbox import control, kept
    from edgewright.sandbox.control import Sandbox

    held = kept.read(directory)
    if held is not None and (dict(held.accounts), held.region) != (dict(accounts.ids), accounts.region):
        msg = (
            f"the kept world has the accounts {_listed(held.accounts)} in {held.region}, edgewright.yaml has "
            f"{_listed(accounts.ids)} in {accounts.region}; {kept.FORGET}"
        )
        raise EdgewrightError(msg)
    Sandbox.stop_any(directory)
    if held is None:
        for name in _WORLD:
            shutil.rmtree(directory / name, ignore_errors=True)
    what = "starting AWS on this machine" if held is None else "going on with the kept world"
    output.note(f"{what} ...")
    return control.start(
        directory, accounts=accounts, port=args.port, speed=args.speed, tied=False, resume=held is not None
    )


def _listed(accounts: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(accounts.items()))


def _running(directory: Path) -> Sandbox | None:
    from edgewright.sandbox.control import Sandbox

    try:
        sandbox = Sandbox.load(directory)
    except EdgewrightError:
        return None
    return sandbox if sandbox.running else None


def _plugin(root: Path) -> str:
    from edgewright.sandbox.environment import STANDIN, aws_plugin

    folder = aws_plugin(root)
    if folder is None:
        return "none (`make setup` looks for one)"
    kind = "the sandbox's stand-in" if folder.parts[-len(STANDIN.parts) :] == STANDIN.parts else "real"
    return f"{kind}, {folder}"


def _accounts(root: Path) -> Accounts:
    from edgewright.manifest.model import Organisation
    from edgewright.sandbox.accounts import DEFAULTS, TOOLING, Accounts
    from edgewright.source import load_file
    from edgewright.validation import parse

    file = "edgewright.yaml"
    if not (root / file).is_file():
        raise EdgewrightError(f"{root} has no {file}; run this in the project's folder, or name it with --root")
    parsed = parse(Organisation, load_file(root / file, file))
    if parsed.problems or parsed.model is None:
        raise EdgewrightError("\n".join(map(str, parsed.problems)))
    ids = {name: account.id for name, account in parsed.model.accounts.items()}
    if TOOLING not in ids:
        raise EdgewrightError(
            f"{file} has no account {TOOLING!r}, where the administrator is; the sample has {DEFAULTS}"
        )
    return Accounts(ids, parsed.model.region)


def down(root: Path, args: argparse.Namespace) -> int:
    """Stop our own processes and no others; the world is kept or forgotten."""
    from edgewright.sandbox import kept
    from edgewright.sandbox.control import Sandbox
    from edgewright.sandbox.processes import exclusive

    directory = _directory(root)
    if not directory.is_dir():
        output.line("no sandbox ran here")
        return ExitCode.OK
    with exclusive(directory):
        if args.keep:
            return _keep(directory)
        stopped = Sandbox.stop_any(directory)
        file = directory / kept.NAME
        forgotten = file.exists()
        file.unlink(missing_ok=True)
    output.line("the sandbox is down" if stopped else "no sandbox ran here")
    if forgotten:
        output.line("the kept world is forgotten")
    return ExitCode.OK


def _keep(directory: Path) -> int:
    from edgewright.sandbox import kept

    sandbox = _running(directory)
    if sandbox is None:
        held = kept.read(directory)
        if held is None:
            msg = "no sandbox runs here, so there is nothing to keep"
            raise EdgewrightError(msg)
        output.line("no sandbox runs here; the world that was kept before is still there")
        return ExitCode.OK
    output.note("keeping its world ...")
    sandbox.stop(keep=True)
    held = kept.read(directory)
    assert held is not None  # noqa: S101 -- the server said that it is written
    size, noun = held.file.stat().st_size / 2**20, "device" if held.devices == 1 else "devices"
    output.line(f"the sandbox is down; its world is kept ({held.devices} {noun}, {size:.1f} MB)")
    output.line("next: `edgewright sandbox up` goes on with it, `edgewright sandbox down` forgets it")
    return ExitCode.OK


def status(root: Path, args: argparse.Namespace) -> int:
    """Say what runs where; 1 when nothing does."""
    directory = _directory(root)
    sandbox = _running(directory)
    if sandbox is None:
        return _status_without(directory, as_json=args.json)
    devices = sandbox.devices()
    document = {
        "running": True,
        "endpoint": sandbox.endpoint,
        "directory": str(sandbox.directory),
        "accounts": dict(sandbox.accounts),
        "region": sandbox.region,
        "speed": sandbox.private("GET", "/_edgewright/health")["speed"],
        "pids": sandbox.pids,
        "devices": len(devices),
        "lightDevices": sum(batch["count"] for batch in sandbox.light_devices()),
        "faults": len(sandbox.call_faults()) + len(sandbox.device_faults()),
        "awsPlugin": _plugin(root),
    }
    if args.json:
        output.data(document)
        return ExitCode.OK
    output.line(f"sandbox     {sandbox.endpoint} (pid {sandbox.pids['server']}), {sandbox.region}")
    for name, account in sorted(sandbox.accounts.items()):
        output.line(f"account     {account} {name}")
    running = f"pid {sandbox.pids['devices']}" if sandbox.devices_running else "not running"
    light = f", and {document['lightDevices']} light ones" if document["lightDevices"] else ""
    output.line(f"devices     {len(devices)} ({running}){light}")
    if document["faults"]:
        output.line(f"faults      {document['faults']} (`edgewright sandbox fault list`)")
    output.line(f"aws plugin  {document['awsPlugin']}")
    output.line(f"logs        {sandbox.directory}")
    return ExitCode.OK


def _status_without(directory: Path, *, as_json: bool) -> int:
    from edgewright.sandbox import kept

    held = kept.read(directory)
    if as_json:
        found: dict[str, Any] = {"running": False, "directory": str(directory)}
        output.data(found if held is None else {**found, "kept": {"devices": held.devices}})
    elif held is None:
        output.line("no sandbox runs here; `edgewright sandbox up` starts one")
    else:
        count = f"{held.devices} {'device' if held.devices == 1 else 'devices'}"
        output.line(f"no sandbox runs here; a world with {count} is kept, `edgewright sandbox up` goes on with it")
    return ExitCode.USER


def env(root: Path, args: argparse.Namespace) -> int:
    """Print what a shell needs."""
    from edgewright.sandbox.environment import exports

    variables = _load(root).env(root)
    if args.json:
        output.data(variables)
    else:
        output.line(exports(variables))
    return ExitCode.OK


# --- devices ----------------------------------------------------------------------------------------------------


def device_add(root: Path, args: argparse.Namespace) -> int:
    """Make a device; where it belongs is judged by the manifests."""
    from edgewright.manifest.load import load_project

    if (args.light is None) == (not args.things) or (args.light is None) != (args.prefix is None):
        msg = "say which devices: names of things, or --light COUNT --prefix PREFIX"
        raise EdgewrightError(msg)
    sandbox = _load(root)
    project = load_project(root)
    if args.light is not None:
        return _add_light(sandbox, project, args)
    for thing in args.things:
        _refuse_another_fleets_thing(project, thing, args.fleet, args.stage)
    rings = {thing: _ring_to_join(project, thing, args.fleet, args.stage, args.ring) for thing in args.things}
    for thing, ring in rings.items():
        device = sandbox.add_device(
            thing,
            fleet=args.fleet,
            stage=args.stage,
            ring=ring,
            account=project.account(args.stage).id,
            region=project.region(args.stage),
            platform={"os": "linux", "architecture": args.architecture},
            **_given(args),
        )
        output.line(f"{thing}: certificate {device['certificateId'][:8]}..., account {device['account']}")
    sandbox.start_devices()
    return ExitCode.OK


def device_provision(root: Path, args: argparse.Namespace) -> int:
    """Let a device provision itself; what it becomes is the template's to say."""
    from edgewright.manifest.load import load_project
    from edgewright.sandbox.provisioning import Claim

    sandbox = _load(root)
    project = load_project(root)
    _ring_to_join(project, "", args.fleet, args.stage, None)
    device = sandbox.provision_device(
        Claim(args.template, args.claim, dict(args.parameter), args.client),
        fleet=args.fleet,
        stage=args.stage,
        account=project.account(args.stage).id,
        region=project.region(args.stage),
        platform={"os": "linux", "architecture": args.architecture},
        **{name: value for name in ("slow", "fail") if (value := getattr(args, name)) is not None},
    )
    output.line(f"{device['thing']}: certificate {device['certificateId'][:8]}..., account {device['account']}")
    sandbox.start_devices()
    return ExitCode.OK


def _add_light(sandbox: Sandbox, project: Project, args: argparse.Namespace) -> int:
    ring = _ring_to_join(project, args.prefix, args.fleet, args.stage, args.ring)
    output.note(f"making {args.light} light devices ...")
    made = sandbox.add_light_devices(
        args.prefix,
        args.light,
        fleet=args.fleet,
        stage=args.stage,
        ring=ring,
        account=project.account(args.stage).id,
        region=project.region(args.stage),
        platform={"os": "linux", "architecture": args.architecture},
        **_given(args),
    )
    where = f"{args.stage}/{ring}" if ring is not None else args.stage
    output.line(
        f"{args.light} light devices {args.prefix}... of {args.fleet} in {where}, account {made[-1]['account']}"
    )
    return ExitCode.OK


def _ring_to_join(project: Project, thing: str, fleet: str, stage: str, ring: str | None) -> str | None:
    if (fleet, stage) not in project.stages:
        known = ", ".join(f"{f}/{s}" for f, s in sorted(project.stages))
        raise EdgewrightError(f"no manifest says that fleet {fleet!r} lives in stage {stage!r}; there are: {known}")
    if ring is None:
        return None
    members = project.ring(fleet, f"{stage}/{ring}").members
    # a named member is the stack's to add; a second hand would show as a change that nobody made
    return None if thing in (members.things or ()) else ring


def _refuse_another_fleets_thing(project: Project, thing: str, fleet: str, stage: str) -> None:
    for (other, place), found in project.stages.items():
        named = any(thing in (ring.members.things or ()) for ring in found.rings)
        if named and place == stage and other != fleet:
            msg = (
                f"fleets/{other}/{place}.yaml names {thing!r}, so it needs the identity of fleet {other!r} "
                f"(got {fleet!r}): say --fleet {other}"
            )
            raise EdgewrightError(msg)


def _given(args: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in ("offline", "slow", "fail") if (value := getattr(args, name)) is not None}


def device_set(root: Path, args: argparse.Namespace) -> int:
    """Change knobs."""
    sandbox = _load(root)
    knobs = _given(args)
    if not knobs:
        msg = "nothing to change; say --offline, --online, --slow or --fail"
        raise EdgewrightError(msg)
    for thing in args.things:
        device = sandbox.set_device(thing, **knobs)
        output.line(f"{thing}: {_shown(device['knobs'])}")
    return ExitCode.OK


def device_remove(root: Path, args: argparse.Namespace) -> int:
    """Take a device away."""
    if not args.things and args.prefix is None:
        msg = "say which devices: names of things, or --prefix PREFIX for light ones"
        raise EdgewrightError(msg)
    sandbox = _load(root)
    if args.prefix is not None:
        count = sandbox.remove_light_devices(args.prefix)
        output.line(f"{count} light devices {args.prefix}...: removed")
    for thing in args.things:
        sandbox.remove_device(thing)
        output.line(f"{thing}: removed")
    return ExitCode.OK


def device_list(root: Path, args: argparse.Namespace) -> int:
    """List devices with what AWS knows of them."""
    sandbox = _load(root)
    devices = [{**device, **_reported(sandbox, device)} for device in sandbox.devices()]
    if args.json:
        output.data(devices)
        return ExitCode.OK
    light = sandbox.light_devices()
    for batch in light:
        broken = f", {batch['broken']} with a broken component" if batch["broken"] else ""
        said = f"{batch['count']} light devices, {batch['online']} online{broken}"
        output.line(f"{batch['prefix'] + '...':<24} {batch['account']}  {said}")
    if not devices and not light:
        output.line("no devices; `edgewright sandbox device add THING --fleet F --stage S` makes one")
    for device in devices:
        components = ", ".join(f"{c['name']} {c['version']} {c['state']}" for c in device["components"])
        state = "offline" if device["knobs"]["offline"] else device["status"] or "not heard of yet"
        output.line(f"{device['thing']:<24} {device['account']}  {state:<10} {components}")
    return ExitCode.OK


def _reported(sandbox: Sandbox, device: dict[str, Any]) -> dict[str, Any]:
    greengrass = sandbox.client("greengrassv2", device["account"], device["region"])
    thing = device["thing"]
    try:
        core = greengrass.get_core_device(coreDeviceThingName=thing)
    except greengrass.exceptions.ResourceNotFoundException:
        return {"status": None, "components": []}
    pages = greengrass.get_paginator("list_installed_components").paginate(coreDeviceThingName=thing)
    components = [
        {"name": c["componentName"], "version": c["componentVersion"], "state": c["lifecycleState"]}
        for page in pages
        for c in page["installedComponents"]
        if not c["componentName"].startswith("aws.greengrass.")
    ]
    return {"status": core["status"], "components": components}


def _shown(knobs: dict[str, Any]) -> str:
    power = "offline" if knobs["offline"] else "online"
    return f"{power}, slow {knobs['slow']:g} s, fail {knobs['fail']:g}"
