"""The resource types that the stand-in serves: those of pulumi-aws that the program uses, and no other."""

from __future__ import annotations

from collections.abc import Mapping

from edgewright.standin import iam, iot, iot_identity, s3, s3_settings
from edgewright.standin.model import Type

_ALL = (*s3.TYPES, *s3_settings.TYPES, *iam.TYPES, *iot.TYPES, *iot_identity.TYPES)
TYPES: Mapping[str, Type] = {type_.token: type_ for type_ in _ALL}
TOKENS = frozenset(TYPES)
