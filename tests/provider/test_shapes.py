"""What inputs may be: AWS's own limits, each failure with its path, and nothing of the API left out."""

from __future__ import annotations

import asyncio
import inspect
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import jsonschema
import pulumi
import pytest

from components import greengrassv2
from edgewright.documents.request import create_deployment_request
from edgewright.provider import python_types, reference
from edgewright.provider.configuration import check_config, configure
from edgewright.provider.deployment import DeploymentResource
from edgewright.provider.fields import Items, Mapped, Number, Record, Text
from edgewright.provider.plugin import UNKNOWN
from edgewright.provider.schema import package_schema, records
from edgewright.provider.shapes import COMPONENT_VERSION, DEPLOYMENT, DYNAMIC_THING_GROUP, PROVIDER

GROUP = "arn:aws:iot:eu-west-1:222222222222:thinggroup/ring"
RATE = ("iotJobConfiguration", "jobExecutionsRolloutConfig")
FULL: dict[str, Any] = {
    "targetArn": GROUP,
    "deploymentName": "ring",
    "parentTargetArn": "arn:aws:iot:eu-west-1:222222222222:thinggroup/parent",
    "components": {
        "aws.greengrass.Nucleus": {"componentVersion": "2.14.3", "config": {"jvmOptions": "-Xmx64m"}},
        "com.acme.app": {
            "componentVersion": "1.0.0",
            "config": {"list": [1, {"a": 1}], "deep": {"er": None}},
            "reset": ["/old", "/deep/x~1y", ""],
            "runWith": {
                "posixUser": "ggc_user:ggc_group",
                "windowsUser": "ggc",
                "systemResourceLimits": {"memory": 65536, "cpus": 0.5},
            },
        },
    },
    "iotJobConfiguration": {
        "jobExecutionsRolloutConfig": {
            "maximumPerMinute": 50,
            "exponentialRate": {
                "baseRatePerMinute": 5,
                "incrementFactor": 1.5,
                "rateIncreaseCriteria": {"numberOfSucceededThings": 10},
            },
        },
        "abortConfig": {
            "criteriaList": [
                {
                    "failureType": "FAILED",
                    "action": "CANCEL",
                    "thresholdPercentage": 5.25,
                    "minNumberOfExecutedThings": 10,
                }
            ]
        },
        "timeoutConfig": {"inProgressTimeoutInMinutes": 30},
    },
    "deploymentPolicies": {
        "failureHandlingPolicy": "ROLLBACK",
        "componentUpdatePolicy": {"action": "NOTIFY_COMPONENTS", "timeoutInSeconds": 60},
        "configurationValidationPolicy": {"timeoutInSeconds": 30},
    },
    "wait": {"timeoutSeconds": 60, "succeeded": 0.95, "minimum": 2, "noneOnline": "fail"},
    "onFailure": "stop",
    "onDelete": "retain",
    "adopt": True,
    "tags": {"team": "vision"},
}


def put(*path: Any, to: Any) -> dict[str, Any]:
    news = deepcopy(FULL)
    node: Any = news
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = to
    return news


def failures(news: dict[str, Any]) -> list[str]:
    return [f"{failure.path}: {failure.reason}" for failure in DEPLOYMENT.check((), news)]


def test_everything_that_the_api_has_is_accepted() -> None:
    assert failures(FULL) == []


def test_what_is_unknown_at_preview_is_not_judged() -> None:
    assert failures({"targetArn": UNKNOWN, "components": UNKNOWN, "wait": UNKNOWN, "tags": {"a": UNKNOWN}}) == []
    assert failures(put("components", "com.acme.app", to=UNKNOWN)) == []
    assert failures(put("components", "com.acme.app", "config", to=UNKNOWN)) == []


APP = ("components", "com.acme.app")
QUOTED = 'components["com.acme.app"]'


@pytest.mark.parametrize(
    ("news", "told"),
    [
        pytest.param({}, ["targetArn: is required", "components: is required"], id="nothing"),
        pytest.param(put("targetArn", to="ring"), ["targetArn: must match arn:"], id="target is no ARN"),
        pytest.param(
            put("targetArn", to=GROUP.replace("thinggroup", "thing")),
            ["targetArn: must be a thing group when there is a parentTargetArn"],
            id="a thing below a parent",
        ),
        pytest.param(put("deploymentName", to="x" * 257), ["deploymentName: must have at most 256"], id="long name"),
        pytest.param(
            put("components", "com.acme.app", "version", to="1.0.0"),
            [f"{QUOTED}.version: is not a known field (got '1.0.0'); did you mean 'componentVersion'?"],
            id="the guide's word",
        ),
        pytest.param(put(*APP, "componentVersion", to=1.1), [f"{QUOTED}.componentVersion: must be a string"], id="1.1"),
        pytest.param(put(*APP, "config", to="{"), [f"{QUOTED}.config: is text, but not JSON"], id="half JSON"),
        pytest.param(put(*APP, "config", to="[1]"), [f"{QUOTED}.config: must be an object"], id="a list as config"),
        pytest.param(
            put(*APP, "reset", to=["old", "/a~2"]),
            [f"{QUOTED}.reset[0]: is not a JSON pointer", f"{QUOTED}.reset[1]: is not a JSON pointer"],
            id="pointers",
        ),
        pytest.param(
            put(*APP, "reset", to=["/a/7"]), [f"{QUOTED}.reset[0]: has a part of digits, 7; devices"], id="digits"
        ),
        pytest.param(
            put(*APP, "config", to={"deep": {"Rate": 1, "rate": 2}}),
            [f"{QUOTED}.config: has two keys that differ only in case, /deep/Rate and /deep/rate"],
            id="keys that differ in case",
        ),
        pytest.param(
            put(*APP, "reset", to=["/" + "x" * 256]), [f"{QUOTED}.reset[0]: must have at most 256"], id="long"
        ),
        pytest.param(
            put(*APP, "reset", to=["/list/0"]), [f"{QUOTED}.reset[0]: points into a list"], id="a list element"
        ),
        pytest.param(
            put("components", "aws.greengrass.Nucleus", "reset", to=["", "/iotRoleAlias"]),
            [
                'components["aws.greengrass.Nucleus"].reset[0]: would cut the device off',
                'components["aws.greengrass.Nucleus"].reset[1]: would cut the device off',
            ],
            id="the nucleus",
        ),
        pytest.param(
            put(*APP, "runWith", "posixUser", to="a:b:c"), [f"{QUOTED}.runWith.posixUser: must match"], id="user"
        ),
        pytest.param(
            put(*APP, "runWith", "systemResourceLimits", to={"memory": -1, "cpus": "x"}),
            [
                f"{QUOTED}.runWith.systemResourceLimits.memory: must be a whole number of kilobytes",
                f"{QUOTED}.runWith.systemResourceLimits.cpus: must be a number of cores",
            ],
            id="limits",
        ),
        pytest.param(
            put(*RATE, "maximumPerMinute", to=1001),
            ["iotJobConfiguration.jobExecutionsRolloutConfig.maximumPerMinute: must be a whole number from 1 to 1000"],
            id="rate",
        ),
        pytest.param(
            put(*RATE, "maximumPerMinute", to=4),
            ["iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate"],
            id="base above maximum",
        ),
        pytest.param(
            put(*RATE, "exponentialRate", to={"baseRatePerMinute": 5, "incrementFactor": 1.25}),
            [
                "iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.incrementFactor: may have",
                "iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.rateIncreaseCriteria: is required",
            ],
            id="all three are required",
        ),
        pytest.param(
            put(*RATE, "exponentialRate", "rateIncreaseCriteria", to={}),
            ["iotJobConfiguration.jobExecutionsRolloutConfig.exponentialRate.rateIncreaseCriteria: needs"],
            id="no criterion",
        ),
        pytest.param(
            put("iotJobConfiguration", "abortConfig", "criteriaList", to=[]),
            ["iotJobConfiguration.abortConfig.criteriaList: must have at least 1"],
            id="no abort criterion",
        ),
        pytest.param(
            put("iotJobConfiguration", "abortConfig", "criteriaList", 0, "thresholdPercentage", to=5.255),
            ["iotJobConfiguration.abortConfig.criteriaList[0].thresholdPercentage: may have at most 2 decimals"],
            id="three decimals",
        ),
        pytest.param(
            put("iotJobConfiguration", "abortConfig", "criteriaList", 0, "failureType", to="failed"),
            ["iotJobConfiguration.abortConfig.criteriaList[0].failureType: must be one of"],
            id="wrong case",
        ),
        pytest.param(
            put("iotJobConfiguration", "timeoutConfig", "inProgressTimeoutInMinutes", to=10081),
            ["iotJobConfiguration.timeoutConfig.inProgressTimeoutInMinutes: must be a whole number of minutes"],
            id="more than a week",
        ),
        pytest.param(
            put("deploymentPolicies", "failureHandlingPolicy", to="ROLLBACKS"),
            ["deploymentPolicies.failureHandlingPolicy: must be one of ROLLBACK, DO_NOTHING (got 'ROLLBACKS')"],
            id="policy",
        ),
        pytest.param(put("wait", "succeeded", to=95), ["wait.succeeded: must be a number from 0 to 1"], id="per cent"),
        pytest.param(put("onFailure", to="undo"), ["onFailure: must be one of rollback, stop"], id="on failure"),
        pytest.param(put("adopt", to="yes"), ["adopt: must be true or false"], id="yes is no boolean"),
        pytest.param(put("tags", to={"aws:x": "1"}), ['tags["aws:x"]: must match'], id="AWS's own tags"),
        pytest.param(
            put("tags", to={f"k{n}": "" for n in range(50)}), ["tags: may have at most 49"], id="too many tags"
        ),
    ],
)
def test_a_bad_value_is_named_by_its_path(news: dict[str, Any], told: list[str]) -> None:
    found = failures(news)
    assert len(found) == len(told), found
    for text, start in zip(found, told, strict=True):
        assert text.startswith(start), text


def test_defaults_are_filled_in_and_configuration_has_one_form() -> None:
    news = {"targetArn": GROUP, "components": {"a": {"componentVersion": "1.0.0", "config": '{"b": 1, "a": 2}'}}}
    inputs, _ = asyncio.run(DeploymentResource().check(SimpleNamespace(configuration=None), {}, news))  # type: ignore[arg-type]
    assert inputs["wait"] == {
        "timeoutSeconds": 1800,
        "succeeded": 1.0,
        "minimum": 1,
        "noneOnline": "pass",
        "confirm": 100,
    }
    assert (inputs["onFailure"], inputs["onDelete"], inputs["adopt"]) == ("rollback", "uninstall", False)
    assert inputs["components"]["a"]["config"] == {"b": 1, "a": 2}


def test_a_target_in_another_region_is_refused_before_anything_is_looked_for(tmp_path: Any) -> None:
    cloud = asyncio.run(configure({"region": "us-east-1"}, tmp_path))
    news = {"targetArn": GROUP, "components": {}}
    context: Any = SimpleNamespace(configuration=cloud)
    _, found = asyncio.run(DeploymentResource().check(context, {}, news))
    assert [f"{failure.path}: {failure.reason}" for failure in found] == [
        (
            f"targetArn: is in eu-west-1, but its provider works in us-east-1 (got {GROUP!r}); "
            "give the resource a provider with region eu-west-1"
        )
    ]


# --- parity ----------------------------------------------------------------------------------------------------------


def _same(ours: Any, shape: Any, path: str) -> list[str]:
    """Return where a description and botocore's shape differ."""
    found = []
    if isinstance(ours, Record):
        names = {name for name in shape.members if path or name != "clientToken"}
        if path.endswith("components.*"):
            names = {"componentVersion", "config", "reset", "runWith"}
        own = set(ours.fields) - ({"wait", "onFailure", "onDelete", "adopt"} if not path else set())
        found += [f"{path}.{name}" for name in names ^ own]
        for name in names & own & set(shape.members):
            found += _same(ours.fields[name], shape.members[name], f"{path}.{name}".lstrip("."))
        found += [f"{path}.{name} required" for name in shape.required_members if not ours.fields[name].required]
    elif isinstance(ours, Mapped):
        found += _same(ours.value, shape.value, f"{path}.*")
    elif isinstance(ours, Items):
        found += _same(ours.item, shape.member, f"{path}[]")
        found += [f"{path} least"] if ours.least < shape.metadata.get("min", 0) else []
    elif isinstance(ours, Text):
        found += [f"{path} enum"] if shape.enum and list(ours.choices) != list(shape.enum) else []
        found += [f"{path} max"] if ours.most != shape.metadata.get("max") and "max" in shape.metadata else []
        found += [f"{path} min"] if ours.least < shape.metadata.get("min", 0) and not ours.choices else []
    elif isinstance(ours, Number):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        found += [f"{path} min"] if least is not None and ours.least != least else []
        found += [f"{path} max"] if most is not None and ours.most != most else []
        found += [f"{path} kind"] if (shape.type_name in {"integer", "long"}) != (ours.decimals == 0) else []
    return found


def test_numbers_that_the_engine_would_bend_travel_as_text_beside_outputs_as_well() -> None:
    async def main() -> None:
        plain = {"a": 1, "b": pulumi.Output.from_input("x")}
        assert greengrassv2.exact_config(plain) is plain
        text = greengrassv2.exact_config({"whole": 1.0, "token": pulumi.Output.secret("x")})
        assert (await text.future(), await text.is_secret()) == ('{"token":"x","whole":1.0}', True)

    asyncio.run(main())


def test_no_field_or_limit_of_create_deployment_is_missing() -> None:
    model = botocore.session.get_session().get_service_model("greengrassv2")
    assert _same(DEPLOYMENT, model.operation_model("CreateDeployment").input_shape, "") == []


def test_no_field_of_create_component_version_is_missing() -> None:
    """A recipe is an object here and bytes in the API; artifacts, sourceDigest, onDelete are ours."""
    model = botocore.session.get_session().get_service_model("greengrassv2")
    shape: Any = model.operation_model("CreateComponentVersion").input_shape
    own = {"inlineRecipe" if name == "recipe" else name for name in COMPONENT_VERSION.fields}
    assert own - {"artifacts", "onDelete", "sourceDigest"} == set(shape.members) - {"clientToken"}
    function = COMPONENT_VERSION.fields["lambdaFunction"]
    assert _same(function, shape.members["lambdaFunction"], "lambdaFunction") == []


def test_no_field_of_create_dynamic_thing_group_is_missing() -> None:
    """The API's properties are a level of their own; here they are fields like the others."""
    model = botocore.session.get_session().get_service_model("iot")
    shape: Any = model.operation_model("CreateDynamicThingGroup").input_shape
    names = set(shape.members) - {"thingGroupProperties"} | {"description", "attributes"}
    assert set(DYNAMIC_THING_GROUP.fields) - {"enableIndexing"} == names
    assert set(shape.members["thingGroupProperties"].members) == {"thingGroupDescription", "attributePayload"}
    assert set(shape.required_members) == {name for name, field in DYNAMIC_THING_GROUP.fields.items() if field.required}
    longest = shape.members["thingGroupProperties"].members["thingGroupDescription"].metadata["max"]
    assert (DYNAMIC_THING_GROUP.fields["description"].most, longest) == (2028, 2028)  # type: ignore[attr-defined]


def test_the_request_of_everything_is_one_that_botocore_accepts() -> None:
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model("greengrassv2")
    request = create_deployment_request(FULL, reset={"com.acme.app": ["/gone"]}, client_token="t", owner="a/b/c")
    report = ParamValidator().validate(request, model.operation_model("CreateDeployment").input_shape)
    assert not report.has_errors(), report.generate_report()
    update = request["components"]["com.acme.app"]["configurationUpdate"]
    assert update == {"merge": '{"deep":{"er":null},"list":[1,{"a":1}]}', "reset": ["", "/deep/x~1y", "/gone", "/old"]}
    assert request["tags"] == {"team": "vision", "edgewright:owner": "a/b/c"}


@pytest.mark.parametrize(
    ("record", "resource"),
    [
        pytest.param(DEPLOYMENT, greengrassv2.Deployment, id="Deployment"),
        pytest.param(COMPONENT_VERSION, greengrassv2.ComponentVersion, id="ComponentVersion"),
        pytest.param(DYNAMIC_THING_GROUP, greengrassv2.DynamicThingGroup, id="DynamicThingGroup"),
        pytest.param(PROVIDER, greengrassv2.Provider, id="Provider"),
    ],
)
def test_the_python_class_takes_exactly_the_inputs(record: Record, resource: type) -> None:
    snake = {"".join(f"_{c.lower()}" if c.isupper() else c for c in name) for name in record.fields}
    taken = set(inspect.signature(resource).parameters) - {"resource_name", "opts"}
    assert taken == snake


def test_the_package_schema_is_sound() -> None:
    """Against the shape of Pulumi's package metaschema, as far as we use it."""
    schema = package_schema()
    kind = {
        "type": "object",
        "properties": {
            "$ref": {"type": "string", "pattern": "^(#/types/greengrassv2:index:|pulumi.json#/Any)"},
            "type": {"enum": ["string", "number", "integer", "boolean", "array", "object"]},
            "items": {"type": "object"},
            "additionalProperties": {"type": "object"},
            "description": {"type": "string", "minLength": 5},
            "default": {"type": ["string", "number", "boolean"]},
        },
        "anyOf": [{"required": ["type"]}, {"required": ["$ref"]}],
        "additionalProperties": False,
    }
    for resource in schema["resources"].values():
        for properties in (resource["inputProperties"], resource["properties"]):
            for each in properties.values():
                jsonschema.validate(each, kind)
        assert set(resource["required"]) <= set(resource["properties"])
        assert set(resource["requiredInputs"]) <= set(resource["inputProperties"])
    references = set(_references(schema))
    assert {text.removeprefix("#/types/") for text in references if text.startswith("#")} == set(schema["types"])


def test_everything_in_the_schema_is_described() -> None:
    schema = package_schema()
    for holder in [*schema["types"].values(), *schema["resources"].values(), schema["provider"]]:
        assert len(holder["description"]) > 5
        for properties in (holder.get("properties", {}), holder.get("inputProperties", {})):
            assert [name for name, each in properties.items() if len(each.get("description", "")) < 5] == []


def test_the_reference_page_is_current(project_root: Path) -> None:
    """To make it so: python -m edgewright.provider.reference."""
    assert (project_root / reference.PAGE).read_text(encoding="utf-8") == reference.page()


def test_the_typed_inputs_of_the_classes_are_current(project_root: Path) -> None:
    """To make it so: python -m edgewright.provider.python_types."""
    assert (project_root / python_types.FILE).read_text(encoding="utf-8") == python_types.module()


def test_the_reference_page_names_every_field(tmp_path: Path) -> None:
    (tmp_path / "docs" / "reference").mkdir(parents=True)
    assert reference.main([str(tmp_path)]) == 0
    text = (tmp_path / reference.PAGE).read_text(encoding="utf-8")
    for record in (DEPLOYMENT, COMPONENT_VERSION, DYNAMIC_THING_GROUP, PROVIDER):
        for inner in records(record):
            for name in inner.fields:
                assert f"| `{name}` |" in text, f"{inner.token}.{name}"


def _references(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


# --- the provider itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("news", "told"),
    [
        pytest.param(
            {"regoin": "eu-west-1"}, "regoin: is not a known field (got 'eu-west-1'); did you mean 'region'?", id="typo"
        ),
        pytest.param({"assumeRole": {"roleArn": "x"}}, "assumeRole.roleArn: must match", id="role"),
        pytest.param({"assumeRole": "x"}, "assumeRole: is not JSON", id="text"),
        pytest.param({"allowedAccountIds": ["1"]}, "allowedAccountIds[0]: must match", id="account"),
        pytest.param({"pollSeconds": 0}, "pollSeconds: must be a number of seconds", id="poll"),
    ],
)
def test_a_bad_configuration_of_the_provider_is_named(news: dict[str, Any], told: str) -> None:
    _, found = asyncio.run(check_config(news))
    assert [f"{failure.path}: {failure.reason}"[: len(told)] for failure in found] == [told]


def test_configuration_may_be_json_text_and_the_engines_own_keys_are_no_mistakes(tmp_path: Any) -> None:
    news = {
        "version": "0.1.0",
        "region": "eu-west-1",
        "assumeRole": '{"roleArn": "arn:aws:iam::222222222222:role/r", "externalId": "ext"}',
        "allowedAccountIds": '["222222222222"]',
        "pollSeconds": "0.5",
    }
    assert asyncio.run(check_config(news))[1] == []
    cloud = asyncio.run(configure(news, tmp_path))
    assert (cloud.session.settings.role_arn, cloud.session.settings.external_id) == (
        "arn:aws:iam::222222222222:role/r",
        "ext",
    )
    assert (cloud.poll, cloud.pickup) == (0.5, 60.0)


def test_a_sandbox_is_looked_at_more_often(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    assert asyncio.run(configure({"region": "eu-west-1"}, tmp_path)).poll == 5.0
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    near = asyncio.run(configure({"region": "eu-west-1"}, tmp_path))
    assert (near.poll, near.pickup) == (0.3, 6.0)
