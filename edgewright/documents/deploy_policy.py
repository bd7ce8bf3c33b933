"""What the deploy role of a stage may do in its account: exactly the calls that a workload stack makes.

Resources are narrowed to Edgewright's own names in this stage. Where AWS knows nothing narrower than every resource
(the Service Authorization Reference has no resource type for the action), the reason stands beside the ``*``.
The role can make the fleets' roles but not its own: its name does not match the pattern of theirs.
"""

from __future__ import annotations

from typing import Any

from edgewright.documents import naming, policy
from edgewright.documents.place import StagePlace

# What pulumi-aws calls to keep a bucket with its parts: besides the writes, it reads every sub-resource of a bucket.
_BUCKET_ACTIONS = (
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketAcl",
    "s3:GetBucketCORS",
    "s3:GetBucketLocation",
    "s3:GetBucketLogging",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketRequestPayment",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetBucketWebsite",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListTagsForResource",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:TagResource",
    "s3:UntagResource",
)
_ROLE_ACTIONS = (
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)


def deploy_role(place: StagePlace) -> dict[str, Any]:
    """Return the permission policy of the stage's deploy role."""
    stage, region, account = place.stage, place.region, place.account_id
    iot = f"arn:aws:iot:{region}:{account}"
    greengrass = f"arn:aws:greengrass:{region}:{account}"
    device_roles = naming.role_arn(account, naming.token_exchange_role("*", stage))
    access_roles = naming.role_arn(account, naming.access_role("*", stage, "*"))
    bucket = f"arn:aws:s3:::{place.artifact_bucket}"
    groups = f"{iot}:thinggroup/{naming.thing_group('*', stage, '*')}"
    return policy.document(
        [
            policy.statement(
                "Deployments",
                # No resource type: a deployment has no ARN before it is made, and the lists are of the whole account.
                ["greengrass:CreateDeployment", "greengrass:ListCoreDevices", "greengrass:ListDeployments"],
                ["*"],
            ),
            policy.statement(
                "Deployment",
                [
                    "greengrass:CancelDeployment",
                    "greengrass:DeleteDeployment",
                    "greengrass:GetDeployment",
                    "greengrass:ListTagsForResource",
                    "greengrass:TagResource",
                    "greengrass:UntagResource",
                ],
                [f"{greengrass}:deployments:*"],
            ),
            # No DeleteComponent: a revert needs the versions of before, so only an administrator takes one away.
            policy.statement(
                "ComponentVersions",
                [
                    "greengrass:CreateComponentVersion",
                    "greengrass:DescribeComponent",
                    "greengrass:GetComponent",
                    "greengrass:ListTagsForResource",
                    "greengrass:TagResource",
                    "greengrass:UntagResource",
                ],
                [f"{greengrass}:components:*"],
            ),
            # To watch a rollout and, for status and drift, to read what devices have installed.
            policy.statement(
                "CoreDevices",
                [
                    "greengrass:GetCoreDevice",
                    "greengrass:ListEffectiveDeployments",
                    "greengrass:ListInstalledComponents",
                ],
                [f"{greengrass}:coreDevices:*"],
            ),
            # Greengrass hands a deployment out as a job or, for a thing, through a shadow, in the caller's name.
            policy.statement(
                "Jobs",
                [
                    "iot:CancelJob",
                    "iot:CreateJob",
                    "iot:DeleteJob",
                    "iot:DescribeJob",
                    "iot:DescribeJobExecution",
                    "iot:ListJobExecutionsForJob",
                    "iot:UpdateJob",
                ],
                [f"{iot}:job/*", f"{iot}:thing/*", groups],
            ),
            policy.statement(
                "Things",
                [
                    "iot:AddThingToThingGroup",
                    "iot:CreateThing",
                    "iot:DeleteThingShadow",
                    "iot:DescribeThing",
                    "iot:GetThingShadow",
                    "iot:ListThingGroupsForThing",
                    "iot:RemoveThingFromThingGroup",
                    "iot:UpdateThing",
                    "iot:UpdateThingShadow",
                ],
                [f"{iot}:thing/*", groups],
            ),
            policy.statement(
                "ThingGroups",
                [
                    "iot:CreateThingGroup",
                    "iot:DeleteThingGroup",
                    "iot:DescribeThingGroup",
                    "iot:ListTagsForResource",
                    "iot:ListThingsInThingGroup",
                    "iot:TagResource",
                    "iot:UntagResource",
                    "iot:UpdateThingGroup",
                ],
                [groups],
            ),
            # A ring with a query: its group is filled by the one index of things that an account and Region has.
            policy.statement(
                "DynamicThingGroups",
                [
                    "iot:CreateDynamicThingGroup",
                    "iot:DeleteDynamicThingGroup",
                    "iot:DescribeIndex",
                    "iot:UpdateDynamicThingGroup",
                ],
                [groups, f"{iot}:index/AWS_Things"],
            ),
            policy.statement(
                "Indexing",
                # No resource type: the configuration is of the whole account and Region.
                ["iot:GetIndexingConfiguration", "iot:UpdateIndexingConfiguration"],
                ["*"],
            ),
            policy.statement(
                "DeviceIdentity",
                [
                    "iot:CreatePolicy",
                    "iot:CreatePolicyVersion",
                    "iot:CreateRoleAlias",
                    "iot:DeletePolicy",
                    "iot:DeletePolicyVersion",
                    "iot:DeleteRoleAlias",
                    "iot:DescribeRoleAlias",
                    "iot:GetPolicy",
                    "iot:ListPolicyVersions",
                    "iot:ListTagsForResource",
                    "iot:TagResource",
                    "iot:UntagResource",
                    "iot:UpdateRoleAlias",
                ],
                [
                    f"{iot}:policy/{naming.device_policy('*', stage)}",
                    f"{iot}:rolealias/{naming.role_alias('*', stage)}",
                ],
            ),
            policy.statement("Roles", _ROLE_ACTIONS, [device_roles, access_roles]),
            policy.statement(
                "PassDeviceRoles",
                ["iam:PassRole"],
                [device_roles],
                conditions={
                    "StringEquals": {"iam:PassedToService": ["credentials.iot.amazonaws.com", "iot.amazonaws.com"]}
                },
            ),
            policy.statement(
                "CaptureBuckets",
                _BUCKET_ACTIONS,
                [f"arn:aws:s3:::{naming.capture_bucket(place.organisation, '*', stage, account)}"],
            ),
            policy.statement("Artifacts", ["s3:GetObject", "s3:PutObject"], [f"{bucket}/components/*"]),
            # Without s3:ListBucket, S3 answers 403 in place of 404 and a missing artifact looks like a missing right.
            policy.statement("ArtifactBucket", ["s3:GetBucketLocation", "s3:ListBucket"], [bucket]),
        ]
    )
