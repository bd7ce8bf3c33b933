"""What core devices ask of the cloud: AWS's own wire forms, with headers in place of mutual TLS.

``X-Edgewright-Thing`` and ``X-Edgewright-Certificate`` name the device; the certificate decides account and Region
and must be active and attached. The handlers behind are those that signed requests reach too.
"""

from __future__ import annotations

import http
import json
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from moto.iotdata.responses import IoTDataPlaneResponse
from moto.moto_server.werkzeug_app import BackendRequest

from edgewright.sandbox import claims, devices
from edgewright.sandbox.authorization import device as authorization
from edgewright.sandbox.authorization import roles
from edgewright.sandbox.devices import Device
from edgewright.sandbox.faults import AwsError, Response, as_json
from edgewright.sandbox.greengrassv2.lambda_source import ARTIFACT
from edgewright.sandbox.greengrassv2.models import GreengrassV2Backend, greengrassv2_backends
from edgewright.sandbox.greengrassv2.responses import GreengrassV2Response
from edgewright.sandbox.iot.models import SandboxIoTBackend, iot_backends
from edgewright.sandbox.iotjobsdata.responses import IoTJobsDataResponse
from edgewright.sandbox.sts.models import DEFAULT_DURATION, open_session
from edgewright.sandbox.world import Call, world

CREDENTIALS_SERVICE = "credentials.iot.amazonaws.com"
CONNECTING = 20.0  # seconds that an attempt to connect may take before it is refused
_THING = re.compile(r"/things/([^/]+)/(jobs|shadow)(?:/.*)?")
_TOPIC = re.compile(r"/topics/(.+)")
_ALIAS = re.compile(r"/role-aliases/([^/]+)/credentials")
_GROUPS = re.compile(r"/greengrass/v2/coreDevices/([^/]+)/thingGroups")
_ARTIFACT = re.compile(r"/greengrass/v2/components/(.+)/artifacts/([^/]+)")
_CONFIGURATION = re.compile(r"/greengrass/v2/coreDevices/([^/]+)/deployments/([^/]+)/configuration")
_STATUS = re.compile(r"\$aws/things/([^/]+)/greengrassv2/health/json")


def respond(environ: dict[str, Any]) -> Response:
    """Answer a device's request."""
    provisioning = claims.topic(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
    if provisioning is not None:
        return _provision(environ, provisioning)
    with world.lock:
        device = devices.identify(environ["HTTP_X_EDGEWRIGHT_THING"], environ.get("HTTP_X_EDGEWRIGHT_CERTIFICATE", ""))
        _authorize(device, environ)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = device.account
        environ["HTTP_USER_AGENT"] = f"region/{device.region}"
        response = _route(device, environ)
    operation = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    world.calls.append(Call(device.account, "iot-device", operation, response.status, device.thing))
    return response


def _provision(environ: dict[str, Any], topic: str) -> Response:
    """Answer whoever holds a certificate that may provision: a claim, or a device that wants a new certificate."""
    client = environ["HTTP_X_EDGEWRIGHT_THING"]
    with world.lock:
        connection = claims.connect(client, environ.get("HTTP_X_EDGEWRIGHT_CERTIFICATE", ""))
        response = claims.respond(connection, topic, environ["edgewright.body"])
    account = connection.iot.account_id
    world.calls.append(Call(account, "iot-device", f"POST {environ['PATH_INFO']}", response.status, client))
    return response


def _authorize(device: Device, environ: dict[str, Any]) -> None:
    """Judge a request by the policies of the device's certificate.

    A device whose policy is still to come, because it was made before the stack that has the policy, is kept waiting
    in its attempt to connect, so that it goes on at once when the policy is there.
    """
    shadow = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"])).get("name", "")
    wanted = authorization.needs(device, environ["REQUEST_METHOD"], environ["PATH_INFO"], shadow)
    missing = authorization.missing(device, _iot(device), wanted)
    expected = not set(device.policies) <= set(_iot(device).policies)
    if missing is not None and missing.action == authorization.CONNECT and expected:
        topic = (device.account, device.thing)
        world.wait(topic, world.sequence(topic), CONNECTING)
        missing = authorization.missing(device, _iot(device), wanted)
    if missing is not None:
        raise authorization.refusal(device, missing)


def _route(device: Device, environ: dict[str, Any]) -> Response:
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    match = _THING.fullmatch(path)
    if match:
        _own(device, match[1])
        handler = IoTJobsDataResponse if match[2] == "jobs" else IoTDataPlaneResponse
        return _through(handler, environ)
    match = _TOPIC.fullmatch(path)
    if match and method == "POST":
        return _publish(device, urllib.parse.unquote(match[1]), environ["edgewright.body"])
    match = _ALIAS.fullmatch(path)
    if match and method == "GET":
        return credentials(device, match[1])
    match = _GROUPS.fullmatch(path)
    if match and method == "GET":
        _own(device, match[1])
        return as_json({"thingGroups": _groups(device)})
    match = _ARTIFACT.fullmatch(path)
    if match and method == "GET":
        return _artifact(device, match[1], match[2])
    match = _CONFIGURATION.fullmatch(path)
    if match and method == "GET":
        _own(device, match[1])
        backend: GreengrassV2Backend = greengrassv2_backends[device.account][device.region]
        return as_json(backend.deployment_configuration(device.thing, urllib.parse.unquote(match[2])))
    if path == "/greengrass/v2/resolveComponentCandidates" and method == "POST":
        return _through(GreengrassV2Response, environ)
    raise AwsError("UnknownOperationException", f"devices have no {method} {path}", 404)


def _artifact(device: Device, arn: str, name: str) -> Response:
    """GetComponentVersionArtifact for what the service itself keeps: the code of Lambda functions.

    AWS answers with a presigned URL of the file, the sandbox with the file.
    """
    backend: GreengrassV2Backend = greengrassv2_backends[device.account][device.region]
    code = backend.components.find(arn).code if name == ARTIFACT else None
    if code is None:
        raise AwsError("ResourceNotFoundException", f"Artifact [{name}] cannot be found", 404)
    return Response(http.HTTPStatus.OK, code, [("Content-Type", "application/zip")])


def _own(device: Device, thing: str) -> None:
    if thing != device.thing:
        raise AwsError("ForbiddenException", f"the certificate of {device.thing} may not ask for {thing}", 403)


def _through(handler: Any, environ: dict[str, Any]) -> Response:
    request = BackendRequest(environ)
    status, headers, body = handler().dispatch(request, request.raw_url, dict(request.headers))
    data = body if isinstance(body, bytes) else body.encode()
    return Response(int(status), data, [(k, str(v)) for k, v in headers.items() if k != "status"])


def _iot(device: Device) -> SandboxIoTBackend:
    backend: SandboxIoTBackend = iot_backends[device.account][device.region]
    return backend


def _groups(device: Device) -> list[dict[str, Any]]:
    """ListThingGroupsForCoreDevice."""
    iot = _iot(device)
    return [
        {
            "thingGroupName": group.thing_group_name,
            "thingGroupArn": arn,
            "rootToParentThingGroups": [
                {"thingGroupName": parent["groupName"], "thingGroupArn": parent["groupArn"]}
                for parent in group.metadata.get("rootToParentThingGroups", [])
            ],
        }
        for arn, group in iot.thing_groups.items()
        if iot.thing_arn(device.thing) in group.things
    ]


def _publish(device: Device, topic: str, body: bytes) -> Response:
    match = _STATUS.fullmatch(topic)
    if match:
        _own(device, match[1])
        message = _object(body)
        backend: GreengrassV2Backend = greengrassv2_backends[device.account][device.region]
        try:
            backend.report(device.thing, message)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AwsError("InvalidRequestException", f"not a fleet status message: {error!r}", 400) from error
    return as_json({})


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise AwsError("InvalidRequestException", f"the payload is not JSON: {error}", 400) from error
    if not isinstance(value, dict):
        raise AwsError("InvalidRequestException", "the payload must be a JSON object", 400)
    return value


def credentials(device: Device, alias: str) -> Response:
    """The AWS IoT credential provider: credentials of the role behind a role alias.

    Source: "Authorizing direct calls to AWS services using AWS IoT Core credential provider" of the IoT guide. The
    provider assumes the role for as long as the alias says, so a role that allows less is refused as any AssumeRole is.

    Raises:
        AwsError: 404 without the alias; 403 when the role does not trust the provider, or not for so long.
    """
    iot = _iot(device)
    found = iot.role_aliases.get(alias)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Role alias {alias} does not exist", 404)
    role = roles.find(found.role_arn)
    keys = {
        "credentials-iot:ThingName": device.thing,
        "credentials-iot:AwsCertificateId": device.certificateId,
        "aws:SourceAccount": device.account,
        "aws:SourceArn": found.arn,
    }
    kind = iot.describe_thing(device.thing).thing_type
    if kind is not None:
        keys["credentials-iot:ThingTypeName"] = kind.thing_type_name
    seconds = int(found.credential_duration_seconds)
    trusted = roles.trusts(found.role_arn, CREDENTIALS_SERVICE, keys)
    if not trusted or seconds > int(role.max_session_duration or DEFAULT_DURATION):
        raise AwsError("AccessDeniedException", "Access Denied", http.HTTPStatus.FORBIDDEN)
    session = open_session(role, device.account, device.certificateId, seconds, context=keys)
    return as_json(
        {
            "credentials": {
                "accessKeyId": session.access_key_id,
                "secretAccessKey": session.secret_access_key,
                "sessionToken": session.session_token,
                "expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        }
    )
