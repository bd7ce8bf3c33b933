"""AWS IoT: what core devices are to it, role aliases and the policies of their certificates."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from edgewright.standin import policies
from edgewright.standin.calls import asked, given
from edgewright.standin.diff import Shape
from edgewright.standin.iot import LONGEST_NAME, retag, tags_of
from edgewright.standin.model import ALL_TAGS, TAGS, Api, Property, Type, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import between, json_text
from edgewright.standin.tags import listed

if TYPE_CHECKING:
    from edgewright.aws.session import Session

MOST_VERSIONS = 5
"""AWS IoT keeps that many versions of a policy."""


class RoleAliases(Api):
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
            TAGS: tags_of(aws, alias["roleAliasArn"], doing),
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
        retag(aws, old, new, changed, doing)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the alias."""
        del old
        asked(aws, "iot", "delete_role_alias", doing=f"delete the role alias {resource_id}", roleAlias=resource_id)


class Policies(Api):
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
            TAGS: tags_of(aws, answer["policyArn"], doing),
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
        retag(aws, old, new, changed, doing)

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
        token="aws:iot/roleAlias:RoleAlias",  # noqa: S106 -- Pulumi's word for the name of a type
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
