"""Errors of STS, in AWS's words."""

from __future__ import annotations

from edgewright.sandbox.faults import AwsError


class AccessDenied(AwsError):  # noqa: N818 -- AWS's code is the name
    """The trust policy, or the caller's own policies, do not allow it."""

    def __init__(self, message: str) -> None:
        super().__init__("AccessDenied", message, 403)


class ValidationError(AwsError):
    """A parameter is not as the API wants it."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationError", message, 400)


class InvalidIdentityToken(AwsError):  # noqa: N818 -- AWS's code is the name
    """The token is none, is for somebody else, or comes from an issuer that the account does not know."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidIdentityToken", message, 400)


class ExpiredToken(AwsError):  # noqa: N818 -- AWS's code is the name
    """The token's time is over."""

    def __init__(self, message: str) -> None:
        super().__init__("ExpiredTokenException", message, 400)
