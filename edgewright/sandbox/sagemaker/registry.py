"""What EventBridge hears of model packages: "SageMaker Model Package State Change".

Source: "Automating Amazon SageMaker AI with Amazon EventBridge", with the newer field UpdatedModelPackageFields.
Times are RFC 3339 in UTC, as in the guide's example.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from moto.events.models import events_backends

from edgewright.sandbox.events import models as _events  # noqa: F401 -- rules that reach Lambda, SNS and other buses

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Model Package State Change"
_FIELDS = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageDescription",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "CertifyForMarketplace",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
)


def fields(package: Any) -> dict[str, Any]:
    """The fields of a package that an event carries and a change may name."""
    document = json.loads(json.dumps(package.gen_response_object(), default=_time))
    return {name: document[name] for name in _FIELDS if document.get(name) not in (None, {})}


def announce(account: str, region: str, package: Any, changed: Sequence[str] | None) -> None:
    """Send the event to the account's default bus; ``changed`` names the fields, None for a new package."""
    detail = {
        "ModelPackageArn": package.arn,
        **fields(package),
        "CreationTime": _time(package.creation_time),
        "LastModifiedTime": _time(package.last_modified_time or package.creation_time),
    }
    if not package.model_package_group_name:
        detail["ModelPackageName"] = package.model_package_name
    if changed is not None:
        detail["UpdatedModelPackageFields"] = list(changed)
    event = {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Resources": [package.arn],
        "Detail": json.dumps(detail),
    }
    events_backends[account][region].put_events([event])


def _time(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
