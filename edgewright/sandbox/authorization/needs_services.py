"""Permissions that the operations of the smaller services need: logs, metrics, events, queues, functions, keys, hosts.

For most operations the Service Authorization Reference names the action after the operation and the resource after
one parameter; a `Service` says which. What is more than that (roles that are passed, tags of new resources, contexts)
is in the tables beside it. An operation without a resource type of its own needs its action on ``*``.

Longer than other modules, because it is a table.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edgewright.sandbox.authorization import needs as asking
from edgewright.sandbox.authorization.conditions import Context
from edgewright.sandbox.authorization.needs import Asked, Need

_INDEXED = re.compile(r"(.+?)\.(?:member\.)?\d+(?:\.|$)")


@dataclass(frozen=True)
class Service:
    """How a service names what it has.

    Attributes:
        prefix: Of its actions, and of its ARNs.
        resources: Parameters, and the resource of each (``{}`` is the value), the first that is given decides; an
            operation or a part of its name before the parameter makes it count there only.
        tag: The action that tags of a new resource need.
        passing: Operations that hand a role to a service: the parameter that names it.
        principal: The service that the role is handed to.
        arns: Where ARNs differ from the prefix.
    """

    prefix: str
    resources: tuple[tuple[str, str], ...]
    tag: str = "TagResource"
    passing: Mapping[str, str] = field(default_factory=dict)
    principal: str = ""
    arns: str = ""


SERVICES: Mapping[str, Service] = {
    "logs": Service(
        "logs",
        (
            ("PutLogEvents:logGroupName", "log-group:{}:log-stream:{logStreamName}"),
            ("GetLogEvents:logGroupName", "log-group:{}:log-stream:{logStreamName}"),
            ("DeleteLogStream:logGroupName", "log-group:{}:log-stream:{logStreamName}"),
            ("logGroupName", "log-group:{}"),
            ("logGroupIdentifier", "log-group:{}"),
            ("resourceArn", "{}"),
        ),
    ),
    "monitoring": Service(
        "cloudwatch",
        (
            ("AlarmName", "alarm:{}"),
            ("AlarmNames", "alarm:{}"),
            ("DashboardName", "dashboard/{}"),
            ("DashboardNames", "dashboard/{}"),
            ("ResourceARN", "{}"),
        ),
    ),
    "events": Service(
        "events",
        (
            ("ResourceARN", "{}"),
            ("Connection:Name", "connection/{}"),
            ("ApiDestination:Name", "api-destination/{}"),
            ("EventBus:Name", "event-bus/{}"),
            ("Rule:Name", "rule/{}"),
            ("Rule", "rule/{}"),
        ),
        passing={"PutRule": "RoleArn", "PutTargets": "Targets.RoleArn"},
        principal="events.amazonaws.com",
    ),
    "sns": Service(
        "sns",
        (
            ("TopicArn", "{}"),
            ("TargetArn", "{}"),
            ("ResourceArn", "{}"),
            ("CreateTopic:Name", "{}"),
            ("SubscriptionArn", "{}"),
        ),
    ),
    "sqs": Service("sqs", (("QueueUrl", "{}"), ("QueueName", "{}")), tag="TagQueue"),
    "lambda": Service(
        "lambda",
        (("FunctionName", "function:{}"), ("Resource", "{}"), ("LayerName", "layer:{}")),
        passing={"CreateFunction": "Role", "UpdateFunctionConfiguration": "Role"},
        principal="lambda.amazonaws.com",
    ),
    "kms": Service("kms", (("KeyId", "key/{}"), ("TargetKeyId", "key/{}"), ("AliasName", "{}"))),
    "secretsmanager": Service("secretsmanager", (("SecretId", "secret:{}"), ("CreateSecret:Name", "secret:{}-??????"))),
    "sagemaker": Service(
        "sagemaker",
        (
            ("ResourceArn", "{}"),
            ("DeviceName", "device-fleet/{DeviceFleetName}/device/{}"),
            ("DeviceNames", "device-fleet/{DeviceFleetName}/device/{}"),
            ("DeviceFleetName", "device-fleet/{}"),
            ("EdgePackagingJobName", "edge-packaging-job/{}"),
            ("CompilationJobName", "compilation-job/{}"),
            ("ModelPackageGroupName", "model-package-group/{}"),
            ("ModelPackageArn", "{}"),
            ("ModelPackageName", "model-package/{}"),
            ("PipelineName", "pipeline/{}"),
        ),
        tag="AddTags",
        passing=dict.fromkeys(
            ("CreateDeviceFleet", "UpdateDeviceFleet", "CreateCompilationJob", "CreateEdgePackagingJob"), "RoleArn"
        ),
        principal="sagemaker.amazonaws.com",
    ),
    "ec2": Service(
        "ec2",
        (
            ("ResourceId", "{}"),
            ("InstanceId", "instance/{}"),
            ("GroupId", "security-group/{}"),
            ("LaunchTemplateId", "launch-template/{}"),
            ("CreateSecurityGroup:GroupName", "security-group/*"),
            ("CreateLaunchTemplate:LaunchTemplateName", "launch-template/*"),
            ("RunInstances:MaxCount", "instance/*"),
        ),
        tag="CreateTags",
    ),
}
_QUERY = frozenset({"sns", "ec2"})
_MACHINES = {"i": "instance", "sg": "security-group", "lt": "launch-template", "vol": "volume"}
"""Kinds of EC2's resources, by the prefix of their ids."""
_REST = {"lambda": "lambda"}
_CODES = {
    "sns": "AuthorizationError",
    "ec2": "UnauthorizedOperation",
    "sqs": "AccessDenied",
    "monitoring": "AccessDenied",
}
_FORBIDDEN = frozenset({"sns", "ec2", "lambda", "sqs"})
"""Services whose refusals are 403; JSON services say 400."""


def refused(service: str) -> tuple[str, int]:
    """Return the code and the HTTP status by which a service refuses."""
    return _CODES.get(service, "AccessDeniedException"), 403 if service in _FORBIDDEN else 400


_UUID = 36
"""Characters of a key's id, with which moto begins a ciphertext."""


def asked(service: str, environ: dict[str, Any], account: str, region: str) -> Asked | None:
    """Return a request by its operation and parameters, whatever protocol it came in."""
    if service == "sagemaker" and environ["PATH_INFO"] != "/":
        return asking.rest("sagemaker-edge", environ, account, region)
    if service in _REST:
        return asking.rest(_REST[service], environ, account, region)
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if not target and service in _QUERY | {"sqs"}:
        return asking.query(environ, account, region)
    try:
        body = json.loads(environ.get("edgewright.body") or b"{}")
    except ValueError:
        return None
    return Asked(target, body if isinstance(body, dict) else {}, account, region)


def needs(service: str, request: Asked) -> list[Need]:
    """Return what a request needs: its action on every resource that it names, and what it hands on."""
    about = SERVICES[service]
    if service == "kms":
        request = _with_key(request)
    action = f"{about.prefix}:{'InvokeFunction' if request.operation == 'Invoke' else request.operation}"
    context = _context(service, request)
    resources = list(_resources(about, request))
    found = [Need(action, resource, context) for resource in resources] or [Need(action, context=context)]
    if request.operation.startswith(("Create", "Put", "Run")) and _tagged(request.parameters):
        made = {**context, "ec2:CreateAction": request.operation} if service == "ec2" else {}
        found += [Need(f"{about.prefix}:{about.tag}", need.resource, made) for need in list(found)]
    found += [Need("iam:PassRole", role, {"iam:PassedToService": to}) for role, to in _passed(service, about, request)]
    return found


def _resources(about: Service, request: Asked) -> Iterator[str]:
    given = request.parameters
    lists = request.operation.startswith("Describe") and request.operation != "DescribeInstanceAttribute"
    if about.prefix == "ec2" and lists:
        return  # EC2's lists know no resources
    for wanted, template in about.resources:
        operation, _, parameter = wanted.rpartition(":")
        values = _values(given, parameter)
        if not values or (operation and operation not in request.operation):
            continue
        for value in values:
            yield _arn(about, request, template, value)
        return


def _arn(about: Service, request: Asked, template: str, value: str) -> str:
    if about.prefix == "sqs":
        *_, account, name = f"//{request.account}/{value}".split("/") if "/" not in value else value.split("/")
        return f"arn:aws:sqs:{request.region}:{account}:{name}"
    if template == "{}" and about.prefix == "ec2":
        template = f"{_MACHINES.get(value.partition('-')[0], '*')}/{{}}"
    if about.prefix == "sns" and value.count(":") == 6:
        return value.rpartition(":")[0]  # of a subscription, the topic counts
    if about.prefix == "kms":
        return _key(request, value)
    if value.startswith("arn:"):
        return value
    if about.prefix == "secretsmanager":
        return _secret(request, value) or f"arn:aws:secretsmanager:{request.region}:{request.account}:secret:{value}"
    filled = template.replace("{}", value)
    for name in re.findall(r"\{(\w+)\}", filled):
        filled = filled.replace(f"{{{name}}}", str(request.parameters.get(name, "*")))
    region = "" if filled.startswith("dashboard/") else request.region
    return f"arn:aws:{about.prefix}:{region}:{request.account}:{filled}"


def _values(given: Mapping[str, Any], parameter: str) -> list[str]:
    """Return a parameter's values; the query protocol numbers those of a list."""
    value = given.get(parameter)
    if isinstance(value, list):
        return [str(each) for each in value]
    if value is not None:
        return [str(value)]
    singular = parameter.removesuffix("s")
    return [
        str(each)
        for name, each in given.items()
        if (match := _INDEXED.match(name)) and match[1] in {parameter, singular}
    ]


def _context(service: str, request: Asked) -> Context:
    if service == "monitoring" and request.operation == "PutMetricData":
        return {"cloudwatch:namespace": str(request.parameters.get("Namespace", ""))}
    if service == "lambda" and request.operation == "AddPermission":
        return {"lambda:Principal": str(request.parameters.get("Principal", ""))}
    if service == "kms":
        return _key_names(request)
    return _machine_tags(request) if service == "ec2" else {}


def _key_names(request: Asked) -> Context:
    """The aliases of the key, and the one that the request names it by, as condition keys of AWS KMS."""
    value = str(request.parameters.get("KeyId", ""))
    found = _keys(request).get(_key_id(request, value)) if value else None
    if found is None or not found.aliases:
        return {}
    asked = value.partition(":alias/")[2]
    alias = f"alias/{asked}" if asked else value
    by_name = {"kms:RequestAlias": alias} if alias.startswith("alias/") else {}
    return {**by_name, "kms:ResourceAliases": sorted(found.aliases)}


def _machine_tags(request: Asked) -> dict[str, str]:
    """Return the tags that a request to EC2 gives, and those of what it names, as condition keys."""
    from edgewright.sandbox.ec2.models import ec2_backends  # noqa: PLC0415 -- loaded late; moto's own is not ours

    given = request.parameters
    keys: dict[str, str] = {}
    for name, value in given.items():
        if re.fullmatch(r"(?:TagSpecification\.\d+\.)?Tag\.\d+\.Key", name):
            keys[f"aws:RequestTag/{value}"] = str(given.get(f"{name.removesuffix('Key')}Value", ""))
    tags = ec2_backends[request.account][request.region].tags
    for parameter in ("ResourceId", "InstanceId", "GroupId", "LaunchTemplateId"):
        for identity in _values(given, parameter):
            keys |= {f"aws:ResourceTag/{key}": str(value) for key, value in tags.get(identity, {}).items()}
    return keys


def _tagged(given: Mapping[str, Any]) -> bool:
    return any(name.lower().startswith(("tags", "tagspecification")) and value for name, value in given.items())


def _passed(service: str, about: Service, request: Asked) -> Iterator[tuple[str, str]]:
    parameter = about.passing.get(request.operation)
    if parameter:
        outer, _, inner = parameter.rpartition(".")
        holders = request.parameters.get(outer) or [] if outer else [request.parameters]
        for holder in holders:
            if isinstance(holder, dict) and holder.get(inner):
                yield str(holder[inner]), about.principal
    profile = request.parameters.get("IamInstanceProfile.Name")
    if service == "ec2" and profile:
        from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto loads a service when it is used

        profiles = iam_backends[request.account]["aws"].instance_profiles.values()
        for found in (each for each in profiles if each.name == profile):
            for role in found.roles:
                yield str(role.arn), "ec2.amazonaws.com"


def _key(request: Asked, value: str) -> str:
    if value.startswith("alias/") and request.operation.endswith("Alias"):
        return f"arn:aws:kms:{request.region}:{request.account}:{value}"
    return f"arn:aws:kms:{request.region}:{request.account}:key/{_key_id(request, value)}"


def _with_key(request: Asked) -> Asked:
    """A ciphertext knows its key, and to decrypt it nobody has to name one."""
    blob = request.parameters.get("CiphertextBlob")
    if request.operation != "Decrypt" or "KeyId" in request.parameters or not isinstance(blob, str):
        return request
    try:
        key = base64.b64decode(blob, validate=True)[:_UUID].decode("ascii")
    except ValueError:  # no base64, or no ciphertext of ours: for the service to say
        return request
    return replace(request, parameters={**request.parameters, "KeyId": key})


def _key_id(request: Asked, value: str) -> str:
    """The id of a key by its id, ARN or alias; an alias that no key has stays as it is."""
    name = value.partition(":alias/")[2]
    alias = f"alias/{name}" if name else value
    if alias.startswith("alias/"):
        return next((str(key.id) for key in _keys(request).values() if alias in key.aliases), alias)
    return value.rpartition("/")[2]


def _keys(request: Asked) -> Mapping[str, Any]:
    from moto.kms.models import kms_backends  # noqa: PLC0415 -- moto loads a service when it is used

    keys: Mapping[str, Any] = kms_backends[request.account][request.region].keys
    return keys


def _secret(request: Asked, value: str) -> str | None:
    from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415 -- as above

    secrets = secretsmanager_backends[request.account][request.region].secrets
    return str(secrets[value].arn) if value in secrets else None
