"""The process in which a function's handler runs: started with the order on its standard input.

A script, not a module of the sandbox: it imports nothing of it, so that a function sees what it would see on AWS.
What the handler prints is the log; what it returns goes to the file that the order names.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


class Context:
    """What a handler learns about its invocation (Lambda developer guide, "Python context object")."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.function_name = order["name"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = order["arn"]
        self.memory_limit_in_mb = str(order["memory"])
        self.aws_request_id = order["request"]
        self.log_group_name = "/aws/lambda/" + order["name"]
        self.log_stream_name = order["stream"]
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + order["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def answer(order: dict[str, Any]) -> tuple[Any, bool]:
    """Run the handler; its value, or the error as AWS shows it."""
    module, _, name = order["handler"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module.replace("/", ".")), name)
    except (ImportError, ValueError) as error:
        text = f"Unable to import module '{module}': {error}"
        return {"errorMessage": text, "errorType": "Runtime.ImportModuleError", "stackTrace": []}, True
    except AttributeError:
        text = f"Handler '{name}' missing on module '{module}'"
        return {"errorMessage": text, "errorType": "Runtime.HandlerNotFound", "stackTrace": []}, True
    try:
        value = handler(order["event"], Context(order))
    except Exception as error:  # noqa: BLE001 -- whatever a user's function raises is its answer
        lines = traceback.format_exception(type(error), error, error.__traceback__)[2:-1]
        return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": lines}, True
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        text = f"Unable to marshal response: {error}"
        return {"errorMessage": text, "errorType": "Runtime.MarshalError", "stackTrace": []}, True
    return value, False


def main() -> None:
    """Take the order, run it, write the answer."""
    order = json.load(sys.stdin)
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    value, failed = answer(order)
    with open(order["answer"], "w", encoding="utf-8") as file:  # noqa: PTH123 -- nothing but what a runtime needs
        json.dump({"value": value, "failed": failed}, file)


main()
