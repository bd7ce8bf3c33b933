"""Calls to AWS with what is particular to a stand-in: absence as None, and arguments that are left out when empty."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from edgewright.aws.errors import AwsError

if TYPE_CHECKING:
    from edgewright.aws.session import Session


def given(**arguments: Any) -> dict[str, Any]:
    """Return the arguments that say something: AWS refuses empty ones."""
    return {name: value for name, value in arguments.items() if value is not None and value not in ("", {}, [])}


def asked(
    aws: Session, service: str, operation: str, absent: AbstractSet[str] = frozenset(), *, doing: str, **arguments: Any
) -> dict[str, Any] | None:
    """Return the answer of a call, or None when AWS says that it is not there.

    Args:
        aws: The account and Region.
        service: The service's name in boto3.
        operation: The operation's name in boto3.
        absent: Error codes that say so, besides those that are the same in all services.
        doing: What is being done, for the error.
        **arguments: The request.

    Raises:
        AwsError: AWS said anything else than that.
    """
    try:
        return aws.call(service, operation, doing=doing, **arguments)
    except AwsError as error:
        if error.missing or error.code in absent:
            return None
        raise
