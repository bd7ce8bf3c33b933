"""What the roles that a deploy role makes may ever do, whatever the manifests give them: the permissions boundary.

The boundary is made by an administrator with the tooling stack, and the deploy role can make no role without it. So a
pipeline that is taken over can write any statement into the policy of a device's role, and none beyond this list has
an effect. What a fleet needs besides is added to ``boundary`` in edgewright.yaml, which belongs to administrators.
"""

from __future__ import annotations

DEVICES = (
    "cloudwatch:PutMetricData",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "iot:DescribeCertificate",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "s3:AbortMultipartUpload",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "sagemaker:GetDeployments",
    "sagemaker:GetDeviceRegistration",
    "sagemaker:SendHeartbeat",
    "secretsmanager:GetSecretValue",
)
"""Of token exchange roles and of the fleets' cross-account roles: telemetry in, artifacts out."""

PROVISIONING = (
    "iot:AddThingToThingGroup",
    "iot:AttachPolicy",
    "iot:AttachThingPrincipal",
    "iot:CreateProvisioningClaim",
    "iot:CreateThing",
    "iot:DescribeCertificate",
    "iot:DescribeThing",
    "iot:DescribeThingGroup",
    "iot:DescribeThingType",
    "iot:ListPrincipalPolicies",
    "iot:ListThingGroupsForThing",
    "iot:ListThingPrincipals",
    "iot:RegisterCertificate",
    "iot:RegisterCertificateWithoutCA",
    "iot:RegisterThing",
    "iot:RemoveThingFromThingGroup",
    "iot:UpdateCertificate",
    "iot:UpdateThing",
    "iot:UpdateThingGroupsForThing",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
)
"""Of the roles that register devices: AWS IoT's own, the hook's, and that of the twins."""


def allows(action: str, given: tuple[str, ...], extra: tuple[str, ...] = ()) -> bool:
    """Whether an action of a manifest lies within a boundary; case is as IAM has it, of no account.

    A pattern (``s3:Get*``) does not: what it comes to depends on what AWS adds tomorrow.
    """
    return action.lower() in {each.lower() for each in (*given, *extra)}
