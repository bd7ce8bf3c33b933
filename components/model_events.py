"""Approvals of the model registry reach the forge: rule, functions, dead letters, alarms, and who hears of them.

Two ways, as ``models.trigger.kind`` says. With functions an event is filtered and reaches the forge once, is tried
twice, then tried by the backup, and is kept in a queue when that fails too. With an API destination EventBridge calls
the forge itself, for as long as the target's retries last, and keeps in the same queue what was not taken.

Longer than other modules, because rule, queue, functions and alarms name one another, and are one resource to others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.cross_account_role import CrossAccountRole, CrossAccountRoleArgs
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.provisioning import RUNTIME
from edgewright.canonical import canonical_json
from edgewright.documents import bucket_policy, model_events, naming, policy, provisioning
from edgewright.documents.model_events import Registry
from edgewright.manifest.accounts import Forge
from edgewright.manifest.registry import Models, ModelTrigger

FUNCTIONS = Path(__file__).resolve().parent / "functions" / "model_events"
TAGS: Mapping[str, str] = {"edgewright:part": "model-events"}
TIMEOUT = 60
"""Seconds of a run."""
RETRIES = 1
"""Of a run that failed: a third try of the same call seldom helps, and the backup is another function."""
CALLING_SECONDS = 3600
"""How long EventBridge goes on calling the forge where no function does."""
CALLING_TRIES = 20
KEPT = 14 * 86400
"""Seconds that a dead letter is kept: the most that SQS has."""
_DAY = 86400
_NO_TOKEN = "put-the-token-in-the-connection"  # noqa: S105 -- what stands there until a person does


@dataclass(frozen=True, kw_only=True)
class ModelEventsArgs:
    """The registry, what it is listened for, and the forge."""

    provider: aws.Provider
    """Of the tooling account, in the organisation's Region."""
    registry: Registry
    models: Models
    trigger: ModelTrigger
    forge: Forge


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function with all that belongs to it."""

    function: aws.lambda_.Function
    role: CrossAccountRole
    log_group: aws.cloudwatch.LogGroup
    invoking: aws.lambda_.FunctionEventInvokeConfig


@dataclass(frozen=True, kw_only=True)
class ModelEventsResources:
    """What was made; the functions and the secret, or the API destination."""

    groups: Mapping[str, aws.sagemaker.ModelPackageGroup]
    rule: aws.cloudwatch.EventRule
    target: aws.cloudwatch.EventTarget
    dead_letters: aws.sqs.Queue
    topic: aws.sns.Topic
    alarms: Mapping[str, aws.cloudwatch.MetricAlarm]
    trigger: Function | None = None
    backup: Function | None = None
    token: aws.secretsmanager.Secret | None = None
    destination: aws.cloudwatch.EventApiDestination | None = None


@final
class ModelEvents(EdgeComponent):
    """From the registry's event to the forge's pipeline."""

    resources: ModelEventsResources

    def __init__(self, name: str, *, args: ModelEventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        self._name, self._args, self._child = name, args, self.child(args.provider)
        self._alarms: dict[str, aws.cloudwatch.MetricAlarm] = {}
        groups = {
            each.group: aws.sagemaker.ModelPackageGroup(
                f"{name}/{each.group}",
                model_package_group_name=each.group,
                model_package_group_description=f"Becomes versions of {each.component}",
                tags=dict(TAGS),
                # SageMaker deletes no group that has packages, and packages are what releases come from.
                opts=self.child(args.provider, retain_on_delete=True),
            )
            for each in args.models.groups
            if not each.existing
        }
        self._topic = self._notifications()
        self._dead_letters, letters_policy = self._queue()
        by_function = args.trigger.kind == "lambda"
        watched = [each.group for each in args.models.groups]
        rule = aws.cloudwatch.EventRule(
            name,
            name=naming.MODEL_EVENTS,
            description="Model packages that were approved or rejected",
            event_pattern=canonical_json(model_events.pattern(watched, changed=not by_function)),
            tags=dict(TAGS),
            opts=self._child,
        )
        made = self._functions(rule, letters_policy) if by_function else self._destination(rule, letters_policy)
        self._alarm(
            "failed-invocations",
            "AWS/Events",
            "FailedInvocations",
            {"RuleName": naming.MODEL_EVENTS},
            "EventBridge could not hand an event of the model registry on",
        )
        self._alarm(
            "dead-letters",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": naming.MODEL_EVENTS_DEAD_LETTERS},
            "Approvals did not reach the forge and wait in the dead-letter queue",
            statistic="Maximum",
        )
        self.resources = ModelEventsResources(
            groups=groups,
            rule=rule,
            target=made.target,
            dead_letters=self._dead_letters,
            topic=self._topic,
            alarms=self._alarms,
            trigger=made.trigger,
            backup=made.backup,
            token=made.token,
            destination=made.destination,
        )
        self.register_outputs({"topic": self._topic.arn, "deadLetters": self._dead_letters.arn})

    def _notifications(self) -> aws.sns.Topic:
        topic = aws.sns.Topic(self._name, name=naming.MODEL_EVENTS, tags=dict(TAGS), opts=self._child)
        text = canonical_json(model_events.topic_policy(self._args.registry))
        aws.sns.TopicPolicy(self._name, arn=topic.arn, policy=text, opts=self._child)
        for address in self._args.trigger.notify:
            aws.sns.TopicSubscription(
                f"{self._name}/{address}", topic=topic.arn, protocol="email", endpoint=address, opts=self._child
            )
        return topic

    def _queue(self) -> tuple[aws.sqs.Queue, aws.sqs.QueuePolicy]:
        queue = aws.sqs.Queue(
            self._name,
            name=naming.MODEL_EVENTS_DEAD_LETTERS,
            message_retention_seconds=KEPT,
            # a replay has a message for as long as the function may run
            visibility_timeout_seconds=TIMEOUT,
            sqs_managed_sse_enabled=True,
            tags=dict(TAGS),
            opts=self._child,
        )
        text = canonical_json(model_events.queue_policy(self._args.registry))
        return queue, aws.sqs.QueuePolicy(self._name, queue_url=queue.url, policy=text, opts=self._child)

    # --- with functions ----------------------------------------------------------------------------------------

    def _functions(self, rule: aws.cloudwatch.EventRule, letters_policy: aws.sqs.QueuePolicy) -> _Made:
        args, registry = self._args, self._args.registry
        token = aws.secretsmanager.Secret(
            self._name,
            name=naming.MODEL_EVENTS_TOKEN,
            description="Token with which the model events' functions start the forge's pipeline",
            tags=dict(TAGS),
            opts=self._child,
        )
        bucket = PrivateBucket(
            f"{self._name}-notes",
            args=PrivateBucketArgs(
                provider=args.provider,
                bucket=registry.bucket,
                policy=policy.render(
                    bucket_policy.private(registry.bucket), limit=policy.BUCKET_POLICY, of=f"bucket {registry.bucket}"
                ),
                tags=TAGS,
                # without its trigger nobody asks for the notes, and a bucket with anything in it would stop the update
                disposable=True,
            ),
            opts=self.inner(),
        )
        settings = {
            "FORGE": "github" if args.forge.gitlab is None else "gitlab",
            "FORGE_API": model_events.api(args.forge, args.trigger.api),
            "FORGE_PROJECT": model_events.project(args.forge),
            "FORGE_REF": args.forge.branch,
            "MODEL_GROUPS": ",".join(sorted(each.group for each in args.models.groups)),
            "NOTES_BUCKET": registry.bucket,
            "REGISTRY_ACCOUNT": registry.account_id,
            "TOKEN_SECRET": naming.MODEL_EVENTS_TOKEN,
        }
        after = [token, bucket]
        backup = self._function(
            naming.MODEL_EVENTS_BACKUP,
            module="backup",
            description="Tries again what the trigger gave up, and the dead letters when asked",
            permissions=model_events.backup_role(registry),
            settings={**settings, "DEAD_LETTERS": self._dead_letters.url},
            failures_to=self._dead_letters.arn,
            after=after,
        )
        trigger = self._function(
            naming.MODEL_EVENTS,
            module="trigger",
            description="Starts the forge's pipeline when a model package is approved or rejected",
            permissions=model_events.trigger_role(registry),
            settings=settings,
            failures_to=backup.function.arn,
            after=after,
        )
        permission = aws.lambda_.Permission(
            self._name,
            action="lambda:InvokeFunction",
            function=trigger.function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            statement_id="rule",
            opts=self._child,
        )
        target = aws.cloudwatch.EventTarget(
            self._name,
            rule=rule.name,
            target_id="forge",
            arn=trigger.function.arn,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_retry_attempts=RETRIES, maximum_event_age_in_seconds=CALLING_SECONDS
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=self._dead_letters.arn),
            opts=self.child(args.provider, depends_on=[permission, letters_policy]),
        )
        return _Made(target=target, trigger=trigger, backup=backup, token=token)

    def _function(
        self,
        function_name: str,
        *,
        module: str,
        description: str,
        permissions: Mapping[str, object],
        settings: Mapping[str, str | pulumi.Output[str]],
        failures_to: pulumi.Output[str],
        after: list[pulumi.Resource],
    ) -> Function:
        args = self._args
        name = f"{self._name}/{module}"
        role = CrossAccountRole(
            name,
            args=CrossAccountRoleArgs(
                provider=args.provider,
                role=function_name,
                description=description,
                trust=provisioning.service_trust("lambda.amazonaws.com"),
                permissions=permissions,
                tags=TAGS,
            ),
            opts=self.inner(),
        )
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{function_name}",
            retention_in_days=args.trigger.keep_logs // _DAY,
            tags=dict(TAGS),
            opts=self._child,
        )
        function = aws.lambda_.Function(
            name,
            name=function_name,
            description=description,
            role=role.resources.role.arn,
            runtime=RUNTIME,
            handler=f"{FUNCTIONS.name}.{module}.handler",
            timeout=TIMEOUT,
            memory_size=256,
            code=code(),
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=dict(settings)),
            tags=dict(TAGS),
            # without its group first, Lambda would make one that keeps everything for ever
            opts=self.child(args.provider, depends_on=[role.resources.policy, log_group, *after]),
        )
        invoking = aws.lambda_.FunctionEventInvokeConfig(
            name,
            function_name=function.name,
            maximum_retry_attempts=RETRIES,
            destination_config=aws.lambda_.FunctionEventInvokeConfigDestinationConfigArgs(
                on_failure=aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(destination=failures_to)
            ),
            opts=self.child(args.provider, depends_on=[role.resources.policy]),
        )
        what = "the trigger of model events" if module == "trigger" else "the backup of model events"
        for metric, told in (
            ("Errors", "failed"),
            ("Throttles", "was not let run"),
            ("DestinationDeliveryFailures", "could not hand on what it gave up"),
        ):
            self._alarm(
                f"{module}-{metric.lower()}",
                "AWS/Lambda",
                metric,
                {"FunctionName": function_name},
                f"{what[0].upper()}{what[1:]} {told}",
            )
        return Function(function=function, role=role, log_group=log_group, invoking=invoking)

    # --- with an API destination -------------------------------------------------------------------------------

    def _destination(self, rule: aws.cloudwatch.EventRule, letters_policy: aws.sqs.QueuePolicy) -> _Made:
        args = self._args
        github = args.forge.gitlab is None
        key = "Authorization" if github else "PRIVATE-TOKEN"
        connection = aws.cloudwatch.EventConnection(
            self._name,
            name=naming.MODEL_EVENTS,
            description="The forge's token; a person puts it here",
            authorization_type="API_KEY",
            auth_parameters=aws.cloudwatch.EventConnectionAuthParametersArgs(
                api_key=aws.cloudwatch.EventConnectionAuthParametersApiKeyArgs(key=key, value=_NO_TOKEN)
            ),
            # The value never passes through the stack: a person sets it in AWS, and the stack leaves it there.
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(ignore_changes=["authParameters"])),
        )
        destination = aws.cloudwatch.EventApiDestination(
            self._name,
            name=naming.MODEL_EVENTS,
            description="Starts the forge's pipeline",
            connection_arn=connection.arn,
            http_method="POST",
            invocation_endpoint=model_events.endpoint(args.forge, args.trigger.api),
            invocation_rate_limit_per_second=1,
            opts=self._child,
        )
        role = CrossAccountRole(
            f"{self._name}/call",
            args=CrossAccountRoleArgs(
                provider=args.provider,
                role=naming.MODEL_EVENTS_CALL,
                description="Lets EventBridge call the forge",
                trust=provisioning.service_trust("events.amazonaws.com", args.registry.account_id),
                permissions=model_events.destination_role(args.registry),
                tags=TAGS,
            ),
            opts=self.inner(),
        )
        target = aws.cloudwatch.EventTarget(
            self._name,
            rule=rule.name,
            target_id="forge",
            arn=destination.arn,
            role_arn=role.resources.role.arn,
            input_transformer=aws.cloudwatch.EventTargetInputTransformerArgs(
                input_paths=dict(model_events.INPUT_PATHS), input_template=model_events.input_template(args.forge)
            ),
            http_target=_headers(github=github),
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_retry_attempts=CALLING_TRIES, maximum_event_age_in_seconds=CALLING_SECONDS
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=self._dead_letters.arn),
            opts=self.child(args.provider, depends_on=[role.resources.policy, letters_policy]),
        )
        return _Made(target=target, destination=destination)

    def _alarm(
        self,
        end: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        description: str,
        *,
        statistic: str = "Sum",
    ) -> None:
        self._alarms[end] = aws.cloudwatch.MetricAlarm(
            f"{self._name}/{end}",
            name=f"{naming.MODEL_EVENTS}-{end}",
            alarm_description=description,
            namespace=namespace,
            metric_name=metric,
            dimensions=dict(dimensions),
            statistic=statistic,
            period=60,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self._topic.arn],
            ok_actions=[self._topic.arn],
            tags=dict(TAGS),
            opts=self._child,
        )


@dataclass(frozen=True, kw_only=True)
class _Made:
    target: aws.cloudwatch.EventTarget
    trigger: Function | None = None
    backup: Function | None = None
    token: aws.secretsmanager.Secret | None = None
    destination: aws.cloudwatch.EventApiDestination | None = None


def code() -> pulumi.AssetArchive:
    """Return the functions' code: the same texts make the same archive, whatever the files' times are."""
    files = sorted(FUNCTIONS.glob("*.py"))
    return pulumi.AssetArchive(
        {f"{FUNCTIONS.name}/{file.name}": pulumi.StringAsset(file.read_text(encoding="utf-8")) for file in files}
    )


def _headers(*, github: bool) -> aws.cloudwatch.EventTargetHttpTargetArgs | None:
    if not github:
        return None
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    return aws.cloudwatch.EventTargetHttpTargetArgs(header_parameters=headers)
