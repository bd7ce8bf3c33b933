"""AWS IoT: things, thing groups and their members, role aliases, and the policies of certificates."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from edgewright.aws.errors import AwsError
from edgewright.standin import policies
from edgewright.standin.calls import asked, given
from edgewright.standin.diff import Shape
from edgewright.standin.names import AutoName
from edgewright.standin.resource import ALL_TAGS, TAGS, Property, Type, Values
from edgewright.standin.rules import between, json_text
from edgewright.standin.tags import changes, listed, mapped

if TYPE_CHECKING:
    from edgewright.aws.session import Session

LONGEST_NAME = 128
MOST_VERSIONS = 5
"""AWS IoT keeps that many versions of a policy."""


def _tags(aws: Session, resource_arn: str, doing: str) -> dict[str, str]:
    return mapped(aws.items("iot", "list_tags_for_resource", "tags", doing=doing, resourceArn=resource_arn))


def _retag(aws: Session, old: Values, new: Values, changed: AbstractSet[str], doing: str) -> None:
    if ALL_TAGS not in changed:
        return
    put, gone = changes(old.get(ALL_TAGS), new.get(ALL_TAGS))
    if gone:
        aws.call("iot", "untag_resource", doing=doing, resourceArn=old["arn"], tagKeys=gone)
    if put:
        aws.call("iot", "tag_resource", doing=doing, resourceArn=old["arn"], tags=listed(put))


class Things:
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


class ThingGroups:
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
            TAGS: _tags(aws, answer["thingGroupArn"], doing),
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
        _retag(aws, old, new, changed, doing)

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


class Memberships:
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


class RoleAliases:
    """``aws:iot/roleAlias:RoleAlias``; the id is the alias."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create the alias."""
        aws.call(
            "iot",
            "create_role_alias",
            doing=f"create the role alias {inputs['alias']}",
            roleAlias=inputs["alias"],
            roleArn=inputs["roleArn"],
            credentialDurationSeconds=inputs["credentialDuration"],
            **given(tags=listed(inputs.get(ALL_TAGS))),
        )
        return str(inputs["alias"])

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the alias."""
        doing = f"read the role alias {resource_id}"
        answer = asked(aws, "iot", "describe_role_alias", doing=doing, roleAlias=resource_id)
        if answer is None:
            return None
        alias = answer["roleAliasDescription"]
        return {
            "alias": alias["roleAlias"],
            "arn": alias["roleAliasArn"],
            "credentialDuration": alias["credentialDurationSeconds"],
            "roleArn": alias["roleArn"],
            TAGS: _tags(aws, alias["roleAliasArn"], doing),
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Change role, duration and tags."""
        doing = f"update the role alias {resource_id}"
        if changed & {"roleArn", "credentialDuration"}:
            aws.call(
                "iot",
                "update_role_alias",
                doing=doing,
                roleAlias=resource_id,
                roleArn=new["roleArn"],
                credentialDurationSeconds=new["credentialDuration"],
            )
        _retag(aws, old, new, changed, doing)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the alias."""
        del old
        asked(aws, "iot", "delete_role_alias", doing=f"delete the role alias {resource_id}", roleAlias=resource_id)


class Policies:
    """``aws:iot/policy:Policy``; the id is the name."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create the policy."""
        aws.call(
            "iot",
            "create_policy",
            doing=f"create the AWS IoT policy {inputs['name']}",
            policyName=inputs["name"],
            policyDocument=policies.plain(inputs["policy"]),
            **given(tags=listed(inputs.get(ALL_TAGS))),
        )
        return str(inputs["name"])

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the policy with the document of its default version."""
        doing = f"read the AWS IoT policy {resource_id}"
        answer = asked(aws, "iot", "get_policy", doing=doing, policyName=resource_id)
        if answer is None:
            return None
        return {
            "arn": answer["policyArn"],
            "defaultVersionId": answer["defaultVersionId"],
            "name": answer["policyName"],
            "policy": answer["policyDocument"],
            TAGS: _tags(aws, answer["policyArn"], doing),
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Make a new default version of the document, and change tags."""
        doing = f"update the AWS IoT policy {resource_id}"
        if "policy" in changed:
            others = self._versions(aws, resource_id, doing)
            if len(others) + 1 >= MOST_VERSIONS:
                oldest = min(others, key=int)
                aws.call("iot", "delete_policy_version", doing=doing, policyName=resource_id, policyVersionId=oldest)
            aws.call(
                "iot",
                "create_policy_version",
                doing=doing,
                policyName=resource_id,
                policyDocument=policies.plain(new["policy"]),
                setAsDefault=True,
            )
        _retag(aws, old, new, changed, doing)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the policy with all its versions."""
        del old
        doing = f"delete the AWS IoT policy {resource_id}"
        if asked(aws, "iot", "get_policy", doing=doing, policyName=resource_id) is None:
            return
        for version in self._versions(aws, resource_id, doing):
            asked(aws, "iot", "delete_policy_version", doing=doing, policyName=resource_id, policyVersionId=version)
        asked(aws, "iot", "delete_policy", doing=doing, policyName=resource_id)

    def _versions(self, aws: Session, name: str, doing: str) -> list[str]:
        """Return the versions that are not the default one."""
        answer = aws.call("iot", "list_policy_versions", doing=doing, policyName=name)
        return [version["versionId"] for version in answer["policyVersions"] if not version["isDefaultVersion"]]


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
    Type(
        token="aws:iot/roleAlias:RoleAlias",  # noqa: S106 -- as above
        api=RoleAliases(),
        properties={
            "alias": Property(replace=True),
            "credentialDuration": Property(default=3600, rules=(between(900, 43200),)),
            "roleArn": Property(),
            "tags": Property(),
        },
    ),
    Type(
        token="aws:iot/policy:Policy",  # noqa: S106 -- as above
        api=Policies(),
        properties={"name": Property(replace=True), "policy": Property(rules=(json_text,)), "tags": Property()},
        shape=Shape(documents={"policy": policies.same_json}),
        auto_name=AutoName("name", LONGEST_NAME),
        volatile=frozenset({"defaultVersionId"}),
    ),
)
