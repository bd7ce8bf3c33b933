"""Errors of AWS IoT and of its jobs data plane, in AWS's words."""

from __future__ import annotations

from typing import Any

from edgewright.sandbox.faults import AwsError


class InvalidRequest(AwsError):  # noqa: N818 -- AWS's codes are the names
    """The request is not valid."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message, 400)


class VersionConflict(AwsError):  # noqa: N818 -- AWS's codes are the names
    """The group is not at the version that the caller expects."""

    def __init__(self, name: str) -> None:
        super().__init__("VersionConflictException", f"The version of {name} is not the expected one", 409)


class InvalidQuery(AwsError):  # noqa: N818 -- AWS's codes are the names
    """The fleet indexing query cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidQueryException", message, 400)


class ResourceNotFound(AwsError):  # noqa: N818
    """The thing, job, policy, ... is not there."""

    def __init__(self, message: str = "The specified resource does not exist") -> None:
        super().__init__("ResourceNotFoundException", message, 404)


class InvalidStateTransition(AwsError):  # noqa: N818
    """An execution that has ended cannot go on."""

    def __init__(self, message: str, state: dict[str, Any] | None = None) -> None:
        super().__init__("InvalidStateTransitionException", message, 409, {"executionState": state} if state else None)


class VersionMismatch(AwsError):  # noqa: N818
    """The execution is not at the version that the device knows."""

    def __init__(self, message: str, state: dict[str, Any]) -> None:
        super().__init__("VersionMismatch", message, 409, {"executionState": state})


class DeleteConflict(AwsError):  # noqa: N818
    """Something else still uses it."""

    def __init__(self, message: str) -> None:
        super().__init__("DeleteConflictException", message, 409)


class AlreadyExists(AwsError):  # noqa: N818
    """A resource of that name is there, and it is not the same."""

    def __init__(self, message: str, resource_id: str, resource_arn: str) -> None:
        fields = {"resourceId": resource_id, "resourceArn": resource_arn}
        super().__init__("ResourceAlreadyExistsException", message, 409, fields)


class VersionsLimitExceeded(AwsError):  # noqa: N818
    """There are as many versions as there can be."""

    def __init__(self, message: str) -> None:
        super().__init__("VersionsLimitExceededException", message, 409)


class RegistrationFailure(AwsError):  # noqa: N818
    """A thing could not be registered."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceRegistrationFailureException", message, 400)
