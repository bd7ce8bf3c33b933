"""What an error of AWS consists of: code, HTTP status, message, and the fields of its shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Callable[..., Any], code: str, status: int, message: str, **parameters: Any) -> dict[str, Any]:
    """Make a call that must be refused; return the parsed answer. ``message`` is a pattern for the whole message."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: dict[str, Any] = {**caught.value.response}
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert re.fullmatch(message, response["Error"]["Message"], re.DOTALL), response["Error"]["Message"]
    return response
