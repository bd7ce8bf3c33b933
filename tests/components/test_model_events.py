"""The way of an approval to the forge, as the tooling stack makes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgewright.manifest.accounts import Forge
from tests.helpers import projects
from tests.helpers.engine import Recording

if TYPE_CHECKING:
    from tests.conftest import Golden

BACKUP, TRIGGER = "model-events/backup", "model-events/trigger"


@pytest.fixture(scope="module")
def made() -> Recording:
    return projects.run(projects.full(), "tooling")


@pytest.fixture(scope="module")
def calling() -> Recording:
    return projects.run(projects.with_trigger(projects.full(), kind="apiDestination"), "tooling")


def document(recording: Recording, typ: str, name: str, key: str = "policy") -> Any:
    return json.loads(recording.one(typ, name).inputs[key])


def test_without_a_trigger_nothing_of_it_is_made() -> None:
    recording = projects.run(projects.sample(), "tooling")
    assert not [each for each in recording.resources if "model-events" in each.name]
    assert "modelEvents" not in recording.exports


def test_the_rule_hears_of_approvals_and_rejections_of_the_groups(made: Recording) -> None:
    pattern = json.loads(made.one("EventRule", "model-events").inputs["eventPattern"])
    assert pattern == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": ["parts-model"], "ModelApprovalStatus": ["Approved", "Rejected"]},
    }


def test_a_group_that_is_there_already_is_listened_to_and_not_made(made: Recording) -> None:
    (group,) = made.of("ModelPackageGroup")
    assert group.inputs["modelPackageGroupName"] == "parts-model"
    assert group.retain_on_delete, "SageMaker deletes no group with packages"
    project = projects.full()
    models = project.organisation.models
    assert models is not None
    groups = tuple(each.model_copy(update={"existing": True}) for each in models.groups)
    organisation = project.organisation.model_copy(update={"models": models.model_copy(update={"groups": groups})})
    other = projects.run(projects.replaced(project, organisation=organisation), "tooling")
    assert other.of("ModelPackageGroup") == []
    assert other.one("EventRule", "model-events").content == made.one("EventRule", "model-events").content


def test_a_run_has_a_minute_and_one_retry_and_then_the_next_in_line(made: Recording) -> None:
    wanted = {
        TRIGGER: "function:Function/edgewright-model-events-backup",
        BACKUP: "edgewright-model-events-dead-letters",
    }
    for name, destination in wanted.items():
        assert made.one("aws:lambda/function:Function", name).inputs["timeout"] == 60
        config = made.one("FunctionEventInvokeConfig", name).inputs
        assert config["maximumRetryAttempts"] == 1
        assert config["destinationConfig"]["onFailure"]["destination"].endswith(destination)
    target = made.one("EventTarget", "model-events").inputs
    assert target["retryPolicy"]["maximumRetryAttempts"] == 1
    assert target["deadLetterConfig"]["arn"].endswith("edgewright-model-events-dead-letters")
    permission = made.one("aws:lambda/permission:Permission", "model-events").inputs
    assert (permission["principal"], permission["sourceArn"]) == (
        "events.amazonaws.com",
        "arn:aws:mock:::aws:cloudwatch/eventRule:EventRule/edgewright-model-events",
    )


def test_every_function_has_a_log_group_with_a_retention_before_it_runs(made: Recording) -> None:
    for name in (TRIGGER, BACKUP):
        function = made.one("aws:lambda/function:Function", name)
        group = made.one("LogGroup", name)
        assert group.inputs["name"] == f"/aws/lambda/{function.inputs['name']}"
        assert group.inputs["retentionInDays"] == 90
        assert group.urn in function.depends_on


def test_there_is_an_alarm_for_whatever_can_go_wrong_and_all_go_to_the_topic(made: Recording) -> None:
    alarms = [each.inputs for each in made.of("MetricAlarm")]
    said = {(each["metricName"], *each["dimensions"].values()) for each in alarms}
    functions = {each.inputs["name"] for each in made.of("aws:lambda/function:Function")}
    assert len(functions) == 2
    assert said == {
        *((metric, name) for metric in ("Errors", "Throttles", "DestinationDeliveryFailures") for name in functions),
        ("FailedInvocations", "edgewright-model-events"),
        ("ApproximateNumberOfMessagesVisible", "edgewright-model-events-dead-letters"),
    }
    for alarm in alarms:
        assert len(alarm["alarmActions"]) == 1
        assert alarm["alarmActions"][0].endswith("topic:Topic/edgewright-model-events")
        assert (alarm["threshold"], alarm["treatMissingData"]) == (1, "notBreaching")


def test_who_is_named_hears_by_mail_and_nobody_else_publishes(made: Recording, golden: Golden) -> None:
    (subscription,) = made.of("TopicSubscription")
    assert (subscription.inputs["protocol"], subscription.inputs["endpoint"]) == ("email", "mlops@acme.example")
    text = json.dumps(document(made, "TopicPolicy", "model-events"), indent=2)
    golden("model-events/topic-policy.json", text + "\n")


@pytest.mark.parametrize("name", ["trigger", "backup"])
def test_the_roles_may_do_what_the_functions_do_and_no_more(made: Recording, golden: Golden, name: str) -> None:
    text = json.dumps(document(made, "aws:iam/rolePolicy:RolePolicy", f"model-events/{name}"), indent=2)
    golden(f"model-events/{name}-role.json", text + "\n")
    assert '"*"' not in text


def test_the_dead_letters_come_from_this_rule_and_the_backup_only(made: Recording, golden: Golden) -> None:
    text = json.dumps(document(made, "QueuePolicy", "model-events"), indent=2)
    golden("model-events/queue-policy.json", text + "\n")
    assert made.one("Queue", "model-events").inputs["messageRetentionSeconds"] == 14 * 86400


def test_the_token_is_nowhere_in_the_stack(made: Recording, calling: Recording) -> None:
    secret = made.one("Secret", "model-events").inputs
    assert set(secret) <= {"name", "description", "tags"}
    assert not made.of("SecretVersion")
    variables = made.one("aws:lambda/function:Function", TRIGGER).inputs["environment"]["variables"]
    assert variables["TOKEN_SECRET"] == "edgewright/model-events/forge-token"
    parameters = calling.one("EventConnection", "model-events").inputs["authParameters"]
    assert parameters["apiKey"]["value"] == "put-the-token-in-the-connection"


def test_the_archive_depends_on_the_texts_only(made: Recording) -> None:
    assets = made.one("aws:lambda/function:Function", TRIGGER).inputs["code"].assets
    assert {"model_events/trigger.py", "model_events/backup.py", "model_events/__init__.py"} <= set(assets)
    again = projects.run(projects.full(), "tooling").one("aws:lambda/function:Function", BACKUP).inputs["code"].assets
    assert {name: asset.text for name, asset in again.items()} == {name: asset.text for name, asset in assets.items()}


def test_eventbridge_calls_the_forge_itself_where_that_is_wanted(calling: Recording) -> None:
    assert calling.of("aws:lambda/function:Function") == []
    destination = calling.one("EventApiDestination", "model-events").inputs
    assert destination["invocationEndpoint"] == "https://api.github.com/repos/acme/edge-fleets/dispatches"
    target = calling.one("EventTarget", "model-events").inputs
    assert target["deadLetterConfig"]["arn"]
    said = json.loads(target["inputTransformer"]["inputTemplate"])
    assert said["event_type"] == "edgewright-model"
    assert {value.strip("<>") for name, value in said["client_payload"].items() if name != "schema"} == set(
        target["inputTransformer"]["inputPaths"]
    )
    pattern = json.loads(calling.one("EventRule", "model-events").inputs["eventPattern"])
    assert pattern["detail"]["$or"] == [
        {"UpdatedModelPackageFields": ["ModelApprovalStatus"]},
        {"UpdatedModelPackageFields": [{"exists": False}]},
    ]
    statements = document(calling, "aws:iam/rolePolicy:RolePolicy", "model-events/call")["Statement"]
    assert [each["Action"] for each in statements] == [["events:InvokeApiDestination"]]
    metrics = {each.inputs["metricName"] for each in calling.of("MetricAlarm")}
    assert metrics == {"FailedInvocations", "ApproximateNumberOfMessagesVisible"}


def test_gitlab_is_called_at_its_own_host() -> None:
    forge = Forge.model_validate({"gitlab": {"project": "acme/edge/fleets", "host": "git.acme.example"}})
    project = projects.with_trigger(projects.full(), forge=forge)
    by_function = projects.run(project, "tooling").one("aws:lambda/function:Function", TRIGGER).inputs
    variables = by_function["environment"]["variables"]
    assert (variables["FORGE"], variables["FORGE_API"]) == ("gitlab", "https://git.acme.example/api/v4")
    calling = projects.run(projects.with_trigger(project, kind="apiDestination"), "tooling")
    endpoint = calling.one("EventApiDestination", "model-events").inputs["invocationEndpoint"]
    assert endpoint == "https://git.acme.example/api/v4/projects/acme%2Fedge%2Ffleets/pipeline"
    said = json.loads(calling.one("EventTarget", "model-events").inputs["inputTransformer"]["inputTemplate"])
    assert {"key": "EDGEWRIGHT_MODEL_ARN", "value": "<model_arn>"} in said["variables"]
    assert calling.one("EventConnection", "model-events").inputs["authParameters"]["apiKey"]["key"] == "PRIVATE-TOKEN"
