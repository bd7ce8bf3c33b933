"""Who signs a request: found by the access key, with the policies that the principal carries.

Users and roles live in moto's IAM; sessions (assumed roles, credentials of core devices) live here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edgewright.sandbox.authorization.conditions import Context
from edgewright.sandbox.authorization.policy import Who


@dataclass(frozen=True)
class Principal:
    """A user or a role's session."""

    account: str
    arn: str
    """As AccessDenied messages and GetCallerIdentity name it."""
    user_id: str
    secret: str
    user: str = ""
    role: str = ""
    """The role's name, of a session."""
    role_arn: str = ""
    token: str = ""
    expires: datetime | None = None
    session_policy: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    """Condition keys that come with the session, such as credentials-iot:ThingName."""

    @property
    def who(self) -> Who:
        """The names under which a resource policy may mean this principal."""
        return Who(account=self.account, arns=tuple(filter(None, (self.arn, self.role_arn))))

    def keys(self) -> Context:
        """The global condition keys about the principal."""
        keys = {
            "aws:PrincipalArn": self.role_arn or self.arn,
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalType": "AssumedRole" if self.role else "User",
            "aws:PrincipalIsAWSService": "false",
            "aws:userid": self.user_id,
            **self.context,
        }
        if self.user:
            keys["aws:username"] = self.user
        entity = self._entity()
        for tag in self._tags(entity):
            keys[f"aws:PrincipalTag/{tag['Key']}"] = tag["Value"]
        return keys

    def _iam(self) -> Any:
        from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto loads a service when it is used

        return iam_backends[self.account]["aws"]

    def _entity(self) -> Any:
        if self.role:
            return next((r for r in self._iam().roles.values() if r.name == self.role), None)
        return self._iam().users.get(self.user)

    def _tags(self, entity: Any) -> list[dict[str, str]]:
        if entity is None:
            return []
        if self.role:
            return list(entity.tags)
        return list(self._iam().tagger.list_tags_for_resource(entity.arn)["Tags"])

    def policies(self) -> Iterator[str]:
        """The documents of all identity policies. A role that was deleted since leaves its sessions with none."""
        entity = self._entity()
        if entity is None:
            return
        holders = [entity]
        if self.user:
            holders += [group for group in self._iam().groups.values() if self.user in {u.name for u in group.users}]
        for holder in holders:
            yield from holder.policies.values()
            for managed in holder.managed_policies.values():
                yield _default(managed)

    def boundary(self) -> str | None:
        """The document of the permissions boundary, if the role or user has one."""
        entity = self._entity()
        arn = getattr(entity, "permissions_boundary_arn", None)
        if not arn:
            return None
        policy = self._iam().managed_policies.get(arn)
        return _default(policy) if policy is not None else '{"Statement": []}'


def _default(policy: Any) -> str:
    version = next((v for v in policy.versions if v.is_default), policy.versions[0])
    return str(version.document)


_sessions: dict[str, Principal] = {}


def remember(access_key: str, session: Principal) -> None:
    """Keep a session under its access key."""
    _sessions[access_key] = session


def session_keys() -> frozenset[str]:
    """Access keys of all sessions that are open now."""
    return frozenset(_sessions)


def everything() -> dict[str, Principal]:
    """All sessions by access key."""
    return dict(_sessions)


def restore(sessions: Mapping[str, Principal]) -> None:
    """These sessions and no others are open."""
    _sessions.clear()
    _sessions.update(sessions)


def forget_all(*, but_of: str) -> None:
    """No session is known any more but those of the role ``but_of``, which every fresh world has again."""
    for key in [key for key, session in _sessions.items() if session.role != but_of]:
        del _sessions[key]


def find(access_key: str) -> Principal | None:
    """The principal of an access key; None when AWS would not know it either."""
    session = _sessions.get(access_key)
    if session is not None:
        return session
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto loads a service when it is used

    for account, partitions in list(iam_backends.items()):
        key = partitions["aws"].access_keys.get(access_key)
        if key is None or not key.user_name or key.status != "Active":
            continue
        user = partitions["aws"].users.get(key.user_name)
        if user is not None:
            return Principal(
                account=account, arn=user.arn, user_id=user.id, secret=key.secret_access_key, user=user.name
            )
    return None


def of_role(role: Any, session: str) -> Principal:
    """A session of a role, for a question that nobody has asked with credentials."""
    account = str(role.arn).split(":")[4]
    arn = f"arn:aws:sts::{account}:assumed-role/{role.name}/{session}"
    return Principal(
        account=account, arn=arn, user_id=f"{role.id}:{session}", secret="", role=role.name, role_arn=role.arn
    )


def expired(principal: Principal) -> bool:
    """Whether a session's time is over."""
    return principal.expires is not None and principal.expires <= datetime.now(UTC)
