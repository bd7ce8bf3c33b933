"""The inputs of every resource and of the provider itself, with the limits of the AWS API.

Longer than other modules, because it is a table rather than a program: one entry for each field of the API, read beside
the API's own reference from top to bottom, with the few rules that need more than one field.

Source of limits: the botocore service model of greengrassv2 (a test compares field by field), and, where the model is
silent, the API reference of AWS IoT jobs (incrementFactor: one decimal; thresholdPercentage: two decimals;
inProgressTimeoutInMinutes: 1 to 10080).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from edgewright.manifest.query import QueryError, parse
from edgewright.provider.component_source import LAMBDA_FUNCTION
from edgewright.provider.fields import Flag, Items, Json, Mapped, Number, Path, Record, Text, fail, shown
from edgewright.provider.plugin import Failure, is_unknown, property_path

NUCLEUS: Final = "aws.greengrass.Nucleus"
# Written by the installer on each device; without them a core device cannot reach AWS any more.
PROTECTED_NUCLEUS_KEYS: Final = ("awsRegion", "iotCredEndpoint", "iotDataEndpoint", "iotRoleAlias")
LONGEST_POINTER: Final = 256
_MOST_MERGE_CHARACTERS: Final = 10_485_760
_PROTECTED = frozenset(key.lower() for key in PROTECTED_NUCLEUS_KEYS)
_INDEX = re.compile(r"[0-9]{1,10}\Z")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*\Z")
_TARGET = r"arn:[^:]*:iot:[^:]*:[0-9]+:(thing|thinggroup)/.+"
_GROUP = r"arn:[^:]*:iot:[^:]*:[0-9]+:thinggroup/.+"
_COMPONENT_NAME = r"[a-zA-Z0-9._-]+"


def parse_config(value: Any) -> Any:
    """Return a component's configuration as an object, whether it was given as one or as JSON text.

    Raises:
        ValueError: the text is not JSON.
    """
    return json.loads(value) if isinstance(value, str) else value


def pointer_tokens(pointer: str) -> tuple[str, ...]:
    """Return the keys of a JSON pointer (RFC 6901), unescaped; none for the whole document."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def is_index(token: str) -> bool:
    """Whether the nucleus takes a part of a pointer for an index (Jackson's JsonPointer: at most ten digits)."""
    return bool(_INDEX.match(token))


def is_protected(tokens: Sequence[str]) -> bool:
    """Whether resetting ``tokens`` of the nucleus would cut a device off. Devices do not tell the case of keys."""
    return not tokens or tokens[0].lower() in _PROTECTED


def make_pointer(tokens: Sequence[str]) -> str:
    """Return the JSON pointer (RFC 6901) to ``tokens``."""
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


def _config_rule(path: Path, value: Any) -> Sequence[Failure]:
    try:
        config = parse_config(value)
    except ValueError as error:
        return [fail(path, f"is text, but not JSON: {error}", value, "write an object, or the JSON text of one")]
    if not isinstance(config, Mapping):
        return [fail(path, "must be an object", value, "a component's configuration is made of keys and values")]
    if twins := _twins(config):
        problem = f"has two keys that differ only in case, {' and '.join(twins)}; a device knows them as one"
        return [fail(path, problem, value, "keep one of them")]
    length = len(value) if isinstance(value, str) else len(json.dumps(value, default=str))
    if length > _MOST_MERGE_CHARACTERS:
        return [Failure(property_path(*path), f"has {length} characters as JSON; AWS takes {_MOST_MERGE_CHARACTERS}")]
    return []


def _twins(config: Any) -> list[str]:
    """Return two keys of one object that are the same to a device (Topics compares without case), as pointers."""
    if not isinstance(config, Mapping):
        return []  # a list is one value to a device, whatever is in it
    seen: dict[str, str] = {}
    for key, value in config.items():
        other = seen.setdefault(str(key).lower(), str(key))
        if other != key:
            return [make_pointer([other]), make_pointer([str(key)])]
        if found := _twins(value):
            return [make_pointer([str(key)]) + pointer for pointer in found]
    return []


def _pointer_rule(path: Path, value: Any) -> Sequence[Failure]:
    if _POINTER.match(value):
        return []
    return [fail(path, "is not a JSON pointer (RFC 6901)", value, 'begin with "/", and write ~ as ~0 and / as ~1')]


def _component_rules(path: Path, value: Any) -> Sequence[Failure]:
    """Explicit resets that would do harm, or nothing."""
    failures: list[Failure] = []
    pointers, config = value.get("reset"), value.get("config")
    if not isinstance(pointers, list):
        return failures
    try:
        tree = parse_config(config) if not is_unknown(config) else None
    except ValueError:
        tree = None  # told by the rule of config itself
    nucleus = path[-1] == NUCLEUS
    for index, pointer in enumerate(pointers):
        where = (*path, "reset", index)
        if not isinstance(pointer, str) or not _POINTER.match(pointer):
            continue
        tokens = pointer_tokens(pointer)
        if nucleus and is_protected(tokens):
            problem = "would cut the device off from AWS: the installer's own settings live there"
            failures.append(fail(where, problem, pointer, f"never reset '' or /{tokens[0] if tokens else ''} of it"))
        elif _inside_list(tree, tokens):
            problem = "points into a list; devices ignore that, for a list is only ever replaced as a whole"
            failures.append(fail(where, problem, pointer, "point at the list"))
        elif digits := next((token for token in tokens if is_index(token)), None):
            problem = f"has a part of digits, {digits}; devices take it for an element of a list and ignore the pointer"
            failures.append(fail(where, problem, pointer, "point at what holds it"))
    return failures


def _inside_list(tree: Any, tokens: Sequence[str]) -> bool:
    for token in tokens:
        if isinstance(tree, list):
            return True
        if not isinstance(tree, Mapping) or token not in tree:
            return False
        tree = tree[token]
    return False


def _deployment_rules(path: Path, value: Any) -> Sequence[Failure]:
    target, parent = value.get("targetArn"), value.get("parentTargetArn")
    if isinstance(target, str) and isinstance(parent, str) and not re.fullmatch(_GROUP, target):
        remedy = "name a thing group, or leave parentTargetArn out"
        return [fail((*path, "targetArn"), "must be a thing group when there is a parentTargetArn", target, remedy)]
    return []


def _criteria_rule(path: Path, value: Any) -> Sequence[Failure]:
    if value.get("numberOfNotifiedThings") is None and value.get("numberOfSucceededThings") is None:
        return [fail(path, "needs numberOfNotifiedThings or numberOfSucceededThings", value, "give one of them")]
    return []


def _roll_out_rule(path: Path, value: Any) -> Sequence[Failure]:
    most, rate = value.get("maximumPerMinute"), value.get("exponentialRate")
    base = rate.get("baseRatePerMinute") if isinstance(rate, Mapping) else None
    if isinstance(most, int) and isinstance(base, int) and base > most:
        where = (*path, "exponentialRate", "baseRatePerMinute")
        return [fail(where, f"must not exceed maximumPerMinute, which is {most}", base, "lower it")]
    return []


_TAGS = Mapped(
    doc="Tags of the resource in AWS.",
    key=Text(least=1, most=128, pattern=r"(?!aws:).*", example="team"),
    value=Text(most=256),
    # AWS allows 50; one is the provider's own.
    most=49,
)

_RUN_WITH = Record(
    token="greengrassv2:index:RunWith",  # noqa: S106 -- a token of the package schema
    doc="Who runs the component's processes, and within which limits.",
    fields={
        "posixUser": Text(
            doc="Linux user, or user:group.", least=1, pattern=r"[^\s:]+(:[^\s:]+)?", example="ggc_user:ggc_group"
        ),
        "windowsUser": Text(doc="Windows user.", least=1),
        "systemResourceLimits": Record(
            token="greengrassv2:index:SystemResourceLimits",  # noqa: S106
            doc="Limits of the processes (Linux, nucleus 2.4 or later).",
            fields={
                "memory": Number(doc="Kilobytes of memory.", least=0, most=9_223_372_036_854_771_712, unit="kilobytes"),
                "cpus": Number(doc="Cores; fractions are allowed.", least=0, decimals=None, unit="cores"),
            },
        ),
    },
)

_COMPONENT = Record(
    token="greengrassv2:index:DeployedComponent",  # noqa: S106
    doc="One component of a deployment.",
    rules=(_component_rules,),
    fields={
        "componentVersion": Text(doc="The exact version.", required=True, least=1, most=64),
        "config": Json(
            doc="The whole wanted configuration beyond the recipe's defaults: an object, or the JSON text of one. "
            "What vanishes from it is reset on the devices.",
            rules=(_config_rule,),
        ),
        "reset": Items(
            doc="Extra JSON pointers to reset; '' is the whole configuration.",
            item=Text(most=LONGEST_POINTER, rules=(_pointer_rule,)),
        ),
        "runWith": _RUN_WITH,
    },
)

_JOB = Record(
    token="greengrassv2:index:IotJobConfiguration",  # noqa: S106
    doc="How fast the deployment reaches devices, and when it stops by itself.",
    fields={
        "jobExecutionsRolloutConfig": Record(
            token="greengrassv2:index:JobExecutionsRolloutConfig",  # noqa: S106
            doc="Devices a minute.",
            rules=(_roll_out_rule,),
            fields={
                "maximumPerMinute": Number(doc="At most so many devices a minute.", least=1, most=1000),
                "exponentialRate": Record(
                    token="greengrassv2:index:ExponentialRate",  # noqa: S106
                    doc="A rate that grows.",
                    fields={
                        "baseRatePerMinute": Number(
                            doc="Devices in the first minute.", required=True, least=1, most=1000
                        ),
                        "incrementFactor": Number(
                            doc="Growth of the rate, with at most one decimal.",
                            required=True,
                            least=1,
                            most=5,
                            decimals=1,
                        ),
                        "rateIncreaseCriteria": Record(
                            token="greengrassv2:index:RateIncreaseCriteria",  # noqa: S106
                            doc="When the rate grows.",
                            required=True,
                            rules=(_criteria_rule,),
                            fields={
                                "numberOfNotifiedThings": Number(doc="After so many were notified.", least=1),
                                "numberOfSucceededThings": Number(doc="After so many have succeeded.", least=1),
                            },
                        ),
                    },
                ),
            },
        ),
        "abortConfig": Record(
            token="greengrassv2:index:AbortConfig",  # noqa: S106
            doc="When the deployment stops by itself.",
            fields={
                "criteriaList": Items(
                    doc="Any of these stops it.",
                    required=True,
                    least=1,
                    item=Record(
                        token="greengrassv2:index:AbortCriteria",  # noqa: S106
                        doc="A share of failures.",
                        fields={
                            "failureType": Text(
                                doc="What counts.", required=True, choices=("FAILED", "REJECTED", "TIMED_OUT", "ALL")
                            ),
                            "action": Text(doc="What happens.", required=True, choices=("CANCEL",)),
                            "thresholdPercentage": Number(
                                doc="Per cent of the devices that executed it, with at most two decimals.",
                                required=True,
                                least=0,
                                most=100,
                                decimals=2,
                                unit="per cent",
                            ),
                            "minNumberOfExecutedThings": Number(
                                doc="Devices that must have executed it before the share counts.",
                                required=True,
                                least=1,
                            ),
                        },
                    ),
                )
            },
        ),
        "timeoutConfig": Record(
            token="greengrassv2:index:TimeoutConfig",  # noqa: S106
            doc="How long one device may take.",
            fields={
                "inProgressTimeoutInMinutes": Number(
                    doc="Minutes in progress, 1 to 10080 (7 days).", least=1, most=10080, unit="minutes"
                )
            },
        ),
    },
)

_SECONDS = Number(doc="Seconds to wait.", least=0, most=2_147_483_647, unit="seconds")

_POLICIES = Record(
    token="greengrassv2:index:DeploymentPolicies",  # noqa: S106
    doc="How a device takes the deployment.",
    fields={
        "failureHandlingPolicy": Text(
            doc="Whether a device that fails returns to what it ran before.", choices=("ROLLBACK", "DO_NOTHING")
        ),
        "componentUpdatePolicy": Record(
            token="greengrassv2:index:ComponentUpdatePolicy",  # noqa: S106
            doc="Whether components are asked before they are stopped.",
            fields={
                "action": Text(doc="Ask or not.", choices=("NOTIFY_COMPONENTS", "SKIP_NOTIFY_COMPONENTS")),
                "timeoutInSeconds": _SECONDS,
            },
        ),
        "configurationValidationPolicy": Record(
            token="greengrassv2:index:ConfigurationValidationPolicy",  # noqa: S106
            doc="How long components may take to judge their new configuration.",
            fields={"timeoutInSeconds": _SECONDS},
        ),
    },
)

_WAIT = Record(
    token="greengrassv2:index:Wait",  # noqa: S106
    doc="How long a new revision is watched, and what must be seen. Offline devices do not count against it.",
    fields={
        "timeoutSeconds": Number(
            doc="Seconds to watch at most; 0 does not wait at all.", default=1800, least=0, unit="seconds"
        ),
        "succeeded": Number(
            doc="Share (0 to 1) of the devices that executed the revision which must have succeeded.",
            default=1.0,
            least=0,
            most=1,
            decimals=None,
        ),
        "minimum": Number(
            doc="Devices that must have executed it by the deadline; of a smaller target, all. Only when no device at "
            "all is online does `noneOnline` decide instead.",
            default=1,
            least=0,
            unit="devices",
        ),
        "noneOnline": Text(
            doc="The verdict when no device of the target is online.", default="pass", choices=("pass", "fail")
        ),
        "confirm": Number(
            doc="Devices of which the installed components are read to confirm a revision that passes, one call each; "
            "0 confirms none.",
            default=100,
            least=0,
            most=10_000,
            unit="devices",
        ),
    },
)

DEPLOYMENT: Final = Record(
    token="greengrassv2:index:Deployment",  # noqa: S106
    doc="What a thing or thing group runs. Its identity is the target; every update is a new revision in place.",
    rules=(_deployment_rules,),
    fields={
        "targetArn": Text(
            doc="ARN of the thing or thing group.",
            required=True,
            pattern=_TARGET,
            example="arn:aws:iot:eu-west-1:111111111111:thinggroup/cameras",
        ),
        "deploymentName": Text(doc="A name for people.", least=1, most=256),
        "parentTargetArn": Text(
            doc="The parent thing group of a subdeployment.",
            pattern=_GROUP,
            example="arn:aws:iot:eu-west-1:111111111111:thinggroup/cameras",
        ),
        "components": Mapped(
            doc="What runs, by component name.",
            required=True,
            key=Text(least=1, most=128, pattern=_COMPONENT_NAME, example="com.acme.model"),
            value=_COMPONENT,
        ),
        "iotJobConfiguration": _JOB,
        "deploymentPolicies": _POLICIES,
        "wait": Record(token=_WAIT.token, doc=_WAIT.doc, fields=_WAIT.fields, default={}),
        "onFailure": Text(
            doc="`rollback` re-deploys the release before; `stop` leaves the failed one.",
            default="rollback",
            choices=("rollback", "stop"),
        ),
        "onDelete": Text(
            doc="`uninstall` removes the components from the devices; `retain` leaves devices and deployment.",
            default="uninstall",
            choices=("uninstall", "retain"),
        ),
        "adopt": Flag(doc="Take over a target that somebody else has deployed to.", default=False),
        "tags": _TAGS,
    },
)

COMPONENT_VERSION: Final = Record(
    token="greengrassv2:index:ComponentVersion",  # noqa: S106
    doc="A private component version: immutable, adopted when it exists with the same content, kept when it leaves the "
    "program.",
    fields={
        "recipe": Json(
            doc="A recipe (2020-01-25) with final artifact URIs; it is sent as JSON, whatever it was written in."
        ),
        "lambdaFunction": LAMBDA_FUNCTION,
        "sourceDigest": Text(
            doc="Digest of what the Lambda function was made from, as its maker knows it. Where it is given, it is the "
            "version's content in the place of the function's ARN: a function that is made again from the same has "
            "another version number, and the component that Greengrass has copied from it is still the same.",
            pattern=r"sha256:[0-9a-f]{64}",
            example="sha256: and 64 hexadecimal digits in lower case",
        ),
        "artifacts": Items(
            doc="Files to upload before the version is created; never overwritten.",
            item=Record(
                token="greengrassv2:index:Artifact",  # noqa: S106
                doc="One file.",
                fields={
                    "uri": Text(
                        doc="Where it goes: an s3 URI of the recipe.",
                        required=True,
                        pattern=r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+",
                        example="s3://bucket/components/com.acme.model/file",
                    ),
                    "sha256": Text(
                        doc="SHA-256 of the file, 64 hexadecimal digits.",
                        required=True,
                        pattern=r"[0-9a-f]{64}",
                        example="64 hexadecimal digits in lower case",
                    ),
                    "source": Text(
                        doc="The file, relative to the Pulumi project directory; none: it must be there already.",
                        least=1,
                    ),
                },
            ),
        ),
        "onDelete": Text(
            doc="`retain` leaves the version in AWS, so that a revert still finds it; `delete` deletes it for good.",
            default="retain",
            choices=("retain", "delete"),
        ),
        "tags": _TAGS,
    },
)


def _query_rule(path: Path, value: Any) -> Sequence[Failure]:
    try:
        parse(value)
    except QueryError as error:
        problem, _, remedy = str(error).rpartition("; ")
        return [fail(path, problem, value, remedy)]
    return []


DYNAMIC_THING_GROUP: Final = Record(
    token="greengrassv2:index:DynamicThingGroup",  # noqa: S106
    doc="A thing group whose things are those that match a fleet indexing query. It may be a deployment's target.",
    fields={
        "thingGroupName": Text(
            doc="The group's name; another name is another group.",
            required=True,
            least=1,
            most=128,
            # AWS IoT also takes a colon, but then the group cannot be the target of a deployment (Greengrass guide).
            pattern=r"[a-zA-Z0-9_-]+",
            example="line-inspection-prod-main",
        ),
        "queryString": Text(
            doc="What things must have to be in the group, such as `attributes.line:1 AND thingName:cam-*`.",
            required=True,
            least=1,
            rules=(_query_rule,),
        ),
        "queryVersion": Text(doc="The language of the query.", default="2017-09-30", choices=("2017-09-30",)),
        "indexName": Text(doc="The index that is asked.", default="AWS_Things", choices=("AWS_Things",)),
        "description": Text(doc="For people.", most=2028, pattern=r"[!-~\u00a1-\uffff ]*", example="one line of text"),
        "attributes": Mapped(
            doc="Attributes of the group itself.",
            key=Text(least=1, most=128, pattern=r"[a-zA-Z0-9_.,@/:#-]+", example="site"),
            value=Text(least=1, most=800, pattern=r"[a-zA-Z0-9_.,@/:#=\[\]-]*", example="berlin"),
        ),
        "enableIndexing": Flag(
            doc="Turn on registry indexing of the account and Region when none is on. What is on stays as it is.",
            default=False,
        ),
        "tags": _TAGS,
    },
)

PROVIDER: Final = Record(
    token="pulumi:providers:greengrassv2",  # noqa: S106
    doc="One account and Region. Credentials come from the environment and are never stored.",
    fields={
        "region": Text(
            doc="AWS Region; AWS_REGION by default.", pattern=r"[a-z]{2}(-[a-z]+)+-[0-9]", example="eu-west-1"
        ),
        "profile": Text(doc="A profile of the shared AWS configuration files.", least=1),
        "assumeRole": Record(
            token="greengrassv2:index:AssumeRole",  # noqa: S106
            doc="A role to assume.",
            fields={
                "roleArn": Text(
                    doc="ARN of the role.",
                    required=True,
                    pattern=r"arn:[^:]*:iam::[0-9]{12}:role/.+",
                    example="arn:aws:iam::222222222222:role/edgewright-deploy-staging",
                ),
                "sessionName": Text(
                    doc="Name of the session in the account's trail.", least=2, most=64, pattern=r"[\w+=,.@-]+"
                ),
                "externalId": Text(doc="What the role's trust policy wants.", least=2, most=1224),
            },
        ),
        "allowedAccountIds": Items(
            doc="Refuse to work in any other account.",
            item=Text(pattern=r"[0-9]{12}", example="'222222222222', quoted"),
        ),
        "endpointUrl": Text(
            doc="Where AWS is; AWS_ENDPOINT_URL by default.", pattern=r"https?://.+", example="http://127.0.0.1:5000"
        ),
        "maxAttempts": Number(doc="Attempts of one API call, the first included.", default=10, least=1, most=100),
        "pollSeconds": Number(
            doc="Seconds between two looks at a deployment, 5 by default; grows while nothing changes.",
            least=0.01,
            most=300,
            decimals=None,
            unit="seconds",
        ),
        "pickupSeconds": Number(
            doc="Seconds within which an online device begins a revision that is offered to it; one that has not "
            "counts as offline. 60 by default, 6 on a loopback endpoint.",
            least=0.1,
            most=86400,
            decimals=None,
            unit="seconds",
        ),
    },
)

__all__ = [
    "COMPONENT_VERSION",
    "DEPLOYMENT",
    "DYNAMIC_THING_GROUP",
    "LONGEST_POINTER",
    "NUCLEUS",
    "PROTECTED_NUCLEUS_KEYS",
    "PROVIDER",
    "is_index",
    "is_protected",
    "make_pointer",
    "parse_config",
    "pointer_tokens",
    "shown",
]
