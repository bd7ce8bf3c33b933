"""What AWS refused, in sentences: what was tried, why it failed, what to do next. Never a credential.

Everything that botocore raises becomes an `AwsError`, so that no other room needs botocore's classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError  # comes with botocore, which lets a few of them through

from edgewright.errors import EdgewrightError

# Access key ids (long-term AKIA, temporary ASIA) and tokens that some messages of AWS repeat.
_CREDENTIALS = (
    (re.compile(r"\b(A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), r"\1..."),
    (
        re.compile(r"(?i)((?:security|session)[-_ ]?token|secret[-_ ]?access[-_ ]?key|signature)([=:]\s*)\S+"),
        r"\1\2...",
    ),
)

_REMEDIES = {
    "AccessDenied": "give the caller this permission, or deploy through the role that has it",
    "AssumeRole": "the trust policy of the role must let the caller in (and its external id must match), and the "
    "caller needs sts:AssumeRole on it; the tooling stack makes both",
    "ExpiredToken": "get new credentials and run again",
    "InvalidClientTokenId": "check which credentials the environment holds (aws sts get-caller-identity)",
    "SignatureDoesNotMatch": "check the secret access key, and the clock of this machine",
    "RequestTimeTooSkewed": "set the clock of this machine",
    "Throttling": "wait a minute and run again; fewer parallel operations (pulumi up --parallel 4) help",
    "LimitExceeded": "delete what is no longer needed, or ask AWS to raise the quota",
    "InternalError": "AWS had a fault; run again",
    "NoSuchBucket": "create the bucket first (the tooling stack makes the artifact bucket), or check its name",
    "RequestAlreadyInProgress": "another run is doing the same at this moment; wait for it and run again",
}
_NETWORK = "check the network, the proxy settings and AWS_ENDPOINT_URL"
_FAMILIES = {
    "AccessDeniedException": "AccessDenied",
    "403": "AccessDenied",
    "Forbidden": "AccessDenied",
    "UnauthorizedOperation": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidAccessKeyId": "InvalidClientTokenId",
    "ThrottlingException": "Throttling",
    "TooManyRequestsException": "Throttling",
    "SlowDown": "Throttling",
    "RequestLimitExceeded": "Throttling",
    "ServiceQuotaExceededException": "LimitExceeded",
    "LimitExceededException": "LimitExceeded",
    "InternalServerException": "InternalError",
    "InternalFailureException": "InternalError",
    "InternalFailure": "InternalError",
    "ServiceUnavailable": "InternalError",
    "RequestAlreadyInProgressException": "RequestAlreadyInProgress",
}


class AwsError(EdgewrightError):
    """AWS could not be asked, or said no. ``code`` is AWS's error code, or empty when there was no answer."""

    def __init__(self, message: str, *, code: str = "", reason: str = "", retry_after: float | None = None) -> None:
        """Make an error.

        Args:
            message: The whole sentence for the user.
            code: AWS's error code.
            reason: AWS's own message, without credentials.
            retry_after: Seconds that AWS asks to wait, when it does.
        """
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.retry_after = retry_after

    @property
    def family(self) -> str:
        """The code without the differences between services: ``AccessDenied``, ``Throttling``, ..."""
        return _FAMILIES.get(self.code, self.code)

    @property
    def missing(self) -> bool:
        """Whether AWS says that the thing asked for is not there."""
        return self.code in {"ResourceNotFoundException", "404", "NoSuchKey", "NotFound", "NoSuchEntity"}

    @property
    def conflict(self) -> bool:
        """Whether AWS says that something is there already, or in a state that does not allow the call."""
        return self.code in {"ConflictException", "PreconditionFailed", "412", "ConditionalRequestConflict"}


def redact(text: str) -> str:
    """Return ``text`` without access key ids, tokens and signatures."""
    for pattern, replacement in _CREDENTIALS:
        text = pattern.sub(replacement, text)
    return text


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn whatever botocore raises in the block into an `AwsError` that begins with ``could not <doing>``.

    Raises:
        AwsError: in place of botocore's own errors.
    """
    try:
        yield
    except boto.ClientError as error:
        raise _from_answer(error, doing) from error
    except boto.BotoCoreError as error:
        raise AwsError(f"could not {doing}: {_without_answer(error)}") from error
    except HTTPError as error:
        # TLS that ends in the middle of a body, say; botocore translates only what ends a plain connection.
        raise AwsError(f"could not {doing}: {redact(str(error)).rstrip('.')}; {_NETWORK}") from error
    except ResponseParserError as error:
        # Not one of botocore's errors, and its text is the whole answer.
        raise AwsError(
            f"could not {doing}: the answer was not one of AWS; check the proxy settings and AWS_ENDPOINT_URL, which "
            "may lead to something else"
        ) from error


def _from_answer(error: boto.ClientError, doing: str) -> AwsError:
    answer: dict[str, Any] = dict(error.response)
    code = str(answer.get("Error", {}).get("Code", ""))
    family = _FAMILIES.get(code, code)
    # S3 repeats the whole signed request in this one; its own text helps nobody.
    reason = (
        "" if family == "SignatureDoesNotMatch" else redact(str(answer.get("Error", {}).get("Message", "")).strip())
    )
    fields = [
        f"{field.get('name', '?')}: {redact(str(field.get('message', '')))}"
        for field in answer.get("fields", ())
        if isinstance(field, dict)
    ]
    parts = [f"{code}: {reason}" if reason else code, *fields]
    message = f"could not {doing}: {'; '.join(part.rstrip('.') for part in parts)} ({error.operation_name})"
    remedy = _REMEDIES.get("AssumeRole" if (family, error.operation_name) == ("AccessDenied", "AssumeRole") else family)
    retry_after = answer.get("retryAfterSeconds")
    return AwsError(
        f"{message}; {remedy}" if remedy else message,
        code=code,
        reason="; ".join([reason, *fields]) if fields else reason,
        retry_after=float(retry_after) if isinstance(retry_after, int | float) else None,
    )


def _without_answer(error: boto.BotoCoreError) -> str:
    text = redact(str(error)).rstrip(".")
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError | boto.CredentialRetrievalError):
        return f"{text}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in (aws sso login)"
    if isinstance(error, boto.UnauthorizedSSOTokenError | boto.SSOTokenLoadError | boto.TokenRetrievalError):
        return f"{text}; sign in again (aws sso login)"
    if isinstance(error, boto.ProfileNotFound):
        return f"{text}; check AWS_PROFILE and the provider's profile against the AWS configuration file"
    if isinstance(error, boto.NoRegionError):
        return f"{text}; set the provider's region, or AWS_REGION"
    if isinstance(error, boto.ParamValidationError):
        return f"the request is not one that AWS accepts. {text}"
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        return f"{text}; {_NETWORK}"
    if isinstance(error, boto.IncompleteReadError):
        return f"the content broke off: {text}; run again, and if it stays so, {_NETWORK}"
    return text
