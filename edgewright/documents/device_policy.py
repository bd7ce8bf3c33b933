"""The AWS IoT policy on the certificates of a fleet's core devices: the documented minimum.

Source: "Minimal AWS IoT policy for AWS IoT Greengrass V2 core devices" of the developer guide.
"""

from __future__ import annotations

from typing import Any

from edgewright.documents import policy
from edgewright.documents.place import FleetPlace


def core_device(place: FleetPlace) -> dict[str, Any]:
    """Return the policy of the fleet's core devices in its stage.

    The thing policy variable is resolved from the MQTT client id. It holds for connecting; on topics it would fail
    from the 51st subscription on, because the nucleus then connects again as ``<thing>#2``; and Greengrass calls
    its data plane over HTTP, where there is no client id at all. So topics have a wildcard for the thing.
    """
    iot = f"arn:aws:iot:{place.region}:{place.account_id}"
    topics = ("greengrass/health/json", "greengrassv2/health/json", "jobs/*", "shadow/*")
    return policy.document(
        [
            policy.statement("Connect", ["iot:Connect"], [f"{iot}:client/${{iot:Connection.Thing.ThingName}}*"]),
            policy.statement(
                "Topics", ["iot:Publish", "iot:Receive"], [f"{iot}:topic/$aws/things/*/{topic}" for topic in topics]
            ),
            policy.statement(
                "TopicFilters",
                ["iot:Subscribe"],
                [f"{iot}:topicfilter/$aws/things/*/{topic}" for topic in ("jobs/*", "shadow/*")],
            ),
            policy.statement("Credentials", ["iot:AssumeRoleWithCertificate"], [f"{iot}:rolealias/{place.role_alias}"]),
            policy.statement(
                "DataPlane",
                [
                    "greengrass:GetComponentVersionArtifact",
                    "greengrass:GetDeploymentConfiguration",
                    "greengrass:ListThingGroupsForCoreDevice",
                    "greengrass:ResolveComponentCandidates",
                ],
                # Public components belong to AWS's own account, and deployments have no names to narrow by.
                ["*"],
            ),
        ]
    )
