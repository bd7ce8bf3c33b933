"""Greengrass V2: every operation."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.sandbox.parity.case import (
    CONFLICT,
    MISSING,
    VALIDATION,
    Case,
    absent,
    constraint,
    enum,
    high,
    long,
    low,
    shape,
    short,
)
from tests.sandbox.parity.world import recipe

SERVICE = "greengrassv2"
ANOTHER = "greengrassv2@eu-central-1"
# fmt: off
# ruff: noqa: E501 -- a table is read by its rows
CASES: list[Case] = []
NOBODY = str(uuid.UUID(int=0))
APP = "components.com.acme.app.member"


def good(
    operation: str, name: str, _holds: dict[str, Any] | None = None, _service: str = SERVICE, **given: Any
) -> None:
    CASES.append(Case(_service, operation, given, name, holds=_holds or {}))


def bad(
    operation: str,
    name: str,
    code: str,
    message: str,
    _holds: dict[str, Any] | None = None,
    _service: str = SERVICE,
    **given: Any,
) -> None:
    status = {MISSING: 404, CONFLICT: 409, "AccessDeniedException": 403}.get(code, 400)
    CASES.append(Case(_service, operation, given, name, code, status, message, _holds or {}))


def invalid(operation: str, name: str, message: str, **given: Any) -> None:
    """A member that is not as the model says: the error says so in ``reason`` and names it in ``fields``."""
    bad(operation, name, VALIDATION, message, {"reason": "FIELD_VALIDATION_FAILED", "len(fields)": 1}, **given)


# --- CreateDeployment -------------------------------------------------------------------------------------------


def deploy(**more: Any) -> dict[str, Any]:
    return {"targetArn": "@iot:thinggroup/free", **more}


def rollout(**config: Any) -> dict[str, Any]:
    return deploy(iotJobConfiguration={"jobExecutionsRolloutConfig": config})


def rate(**more: Any) -> dict[str, Any]:
    criteria = {"numberOfNotifiedThings": 1}
    return rollout(
        exponentialRate={"baseRatePerMinute": 1, "incrementFactor": 2, "rateIncreaseCriteria": criteria, **more}
    )


def abort(**more: Any) -> dict[str, Any]:
    criterion = {"failureType": "FAILED", "action": "CANCEL", "thresholdPercentage": 5, "minNumberOfExecutedThings": 1}
    return deploy(iotJobConfiguration={"abortConfig": {"criteriaList": [{**criterion, **more}]}})


def component(**more: Any) -> dict[str, Any]:
    return deploy(components={"com.acme.app": {"componentVersion": "1.0.0", **more}})


JOB = "iotJobConfiguration"
ROLLOUT = f"{JOB}.jobExecutionsRolloutConfig"
RATE = f"{ROLLOUT}.exponentialRate"
ABORT = f"{JOB}.abortConfig.criteriaList"

good("CreateDeployment", "to a group, with everything", **{
    **component(
        configurationUpdate={"merge": '{"a": 1}', "reset": ["", "/a"]},
        runWith={"posixUser": "u:g", "systemResourceLimits": {"memory": 1024, "cpus": 0.5}},
    ),
    **abort(),
    "deploymentName": "n" * 256,
    "deploymentPolicies": {
        "failureHandlingPolicy": "DO_NOTHING",
        "componentUpdatePolicy": {"action": "SKIP_NOTIFY_COMPONENTS", "timeoutInSeconds": 5},
        "configurationValidationPolicy": {"timeoutInSeconds": 5},
    },
    "tags": {"k" * 128: "v" * 256},
})
good("CreateDeployment", "to a thing, which has no job", {"iotJobId": None, "iotJobArn": None},
     targetArn="@iot:thing/spare", components={})
good("CreateDeployment", "with the highest rate", **rate(baseRatePerMinute=1000, incrementFactor=5))
good("CreateDeployment", "with the longest time-out",
     **deploy(iotJobConfiguration={"timeoutConfig": {"inProgressTimeoutInMinutes": 10080}}))
invalid("CreateDeployment", "no target", absent("targetArn"))
invalid("CreateDeployment", "a target that is no ARN", shape("targetArn"), targetArn="main")
invalid("CreateDeployment", "a target of another kind", shape("targetArn"), targetArn="@iot:cert/a")
bad("CreateDeployment", "a group that is not there", MISSING, r"Thing group \[@iot:thinggroup/none\] cannot be found",
    {"resourceId": "@iot:thinggroup/none", "resourceType": "THING_GROUP"}, targetArn="@iot:thinggroup/none")
bad("CreateDeployment", "a thing that is not there", MISSING, r"Thing \[@iot:thing/none\] cannot be found",
    {"resourceType": "THING"}, targetArn="@iot:thing/none")
bad("CreateDeployment", "another account's group", VALIDATION, ".*not in this account and Region",
    targetArn="arn:aws:iot:eu-west-1:333333333333:thinggroup/main")
bad("CreateDeployment", "another Region's group", VALIDATION, ".*not in this account and Region",
    targetArn="arn:aws:iot:us-east-1:@account:thinggroup/main")
bad("CreateDeployment", "a group with a colon", VALIDATION, ".*colon.*", targetArn="@colon")
invalid("CreateDeployment", "an empty name", short("deploymentName"), **deploy(deploymentName=""))
invalid("CreateDeployment", "a long name", long("deploymentName", 256), **deploy(deploymentName="n" * 257))
invalid("CreateDeployment", "a component without a version", absent(f"{APP}.componentVersion"),
        **deploy(components={"com.acme.app": {}}))
invalid("CreateDeployment", "an empty component name", short("components.key"),
        **deploy(components={"": {"componentVersion": "1.0.0"}}))
invalid("CreateDeployment", "an empty version", short(f"{APP}.componentVersion"), **component(componentVersion=""))
invalid(
    "CreateDeployment", "a long version", long(f"{APP}.componentVersion", 64), **component(componentVersion="1" * 65)
)
invalid("CreateDeployment", "a version that is a number", constraint(f"{APP}.componentVersion", 1, "Member must be a string"),
        **component(componentVersion=1))
bad("CreateDeployment", "a version that is not there", MISSING, r"Component \[com.acme.app : 9.9.9\] cannot be found",
    {"resourceId": "com.acme.app : 9.9.9", "resourceType": "COMPONENT"}, **component(componentVersion="9.9.9"))
bad("CreateDeployment", "two components that are not there", MISSING, r"Component \[a : 1.0.0\], \[b : 2.0.0\] cannot be found",
    **deploy(components={"a": {"componentVersion": "1.0.0"}, "b": {"componentVersion": "2.0.0"}}))
invalid("CreateDeployment", "a merge that is not JSON", rf"{APP}.configurationUpdate.merge is not JSON: .*",
        **component(configurationUpdate={"merge": "{"}))
invalid("CreateDeployment", "a merge that is a list", rf"{APP}.configurationUpdate.merge must be a JSON object",
        **component(configurationUpdate={"merge": "[]"}))
invalid("CreateDeployment", "a merge that is an object already", r".*configurationUpdate.merge.*Member must be a string",
        **component(configurationUpdate={"merge": {"a": 1}}))
invalid("CreateDeployment", "an empty merge", short(f"{APP}.configurationUpdate.merge"),
        **component(configurationUpdate={"merge": ""}))
invalid("CreateDeployment", "a long pointer", long(f"{APP}.configurationUpdate.reset.1.member", 256),
        **component(configurationUpdate={"reset": ["/" * 257]}))
invalid("CreateDeployment", "an empty user", short(f"{APP}.runWith.posixUser"), **component(runWith={"posixUser": ""}))
invalid("CreateDeployment", "negative memory", low(f"{APP}.runWith.systemResourceLimits.memory", 0),
        **component(runWith={"systemResourceLimits": {"memory": -1}}))
invalid("CreateDeployment", "negative cpus", low(f"{APP}.runWith.systemResourceLimits.cpus", 0),
        **component(runWith={"systemResourceLimits": {"cpus": -1}}))
invalid("CreateDeployment", "a failure policy that there is not", enum("deploymentPolicies.failureHandlingPolicy"),
        **deploy(deploymentPolicies={"failureHandlingPolicy": "RETRY"}))
invalid("CreateDeployment", "an update action that there is not", enum("deploymentPolicies.componentUpdatePolicy.action"),
        **deploy(deploymentPolicies={"componentUpdatePolicy": {"action": "ASK"}}))
invalid("CreateDeployment", "a rate of none", low(f"{ROLLOUT}.maximumPerMinute", 1), **rollout(maximumPerMinute=0))
invalid(
    "CreateDeployment", "too high a rate", high(f"{ROLLOUT}.maximumPerMinute", 1000), **rollout(maximumPerMinute=1001)
)
invalid("CreateDeployment", "a base rate of none", low(f"{RATE}.baseRatePerMinute", 1), **rate(baseRatePerMinute=0))
invalid("CreateDeployment", "no growth", low(f"{RATE}.incrementFactor", 1), **rate(incrementFactor=0.9))
invalid("CreateDeployment", "too much growth", high(f"{RATE}.incrementFactor", 5), **rate(incrementFactor=5.1))
invalid("CreateDeployment", "a rate without a factor", absent(f"{RATE}.incrementFactor"), **rate(incrementFactor=None))
invalid(
    "CreateDeployment",
    "a rate without criteria",
    absent(f"{RATE}.rateIncreaseCriteria"),
    **rate(rateIncreaseCriteria=None),
)
bad("CreateDeployment", "empty criteria", VALIDATION, ".*exactly one.*", **rate(rateIncreaseCriteria={}))
bad("CreateDeployment", "both criteria", VALIDATION, ".*exactly one.*",
    **rate(rateIncreaseCriteria={"numberOfNotifiedThings": 1, "numberOfSucceededThings": 1}))
invalid("CreateDeployment", "a criterion of none", low(f"{RATE}.rateIncreaseCriteria.numberOfNotifiedThings", 1),
        **rate(rateIncreaseCriteria={"numberOfNotifiedThings": 0}))
invalid("CreateDeployment", "an empty abort list", short(ABORT),
        **deploy(iotJobConfiguration={"abortConfig": {"criteriaList": []}}))
invalid("CreateDeployment", "an abort without a list", absent(ABORT), **deploy(iotJobConfiguration={"abortConfig": {}}))
invalid(
    "CreateDeployment",
    "a failure type that there is not",
    enum(f"{ABORT}.1.member.failureType"),
    **abort(failureType="LOST"),
)
invalid(
    "CreateDeployment", "an abort action that there is not", enum(f"{ABORT}.1.member.action"), **abort(action="STOP")
)
invalid(
    "CreateDeployment",
    "more than all",
    high(f"{ABORT}.1.member.thresholdPercentage", 100),
    **abort(thresholdPercentage=101),
)
invalid(
    "CreateDeployment",
    "after none",
    low(f"{ABORT}.1.member.minNumberOfExecutedThings", 1),
    **abort(minNumberOfExecutedThings=0),
)
for minutes in (0, 10081):
    bad("CreateDeployment", f"a time-out of {minutes} minutes", VALIDATION, f".*between 1 and 10080.*{minutes}.*",
        **deploy(iotJobConfiguration={"timeoutConfig": {"inProgressTimeoutInMinutes": minutes}}))
invalid("CreateDeployment", "a parent that is a thing", shape("parentTargetArn"), **deploy(parentTargetArn="@cam_001"))
bad("CreateDeployment", "a parent without a deployment", MISSING, r"No deployment of \[@empty\] can be found",
    **deploy(parentTargetArn="@empty"))
bad("CreateDeployment", "a thing below a parent", VALIDATION, ".*subdeployment must be a thing group",
    targetArn="@plain", parentTargetArn="@main")
bad("CreateDeployment", "below another parent", CONFLICT, ".*another parent.*", {"resourceId": "@sub"},
    targetArn="@canary", parentTargetArn="@second")
bad("CreateDeployment", "a tag of AWS's", VALIDATION, ".*aws:mine.*", **deploy(tags={"aws:mine": ""}))
bad("CreateDeployment", "too many tags", VALIDATION, ".*50 tags at most.*", **deploy(tags={f"k{i}": "" for i in range(51)}))
invalid("CreateDeployment", "no tags at all", short("tags"), **deploy(tags={}))
invalid("CreateDeployment", "a long tag key", long("tags.key", 128), **deploy(tags={"k" * 129: ""}))
invalid("CreateDeployment", "a long tag value", long("tags.k.member", 256), **deploy(tags={"k": "v" * 257}))
invalid("CreateDeployment", "an empty token", r".*at 'clientToken'.*", **deploy(clientToken="-" * 65))
invalid("CreateDeployment", "a token with a stroke", shape("clientToken"), **deploy(clientToken="a_b"))
bad("CreateDeployment", "two faults at once", VALIDATION, "2 validation errors detected: .*; .*", {"len(fields)": 2},
    targetArn="x", deploymentName="")

# --- deployments, read and ended --------------------------------------------------------------------------------

good("GetDeployment", "of a group", {
    "deploymentName": "main", "revisionId": "2", "deploymentStatus": "ACTIVE", "isLatestForTarget": True,
    "targetArn": "@main", "tags": {"a": "1"}, "components": {"com.acme.app": {"componentVersion": "1.0.0"}},
    "parentTargetArn": None,
}, deploymentId="@latest")
good("GetDeployment", "a revision before", {"deploymentStatus": "CANCELED", "isLatestForTarget": False},
     deploymentId="@first")
good("GetDeployment", "of a thing", {"iotJobId": None, "deploymentStatus": "ACTIVE"}, deploymentId="@single")
good("GetDeployment", "below a parent", {"parentTargetArn": "@main"}, deploymentId="@sub")
bad("GetDeployment", "none", MISSING, rf"Deployment \[{NOBODY}\] cannot be found",
    {"resourceId": NOBODY, "resourceType": "DEPLOYMENT"}, deploymentId=NOBODY)
bad("GetDeployment", "in another Region", MISSING, ".*cannot be found", _service=ANOTHER, deploymentId="@latest")
good("ListDeployments", "the latest of a target", {"len(deployments)": 1, "deployments.0.deploymentId": "@latest"},
     targetArn="@main")
good("ListDeployments", "the history of a target", {"len(deployments)": 2, "deployments.1.deploymentId": "@first"},
     targetArn="@main", historyFilter="ALL")
good("ListDeployments", "below a parent", {"len(deployments)": 1, "deployments.0.deploymentId": "@sub"},
     parentTargetArn="@main")
good("ListDeployments", "of nobody", {"deployments": []}, targetArn="@empty")
good("ListDeployments", "a page", {"len(deployments)": 1}, maxResults=1)
invalid("ListDeployments", "a filter that there is not", enum("historyFilter"), historyFilter="OLD")
invalid("ListDeployments", "a target that is no ARN", shape("targetArn"), targetArn="main")
invalid("ListDeployments", "a parent that is a thing", shape("parentTargetArn"), parentTargetArn="@cam_001")
bad("ListDeployments", "a token of nobody", VALIDATION, "The nextToken is not valid", nextToken="next")
good("CancelDeployment", "that is active", {"message": "Deployment @to_cancel was canceled"}, deploymentId="@to_cancel")
bad("CancelDeployment", "none", MISSING, ".*cannot be found", deploymentId=NOBODY)
bad("CancelDeployment", "cancelled already", CONFLICT, r"Deployment \[@cancelled\] is in status CANCELED.*",
    {"resourceId": "@cancelled", "resourceType": "DEPLOYMENT"}, deploymentId="@cancelled")
bad("CancelDeployment", "superseded", CONFLICT, ".*CANCELED.*", deploymentId="@first")
good("DeleteDeployment", "that is cancelled", deploymentId="@to_delete")
bad("DeleteDeployment", "none", MISSING, ".*cannot be found", deploymentId=NOBODY)
bad("DeleteDeployment", "of a group that is active", CONFLICT, ".*must be canceled before deletion",
    {"resourceId": "@latest"}, deploymentId="@latest")
bad(
    "DeleteDeployment",
    "of a thing that is active",
    CONFLICT,
    ".*must be canceled before deletion",
    deploymentId="@single",
)

# --- components -------------------------------------------------------------------------------------------------


def inline(value: Any) -> dict[str, Any]:
    return {"inlineRecipe": value if isinstance(value, bytes) else json.dumps(value).encode()}


def artifact(**about: Any) -> dict[str, Any]:
    manifest = {"Platform": {"os": "linux"}, "Lifecycle": {}, "Artifacts": [about]}
    return inline(recipe("com.acme.bad", Manifests=[manifest]))


def without(key: str) -> dict[str, Any]:
    value = recipe("com.acme.bad")
    del value[key]
    return inline(value)


def of_function(**more: Any) -> dict[str, Any]:
    return {"lambdaFunction": {"lambdaArn": "@function:1", **more}}


YAML = b"RecipeFormatVersion: '2020-01-25'\nComponentName: com.acme.yaml\nComponentVersion: '1.0.0'\nManifests: []\n"
PUT = "CreateComponentVersion"
good(PUT, "from JSON", {"componentName": "com.acme.json", "status.componentState": "REQUESTED"},
     **inline(recipe("com.acme.json")))
good(PUT, "from YAML", {"arn": "@gg:components:com.acme.yaml:versions:1.0.0"}, **inline(YAML))
good(PUT, "of a function", {"componentName": "filter", "componentVersion": "1.0.0"}, **of_function())
good(PUT, "of a function by another name", {"arn": "@gg:components:com.acme.filter:versions:2.0.0"},
     **of_function(componentName="com.acme.filter", componentVersion="2.0.0"))
bad(PUT, "from nothing", VALIDATION, "Exactly one of inlineRecipe and lambdaFunction.*")
bad(PUT, "from two things", VALIDATION, "Exactly one.*", **inline(recipe()), **of_function())
bad(PUT, "not JSON", VALIDATION, "Invalid Input: the recipe cannot be parsed: .*", **inline(b"{"))
bad(PUT, "a list", VALIDATION, "Invalid Input: the recipe is not a map", **inline(b"- a\n"))
bad(PUT, "another format", VALIDATION, ".*RecipeFormatVersion must be 2020-01-25 .*",
    **inline(recipe(RecipeFormatVersion="2021-01-01")))
for key in ("RecipeFormatVersion", "ComponentName", "ComponentVersion"):
    bad(PUT, f"without {key}", VALIDATION, f".*{key} is required.*", **without(key))
bad(PUT, "a version that is none", VALIDATION, ".*not a semantic version.*banana.*", **inline(recipe(version="banana")))
bad(PUT, "a version of two parts", VALIDATION, ".*not a semantic version.*", **inline(recipe(version="1.0")))
bad(PUT, "a name with a space", VALIDATION, ".*ComponentName is not valid.*", **inline(recipe("com acme")))
bad(PUT, "an unknown key", VALIDATION, ".*unknown key Licence", **inline(recipe(Licence="none")))
bad(PUT, "an unknown key of a manifest", VALIDATION, r".*Manifests\[0\] has the unknown key Arch",
    **inline(recipe(Manifests=[{"Arch": "arm"}])))
bad(PUT, "manifests that are a map", VALIDATION, ".*Manifests is not a list", **inline(recipe(Manifests={"a": 1})))
bad(PUT, "an artifact without an address", VALIDATION, ".*needs a URI of s3.*", **artifact(Unarchive="ZIP"))
bad(PUT, "an artifact of the web", VALIDATION, ".*needs a URI of s3.*", **artifact(URI="https://example.org/a"))
bad(PUT, "an archive that is no ZIP", VALIDATION, ".*Unarchive must be NONE or ZIP.*",
    **artifact(URI="s3://parts/model.bin", Unarchive="TAR"))
bad(PUT, "an artifact that is not there", VALIDATION,
    r"Invalid Input: Encountered following errors in Artifacts: \{s3://parts/none = Specified artifact resource cannot be accessed\}",
    **artifact(URI="s3://parts/none"))
bad(PUT, "an artifact in another Region", VALIDATION, ".*s3://faraway/model.bin = Specified artifact resource cannot be accessed.*",
    **artifact(URI="s3://faraway/model.bin"))
bad(
    PUT,
    "an artifact in no bucket",
    VALIDATION,
    ".*cannot be accessed.*",
    **artifact(URI="s3://nowhere-at-all/model.bin"),
)
bad(PUT, "two artifacts of one name", VALIDATION, ".*two artifacts named model.bin",
    **inline(recipe(Manifests=[{"Artifacts": [{"URI": "s3://parts/model.bin"}, {"URI": "s3://parts/other/model.bin"}]}])))
bad(PUT, "there already", CONFLICT, r"Component \[com.acme.app : 1.0.0\] for account \[@account\] already exists",
    {"resourceId": "com.acme.app", "resourceType": "COMPONENT"}, **inline(recipe()))
bad(PUT, "there already, with tags", CONFLICT, ".*already exists and can't be created again with tags",
    **inline(recipe()), tags={"a": "2"})
bad(PUT, "in AWS's name", "AccessDeniedException", r"Component \[aws.greengrass.Nucleus\] is owned by AWS.*",
    **inline(recipe("aws.greengrass.Nucleus")))
bad(PUT, "a large recipe", VALIDATION, ".*more than 16000", **inline(recipe(ComponentDescription="x" * 16_000)))
bad(PUT, "a dependency on no range", VALIDATION, ".*the dependency com.acme.lib: .*",
    **inline(recipe("com.acme.bad", ComponentDependencies={"com.acme.lib": {"VersionRequirement": ">>1"}})))
bad(
    PUT,
    "the newest of a function",
    VALIDATION,
    ".*must contain the version of the Lambda function",
    lambdaFunction={"lambdaArn": "@function:$LATEST"},
)
bad(
    PUT,
    "a function without a version",
    VALIDATION,
    ".*must contain the version of the Lambda function",
    lambdaFunction={"lambdaArn": "@function"},
)
bad(PUT, "a function that is not there", VALIDATION, ".*cannot be accessed",
    lambdaFunction={"lambdaArn": "arn:aws:lambda:eu-west-1:@account:function:none:1"})
bad(PUT, "another account's function", VALIDATION, ".*cannot be accessed",
    lambdaFunction={"lambdaArn": "arn:aws:lambda:eu-west-1:333333333333:function:filter:1"})
invalid(PUT, "a function without an ARN", absent("lambdaFunction.lambdaArn"), lambdaFunction={})
invalid(PUT, "a source of events that there is not", enum("lambdaFunction.componentLambdaParameters.eventSources.1.member.type"),
        **of_function(componentLambdaParameters={"eventSources": [{"topic": "a", "type": "EMAIL"}]}))
invalid(PUT, "no tags at all", short("tags"), **inline(recipe("com.acme.bad")), tags={})

NONE = "@gg:components:none:versions:1.0.0"
NUCLEUS = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.Nucleus"
good("GetComponent", "as JSON", {"recipeOutputFormat": "JSON", "tags": {"a": "1"}}, arn="@app_1_0_0")
good("GetComponent", "as YAML", {"recipeOutputFormat": "YAML"}, arn="@app_1_0_0", recipeOutputFormat="YAML")
good("GetComponent", "of AWS", arn=f"{NUCLEUS}:versions:2.14.3")
bad("GetComponent", "none", MISSING, rf"Component \[{NONE}\] cannot be found", {"resourceId": NONE}, arn=NONE)
bad("GetComponent", "another account's", MISSING, ".*cannot be found",
    arn="arn:aws:greengrass:eu-west-1:333333333333:components:com.acme.app:versions:1.0.0")
invalid("GetComponent", "without a version", shape("arn"), arn="@gg:components:com.acme.app")
invalid("GetComponent", "as XML", enum("recipeOutputFormat"), arn="@app_1_0_0", recipeOutputFormat="XML")
good("DescribeComponent", "of the account", {
    "componentName": "com.acme.app", "componentVersion": "1.0.0", "status.componentState": "DEPLOYABLE",
    "status.vendorGuidance": "ACTIVE", "platforms.0.attributes": {"os": "linux"}, "tags": {"a": "1"},
}, arn="@app_1_0_0")
good("DescribeComponent", "of AWS", {"publisher": "AWS"}, arn=f"{NUCLEUS}:versions:2.14.3")
bad("DescribeComponent", "none", MISSING, ".*cannot be found", {"resourceType": "COMPONENT"}, arn=NONE)
invalid("DescribeComponent", "without a version", shape("arn"), arn="@gg:components:com.acme.app")
good("ListComponents", "of the account", {"components.0.componentName": "com.acme.app",
     "components.0.latestVersion.componentVersion": "1.1.0", "components.0.arn": "@gg:components:com.acme.app"})
good("ListComponents", "of AWS", {"len(components)": 2}, scope="PUBLIC", maxResults=2)
invalid("ListComponents", "a scope that there is not", enum("scope"), scope="ALL")
good("ListComponentVersions", "of the account", {"len(componentVersions)": 2, "componentVersions.0.componentVersion": "1.1.0"},
     arn="@gg:components:com.acme.app")
good("ListComponentVersions", "of AWS", {"componentVersions.0.componentName": "aws.greengrass.Nucleus"}, arn=NUCLEUS)
bad("ListComponentVersions", "none", MISSING, ".*cannot be found", arn="@gg:components:none")
invalid("ListComponentVersions", "with a version", shape("arn"), arn="@app_1_0_0")
good("DeleteComponent", "of the account", arn="@gone")
bad("DeleteComponent", "none", MISSING, ".*cannot be found", arn=NONE)
bad(
    "DeleteComponent",
    "of AWS",
    "AccessDeniedException",
    ".*owned by AWS and can't be deleted",
    arn=f"{NUCLEUS}:versions:2.14.3",
)
invalid("DeleteComponent", "without a version", shape("arn"), arn="@gg:components:com.acme.app")
good("GetComponentVersionArtifact", "that is there", arn="@app_1_0_0", artifactName="model.bin")
bad("GetComponentVersionArtifact", "none", MISSING, r"Artifact \[none\] cannot be found", {"resourceType": "ARTIFACT"},
    arn="@app_1_0_0", artifactName="none")
bad("GetComponentVersionArtifact", "of no component", MISSING, ".*cannot be found", arn=NONE, artifactName="model.bin")
invalid("GetComponentVersionArtifact", "an endpoint that there is not", enum("s3EndpointType"),
        arn="@app_1_0_0", artifactName="model.bin", s3EndpointType="LOCAL")

LINUX = {"attributes": {"os": "linux", "architecture": "amd64"}}


def candidate(requirement: str, name: str = "com.acme.app", **attributes: str) -> dict[str, Any]:
    wanted = {"componentName": name, "versionRequirements": {"fleet": requirement}}
    return {"platform": {"attributes": {"os": "linux", **attributes}}, "componentCandidates": [wanted]}


RESOLVED = "resolvedComponentVersions"
good(
    "ResolveComponentCandidates",
    "the greatest",
    {f"{RESOLVED}.0.componentVersion": "1.1.0"},
    **candidate(">=1.0.0 <2.0.0"),
)
good("ResolveComponentCandidates", "a pin", {f"{RESOLVED}.0.arn": "@app_1_0_0"}, **candidate("==1.0.0"))
good("ResolveComponentCandidates", "nothing to resolve", {RESOLVED: []}, platform=LINUX, componentCandidates=[])
bad(
    "ResolveComponentCandidates",
    "no such version",
    MISSING,
    ".*com.acme.app.*fleet requires ==9.0.0.*",
    **candidate("==9.0.0"),
)
bad("ResolveComponentCandidates", "no such component", MISSING, ".*none.*", **candidate("*", "none"))
bad("ResolveComponentCandidates", "another platform", MISSING, ".*com.acme.app.*", **candidate("*", os="windows"))
bad("ResolveComponentCandidates", "no range", VALIDATION, ".*Invalid version requirement.*", **candidate(">>1"))

# --- core devices -----------------------------------------------------------------------------------------------

good("ListCoreDevices", "all", {"coreDevices.0.coreDeviceThingName": "cam-001",
     "coreDevices.0.runtime": "aws_nucleus_classic"})
good("ListCoreDevices", "that are ill", {"len(coreDevices)": 1, "coreDevices.0.coreDeviceThingName": "cam-002"},
     status="UNHEALTHY")
good("ListCoreDevices", "of another runtime", {"coreDevices": []}, runtime="aws_nucleus_lite")
good("ListCoreDevices", "that took a group's deployment", {"coreDevices": []}, thingGroupArn="@second")
invalid("ListCoreDevices", "a status that there is not", enum("status"), status="SICK")
invalid("ListCoreDevices", "a group that is a thing", shape("thingGroupArn"), thingGroupArn="@cam_001")
invalid("ListCoreDevices", "a long runtime", long("runtime", 255), runtime="r" * 256)
good("GetCoreDevice", "that has reported", {"status": "HEALTHY", "coreVersion": "2.14.3", "platform": "linux",
     "architecture": "amd64"}, coreDeviceThingName="cam-001")
bad("GetCoreDevice", "that has not", MISSING, r"Core device \[plain\] cannot be found",
    {"resourceId": "plain", "resourceType": "CORE_DEVICE"}, coreDeviceThingName="plain")
invalid("GetCoreDevice", "a long name", long("coreDeviceThingName", 128), coreDeviceThingName="c" * 129)
good("DeleteCoreDevice", "that has reported", coreDeviceThingName="gone")
bad("DeleteCoreDevice", "none", MISSING, ".*cannot be found", coreDeviceThingName="plain")
bad("DeleteCoreDevice", "with an active deployment", CONFLICT, ".*active deployment", {"resourceId": "cam-001"},
    coreDeviceThingName="cam-001")
good("ListEffectiveDeployments", "of a device", {"len(effectiveDeployments)": 3, "effectiveDeployments.0.deploymentId": "@single",
     "effectiveDeployments.0.coreDeviceExecutionStatus": "QUEUED", "effectiveDeployments.1.coreDeviceExecutionStatus": "QUEUED",
     "effectiveDeployments.2.coreDeviceExecutionStatus": "CANCELED"}, coreDeviceThingName="cam-001")
bad("ListEffectiveDeployments", "of no device", MISSING, ".*cannot be found", coreDeviceThingName="plain")
good("ListInstalledComponents", "roots", {"len(installedComponents)": 1, "installedComponents.0.componentName": "com.acme.app",
     "installedComponents.0.lifecycleState": "RUNNING", "installedComponents.0.isRoot": True}, coreDeviceThingName="cam-001")
good(
    "ListInstalledComponents",
    "all",
    {"len(installedComponents)": 2},
    coreDeviceThingName="cam-001",
    topologyFilter="ALL",
)
bad("ListInstalledComponents", "of no device", MISSING, ".*cannot be found", coreDeviceThingName="plain")
invalid("ListInstalledComponents", "a filter that there is not", enum("topologyFilter"),
        coreDeviceThingName="cam-001", topologyFilter="LEAF")

for operation, more in (
    ("ListDeployments", {}),
    ("ListComponents", {}),
    ("ListCoreDevices", {}),
    ("ListComponentVersions", {"arn": "@gg:components:com.acme.app"}),
    ("ListEffectiveDeployments", {"coreDeviceThingName": "cam-001"}),
    ("ListInstalledComponents", {"coreDeviceThingName": "cam-001"}),
    ("ListClientDevicesAssociatedWithCoreDevice", {"coreDeviceThingName": "cam-001"}),
):
    invalid(operation, "a page of none", low("maxResults", 1), maxResults=0, **more)
    invalid(operation, "a page of 101", high("maxResults", 100), maxResults=101, **more)
    if operation != "ListDeployments":
        bad(operation, "a token of nobody", VALIDATION, "The nextToken is not valid", nextToken="bm9uZQ==", **more)

# --- tags -------------------------------------------------------------------------------------------------------

good("ListTagsForResource", "of a component", {"tags": {"a": "1"}}, resourceArn="@app_1_0_0")
good("ListTagsForResource", "of a deployment", {"tags": {"a": "1"}}, resourceArn="@gg:deployments:@latest")
good("ListTagsForResource", "of a core device", {"tags": {}}, resourceArn="@gg:coreDevices:cam-001")
bad("ListTagsForResource", "of no component", MISSING, ".*cannot be found", resourceArn=NONE)
bad("ListTagsForResource", "of no deployment", MISSING, ".*cannot be found", resourceArn=f"@gg:deployments:{NOBODY}")
bad("ListTagsForResource", "of no core device", MISSING, ".*cannot be found", resourceArn="@gg:coreDevices:plain")
good("TagResource", "a core device", resourceArn="@gg:coreDevices:cam-002", tags={"b": "2"})
invalid("TagResource", "without tags", absent("tags"), resourceArn="@app_1_0_0")
invalid("TagResource", "with no tags at all", short("tags"), resourceArn="@app_1_0_0", tags={})
bad("TagResource", "with a tag of AWS's", VALIDATION, ".*aws:mine.*", resourceArn="@app_1_0_0", tags={"aws:mine": ""})
bad("TagResource", "with one too many", VALIDATION, ".*50 tags at most.*", resourceArn="@app_1_0_0", tags={f"k{i}": "" for i in range(50)})
bad("TagResource", "nothing", MISSING, ".*cannot be found", resourceArn=NONE, tags={"a": "1"})
good("UntagResource", "a core device", resourceArn="@gg:coreDevices:cam-002", tagKeys=["c"])
invalid("UntagResource", "without keys", absent("tagKeys"), resourceArn="@app_1_0_0", tagKeys=[])
invalid("UntagResource", "a long key", long("tagKeys.1.member", 128), resourceArn="@app_1_0_0", tagKeys=["k" * 129])
bad("UntagResource", "nothing", MISSING, ".*cannot be found", resourceArn=NONE, tagKeys=["a"])

# --- associations -----------------------------------------------------------------------------------------------

good("AssociateServiceRoleToAccount", "that trusts Greengrass", roleArn="@role_greengrass")
good("DisassociateServiceRoleFromAccount", "without one", _service=ANOTHER)
bad(
    "AssociateServiceRoleToAccount",
    "that trusts another",
    VALIDATION,
    ".*not authorized to assume the role.*",
    roleArn="@role_lambda",
)
bad(
    "AssociateServiceRoleToAccount",
    "that is not there",
    VALIDATION,
    ".*not authorized.*",
    roleArn="@role_greengrass/none",
)
invalid("AssociateServiceRoleToAccount", "without a role", absent("roleArn"))
good(
    "GetServiceRoleForAccount",
    "that was associated",
    {"roleArn": "@role_greengrass"},
    _service="greengrassv2@us-east-1",
)
bad("GetServiceRoleForAccount", "without one", MISSING, ".*attach a service role.*", _service=ANOTHER)
BATCH = {"coreDeviceThingName": "cam-001"}
good("BatchAssociateClientDeviceWithCoreDevice", "one of two", {"len(errorEntries)": 1, "errorEntries.0.thingName": "none",
     "errorEntries.0.code": MISSING}, entries=[{"thingName": "client"}, {"thingName": "none"}], **BATCH)
good("BatchDisassociateClientDeviceFromCoreDevice", "one that is not", {"errorEntries.0.thingName": "spare"},
     entries=[{"thingName": "spare"}], **BATCH)
good("ListClientDevicesAssociatedWithCoreDevice", "of a device without", {"associatedClientDevices": []},
     coreDeviceThingName="cam-002")
for operation in ("BatchAssociateClientDeviceWithCoreDevice", "BatchDisassociateClientDeviceFromCoreDevice"):
    bad(
        operation,
        "of no core device",
        MISSING,
        ".*cannot be found",
        coreDeviceThingName="plain",
        entries=[{"thingName": "a"}],
    )
    invalid(operation, "none at all", short("entries"), entries=[], **BATCH)
    invalid(operation, "too many", long("entries", 100), entries=[{"thingName": str(i)} for i in range(101)], **BATCH)
    invalid(operation, "one without a name", absent("entries.1.member.thingName"), entries=[{}], **BATCH)
bad(
    "ListClientDevicesAssociatedWithCoreDevice",
    "of no core device",
    MISSING,
    ".*cannot be found",
    coreDeviceThingName="plain",
)
HOST = {"id": "lan", "hostAddress": "192.0.2.1", "portNumber": 8883}
good("UpdateConnectivityInfo", "of a device", thingName="cam-002", connectivityInfo=[HOST])
invalid("UpdateConnectivityInfo", "too high a port", high("connectivityInfo.1.member.portNumber", 65535),
        thingName="cam-001", connectivityInfo=[{**HOST, "portNumber": 65536}])
invalid("UpdateConnectivityInfo", "nothing", absent("connectivityInfo"), thingName="cam-001")
good("GetConnectivityInfo", "that nobody told", {"connectivityInfo": []}, thingName="cam-001")
invalid("GetConnectivityInfo", "a long name", long("thingName", 128), thingName="t" * 129)
