"""AWS Lambda: functions, who may call them, and what happens to events that they fail on.

Longer than other modules, because it is a table: a row for each type, a line for each property that differs.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewright.errors import EdgewrightError
from edgewright.provider.plugin import Archive, Asset
from edgewright.standin.diff import Shape
from edgewright.standin.model import TAGS, Property, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import arn, at_least, between, length, matches, one_of
from edgewright.standin.table import ID, Call, Change, Read, Row, Tagging

if TYPE_CHECKING:
    from edgewright.aws.session import Session

_NAME = {"FunctionName": ID}
_ALWAYS = (1980, 1, 1, 0, 0, 0)
"""The time of every entry of an archive, so that the same code is the same bytes; zip knows none before."""
_CONFIGURATION = {
    "description": "Description",
    "environment": "Environment",
    "handler": "Handler",
    "kmsKeyArn": "KMSKeyArn",
    "layers": "Layers",
    "memorySize": "MemorySize",
    "role": "Role",
    "runtime": "Runtime",
    "timeout": "Timeout",
}
_UPDATE = {theirs: ours for ours, theirs in _CONFIGURATION.items()}
_CODE = frozenset({"code", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceCodeHash"})
_VERSIONED = _CODE | frozenset(_CONFIGURATION)
"""What is in a version: its change is published as another one, where versions are published."""
TAGGING = Tagging(
    given=dict,
    found=lambda tags: dict(tags or {}),
    put=Call("tag_resource", {"Resource": "arn", "Tags": lambda values: values["put"]}),
    remove=Call("untag_resource", {"Resource": "arn", "TagKeys": lambda values: values["gone"]}),
)


def zipped(archive: Archive) -> bytes:
    """Return an archive of the program's as the bytes of a zip file; the same content is the same bytes.

    Raises:
        EdgewrightError: it names something that is not there or not on this machine.
    """
    data = io.BytesIO()
    if archive.path and Path(archive.path).is_file():
        return Path(archive.path).read_bytes()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in sorted(_entries("", archive)):
            entry = zipfile.ZipInfo(name, _ALWAYS)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, content)
    return data.getvalue()


def _entries(prefix: str, item: Any) -> Iterator[tuple[str, bytes]]:
    if isinstance(item, Asset):
        if item.uri:
            msg = f"the stand-in does not load code from {item.uri}; name a file or a folder of this machine"
            raise EdgewrightError(msg)
        yield prefix, item.text.encode() if not item.path else _read(Path(item.path))
    elif isinstance(item, Archive) and item.path:
        folder = Path(item.path)
        if not folder.is_dir():
            msg = f"the code {item.path} is neither a folder nor a file"
            raise EdgewrightError(msg)
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield "/".join(filter(None, (prefix, path.relative_to(folder).as_posix()))), _read(path)
    elif isinstance(item, Archive):
        for name, each in item.assets.items():
            yield from _entries("/".join(filter(None, (prefix, name))), each)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"the code {path} cannot be read: {error.strerror or error}"
        raise EdgewrightError(msg) from error


def _code(values: Values) -> bytes | None:
    return zipped(values["code"]) if values.get("code") is not None else None


def _urls(aws: Session, found: Values) -> Values:
    arn_, region = found["arn"], aws.region
    prefix = f"arn:aws:apigateway:{region}:lambda:path"
    qualified = f"{arn_}:{found['version']}"
    return {
        "invokeArn": f"{prefix}/2015-03-31/functions/{arn_}/invocations",
        "qualifiedArn": qualified,
        "qualifiedInvokeArn": f"{prefix}/2015-03-31/functions/{qualified}/invocations",
        "responseStreamingInvokeArn": f"{prefix}/2021-11-15/functions/{arn_}/response-streaming-invocations",
    }


def _published(news: Values, changed: AbstractSet[str]) -> AbstractSet[str]:
    """The outputs that name the version, where a change publishes one."""
    names = ("qualifiedArn", "qualifiedInvokeArn", "version")
    return frozenset(names if news.get("publish") and changed & _VERSIONED else ())


def _variables(answer: Mapping[str, Any]) -> Any:
    variables = answer["Configuration"].get("Environment", {}).get("Variables")
    return {"variables": dict(variables)} if variables else None


def _layers(answer: Mapping[str, Any]) -> list[str]:
    return [layer["Arn"] for layer in answer["Configuration"].get("Layers") or ()]


def _mode(answer: Mapping[str, Any]) -> Any:
    return {"mode": answer["Configuration"].get("TracingConfig", {}).get("Mode", "PassThrough")}


def _statement(answer: Mapping[str, Any], found: Values) -> Any:
    statements = json.loads(answer["Policy"])["Statement"]
    wanted = found[ID].rpartition("/")[2]
    function = found[ID].partition("/")[0]
    return next(({**each, "function": function} for each in statements if each["Sid"] == wanted), None)


def _principal(statement: Mapping[str, Any]) -> str:
    principal = statement["Principal"]
    if isinstance(principal, str):
        return principal
    return str(principal.get("Service") or principal["AWS"])


def _condition(operator: str, key: str) -> Any:
    def found(statement: Mapping[str, Any]) -> str | None:
        conditions = statement.get("Condition", {}).get(operator, {})
        return next((str(value) for name, value in conditions.items() if name.lower() == key.lower()), None)

    return found


def _split(identity: str) -> tuple[str, str | None]:
    if identity.startswith("arn:"):
        return identity, None
    name, _, qualifier = identity.partition(":")
    return name, qualifier or None


def _destinations(found: Mapping[str, Any]) -> Any:
    wanted = {
        ours: {"destination": found[theirs]["Destination"]}
        for ours, theirs in (("onFailure", "OnFailure"), ("onSuccess", "OnSuccess"))
        if found.get(theirs, {}).get("Destination")
    }
    return wanted or None


def _about(_: Session, found: Values) -> Values:
    return {"id": found["statementId"]}


TYPES = (
    Row(
        "aws:lambda/function:Function",
        service="lambda",
        what="function",
        named="name",
        identity="name",
        create_call=Call(
            "create_function",
            {
                **_UPDATE,
                "Architectures": "architectures",
                "Code": {
                    "ZipFile": _code,
                    "S3Bucket": "s3Bucket",
                    "S3Key": "s3Key",
                    "S3ObjectVersion": "s3ObjectVersion",
                },
                "FunctionName": "name",
                "PackageType": "packageType",
                "Publish": "publish",
                "Tags": TAGGING.create,
            },
        ),
        reads=(
            Read(
                "get_function",
                _NAME,
                outputs={
                    **{ours: f"Configuration.{theirs}" for ours, theirs in _CONFIGURATION.items()},
                    "architectures": "Configuration.Architectures",
                    "arn": "Configuration.FunctionArn",
                    "codeSha256": "Configuration.CodeSha256",
                    "environment": _variables,
                    "ephemeralStorage": "Configuration.EphemeralStorage",
                    "lastModified": "Configuration.LastModified",
                    "layers": _layers,
                    "name": "Configuration.FunctionName",
                    "packageType": "Configuration.PackageType",
                    "reservedConcurrentExecutions": lambda answer: answer.get("Concurrency", {}).get(
                        "ReservedConcurrentExecutions", -1
                    ),
                    "sourceCodeSize": "Configuration.CodeSize",
                    TAGS: "Tags",
                    "tracingConfig": _mode,
                },
            ),
            # As the real provider does, whether versions are published or not: the last of them is the function's.
            Read(
                "list_versions_by_function",
                _NAME,
                at=lambda answer, _: answer["Versions"][-1],
                outputs={"version": "Version"},
            ),
        ),
        changes=(
            Change(
                "update_function_configuration",
                {**_NAME, **_UPDATE},
                blank={"Description": "", "Environment": {"Variables": {}}, "Layers": []},
                of=frozenset(_CONFIGURATION),
            ),
            Change(
                "update_function_code",
                {
                    **_NAME,
                    "ZipFile": _code,
                    "S3Bucket": "s3Bucket",
                    "S3Key": "s3Key",
                    "S3ObjectVersion": "s3ObjectVersion",
                },
                of=_CODE,
            ),
            Change("publish_version", _NAME, of=_VERSIONED, unless=lambda values: not values.get("publish")),
            Change(
                "put_function_concurrency",
                {**_NAME, "ReservedConcurrentExecutions": "reservedConcurrentExecutions"},
                of=frozenset({"reservedConcurrentExecutions"}),
                too=True,
                unless=lambda values: values["reservedConcurrentExecutions"] < 0,
            ),
            Change(
                "delete_function_concurrency",
                _NAME,
                of=frozenset({"reservedConcurrentExecutions"}),
                unless=lambda values: values["reservedConcurrentExecutions"] >= 0,
            ),
        ),
        delete_call=Call("delete_function", _NAME),
        fixed=_urls,
        tagging=TAGGING,
    ).serves(
        {
            "architectures": Property(),
            "code": Property(held=False),
            "description": Property(),
            "environment": Property(),
            "handler": Property(rules=(length(0, 128),)),
            "kmsKeyArn": Property(rules=(arn,)),
            "layers": Property(),
            "memorySize": Property(default=128, rules=(between(128, 32768),)),
            "name": Property(replace=True, rules=(length(0, 170),)),
            "packageType": Property(replace=True, default="Zip", rules=(one_of("Zip", "Image"),)),
            "publish": Property(kept=False),
            "reservedConcurrentExecutions": Property(default=-1, rules=(at_least(-1),)),
            "role": Property(rules=(arn,)),
            "runtime": Property(),
            "s3Bucket": Property(held=False),
            "s3Key": Property(held=False),
            "s3ObjectVersion": Property(held=False),
            "skipDestroy": Property(kept=False),
            "sourceCodeHash": Property(held=False),
            "tags": Property(),
            "timeout": Property(default=3, rules=(between(1, 5400),)),
        },
        shape=Shape(computed=frozenset({"architectures"})),
        auto_name=AutoName("name", 64),
        volatile=frozenset({"codeSha256", "lastModified", "sourceCodeSize"}),
        moving=_published,
    ),
    Row(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        service="lambda",
        what="asynchronous invocation of the function",
        named="functionName",
        identity=lambda _, values: ":".join(filter(None, (values["functionName"], values.get("qualifier")))),
        create_call=Call(
            "put_function_event_invoke_config",
            {
                "DestinationConfig": "destinationConfig",
                "FunctionName": "functionName",
                "MaximumEventAgeInSeconds": "maximumEventAgeInSeconds",
                "MaximumRetryAttempts": "maximumRetryAttempts",
                "Qualifier": "qualifier",
            },
        ),
        reads=(
            Read(
                "get_function_event_invoke_config",
                {"FunctionName": lambda v: _split(v[ID])[0], "Qualifier": lambda v: _split(v[ID])[1]},
                outputs={
                    "destinationConfig": lambda answer: _destinations(answer.get("DestinationConfig", {})),
                    "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
                    "maximumRetryAttempts": lambda answer: answer.get("MaximumRetryAttempts", 2),
                },
            ),
        ),
        changes=(
            Change(
                "put_function_event_invoke_config",
                {
                    "DestinationConfig": "destinationConfig",
                    "FunctionName": "functionName",
                    "MaximumEventAgeInSeconds": "maximumEventAgeInSeconds",
                    "MaximumRetryAttempts": "maximumRetryAttempts",
                    "Qualifier": "qualifier",
                },
                of=frozenset({"destinationConfig", "maximumEventAgeInSeconds", "maximumRetryAttempts"}),
            ),
        ),
        delete_call=Call(
            "delete_function_event_invoke_config", {"FunctionName": "functionName", "Qualifier": "qualifier"}
        ),
        fixed=lambda _, found: {"functionName": _split(found[ID])[0], "qualifier": _split(found[ID])[1] or ""},
    ).serves(
        {
            "destinationConfig": Property(),
            "functionName": Property(replace=True, rules=(length(1, 256),)),
            "maximumEventAgeInSeconds": Property(rules=(between(60, 21600),)),
            "maximumRetryAttempts": Property(default=2, rules=(between(0, 2),)),
            "qualifier": Property(replace=True),
        },
        nested_rules={
            "destinationConfig.onFailure.destination": (arn,),
            "destinationConfig.onSuccess.destination": (arn,),
        },
    ),
    Row(
        "aws:lambda/permission:Permission",
        service="lambda",
        what="permission to call the function",
        named="function",
        identity="statementId",
        create_call=Call(
            "add_permission",
            {
                "Action": "action",
                "FunctionName": "function",
                "Principal": "principal",
                "PrincipalOrgID": "principalOrgId",
                "Qualifier": "qualifier",
                "SourceAccount": "sourceAccount",
                "SourceArn": "sourceArn",
                "StatementId": "statementId",
            },
        ),
        reads=(
            Read(
                "get_policy",
                {"FunctionName": lambda values: values[ID].partition("/")[0]},
                at=_statement,
                outputs={
                    "action": "Action",
                    "function": "function",
                    "principal": _principal,
                    "sourceAccount": _condition("StringEquals", "AWS:SourceAccount"),
                    "sourceArn": _condition("ArnLike", "AWS:SourceArn"),
                    "principalOrgId": _condition("StringEquals", "aws:PrincipalOrgID"),
                    "statementId": "Sid",
                },
            ),
        ),
        delete_call=Call(
            "remove_permission", {"FunctionName": "function", "Qualifier": "qualifier", "StatementId": "statementId"}
        ),
        fixed=_about,
    ).serves(
        {
            "action": Property(replace=True, rules=(matches(r"(lambda:[*]|lambda:[a-zA-Z]+|[*])", hint="an action"),)),
            "function": Property(replace=True),
            "principal": Property(replace=True),
            "principalOrgId": Property(replace=True),
            "qualifier": Property(replace=True, held=False),
            "sourceAccount": Property(replace=True, rules=(matches(r"\d{12}", hint="twelve digits"),)),
            "sourceArn": Property(replace=True, rules=(arn,)),
            "statementId": Property(replace=True, rules=(length(1, 100), matches(r"[A-Za-z0-9_-]+", hint="a name"))),
        },
        auto_name=AutoName("statementId", 100),
        address=lambda identity, state: identity if "/" in identity else f"{state.get('function', '')}/{identity}",
        replaced_first=True,
    ),
)
