"""A component version on a sandbox: published once, adopted when it is the same, never overwritten."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from edgewright.documents import provisioning
from edgewright.provider.component_version import ComponentVersionResource
from edgewright.provider.plugin import UNKNOWN, Kind, PartialFailureError, PluginError, is_unknown
from edgewright.provider.recipe_content import CONTENT_TAG, content_digest
from tests.provider.conftest import ACCOUNT, Engine

BUCKET = "acme-artifacts-222222222222-eu-west-1"
LAMBDA = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:filter"
resource = ComponentVersionResource()


def recipe(version: str = "1.0.0", uri: str | None = None, **more: Any) -> dict[str, Any]:
    manifest: dict[str, Any] = {"Platform": {"os": "linux"}, "Lifecycle": {"run": "true"}}
    if uri is not None:
        manifest["Artifacts"] = [{"URI": uri, "Unarchive": "NONE"}]
    return {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.acme.model",
        "ComponentVersion": version,
        "Manifests": [manifest],
        **more,
    }


@pytest.fixture
def artifact(engine: Engine) -> dict[str, str]:
    """A file of the project, and the bucket it goes to."""
    client = engine.cloud.session.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    (engine.project / "model.bin").write_bytes(b"weights")
    sha = hashlib.sha256(b"weights").hexdigest()
    return {"uri": f"s3://{BUCKET}/components/com.acme.model/{sha}/model.bin", "sha256": sha, "source": "model.bin"}


def create(engine: Engine, *, preview: bool = False, **inputs: Any) -> Any:
    return engine.run(resource.create(engine.context(preview=preview), inputs))


def diff(engine: Engine, outputs: dict[str, Any], **inputs: Any) -> Any:
    return engine.run(resource.diff(engine.context(), "id", {}, outputs, inputs))


def test_the_artifact_is_uploaded_once_and_the_version_can_be_deployed(
    engine: Engine, artifact: dict[str, str]
) -> None:
    created = create(engine, recipe=recipe(uri=artifact["uri"]), artifacts=[artifact], tags={"team": "vision"})
    arn = f"arn:aws:greengrass:eu-west-1:{ACCOUNT}:components:com.acme.model:versions:1.0.0"
    assert (created.resource_id, created.outputs["arn"], created.outputs["componentState"]) == (arn, arn, "DEPLOYABLE")
    tags = engine.run(engine.cloud.tags(arn))
    assert tags == {"team": "vision", CONTENT_TAG: created.outputs["contentDigest"]}
    key = artifact["uri"].split("/", 3)[3]
    body = engine.cloud.session.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert body == b"weights"


def test_the_same_version_again_is_adopted(engine: Engine, artifact: dict[str, str]) -> None:
    inputs = {"recipe": recipe(uri=artifact["uri"]), "artifacts": [artifact]}
    first = create(engine, **inputs)
    (engine.project / "model.bin").unlink()
    inputs["artifacts"] = [{key: value for key, value in artifact.items() if key != "source"}]
    second = create(engine, **inputs)
    assert second.resource_id == first.resource_id
    assert any("adopted com.acme.model 1.0.0" in text for _, text in engine.said)


def test_a_version_without_our_tag_is_compared_by_its_recipe(engine: Engine) -> None:
    client = engine.cloud.session.client("greengrassv2")
    client.create_component_version(
        inlineRecipe=b'{"RecipeFormatVersion":"2020-01-25","ComponentName":"com.acme.model","ComponentVersion":"1.0.0",'
        b'"Manifests":[{"Lifecycle":{"run":"true"},"Platform":{"os":"linux"}}]}'
    )
    created = create(engine, recipe=recipe())
    assert engine.run(engine.cloud.tags(created.resource_id))[CONTENT_TAG] == created.outputs["contentDigest"]
    client.create_component_version(
        inlineRecipe=b'{"RecipeFormatVersion":"2020-01-25","ComponentName":"com.acme.model","ComponentVersion":"2.0.0",'
        b'"Manifests":[{"Lifecycle":{"run":"false"},"Platform":{"os":"linux"}}]}'
    )
    with pytest.raises(PluginError, match=r"its recipe differs, here it is .* bump the version"):
        create(engine, recipe=recipe("2.0.0"))


def test_other_content_under_a_published_version_is_refused(engine: Engine) -> None:
    create(engine, recipe=recipe())
    with pytest.raises(PluginError, match=r"com.acme.model 1.0.0 exists in account 222222222222 .* bump the version"):
        create(engine, recipe=recipe(ComponentDescription="changed"))


def test_an_object_with_other_content_is_never_overwritten(engine: Engine, artifact: dict[str, str]) -> None:
    key = artifact["uri"].split("/", 3)[3]
    client = engine.cloud.session.client("s3")
    client.put_object(Bucket=BUCKET, Key=key, Body=b"other", ChecksumAlgorithm="SHA256")
    with pytest.raises(PluginError, match=r"exists with other content .* never overwritten"):
        create(engine, recipe=recipe(uri=artifact["uri"]), artifacts=[artifact])
    assert client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"other"


def test_an_object_without_a_checksum_is_read_to_be_sure(engine: Engine, artifact: dict[str, str]) -> None:
    key = artifact["uri"].split("/", 3)[3]
    engine.cloud.session.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"weights")
    assert create(engine, recipe=recipe(uri=artifact["uri"]), artifacts=[artifact]).outputs["componentState"]


@pytest.mark.parametrize("preview", [pytest.param(True, id="at preview"), pytest.param(False, id="at update")])
def test_a_changed_local_file_is_refused(engine: Engine, artifact: dict[str, str], preview: bool) -> None:  # noqa: FBT001
    (engine.project / "model.bin").write_bytes(b"changed")
    with pytest.raises(PluginError, match=r"the artifact file model.bin has SHA-256"):
        create(engine, recipe=recipe(uri=artifact["uri"]), artifacts=[artifact], preview=preview)


def test_a_missing_local_file_is_named(engine: Engine, artifact: dict[str, str]) -> None:
    missing = {**artifact, "source": "gone.bin"}
    with pytest.raises(PluginError, match=r"the artifact file gone.bin does not exist"):
        create(engine, recipe=recipe(uri=artifact["uri"]), artifacts=[missing], preview=True)


def test_a_preview_calls_nothing_and_knows_what_follows_from_the_recipe(engine: Engine) -> None:
    created = create(engine, recipe=recipe(), preview=True)
    assert (created.outputs["componentName"], created.outputs["componentVersion"]) == ("com.acme.model", "1.0.0")
    assert created.outputs["contentDigest"] == content_digest(recipe(), ())
    assert is_unknown(created.outputs["arn"])
    assert is_unknown(create(engine, recipe=recipe(uri=UNKNOWN), preview=True).outputs["contentDigest"])  # type: ignore[arg-type]


def test_a_bucket_that_the_service_cannot_read_is_explained(engine: Engine, artifact: dict[str, str]) -> None:
    uri = f"s3://{BUCKET}/not/there"
    with pytest.raises(PluginError, match="s3:GetObject on each artifact"):
        create(engine, recipe=recipe(uri=uri))


def test_a_new_version_is_a_replacement(engine: Engine) -> None:
    outputs = create(engine, recipe=recipe()).outputs
    found = diff(engine, outputs, recipe=recipe("2.0.0"))
    assert found.detailed == {"recipe.ComponentVersion": Kind.UPDATE_REPLACE}
    assert not found.delete_before_replace


def test_a_published_version_that_changed_is_an_error_at_preview(engine: Engine) -> None:
    outputs = create(engine, recipe=recipe()).outputs
    with pytest.raises(PluginError, match=r"differs: ComponentDescription\); bump the version"):
        diff(engine, outputs, recipe=recipe(ComponentDescription="changed"))


def test_order_of_keys_and_what_the_service_fills_in_are_no_change(engine: Engine) -> None:
    outputs = create(engine, recipe=recipe()).outputs
    same = dict(reversed(list(recipe().items())))
    same["Manifests"] = [{**same["Manifests"][0], "Artifacts": None}]
    assert not diff(engine, outputs, recipe=same).changes


def test_tags_change_in_place(engine: Engine) -> None:
    created = create(engine, recipe=recipe(), tags={"a": "1", "b": "2"})
    news = {"recipe": recipe(), "tags": {"a": "3"}}
    assert set(diff(engine, created.outputs, **news).detailed) == {"tags.a", "tags.b"}
    engine.run(resource.update(engine.context(), created.resource_id, {}, created.outputs, news))
    tags = engine.run(engine.cloud.tags(created.resource_id))
    assert tags == {"a": "3", CONTENT_TAG: created.outputs["contentDigest"]}


def test_reading_sees_tags_and_absence(engine: Engine) -> None:
    inputs: dict[str, Any] = {"recipe": recipe(), "tags": {"a": "1"}}
    created = create(engine, **inputs)
    engine.run(engine.cloud.retag(created.resource_id, {"a": "1"}, {"a": "2"}))
    read = engine.run(resource.read(engine.context(), created.resource_id, inputs, created.outputs))
    assert read is not None
    assert read.inputs == {"recipe": recipe(), "onDelete": "retain", "tags": {"a": "2"}}
    inputs = {**inputs, "onDelete": "delete"}
    engine.run(resource.delete(engine.context(), created.resource_id, inputs, created.outputs))
    assert engine.run(resource.read(engine.context(), created.resource_id, inputs, created.outputs)) is None
    engine.run(resource.delete(engine.context(), created.resource_id, inputs, created.outputs))  # gone is deleted


def test_a_version_that_leaves_the_program_stays_in_aws(engine: Engine) -> None:
    created = create(engine, recipe=recipe())
    engine.run(resource.delete(engine.context(), created.resource_id, {}, created.outputs))
    assert engine.run(resource.read(engine.context(), created.resource_id, {}, created.outputs)) is not None
    assert engine.said[-1] == ("info", "kept in AWS, so that a revert still finds it (onDelete: retain)")
    outputs = {**created.outputs, "onDelete": "retain"}
    assert diff(engine, outputs, recipe=recipe(), onDelete="delete").detailed == {"onDelete": Kind.UPDATE}


# --- from a Lambda function ------------------------------------------------------------------------------------------


@pytest.fixture
def function(engine: Engine) -> str:
    """The ARN of version 1 of a Lambda function."""
    trust = json.dumps(provisioning.service_trust("lambda.amazonaws.com"))
    iam = engine.cloud.session.client("iam")
    role = iam.create_role(RoleName="f", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", "def handle(event, context): return event")
    code = {"ZipFile": buffer.getvalue()}
    made = engine.cloud.session.client("lambda").create_function(
        FunctionName="filter", Runtime="python3.12", Handler="main.handle", Role=role, Code=code, Publish=True
    )
    return f"{made['FunctionArn'].removesuffix(':1')}:1"


def test_a_lambda_function_becomes_a_component_by_its_own_name_and_version(engine: Engine, function: str) -> None:
    inputs = {"lambdaFunction": {"lambdaArn": function, "componentLambdaParameters": {"pinned": False}}}
    created = create(engine, **inputs)
    assert created.resource_id.endswith(":components:filter:versions:1.0.0")
    stored = engine.cloud.session.client("greengrassv2").get_component(arn=created.resource_id)["recipe"]
    assert json.loads(stored)["ComponentSource"] == function
    assert json.loads(stored)["ComponentConfiguration"]["DefaultConfiguration"]["pinned"] is False
    assert create(engine, **inputs).resource_id == created.resource_id, "the same again is adopted"
    with pytest.raises(PluginError, match=r"filter 1\.0\.0 exists in account .* bump the version"):
        create(engine, lambdaFunction={"lambdaArn": function})
    with pytest.raises(PluginError, match=r"differs: componentLambdaParameters\); bump the version"):
        diff(engine, created.outputs, lambdaFunction={"lambdaArn": function})
    read = engine.run(resource.read(engine.context(), created.resource_id, inputs, created.outputs))
    assert read is not None
    assert (read.inputs or {})["lambdaFunction"] == inputs["lambdaFunction"]


def test_another_version_of_the_function_is_another_component_version(engine: Engine, function: str) -> None:
    outputs = create(engine, lambdaFunction={"lambdaArn": function}).outputs
    found = diff(engine, outputs, lambdaFunction={"lambdaArn": function.replace(":filter:1", ":filter:2")})
    assert found.detailed == {"lambdaFunction.lambdaArn": Kind.UPDATE_REPLACE}
    named = {"lambdaArn": function, "componentVersion": "1.0.1"}
    assert set(diff(engine, outputs, lambdaFunction=named).detailed) == {"lambdaFunction.componentVersion"}


SOURCE = "sha256:" + "1" * 64


def test_a_function_that_was_made_again_from_the_same_is_the_same_component(engine: Engine, function: str) -> None:
    """AWS gives no version number twice, also when the function was deleted; the component has a copy of the code."""

    def inputs(arn: Any, source: str = SOURCE, **more: Any) -> dict[str, Any]:
        named = {"lambdaArn": arn, "componentName": "com.acme.filter", "componentVersion": "1.0.0", **more}
        return {"lambdaFunction": named, "sourceDigest": source}

    again = function.replace(":filter:1", ":filter:2")
    created = create(engine, **inputs(function))
    assert engine.run(resource.check(engine.context(), {}, inputs(again)))[1] == []
    assert diff(engine, created.outputs, **inputs(again)).detailed == {}
    assert diff(engine, created.outputs, **inputs(UNKNOWN)).detailed == {}, "nor is one that is about to be made again"
    planned = create(engine, preview=True, **inputs(UNKNOWN)).outputs
    assert (planned["componentName"], planned["contentDigest"]) == ("com.acme.filter", created.outputs["contentDigest"])
    engine.cloud.session.client("lambda").delete_function(FunctionName="filter")
    assert create(engine, **inputs(again)).resource_id == created.resource_id, "adopted, and the function is not asked"
    read = engine.run(resource.read(engine.context(), created.resource_id, inputs(function), created.outputs))
    assert read is not None
    assert (read.inputs or {})["sourceDigest"] == SOURCE
    assert diff(engine, read.outputs, **inputs(again), onDelete="retain").detailed == {}
    with pytest.raises(PluginError, match=r"com\.acme\.filter 1\.0\.0 is published .* \(differs: sourceDigest\); bump"):
        diff(engine, created.outputs, **inputs(again, source="sha256:" + "2" * 64))
    with pytest.raises(PluginError, match=r"\(differs: componentPlatforms\); bump the version"):
        diff(engine, created.outputs, **inputs(again, componentPlatforms=[{"attributes": {"os": "linux"}}]))
    with pytest.raises(PluginError, match=r"com\.acme\.filter 1\.0\.0 exists in account .* bump the version"):
        create(engine, **inputs(again, source="sha256:" + "2" * 64))


def test_a_function_that_is_not_there_is_told(engine: Engine, function: str) -> None:
    with pytest.raises(PluginError, match=r"The Lambda function .*:filter:9\] cannot be accessed"):
        create(engine, lambdaFunction={"lambdaArn": function.replace(":filter:1", ":filter:9")})


def test_an_import_reads_the_recipe(engine: Engine) -> None:
    created = create(engine, recipe=recipe())
    read = engine.run(resource.read(engine.context(), created.resource_id, {}, {}))
    assert read is not None
    assert not diff(engine, read.outputs, recipe=recipe(), onDelete="retain").changes


def test_an_import_of_a_version_without_our_tag_fits_the_recipe_it_was_made_from(engine: Engine) -> None:
    client = engine.cloud.session.client("greengrassv2")
    arn = client.create_component_version(inlineRecipe=json.dumps(recipe()).encode())["arn"]
    read = engine.run(resource.read(engine.context(), arn, {}, {}))
    assert read is not None
    assert not diff(engine, read.outputs, recipe=recipe(), onDelete="retain").changes
    with pytest.raises(PluginError, match="bump the version"):
        diff(engine, read.outputs, recipe=recipe(ComponentDescription="changed"), onDelete="retain")


@pytest.mark.parametrize(
    ("news", "told"),
    [
        pytest.param({}, "recipe: exactly one of recipe and lambdaFunction must be given (got neither)", id="nothing"),
        pytest.param(
            {"recipe": recipe(), "lambdaFunction": {"lambdaArn": f"{LAMBDA}:1"}},
            "recipe: exactly one of recipe and lambdaFunction must be given (got both)",
            id="both",
        ),
        pytest.param(
            {"lambdaFunction": {"lambdaArn": f"{LAMBDA}:$LATEST"}},
            "lambdaFunction.lambdaArn: must name one published version",
            id="$LATEST",
        ),
        pytest.param(
            {"lambdaFunction": {"lambdaArn": LAMBDA}}, "lambdaFunction.lambdaArn: must match", id="no version"
        ),
        pytest.param(
            {"lambdaFunction": {"lambdaArn": f"{LAMBDA}:1"}, "artifacts": [{"uri": "s3://abc/d", "sha256": "0" * 64}]},
            "artifacts: are for a recipe",
            id="artifacts of a function",
        ),
        pytest.param(
            {
                "lambdaFunction": {
                    "lambdaArn": f"{LAMBDA}:1",
                    "componentLambdaParameters": {"eventSources": [{"topic": "t", "type": "MQTT"}]},
                }
            },
            "lambdaFunction.componentLambdaParameters.eventSources[0].type: must be one of PUB_SUB, IOT_CORE",
            id="deep in a function",
        ),
        pytest.param(
            {"lambdaFunction": {"lambdaArn": f"{LAMBDA}:1", "componentName": "a"}, "sourceDigest": SOURCE},
            "sourceDigest: needs a name and a version that do not follow from the function's ARN",
            id="a source without a version",
        ),
        pytest.param(
            {"recipe": recipe(), "sourceDigest": SOURCE},
            "sourceDigest: is for a Lambda function",
            id="a source of none",
        ),
        pytest.param({"recipe": "a: 1"}, "recipe: must be an object", id="text"),
        pytest.param(
            {"recipe": {**recipe(), "ComponentVersion": 1.0}}, "recipe.ComponentVersion: must be text", id="1.0"
        ),
        pytest.param({"recipe": {**recipe(), "Manifests": []}}, "recipe.Manifests: must be a list", id="no manifest"),
        pytest.param(
            {"recipe": recipe(ComponentDescription="x" * 16_000)}, "recipe: is 16191 bytes as JSON", id="too large"
        ),
        pytest.param(
            {"recipe": recipe(), "artifacts": [{"uri": "s3://bucket/a", "sha256": "0" * 64}]},
            "artifacts[0].uri: is not the URI of any artifact",
            id="an artifact of nothing",
        ),
        pytest.param(
            {"recipe": recipe(), "artifacts": [{"uri": "https://x", "sha256": "X"}]},
            "artifacts[0].uri: must match",
            id="not s3",
        ),
        pytest.param(
            {"recipe": recipe(), "tag": {}}, "tag: is not a known field (got {}); did you mean 'tags'?", id="typo"
        ),
    ],
)
def test_bad_inputs_are_named_by_their_path(engine: Engine, news: dict[str, Any], told: str) -> None:
    _, failures = engine.run(resource.check(engine.context(), {}, news))
    assert any(f"{failure.path}: {failure.reason}".startswith(told) for failure in failures)


def test_an_interrupt_while_waiting_leaves_what_exists(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def requested(_cloud: Any, _arn: str) -> dict[str, Any]:
        engine.cancelled.set()
        return {"status": {"componentState": "REQUESTED"}}

    monkeypatch.setattr("edgewright.provider.component_version._described", requested)
    with pytest.raises(PartialFailureError, match="REQUESTED and not deployable yet") as caught:
        create(engine, recipe=recipe())
    assert caught.value.resource_id.endswith("com.acme.model:versions:1.0.0")


def test_a_version_that_the_service_refuses_is_cleared_away(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgewright.provider import component_version

    seen = component_version._described

    async def failed(cloud: Any, arn: str) -> dict[str, Any]:
        return {"status": {"componentState": "FAILED", "message": "no", "errors": {"s3://b/k": "cannot be read"}}}

    monkeypatch.setattr(component_version, "_described", failed)
    with pytest.raises(PluginError, match="is FAILED: no; s3://b/k: cannot be read; the failed version was cleared"):
        create(engine, recipe=recipe())
    monkeypatch.setattr(component_version, "_described", seen)
    assert create(engine, recipe=recipe()).outputs["componentState"] == "DEPLOYABLE"
