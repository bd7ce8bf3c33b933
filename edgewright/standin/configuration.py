"""The provider's own configuration: which account, Region and sandbox, and nothing beyond a sandbox.

The stand-in reaches AWS only at the loopback address that AWS_ENDPOINT_URL names, and hands that address to every
client itself, because botocore has settings by which a machine could ignore the variable.
"""

from __future__ import annotations

import ipaddress
import json
import os
import threading
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from edgewright.canonical import canonical_json
from edgewright.errors import EdgewrightError
from edgewright.provider.plugin import Diff, Failure, Kind, property_path
from edgewright.standin import types
from edgewright.standin.rules import arn
from edgewright.standin.wording import REMEDY, examined

if TYPE_CHECKING:
    from edgewright.aws.session import Session, Settings

ROLE = ("roleArn", "sessionName", "externalId")
# pulumi-aws always sends the first two. None of the three changes anything here: nothing is asked before it is needed.
_WITHOUT_EFFECT = frozenset({"skipCredentialsValidation", "skipRegionValidation", "skipMetadataApiCheck"})
_SERVED = frozenset({"region", "allowedAccountIds", "assumeRoles", "defaultTags"}) | _WITHOUT_EFFECT
_SERVED_BELOW = {"assumeRoles": frozenset(ROLE), "defaultTags": frozenset({"tags"})}


@dataclass
class Account:
    """An account and Region as one provider instance sees them. Asks AWS nothing until the first call is needed."""

    region: str
    settings: Settings
    allowed: tuple[str, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)
    _judged: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self, region: str | None = None) -> Session:
        """Return the session for a Region, the provider's own by default.

        Raises:
            AwsError: the credentials do not work, or belong to an account that is not allowed.
        """
        from edgewright.aws.session import session  # noqa: PLC0415 -- boto3 would double the time to start

        with self._lock:
            if not self._judged:
                session(self.settings).require_account(self.allowed)
                self._judged = True
        wanted = self.settings if region in (None, self.region) else replace(self.settings, region=region)
        return session(wanted)


def loopback(url: str | None) -> str:
    """Return the address of the sandbox.

    Raises:
        EdgewrightError: there is none, or it is not an address of this machine.
    """
    host = urllib.parse.urlsplit(url).hostname if url else None
    if url and host and _own(host):
        return url
    got = f"AWS_ENDPOINT_URL is {url!r}" if url else "AWS_ENDPOINT_URL is not set"
    msg = (
        f"{got}, and Edgewright's stand-in for the aws plugin works with a sandbox on this machine only, never with "
        f'AWS: start one (edgewright sandbox up; eval "$(edgewright sandbox env)"), or, for AWS, {REMEDY}'
    )
    raise EdgewrightError(msg)


async def check_config(news: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[Failure]]:
    """Judge the configuration; values other than texts arrive, and are kept, as JSON texts in canonical form."""
    failures = []
    inputs = dict(news)
    wanted = types.provider()
    for name, text in news.items():
        if name == "version" or name not in wanted:
            if name != "version":
                failures.append(_failure((name,), "Invalid or unknown key"))
            continue
        value = _parsed(wanted[name], text)
        if value is not text:
            inputs[name] = canonical_json(value)
        wrong = list(types.mismatches(wanted[name], value, (name,)))
        failures += [_failure(at, reason) for at, reason in wrong]
        if not wrong:
            failures += [_failure(at, reason) for at, reason in _not_served(name, value)]
    return inputs, failures


async def diff_config(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Diff:
    """Say what changed. As with the real provider, resources stay: they notice a new Region themselves."""
    changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
    kinds = {key: Kind.ADD if key not in olds else Kind.UPDATE if key in news else Kind.DELETE for key in changed}
    return Diff(detailed=kinds, against_inputs=frozenset(changed))


def configure(values: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Account:
    """Return the account that a configuration means, which `check_config` has accepted.

    Raises:
        EdgewrightError: there is no sandbox to talk to, or no Region.
    """
    endpoint = loopback(environment.get("AWS_ENDPOINT_URL"))
    from edgewright.aws.session import Settings  # noqa: PLC0415 -- as above

    wanted = types.provider()
    parsed = {name: _parsed(wanted[name], text) for name, text in values.items() if name in wanted}
    region = parsed.get("region") or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        msg = "there is no AWS Region: set region of the aws provider, or AWS_REGION"
        raise EdgewrightError(msg)
    settings = Settings(region=region, endpoint_url=endpoint)
    for role in parsed.get("assumeRoles") or ():
        settings = Settings(
            region=region,
            endpoint_url=endpoint,
            role_arn=role["roleArn"],
            external_id=role.get("externalId"),
            session_name=role.get("sessionName") or "edgewright-standin",
            source=settings if settings.role_arn else None,
        )
    return Account(
        region=region,
        settings=settings,
        allowed=tuple(parsed.get("allowedAccountIds") or ()),
        default_tags=(parsed.get("defaultTags") or {}).get("tags") or {},
    )


def _own(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parsed(type_: str, text: Any) -> Any:
    if types.bare(type_) == "string" or not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _not_served(name: str, value: Any) -> list[tuple[types.Parts, str]]:
    if name not in _SERVED:
        return [((name,), f"The stand-in does not serve this setting; {REMEDY}")]
    below = _SERVED_BELOW.get(name, frozenset())
    items = (
        [((name, index), item) for index, item in enumerate(value)] if isinstance(value, list) else [((name,), value)]
    )
    found: list[tuple[types.Parts, str]] = []
    for at, item in items:
        if isinstance(item, dict):
            found += [
                ((*at, key), f"The stand-in does not serve this setting; {REMEDY}") for key in item.keys() - below
            ]
    if name == "assumeRoles":
        for at, role in items:
            role_arn = role.get("roleArn") if isinstance(role, dict) else None
            wrong = arn("roleArn", role_arn) if isinstance(role_arn, str) else "A role to assume needs its roleArn"
            if wrong:
                found.append(((*at, "roleArn"), wrong))
    return found


def _failure(at: types.Parts, reason: str) -> Failure:
    return Failure("", f"could not validate provider configuration: {examined(reason, property_path(*at))}")
