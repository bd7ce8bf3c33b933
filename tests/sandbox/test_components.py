"""Component versions through boto3 over HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request
from typing import Any

import pytest
import yaml

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused

ACCOUNT = "222222222222"
ARN = f"arn:aws:greengrass:eu-west-1:{ACCOUNT}:components:com.acme.app"
RECIPE: dict[str, Any] = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": "com.acme.app",
    "ComponentVersion": "1.0.0",
    "ComponentDescription": "An application.",
    "ComponentPublisher": "Acme",
    "ComponentConfiguration": {"DefaultConfiguration": {"threshold": 0.5}},
    "ComponentDependencies": {"com.acme.model": {"VersionRequirement": "^1.0.0", "DependencyType": "HARD"}},
    "Manifests": [
        {"Platform": {"os": "linux", "architecture": "amd64"}, "Lifecycle": {"run": "true"}},
        {"Name": "others", "Platform": {"os": "/darwin|windows/"}, "Lifecycle": {"run": "true"}},
    ],
}


def recipe(**parts: Any) -> bytes:
    return json.dumps({key: value for key, value in {**RECIPE, **parts}.items() if value is not ...}).encode()


@pytest.fixture
def greengrass(sandbox: Sandbox) -> Any:
    return sandbox.client("greengrassv2", "staging")


@pytest.fixture
def bucket(sandbox: Sandbox) -> str:
    s3 = sandbox.client("s3", "staging")
    s3.create_bucket(Bucket="artifacts-here", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="artifacts-here", Key="app/model.onnx", Body=b"weights")
    return "artifacts-here"


def artifact(uri: str, **parts: Any) -> list[dict[str, Any]]:
    return [{"Platform": {"os": "linux"}, "Artifacts": [{"URI": uri, **parts}]}]


def test_a_version_is_requested_then_deployable(greengrass: Any) -> None:
    made = greengrass.create_component_version(inlineRecipe=recipe(), tags={"a": "b"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["arn"], made["componentName"], made["componentVersion"]) == (
        f"{ARN}:versions:1.0.0",
        "com.acme.app",
        "1.0.0",
    )
    assert made["status"]["componentState"] == "REQUESTED"
    found = greengrass.describe_component(arn=made["arn"])
    assert found["status"]["componentState"] == "DEPLOYABLE"
    assert (found["publisher"], found["description"], found["tags"]) == ("Acme", "An application.", {"a": "b"})
    assert found["platforms"] == [
        {"name": "os=linux, architecture=amd64", "attributes": {"os": "linux", "architecture": "amd64"}},
        {"name": "others", "attributes": {"os": "/darwin|windows/"}},
    ]


@pytest.mark.parametrize("output", ["JSON", "YAML"])
def test_a_recipe_is_stored_in_normal_form(greengrass: Any, output: str) -> None:
    made = greengrass.create_component_version(inlineRecipe=recipe(), tags={"a": "b"})
    found = greengrass.get_component(arn=made["arn"], recipeOutputFormat=output)
    assert (found["recipeOutputFormat"], found["tags"]) == (output, {"a": "b"})
    read = json.loads if output == "JSON" else yaml.safe_load
    assert read(found["recipe"]) == {
        **RECIPE,
        "ComponentType": "aws.greengrass.generic",
        "Manifests": [{**manifest, "Artifacts": []} for manifest in RECIPE["Manifests"]],
        "Lifecycle": {},
    }


def test_a_recipe_may_be_yaml_and_an_unquoted_format_version_is_no_date(greengrass: Any) -> None:
    text = b"RecipeFormatVersion: 2020-01-25\ncomponentname: com.acme.app\nComponentVersion: '1.0.0'\nManifests: []\n"
    assert greengrass.create_component_version(inlineRecipe=text)["arn"] == f"{ARN}:versions:1.0.0"


def test_a_version_is_made_once(greengrass: Any) -> None:
    greengrass.create_component_version(inlineRecipe=recipe())
    answer = refused(
        greengrass.create_component_version,
        "ConflictException",
        409,
        rf"Component \[com.acme.app : 1.0.0\] for account \[{ACCOUNT}\] already exists",
        inlineRecipe=recipe(),
    )
    assert (answer["resourceId"], answer["resourceType"]) == ("com.acme.app", "COMPONENT")
    refused(
        greengrass.create_component_version,
        "ConflictException",
        409,
        r".* already exists and can't be created again with tags",
        inlineRecipe=recipe(),
        tags={"a": "b"},
    )


def test_the_same_client_token_gives_the_first_answer_again(greengrass: Any) -> None:
    first = greengrass.create_component_version(inlineRecipe=recipe(), clientToken="t")
    again = greengrass.create_component_version(inlineRecipe=recipe(), clientToken="t")
    assert again["arn"] == first["arn"]


def test_artifacts_are_read_and_their_digests_written_into_the_recipe(greengrass: Any, bucket: str) -> None:
    manifests = artifact(f"s3://{bucket}/app/model.onnx", Digest="invented", Unarchive="none")
    made = greengrass.create_component_version(inlineRecipe=recipe(Manifests=manifests))
    stored = json.loads(greengrass.get_component(arn=made["arn"])["recipe"])
    assert stored["Manifests"][0]["Artifacts"] == [
        {
            "Uri": f"s3://{bucket}/app/model.onnx",
            "Unarchive": "NONE",
            "Permission": {"Read": "OWNER", "Execute": "NONE"},
            "Digest": base64.b64encode(hashlib.sha256(b"weights").digest()).decode(),
            "Algorithm": "SHA-256",
        }
    ]


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("s3://artifacts-here/app/absent", id="no such object"),
        pytest.param("s3://nowhere-at-all/x", id="no such bucket"),
        pytest.param("s3://artifacts-far/x", id="bucket in another Region"),
        pytest.param("s3://artifacts-prod/x", id="bucket of another account without a policy"),
    ],
)
def test_an_artifact_that_cannot_be_read_is_named(greengrass: Any, bucket: str, sandbox: Sandbox, uri: str) -> None:
    for name, account, region in (("artifacts-far", "staging", "us-west-2"), ("artifacts-prod", "prod", "eu-west-1")):
        s3 = sandbox.client("s3", account, region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_object(Bucket=name, Key="x", Body=b"x")
    assert bucket == "artifacts-here"
    refused(
        greengrass.create_component_version,
        "ValidationException",
        400,
        rf"Invalid Input: Encountered following errors in Artifacts: "
        rf"{{{uri} = Specified artifact resource cannot be accessed}}",
        inlineRecipe=recipe(Manifests=artifact(uri)),
    )
    assert greengrass.list_components()["components"] == []


def test_an_artifact_of_another_account_is_read_when_its_bucket_lets_the_caller(
    greengrass: Any, sandbox: Sandbox
) -> None:
    s3 = sandbox.client("s3", "tooling")
    s3.create_bucket(Bucket="shared", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="shared", Key="x", Body=b"x")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shared/*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"}},
    }
    s3.put_bucket_policy(Bucket="shared", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    made = greengrass.create_component_version(inlineRecipe=recipe(Manifests=artifact("s3://shared/x")))
    assert made["arn"].endswith(":versions:1.0.0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(b"{", "the recipe cannot be parsed: .*", id="broken JSON"),
        pytest.param(b"a: [", "the recipe cannot be parsed: .*", id="broken YAML"),
        pytest.param(b"- a", "the recipe is not a map", id="a list"),
        pytest.param(recipe(RecipeFormatVersion="2021-01-01"), "RecipeFormatVersion must be .*", id="format"),
        pytest.param(recipe(ComponentName=...), r"ComponentName is required .*\(got None\)", id="no name"),
        pytest.param(recipe(ComponentName="com.acme/app"), "ComponentName is not valid .*", id="name"),
        pytest.param(recipe(ComponentVersion=1.0), r"ComponentVersion is required .*\(got 1.0\)", id="a number"),
        pytest.param(recipe(ComponentVersion="1.0"), "ComponentVersion is not a semantic version .*", id="version"),
        pytest.param(recipe(Manifest=[]), "the recipe has the unknown key Manifest", id="unknown key"),
        pytest.param(
            recipe(Manifests=[{"Platfrom": {}}]), r"Manifests\[0\] has the unknown key Platfrom", id="manifest key"
        ),
        pytest.param(recipe(Manifests={"a": 1}), "Manifests is not a list", id="manifests"),
        pytest.param(
            recipe(Manifests=artifact("https://example.com/x")), ".* needs a URI of s3, docker or .*", id="scheme"
        ),
        pytest.param(recipe(Manifests=artifact("s3://b/x", Unarchive="TAR")), ".*NONE or ZIP.*", id="unarchive"),
        pytest.param(recipe(Manifests=artifact("s3://b/x", Digets="x")), ".*unknown key Digets", id="artifact key"),
        pytest.param(
            recipe(Manifests=[{"Artifacts": [{"URI": "s3://b/1/x"}, {"URI": "s3://b/2/x"}]}]),
            ".*two artifacts named x",
            id="two files of one name",
        ),
        pytest.param(
            recipe(ComponentDependencies={"a": {"VersionRequirement": ">>1"}}),
            "the dependency a: '>>1' is not a version range.*",
            id="range",
        ),
        pytest.param(recipe(ComponentDescription="x" * 16_000), "the recipe has .* more than 16000", id="size"),
    ],
)
def test_a_recipe_that_greengrass_does_not_take_is_refused(greengrass: Any, text: bytes, message: str) -> None:
    refused(
        greengrass.create_component_version,
        "ValidationException",
        400,
        f"Invalid Input: {message}",
        inlineRecipe=text,
    )
    assert greengrass.list_components()["components"] == []


def test_what_greengrass_takes_although_it_is_wrong_is_taken_here_too(greengrass: Any) -> None:
    manifests = [{"Lifecycle": {"rnu": "x", "run": "a", "startup": "b"}}]
    greengrass.create_component_version(inlineRecipe=recipe(Manifests=manifests))


def test_versions_are_listed_greatest_first_in_pages(greengrass: Any) -> None:
    for version in ("1.2.0", "1.10.0", "1.9.0", "1.10.0-rc.1"):
        greengrass.create_component_version(inlineRecipe=recipe(ComponentVersion=version))
    pages = greengrass.get_paginator("list_component_versions").paginate(arn=ARN, PaginationConfig={"PageSize": 3})
    found = [v["componentVersion"] for page in pages for v in page["componentVersions"]]
    assert found == ["1.10.0", "1.10.0-rc.1", "1.9.0", "1.2.0"]
    [component] = greengrass.list_components()["components"]
    assert (component["arn"], component["latestVersion"]["componentVersion"]) == (ARN, "1.10.0")


def test_public_components_are_aws_and_nobody_can_change_them(greengrass: Any) -> None:
    public = {
        c["componentName"]: c
        for page in greengrass.get_paginator("list_components").paginate(scope="PUBLIC")
        for c in page["components"]
    }
    arn = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.Nucleus"
    assert public["aws.greengrass.Nucleus"]["arn"] == arn
    found = greengrass.describe_component(arn=f"{arn}:versions:2.14.3")
    assert (found["publisher"], found["status"]["componentState"]) == ("AWS", "DEPLOYABLE")
    refused(
        greengrass.delete_component,
        "AccessDeniedException",
        403,
        ".*owned by AWS.*",
        arn=f"{arn}:versions:2.14.3",
    )
    refused(
        greengrass.create_component_version,
        "AccessDeniedException",
        403,
        ".*owned by AWS.*",
        inlineRecipe=recipe(ComponentName="aws.greengrass.Nucleus", ComponentVersion="9.0.0"),
    )


@pytest.mark.parametrize("call", ["get_component", "describe_component", "delete_component"])
@pytest.mark.parametrize(
    "arn",
    [
        f"{ARN}:versions:9.9.9",
        "arn:aws:greengrass:eu-west-1:333333333333:components:com.acme.app:versions:1.0.0",
        f"arn:aws:greengrass:us-east-1:{ACCOUNT}:components:com.acme.app:versions:1.0.0",
    ],
)
def test_a_version_that_is_not_here_is_not_found(greengrass: Any, call: str, arn: str) -> None:
    greengrass.create_component_version(inlineRecipe=recipe())
    answer = refused(getattr(greengrass, call), "ResourceNotFoundException", 404, ".*cannot be found", arn=arn)
    assert (answer["resourceId"], answer["resourceType"]) == (arn, "COMPONENT")


def test_a_deleted_version_can_be_made_again(greengrass: Any) -> None:
    arn = greengrass.create_component_version(inlineRecipe=recipe())["arn"]
    assert greengrass.delete_component(arn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 204
    refused(greengrass.list_component_versions, "ResourceNotFoundException", 404, ".*cannot be found", arn=ARN)
    assert greengrass.create_component_version(inlineRecipe=recipe())["arn"] == arn


def test_exactly_one_source_is_given(greengrass: Any) -> None:
    refused(greengrass.create_component_version, "ValidationException", 400, "Exactly one of .*")
    refused(
        greengrass.create_component_version,
        "ValidationException",
        400,
        r".*function:f:1\] cannot be accessed",
        lambdaFunction={"lambdaArn": "arn:aws:lambda:eu-west-1:222222222222:function:f:1"},
    )


def test_an_artifact_is_got_by_a_presigned_url(greengrass: Any, bucket: str) -> None:
    manifests = artifact(f"s3://{bucket}/app/model.onnx")
    arn = greengrass.create_component_version(inlineRecipe=recipe(Manifests=manifests))["arn"]
    url = greengrass.get_component_version_artifact(arn=arn, artifactName="model.onnx")["preSignedUrl"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as opened:
        assert opened.read() == b"weights"
    refused(
        greengrass.get_component_version_artifact,
        "ResourceNotFoundException",
        404,
        ".*cannot be found",
        arn=arn,
        artifactName="absent",
    )


LINUX = {"attributes": {"os": "linux", "architecture": "amd64"}}


@pytest.mark.parametrize(
    ("requirements", "platform", "version"),
    [
        pytest.param({"thinggroup/g": "==1.1.0"}, LINUX, "1.1.0", id="a root's pin"),
        pytest.param({"a": "^1.0.0", "b": "<1.2.0"}, LINUX, "1.1.0", id="all requirements hold"),
        pytest.param({}, LINUX, "2.0.0", id="the greatest"),
        pytest.param({"a": ">=1.0.0"}, {"attributes": {"os": "windows"}}, "1.2.0", id="the platform counts"),
    ],
)
def test_candidates_are_resolved(
    greengrass: Any, requirements: dict[str, str], platform: dict[str, Any], version: str
) -> None:
    for each in ("1.0.0", "1.1.0", "1.2.0"):
        greengrass.create_component_version(inlineRecipe=recipe(ComponentVersion=each))
    greengrass.create_component_version(
        inlineRecipe=recipe(ComponentVersion="2.0.0", Manifests=[{"Platform": {"os": "linux"}}])
    )
    [found] = greengrass.resolve_component_candidates(
        platform=platform,
        componentCandidates=[{"componentName": "com.acme.app", "versionRequirements": requirements}],
    )["resolvedComponentVersions"]
    assert (found["componentVersion"], found["arn"]) == (version, f"{ARN}:versions:{version}")
    assert json.loads(found["recipe"])["ComponentVersion"] == version


def test_conflicting_requirements_are_not_resolved(greengrass: Any) -> None:
    greengrass.create_component_version(inlineRecipe=recipe())
    candidate = {
        "componentName": "com.acme.app",
        "versionRequirements": {"thinggroup/a": "==1.0.0", "thinggroup/b": "==1.0.1"},
    }
    refused(
        greengrass.resolve_component_candidates,
        "ResourceNotFoundException",
        404,
        ".*thinggroup/a requires ==1.0.0, thinggroup/b requires ==1.0.1",
        platform=LINUX,
        componentCandidates=[candidate],
    )
