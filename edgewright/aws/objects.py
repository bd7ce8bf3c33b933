"""Reading S3 objects with credentials that are given, not found: how a core device fetches its artifacts."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, BinaryIO

import botocore.config
import botocore.session

from edgewright.aws.body import blocks
from edgewright.aws.errors import translated


class ObjectReader:
    """Reads objects as one set of temporary credentials allows.

    Args:
        endpoint_url: where S3 is.
        region: the bucket's Region.
        access_key_id: of the credentials.
        secret_access_key: of the credentials.
        session_token: of the credentials.
    """

    def __init__(
        self, *, endpoint_url: str, region: str, access_key_id: str, secret_access_key: str, session_token: str
    ) -> None:
        with making:
            self._client: Any = shared_session().create_client(
                "s3",
                region_name=region,
                endpoint_url=endpoint_url,
                aws_access_key_id=access_key_id,
                aws_secret_access_key=secret_access_key,
                aws_session_token=session_token,
                config=botocore.config.Config(
                    retries={"mode": "standard", "total_max_attempts": 3},
                    s3={"addressing_style": "path"},
                    user_agent_extra="edgewright",
                ),
            )

    def read_into(self, file: BinaryIO, bucket: str, key: str) -> None:
        """Write the object into ``file``.

        Raises:
            AwsError: it is not there, may not be read, or S3 cannot be reached.
        """
        doing = f"read s3://{bucket}/{key}"
        with translated(doing):
            body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
        file.writelines(blocks(body, doing=doing))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


making = (
    threading.Lock()
)  # one botocore session makes all clients: it reads its data files once, and is not thread-safe


@lru_cache(maxsize=1)
def shared_session() -> botocore.session.Session:
    """The session that makes the clients of devices; hold ``making`` meanwhile."""
    return botocore.session.Session()
