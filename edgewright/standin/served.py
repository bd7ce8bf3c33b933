"""The resource types that the stand-in serves: those of pulumi-aws that the program uses, and no other."""

from __future__ import annotations

from collections.abc import Mapping

from edgewright.standin import (
    compute,
    events,
    functions,
    iam,
    iam_access,
    iam_exclusive,
    iot,
    iot_identity,
    iot_types,
    keys,
    messaging,
    monitoring,
    network,
    registry,
    s3,
    s3_settings,
)
from edgewright.standin.model import Type

_ALL = (
    *s3.TYPES,
    *s3_settings.TYPES,
    *iam.TYPES,
    *iam_access.TYPES,
    *iam_exclusive.TYPES,
    *iot.TYPES,
    *iot_identity.TYPES,
    *iot_types.TYPES,
    *keys.TYPES,
    *network.TYPES,
    *compute.TYPES,
    *events.TYPES,
    *messaging.TYPES,
    *monitoring.TYPES,
    *functions.TYPES,
    *registry.TYPES,
)
TYPES: Mapping[str, Type] = {type_.token: type_ for type_ in _ALL}
TOKENS = frozenset(TYPES)
COMING: Mapping[str, str] = {
    "aws:cloudwatch/dashboard:Dashboard": "dashboards",
}
"""Types that the program is about to use, and for what; when it does, the entry goes, and a test says so."""
