"""The jobs data plane over HTTP, for signed requests and for devices with a certificate alike."""

from __future__ import annotations

import urllib.parse
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from edgewright.sandbox import wire
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.iot.exceptions import InvalidRequest
from edgewright.sandbox.iot.models import SandboxIoTBackend, iot_backends
from edgewright.sandbox.iotjobsdata import models

SERVICE = "iot-jobs-data"


class IoTJobsDataResponse(BaseResponse):
    """GetPendingJobExecutions, StartNextPendingJobExecution, DescribeJobExecution, UpdateJobExecution."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

    @property
    def iot(self) -> SandboxIoTBackend:
        """AWS IoT of the caller's account and Region."""
        backend: SandboxIoTBackend = iot_backends[self.current_account][self.region]
        return backend

    def call_action(self) -> Any:
        """Parse, judge, run, shape."""
        name = self._get_action_from_method_and_request_uri(self.normalized_request)
        if not name:
            raise AwsError("UnknownOperationException", "", 404)
        operation = wire.service(SERVICE).operation_model(name)
        try:
            given, errors = wire.parse(
                operation, self.uri_match, urllib.parse.urlsplit(self.uri).query, self.headers, self.raw_body
            )
        except wire.CannotParseError as error:
            raise InvalidRequest(str(error)) from error
        if errors:
            raise InvalidRequest("; ".join(map(str, errors)))
        return self.serialized(ActionResult(self._run(name, given)))

    def _run(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        thing = given["thingName"]
        if name == "GetPendingJobExecutions":
            return models.pending(self.iot, thing)
        if name == "StartNextPendingJobExecution":
            return models.start_next(self.iot, thing, given.get("statusDetails"), given.get("stepTimeoutInMinutes"))
        if name == "DescribeJobExecution":
            return models.describe(
                self.iot,
                thing,
                given["jobId"],
                document=given.get("includeJobDocument", True),
                number=given.get("executionNumber"),
            )
        if name == "UpdateJobExecution":
            return models.update(self.iot, thing, given["jobId"], given)
        raise NotImplementedError(name)
