"""moto's Lambda with functions that run here instead of in a container that this machine may not have.

Only Python runtimes and zipped code; anything else is refused as not implemented. Failures of asynchronous
invocations are tried again and end at the failure destination, as the event invoke configuration says (Lambda
developer guide, "Asynchronous invocation"; the pauses of a minute and two between the tries are left out).
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from typing import Any

from moto.awslambda import models as moto_models
from moto.awslambda import urls as moto_urls
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from edgewright.sandbox import alarms
from edgewright.sandbox.authorization import decide, roles
from edgewright.sandbox.authorization.judge import judge
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.policy import Effect, Request, Who, judge_resource
from edgewright.sandbox.awslambda import runner
from edgewright.sandbox.awslambda.runner import Order, Outcome
from edgewright.sandbox.sts.models import open_session
from edgewright.sandbox.world import world

log = logging.getLogger("edgewright.sandbox")
SERVICE = "lambda.amazonaws.com"
_RETRIES = 2  # of asynchronous invocations, when nothing else is configured


class SandboxLambdaBackend(LambdaBackend):
    """AWS Lambda of one account and Region."""

    @property
    def _url_module(self) -> Any:
        return moto_urls

    def create_function(self, spec: dict[str, Any]) -> LambdaFunction:
        """CreateFunction: with a role that Lambda may assume, which moto does not look at."""
        if not roles.trusts(str(spec.get("Role", "")), SERVICE):
            raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")
        return super().create_function(spec)

    def put_function_event_invoke_config(self, function_name: str, config: Any) -> dict[str, Any]:
        """PutFunctionEventInvokeConfig: what was there before is gone, where moto keeps it."""
        self.get_function(function_name).event_invoke_config.clear()
        result: dict[str, Any] = super().put_function_event_invoke_config(function_name, config)
        return result

    def invoke(
        self, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: dict[str, Any]
    ) -> str | bytes | None:
        """Invoke: wait for the answer, or with the type Event leave it to run."""
        function = self.get_function(function_name, qualifier)
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "Event":
            invoke_later(function, json.loads(body or "{}"))
            return ""
        if kind == "DryRun":
            return ""
        payload: bytes = function.invoke(body, headers, response_headers)
        if response_headers.pop("x-amz-function-error", None):
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["Content-Length"] = str(len(payload))
        return payload


def find(arn: str) -> LambdaFunction | None:
    """The function of an ARN, in whatever account; None when there is none."""
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "lambda":
        return None
    backend: SandboxLambdaBackend = lambda_backends[parts[4]][parts[3]]
    try:
        return backend.get_function(arn)
    except Exception:  # noqa: BLE001 -- moto's errors for what is not there are several
        return None


def may_be_invoked(function: LambdaFunction, service: str, source: str) -> bool:
    """Whether the function's own policy lets an AWS service invoke it for the resource ``source``."""
    if not function.policy.statements:
        return False
    document = json.dumps({"Version": "2012-10-17", "Statement": function.policy.statements})
    keys = {**decide.global_keys(), "aws:SourceArn": source, "aws:SourceAccount": source.split(":")[4]}
    request = Request("lambda:InvokeFunction", function.function_arn, keys)
    return judge_resource(document, request, Who(service=service))[0] is Effect.ALLOW


def invoke(function: LambdaFunction, event: Any, *, limit: float | None = None) -> Outcome:
    """Run a function and wait for it; the world goes on meanwhile. Call with the lock held.

    Args:
        function: Which.
        event: What it gets.
        limit: Seconds that whoever asks waits, when that is less than the function's own limit.
    """
    order = _order(function, event, limit)
    outcome: Outcome = world.outside(lambda: runner.run(order))
    _write_log(function, outcome)
    _measure(function, "Invocations", 1)
    _measure(function, "Errors", int(outcome.failed))
    return outcome


def invoke_later(function: LambdaFunction, event: Any) -> None:
    """Run a function and do not wait: retries, and at last its failure destination, are seen to."""
    threading.Thread(target=_asynchronous, args=(function, event), daemon=True, name="function").start()


def _asynchronous(function: LambdaFunction, event: Any) -> None:
    try:
        with world.lock:
            config = function.event_invoke_config[-1].config if function.event_invoke_config else {}
            tries = 1 + int(config.get("MaximumRetryAttempts", _RETRIES))
            destinations = config.get("DestinationConfig") or {}
            count, outcome = 1, invoke(function, event)
            while outcome.failed and count < tries:
                count, outcome = count + 1, invoke(function, event)
            kind = "OnFailure" if outcome.failed else "OnSuccess"
            target = (destinations.get(kind) or {}).get("Destination")
            if target and not _deliver(function, target, _record(function, event, outcome, count)):
                _measure(function, "DestinationDeliveryFailures", 1)
    except Exception:
        log.exception("the function %s", function.function_name)


def _record(function: LambdaFunction, event: Any, outcome: Outcome, count: int) -> dict[str, Any]:
    condition = "RetriesExhausted" if outcome.failed else "Success"
    context = {
        "requestId": outcome.request,
        "functionArn": f"{function.function_arn}:$LATEST",
        "condition": condition,
        "approximateInvokeCount": count,
    }
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
    if outcome.failed:
        response["functionError"] = "Unhandled"
    return {
        "version": "1.0",
        "requestContext": context,
        "requestPayload": event,
        "responseContext": response,
        "responsePayload": outcome.value,
    }


def _deliver(function: LambdaFunction, target: str, record: Mapping[str, Any]) -> bool:
    """Hand the record on with the rights of the function's role, as Lambda does; False when that cannot be."""
    _, _, service, region, account, *rest = target.split(":")
    actions = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
    principal = roles.acting(function.role, SERVICE, function.function_name)
    if service not in actions or principal is None or not judge(principal, Need(actions[service], target)).allowed:
        log.info("the role of %s does not let it hand anything on to %s", function.function_name, target)
        return False
    if service == "sqs":
        from moto.sqs.models import sqs_backends  # noqa: PLC0415 -- moto loads a service when it is used

        if rest[0] not in sqs_backends[account][region].queues:
            return False
        sqs_backends[account][region].send_message(rest[0], json.dumps(record))
    elif service == "sns":
        from moto.sns.models import sns_backends  # noqa: PLC0415 -- moto loads a service when it is used

        if target not in sns_backends[account][region].topics:
            return False
        sns_backends[account][region].publish(json.dumps(record), arn=target)
    else:
        other = find(target)
        if other is None:
            return False
        invoke_later(other, record)
    return True


def _measure(function: LambdaFunction, metric: str, value: float) -> None:
    named = {"FunctionName": function.function_name}
    alarms.record(function.account_id, function.region, "AWS/Lambda", metric, dimensions=named, value=value)


def _order(function: LambdaFunction, event: Any, limit: float | None) -> Order:
    runtime = function.run_time or ""
    if function.package_type != "Zip" or not runtime.startswith("python"):
        what = f"{function.package_type} package with runtime {runtime or 'none'}"
        raise NotImplementedError(f"the sandbox runs Python functions with zipped code, not a {what}")
    variables = {
        **function.environment_vars,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": world.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        **_credentials(function),
    }
    seconds = float(function.timeout)
    return Order(
        name=function.function_name,
        arn=function.function_arn,
        handler=function.handler or "",
        code=function.code_bytes,
        timeout=seconds if limit is None else min(limit, seconds),
        memory=int(function.memory_size),
        variables={name: str(value) for name, value in variables.items()},
        event=event,
    )


def _credentials(function: LambdaFunction) -> dict[str, str]:
    """Of the execution role, which must trust Lambda; without it the function is nobody."""
    if not roles.trusts(function.role, SERVICE):
        return {}
    account = function.role.split(":")[4]
    session = open_session(roles.find(function.role), account, function.function_name, 3600)
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }


def _write_log(function: LambdaFunction, outcome: Outcome) -> None:
    """Write what the function said, with the rights of its role: without them it runs and leaves no log."""
    logs = function.logs_backend
    stream = f"{outcome.request[:8]}[$LATEST]"
    group = f"arn:aws:logs:{function.region}:{function.account_id}:log-group:{function.logs_group_name}"
    needs = [Need(f"logs:{action}", f"{group}:log-stream:{stream}") for action in ("CreateLogStream", "PutLogEvents")]
    if function.logs_group_name not in logs.groups:
        needs.append(Need("logs:CreateLogGroup", group))
    principal = roles.acting(function.role, SERVICE, function.function_name)
    if principal is None or not all(judge(principal, need).allowed for need in needs):
        return
    logs.ensure_log_group(function.logs_group_name)
    logs.create_log_stream(function.logs_group_name, stream)
    now = int(moto_models.utcnow().timestamp() * 1000)
    lines = [line for line in outcome.log.splitlines() if line]
    if lines:
        logs.put_log_events(function.logs_group_name, stream, [{"timestamp": now, "message": line} for line in lines])


def _run(self: LambdaFunction, event: Any = None) -> tuple[str, bool, str]:
    """What moto's invocations come down to: payload, whether it failed, and the log's end."""
    given = json.loads(event) if isinstance(event, str | bytes) else event
    outcome = invoke(self, given)
    return outcome.payload, outcome.failed, outcome.log[-runner.LOG_TAIL :]


# moto has no seam below the class: every way to invoke a function (SNS, SQS, log subscriptions) ends in this method
LambdaFunction._invoke_lambda = _run  # noqa: SLF001 -- see above
lambda_backends.backend = SandboxLambdaBackend
