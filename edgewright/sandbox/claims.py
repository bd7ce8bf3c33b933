"""Fleet provisioning over the device protocol: a new device with a claim certificate becomes a thing of its own.

On AWS these are MQTT topics with answers on ``.../accepted`` and ``.../rejected``. Here a POST to ``/topics/TOPIC``
is answered with the payload of the one (200) or of the other (its ``statusCode``). Source: AWS IoT developer guide,
"Device provisioning MQTT API" and "Pre-provisioning hooks".
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError

from edgewright.sandbox.authorization import device as authorization
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.faults import AwsError, Response, as_json
from edgewright.sandbox.iot import provisioning
from edgewright.sandbox.iot.models import SandboxIoTBackend, backends
from edgewright.sandbox.iot.provisioning import Claim, ProvisioningTemplate
from edgewright.sandbox.iot.template import CERTIFICATE_ID

HOOK_LIMIT = 5.0  # seconds that a pre-provisioning hook has
_CREATE = "$aws/certificates/create/json"
_FROM_CSR = "$aws/certificates/create-from-csr/json"
_PROVISION = re.compile(r"\$aws/provisioning-templates/([0-9A-Za-z_-]{1,36})/provision/json")
_PATH = "/topics/"


@dataclass(frozen=True)
class Connection:
    """Who is connected: a client id of its own choice, and a certificate that decides account and Region."""

    client: str
    certificate: Any
    iot: SandboxIoTBackend
    claim: Claim | None
    """Of CreateProvisioningClaim; None for a certificate with policies of its own."""


def topic(path: str) -> str | None:
    """The topic of a request, when it is one of fleet provisioning."""
    if not path.startswith(_PATH):
        return None
    found = urllib.parse.unquote(path.removeprefix(_PATH))
    return found if found in {_CREATE, _FROM_CSR} or _PROVISION.fullmatch(found) else None


def connect(client: str, certificate_id: str) -> Connection:
    """The connection of a claim certificate.

    Raises:
        AwsError: 403, as when AWS IoT refuses a TLS client certificate.
    """
    for iot in backends():
        certificate = iot.certificates.get(certificate_id)
        if certificate is None or certificate.status != "ACTIVE":
            continue
        claim = iot.templates.claims.get(certificate_id)
        if claim is None or claim.expires > datetime.now(UTC):
            return Connection(client, certificate, iot, claim)
    raise AwsError("ForbiddenException", "the claim certificate is not active, or has expired", 403)


def respond(connection: Connection, wanted: str, body: bytes) -> Response:
    """Answer a message to a topic of fleet provisioning. Call with the lock held."""
    _authorize(connection, wanted)
    match = _PROVISION.fullmatch(wanted)
    try:
        payload = _payload(body)
        if match:
            return as_json(_register(connection, match[1], payload))
        return as_json(_certificate(connection, wanted, payload))
    except JsonRESTError as error:  # moto's own
        return _rejected(AwsError(error.error_type, str(error.message), int(error.code)))
    except AwsError as error:
        return _rejected(error)


def _rejected(error: AwsError) -> Response:
    code = error.code.removesuffix("Exception")
    document = {"statusCode": error.status, "errorCode": code, "errorMessage": error.message}
    return as_json(document, error.status)


def _authorize(connection: Connection, wanted: str) -> None:
    if connection.claim is not None:
        match = _PROVISION.fullmatch(wanted)
        if match and match[1] != connection.claim.template:
            raise AwsError("ForbiddenException", f"the claim is not for the template {match[1]}", 403)
        return
    iot = connection.iot
    prefix = f"arn:aws:iot:{iot.region_name}:{iot.account_id}"
    needs = [Need(authorization.CONNECT, f"{prefix}:client/{connection.client}")]
    needs += authorization.exchange(prefix, wanted)
    keys = {"iot:ClientId": connection.client, "iot:Connection.Thing.IsAttached": "false"}
    for need in needs:
        if not authorization.allows(iot, [connection.certificate.arn], need, keys):
            raise AwsError(
                "ForbiddenException",
                f"Client {connection.client} is not authorized to perform: {need.action} on resource: "
                f"{need.resource} because no AWS IoT policy of certificate "
                f"{connection.certificate.certificate_id} allows it",
                403,
            )


def _payload(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("InvalidPayload", f"The payload is not valid JSON: {error}", 400) from error
    if not isinstance(value, dict):
        raise AwsError("InvalidPayload", "The payload must be a JSON object.", 400)
    return value


def _certificate(connection: Connection, wanted: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    iot = connection.iot
    keys: dict[str, str] = {}
    if wanted == _FROM_CSR:
        request = payload.get("certificateSigningRequest")
        if not isinstance(request, str) or not request:
            raise AwsError("InvalidParameter", "certificateSigningRequest must be given.", 400)
        try:
            made = iot.create_certificate_from_csr(request, set_as_active=False)
        except ValueError as error:
            raise AwsError("InvalidParameter", f"certificateSigningRequest is not valid: {error}", 400) from error
    else:
        made, pair = iot.create_keys_and_certificate(set_as_active=False)
        keys = {"privateKey": pair["PrivateKey"]}
    token = iot.templates.own(made)
    return {
        "certificateId": made.certificate_id,
        "certificatePem": made.certificate_pem,
        **keys,
        "certificateOwnershipToken": token,
    }


def _register(connection: Connection, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    templates = connection.iot.templates
    template = templates.all.get(name)
    if template is None or not template.enabled or template.kind != "FLEET_PROVISIONING":
        raise AwsError("ResourceNotFound", f"There is no enabled template {name} for fleet provisioning.", 404)
    parameters = payload.get("parameters") or {}
    if not isinstance(parameters, dict) or not all(isinstance(v, str) for v in parameters.values()):
        raise AwsError("InvalidParameter", "parameters must be a map of strings.", 400)
    token = payload.get("certificateOwnershipToken") or ""
    certificate = templates.owned(str(token))
    parameters = {**parameters, **_ask_hook(connection, template, certificate, parameters)}
    # the hook took its time: what it decided on must still be there
    certificate = templates.owned(str(token))
    body = template.versions[template.default].body
    wanted = provisioning.fill(body, parameters, {CERTIFICATE_ID: certificate.certificate_id})
    if wanted.thing is None:
        raise AwsError("InvalidTemplate", f"The template {name} makes no thing.", 400)
    templates.apply(wanted, certificate, template.role)
    templates.spend(str(token))
    return {"deviceConfiguration": dict(wanted.configuration), "thingName": str(wanted.thing["ThingName"])}


def _ask_hook(
    connection: Connection, template: ProvisioningTemplate, certificate: Any, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Let the template's Lambda function decide; answers the parameters that it overrides.

    Raises:
        AwsError: 403 when it says no, and when it fails or says nothing that is understood: AWS refuses then too.
    """
    if template.hook is None:
        return {}
    from edgewright.sandbox.awslambda import models as functions  # noqa: PLC0415 -- Lambda is slow to load

    function = functions.find(template.hook["targetArn"])
    if function is None or not functions.may_be_invoked(function, provisioning.SERVICE, template.arn):
        raise _denied("the pre-provisioning hook cannot be invoked by AWS IoT")
    event = {
        "claimCertificateId": connection.certificate.certificate_id,
        "certificateId": certificate.certificate_id,
        "certificatePem": certificate.certificate_pem,
        "templateArn": template.arn,
        "clientId": connection.client,
        "parameters": dict(parameters),
    }
    outcome = functions.invoke(function, event, limit=HOOK_LIMIT)
    said = outcome.value if not outcome.failed and isinstance(outcome.value, dict) else {}
    if said.get("allowProvisioning") is not True:
        raise _denied("the pre-provisioning hook failed" if outcome.failed else "the pre-provisioning hook said no")
    overrides = said.get("parameterOverrides") or {}
    if not isinstance(overrides, dict):
        raise _denied("the pre-provisioning hook answered parameterOverrides that are no map")
    return {str(key): str(value) for key, value in overrides.items()}


def _denied(why: str) -> AwsError:
    # AWS says no more than "Access Denied"; the reason is the sandbox's own help
    return AwsError("AccessDenied", f"Access Denied: {why}", 403)
