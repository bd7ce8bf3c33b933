"""How a new device becomes a thing of its fleet: the provisioning template, its roles, and the list of who may.

Sources: "Set up AWS IoT fleet provisioning for Greengrass core devices" of the Greengrass developer guide;
"Provisioning templates" and "Device provisioning MQTT API" of the AWS IoT developer guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewright.documents import naming, policy
from edgewright.documents.place import FleetPlace
from edgewright.manifest.model import FleetStage

SERIAL = "SerialNumber"
RING = "Ring"
CERTIFICATE = "AWS::IoT::Certificate::Id"
HOOK_TIMEOUT = 5
"""Seconds that AWS IoT waits for the hook."""


def rings(stage: FleetStage) -> list[str]:
    """Return the rings that devices join by provisioning, in the order of the manifest."""
    return [ring.name for ring in stage.rings if ring.members.provisioned]


def devices(stage: FleetStage) -> dict[str, str]:
    """Return the ring of each serial number that may be provisioned: the manifest's, and the twins' own."""
    found = {serial: ring.name for ring in stage.rings for serial in ring.members.serials}
    if stage.twins is not None:
        for number in range(1, stage.twins.count + 1):
            found[naming.twin(stage.fleet, stage.stage, number)] = stage.twins.ring
    return dict(sorted(found.items()))


def template(place: FleetPlace, ring_names: Sequence[str]) -> dict[str, Any]:
    """Return the body of the provisioning template.

    The thing has the serial number as its name. The ring is a parameter that the hook decides; a ring that is no ring
    of provisioned devices is in no mapping, so it cannot be joined in any case.

    Args:
        place: The fleet in its stage.
        ring_names: The rings that devices join by provisioning.
    """
    return {
        "Parameters": {
            SERIAL: {"Type": "String"},
            # A device need not name a ring, because the hook does; without the hook nobody is let in.
            RING: {"Type": "String", "Default": ring_names[0] if ring_names else ""},
            CERTIFICATE: {"Type": "String"},
        },
        "Mappings": {"Rings": {ring: {"thingGroup": place.thing_group(ring)} for ring in ring_names}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "OverrideSettings": {"AttributePayload": "MERGE", "ThingGroups": "REPLACE", "ThingTypeName": "REPLACE"},
                "Properties": {
                    "ThingName": {"Ref": SERIAL},
                    "ThingTypeName": naming.thing_type(place.name, place.stage),
                    "ThingGroups": [{"Fn::FindInMap": ["Rings", {"Ref": RING}, "thingGroup"]}],
                    "AttributePayload": {"serialNumber": {"Ref": SERIAL}},
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": CERTIFICATE}, "Status": "Active"},
            },
            "policy": {
                "Type": "AWS::IoT::Policy",
                "Properties": {"PolicyName": naming.device_policy(place.name, place.stage)},
            },
        },
        "DeviceConfiguration": {"fleet": place.name, "ring": {"Ref": RING}},
    }


def claim(place: FleetPlace) -> dict[str, Any]:
    """Return the AWS IoT policy of the claim certificate: to ask for a certificate, and for this template.

    Classic nuclei have AWS make the key, lite ones send a request for a certificate; both topics are there.
    """
    iot = f"arn:aws:iot:{place.region}:{place.account_id}"
    name = naming.provisioning_template(place.name, place.stage)
    topics = (
        "$aws/certificates/create/*",
        "$aws/certificates/create-from-csr/*",
        f"$aws/provisioning-templates/{name}/provision/*",
    )
    return policy.document(
        [
            # A device has no thing yet, so its client id is whatever the plugin makes up.
            policy.statement("Connect", ["iot:Connect"], [f"{iot}:client/*"]),
            policy.statement("Topics", ["iot:Publish", "iot:Receive"], [f"{iot}:topic/{topic}" for topic in topics]),
            policy.statement("TopicFilters", ["iot:Subscribe"], [f"{iot}:topicfilter/{topic}" for topic in topics]),
        ]
    )


def service_trust(service: str, account_id: str | None = None) -> dict[str, Any]:
    """Return the trust of a role that an AWS service assumes, for this account only where the service says for whom.

    AWS IoT sends ``aws:SourceAccount`` for provisioning ("Cross-service confused deputy prevention"); Lambda and EC2
    assume roles of their own account only and send none.
    """
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if account_id is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    return policy.document([statement])


def provisioning_role(place: FleetPlace, ring_names: Sequence[str]) -> dict[str, Any]:
    """Return what AWS IoT may do for a template: less than AWS's managed policy, which is for every thing and group."""
    iot = f"arn:aws:iot:{place.region}:{place.account_id}"
    groups = [place.thing_group_arn(ring) for ring in ring_names]
    return policy.document(
        [
            policy.statement(
                "Things",
                [
                    "iot:AddThingToThingGroup",
                    "iot:CreateThing",
                    "iot:DescribeThing",
                    "iot:ListThingGroupsForThing",
                    "iot:RemoveThingFromThingGroup",
                    "iot:UpdateThing",
                    "iot:UpdateThingGroupsForThing",
                ],
                [
                    f"{iot}:thing/*",
                    f"{iot}:thinggroup/{place.thing_group('*')}",
                    f"{iot}:thingtype/{naming.thing_type(place.name, place.stage)}",
                ],
            ),
            policy.statement(
                "Groups",
                ["iot:DescribeThingGroup"],
                groups or [f"{iot}:thinggroup/{place.thing_group('*')}"],
            ),
            policy.statement(
                "ThingType",
                ["iot:DescribeThingType"],
                [f"{iot}:thingtype/{naming.thing_type(place.name, place.stage)}"],
            ),
            policy.statement(
                "Certificates",
                ["iot:AttachPolicy", "iot:DescribeCertificate", "iot:UpdateCertificate"],
                [f"{iot}:cert/*"],
            ),
            policy.statement(
                "Attach",
                # AWS knows no resource for the first two, and had none for the third for long.
                ["iot:ListPrincipalPolicies", "iot:RegisterThing", "iot:AttachThingPrincipal"],
                ["*"],
            ),
        ]
    )


def hook_role(place: FleetPlace) -> dict[str, Any]:
    """Return what the hook may do: write its log, and see whether a thing has a certificate."""
    name = naming.provisioning_hook(place.name, place.stage)
    group = f"arn:aws:logs:{place.region}:{place.account_id}:log-group:/aws/lambda/{name}"
    return policy.document(
        [
            policy.statement(
                "Log", ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], [group, f"{group}:*"]
            ),
            # AWS knows the thing as the resource of this action since 2026 only.
            policy.statement("See", ["iot:ListThingPrincipals"], ["*"]),
        ]
    )


def twin_role(place: FleetPlace) -> dict[str, Any]:
    """Return what a twin's instance may do: get a claim for its template, and ask where AWS IoT is.

    The claim is good for five minutes and for this template; everything else comes with the certificate of the thing.
    """
    name = naming.provisioning_template(place.name, place.stage)
    return policy.document(
        [
            policy.statement(
                "Claim",
                ["iot:CreateProvisioningClaim"],
                [f"arn:aws:iot:{place.region}:{place.account_id}:provisioningtemplate/{name}"],
            ),
            policy.statement(
                "Endpoints",
                # The endpoints are of the account.
                ["iot:DescribeEndpoint"],
                ["*"],
            ),
        ]
    )
