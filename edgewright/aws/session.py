"""Sessions: one account, one Region, one way in. Clients are made once and shared by all threads.

Credentials come from the environment's own chain, optionally through an assumed role, whose temporary credentials
are renewed by botocore before they end. Nothing of them is kept, shown or returned here.

boto3 is imported when the first client is made: it takes a fifth of a second, and a preview without changes, for
which a plugin is started in each account, needs none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from edgewright.aws.errors import AwsError, translated

if TYPE_CHECKING:
    import boto3
    import botocore.session

_DEFAULT_ATTEMPTS = 10
# AWS asks for about a minute when too many IoT jobs are being deleted; longer waits belong to the caller.
_LONGEST_RETRY_AFTER = 90.0


@dataclass(frozen=True)
class Settings:
    """How to reach an account.

    Attributes:
        region: The Region; the environment's when None.
        profile: A profile of the shared configuration files.
        role_arn: A role to assume.
        external_id: The external id that its trust policy wants.
        session_name: What the account's trail shows as the session.
        endpoint_url: Where AWS is; AWS_ENDPOINT_URL and AWS's own addresses when None.
        max_attempts: Attempts of one call, the first included.
        source: The session whose credentials assume the role, for a chain of roles; the environment's when None.
    """

    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    session_name: str = "edgewright"
    endpoint_url: str | None = None
    max_attempts: int = _DEFAULT_ATTEMPTS
    source: Settings | None = None


class Session:
    """One account and Region. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # boto3's own sessions are not safe to make clients from in several threads.
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._account: str | None = None
        self._boto: boto3.session.Session | None = None

    def client(self, service: str) -> Any:
        """Return the client of a service, such as ``greengrassv2``.

        Raises:
            AwsError: no Region, an unknown profile, or no credentials at all to assume a role with.
        """
        with self._lock:
            if service not in self._clients:
                with translated(f"set up a client of {service}"):
                    self._clients[service] = self._make(service)
            return self._clients[service]

    def call(self, service: str, operation: str, *, doing: str, **arguments: Any) -> dict[str, Any]:
        """Call one operation, such as ``create_deployment``.

        Args:
            service: The service's name in boto3.
            operation: The operation's name in boto3.
            doing: What is being done, for the error: "create a revision of <target>".
            **arguments: The request.

        Raises:
            AwsError: AWS said no, or could not be asked.
        """
        client = self.client(service)
        with translated(doing):
            answer: dict[str, Any] = getattr(client, operation)(**arguments)
        return answer

    def items(self, service: str, operation: str, key: str, *, doing: str, **arguments: Any) -> Iterator[Any]:
        """Return the items under ``key`` of all pages of a listing operation.

        Raises:
            AwsError: AWS said no, or could not be asked.
        """
        client = self.client(service)
        with translated(doing):
            for page in client.get_paginator(operation).paginate(**arguments):
                yield from page.get(key, ())

    @property
    def region(self) -> str:
        """The Region that calls go to.

        Raises:
            AwsError: there is none.
        """
        with self._lock, translated("find the Region"):
            region = self._session().region_name
        if not region:
            msg = "there is no AWS Region; set the provider's region, or AWS_REGION"
            raise AwsError(msg)
        return str(region)

    @property
    def account_id(self) -> str:
        """The account of the credentials, asked once.

        Raises:
            AwsError: the credentials do not work.
        """
        if self._account is None:
            answer = self.call("sts", "get_caller_identity", doing="find out which account the credentials belong to")
            self._account = str(answer["Account"])
        return self._account

    def require_account(self, allowed: tuple[str, ...]) -> None:
        """Refuse to go on in an account that is not in ``allowed`` (any is, when that is empty).

        Raises:
            AwsError: the credentials belong to another account.
        """
        if allowed and self.account_id not in allowed:
            wanted = " or ".join(allowed)
            through = f" through {self.settings.role_arn}" if self.settings.role_arn else ""
            raise AwsError(
                f"the credentials{through} belong to account {self.account_id}, but only {wanted} is allowed here, so "
                "nothing was changed; check assumeRole and the credentials of the environment"
            )

    def credentials(self) -> Any:
        """Return botocore's credentials, which renew themselves, or None when there are none."""
        with self._lock, translated("find credentials"):
            return self._session().get_credentials()

    def _session(self) -> boto3.session.Session:
        import boto3  # noqa: PLC0415 -- see the module
        import botocore.session  # noqa: PLC0415

        if self._boto is None:
            core = botocore.session.Session(profile=self.settings.profile)
            if self.settings.region:
                core.set_config_variable("region", self.settings.region)
            if self.settings.role_arn:
                _assume(core, self.settings, self.settings.role_arn)
            self._boto = boto3.session.Session(botocore_session=core)
        return self._boto

    def _make(self, service: str) -> Any:
        import botocore.config  # noqa: PLC0415

        _keep_quiet()
        config = botocore.config.Config(
            # Adaptive: exponential back-off with jitter, and a client-side rate that follows what AWS accepts.
            retries={"mode": "adaptive", "total_max_attempts": self.settings.max_attempts},
            max_pool_connections=32,
            user_agent_extra="edgewright",
        )
        # botocore ships the models and paginators of every service of boto3's stubs; names are checked there.
        client: Any = self._session().client(service, config=config, endpoint_url=self.settings.endpoint_url)  # type: ignore[call-overload]
        client.meta.events.register_first(
            f"needs-retry.{client.meta.service_model.service_id.hyphenize()}",
            partial(retry_after, self.settings.max_attempts),
        )
        return client


def _keep_quiet() -> None:
    """Without a handler of its own, Python prints botocore's warnings with their traces; an `AwsError` says it all."""
    import logging  # noqa: PLC0415

    logger = logging.getLogger("botocore")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def retry_after(max_attempts: int, response: Any, attempts: int, **_: Any) -> float | None:
    """Tell botocore to wait as long as the service asked (``retryAfterSeconds``), before its own back-off decides."""
    if response is None or attempts >= max_attempts:
        return None
    http, parsed = response
    wanted = parsed.get("retryAfterSeconds") if isinstance(parsed, dict) else None
    if http.status_code != 429 or not isinstance(wanted, int | float) or isinstance(wanted, bool):
        return None
    return min(max(float(wanted), 0.0), _LONGEST_RETRY_AFTER)


def _assume(core: botocore.session.Session, settings: Settings, role_arn: str) -> None:
    import botocore.credentials  # noqa: PLC0415

    source = core.get_credentials() if settings.source is None else session(settings.source).credentials()
    if source is None:
        raise AwsError(
            f"could not assume the role {role_arn}: there are no credentials to assume it with; set "
            "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in (aws sso login)"
        )
    extra = {"RoleSessionName": settings.session_name}
    if settings.external_id:
        extra["ExternalId"] = settings.external_id
    make = partial(core.create_client, endpoint_url=settings.endpoint_url)
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(make, source, role_arn, extra_args=extra)
    core._credentials = botocore.credentials.DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # noqa: SLF001 -- botocore has no public way to set credentials that renew themselves
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )


@lru_cache(maxsize=64)
def session(settings: Settings) -> Session:
    """Return the session for ``settings``; the same one for the same settings."""
    return Session(settings)


def client(
    service: str,
    *,
    region: str | None = None,
    role_arn: str | None = None,
    external_id: str | None = None,
    session_name: str = "edgewright",
    endpoint_url: str | None = None,
) -> Any:
    """Return a cached boto3 client of ``service``, through an assumed role when ``role_arn`` is given.

    Raises:
        AwsError: no Region, or no credentials to assume the role with.
    """
    return session(
        Settings(
            region=region,
            role_arn=role_arn,
            external_id=external_id,
            session_name=session_name,
            endpoint_url=endpoint_url,
        )
    ).client(service)
