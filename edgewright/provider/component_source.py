"""What a component version is made from: an inline recipe or a Lambda function. Its identity and its content. Pure.

A Lambda function's component has no recipe of the user's: the service writes it. Where the user gives no name and no
version, it takes the function's name, and its version N as N.0.0 (API reference of LambdaFunctionRecipeSource).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from edgewright.canonical import digest
from edgewright.provider.fields import Flag, Items, Mapped, Number, Path, Record, Text, fail
from edgewright.provider.plugin import Failure, contains_unknown, is_unknown
from edgewright.provider.recipe_content import check_recipe, content_digest

VERSION_PATTERN: Final = r"\d{1,6}\.\d{1,6}\.\d{1,6}([-+][0-9A-Za-z.+-]+)?"
_COMPONENT_NAME: Final = r"[a-zA-Z0-9._-]+"

_PERMISSION = Text(doc="`ro` (the default) or `rw`.", choices=("ro", "rw"))
_GROUP_OWNER = Flag(doc="Whether the system group of the component owns it too; false by default.")

_CONTAINER = Record(
    token="greengrassv2:index:LambdaContainerParams",  # noqa: S106 -- a token of the package schema
    doc="The container that the function runs in.",
    fields={
        "memorySizeInKB": Number(doc="Kilobytes of memory; 16384 by default.", least=0, unit="kilobytes"),
        "mountROSysfs": Flag(doc="Whether the function may read the device's /sys; false by default."),
        "volumes": Items(
            doc="Folders of the device that the container sees.",
            item=Record(
                token="greengrassv2:index:LambdaVolumeMount",  # noqa: S106
                doc="A folder of the device in the container.",
                fields={
                    "sourcePath": Text(doc="The folder on the device.", required=True, least=1),
                    "destinationPath": Text(doc="Where the container sees it.", required=True, least=1),
                    "permission": _PERMISSION,
                    "addGroupOwner": _GROUP_OWNER,
                },
            ),
        ),
        "devices": Items(
            doc="Devices of the system that the container sees.",
            item=Record(
                token="greengrassv2:index:LambdaDeviceMount",  # noqa: S106
                doc="A device of the system in the container.",
                fields={
                    "path": Text(doc="The device's path.", required=True, least=1),
                    "permission": _PERMISSION,
                    "addGroupOwner": _GROUP_OWNER,
                },
            ),
        ),
    },
)

_PARAMETERS = Record(
    token="greengrassv2:index:LambdaExecutionParameters",  # noqa: S106
    doc="How the function runs on the device.",
    fields={
        "eventSources": Items(
            doc="What the function gets its work from.",
            item=Record(
                token="greengrassv2:index:LambdaEventSource",  # noqa: S106
                doc="A topic that the function is subscribed to.",
                fields={
                    "topic": Text(doc="The topic.", required=True, least=1),
                    "type": Text(
                        doc="`PUB_SUB`: local, without wildcards; `IOT_CORE`: MQTT of AWS IoT Core.",
                        required=True,
                        choices=("PUB_SUB", "IOT_CORE"),
                    ),
                },
            ),
        ),
        "maxQueueSize": Number(doc="Messages that wait at most.", least=0, unit="messages"),
        "maxInstancesCount": Number(doc="Instances at a time, of a function that is not pinned.", least=0),
        "maxIdleTimeInSeconds": Number(
            doc="Seconds without work after which a function that is not pinned is stopped.", least=0, unit="seconds"
        ),
        "timeoutInSeconds": Number(doc="Seconds for one piece of work.", least=0, unit="seconds"),
        "statusTimeoutInSeconds": Number(
            doc="Seconds between two signs of life of a pinned function.", least=0, unit="seconds"
        ),
        "pinned": Flag(doc="Whether the function starts with the device and goes on running; true by default."),
        "inputPayloadEncodingType": Text(doc="How its input is encoded.", choices=("json", "binary")),
        "execArgs": Items(doc="Arguments of the process.", item=Text()),
        "environmentVariables": Mapped(
            doc="Environment of the process.", key=Text(least=1, example="LOG_LEVEL"), value=Text()
        ),
        "linuxProcessParams": Record(
            token="greengrassv2:index:LambdaLinuxProcessParams",  # noqa: S106
            doc="How the process is kept apart from the system.",
            fields={
                "isolationMode": Text(
                    doc="In a container (the default) or not.", choices=("GreengrassContainer", "NoContainer")
                ),
                "containerParams": _CONTAINER,
            },
        ),
    },
)


def _function_rule(path: Path, value: Any) -> Sequence[Failure]:
    if value.rpartition(":")[2] in {"$LATEST", ""} or not value.rpartition(":")[2].isdecimal():
        remedy = "publish a version of the function, and end the ARN in its number"
        return [
            fail(path, "must name one published version; what is behind an alias or $LATEST changes", value, remedy)
        ]
    return []


LAMBDA_FUNCTION: Final = Record(
    token="greengrassv2:index:LambdaFunctionRecipeSource",  # noqa: S106
    doc="A Lambda function to make the component from. Greengrass writes the recipe.",
    fields={
        "lambdaArn": Text(
            doc="ARN of the function, with the number of a published version.",
            required=True,
            least=1,
            pattern=r"arn:[^:]*:lambda:[^:]+:[0-9]{12}:function:[a-zA-Z0-9_-]+:[^:]+",
            rules=(_function_rule,),
            example="arn:aws:lambda:eu-west-1:222222222222:function:filter:3",
        ),
        "componentName": Text(
            doc="The component's name; the function's by default.",
            least=1,
            most=128,
            pattern=_COMPONENT_NAME,
            example="com.acme.filter",
        ),
        "componentVersion": Text(
            doc="The component's version; the function's version N is N.0.0 by default.",
            least=1,
            most=64,
            pattern=VERSION_PATTERN,
            example='"1.0.0"',
        ),
        "componentPlatforms": Items(
            doc="Platforms that it runs on.",
            item=Record(
                token="greengrassv2:index:ComponentPlatform",  # noqa: S106
                doc="A platform.",
                fields={
                    "name": Text(doc="A name for people; made from the attributes by default.", least=1),
                    "attributes": Mapped(
                        doc="Such as `os: linux`.", key=Text(least=1, example="os"), value=Text(least=1)
                    ),
                },
            ),
        ),
        "componentDependencies": Mapped(
            doc="Components that it needs, by name.",
            key=Text(least=1, most=128, pattern=_COMPONENT_NAME, example="com.acme.model"),
            value=Record(
                token="greengrassv2:index:ComponentDependencyRequirement",  # noqa: S106
                doc="Which versions will do.",
                fields={
                    "versionRequirement": Text(doc="A range, such as `^1.0.0`.", least=1),
                    "dependencyType": Text(
                        doc="`HARD` (the default): restarts with it; `SOFT`: does not.", choices=("HARD", "SOFT")
                    ),
                },
            ),
        ),
        "componentLambdaParameters": _PARAMETERS,
    },
)


def source_of(inputs: Mapping[str, Any]) -> str:
    """Return which input the version is made from: ``recipe`` or ``lambdaFunction``."""
    return "recipe" if inputs.get("lambdaFunction") is None else "lambdaFunction"


def is_known(inputs: Mapping[str, Any]) -> bool:
    """Whether everything that the version is made from is known."""
    source = inputs.get(source_of(inputs))
    if inputs.get("sourceDigest") is not None and isinstance(source, Mapping):
        source = _without_arn(source)
    return not contains_unknown([source, inputs.get("sourceDigest"), inputs.get("artifacts")])


def identity(inputs: Mapping[str, Any]) -> tuple[str, str]:
    """Return name and version of what ``inputs`` make; they must be known."""
    if source_of(inputs) == "recipe":
        return inputs["recipe"]["ComponentName"], inputs["recipe"]["ComponentVersion"]
    function = inputs["lambdaFunction"]
    given = function.get("componentName"), function.get("componentVersion")
    if all(given):
        return str(given[0]), str(given[1])
    *_, name, version = function["lambdaArn"].split(":")
    return given[0] or name, given[1] or f"{version}.0.0"


def identity_paths(inputs: Mapping[str, Any]) -> tuple[str, str]:
    """Return the inputs that name and version come from."""
    if source_of(inputs) == "recipe":
        return "recipe.ComponentName", "recipe.ComponentVersion"
    function = inputs["lambdaFunction"]
    named = tuple(key if function.get(key) else "lambdaArn" for key in ("componentName", "componentVersion"))
    return f"lambdaFunction.{named[0]}", f"lambdaFunction.{named[1]}"


def digest_of(inputs: Mapping[str, Any]) -> str:
    """Return the digest of everything that the version is made from."""
    if source_of(inputs) == "recipe":
        return content_digest(inputs["recipe"], inputs.get("artifacts") or ())
    function = _plain(inputs["lambdaFunction"])
    if inputs.get("sourceDigest") is not None:
        return digest({"lambdaFunction": _without_arn(function), "source": inputs["sourceDigest"]})
    return digest({"lambdaFunction": function})


def _without_arn(function: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in function.items() if key != "lambdaArn"}


def _plain(value: Any) -> Any:
    """Return ``value`` without nulls: a field that is null is one that is not given."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def request_of(function: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``lambdaFunction`` of CreateComponentVersion."""
    result: dict[str, Any] = _plain(function)
    return result


def check_source(inputs: Mapping[str, Any]) -> list[Failure]:
    """Return what is wrong with the choice of a source, and with a recipe by itself."""
    recipe, function = inputs.get("recipe"), inputs.get("lambdaFunction")
    if is_unknown(recipe) or is_unknown(function):
        return []
    if (recipe is None) == (function is None):
        given = "both" if recipe is not None else "neither"
        return [Failure("recipe", f"exactly one of recipe and lambdaFunction must be given (got {given}); keep one")]
    if inputs.get("sourceDigest") is not None:
        if function is None:
            remedy = "remove it: a recipe and the digests of its artifacts are its content"
            return [fail(("sourceDigest",), "is for a Lambda function", inputs["sourceDigest"], remedy)]
        lacks = [key for key in ("componentName", "componentVersion") if not function.get(key)]
        if lacks:
            problem = "needs a name and a version that do not follow from the function's ARN"
            return [fail(("sourceDigest",), problem, inputs["sourceDigest"], f"give lambdaFunction.{lacks[0]}")]
    if recipe is not None:
        return check_recipe(recipe, inputs.get("artifacts"))
    if inputs.get("artifacts"):
        remedy = "remove them: Greengrass takes the function's own code"
        return [fail(("artifacts",), "are for a recipe; a Lambda function has none", inputs["artifacts"], remedy)]
    return []
