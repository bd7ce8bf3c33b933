"""What Edge Manager's agents ask: the data plane ``sagemaker-edge``, signed as SageMaker, on paths of its own.

The model names InternalServiceException alone. A device that is not registered is refused as the control plane
refuses it; what GetDeviceRegistration says of one that is, its reference does not tell.
"""

from __future__ import annotations

import urllib.parse
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.sagemaker.models import sagemaker_backends

from edgewright.sandbox import wire
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.sagemaker.exceptions import ValidationException
from edgewright.sandbox.sagemaker.models import SandboxSageMakerBackend

SERVICE = "sagemaker-edge"
_CACHE = "3600"  # seconds that an agent may believe that it is registered


class EdgeAgentResponse(BaseResponse):
    """GetDeviceRegistration, SendHeartbeat, GetDeployments."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

    def call_action(self) -> Any:
        """Parse, judge, run, shape."""
        name = self._get_action_from_method_and_request_uri(self.normalized_request)
        if not name:
            raise AwsError("UnknownOperationException", "", 404)
        operation = wire.service(SERVICE).operation_model(name)
        try:
            query = urllib.parse.urlsplit(self.uri).query
            given, errors = wire.parse(operation, self.uri_match, query, self.headers, self.raw_body)
        except wire.CannotParseError as error:
            raise ValidationException(str(error)) from error
        if errors:
            raise ValidationException(wire.describe(errors))
        return self.serialized(ActionResult(self._run(name, given)))

    def _run(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        backend: SandboxSageMakerBackend = sagemaker_backends[self.current_account][self.region]
        device = backend.fleets.device(given["DeviceFleetName"], given["DeviceName"])
        if name == "GetDeviceRegistration":
            return {"DeviceRegistration": "REGISTERED", "CacheTTL": _CACHE}
        if name == "SendHeartbeat":
            device.heartbeat, device.agent = datetime.now(UTC), given["AgentVersion"]
            device.models = [dict(each) for each in given.get("Models", ()) if each.get("ModelName")]
            return {}
        if name == "GetDeployments":
            return {"Deployments": []}  # deployment plans are not there
        raise NotImplementedError(name)
