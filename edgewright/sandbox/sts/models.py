"""Roles assumed for a reason: the sessions of the sandbox."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import STSBackend, sts_backends

from edgewright.sandbox.authorization import decide, principals, roles
from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.sts import web_identity
from edgewright.sandbox.sts.exceptions import AccessDenied, ValidationError

_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(.+)")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
DEFAULT_DURATION = 3600  # seconds
LONGEST_CHAINED = 3600  # seconds; the limit of a session that was got with another session


class Session:
    """Credentials of an assumed role, shaped for moto's response."""

    def __init__(self, role: Any, account: str, name: str, duration: int) -> None:
        self.access_key_id = "ASIA" + "".join(secrets.choice(string.ascii_uppercase + "234567") for _ in range(16))
        self.secret_access_key = secrets.token_urlsafe(30)
        self.session_token = secrets.token_urlsafe(64)
        self.expiration = datetime.now(UTC) + timedelta(seconds=duration)
        self.session_name = name
        self.arn = f"arn:aws:sts::{account}:assumed-role/{role.name}/{name}"
        self.user_id = f"{role.id}:{name}"


@dataclass(frozen=True)
class Federated:
    """A session that was got with a token."""

    session: Session
    provider: str
    """ARN of the identity provider."""
    subject: str
    audience: str


def open_session(
    role: Any, account: str, name: str, duration: int, *, policy: str = "", context: Mapping[str, str] | None = None
) -> Session:
    """Issue credentials for a role and remember whom they stand for."""
    session = Session(role, account, name, duration)
    principals.remember(
        session.access_key_id,
        Principal(
            account=account,
            arn=session.arn,
            user_id=session.user_id,
            secret=session.secret_access_key,
            role=role.name,
            role_arn=role.arn,
            token=session.session_token,
            expires=session.expiration,
            session_policy=policy,
            context=context or {},
        ),
    )
    role.last_used = datetime.now(UTC).replace(tzinfo=None)
    return session


class SandboxSTSBackend(STSBackend):
    """AssumeRole with the trust policy evaluated."""

    def assume_role_as(
        self, caller: Principal, role_arn: str, *, name: str, duration: int, external_id: str | None, policy: str
    ) -> Session:
        """Assume a role for ``caller``.

        Raises:
            AccessDenied: the role is not there, or may not be assumed; AWS does not tell which.
            ValidationError: a malformed ARN or name, or a duration over the role's maximum.
        """
        _check(role_arn, name, duration)
        account = role_arn.split(":")[4]
        role = next((r for r in iam_backends[account]["aws"].roles.values() if r.arn == role_arn), None)
        context = {"sts:RoleSessionName": name}
        if external_id is not None:
            context["sts:ExternalId"] = external_id
        if role is None or not decide.may_assume(caller, role_arn, role.assume_role_policy_document, context):
            raise AccessDenied(decide.refusal(caller.arn, decide.ASSUME_ROLE, role_arn))
        longest = LONGEST_CHAINED if caller.role else int(role.max_session_duration or DEFAULT_DURATION)
        if duration > longest:
            limit = (
                "1 hour session limit for roles assumed by role chaining"
                if caller.role
                else "MaxSessionDuration set for this role"
            )
            raise ValidationError(f"The requested DurationSeconds exceeds the {limit}.")
        return open_session(role, account, name, duration, policy=policy)

    def assume_role_by_token(self, token: str, role_arn: str, *, name: str, duration: int, policy: str) -> Federated:
        """Assume a role for whoever an identity provider of its account vouches for.

        Raises:
            InvalidIdentityToken: the token is none, or for somebody else.
            ExpiredToken: its time is over.
            AccessDenied: the role is not there, or may not be assumed with this token.
            ValidationError: a malformed ARN or name, or a duration over the role's maximum.
        """
        _check(role_arn, name, duration)
        provider, keys = web_identity.identify(token, role_arn)
        role = roles.find(role_arn)
        trust = role.assume_role_policy_document if role is not None else None
        web_identity.check(role_arn, trust, provider, {**keys, "sts:RoleSessionName": name})
        if duration > int(role.max_session_duration or DEFAULT_DURATION):
            raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        said = {claim.rpartition(":")[2]: str(value) for claim, value in keys.items() if isinstance(value, str)}
        session = open_session(role, role_arn.split(":")[4], name, duration, policy=policy)
        return Federated(session, provider, said.get("sub", ""), said.get("aud", ""))


def _check(role_arn: str, name: str, duration: int) -> None:
    if not _ROLE_ARN.fullmatch(role_arn or ""):
        raise ValidationError(f"{role_arn} is invalid")
    problems = []
    if not _SESSION_NAME.fullmatch(name or ""):
        problems.append(
            f"Value '{name}' at 'roleSessionName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )
    if not 900 <= duration <= 43200:
        bound = "greater than or equal to 900" if duration < 900 else "less than or equal to 43200"
        problems.append(
            f"Value '{duration}' at 'durationSeconds' failed to satisfy constraint: Member must have value {bound}"
        )
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise ValidationError(f"{len(problems)} validation {noun} detected: " + "; ".join(problems))


sts_backends.backend = SandboxSTSBackend
