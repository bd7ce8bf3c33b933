"""API destinations of EventBridge: what is called, how often, and what becomes of an event that nobody takes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.documents import model_events
from edgewright.manifest.accounts import Forge
from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.events.destinations import InvocationError, Policy, deliver, request, send
from edgewright.sandbox.events.transform import find, transform
from tests.functions.forges import FakeForge, forge
from tests.sandbox.waiting import until

STAGE, ACCOUNT = "staging", "222222222222"
ARN = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/parts/1"
GITHUB = Forge.model_validate({"github": {"repository": "acme/edge-fleets"}})
GITLAB = Forge.model_validate({"gitlab": {"project": "acme/edge/fleets", "host": "gitlab.example"}})

TEXTS = st.text() | st.sampled_from(['"', "\\", '", "x": "', "<name>", "$(id)", "\n", "</script>", "\\u0022"])


# --- input transformers ----------------------------------------------------------------------------------------


@given(value=TEXTS)
def test_a_value_between_quotes_stays_one_string_whatever_is_in_it(value: str) -> None:
    made = transform('{"a": "<x>", "b": "is <x>", "c": 1}', {"x": "$.detail.x"}, {"detail": {"x": value}})
    assert made == {"a": value, "b": f"is {value}", "c": 1}


@given(value=st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, st.lists, max_leaves=5))
def test_a_value_without_quotes_stays_what_it_is(value: Any) -> None:
    assert transform('{"a": <x>}', {"x": "$.x"}, {"x": value}) == {"a": value}


def test_what_an_event_has_not_leaves_nothing_and_what_is_no_variable_stays() -> None:
    paths = {"gone": "$.detail.gone.further", "number": "$.n", "first": "$.list[0]['a b']"}
    event = {"detail": {}, "n": 7, "list": [{"a b": "one"}]}
    made = transform('{"a": "<gone>", "b": <gone>, "c": "<number>", "d": "<other>", "e": "<first>"}', paths, event)
    assert made == {"a": "", "b": None, "c": "7", "d": "<other>", "e": "one"}
    assert find(event, "$") == event
    assert find(event, "$.list[3]") is None
    with pytest.raises(ValueError, match="Expecting"):
        transform("{<number>}", paths, event)


# --- tries -----------------------------------------------------------------------------------------------------


def tried(*outcomes: InvocationError | None, policy: Policy) -> tuple[int, dict[str, str]]:
    """How often a destination is called that answers so, the last outcome again and again; and the dead letter."""
    left, calls = list(outcomes), 0

    def call() -> None:
        nonlocal calls
        calls += 1
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if outcome is not None:
            raise outcome

    result = deliver(call, policy)
    assert result.retries == calls - 1
    return calls, result.attributes


DOWN = InvocationError("ERROR_FROM_TARGET", "the endpoint answered 503.", passing=True)
NO = InvocationError("SDK_CLIENT_ERROR", "the endpoint answered 404.", passing=False)


def test_what_may_pass_is_tried_as_often_as_the_target_says_and_no_longer() -> None:
    assert tried(DOWN, DOWN, None, policy=Policy(5)) == (3, {})
    calls, letter = tried(DOWN, policy=Policy(2))
    assert (calls, letter["RETRY_ATTEMPTS"], letter["EXHAUSTED_RETRY_CONDITION"]) == (3, "2", "MaximumRetryAttempts")
    calls, letter = tried(DOWN, policy=Policy(185, 60))
    assert (calls, letter["EXHAUSTED_RETRY_CONDITION"]) == (6, "MaximumEventAgeInSeconds")  # 1+2+4+8+16 s, then 32
    assert tried(DOWN, policy=Policy())[0] == 186
    patient = InvocationError("THROTTLING", "the endpoint answered 429.", passing=True, after=50)
    assert tried(patient, policy=Policy(185, 60))[0] == 2


def test_what_cannot_pass_is_not_tried_again() -> None:
    calls, letter = tried(DOWN, NO, policy=Policy(5))
    assert calls == 2
    assert letter == {
        "ERROR_CODE": "SDK_CLIENT_ERROR",
        "ERROR_MESSAGE": "Unable to invoke ApiDestination endpoint: the endpoint answered 404.",
        "RETRY_ATTEMPTS": "1",
    }


@pytest.mark.parametrize(
    ("status", "passing"),
    [(400, False), (401, False), (302, False), (404, False), (409, True), (422, False), (429, True), (500, True)],
)
def test_an_answer_says_whether_a_retry_may_help(status: int, *, passing: bool) -> None:
    with forge(tls=True) as fake:
        fake.status, fake.location = status, f"{fake.address}/elsewhere"
        connection = SimpleNamespace(authorization_type="API_KEY", auth_parameters=_key("s3cret"))
        made = request(_destination(fake.address), connection, {}, {})
        with pytest.raises(InvocationError) as failed:
            send(made)
        assert failed.value.passing is passing
        assert "s3cret" not in str(failed.value)
        assert failed.value.__cause__ is None
        assert len(fake.calls) == 1, "no redirect is followed: it would take the secret along"
    with pytest.raises(InvocationError, match="cannot be reached") as failed:
        send(made)
    assert failed.value.passing


def _key(value: str, **more: Any) -> dict[str, Any]:
    return {"ApiKeyAuthParameters": {"ApiKeyName": "Authorization", "ApiKeyValue": value}, **more}


def _destination(address: str) -> Any:
    return SimpleNamespace(invocation_endpoint=address, http_method="POST")


def test_a_connection_and_a_target_add_to_a_call_and_the_connection_counts_more() -> None:
    invocation = {
        "HeaderParameters": [{"Key": "X-Both", "Value": "connection"}, {"Key": "user-agent", "Value": "mine"}],
        "QueryStringParameters": [{"Key": "both", "Value": "connection"}],
        "BodyParameters": [{"Key": "token", "Value": "in the body"}],
    }
    auth = _key("s3cret", InvocationHttpParameters=invocation)
    target = {
        "HeaderParameters": {"x-both": "target", "Accept": "a/b", "authorization": "mine", "Host": "elsewhere"},
        "QueryStringParameters": {"both": "target", "own": "a&b"},
        "PathParameterValues": ["a/../b"],
    }
    made = request(
        _destination("https://forge.example/*/pipeline?x=1"),
        SimpleNamespace(authorization_type="API_KEY", auth_parameters=auth),
        target,
        {"ref": "main", "token": "from the event"},
    )
    assert made.url == "https://forge.example/a%2F..%2Fb/pipeline?x=1&both=connection&own=a%26b"
    assert made.headers == {
        "Content-Type": "application/json; charset=utf-8",
        "X-Both": "connection",
        "Accept": "a/b",
        "Authorization": "s3cret",
        "User-Agent": "Amazon/EventBridge/ApiDestinations",
        "Range": "bytes=0-1048575",
        "Accept-Encoding": "gzip,deflate",
    }
    assert json.loads(made.body) == {"ref": "main", "token": "in the body"}
    connection = SimpleNamespace(authorization_type="API_KEY", auth_parameters=auth)
    with pytest.raises(InvocationError, match="no HTTPS address"):
        request(_destination("http://forge.example/"), connection, {}, {})


# --- in the sandbox --------------------------------------------------------------------------------------------


class Way:
    """A rule that calls a forge, as the program makes it."""

    def __init__(self, sandbox: Sandbox, said: Forge, fake: FakeForge, *, let: bool = True) -> None:
        self.events, self.sqs = sandbox.client("events", STAGE), sandbox.client("sqs", STAGE)
        self.sagemaker, self.cloudwatch = sandbox.client("sagemaker", STAGE), sandbox.client("cloudwatch", STAGE)
        iam = sandbox.client("iam", STAGE)
        trust = _policy({"Service": "events.amazonaws.com"}, "sts:AssumeRole")
        role = iam.create_role(RoleName="call", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        token = "Authorization" if said.gitlab is None else "PRIVATE-TOKEN"
        self.connection = self.events.create_connection(
            Name="forge",
            AuthorizationType="API_KEY",
            AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": token, "ApiKeyValue": "-"}},
        )["ConnectionArn"]
        destination = self.events.create_api_destination(
            Name="forge",
            ConnectionArn=self.connection,
            InvocationEndpoint=model_events.endpoint(said, fake.address),
            HttpMethod="POST",
        )["ApiDestinationArn"]
        if let:
            permissions = _policy(None, "events:InvokeApiDestination", destination)
            iam.put_role_policy(RoleName="call", PolicyName="call", PolicyDocument=permissions)
        letters = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:letters"
        policy = _policy({"Service": "events.amazonaws.com"}, "sqs:SendMessage", letters)
        self.url = self.sqs.create_queue(QueueName="letters", Attributes={"Policy": policy})["QueueUrl"]
        pattern = model_events.pattern(["parts"], changed=True)
        self.rule = self.events.put_rule(Name="approvals", EventPattern=json.dumps(pattern))["RuleArn"]
        target = {
            "Id": "1",
            "Arn": destination,
            "RoleArn": role,
            "InputTransformer": {
                "InputPathsMap": model_events.INPUT_PATHS,
                "InputTemplate": model_events.input_template(said),
            },
            "HttpParameters": {"HeaderParameters": {"Accept": "application/vnd.github+json"}},
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": letters},
        }
        self.events.put_targets(Rule="approvals", Targets=[target])
        self.destination = destination

    def put_token(self, name: str, value: str) -> None:
        """What a person does after the first update."""
        key = {"ApiKeyName": name, "ApiKeyValue": value}
        self.events.update_connection(
            Name="forge", AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": key}
        )

    def approve(self) -> str:
        self.sagemaker.create_model_package_group(ModelPackageGroupName="parts")
        specification = {
            "Containers": [{"Image": "image", "ModelDataUrl": "s3://models/parts.tar.gz"}],
            "SupportedContentTypes": ["a"],
            "SupportedResponseMIMETypes": ["b"],
        }
        arn: str = self.sagemaker.create_model_package(
            ModelPackageGroupName="parts",
            InferenceSpecification=specification,
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageArn"]
        self.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
        return arn

    def letters(self) -> list[tuple[dict[str, Any], dict[str, str]]]:
        messages = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        return [
            (json.loads(each["Body"]), {k: v["StringValue"] for k, v in each["MessageAttributes"].items()})
            for each in messages
        ]

    def measured(self, metric: str) -> float:
        found = self.cloudwatch.get_metric_data(
            MetricDataQueries=[
                {
                    "Id": "x",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/Events",
                            "MetricName": metric,
                            "Dimensions": [{"Name": "RuleName", "Value": "approvals"}],
                        },
                        "Period": 86400,
                        "Stat": "Sum",
                    },
                }
            ],
            StartTime="2020-01-01T00:00:00Z",
            EndTime="2100-01-01T00:00:00Z",
        )["MetricDataResults"][0]["Values"]
        return float(sum(found))


def _policy(principal: Any, action: str, resource: str | None = None) -> str:
    statement = {"Effect": "Allow", "Action": action}
    statement |= {"Principal": principal} if principal else {}
    statement |= {"Resource": resource} if resource else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_github_is_told_with_the_token_of_the_connection_which_nobody_reads_again(sandbox: Sandbox) -> None:
    with forge(tls=True) as fake:
        way = Way(sandbox, GITHUB, fake)
        way.put_token("Authorization", "Bearer t0ken")
        described = way.events.describe_connection(Name="forge")
        assert described["AuthParameters"] == {"ApiKeyAuthParameters": {"ApiKeyName": "Authorization"}}
        fake.statuses = [503, 429]
        package = way.approve()
        until(lambda: fake.taken)
        way.sagemaker.update_model_package(ModelPackageArn=package, CustomerMetadataProperties={"note": '"$(id)'})
    assert [call.headers["X-Was"] for call in fake.calls] == ["refused", "refused", "taken"], "two retries, once taken"
    (call,) = fake.taken
    assert call.path == "/repos/acme/edge-fleets/dispatches"
    assert call.headers["Authorization"] == "Bearer t0ken"
    assert call.headers["User-Agent"] == "Amazon/EventBridge/ApiDestinations"
    assert call.headers["Accept"] == "application/vnd.github+json"
    body = json.loads(call.body)
    assert body["event_type"] == "edgewright-model"
    assert body["client_payload"] == {
        "schema": "edgewright/model-event/v1",
        "model_arn": package,
        "model_group": "parts",
        "model_version": "1",
        "approval": "Approved",
        "event_id": body["client_payload"]["event_id"],
    }
    assert way.letters() == []
    assert (way.measured("Invocations"), way.measured("FailedInvocations")) == (1, 0), "metadata are no approval"


def test_gitlab_gets_a_pipeline_with_variables(sandbox: Sandbox) -> None:
    with forge(tls=True) as fake:
        way = Way(sandbox, GITLAB, fake)
        way.put_token("PRIVATE-TOKEN", "t0ken")
        package = way.approve()
        until(lambda: fake.taken)
    (call,) = fake.taken
    assert call.path == "/projects/acme%2Fedge%2Ffleets/pipeline"
    assert {name.upper(): value for name, value in call.headers.items()}["PRIVATE-TOKEN"] == "t0ken"
    body = json.loads(call.body)
    assert body["ref"] == "main"
    variables = {each["key"]: each["value"] for each in body["variables"]}
    assert (variables["EDGEWRIGHT_MODEL_ARN"], variables["EDGEWRIGHT_APPROVAL"]) == (package, "Approved")


@pytest.mark.parametrize(
    ("status", "calls", "error"),
    [
        pytest.param(401, 1, {"ERROR_CODE": "SDK_CLIENT_ERROR", "RETRY_ATTEMPTS": "0"}, id="wrong token"),
        pytest.param(
            503,
            3,
            {
                "ERROR_CODE": "ERROR_FROM_TARGET",
                "RETRY_ATTEMPTS": "2",
                "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            },
            id="down",
        ),
    ],
)
def test_an_event_that_the_forge_does_not_take_is_a_dead_letter_that_says_why(
    sandbox: Sandbox, status: int, calls: int, error: dict[str, str]
) -> None:
    with forge(tls=True) as fake:
        fake.status = status
        way = Way(sandbox, GITHUB, fake)
        package = way.approve()
        ((event, attributes),) = until(way.letters)
    assert event["detail"]["ModelPackageArn"] == package, "the event itself, not what became of it on the way"
    message = f"Unable to invoke ApiDestination endpoint: the endpoint answered {status}."
    about = {"RULE_ARN": way.rule, "TARGET_ARN": way.destination, "ERROR_MESSAGE": message}
    assert attributes == {**about, **error}
    assert len(fake.calls) == calls
    assert way.measured("FailedInvocations") == way.measured("InvocationsSentToDlq") == 1


def test_a_role_that_may_not_call_is_a_dead_letter_at_once(sandbox: Sandbox) -> None:
    with forge(tls=True) as fake:
        way = Way(sandbox, GITHUB, fake, let=False)
        way.approve()
        ((_, attributes),) = until(way.letters)
        assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
        assert fake.calls == []
