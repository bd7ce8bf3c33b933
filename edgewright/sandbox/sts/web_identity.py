"""Tokens of a forge, and who they are for STS: ``AssumeRoleWithWebIdentity`` with the token and the trust evaluated.

The sandbox plays every issuer: it signs tokens with one key of its own and knows a token by that key, where AWS gets
the issuer's keys from the network. Everything else is judged as AWS judges it: the identity provider of the role's
account, its audiences, the time, and the trust policy with the claims that are condition keys ("Available keys for
AWS OIDC federation" of the IAM user guide; a claim that is none is never there for a policy).
"""

from __future__ import annotations

import secrets
import time
import urllib.parse
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from edgewright.sandbox.authorization import decide
from edgewright.sandbox.authorization.conditions import as_list
from edgewright.sandbox.sts.exceptions import AccessDenied, ExpiredToken, InvalidIdentityToken

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

GITHUB = "token.actions.githubusercontent.com"
LIFETIME = 300  # seconds; GitHub's tokens live for five minutes
_ALGORITHM = "RS256"
_EVERYWHERE = frozenset({"amr", "aud", "azp", "email", "oaud", "sub"})
_OF_GITHUB = frozenset(
    {
        "actor",
        "actor_id",
        "enterprise_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "repository",
        "repository_id",
        "workflow",
    }
)


@cache
def _key() -> RSAKey:
    from joserfc.jwk import RSAKey  # noqa: PLC0415 -- most sandboxes never see a token

    return RSAKey.generate_key(2048)


def mint(issuer: str, claims: Mapping[str, Any], lifetime: int = LIFETIME) -> str:
    """Return a token as the issuer would give it to one of its pipelines.

    Args:
        issuer: The host, and the path if it has one: what the identity provider's ARN ends with.
        claims: Of the pipeline: ``sub``, ``aud`` and what the issuer has besides.
        lifetime: Seconds; below zero it is over already.
    """
    from joserfc import jwt  # noqa: PLC0415 -- as above

    now = int(time.time())
    standard = {"iss": f"https://{issuer}", "iat": now, "nbf": now - 10, "exp": now + lifetime}
    return jwt.encode({"alg": _ALGORITHM}, {**standard, "jti": secrets.token_hex(8), **claims}, _key())


def identify(token: str, role_arn: str) -> tuple[str, dict[str, str | list[str]]]:
    """Return the identity provider that vouches for a token in the role's account, and its condition keys.

    Raises:
        InvalidIdentityToken: it is no token, the account does not know its issuer, or it is for somebody else.
        ExpiredToken: its time is over.
    """
    from joserfc import jwt  # noqa: PLC0415 -- as above
    from joserfc.errors import JoseError  # noqa: PLC0415 -- as above

    try:
        claims = jwt.decode(token, _key(), algorithms=[_ALGORITHM]).claims
    except (JoseError, ValueError) as error:
        raise InvalidIdentityToken(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
            if token.count(".") != 2
            else "Couldn't retrieve verification key from your identity provider, "
            "please reference AssumeRoleWithWebIdentity documentation for requirements"
        ) from error
    issuer = str(claims.get("iss", ""))
    name = _bare(issuer)
    account = role_arn.split(":")[4]
    provider = _provider(account, name)
    if provider is None:
        raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer}")
    audiences = as_list(claims.get("aud", []))
    if not set(audiences) & set(provider.client_id_list):
        raise InvalidIdentityToken("Incorrect token audience")
    now, end = int(time.time()), int(claims.get("exp", 0))
    if now >= end:
        raise ExpiredToken(f"Token expired: current date/time {now} must be before the expiration date/time {end}")
    known = _EVERYWHERE | (_OF_GITHUB if name == GITHUB else frozenset())
    keys: dict[str, str | list[str]] = {}
    for claim in sorted(known & set(claims)):
        values = as_list(claims[claim])
        keys[f"{name}:{claim}"] = values[0] if len(values) == 1 else values
    return str(provider.arn), keys


def check(role_arn: str, trust: str | None, provider: str, keys: Mapping[str, Any]) -> None:
    """Let the role be assumed.

    Raises:
        AccessDenied: it is not there, or its trust policy does not let this token in; AWS does not tell which.
    """
    if trust is None or not decide.federated_may_assume(provider, role_arn, trust, keys):
        raise AccessDenied(f"Not authorized to perform {decide.ASSUME_ROLE_WITH_WEB_IDENTITY}")


def _bare(url: str) -> str:
    parsed = urllib.parse.urlsplit(url)
    return f"{parsed.netloc}{parsed.path.rstrip('/')}"


def _provider(account: str, name: str) -> Any:
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto loads a service when it is used

    providers = iam_backends[account]["aws"].open_id_providers.values()
    return next((each for each in providers if _bare(each.url) == name or each.url.rstrip("/") == name), None)
