"""The resource types that the stand-in serves: those of pulumi-aws that the program uses, and no other."""

from __future__ import annotations

from collections.abc import Mapping

from edgewright.standin import iam, iot, s3, s3_settings
from edgewright.standin.resource import Type

TYPES: Mapping[str, Type] = {type_.token: type_ for type_ in (*s3.TYPES, *s3_settings.TYPES, *iam.TYPES, *iot.TYPES)}
TOKENS = frozenset(TYPES)
