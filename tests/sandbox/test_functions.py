"""Running Lambda functions: what a handler gets, what becomes of its answer, and how it fails."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from edgewright.documents import provisioning
from edgewright.sandbox.awslambda import runner
from edgewright.sandbox.awslambda.runner import Order, Outcome
from edgewright.sandbox.control import Sandbox


def zipped(**files: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return file.getvalue()


def run(code: str | bytes, *, handler: str = "code.handler", timeout: float = 30.0, **variables: str) -> Outcome:
    return runner.run(
        Order(
            name="filter",
            arn="arn:aws:lambda:eu-west-1:222222222222:function:filter",
            handler=handler,
            code=code if isinstance(code, bytes) else zipped(code=code),
            timeout=timeout,
            memory=128,
            variables=variables,
            event={"a": 1},
        )
    )


ECHO = """
import os

def handler(event, context):
    print("hello")
    return {"event": event, "name": context.function_name, "left": context.get_remaining_time_in_millis() > 0,
            "variable": os.environ["MINE"], "foreign": "HOME" in os.environ, "here": os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]}
"""  # noqa: E501 -- a program in a string


def test_a_handler_gets_event_context_and_its_variables_only() -> None:
    outcome = run(ECHO, MINE="x")
    assert outcome.value == {
        "event": {"a": 1},
        "name": "filter",
        "left": True,
        "variable": "x",
        "foreign": False,
        "here": True,
    }
    assert (outcome.failed, outcome.log) == (False, "hello\n")


def test_a_handler_may_be_in_a_package() -> None:
    code = zipped(package__part="def handler(event, context):\n    return 1\n")
    assert run(code, handler="package.part.handler").value == 1
    assert run(code, handler="package/part.handler").payload == "1"


def _raising(text: str) -> str:
    return f"def handler(event, context):\n    {text}\n"


@pytest.mark.parametrize(
    ("code", "handler", "kind", "message"),
    [
        (_raising("raise ValueError('no')"), "code.handler", "ValueError", "no"),
        (_raising("return {1, 2}"), "code.handler", "Runtime.MarshalError", "Unable to marshal response: .*"),
        (_raising("pass"), "none.handler", "Runtime.ImportModuleError", "Unable to import module 'none': .*"),
        (_raising("pass"), "code.none", "Runtime.HandlerNotFound", "Handler 'none' missing on module 'code'"),
        (_raising("import os; os._exit(3)"), "code.handler", "Runtime.ExitError", ".*exit status 3"),
        (b"no zip", "code.handler", "InvalidZipFileException", ".*"),
        (zipped(**{"..__code": "x = 1"}), "code.handler", "InvalidZipFileException", ".*outside of its folder.*"),
    ],
    ids=["raises", "marshal", "module", "handler", "exits", "no zip", "escapes"],
)
def test_a_failure_is_told_as_aws_tells_it(code: Any, handler: str, kind: str, message: str) -> None:
    outcome = run(code, handler=handler)
    assert outcome.failed
    assert outcome.value["errorType"] == kind
    assert re.fullmatch(message, outcome.value["errorMessage"])


def test_a_handler_that_does_not_end_is_stopped_with_all_that_it_began() -> None:
    code = """
import subprocess, sys, time

def handler(event, context):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print("began", flush=True)
    time.sleep(60)
"""
    outcome = run(code, timeout=1.0)
    assert outcome.failed
    assert outcome.value["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert outcome.log.startswith("began\n")


def test_a_function_gets_a_role_that_lambda_may_assume_or_is_not_made(sandbox: Sandbox) -> None:
    iam, functions = sandbox.client("iam", "staging"), sandbox.client("lambda", "staging")
    for service in ("ec2", "lambda"):
        trust = json.dumps(provisioning.service_trust(f"{service}.amazonaws.com"))
        iam.create_role(RoleName=service, AssumeRolePolicyDocument=trust)
    given = {"Runtime": "python3.12", "Handler": "code.handler", "Code": {"ZipFile": zipped(code=ECHO)}}
    role = f"arn:aws:iam::{sandbox.account_id('staging')}:role"
    for name in ("ec2", "nobody"):
        with pytest.raises(
            ClientError, match="The role defined for the function cannot be assumed by Lambda"
        ) as caught:
            functions.create_function(FunctionName="f", Role=f"{role}/{name}", **given)
        assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert functions.create_function(FunctionName="f", Role=f"{role}/lambda", Publish=True, **given)["Version"] == "1"
