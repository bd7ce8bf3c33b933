"""Reading S3 objects with credentials that are given, not found: how a core device fetches its artifacts."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, BinaryIO

import botocore.config
import botocore.session

from edgewright.aws.body import blocks
from edgewright.aws.errors import translated


class DeviceClient:
    """A client with one set of temporary credentials, as a core device gets them for its certificate.

    Args:
        service: botocore's name of the service.
        config: of the client.
        endpoint_url: where the service is.
        region: its Region.
        access_key_id: of the credentials.
        secret_access_key: of the credentials.
        session_token: of the credentials.
    """

    def __init__(
        self,
        service: str,
        config: botocore.config.Config,
        *,
        endpoint_url: str,
        region: str,
        access_key_id: str,
        secret_access_key: str,
        session_token: str,
    ) -> None:
        with _making:
            self._client: Any = _shared_session().create_client(
                service,
                region_name=region,
                endpoint_url=endpoint_url,
                aws_access_key_id=access_key_id,
                aws_secret_access_key=secret_access_key,
                aws_session_token=session_token,
                config=config,
            )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


class ObjectReader(DeviceClient):
    """Reads objects as one set of temporary credentials allows.

    Args:
        credentials: those of `DeviceClient`, with the endpoint and the Region.
    """

    def __init__(self, **credentials: str) -> None:
        config = botocore.config.Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": "path"},
            user_agent_extra="edgewright",
        )
        super().__init__("s3", config, **credentials)

    def read_into(self, file: BinaryIO, bucket: str, key: str) -> None:
        """Write the object into ``file``.

        Raises:
            AwsError: it is not there, may not be read, or S3 cannot be reached.
        """
        doing = f"read s3://{bucket}/{key}"
        with translated(doing):
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
        file.writelines(blocks(body, doing=doing))


_making = (
    threading.Lock()
)  # one botocore session makes all clients: it reads its data files once, and is not thread-safe


@lru_cache(maxsize=1)
def _shared_session() -> botocore.session.Session:
    """The session that makes the clients of devices; hold ``_making`` meanwhile."""
    return botocore.session.Session()
