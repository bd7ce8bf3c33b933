"""The errors of Greengrass V2, with the fields that botocore's model gives them."""

from __future__ import annotations

from collections.abc import Iterable

from edgewright.sandbox import wire
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.wire import FieldError

SERVICE_CODE = "greengrass"


class ValidationException(AwsError):  # noqa: N818 -- AWS's codes are the names
    """The request is not valid; ``reason`` and ``fields`` say why."""

    def __init__(self, message: str, reason: str = "OTHER", fields: Iterable[tuple[str, str]] = ()) -> None:
        listed = [{"name": name, "message": text} for name, text in fields]
        extra: dict[str, object] = {"reason": reason}
        if listed:
            extra["fields"] = listed
        super().__init__("ValidationException", message, 400, extra)

    @classmethod
    def of(cls, errors: list[FieldError]) -> ValidationException:
        """All members that are not as the model says."""
        return cls(wire.describe(errors), "FIELD_VALIDATION_FAILED", [(error.name, str(error)) for error in errors])


class ResourceNotFoundException(AwsError):  # noqa: N818
    """The resource is not there."""

    def __init__(self, message: str, resource_id: str, resource_type: str) -> None:
        fields = {"resourceId": resource_id, "resourceType": resource_type}
        super().__init__("ResourceNotFoundException", message, 404, fields)


class ConflictException(AwsError):  # noqa: N818
    """The resource is in another state than the request needs."""

    def __init__(self, message: str, resource_id: str, resource_type: str) -> None:
        fields = {"resourceId": resource_id, "resourceType": resource_type}
        super().__init__("ConflictException", message, 409, fields)


class AccessDeniedException(AwsError):  # noqa: N818
    """No permission."""

    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message, 403)
