"""IAM: roles, their inline policies, and managed policies. Three types that share a service's habits, in one place."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from edgewright.canonical import canonical_json
from edgewright.standin import policies
from edgewright.standin.calls import asked, given
from edgewright.standin.diff import Shape
from edgewright.standin.model import ALL_TAGS, TAGS, Api, Property, Type, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import arn, between, length, matches, policy_text
from edgewright.standin.tags import changes, listed, mapped

if TYPE_CHECKING:
    from edgewright.aws.session import Session

NAME = matches(r"[\w+=,.@-]*", hint=r"must match [\w+=,.@-]")
_DESCRIPTION = length(0, 1000)
LONGEST_ROLE_NAME = 64
LONGEST_POLICY_NAME = 128
MOST_VERSIONS = 5
"""IAM keeps that many versions of a managed policy."""


def _text(document: Any) -> str:
    # boto3 hands the documents of IAM out as objects, except where they are no JSON.
    return document if isinstance(document, str) else canonical_json(document)


def _time(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


class Roles(Api):
    """``aws:iam/role:Role``; the id is the name."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create the role."""
        name: str = inputs["name"]
        aws.call(
            "iam",
            "create_role",
            doing=f"create the IAM role {name}",
            RoleName=name,
            AssumeRolePolicyDocument=policies.plain(inputs["assumeRolePolicy"]),
            Path=inputs["path"],
            MaxSessionDuration=inputs["maxSessionDuration"],
            **given(
                Description=inputs.get("description"),
                PermissionsBoundary=inputs.get("permissionsBoundary"),
                Tags=listed(inputs.get(ALL_TAGS)),
            ),
        )
        return name

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the role."""
        answer = asked(aws, "iam", "get_role", doing=f"read the IAM role {resource_id}", RoleName=resource_id)
        if answer is None:
            return None
        role = answer["Role"]
        doing = f"read the policies attached to the IAM role {resource_id}"
        attached = aws.items(
            "iam", "list_attached_role_policies", "AttachedPolicies", doing=doing, RoleName=resource_id
        )
        return {
            "arn": role["Arn"],
            "assumeRolePolicy": _text(role["AssumeRolePolicyDocument"]),
            "createDate": _time(role["CreateDate"]),
            "description": role.get("Description", ""),
            "managedPolicyArns": sorted(policy["PolicyArn"] for policy in attached),
            "maxSessionDuration": role["MaxSessionDuration"],
            "name": role["RoleName"],
            "path": role["Path"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "uniqueId": role["RoleId"],
            TAGS: mapped(role.get("Tags", ())),
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Change the role in place."""
        doing = f"update the IAM role {resource_id}"
        if "assumeRolePolicy" in changed:
            document = policies.plain(new["assumeRolePolicy"])
            aws.call("iam", "update_assume_role_policy", doing=doing, RoleName=resource_id, PolicyDocument=document)
        if "description" in changed:
            description = new.get("description", "")
            aws.call("iam", "update_role_description", doing=doing, RoleName=resource_id, Description=description)
        if "maxSessionDuration" in changed:
            duration = new["maxSessionDuration"]
            aws.call("iam", "update_role", doing=doing, RoleName=resource_id, MaxSessionDuration=duration)
        if "permissionsBoundary" in changed:
            boundary = new.get("permissionsBoundary")
            operation = "put_role_permissions_boundary" if boundary else "delete_role_permissions_boundary"
            aws.call("iam", operation, doing=doing, RoleName=resource_id, **given(PermissionsBoundary=boundary))
        if ALL_TAGS in changed:
            put, gone = changes(old.get(ALL_TAGS), new.get(ALL_TAGS))
            if gone:
                aws.call("iam", "untag_role", doing=doing, RoleName=resource_id, TagKeys=gone)
            if put:
                aws.call("iam", "tag_role", doing=doing, RoleName=resource_id, Tags=listed(put))

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the role; with ``forceDetachPolicies``, what hangs on it first."""
        doing = f"delete the IAM role {resource_id}"
        profiles = asked(aws, "iam", "list_instance_profiles_for_role", doing=doing, RoleName=resource_id)
        if profiles is None:
            return
        for profile in profiles["InstanceProfiles"]:
            aws.call(
                "iam",
                "remove_role_from_instance_profile",
                doing=doing,
                RoleName=resource_id,
                InstanceProfileName=profile["InstanceProfileName"],
            )
        if old.get("forceDetachPolicies"):
            self._detach(aws, resource_id, doing)
        asked(aws, "iam", "delete_role", doing=doing, RoleName=resource_id)

    def _detach(self, aws: Session, role: str, doing: str) -> None:
        for policy in aws.items("iam", "list_attached_role_policies", "AttachedPolicies", doing=doing, RoleName=role):
            asked(aws, "iam", "detach_role_policy", doing=doing, RoleName=role, PolicyArn=policy["PolicyArn"])
        for name in aws.items("iam", "list_role_policies", "PolicyNames", doing=doing, RoleName=role):
            asked(aws, "iam", "delete_role_policy", doing=doing, RoleName=role, PolicyName=name)


class RolePolicies(Api):
    """``aws:iam/rolePolicy:RolePolicy``; the id is ``<role>:<name>``."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Write the policy."""
        resource_id = f"{inputs['role']}:{inputs['name']}"
        self._put(aws, resource_id, inputs)
        return resource_id

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the policy."""
        role, _, name = resource_id.partition(":")
        doing = f"read the policy {name} of the IAM role {role}"
        answer = asked(aws, "iam", "get_role_policy", doing=doing, RoleName=role, PolicyName=name)
        if answer is None:
            return None
        return {
            "name": answer["PolicyName"],
            "policy": _text(answer["PolicyDocument"]),
            "role": answer["RoleName"],
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Write the policy over the one that is there."""
        del old
        if "policy" in changed:
            self._put(aws, resource_id, new)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the policy."""
        del old
        role, _, name = resource_id.partition(":")
        doing = f"delete the policy {name} of the IAM role {role}"
        asked(aws, "iam", "delete_role_policy", doing=doing, RoleName=role, PolicyName=name)

    def _put(self, aws: Session, resource_id: str, inputs: Values) -> None:
        role, _, name = resource_id.partition(":")
        aws.call(
            "iam",
            "put_role_policy",
            doing=f"write the policy {name} of the IAM role {role}",
            RoleName=role,
            PolicyName=name,
            PolicyDocument=policies.plain(inputs["policy"]),
        )


class Policies(Api):
    """``aws:iam/policy:Policy``; the id is the ARN."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create the policy."""
        answer = aws.call(
            "iam",
            "create_policy",
            doing=f"create the IAM policy {inputs['name']}",
            PolicyName=inputs["name"],
            PolicyDocument=policies.plain(inputs["policy"]),
            Path=inputs["path"],
            **given(Description=inputs.get("description"), Tags=listed(inputs.get(ALL_TAGS))),
        )
        return str(answer["Policy"]["Arn"])

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the policy with the document of its default version."""
        doing = f"read the IAM policy {resource_id}"
        answer = asked(aws, "iam", "get_policy", doing=doing, PolicyArn=resource_id)
        if answer is None:
            return None
        policy = answer["Policy"]
        version = asked(
            aws,
            "iam",
            "get_policy_version",
            doing=doing,
            PolicyArn=resource_id,
            VersionId=policy["DefaultVersionId"],
        )
        if version is None:
            return None
        return {
            "arn": policy["Arn"],
            "attachmentCount": policy["AttachmentCount"],
            "description": policy.get("Description", ""),
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policy": _text(version["PolicyVersion"]["Document"]),
            "policyId": policy["PolicyId"],
            TAGS: mapped(policy.get("Tags", ())),
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Make a new default version of the document, and change tags."""
        doing = f"update the IAM policy {resource_id}"
        if "policy" in changed:
            others = self._versions(aws, resource_id, doing)
            if len(others) + 1 >= MOST_VERSIONS:
                oldest = min(others, key=lambda version: int(version.removeprefix("v")))
                aws.call("iam", "delete_policy_version", doing=doing, PolicyArn=resource_id, VersionId=oldest)
            aws.call(
                "iam",
                "create_policy_version",
                doing=doing,
                PolicyArn=resource_id,
                PolicyDocument=policies.plain(new["policy"]),
                SetAsDefault=True,
            )
        if ALL_TAGS in changed:
            put, gone = changes(old.get(ALL_TAGS), new.get(ALL_TAGS))
            if gone:
                aws.call("iam", "untag_policy", doing=doing, PolicyArn=resource_id, TagKeys=gone)
            if put:
                aws.call("iam", "tag_policy", doing=doing, PolicyArn=resource_id, Tags=listed(put))

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the policy with all its versions."""
        del old
        doing = f"delete the IAM policy {resource_id}"
        if asked(aws, "iam", "get_policy", doing=doing, PolicyArn=resource_id) is None:
            return
        for version in self._versions(aws, resource_id, doing):
            asked(aws, "iam", "delete_policy_version", doing=doing, PolicyArn=resource_id, VersionId=version)
        asked(aws, "iam", "delete_policy", doing=doing, PolicyArn=resource_id)

    def _versions(self, aws: Session, policy_arn: str, doing: str) -> list[str]:
        """Return the versions that are not the default one."""
        listed_ = aws.items("iam", "list_policy_versions", "Versions", doing=doing, PolicyArn=policy_arn)
        return [version["VersionId"] for version in listed_ if not version["IsDefaultVersion"]]


TYPES = (
    Type(
        token="aws:iam/role:Role",  # noqa: S106 -- Pulumi's word for the name of a type
        api=Roles(),
        properties={
            "assumeRolePolicy": Property(rules=(policy_text,)),
            "description": Property(rules=(_DESCRIPTION,)),
            "forceDetachPolicies": Property(kept=False),
            "maxSessionDuration": Property(default=3600, rules=(between(3600, 43200),)),
            "name": Property(replace=True, rules=(length(0, LONGEST_ROLE_NAME), NAME)),
            "path": Property(replace=True, default="/"),
            "permissionsBoundary": Property(rules=(arn,)),
            "tags": Property(),
        },
        shape=Shape(documents={"assumeRolePolicy": policies.same_policy}),
        auto_name=AutoName("name", LONGEST_ROLE_NAME),
        regional=False,
    ),
    Type(
        token="aws:iam/rolePolicy:RolePolicy",  # noqa: S106 -- as above
        api=RolePolicies(),
        properties={
            "name": Property(replace=True, rules=(length(0, LONGEST_POLICY_NAME), NAME)),
            "policy": Property(rules=(policy_text,)),
            "role": Property(replace=True),
        },
        shape=Shape(documents={"policy": policies.same_policy}),
        auto_name=AutoName("name", LONGEST_POLICY_NAME),
        regional=False,
    ),
    Type(
        token="aws:iam/policy:Policy",  # noqa: S106 -- as above
        api=Policies(),
        properties={
            "description": Property(replace=True, rules=(_DESCRIPTION,)),
            "name": Property(replace=True, rules=(length(0, LONGEST_POLICY_NAME), NAME)),
            "path": Property(replace=True, default="/"),
            "policy": Property(rules=(policy_text,)),
            "tags": Property(),
        },
        shape=Shape(documents={"policy": policies.same_policy}),
        auto_name=AutoName("name", LONGEST_POLICY_NAME),
        regional=False,
    ),
)
