"""SageMaker Edge Manager's data plane, as its agent asks it with the credentials that it was given."""

from __future__ import annotations

import botocore.config

from edgewright.aws.errors import translated
from edgewright.aws.objects import DeviceClient


class AgentClient(DeviceClient):
    """One device's agent.

    Args:
        credentials: those of `DeviceClient`, with the endpoint and the Region.
    """

    def __init__(self, **credentials: str) -> None:
        config = botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 2})
        super().__init__("sagemaker-edge", config, **credentials)

    def beat(self, fleet: str, device: str, version: str) -> None:
        """Ask whether the device is registered, and say that the agent is there.

        Raises:
            AwsError: it is not registered, the role may not, or SageMaker cannot be reached.
        """
        who = {"DeviceFleetName": fleet, "DeviceName": device}
        with translated(f"find the device {device} in the device fleet {fleet}"):
            self._client.get_device_registration(**who)
        with translated(f"send the heartbeat of {device}"):
            self._client.send_heartbeat(**who, AgentVersion=version)
