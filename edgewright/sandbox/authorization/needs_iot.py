"""Permissions that the operations of AWS IoT and of its data planes need."""

from __future__ import annotations

from edgewright.sandbox.authorization.needs import Asked, Need

_TYPES = (
    ("thingName", "thing"),
    ("thingGroupName", "thinggroup"),
    ("parentGroupName", "thinggroup"),
    ("parentGroup", "thinggroup"),
    ("thingTypeName", "thingtype"),
    ("policyName", "policy"),
    ("roleAlias", "rolealias"),
    ("jobId", "job"),
    ("jobTemplateId", "jobtemplate"),
    ("certificateId", "cert"),
    ("ruleName", "rule"),
    ("templateName", "provisioningtemplate"),
    ("billingGroupName", "billinggroup"),
    ("domainConfigurationName", "domainconfiguration"),
    ("indexName", "index"),
)
# Operations for which the reference has no resource type, or another than the parameters suggest.
_NO_RESOURCE = frozenset(
    {
        "AttachThingPrincipal", "DetachThingPrincipal", "CreateKeysAndCertificate", "CreateCertificateFromCsr",
        "DescribeEndpoint", "GetIndexingConfiguration", "GetRegistrationCode", "ListCertificates", "ListJobs",
        "ListPolicies", "ListPrincipalThings", "ListRoleAliases", "ListThingGroups", "ListThingPrincipals",
        "ListThingTypes", "ListThings", "ListTopicRules", "RegisterCertificate", "RegisterCertificateWithoutCA",
        "UpdateIndexingConfiguration",
    }
)  # fmt: skip
_TARGETED = frozenset({"AttachPolicy", "DetachPolicy", "ListAttachedPolicies"})
# Operations on the one index that there is, which need not be named.
_INDEXED = frozenset({"CreateDynamicThingGroup", "UpdateDynamicThingGroup", "SearchIndex"})
_OPTIONAL = {"ListThings": ("thingTypeName",), "CreateThing": ("thingTypeName",), "UpdateThing": ("thingTypeName",)}
CREDENTIALS = "credentials.iot.amazonaws.com"


def needs(asked: Asked) -> list[Need]:
    """What a request to AWS IoT needs: the action on every resource that it names."""
    action, given = f"iot:{asked.operation}", asked.parameters
    found = [Need(action, arn) for arn in _resources(asked)] or [Need(action)]
    if given.get("tags") and asked.operation.startswith("Create"):
        # What is created is tagged; the index that a dynamic group asks is only used.
        found += [Need("iot:TagResource", need.resource) for need in list(found) if ":index/" not in need.resource]
    if asked.operation in {"CreateRoleAlias", "UpdateRoleAlias"} and given.get("roleArn"):
        found.append(Need("iam:PassRole", given["roleArn"], {"iam:PassedToService": CREDENTIALS}))
    if asked.operation in {"CreateProvisioningTemplate", "UpdateProvisioningTemplate"}:
        role = given.get("provisioningRoleArn")
        if role:
            found.append(Need("iam:PassRole", role, {"iam:PassedToService": "iot.amazonaws.com"}))
    return found


def _resources(asked: Asked) -> list[str]:
    operation, given = asked.operation, asked.parameters
    if operation in _INDEXED:
        given = {"indexName": "AWS_Things", **given}
    if operation in _NO_RESOURCE:
        return []
    if operation in _TARGETED:
        target = str(given.get("target", ""))
        return [target] if target.startswith("arn:") else []
    if "resourceArn" in given:
        return [str(given["resourceArn"])]
    prefix = f"arn:aws:iot:{asked.region}:{asked.account}"
    ignored = _OPTIONAL.get(operation, ())
    found = [f"{prefix}:{kind}/{given[name]}" for name, kind in _TYPES if given.get(name) and name not in ignored]
    if operation == "CreateJob":
        found += [str(target) for target in given.get("targets") or []]
    return found


def data_needs(asked: Asked) -> list[Need]:
    """What a signed request to the data plane needs: shadows, topics, retained messages."""
    prefix = f"arn:aws:iot:{asked.region}:{asked.account}"
    given = asked.parameters
    if asked.operation == "Publish":
        return [Need("iot:Publish", f"{prefix}:topic/{given.get('topic', '')}")]
    if given.get("thingName"):
        return [Need(f"iot:{asked.operation}", f"{prefix}:thing/{given['thingName']}")]
    return [Need(f"iot:{asked.operation}")]


def jobs_needs(asked: Asked) -> list[Need]:
    """What a signed request to the jobs data plane needs; its actions have a prefix of their own."""
    thing = f"arn:aws:iot:{asked.region}:{asked.account}:thing/{asked.parameters.get('thingName', '')}"
    return [Need(f"iotjobsdata:{asked.operation}", thing)]
