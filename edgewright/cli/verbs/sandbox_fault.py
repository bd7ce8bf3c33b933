"""`edgewright sandbox fault`: let things go wrong on purpose, with calls to AWS and with core devices.

A part of the verb `sandbox` in a module of its own: the kinds and their parameters are the sandbox's to say.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.sandbox.control import Sandbox
    from edgewright.sandbox.device_faults import Parameter

HELP = "let things go wrong on purpose"
_DEVICES = ("share", "seed", "account")  # what every fault of devices has, besides their names


def add_arguments(actions: Any, action: Callable[..., argparse.ArgumentParser]) -> None:
    """Declare add, list, clear and kinds; ``action`` makes a parser that knows --root."""
    add = action(actions, "add", "give a standing order to go wrong")
    add.add_argument("kind", help="see `edgewright sandbox fault kinds`")
    add.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="such as operation=CreateDeployment times=2")
    listed = action(actions, "list", "what stands, and what it hit")
    listed.add_argument("--json", action="store_true", help="for machines")
    clear = action(actions, "clear", "let it be well again")
    clear.add_argument("ids", nargs="*", metavar="ID", help="which (default: all)")
    kinds = action(actions, "kinds", "what can go wrong, and the parameters of each kind")
    kinds.add_argument("--json", action="store_true", help="for machines")


def run(root: Path, args: argparse.Namespace, load: Callable[[Path], Sandbox]) -> int:
    """Do what was asked."""
    if args.fault_action == "kinds":
        return _kinds(as_json=args.json)
    actions = {"add": _add, "list": _list, "clear": _clear}
    return actions[args.fault_action](load(root), args)


def _catalogue() -> dict[str, tuple[str, Mapping[str, Parameter], bool]]:
    """What a kind does, its parameters, and whether it is one of devices."""
    from edgewright.sandbox import call_faults, device_faults
    from edgewright.sandbox.device_faults import Parameter

    common = {
        "device": Parameter("name of a thing, with * and ?; may be given again (default: all)", str),
        "share": Parameter("share of these devices that is hit, 0 to 1", default=1.0),
        "seed": Parameter("of the choice which are hit", int, default=0),
        "account": Parameter("id of the account whose devices are hit", str),
    }
    found: dict[str, tuple[str, Mapping[str, Parameter], bool]] = {}
    for kind, (summary, parameters) in call_faults.KINDS.items():
        found[kind] = (summary, {**parameters, **call_faults.COMMON}, False)
    for kind, (summary, parameters) in device_faults.KINDS.items():
        found[kind] = (summary, {**parameters, **common}, True)
    return found


def _add(sandbox: Sandbox, args: argparse.Namespace) -> int:
    known = _catalogue()
    if args.kind not in known:
        raise EdgewrightError(f"there is no fault {args.kind!r}; there are {', '.join(known)}")
    _, wanted, of_devices = known[args.kind]
    given: dict[str, Any] = {}
    devices = []
    for text in args.parameters:
        name, separator, value = text.partition("=")
        if not separator or name not in wanted:
            what = f"the fault {args.kind} has no {name!r}" if separator else f"{text!r} is not NAME=VALUE"
            raise EdgewrightError(f"{what}; its parameters are {', '.join(wanted)}")
        if name == "device":
            devices.append(value)
        elif name in given:
            raise EdgewrightError(f"{name} is given twice")
        else:
            given[name] = _value(name, value, wanted[name])
    identifier = (
        sandbox.fault_devices(args.kind, *devices, **given) if of_devices else sandbox.fault_calls(args.kind, **given)
    )
    output.line(f"{identifier}: stands until `edgewright sandbox fault clear {identifier}`")
    return ExitCode.OK


def _value(name: str, text: str, wanted: Parameter) -> Any:
    if wanted.type is str:
        return text
    try:
        return wanted.type(text)
    except ValueError:
        noun = "a whole number" if wanted.type is int else "a number"
        raise EdgewrightError(f"{name} must be {noun}: {wanted.summary} (got {text!r})") from None


def _list(sandbox: Sandbox, args: argparse.Namespace) -> int:
    calls, devices = sandbox.call_faults(), sandbox.device_faults()
    if args.json:
        output.data({"calls": calls, "devices": devices})
        return ExitCode.OK
    if not calls and not devices:
        output.line("nothing goes wrong on purpose")
    for fault in calls:
        rest = {k: v for k, v in fault.items() if k not in {"id", "kind", "seen", "hit", "over"} and v != _default(k)}
        count = f"hit {fault['hit']} of {fault['seen']}" + (", over" if fault["over"] else "")
        output.line(f"{fault['id']}  {_shown(rest)}  {count}".replace("    ", "  "))
    for fault in devices:
        rest = {"device": ",".join(fault["devices"]), **fault["parameters"]}
        rest |= {name: fault[name] for name in _DEVICES if fault[name] not in {None, 0, 1.0}}
        output.line(f"{fault['id']}  {_shown(rest)}" + ("  over" if fault["over"] else ""))
    return ExitCode.OK


def _default(name: str) -> Any:
    from edgewright.sandbox.call_faults import COMMON

    return COMMON[name].default if name in COMMON else None


def _shown(values: Mapping[str, Any]) -> str:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return " ".join(f"{name}={text}" for name, text in texts.items() if values[name] is not None)


def _clear(sandbox: Sandbox, args: argparse.Namespace) -> int:
    if not args.ids:
        count = sandbox.clear_call_faults() + sandbox.clear_device_faults()
        output.line(f"{count} {'fault' if count == 1 else 'faults'} cleared")
        return ExitCode.OK
    calls = {fault["id"] for fault in sandbox.call_faults()}
    devices = {fault["id"] for fault in sandbox.device_faults()}
    unknown = [each for each in args.ids if each not in calls | devices]
    if unknown:
        known = ", ".join(sorted(calls | devices)) or "none"
        raise EdgewrightError(f"there is no fault {', '.join(unknown)}; there are: {known}")
    for each in args.ids:
        if each in calls:
            sandbox.clear_call_faults(each)
        else:
            sandbox.clear_device_faults(each)
        output.line(f"{each}: cleared")
    return ExitCode.OK


def _kinds(*, as_json: bool) -> int:
    found = _catalogue()
    if as_json:
        output.data({kind: _described(*about) for kind, about in found.items()})
        return ExitCode.OK
    for of_devices, title in ((False, "calls to AWS"), (True, "core devices")):
        output.line(f"{title}:")
        shared: Mapping[str, Any] = {}
        for kind, (summary, parameters, devices) in found.items():
            if devices is not of_devices:
                continue
            shared = _shared(parameters, of_devices=of_devices)
            output.line(f"  {kind:20} {summary}")
            for name, about in parameters.items():
                if name not in shared:
                    output.line(f"      {name + '=':16} {about.summary}{' (needed)' if about.required else ''}")
        output.line("  each of them also takes")
        for name, about in shared.items():
            output.line(f"      {name + '=':16} {about.summary}")
    return ExitCode.OK


def _shared(parameters: Mapping[str, Parameter], *, of_devices: bool) -> Mapping[str, Parameter]:
    from edgewright.sandbox.call_faults import COMMON

    names = {"device", *_DEVICES} if of_devices else set(COMMON)
    return {name: about for name, about in parameters.items() if name in names}


def _described(summary: str, parameters: Mapping[str, Parameter], of_devices: bool) -> dict[str, Any]:  # noqa: FBT001
    return {
        "summary": summary,
        "of": "devices" if of_devices else "calls",
        "parameters": {
            name: {"summary": about.summary, "required": about.required} for name, about in parameters.items()
        },
    }
