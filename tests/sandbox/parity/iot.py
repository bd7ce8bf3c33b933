"""AWS IoT: things and groups, identity, provisioning and jobs."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.parity.case import Case, absent, constraint, enum, high, long, low, shape
from tests.sandbox.parity.world import TEMPLATE

SERVICE = "iot"
# fmt: off
# ruff: noqa: E501 -- a table is read by its rows
CASES: list[Case] = []
INVALID, MISSING = "InvalidRequestException", "ResourceNotFoundException"
EXISTS, IN_USE = "ResourceAlreadyExistsException", "DeleteConflictException"
_STATUS = {MISSING: 404, EXISTS: 409, IN_USE: 409, "InvalidStateTransitionException": 409, "CertificateStateException": 406,
           "VersionsLimitExceededException": 409}


def good(operation: str, name: str, _holds: dict[str, Any] | None = None, **given: Any) -> None:
    CASES.append(Case(SERVICE, operation, given, name, holds=_holds or {}))


def bad(operation: str, name: str, message: str, _code: str = INVALID, **given: Any) -> None:
    CASES.append(Case(SERVICE, operation, given, name, _code, _STATUS.get(_code, 400), message))


NOTHING = json.dumps({"Version": "2012-10-17", "Statement": []})

# --- things and groups ------------------------------------------------------------------------------------------

good("CreateThing", "a new one", {"thingArn": "@iot:thing/new:thing_1-a"}, thingName="new:thing_1-a")
good("CreateThing", "the same again", {"thingArn": "@plain"}, thingName="plain")
bad(
    "CreateThing",
    "another by its name",
    ".*already exists.*",
    EXISTS,
    thingName="plain",
    attributePayload={"attributes": {"a": "1"}},
)
bad("CreateThing", "a name with a space", shape("thingName"), thingName="a b")
bad("CreateThing", "a long name", long("thingName", 128), thingName="t" * 129)
bad("CreateThing", "an attribute with a long name", long("attributePayload.attributes.key", 128), thingName="a",
    attributePayload={"attributes": {"k" * 129: "v"}})
bad("CreateThing", "of no type", ".*", MISSING, thingName="typed", thingTypeName="none")
bad("DescribeThing", "none", "Thing none cannot be found.*", MISSING, thingName="none")
good("DescribeThing", "that is there", {"thingArn": "@plain"}, thingName="plain")
bad("DeleteThing", "none", ".*none.*", MISSING, thingName="none")
bad(
    "CreateThingGroup",
    "there already, another",
    ".*",
    EXISTS,
    thingGroupName="main",
    thingGroupProperties={"thingGroupDescription": "x"},
)
bad("CreateThingGroup", "a name with a stroke", shape("thingGroupName"), thingGroupName="a/b")
bad("CreateThingGroup", "below none", ".*", MISSING, thingGroupName="orphan", parentGroupName="none")
bad("DescribeThingGroup", "none", ".*", MISSING, thingGroupName="none")
bad("DeleteThingGroup", "with a child", ".*child.*", thingGroupName="parent")
bad("AddThingToThingGroup", "no thing", ".*", MISSING, thingGroupName="main", thingName="none")
bad("AddThingToThingGroup", "no group", ".*", MISSING, thingGroupName="none", thingName="plain")
bad("RemoveThingFromThingGroup", "no group", ".*", MISSING, thingGroupName="none", thingName="plain")
bad("ListThingsInThingGroup", "of none", ".*", MISSING, thingGroupName="none")
bad("ListThingsInThingGroup", "a page of 251", high("maxResults", 250), thingGroupName="main", maxResults=251)
good("ListThingsInThingGroup", "of a group", {"len(things)": 2}, thingGroupName="main")
good("ListThingGroupsForThing", "of a thing", {"thingGroups.0.groupName": "main"}, thingName="cam-001")
bad("DescribeThingType", "none", ".*", MISSING, thingTypeName="none")
bad("CreateThingType", "a name with a space", shape("thingTypeName"), thingTypeName="a b")

# --- identity ---------------------------------------------------------------------------------------------------

good("CreatePolicy", "a new one", {"policyVersionId": "1"}, policyName="new", policyDocument=NOTHING)
bad("CreatePolicy", "there already", ".*already exists.*", EXISTS, policyName="loose", policyDocument=NOTHING)
bad("CreatePolicy", "without a document", absent("policyDocument"), policyName="none")
bad("CreatePolicy", "a name with a space", shape("policyName"), policyName="a b", policyDocument=NOTHING)
bad("GetPolicy", "none", ".*", MISSING, policyName="none")
bad("DeletePolicy", "that is attached", ".*attached.*", IN_USE, policyName="attached")
bad("DeletePolicy", "none", ".*", MISSING, policyName="none")
bad("AttachPolicy", "none", ".*", MISSING, policyName="none", target="@certificate_arn")
bad("DetachPolicy", "that is not attached", ".*", MISSING, policyName="loose", target="@certificate_arn")
bad("DescribeCertificate", "none", ".*", MISSING, certificateId="0" * 64)
bad("DescribeCertificate", "a short id", r".*at 'certificateId'.*", certificateId="0" * 63)
bad(
    "DeleteCertificate",
    "that is active",
    ".*must be deactivated.*",
    "CertificateStateException",
    certificateId="@certificate",
)
bad(
    "UpdateCertificate", "a status that there is not", enum("newStatus"), certificateId="@certificate", newStatus="LOST"
)
bad("UpdateCertificate", "none", ".*", MISSING, certificateId="0" * 64, newStatus="INACTIVE")
bad("CreateCertificateFromCsr", "without a request", absent("certificateSigningRequest"))
bad("AttachThingPrincipal", "of no thing", ".*", MISSING, thingName="none", principal="@certificate_arn")
ALIAS = {"roleAlias": "new", "roleArn": "@role_credentials_iot"}
good("DescribeRoleAlias", "that is there", {"roleAliasDescription.roleArn": "@role_credentials_iot",
     "roleAliasDescription.credentialDurationSeconds": 3600}, roleAlias="alias")
bad("CreateRoleAlias", "there already", ".*", EXISTS, **{**ALIAS, "roleAlias": "alias"})
bad("CreateRoleAlias", "too short", low("credentialDurationSeconds", 900), **ALIAS, credentialDurationSeconds=899)
bad("CreateRoleAlias", "too long", high("credentialDurationSeconds", 43200), **ALIAS, credentialDurationSeconds=43201)
bad("CreateRoleAlias", "a name with a space", shape("roleAlias"), **{**ALIAS, "roleAlias": "a b"})
bad("CreateRoleAlias", "without a role", absent("roleArn"), roleAlias="new")
bad("DescribeRoleAlias", "none", ".*", MISSING, roleAlias="none")
bad("DeleteRoleAlias", "none", ".*", MISSING, roleAlias="none")

# --- provisioning -----------------------------------------------------------------------------------------------

NEW = {"templateName": "new", "templateBody": TEMPLATE, "provisioningRoleArn": "@role_iot"}
good("DescribeProvisioningTemplate", "that is there", {"templateBody": TEMPLATE, "defaultVersionId": 1, "enabled": True},
     templateName="line")
bad("CreateProvisioningTemplate", "there already", ".*already exists", EXISTS, **{**NEW, "templateName": "line"})
bad("CreateProvisioningTemplate", "a long name", long("templateName", 36), **{**NEW, "templateName": "t" * 37})
bad("CreateProvisioningTemplate", "a body that is none", "Invalid template: .*", **{**NEW, "templateBody": "{}"})
bad("CreateProvisioningTemplate", "a long body", long("templateBody", 10240), **{**NEW, "templateBody": "x" * 10241})
bad(
    "CreateProvisioningTemplate",
    "a role that trusts another",
    ".*cannot be assumed.*",
    **{**NEW, "provisioningRoleArn": "@role_lambda"},
)
bad("CreateProvisioningTemplate", "a kind that there is not", enum("type"), **NEW, type="BULK")
bad(
    "CreateProvisioningTemplate",
    "a hook without a function",
    absent("preProvisioningHook.targetArn"),
    **NEW,
    preProvisioningHook={},
)
bad("DescribeProvisioningTemplate", "none", ".*none does not exist", MISSING, templateName="none")
bad("UpdateProvisioningTemplate", "none", ".*none does not exist", MISSING, templateName="none")
bad("UpdateProvisioningTemplate", "to no version", ".*version 9 .*", MISSING, templateName="line", defaultVersionId=9)
bad("DeleteProvisioningTemplate", "none", ".*none does not exist", MISSING, templateName="none")
bad("DescribeProvisioningTemplateVersion", "none", ".*version 9 .*", MISSING, templateName="line", versionId=9)
bad("DeleteProvisioningTemplateVersion", "the default", ".*default.*", IN_USE, templateName="line", versionId=1)
bad("CreateProvisioningTemplateVersion", "of none", ".*", MISSING, templateName="none", templateBody=TEMPLATE)
bad("CreateProvisioningClaim", "of none", ".*", MISSING, templateName="none")
good("ListProvisioningTemplates", "all", {"templates.0.templateName": "line"})
bad("ListProvisioningTemplates", "a page of 251", high("maxResults", 250), maxResults=251)
bad(
    "RegisterThing",
    "without a certificate",
    ".*no certificate.*",
    "ResourceRegistrationFailureException",
    templateBody=TEMPLATE,
)

# --- jobs -------------------------------------------------------------------------------------------------------

JOB = {"jobId": "new", "targets": ["@plain"], "document": "{}"}
good("DescribeJob", "in progress", {"job.status": "IN_PROGRESS", "job.jobProcessDetails.numberOfQueuedThings": 1,
     "job.targetSelection": "SNAPSHOT"}, jobId="running")
good(
    "DescribeJob",
    "cancelled",
    {"job.status": "CANCELED", "job.jobProcessDetails.numberOfCanceledThings": 1},
    jobId="stopped",
)
bad("CreateJob", "there already", ".*already exists", EXISTS, **{**JOB, "jobId": "running"})
bad("CreateJob", "for no thing", ".*does not exist", MISSING, **{**JOB, "targets": ["@iot:thing/none"]})
bad("CreateJob", "for nobody", r".*at 'targets'.*length greater than or equal to 1.*", **{**JOB, "targets": []})
bad("CreateJob", "an id with a space", shape("jobId"), **{**JOB, "jobId": "a b"})
bad("CreateJob", "a selection that there is not", enum("targetSelection"), **JOB, targetSelection="SOME")
bad("CreateJob", "a rate of none", low("jobExecutionsRolloutConfig.maximumPerMinute", 1), **JOB,
    jobExecutionsRolloutConfig={"maximumPerMinute": 0})
bad("CreateJob", "an empty abort", r".*at 'abortConfig.criteriaList'.*", **JOB, abortConfig={"criteriaList": []})
bad("DescribeJob", "none", ".*", MISSING, jobId="none")
bad("CancelJob", "none", ".*", MISSING, jobId="none")
bad("DeleteJob", "none", ".*", MISSING, jobId="none")
bad("DeleteJob", "in progress", ".*IN_PROGRESS", "InvalidStateTransitionException", jobId="running")
bad("DescribeJobExecution", "none", ".*", MISSING, jobId="running", thingName="spare")
bad("ListJobExecutionsForJob", "of none", ".*", MISSING, jobId="none")
bad("ListJobExecutionsForJob", "a status that there is not", enum("status"), jobId="running", status="LOST")
good("ListJobExecutionsForJob", "of a job", {"len(executionSummaries)": 1}, jobId="running", status="QUEUED")
bad("CancelJobExecution", "none", ".*", MISSING, jobId="running", thingName="spare")
bad("ListJobs", "a status that there is not", enum("status"), status="LOST")
bad("ListJobs", "a page of a word", constraint("maxResults", "many", "Member must be an integer"), maxResults="many")
