"""The sandbox's own paths under ``/_edgewright/``: the device registry, long polls, the call log, reset.

None of it exists on AWS. Only the sandbox's control and its devices use it.
"""

from __future__ import annotations

import json
import os
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from edgewright.sandbox import call_faults, device_faults, devices, keeping
from edgewright.sandbox.authorization import decisions, principals, roles
from edgewright.sandbox.authorization.judge import judge, sentence
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.faults import AwsError, Response, as_json
from edgewright.sandbox.light.fleet import fleet
from edgewright.sandbox.sts import web_identity
from edgewright.sandbox.world import world

if TYPE_CHECKING:
    from edgewright.sandbox.server import Application

LONGEST_POLL = 60.0  # seconds
_FAULTS = "/_edgewright/device-faults"
_CALL_FAULTS = "/_edgewright/call-faults"
_LIGHT = re.compile(r"/_edgewright/light-devices/(\d{12}|all)(?:/([^/]+))?")
_DEVICE = re.compile(r"/_edgewright/devices/(\d{12})/([^/]+)")
_NEXT = re.compile(r"/_edgewright/devices/(\d{12})/([^/]+)/next")


def respond(application: Application, environ: dict[str, Any]) -> Response:
    """Answer one private request."""
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    if path == "/_edgewright/health" and method == "GET":
        return as_json({"pid": os.getpid(), "speed": world.clock.speed})
    if path == "/_edgewright/devices" and method == "GET":
        return _registry(query)
    match = _NEXT.fullmatch(path)
    if match and method == "GET":
        return as_json({"sequence": world.wait((match[1], match[2]), *_patience(query))})
    match = _DEVICE.fullmatch(path)
    if match and method in {"PUT", "DELETE"}:
        return _device(match[1], match[2], method, environ)
    if path == "/_edgewright/light-devices" and method == "GET":
        with world.lock:
            return as_json(fleet.summary())
    match = _LIGHT.fullmatch(path)
    if match and method == "POST" and match[2] is None and match[1] != "all":
        return as_json(devices.add_light(match[1], _body(environ)))
    if match and method == "DELETE" and match[2] is not None:
        return as_json(
            {"removed": fleet.remove(match[1] if match[1] != "all" else None, urllib.parse.unquote(match[2]))}
        )
    if path == _CALL_FAULTS or path.startswith(f"{_CALL_FAULTS}/"):
        return _call_faults(urllib.parse.unquote(path.removeprefix(_CALL_FAULTS).removeprefix("/")), method, environ)
    if path == _FAULTS or path.startswith(f"{_FAULTS}/"):
        return _faults(urllib.parse.unquote(path.removeprefix(_FAULTS).removeprefix("/")), method, environ)
    if path == "/_edgewright/calls" and method == "GET":
        with world.lock:
            return as_json([call.__dict__ for call in world.calls])
    if path == "/_edgewright/calls" and method == "DELETE":
        with world.lock:
            world.calls.clear()
        return as_json({})
    if path == "/_edgewright/decisions":
        return _decisions(method, environ)
    if path == "/_edgewright/speed" and method == "PUT":
        return _speed(environ)
    if path == "/_edgewright/tokens" and method == "POST":
        return _token(environ)
    if path == "/_edgewright/keep" and method == "POST":
        return as_json({"file": str(keeping.save(application))})
    if path == "/_edgewright/reset" and method == "POST":
        application.reset()
        return as_json({})
    raise AwsError("NotFound", f"the sandbox has no {method} {path}", 404)


def _patience(query: dict[str, str]) -> tuple[int, float]:
    try:
        return int(query.get("since", "0")), min(float(query.get("timeout", "20")), LONGEST_POLL)
    except ValueError as error:
        raise AwsError("BadRequest", f"since and timeout are numbers: {error}", 400) from error


def _registry(query: dict[str, str]) -> Response:
    if "since" in query:
        world.wait(devices.REGISTRY, *_patience(query))
    with world.lock:
        found = [device.to_json() for device in devices.everything()]
        sequence = world.sequence(devices.REGISTRY)
        return as_json({"sequence": sequence, "speed": world.clock.speed, "devices": found})


def _faults(identifier: str, method: str, environ: dict[str, Any]) -> Response:
    with world.lock:
        if method == "POST" and not identifier:
            made = device_faults.add(_body(environ))
            devices.faults_changed()
            return as_json(made.to_json())
        if method == "DELETE":
            cleared = device_faults.clear(identifier or None)
            devices.faults_changed()
            return as_json({"cleared": cleared})
        if method == "GET" and not identifier:
            return as_json([fault.to_json() for fault in device_faults.standing()])
    raise AwsError("NotFound", f"the sandbox has no {method} {environ['PATH_INFO']}", 404)


def _call_faults(identifier: str, method: str, environ: dict[str, Any]) -> Response:
    with world.lock:
        if method == "POST" and not identifier:
            return as_json(call_faults.add(_body(environ)).to_json())
        if method == "DELETE":
            return as_json({"cleared": call_faults.clear(identifier or None)})
        if method == "GET" and not identifier:
            return as_json([fault.to_json() for fault in call_faults.standing()])
    raise AwsError("NotFound", f"the sandbox has no {method} {environ['PATH_INFO']}", 404)


def _decisions(method: str, environ: dict[str, Any]) -> Response:
    """PUT begins to keep what the evaluator is asked, GET tells it, POST asks again about some actions, DELETE ends."""
    with world.lock:
        if method in {"PUT", "DELETE"}:
            decisions.keep(on=method == "PUT")
            return as_json({})
        if method == "GET":
            return as_json([question.__dict__ for question in decisions.questions()])
        if method == "POST":
            given = _body(environ)
            if "role" in given:
                return as_json({"sentence": _would(given)})
            return as_json({"refused": decisions.refused([str(each) for each in given.get("actions", [])])})
    raise AwsError("NotFound", f"the sandbox has no {method} {environ['PATH_INFO']}", 404)


def _would(given: dict[str, Any]) -> str:
    """What a session of a role would be told, as IAM's policy simulator tells it."""
    role = roles.find(str(given["role"]))
    if role is None:
        raise AwsError("NotFound", f"there is no role {given['role']}", 404)
    principal = principals.of_role(role, "question")
    need = Need(str(given["action"]), str(given["resource"]), dict(given.get("context") or {}))
    with decisions.unheard():
        return sentence(principal, need, judge(principal, need))


def _device(account: str, thing: str, method: str, environ: dict[str, Any]) -> Response:
    with world.lock:
        if method == "DELETE":
            devices.remove(account, thing)
            return as_json({})
        return as_json(devices.upsert(account, thing, _body(environ)).to_json())


def _token(environ: dict[str, Any]) -> Response:
    given = _body(environ)
    issuer, claims, lifetime = given.get("issuer"), given.get("claims"), given.get("lifetime", web_identity.LIFETIME)
    if not isinstance(issuer, str) or not issuer or not isinstance(claims, dict) or not isinstance(lifetime, int):
        raise AwsError("BadRequest", "a token has an issuer, claims and a lifetime in seconds", 400)
    return as_json({"token": web_identity.mint(issuer, claims, lifetime)})


def _speed(environ: dict[str, Any]) -> Response:
    speed = _body(environ).get("speed")
    if not isinstance(speed, int | float) or not 0 < speed <= 1e6:
        raise AwsError("BadRequest", f"speed is a number above 0 (got {speed!r})", 400)
    with world.lock:
        world.clock.set_speed(float(speed))
        world.tell(devices.REGISTRY)
    return as_json({"speed": world.clock.speed})


def _body(environ: dict[str, Any]) -> dict[str, Any]:
    try:
        value = json.loads(environ["edgewright.body"] or b"{}")
    except ValueError as error:
        raise AwsError("BadRequest", f"the body is not JSON: {error}", 400) from error
    if not isinstance(value, dict):
        raise AwsError("BadRequest", "the body must be a JSON object", 400)
    return value
