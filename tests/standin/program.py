"""A Pulumi program with one of each of the fifteen types that make a fleet; ``wanted.json`` says how it is now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

WANTED: dict[str, Any] = {
    "actions": ["s3:GetObject"],
    "alias": "shop",
    "attributes": {"floor": "1"},
    "bucket": "shop-captures-222222222222",
    "duration": 3600,
    "group": "shop-main",
    "tags": {"team": "edge"},
    "things": ["cam-1", "cam-2"],
    "uploads": 7,
    **json.loads(Path("wanted.json").read_text(encoding="utf-8")),
}


def policy(actions: list[str], **more: Any) -> str:
    """Return a policy of one statement."""
    statement = {"Effect": "Allow", "Action": actions, **(more or {"Resource": "*"})}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


cloud = aws.Provider(
    "cloud",
    region="eu-west-1",
    allowed_account_ids=["222222222222"],
    assume_roles=[
        aws.ProviderAssumeRoleArgs(
            role_arn="arn:aws:iam::222222222222:role/OrganizationAccountAccessRole", session_name="shop"
        )
    ],
)
child = pulumi.ResourceOptions(provider=cloud)

bucket = aws.s3.Bucket("captures", bucket=WANTED["bucket"], tags=WANTED["tags"], opts=child)
aws.s3.BucketVersioning(
    "captures",
    bucket=bucket.bucket,
    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
    opts=child,
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "captures",
    bucket=bucket.bucket,
    rules=[
        aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                sse_algorithm="AES256"
            )
        )
    ],
    opts=child,
)
block = aws.s3.BucketPublicAccessBlock(
    "captures", bucket=bucket.bucket, block_public_acls=True, block_public_policy=True, opts=child
)
aws.s3.BucketOwnershipControls(
    "captures",
    bucket=bucket.bucket,
    rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
    opts=child,
)
aws.s3.BucketLifecycleConfiguration(
    "captures",
    bucket=bucket.bucket,
    rules=[
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="uploads",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=WANTED["uploads"]
            ),
        )
    ],
    opts=child,
)
role = aws.iam.Role(
    "device",
    assume_role_policy=policy(["sts:AssumeRole"], Principal={"Service": "credentials.iot.amazonaws.com"}),
    tags=WANTED["tags"],
    opts=child,
)
aws.s3.BucketPolicy(
    "captures",
    bucket=bucket.bucket,
    policy=pulumi.Output.all(bucket.arn, role.arn).apply(
        lambda arns: policy(["s3:PutObject"], Principal={"AWS": arns[1]}, Resource=[f"{arns[0]}/*"])
    ),
    opts=pulumi.ResourceOptions(provider=cloud, depends_on=[block]),
)
inline = aws.iam.RolePolicy("device", role=role.name, policy=policy(WANTED["actions"]), opts=child)
managed = aws.iam.Policy("grant", name="shop-grant", policy=policy(WANTED["actions"]), tags=WANTED["tags"], opts=child)
alias = aws.iot.RoleAlias(
    "device", alias=WANTED["alias"], role_arn=role.arn, credential_duration=WANTED["duration"], opts=child
)
certificate = aws.iot.Policy("device", name="shop-device", policy=policy(["iot:Connect"]), opts=child)
group = aws.iot.ThingGroup(
    "main",
    name=WANTED["group"],
    properties=aws.iot.ThingGroupPropertiesArgs(
        description="The main ring",
        attribute_payload=aws.iot.ThingGroupPropertiesAttributePayloadArgs(attributes=WANTED["attributes"]),
    ),
    tags=WANTED["tags"],
    opts=child,
)
for name in WANTED["things"]:
    thing = aws.iot.Thing(name, name=name, opts=child)
    aws.iot.ThingGroupMembership(name, thing_name=thing.name, thing_group_name=group.name, opts=child)

pulumi.export("bucketArn", bucket.arn)
pulumi.export("bucketDomain", bucket.bucket_regional_domain_name)
pulumi.export("roleArn", role.arn)
pulumi.export("aliasArn", alias.arn)
pulumi.export("certificatePolicyArn", certificate.arn)
pulumi.export("groupArn", group.arn)
pulumi.export("grantArn", managed.arn)
pulumi.export("groupTags", group.tags_all)
pulumi.export("inlineId", inline.id)
