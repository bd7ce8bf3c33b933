"""The provider's reference page, made from the descriptions that check its inputs: it cannot say anything else.

Run as ``python -m edgewright.provider.reference [ROOT]`` it writes ``docs/reference/provider.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgewright import output
from edgewright.provider.fields import Field, Flag, Items, Json, Mapped, Number, Record, Text
from edgewright.provider.schema import OUTPUTS, VERSION, import_id, records
from edgewright.provider.shapes import COMPONENT_VERSION, DEPLOYMENT, DYNAMIC_THING_GROUP, PROVIDER

PAGE = "docs/reference/provider.md"

_HEAD = f"""# The greengrassv2 provider

Generated from the provider's own descriptions by `python -m edgewright.provider.reference`; do not edit. Version
{VERSION}.

A Pulumi provider for AWS IoT Greengrass V2: component versions that are published once, deployments that are
revised in place, reset what vanished, wait for devices, roll back and uninstall, and thing groups that a query
fills. It is an executable, `plugins/greengrassv2/pulumi-resource-greengrassv2`; a project names its folder in
`Pulumi.yaml`:

```yaml
plugins: {{providers: [{{name: greengrassv2, path: ./plugins/greengrassv2}}]}}
```

Programs in Python use the classes of `components/greengrassv2.py`; `pulumi package get-schema
plugins/greengrassv2/pulumi-resource-greengrassv2` shows the schema that other languages' classes are made from.
Every input is checked at preview, and each fault is named by its path. A preview or an `up` without changes calls
AWS not once. Inputs that are secret stay secret in the state. Credentials come from the environment and are in no
state.
"""

_ABOUT = {
    DEPLOYMENT.token: """
One target has one Deployment. Only another `targetArn` or `parentTargetArn` is a replacement; everything else is a
new revision, and a change of `wait`, `onFailure`, `onDelete`, `adopt` or `tags` alone sends devices nothing.

**What devices end with.** The configuration in `config` and the recipe's defaults, and nothing else, from whatever
revisions a device took or missed: what any revision ever merged and is not wanted now is reset. Pointers are never
below a list or a key of digits (devices ignore those; what holds it is reset), and never the installer's own keys
of `aws.greengrass.Nucleus` or its root. Where a version that is deployed now has another default than the one
before, and `config` does not say otherwise, that key is reset as well, so that devices take the new default, and
the old one after a revert.

**Whose target it is.** A revision is made only when the latest one is in the state, carries this resource's owner tag
(`edgewright:owner`), or is what the state says. Anything else is refused with who made it, when, and what differs;
`pulumi refresh` shows it as drift, `adopt: true` takes it over.

**The verdict.** It is given as soon as it is certain. The share in `succeeded` is one of the devices that executed
the revision; offline devices do not count in it. A device is offline when it has not begun what was offered to it
for `pickupSeconds`. At `timeoutSeconds` what has executed decides: it passes when its share and `minimum` are
reached and no abort threshold of the job is hit, and the devices that are still to come are named. A revision that
would pass is confirmed by what devices report as installed (`lastInstallationSource`, version, state): a device
with a broken component counts as failed, one that has not reported is named in a warning. A thing has no job and is
judged by what it reports.

**Failure.** `rollback` makes one more revision of the release before and fails the update with each device's
reason; when that fails too, the message says so. `stop` leaves the failed revision. The state says what is there,
and the next `pulumi up` goes on from it. A first release that fails is cancelled, for there is nothing to go back
to.

**Deletion.** `uninstall` deploys nothing, waits for the devices, cancels, and deletes every revision, through AWS's
limit of ten jobs in deletion. `customTimeouts` bound each of these; Ctrl-C leaves a state from which the next run
goes on.
""",
    COMPONENT_VERSION.token: """
Published once. The same name and version with other content is an error at preview that says to bump the version;
with the same content it is adopted, by its content digest (tag `edgewright:content-sha256`) or, where there is no
such tag, by comparing the stored recipe. A version that the service refuses (FAILED) is told with the service's
message and cleared away. Artifacts are uploaded once and never overwritten.
""",
    DYNAMIC_THING_GROUP.token: """
Updated in place; another name is another group. Creation and updates wait until the index has filled the group
(ACTIVE). A group of that name that somebody else made is refused.
""",
}

_EXAMPLES = {
    DEPLOYMENT.token: """```python
Deployment(
    "canary",
    target_arn="arn:aws:iot:eu-west-1:222222222222:thinggroup/line-inspection-prod-canary",
    components={
        "com.acme.parts-inference": {"componentVersion": "2.1.0", "config": {"threshold": 0.8}},
    },
    wait={"timeoutSeconds": 1800, "succeeded": 0.95},
    opts=pulumi.ResourceOptions(provider=here, custom_timeouts=pulumi.CustomTimeouts(update="45m")),
)
```
""",
    COMPONENT_VERSION.token: """```python
ComponentVersion(
    "com.acme.filter@3.0.0",
    lambda_function={
        "lambdaArn": "arn:aws:lambda:eu-west-1:222222222222:function:filter:3",
        "componentName": "com.acme.filter",
        "componentLambdaParameters": {"pinned": True, "eventSources": [{"topic": "parts/in", "type": "PUB_SUB"}]},
    },
    opts=pulumi.ResourceOptions(provider=here),
)
```
""",
    DYNAMIC_THING_GROUP.token: """```python
DynamicThingGroup(
    "line-1",
    thing_group_name="line-inspection-prod-line-1",
    query_string="attributes.line:1 AND thingName:cam-*",
    opts=pulumi.ResourceOptions(provider=here),
)
```
""",
}


def page() -> str:
    """Return the page."""
    parts = [_HEAD, _section("Configuration", PROVIDER), _fields(PROVIDER)]
    told = {PROVIDER.token}
    parts.extend(_inner(PROVIDER, told))
    for resource in (DEPLOYMENT, COMPONENT_VERSION, DYNAMIC_THING_GROUP):
        told.add(resource.token)
        parts.append(_section(_name(resource), resource))
        parts.append(_ABOUT[resource.token].lstrip())
        parts.append(_EXAMPLES[resource.token])
        parts.append(f"Import: `pulumi import {resource.token} NAME {import_id(resource)} --generate-code=false`\n")
        parts.append("### Inputs\n")
        parts.append(_fields(resource))
        parts.append("### Outputs\n\nBesides the inputs.\n")
        rows = [f"| `{name}` | {each['description']} |" for name, each in OUTPUTS[resource.token].items()]
        parts.append("\n".join(["| output | meaning |", "| --- | --- |", *rows, ""]))
        parts.extend(_inner(resource, told))
    return "\n".join(parts)


def _section(title: str, record: Record) -> str:
    return f"## {title}\n\n{record.doc}\n"


def _inner(record: Record, told: set[str]) -> Iterator[str]:
    for each in records(record):
        if each.token not in told:
            told.add(each.token)
            yield f"### {_name(each)}\n\n{each.doc}\n"
            yield _fields(each)


def _fields(record: Record) -> str:
    rows = ["| field | value | default | meaning |", "| --- | --- | --- | --- |"]
    for name, field in record.fields.items():
        default = "required" if field.required else _default(field)
        rows.append(f"| `{name}` | {_value(field)} | {default} | {field.doc} |".replace("``", "`"))
    return "\n".join([*rows, ""])


def _default(field: Field) -> str:
    value: Any = field.default
    if value is None or value == {}:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _value(field: Field) -> str:
    if isinstance(field, Record):
        name = _name(field)
        return f"[{name}](#{name.lower()})"
    if isinstance(field, Items):
        return f"list of {_value(field.item)}"
    if isinstance(field, Mapped):
        return f"mapping to {_value(field.value)}"
    if isinstance(field, Json):
        return "object"
    if isinstance(field, Flag):
        return "`true` or `false`"
    if isinstance(field, Number):
        return field.limits()
    return _text(field) if isinstance(field, Text) else ""


def _text(field: Text) -> str:
    if field.choices:
        return ", ".join(f"`{choice}`" for choice in field.choices)
    example = f" such as `{field.example}`" if field.example and " " not in field.example else ""
    longest = f", at most {field.most} characters" if field.most is not None else ""
    return f"text{example}{longest}"


def _name(record: Record) -> str:
    return record.token.rpartition(":")[2]


def main(arguments: list[str]) -> int:
    """Write the page below the root that is given, or below this folder."""
    file = (Path(arguments[0]) if arguments else Path()) / PAGE
    text = page()
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
        output.note(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
