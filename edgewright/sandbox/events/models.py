"""moto's EventBridge with targets that are really delivered to, when their policies let EventBridge do it.

Sources: EventBridge user guide, "Targets", "Using resource-based policies" and "Event retry policy and dead-letter
queues". API destinations are called, and called again, as their own module says; what cannot be delivered elsewhere
goes to the target's dead-letter queue at once: what fails here is a permission or a name, which no retry helps.
"""

from __future__ import annotations

import copy
import json
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.events import models as moto_models
from moto.events.models import Rule, events_backends

from edgewright.sandbox import alarms
from edgewright.sandbox.authorization import decide, roles
from edgewright.sandbox.authorization.judge import judge
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.policy import Effect, Request, Who, judge_resource
from edgewright.sandbox.events import connections, destinations
from edgewright.sandbox.events.transform import find, transform
from edgewright.sandbox.world import world

log = logging.getLogger("edgewright.sandbox")
SERVICE = "events.amazonaws.com"


class UndeliverableError(Exception):
    """A target cannot be reached; the text says why, and the code what a dead letter says of it."""

    def __init__(self, message: str, code: str = "NO_RESOURCE") -> None:
        super().__init__(message)
        self.code = code


class SandboxRule(Rule):
    """A rule."""

    def send_to_targets(self, original_event: Any, transform_input: bool = True) -> None:  # noqa: FBT001, FBT002
        """Deliver an event that fits; a target that cannot be reached keeps nobody else from it."""
        if self.state != "ENABLED" or not self.event_pattern.matches_event(original_event):
            return
        event = {key: value for key, value in original_event.items() if key != "ingestion-time"}
        event["time"] = _time(event["time"])
        for target in self.targets:
            try:
                payload = self._payload(target, event) if transform_input else event
                self._deliver(target, original_event, event, payload)
                self._measure("Invocations")
            except UndeliverableError as error:
                said = {"ERROR_CODE": error.code, "ERROR_MESSAGE": str(error), "RETRY_ATTEMPTS": "0"}
                self._give_up(target, event, said)

    def _give_up(self, target: dict[str, Any], event: dict[str, Any], said: Mapping[str, str]) -> None:
        self._measure("FailedInvocations")
        log.info("rule %s could not reach %s: %s", self.name, target["Arn"], said["ERROR_MESSAGE"])
        self._bury(target, event, said)

    def _measure(self, metric: str) -> None:
        alarms.record(
            self.account_id, self.region_name, "AWS/Events", metric, dimensions={"RuleName": self.name}, value=1
        )

    def _deliver(self, target: dict[str, Any], original: Any, event: dict[str, Any], payload: Any) -> None:
        arn = target["Arn"]
        _, _, service, region, account, *rest = arn.split(":")
        if service == "lambda":
            self._to_function(arn, payload)
        elif service == "sqs":
            self._to_queue(arn, payload, target.get("SqsParameters", {}).get("MessageGroupId"))
        elif service == "sns":
            self._to_topic(arn, payload)
        elif service == "events" and rest[0].startswith("event-bus/"):
            _to_bus(account, region, rest[0].partition("/")[2], self.account_id, original)
        elif service == "events" and rest[0].startswith("api-destination/"):
            self._to_destination(target, event, payload)
        elif service == "logs":
            self._send_to_cw_log_group(rest[1], {**event, "time": original["time"]})
        elif service == "events":
            archive = copy.copy(self)
            archive.targets = [target]
            Rule.send_to_targets(archive, original)
        else:
            raise UndeliverableError(f"the sandbox does not deliver to {service}", "INVALID_PARAMETER")

    def _to_destination(self, target: dict[str, Any], event: dict[str, Any], payload: Any) -> None:
        arn, role = target["Arn"], target.get("RoleArn", "")
        backend = events_backends[self.account_id][self.region_name]
        destination = next((each for each in backend.destinations.values() if each.arn == arn), None)
        connection = connections.find(backend, destination.connection_arn) if destination is not None else None
        if destination is None or connection is None:
            raise UndeliverableError("there is no such API destination, or no such connection")
        principal = roles.acting(role, SERVICE, "events")
        if principal is None:
            raise UndeliverableError(f"{SERVICE} may not assume the target's role", "FAILED_TO_ASSUME_ROLE")
        if not judge(principal, Need("events:InvokeApiDestination", arn)).allowed:
            raise UndeliverableError("the target's role may not call the API destination", "NO_PERMISSIONS")
        try:
            call = destinations.request(destination, connection, target.get("HttpParameters") or {}, payload)
        except destinations.InvocationError as error:
            raise UndeliverableError(str(error), error.code) from None
        threading.Thread(target=self._call, args=(target, event, call), daemon=True, name="api-destination").start()

    def _call(self, target: dict[str, Any], event: dict[str, Any], call: destinations.Request) -> None:
        try:
            result = destinations.deliver(lambda: destinations.send(call), destinations.Policy.of(target))
            with world.lock:
                if result.error is not None:
                    self._give_up(target, event, result.attributes)
        except Exception:
            log.exception("the API destination %s", target["Arn"])

    def _to_function(self, arn: str, payload: Any) -> None:
        from edgewright.sandbox.awslambda import models as functions  # noqa: PLC0415 -- Lambda is slow to load

        function = functions.find(arn)
        if function is None:
            raise UndeliverableError("there is no such function")
        if not functions.may_be_invoked(function, SERVICE, self.arn):
            raise UndeliverableError(f"the function's policy does not let {SERVICE} invoke it", "NO_PERMISSIONS")
        functions.invoke_later(function, payload)

    def _to_queue(self, arn: str, payload: Any, group: str | None, attributes: Mapping[str, str] | None = None) -> None:
        from moto.sqs.models import sqs_backends  # noqa: PLC0415 -- moto loads a service when it is used

        _, _, _, region, account, name = arn.split(":")
        queue = sqs_backends[account][region].queues.get(name)
        if queue is None:
            raise UndeliverableError("there is no such queue")
        if not self._allowed("sqs:SendMessage", arn, queue.policy):
            raise UndeliverableError(f"the queue's policy does not let {SERVICE} send to it", "NO_PERMISSIONS")
        text = payload if isinstance(payload, str) else json.dumps(payload)
        said = {key: {"DataType": "String", "StringValue": value} for key, value in (attributes or {}).items()}
        sqs_backends[account][region].send_message(name, text, said, group_id=group)

    def _to_topic(self, arn: str, payload: Any) -> None:
        from moto.sns.models import sns_backends  # noqa: PLC0415 -- moto loads a service when it is used

        _, _, _, region, account, _ = arn.split(":")
        topic = sns_backends[account][region].topics.get(arn)
        if topic is None:
            raise UndeliverableError("there is no such topic")
        if not self._allowed("sns:Publish", arn, topic.policy):
            raise UndeliverableError(f"the topic's policy does not let {SERVICE} publish to it", "NO_PERMISSIONS")
        text = payload if isinstance(payload, str) else json.dumps(payload)
        sns_backends[account][region].publish(text, arn=arn)

    def _allowed(self, action: str, arn: str, policy: Any) -> bool:
        if not policy:
            return False
        keys = {**decide.global_keys(), "aws:SourceArn": self.arn, "aws:SourceAccount": self.account_id}
        document = policy if isinstance(policy, str) else json.dumps(policy)
        return judge_resource(document, Request(action, arn, keys), Who(service=SERVICE))[0] is Effect.ALLOW

    def _bury(self, target: dict[str, Any], event: dict[str, Any], said: Mapping[str, str]) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        attributes = {"RULE_ARN": self.arn, "TARGET_ARN": target["Arn"], **said}
        try:
            self._to_queue(queue, event, None, attributes)
            self._measure("InvocationsSentToDlq")
        except UndeliverableError as error:
            self._measure("InvocationsFailedToBeSentToDlq")
            log.info("rule %s could not reach its dead-letter queue: %s", self.name, error)

    def _payload(self, target: dict[str, Any], event: dict[str, Any]) -> Any:
        if "Input" in target:
            return json.loads(target["Input"])
        if "InputPath" in target:
            return find(event, target["InputPath"])
        transformer = target.get("InputTransformer")
        if not transformer:
            return event
        predefined = {
            "aws.events.rule-arn": self.arn,
            "aws.events.rule-name": self.name,
            "aws.events.event": event,
            "aws.events.event.json": event,
            "aws.events.event.ingestion-time": event["time"],
        }
        try:
            return transform(transformer["InputTemplate"], transformer.get("InputPathsMap") or {}, event, predefined)
        except ValueError as error:
            raise UndeliverableError(f"the input transformer makes no JSON: {error}", "INVALID_JSON") from None


def _to_bus(account: str, region: str, name: str, sender: str, original: Any) -> None:
    """Hand an event on as it is: account, source and time stay those of its origin."""
    bus = events_backends[account][region].event_buses.get(name)
    if bus is None:
        raise UndeliverableError("there is no such event bus")
    if account != sender:
        keys = {**decide.global_keys(), "events:source": original["source"], "aws:PrincipalAccount": sender}
        who = Who(account=sender, arns=(f"arn:aws:iam::{sender}:root",))
        request = Request("events:PutEvents", bus.arn, keys)
        if not bus.policy or judge_resource(bus.policy, request, who)[0] is not Effect.ALLOW:
            raise UndeliverableError(
                f"the policy of the bus does not let account {sender} put events", "NO_PERMISSIONS"
            )
    for rule in list(bus.rules.values()):
        rule.send_to_targets(original)


def _time(moment: Any) -> str:
    return (
        moment if isinstance(moment, str) else datetime.fromtimestamp(float(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


moto_models.Rule = SandboxRule  # moto's backend makes its rules by this name
