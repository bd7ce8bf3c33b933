"""EC2: security groups, and the tags of everything in EC2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from edgewright.standin.calls import asked, given
from edgewright.standin.diff import Shape
from edgewright.standin.model import ALL_TAGS, TAGS, Api, Property, Type, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import length, matches, network
from edgewright.standin.table import ID, Call, Tagging
from edgewright.standin.tags import changes, listed, mapped

if TYPE_CHECKING:
    from edgewright.aws.session import Session

_NO_GROUP = frozenset({"InvalidGroup.NotFound", "InvalidGroupId.Malformed"})
_DIRECTIONS = (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress"))
_EVERYTHING = "-1"
"""AWS's word for all protocols; ports mean nothing with it."""


def ec2_tagging(kind: str) -> Tagging:
    """Return how tags go of EC2's resources of a kind; they are read with the resource."""
    return Tagging(
        given=lambda tags: [{"ResourceType": kind, "Tags": listed(tags)}],
        found=mapped,
        put=Call("create_tags", {"Resources": lambda v: [v[ID]], "Tags": lambda v: v["put"][0]["Tags"]}),
        remove=Call("delete_tags", {"Resources": lambda v: [v[ID]], "Tags": lambda v: [{"Key": k} for k in v["gone"]]}),
    )


class SecurityGroups(Api):
    """``aws:ec2/securityGroup:SecurityGroup``; the id is AWS's."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create the group, as yet with AWS's own rule, which lets everything out."""
        answer = aws.call(
            "ec2",
            "create_security_group",
            doing=f"create the security group {inputs['name']}",
            GroupName=inputs["name"],
            Description=inputs["description"],
            **given(
                VpcId=inputs.get("vpcId"),
                TagSpecifications=ec2_tagging("security-group").create(inputs),
            ),
        )
        return str(answer["GroupId"])

    def finish(self, aws: Session, resource_id: str, inputs: Values) -> None:
        """Take AWS's own rule away and set the program's."""
        found = self._found(aws, resource_id)
        old = {"egress": list(_rules(found["IpPermissionsEgress"], resource_id)) if found else []}
        self.update(aws, resource_id, old, inputs, frozenset({"ingress", "egress"}))

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the group with its rules."""
        group = self._found(aws, resource_id)
        if group is None:
            return None
        return {
            "arn": f"arn:aws:ec2:{aws.region}:{group['OwnerId']}:security-group/{resource_id}",
            "description": group["Description"],
            "egress": list(_rules(group["IpPermissionsEgress"], resource_id)),
            "ingress": list(_rules(group["IpPermissions"], resource_id)),
            "name": group["GroupName"],
            "ownerId": group["OwnerId"],
            "vpcId": group.get("VpcId", ""),
            TAGS: mapped(group.get("Tags", ())),
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Change tags, revoke rules that are gone and authorize new ones."""
        doing = f"update the security group {resource_id}"
        if ALL_TAGS in changed:
            put, gone = changes(old.get(ALL_TAGS), new.get(ALL_TAGS))
            if gone:
                tags = [{"Key": key} for key in gone]
                aws.call("ec2", "delete_tags", doing=doing, Resources=[resource_id], Tags=tags)
            if put:
                aws.call("ec2", "create_tags", doing=doing, Resources=[resource_id], Tags=listed(put))
        for direction, _ in _DIRECTIONS:
            if direction not in changed:
                continue
            before = [_permission(rule, resource_id) for rule in old.get(direction) or ()]
            after = [_permission(rule, resource_id) for rule in new.get(direction) or ()]
            revoked = [each for each in before if each not in after]
            authorized = [each for each in after if each not in before]
            for verb, permissions in (("revoke", revoked), ("authorize", authorized)):
                if permissions:
                    operation = f"{verb}_security_group_{direction}"
                    aws.call("ec2", operation, doing=doing, GroupId=resource_id, IpPermissions=permissions)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the group, with ``revokeRulesOnDelete`` its rules first: other groups may name it."""
        if old.get("revokeRulesOnDelete"):
            self.update(aws, resource_id, old, {}, frozenset({"ingress", "egress"}))
        doing = f"delete the security group {resource_id}"
        asked(aws, "ec2", "delete_security_group", _NO_GROUP, doing=doing, GroupId=resource_id)

    def _found(self, aws: Session, resource_id: str) -> Mapping[str, Any] | None:
        doing = f"read the security group {resource_id}"
        answer = asked(aws, "ec2", "describe_security_groups", _NO_GROUP, doing=doing, GroupIds=[resource_id])
        return next(iter(answer["SecurityGroups"]), None) if answer else None


def _permission(rule: Values, own: str) -> dict[str, Any]:
    about = given(Description=rule.get("description"))
    groups = [*(rule.get("securityGroups") or ()), *([own] if rule.get("self") else ())]
    permission = {
        "IpProtocol": rule["protocol"],
        **given(
            IpRanges=[{"CidrIp": cidr, **about} for cidr in rule.get("cidrBlocks") or ()],
            Ipv6Ranges=[{"CidrIpv6": cidr, **about} for cidr in rule.get("ipv6CidrBlocks") or ()],
            PrefixListIds=[{"PrefixListId": each, **about} for each in rule.get("prefixListIds") or ()],
            UserIdGroupPairs=[{"GroupId": group, **about} for group in groups],
        ),
    }
    ports = {} if rule["protocol"] == _EVERYTHING else {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    return {**permission, **ports}


def _rules(permissions: Sequence[Mapping[str, Any]], own: str) -> Iterator[Values]:
    """Return AWS's permissions as rules: those of the same ports and description are one."""
    rules: dict[tuple[Any, ...], Values] = {}
    for permission in permissions:
        ports = (permission["IpProtocol"], permission.get("FromPort", 0), permission.get("ToPort", 0))
        sources = [
            *(("cidrBlocks", each["CidrIp"], each) for each in permission.get("IpRanges", ())),
            *(("ipv6CidrBlocks", each["CidrIpv6"], each) for each in permission.get("Ipv6Ranges", ())),
            *(("prefixListIds", each["PrefixListId"], each) for each in permission.get("PrefixListIds", ())),
            *(("securityGroups", each["GroupId"], each) for each in permission.get("UserIdGroupPairs", ())),
        ]
        for member, source, each in sources:
            about = each.get("Description", "")
            rule = rules.setdefault((*ports, about), _blank(*ports, about))
            if member == "securityGroups" and source == own:
                rule["self"] = True
            else:
                rule[member].append(source)
    yield from rules.values()


def _blank(protocol: str, first: int, last: int, description: str) -> Values:
    return {
        "cidrBlocks": [],
        "description": description,
        "fromPort": max(first, 0) if protocol == _EVERYTHING else first,
        "ipv6CidrBlocks": [],
        "prefixListIds": [],
        "protocol": protocol,
        "securityGroups": [],
        "self": False,
        "toPort": max(last, 0) if protocol == _EVERYTHING else last,
    }


TYPES = (
    Type(
        token="aws:ec2/securityGroup:SecurityGroup",  # noqa: S106 -- Pulumi's word for the name of a type
        api=SecurityGroups(),
        properties={
            "description": Property(replace=True, default="Managed by Pulumi", rules=(length(0, 255),)),
            "egress": Property(),
            "ingress": Property(),
            "name": Property(
                replace=True, rules=(length(0, 255), matches(r"(?!sg-)[\s\S]*", hint="cannot begin with sg-"))
            ),
            "revokeRulesOnDelete": Property(kept=False),
            "tags": Property(),
            "vpcId": Property(replace=True),
        },
        nested_rules={
            f"{direction}.{member}": (network,)
            for direction in ("ingress", "egress")
            for member in ("cidrBlocks", "ipv6CidrBlocks")
        },
        shape=Shape(
            computed=frozenset({"egress", "ingress", "vpcId"}),
            sets=frozenset(
                f"{direction}{part}"
                for direction in ("ingress", "egress")
                for part in ("", ".cidrBlocks", ".ipv6CidrBlocks", ".securityGroups")
            ),
        ),
        auto_name=AutoName("name", 255),
    ),
)
