"""IAM: that a role has these policies and no others. Whatever somebody adds to it is drift, and goes with an update."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgewright.standin.calls import asked
from edgewright.standin.diff import Shape
from edgewright.standin.model import Api, Property, Type, Values

if TYPE_CHECKING:
    from edgewright.aws.session import Session

_ROLE = "roleName"


@dataclass(frozen=True)
class Exclusive(Api):
    """A list of policies of a role; the id is the role's name. There is nothing to delete: the policies are others'."""

    property: str
    """The list."""
    listing: tuple[str, str]
    """The operation that lists what the role has, and where that is in its answer."""
    member: str | None
    """Where a policy's name is in an entry of the listing; None where an entry is the name."""
    give: str
    take: str
    """The operations that give the role a policy and take it away."""
    parameter: str
    """Of these: which policy."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Take away what is not in the list, and give what is missing."""
        role = str(inputs[_ROLE])
        self._sync(aws, role, inputs.get(self.property) or ())
        return role

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return what the role has."""
        have = self._have(aws, resource_id)
        return None if have is None else {_ROLE: resource_id, self.property: sorted(have)}

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """The same as creation."""
        del old, changed
        self._sync(aws, resource_id, new.get(self.property) or ())

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Do nothing."""
        del aws, resource_id, old

    def _sync(self, aws: Session, role: str, want: Iterable[str]) -> None:
        wanted, have = set(want), set(self._have(aws, role) or ())
        for name in sorted(wanted - have):
            doing = f"give the IAM role {role} the policy {name}"
            aws.call("iam", self.give, doing=doing, RoleName=role, **{self.parameter: name})
        for name in sorted(have - wanted):
            doing = f"take the policy {name} from the IAM role {role}"
            asked(aws, "iam", self.take, frozenset(), doing=doing, RoleName=role, **{self.parameter: name})

    def _have(self, aws: Session, role: str) -> list[str] | None:
        """Return what the role has (a page holds all that AWS lets it have); None when there is no such role."""
        operation, key = self.listing
        answer = asked(aws, "iam", operation, doing=f"read the policies of the IAM role {role}", RoleName=role)
        if answer is None:
            return None
        return [str(each if self.member is None else each[self.member]) for each in answer[key]]


TYPES = (
    Type(
        token="aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",  # noqa: S106 -- the name of a type
        api=Exclusive(
            property="policyNames",
            listing=("list_role_policies", "PolicyNames"),
            member=None,
            # Without a document: AWS says what is missing, as it does to the real provider.
            give="put_role_policy",
            take="delete_role_policy",
            parameter="PolicyName",
        ),
        properties={"policyNames": Property(), _ROLE: Property(replace=True)},
        shape=Shape(sets=frozenset({"policyNames"})),
        regional=False,
    ),
    Type(
        token="aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",  # noqa: S106 -- as above
        api=Exclusive(
            property="policyArns",
            listing=("list_attached_role_policies", "AttachedPolicies"),
            member="PolicyArn",
            give="attach_role_policy",
            take="detach_role_policy",
            parameter="PolicyArn",
        ),
        properties={"policyArns": Property(), _ROLE: Property(replace=True)},
        shape=Shape(sets=frozenset({"policyArns"})),
        regional=False,
    ),
)
