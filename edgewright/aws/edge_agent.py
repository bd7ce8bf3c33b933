"""SageMaker Edge Manager's data plane, as its agent asks it with the credentials that it was given."""

from __future__ import annotations

from typing import Any

import botocore.config

from edgewright.aws.errors import translated
from edgewright.aws.objects import making, shared_session


class AgentClient:
    """One device's agent.

    Args:
        endpoint_url: where SageMaker is.
        region: the device fleet's Region.
        access_key_id: of the credentials.
        secret_access_key: of the credentials.
        session_token: of the credentials.
    """

    def __init__(
        self, *, endpoint_url: str, region: str, access_key_id: str, secret_access_key: str, session_token: str
    ) -> None:
        with making:
            self._client: Any = shared_session().create_client(
                "sagemaker-edge",
                region_name=region,
                endpoint_url=endpoint_url,
                aws_access_key_id=access_key_id,
                aws_secret_access_key=secret_access_key,
                aws_session_token=session_token,
                config=botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 2}),
            )

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

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()
