"""Errors of SageMaker; all have the HTTP status 400."""

from __future__ import annotations

from edgewright.sandbox.faults import AwsError


class ValidationException(AwsError):  # noqa: N818 -- AWS's codes are the names
    """The request is not valid; SageMaker says so too of much that is not there."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message, 400)


class ResourceInUse(AwsError):  # noqa: N818
    """The name is taken, or something else still needs it."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUse", message, 400)


class ResourceNotFound(AwsError):  # noqa: N818
    """It is not there."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFound", message, 400)


class ConflictException(AwsError):  # noqa: N818
    """Something stands in the way of the change."""

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message, 400)
