"""A Lambda function that runs on devices. It needs the standard library only; put your own work into ``handler``."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"))
logger = logging.getLogger(__name__)
logger.info("loaded")  # a pinned function is loaded once, when its component starts


def handler(event: Any, _context: Any) -> dict[str, Any]:
    """Handle one message of an event source; what is returned is the answer to whoever called the function.

    Args:
        event: The message, decoded from JSON.
        _context: What Greengrass says of the call, such as the topic that the message came by.
    """
    logger.info("event %s", json.dumps(event, sort_keys=True))
    return {"received": event}
