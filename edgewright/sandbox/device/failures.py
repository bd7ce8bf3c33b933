"""How a deployment fails on a device: the nucleus's error codes and the report that is made from them.

Follows ``DeploymentErrorCode`` and ``DeploymentErrorCodeUtils``: codes are collected along the chain of causes, and
each code stands for one kind of error or for none.
"""

from __future__ import annotations

from typing import Final

_KINDS: Final = {
    "NUCLEUS_MISSING_REQUIRED_CAPABILITIES": "REQUEST_ERROR",
    "COMPONENT_CIRCULAR_DEPENDENCY_ERROR": "REQUEST_ERROR",
    "UNAUTHORIZED_NUCLEUS_MINOR_VERSION_UPDATE": "REQUEST_ERROR",
    "MISSING_TOKEN_EXCHANGE_SERVICE": "REQUEST_ERROR",
    "COMPONENT_VERSION_REQUIREMENTS_NOT_MET": "REQUEST_ERROR",
    "MULTIPLE_NUCLEUS_RESOLVED_ERROR": "REQUEST_ERROR",
    "BAD_REQUEST": "NUCLEUS_ERROR",
    "ACCESS_DENIED": "PERMISSION_ERROR",
    "THROTTLING_ERROR": "REQUEST_ERROR",
    "SERVER_ERROR": "SERVER_ERROR",
    "CONFLICTED_REQUEST": "REQUEST_ERROR",
    "RESOURCE_NOT_FOUND": "REQUEST_ERROR",
    "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED": "PERMISSION_ERROR",
    "GET_DEPLOYMENT_CONFIGURATION_ACCESS_DENIED": "PERMISSION_ERROR",
    "DOWNLOAD_DEPLOYMENT_DOCUMENT_ERROR": "HTTP_ERROR",
    "NETWORK_ERROR": "NETWORK_ERROR",
    "CREDENTIAL_ENDPOINT_AUTH_FAILURE": "PERMISSION_ERROR",
    "CREDENTIAL_ENDPOINT_SERVER_ERROR": "SERVER_ERROR",
    "IO_WRITE_ERROR": "DEVICE_ERROR",
    "IO_UNZIP_ERROR": "DEVICE_ERROR",
    "DISK_SPACE_CRITICAL": "DEVICE_ERROR",
    "SET_PERMISSION_ERROR": "DEVICE_ERROR",
    "RECIPE_PARSE_ERROR": "COMPONENT_RECIPE_ERROR",
    "RECIPE_MISSING_MANIFEST": "COMPONENT_RECIPE_ERROR",
    "S3_ARTIFACT_URI_NOT_VALID": "COMPONENT_RECIPE_ERROR",
    "ARTIFACT_URI_NOT_VALID": "COMPONENT_RECIPE_ERROR",
    "GET_COMPONENT_VERSION_ARTIFACT_ACCESS_DENIED": "PERMISSION_ERROR",
    "DOWNLOAD_GREENGRASS_ARTIFACT_ERROR": "HTTP_ERROR",
    "MISSING_DOCKER_APPLICATION_MANAGER": "REQUEST_ERROR",
    "DOCKER_ERROR": "DEPENDENCY_ERROR",
    "DOCKER_SERVICE_UNAVAILABLE": "DEPENDENCY_ERROR",
    "DOCKER_PULL_ERROR": "DEPENDENCY_ERROR",
    "UNSUPPORTED_ARTIFACT_SCHEME": "COMPONENT_RECIPE_ERROR",
    "RECIPE_MISSING_ARTIFACT_HASH_ALGORITHM": "COMPONENT_RECIPE_ERROR",
    "ARTIFACT_CHECKSUM_MISMATCH": "COMPONENT_RECIPE_ERROR",
    "COMPONENT_DEPENDENCY_NOT_VALID": "COMPONENT_RECIPE_ERROR",
    "CONFIG_INTERPOLATE_ERROR": "COMPONENT_RECIPE_ERROR",
    "S3_ERROR": "DEPENDENCY_ERROR",
    "S3_RESOURCE_NOT_FOUND": "DEPENDENCY_ERROR",
    "S3_ACCESS_DENIED": "PERMISSION_ERROR",
    "S3_BAD_REQUEST": "DEPENDENCY_ERROR",
    "S3_SERVER_ERROR": "SERVER_ERROR",
    "S3_GET_OBJECT_ACCESS_DENIED": "PERMISSION_ERROR",
    "S3_GET_OBJECT_RESOURCE_NOT_FOUND": "REQUEST_ERROR",
}
"""Codes that stand for a kind of error; every other code stands for none."""


class DeploymentError(Exception):
    """A deployment cannot go on.

    Args:
        message: what the device reports as the cause.
        codes: the nucleus's error codes, outermost first.
        kind: the kind of error, where it depends on the component and not on a code.
    """

    def __init__(self, message: str, *codes: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.codes = codes
        self.kind = kind


class StaleDeploymentError(DeploymentError):
    """An older deployment of a group arrived after a newer one; the device refuses it."""


class InterruptedDeploymentError(Exception):
    """The device stops or the deployment was cancelled: nothing is reported, and nothing is rolled back."""


def report(error: BaseException) -> tuple[list[str], list[str]]:
    """Return the error stack and the error types of ``error`` and its causes, outermost first, each once."""
    first = "DEPLOYMENT_REJECTED" if isinstance(error, StaleDeploymentError) else "DEPLOYMENT_FAILURE"
    stack, kinds = [first], list[str]()
    seen = set[int]()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, DeploymentError):
            stack += current.codes
            kinds += [_KINDS[code] for code in current.codes if code in _KINDS]
            if current.kind is not None:
                kinds.append(current.kind)
        current = current.__cause__
    return list(dict.fromkeys(stack)), list(dict.fromkeys(kinds))


def component_kind(name: str) -> str:
    """The kind of an error that a component causes: AWS's own components are told apart from the user's."""
    return "COMPONENT_ERROR" if name.startswith("aws.greengrass.") else "USER_COMPONENT_ERROR"
