"""What the deploy role of a stage may do in its account: exactly the calls that a workload stack makes.

Resources are narrowed to Edgewright's own names in this stage. Where AWS knows nothing narrower than every resource
(the Service Authorization Reference has no resource type for the action), the reason stands beside the ``*``.
The role can make the fleets' roles but not its own: its name does not match the pattern of theirs. Every role that it
makes or changes carries a permissions boundary of the tooling stack, which it can neither change nor take away; so no
policy that it writes gives anybody more than the boundary, and there is no way from it to more rights.

What only some fleets use (provisioning by claim, twins, Edge Manager) is there in a stage that has such a fleet, and
what Lambda components need where the catalog has one: the first wants an `up` of the tooling stack before the stage's.

Longer than other modules, because it is one policy, with the reason of each statement beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edgewright.documents import boundary, naming, policy
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
    "iam:DeleteRole",
    "iam:DetachRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
"""Of a role that is there. None of them gives it a right, or lets anybody in."""
_BOUNDED_ACTIONS = (
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
)
"""What gives a role rights, or lets somebody in: only on roles that have the boundary, or get it with the call."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """What of a workload stack only some fleets use."""

    claim: bool = False
    """Devices are provisioned by claim (twins always are): templates, hooks, thing types."""
    twins: bool = False
    """Twins on EC2."""
    images: tuple[str, ...] = ()
    """Parameters of Systems Manager with the images of twins."""
    edge_manager: bool = False
    """SageMaker device fleets."""
    artifact_key: bool = False
    """The artifact bucket has a key of its own."""
    functions: bool = False
    """Components made from Lambda functions."""


def deploy_role(place: StagePlace) -> dict[str, Any]:
    """Return the permission policy of the stage's deploy role: what every fleet needs."""
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
            # What gates of promotions ask. Metrics have no ARN.
            policy.statement("Metrics", ["cloudwatch:GetMetricStatistics"], ["*"]),
            policy.statement(
                "Alarms", ["cloudwatch:DescribeAlarms"], [f"arn:aws:cloudwatch:{region}:{account}:alarm:*"]
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
            *_roles("", [device_roles, access_roles], boundary.arn(place, boundary.DEVICES)),
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


def additions(place: StagePlace, features: Features) -> dict[str, dict[str, Any]]:
    """Return what the deploy role may do besides, by the feature that needs it; each is a managed policy of its own.

    Together they would not fit in the inline policies of one role.
    """
    wanted = {
        "claim": _claim(place) if features.claim else [],
        "twins": _twins(place, features.images) if features.twins else [],
        "edge-manager": _edge_manager(place) if features.edge_manager else [],
        "artifact-key": [_artifact_key(place)] if features.artifact_key else [],
        "functions": _functions(place) if features.functions else [],
    }
    return {name: policy.document(statements) for name, statements in wanted.items() if statements}


def _roles(prefix: str, roles: Iterable[str], boundary_arn: str) -> list[dict[str, Any]]:
    roles = list(roles)
    return [
        policy.statement(f"{prefix}Roles", _ROLE_ACTIONS, roles),
        policy.statement(
            f"{prefix}BoundedRoles",
            _BOUNDED_ACTIONS,
            roles,
            conditions={"StringEquals": {"iam:PermissionsBoundary": boundary_arn}},
        ),
    ]


def _passed(sid: str, role: str | list[str], service: str) -> dict[str, Any]:
    condition = {"StringEquals": {"iam:PassedToService": service}}
    roles = [role] if isinstance(role, str) else role
    return policy.statement(sid, ["iam:PassRole"], roles, conditions=condition)


def _artifact_key(place: StagePlace) -> dict[str, Any]:
    """The use of the artifacts' key, through S3; a key has no name in its ARN, so its alias is a condition."""
    return policy.statement(
        "ArtifactKey",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        [f"arn:aws:kms:{place.region}:{place.tooling_id}:key/*"],
        conditions={
            "StringEquals": {"kms:ViaService": f"s3.{place.region}.amazonaws.com"},
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": naming.ARTIFACT_KEY_ALIAS},
        },
    )


def _functions(place: StagePlace) -> list[dict[str, Any]]:
    """The functions that components are made from, and their one role: nobody can give it a right."""
    name = naming.lambda_role(place.stage)
    roles = [naming.role_arn(place.account_id, each) for each in (name, f"{name}_*")]  # shards have their own
    functions = f"arn:aws:lambda:{place.region}:{place.account_id}:function:{naming.PREFIX}_{place.stage}_*"
    return [
        policy.statement("FunctionRole", _ROLE_ACTIONS, roles),
        policy.statement(
            "MakeFunctionRole",
            ["iam:CreateRole"],
            roles,
            conditions={"StringEquals": {"iam:PermissionsBoundary": boundary.arn(place, boundary.DEVICES)}},
        ),
        _passed("PassFunctionRole", roles, "lambda.amazonaws.com"),
        policy.statement(
            "Functions",
            # GetFunction is also what Greengrass asks of whoever makes a component from a function.
            [
                "lambda:CreateFunction",
                "lambda:DeleteFunction",
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:ListTags",
                "lambda:ListVersionsByFunction",
                "lambda:PublishVersion",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ],
            [functions],
        ),
    ]


def _claim(place: StagePlace) -> list[dict[str, Any]]:
    """Provisioning templates, their hooks, and the policy of the claim certificates."""
    account, stage = place.account_id, place.stage
    iot = f"arn:aws:iot:{place.region}:{account}"
    provision = naming.role_arn(account, naming.provisioning_role("*", stage))
    hook = naming.role_arn(account, naming.provisioning_hook("*", stage))
    return [
        *_roles("Provisioning", [provision, hook], boundary.arn(place, boundary.PROVISIONING)),
        _passed("PassProvisioningRole", provision, "iot.amazonaws.com"),
        _passed("PassHookRole", hook, "lambda.amazonaws.com"),
        policy.statement(
            "Provisioning",
            [
                "iot:CreatePolicy",
                "iot:CreatePolicyVersion",
                "iot:CreateProvisioningTemplate",
                "iot:CreateProvisioningTemplateVersion",
                "iot:CreateThingType",
                "iot:DeletePolicy",
                "iot:DeletePolicyVersion",
                "iot:DeleteProvisioningTemplate",
                "iot:DeleteProvisioningTemplateVersion",
                "iot:DeleteThingType",
                "iot:DeprecateThingType",
                "iot:DescribeProvisioningTemplate",
                "iot:DescribeProvisioningTemplateVersion",
                "iot:DescribeThingType",
                "iot:GetPolicy",
                "iot:ListPolicyVersions",
                "iot:ListProvisioningTemplateVersions",
                "iot:ListTagsForResource",
                "iot:TagResource",
                "iot:UntagResource",
                "iot:UpdateProvisioningTemplate",
            ],
            [
                f"{iot}:policy/{naming.claim_policy('*', stage)}",
                f"{iot}:provisioningtemplate/{naming.provisioning_template('*', stage)}",
                f"{iot}:thingtype/{naming.thing_type('*', stage)}",
            ],
        ),
        policy.statement(
            "Hooks",
            [
                "lambda:AddPermission",
                "lambda:CreateFunction",
                "lambda:DeleteFunction",
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionConfiguration",
                "lambda:GetPolicy",
                "lambda:ListTags",
                "lambda:ListVersionsByFunction",
                "lambda:RemovePermission",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ],
            [f"arn:aws:lambda:{place.region}:{account}:function:{naming.provisioning_hook('*', stage)}"],
        ),
    ]


def _twins(place: StagePlace, images: Iterable[str]) -> list[dict[str, Any]]:
    """EC2 instances, each from a launch template that this role can give no other profile than that of twins."""
    account, stage = place.account_id, place.stage
    ec2 = f"arn:aws:ec2:{place.region}:{account}"
    twin = naming.role_arn(account, naming.twin_role("*", stage))
    profile = f"arn:aws:iam::{account}:instance-profile/{naming.twin_role('*', stage)}"
    own = {"StringEquals": {"aws:ResourceTag/edgewright:stage": stage}}
    made = {"StringEquals": {"aws:RequestTag/edgewright:stage": stage}}
    return [
        *_roles("Twin", [twin], boundary.arn(place, boundary.PROVISIONING)),
        _passed("PassTwinRole", twin, "ec2.amazonaws.com"),
        policy.statement(
            "TwinProfiles",
            [
                "iam:AddRoleToInstanceProfile",
                "iam:CreateInstanceProfile",
                "iam:DeleteInstanceProfile",
                "iam:GetInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:TagInstanceProfile",
                "iam:UntagInstanceProfile",
            ],
            [profile],
        ),
        policy.statement(
            "MakeTwins",
            ["ec2:CreateLaunchTemplate", "ec2:CreateSecurityGroup", "ec2:RunInstances"],
            [f"{ec2}:{kind}/*" for kind in ("instance", "launch-template", "security-group")],
            conditions=made,
        ),
        policy.statement(
            "UseForTwins",
            # A launch template and a security group that are there carry no request tag; the rest is not ours.
            ["ec2:CreateSecurityGroup", "ec2:RunInstances"],
            [
                *(f"{ec2}:{kind}/*" for kind in ("network-interface", "subnet", "volume", "vpc")),
                f"arn:aws:ec2:{place.region}::image/*",
                f"arn:aws:ec2:{place.region}::snapshot/*",
            ],
        ),
        policy.statement(
            "OwnTwins",
            [
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:CreateLaunchTemplateVersion",
                "ec2:CreateTags",
                "ec2:DeleteLaunchTemplate",
                "ec2:DeleteSecurityGroup",
                "ec2:DeleteTags",
                "ec2:DescribeInstanceAttribute",
                "ec2:ModifyLaunchTemplate",
                "ec2:RevokeSecurityGroupEgress",
                "ec2:RunInstances",
                "ec2:TerminateInstances",
            ],
            [f"{ec2}:{kind}/*" for kind in ("instance", "launch-template", "security-group", "volume")],
            conditions=own,
        ),
        policy.statement(
            "TagTwins",
            ["ec2:CreateTags"],
            [f"{ec2}:{kind}/*" for kind in ("instance", "launch-template", "security-group", "volume")],
            conditions={
                "StringEquals": {
                    "ec2:CreateAction": ["CreateLaunchTemplate", "CreateSecurityGroup", "RunInstances"],
                    **made["StringEquals"],
                }
            },
        ),
        policy.statement(
            "SeeTwins",
            # EC2 knows no resources for what describes.
            [
                "ec2:DescribeInstanceCreditSpecifications",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeInstances",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:DescribeLaunchTemplates",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroupRules",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeTags",
                "ec2:DescribeVolumes",
                "ec2:DescribeVpcs",
            ],
            ["*"],
        ),
        policy.statement(
            "TwinImages",
            ["ssm:GetParameters"],
            # Public parameters are AWS's own and have no account; an organisation's images are in the stage's account.
            [
                f"arn:aws:ssm:{place.region}:{'' if image.startswith('/aws/service/') else account}:parameter{image}"
                for image in images
            ],
        ),
    ]


def _edge_manager(place: StagePlace) -> list[dict[str, Any]]:
    """SageMaker device fleets, their devices and the bucket of the agent."""
    account, stage = place.account_id, place.stage
    fleets = f"arn:aws:sagemaker:{place.region}:{account}:device-fleet/{naming.edge_manager_fleet('*', stage)}"
    return [
        policy.statement(
            "DeviceFleets",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateDeviceFleet",
                "sagemaker:DeleteDeviceFleet",
                "sagemaker:DeleteTags",
                "sagemaker:DeregisterDevices",
                "sagemaker:DescribeDevice",
                "sagemaker:DescribeDeviceFleet",
                "sagemaker:ListTags",
                "sagemaker:RegisterDevices",
                "sagemaker:UpdateDeviceFleet",
                "sagemaker:UpdateDevices",
            ],
            [fleets, f"{fleets}/device/*"],
        ),
        _passed(
            "PassToSageMaker",
            naming.role_arn(account, naming.token_exchange_role("*", stage)),
            "sagemaker.amazonaws.com",
        ),
        policy.statement(
            "EdgeManagerBuckets",
            _BUCKET_ACTIONS,
            [f"arn:aws:s3:::{naming.edge_manager_bucket(place.organisation, '*', stage, account)}"],
        ),
    ]
