"""The sample organisation's stages and a fleet, as models: small builders, no files."""

from __future__ import annotations

from typing import Any

from edgewright.documents.place import FleetPlace, StagePlace
from edgewright.manifest.model import Access, Ring, Rollout, Statement

TOOLING = "111111111111"
STAGING = "222222222222"
PROD = "333333333333"


def stage(name: str = "prod", **changes: str) -> StagePlace:
    account = {"staging": STAGING, "prod": PROD}.get(name, PROD)
    values = {
        "organisation": "acme",
        "tooling_id": TOOLING,
        "account_id": account,
        "region": "eu-west-1",
        "stage": name,
    }
    return StagePlace(**{**values, **changes})


def fleet(name: str = "line-inspection", stage_name: str = "prod") -> FleetPlace:
    return stage(stage_name).fleet(name)


def ring(**changes: Any) -> Ring:
    return Ring.model_validate(
        {
            "name": "canary",
            "members": {"things": ["cam-001"]},
            "components": {
                "aws.greengrass.Nucleus": {
                    "version": "2.14.3",
                    "config": {"interpolateComponentConfiguration": True},
                },
                "com.acme.parts-model": {"version": "1.0.0"},
            },
            **changes,
        }
    )


def rollout(**values: Any) -> Rollout:
    return Rollout.model_validate(values)


def access(**changes: Any) -> Access:
    return Access.model_validate(
        {
            "role": "capture-reader",
            "trusted": "data-lake",
            "actions": ["s3:GetObject", "s3:ListBucket"],
            "resources": ["capture"],
            **changes,
        }
    )


def statement(**values: Any) -> Statement:
    return Statement.model_validate(values)
