"""AWS IoT: thing types, and the templates by which new devices provision themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.standin import policies
from edgewright.standin.diff import Shape
from edgewright.standin.iot import LONGEST_NAME, TAGGING
from edgewright.standin.model import Property
from edgewright.standin.names import AutoName
from edgewright.standin.rules import arn, json_text, length, matches, one_of
from edgewright.standin.table import ID, Call, Change, Read, Row

_LONGEST_TEMPLATE_NAME = 36
_NAME = {"templateName": ID}
_TYPE = {"thingTypeName": ID}


def _text(template: Mapping[str, Any]) -> str:
    return str(template.get("templateBody", ""))


TYPES = (
    Row(
        "aws:iot/thingType:ThingType",
        service="iot",
        what="thing type",
        named="name",
        identity="name",
        create_call=Call(
            "create_thing_type",
            {"thingTypeName": "name", "thingTypeProperties": "properties", "tags": TAGGING.create},
        ),
        reads=(
            Read(
                "describe_thing_type",
                _TYPE,
                outputs={
                    "arn": "thingTypeArn",
                    "deprecated": "thingTypeMetadata.deprecated",
                    "name": "thingTypeName",
                    "properties": "thingTypeProperties",
                },
            ),
        ),
        changes=(
            Change(
                "deprecate_thing_type",
                {**_TYPE, "undoDeprecate": lambda values: not values.get("deprecated")},
                of=frozenset({"deprecated"}),
                too=True,
            ),
        ),
        # a thing type is deleted only when it was deprecated before; AWS wants five minutes between the two
        before_delete=(Call("deprecate_thing_type", _TYPE),),
        delete_call=Call("delete_thing_type", _TYPE),
        tagging=TAGGING,
    ).serves(
        {
            "deprecated": Property(),
            "name": Property(replace=True),
            "properties": Property(replace=True),
            "tags": Property(),
        },
        shape=Shape(sets=frozenset({"properties.searchableAttributes"})),
        auto_name=AutoName("name", LONGEST_NAME),
    ),
    Row(
        "aws:iot/provisioningTemplate:ProvisioningTemplate",
        service="iot",
        what="provisioning template",
        named="name",
        identity="name",
        create_call=Call(
            "create_provisioning_template",
            {
                "templateName": "name",
                "description": "description",
                "enabled": "enabled",
                "preProvisioningHook": "preProvisioningHook",
                "provisioningRoleArn": "provisioningRoleArn",
                "templateBody": "templateBody",
                "type": "type",
                "tags": TAGGING.create,
            },
        ),
        reads=(
            Read(
                "describe_provisioning_template",
                _NAME,
                outputs={
                    "arn": "templateArn",
                    "defaultVersionId": "defaultVersionId",
                    "description": "description",
                    "enabled": "enabled",
                    "name": "templateName",
                    "preProvisioningHook": "preProvisioningHook",
                    "provisioningRoleArn": "provisioningRoleArn",
                    "templateBody": _text,
                    "type": "type",
                },
            ),
        ),
        changes=(
            Change(
                "create_provisioning_template_version",
                {**_NAME, "templateBody": "templateBody", "setAsDefault": lambda _: True},
                of=frozenset({"templateBody"}),
            ),
            Change(
                "update_provisioning_template",
                {
                    **_NAME,
                    "description": "description",
                    "enabled": "enabled",
                    "preProvisioningHook": "preProvisioningHook",
                    "provisioningRoleArn": "provisioningRoleArn",
                    "removePreProvisioningHook": lambda values: None if values.get("preProvisioningHook") else True,
                },
                blank={"description": "", "enabled": False},
                of=frozenset({"description", "enabled", "preProvisioningHook", "provisioningRoleArn"}),
            ),
        ),
        delete_call=Call("delete_provisioning_template", _NAME),
        tagging=TAGGING,
    ).serves(
        {
            "description": Property(rules=(length(0, 500),)),
            "enabled": Property(),
            "name": Property(
                replace=True,
                rules=(
                    length(1, _LONGEST_TEMPLATE_NAME),
                    matches(r"[0-9A-Za-z_-]+", hint="letters, digits, _ and - only"),
                ),
            ),
            "preProvisioningHook": Property(),
            "provisioningRoleArn": Property(rules=(arn,)),
            "tags": Property(),
            "templateBody": Property(rules=(json_text,)),
            "type": Property(replace=True, rules=(one_of("FLEET_PROVISIONING", "JITP"),)),
        },
        nested_defaults={"preProvisioningHook.payloadVersion": "2020-04-01"},
        nested_rules={"preProvisioningHook.targetArn": (arn,)},
        shape=Shape(computed=frozenset({"type"}), documents={"templateBody": policies.same_json}),
        auto_name=AutoName("name", _LONGEST_TEMPLATE_NAME),
        volatile=frozenset({"defaultVersionId"}),
    ),
)
