"""What people may do: one role for each persona, in the account where its work is.

Data scientists (experimentation) train, and register models that somebody else approves. ML engineers (tooling)
approve models, and look at stages that are not production. Operators (every stage) look and change nothing.
Technicians (every stage) retire devices and exchange certificates. Administrators have what the accounts came with.
docs/reference/personas.md has the table, and a test tries it.
"""

from __future__ import annotations

from typing import Any

from edgewright.documents import naming, policy
from edgewright.documents.model_events import Registry
from edgewright.documents.place import StagePlace

DATA_SCIENTIST = "data-scientist"
ML_ENGINEER = "ml-engineer"
OPERATOR = "operator"
TECHNICIAN = "technician"


def operator(place: StagePlace) -> dict[str, Any]:
    """Return what an operator sees of a stage: everything about the fleets, and nothing that they captured."""
    iot = f"arn:aws:iot:{place.region}:{place.account_id}"
    greengrass = f"arn:aws:greengrass:{place.region}:{place.account_id}"
    return policy.document(
        [
            policy.statement(
                "Fleets",
                [
                    "greengrass:DescribeComponent",
                    "greengrass:GetComponent",
                    "greengrass:GetCoreDevice",
                    "greengrass:GetDeployment",
                    "greengrass:ListComponentVersions",
                    "greengrass:ListEffectiveDeployments",
                    "greengrass:ListInstalledComponents",
                    "greengrass:ListTagsForResource",
                ],
                [f"{greengrass}:components:*", f"{greengrass}:coreDevices:*", f"{greengrass}:deployments:*"],
            ),
            policy.statement(
                "Devices",
                [
                    "iot:DescribeJob",
                    "iot:DescribeJobExecution",
                    "iot:DescribeThing",
                    "iot:DescribeThingGroup",
                    "iot:DescribeThingType",
                    "iot:ListJobExecutionsForJob",
                    "iot:ListJobExecutionsForThing",
                    "iot:ListTagsForResource",
                    "iot:ListThingGroupsForThing",
                    "iot:ListThingsInThingGroup",
                ],
                [f"{iot}:{kind}/*" for kind in ("job", "thing", "thinggroup", "thingtype")],
            ),
            policy.statement(
                "Logs",
                ["logs:DescribeLogStreams", "logs:GetLogEvents"],
                [f"arn:aws:logs:{place.region}:{place.account_id}:log-group:/aws/greengrass/*"],
            ),
            policy.statement(
                "Lists",
                # The Service Authorization Reference has, or long had, no resource type for these.
                [
                    "cloudwatch:GetMetricData",
                    "cloudwatch:ListMetrics",
                    "greengrass:ListComponents",
                    "greengrass:ListCoreDevices",
                    "greengrass:ListDeployments",
                    "iot:DescribeEndpoint",
                    "iot:ListJobs",
                    "iot:ListThingGroups",
                    "iot:ListThingPrincipals",
                    "iot:ListThingTypes",
                    "iot:ListThings",
                    "logs:DescribeLogGroups",
                ],
                ["*"],
            ),
            policy.statement(
                "Alarms",
                ["cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard"],
                [
                    f"arn:aws:cloudwatch:{place.region}:{place.account_id}:alarm:*",
                    f"arn:aws:cloudwatch::{place.account_id}:dashboard/*",
                ],
            ),
        ]
    )


def technician(place: StagePlace) -> dict[str, Any]:
    """Return what `edgewright device retire` and `rotate` need in a stage."""
    iot = f"arn:aws:iot:{place.region}:{place.account_id}"
    groups = f"{iot}:thinggroup/{naming.thing_group('*', place.stage, '*')}"
    return policy.document(
        [
            policy.statement(
                "Certificates",
                [
                    "iot:AttachPolicy",
                    "iot:DeleteCertificate",
                    "iot:DescribeCertificate",
                    "iot:DetachPolicy",
                    "iot:UpdateCertificate",
                ],
                [f"{iot}:cert/*"],
            ),
            policy.statement(
                "Things",
                [
                    "iot:DeleteThing",
                    "iot:DescribeThing",
                    "iot:DescribeThingGroup",
                    "iot:ListThingGroupsForThing",
                    "iot:RemoveThingFromThingGroup",
                    "iot:UpdateThing",
                ],
                [f"{iot}:thing/*", groups],
            ),
            policy.statement(
                "CoreDevices",
                ["greengrass:DeleteCoreDevice", "greengrass:GetCoreDevice"],
                [f"arn:aws:greengrass:{place.region}:{place.account_id}:coreDevices:*"],
            ),
            policy.statement("Jobs", ["iot:DescribeJobExecution"], [f"{iot}:job/*", f"{iot}:thing/*"]),
            policy.statement(
                "Attach",
                # A certificate has no name that tells whose it is, and the endpoint is the account's.
                [
                    "iot:AttachThingPrincipal",
                    "iot:CreateCertificateFromCsr",
                    "iot:CreateKeysAndCertificate",
                    "iot:DescribeEndpoint",
                    "iot:DetachThingPrincipal",
                    "iot:ListAttachedPolicies",
                    "iot:ListThingPrincipals",
                ],
                ["*"],
            ),
        ]
    )


def data_scientist(account_id: str, region: str, tooling_id: str, access_role_arns: list[str]) -> dict[str, Any]:
    """Return what a data scientist may do in the experimentation account.

    Args:
        account_id: Of the experimentation account.
        region: Of the organisation.
        tooling_id: The account of the model registry.
        access_role_arns: The fleets' roles that let a reader of captures in.
    """
    jobs = f"arn:aws:sagemaker:{region}:{account_id}"
    registry = f"arn:aws:sagemaker:{region}:{tooling_id}"
    statements = [
        policy.statement(
            "Train",
            [
                "sagemaker:AddTags",
                "sagemaker:CreateProcessingJob",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeProcessingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopProcessingJob",
                "sagemaker:StopTrainingJob",
            ],
            [f"{jobs}:processing-job/{naming.PREFIX}-*", f"{jobs}:training-job/{naming.PREFIX}-*"],
        ),
        policy.statement(
            "PassTrainingRole",
            ["iam:PassRole"],
            [naming.role_arn(account_id, f"{naming.PREFIX}-training")],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        policy.statement(
            "Register",
            ["sagemaker:CreateModelPackage"],
            [f"{registry}:model-package-group/*", f"{registry}:model-package/*"],
            # Whoever trains a model does not approve it.
            conditions={"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}},
        ),
        policy.statement(
            "Registry",
            ["sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"],
            [f"{registry}:model-package-group/*", f"{registry}:model-package/*"],
        ),
    ]
    if access_role_arns:
        statements.append(policy.statement("ReadCaptures", ["sts:AssumeRole"], access_role_arns))
    return policy.document(statements)


def ml_engineer(registry: Registry, trigger: str | None = None) -> dict[str, Any]:
    """Return what an ML engineer may do in the tooling account: decide on models, and replay what did not arrive.

    Args:
        registry: Of the tooling account.
        trigger: The kind of ``models.trigger``; None when there is none.
    """
    packages = [registry.arn("sagemaker", "model-package-group/*"), registry.arn("sagemaker", "model-package/*")]
    statements = [
        policy.statement(
            "Approve",
            [
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:UpdateModelPackage",
            ],
            packages,
        ),
        policy.statement(
            "Lists",
            # These list the account.
            ["sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages"],
            ["*"],
        ),
    ]
    if trigger is not None:
        letters = ["sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
        if trigger == "apiDestination":  # no function takes the messages away
            letters.append("sqs:DeleteMessage")
        statements.append(policy.statement("DeadLetters", letters, [registry.queue]))
    if trigger == "lambda":
        backup = registry.function(naming.MODEL_EVENTS_BACKUP)
        statements.append(policy.statement("Replay", ["lambda:InvokeFunction"], [backup]))
    return policy.document(statements)
