"""AWS IoT: things, thing groups and their members, and tags of anything in AWS IoT."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from edgewright.aws.errors import AwsError
from edgewright.standin.calls import asked, given
from edgewright.standin.model import ALL_TAGS, TAGS, Api, Property, Type, Values
from edgewright.standin.names import AutoName
from edgewright.standin.table import Call, Read, Tagging
from edgewright.standin.tags import changes, listed, mapped

if TYPE_CHECKING:
    from edgewright.aws.session import Session

LONGEST_NAME = 128
TAGGING = Tagging(
    given=listed,
    found=lambda tags: mapped(tags or ()),
    read=Read("list_tags_for_resource", {"resourceArn": "arn"}, at="tags"),
    put=Call("tag_resource", {"resourceArn": "arn", "tags": lambda values: values["put"]}),
    remove=Call("untag_resource", {"resourceArn": "arn", "tagKeys": lambda values: values["gone"]}),
)
"""The tags of anything in AWS IoT."""


def tags_of(aws: Session, resource_arn: str, doing: str) -> dict[str, str]:
    """Return the tags of anything in AWS IoT."""
    return mapped(aws.items("iot", "list_tags_for_resource", "tags", doing=doing, resourceArn=resource_arn))


def retag(aws: Session, old: Values, new: Values, changed: AbstractSet[str], doing: str) -> None:
    """Change the tags of what ``old`` is the state of, where they differ."""
    if ALL_TAGS not in changed:
        return
    put, gone = changes(old.get(ALL_TAGS), new.get(ALL_TAGS))
    if gone:
        aws.call("iot", "untag_resource", doing=doing, resourceArn=old["arn"], tagKeys=gone)
    if put:
        aws.call("iot", "tag_resource", doing=doing, resourceArn=old["arn"], tags=listed(put))


class Things(Api):
    """``aws:iot/thing:Thing``; the id is the name."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create the thing."""
        attributes = inputs.get("attributes")
        aws.call(
            "iot",
            "create_thing",
            doing=f"create the thing {inputs['name']}",
            thingName=inputs["name"],
            **given(
                thingTypeName=inputs.get("thingTypeName"),
                attributePayload={"attributes": attributes} if attributes else None,
            ),
        )
        return str(inputs["name"])

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the thing."""
        answer = asked(aws, "iot", "describe_thing", doing=f"read the thing {resource_id}", thingName=resource_id)
        if answer is None:
            return None
        return {
            "arn": answer["thingArn"],
            "attributes": answer.get("attributes", {}),
            "defaultClientId": answer["defaultClientId"],
            "name": answer["thingName"],
            "thingTypeName": answer.get("thingTypeName", ""),
            "version": answer["version"],
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Change attributes and type."""
        del old
        arguments: dict[str, Any] = {}
        if "attributes" in changed:
            arguments["attributePayload"] = {"attributes": new.get("attributes") or {}, "merge": False}
        if "thingTypeName" in changed:
            kind = new.get("thingTypeName")
            arguments |= {"thingTypeName": kind} if kind else {"removeThingType": True}
        if arguments:
            doing = f"update the thing {resource_id}"
            aws.call("iot", "update_thing", doing=doing, thingName=resource_id, **arguments)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the thing."""
        del old
        asked(aws, "iot", "delete_thing", doing=f"delete the thing {resource_id}", thingName=resource_id)


class ThingGroups(Api):
    """``aws:iot/thingGroup:ThingGroup``; the id is the name."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create the group."""
        aws.call(
            "iot",
            "create_thing_group",
            doing=f"create the thing group {inputs['name']}",
            thingGroupName=inputs["name"],
            **given(
                parentGroupName=inputs.get("parentGroupName"),
                thingGroupProperties=self._properties(inputs),
                tags=listed(inputs.get(ALL_TAGS)),
            ),
        )
        return str(inputs["name"])

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the group."""
        doing = f"read the thing group {resource_id}"
        answer = asked(aws, "iot", "describe_thing_group", doing=doing, thingGroupName=resource_id)
        if answer is None:
            return None
        metadata, properties = answer["thingGroupMetadata"], answer.get("thingGroupProperties", {})
        attributes = properties.get("attributePayload", {}).get("attributes", {})
        described = given(
            description=properties.get("thingGroupDescription"),
            attributePayload={"attributes": attributes} if attributes else None,
        )
        return {
            "arn": answer["thingGroupArn"],
            "metadatas": [
                {
                    "creationDate": metadata["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "parentGroupName": metadata.get("parentGroupName", ""),
                    "rootToParentGroups": [
                        {"groupArn": group["groupArn"], "groupName": group["groupName"]}
                        for group in metadata.get("rootToParentThingGroups", ())
                    ],
                }
            ],
            "name": answer["thingGroupName"],
            "parentGroupName": metadata.get("parentGroupName", ""),
            "properties": described or None,
            "version": answer["version"],
            TAGS: tags_of(aws, answer["thingGroupArn"], doing),
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Change description, attributes and tags."""
        doing = f"update the thing group {resource_id}"
        if "properties" in changed:
            properties = self._properties(new)
            # What is left out stays as it is: to take something away, it is set to nothing.
            properties.setdefault("thingGroupDescription", "")
            properties.setdefault("attributePayload", {"attributes": {}})
            properties["attributePayload"]["merge"] = False
            aws.call(
                "iot",
                "update_thing_group",
                doing=doing,
                thingGroupName=resource_id,
                thingGroupProperties=properties,
                expectedVersion=old["version"],
            )
        retag(aws, old, new, changed, doing)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the group; its things stay."""
        del old
        doing = f"delete the thing group {resource_id}"
        asked(aws, "iot", "delete_thing_group", doing=doing, thingGroupName=resource_id)

    def _properties(self, inputs: Values) -> dict[str, Any]:
        properties = inputs.get("properties") or {}
        attributes = (properties.get("attributePayload") or {}).get("attributes")
        return given(
            thingGroupDescription=properties.get("description"),
            attributePayload={"attributes": attributes} if attributes else None,
        )


class Memberships(Api):
    """``aws:iot/thingGroupMembership:ThingGroupMembership``; the id is ``<group>/<thing>``."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Put the thing into the group."""
        group, thing = inputs["thingGroupName"], inputs["thingName"]
        aws.call(
            "iot",
            "add_thing_to_thing_group",
            doing=f"add the thing {thing} to the group {group}",
            thingGroupName=group,
            thingName=thing,
            **given(overrideDynamicGroups=inputs.get("overrideDynamicGroup")),
        )
        return f"{group}/{thing}"

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the membership."""
        group, _, thing = resource_id.partition("/")
        doing = f"read the groups of the thing {thing}"
        try:
            groups = list(aws.items("iot", "list_thing_groups_for_thing", "thingGroups", doing=doing, thingName=thing))
        except AwsError as error:
            if error.missing:
                return None
            raise
        if all(found["groupName"] != group for found in groups):
            return None
        return {"thingGroupName": group, "thingName": thing}

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Nothing of a membership can change."""

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Take the thing out of the group."""
        del old
        group, _, thing = resource_id.partition("/")
        doing = f"remove the thing {thing} from the group {group}"
        asked(aws, "iot", "remove_thing_from_thing_group", doing=doing, thingGroupName=group, thingName=thing)


TYPES = (
    Type(
        token="aws:iot/thing:Thing",  # noqa: S106 -- Pulumi's word for the name of a type
        api=Things(),
        properties={"attributes": Property(), "name": Property(replace=True), "thingTypeName": Property()},
        auto_name=AutoName("name", LONGEST_NAME),
        volatile=frozenset({"version"}),
    ),
    Type(
        token="aws:iot/thingGroup:ThingGroup",  # noqa: S106 -- as above
        api=ThingGroups(),
        properties={
            "name": Property(replace=True),
            "parentGroupName": Property(replace=True),
            "properties": Property(),
            "tags": Property(),
        },
        auto_name=AutoName("name", LONGEST_NAME),
        volatile=frozenset({"version"}),
    ),
    Type(
        token="aws:iot/thingGroupMembership:ThingGroupMembership",  # noqa: S106 -- as above
        api=Memberships(),
        properties={
            "overrideDynamicGroup": Property(replace=True, kept=False),
            "thingGroupName": Property(replace=True),
            "thingName": Property(replace=True),
        },
    ),
)
