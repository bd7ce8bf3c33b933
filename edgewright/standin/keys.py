"""KMS keys with their aliases, and secrets of Secrets Manager, whose values never pass through here.

Longer than other modules, because it is a table: a row for each type, a line for each property that differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.standin import policies
from edgewright.standin.diff import Shape
from edgewright.standin.model import TAGS, Property, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import between, json_text, length, matches, one_of, policy_text
from edgewright.standin.table import ID, Call, Change, Read, Row, Tagging
from edgewright.standin.tags import listed, mapped

_KEY = {"KeyId": ID}
_SECRET = {"SecretId": ID}
_ENABLED = frozenset({"isEnabled"})
_ROTATION = frozenset({"enableKeyRotation"})


def _rotates(values: Values) -> bool:
    return bool(values.get("enableKeyRotation"))


def _key(answer: Mapping[str, Any], _: Values) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] = answer["KeyMetadata"]
    return None if found["KeyState"] in {"PendingDeletion", "PendingReplicaDeletion"} else found


def _alias(answer: Mapping[str, Any], found: Values) -> Mapping[str, Any] | None:
    return next((each for each in answer["Aliases"] if each["AliasName"] == found[ID]), None)


def _target(_: Any, found: Values) -> Values:
    key = f"{found['arn'].rpartition(':')[0]}:key/{found['targetKeyId']}"
    return {"targetKeyArn": found["targetKeyId"] if found["targetKeyId"].startswith("arn:") else key}


def _secret(answer: Mapping[str, Any], _: Values) -> Mapping[str, Any] | None:
    return None if answer.get("DeletedDate") else answer


def _same_key(old: str, new: str) -> bool:
    return old.rpartition("/")[2] == new.rpartition("/")[2]


def _text(answer: Any) -> str:
    return str((answer or {}).get("ResourcePolicy") or "")


KMS_TAGS = Tagging(
    given=lambda tags: [{"TagKey": key, "TagValue": value} for key, value in sorted(tags.items())],
    found=lambda tags: {tag["TagKey"]: tag["TagValue"] for tag in tags or ()},
    read=Read("list_resource_tags", _KEY, at="Tags"),
    put=Call("tag_resource", {**_KEY, "Tags": lambda values: values["put"]}),
    remove=Call("untag_resource", {**_KEY, "TagKeys": lambda values: values["gone"]}),
)
_SECRET_TAGS = Tagging(
    given=listed,
    found=mapped,
    put=Call("tag_resource", {**_SECRET, "Tags": lambda values: values["put"]}),
    remove=Call("untag_resource", {**_SECRET, "TagKeys": lambda values: values["gone"]}),
)


def _some_days(name: str, value: Any) -> str | None:
    # As the real provider does, what is neither is told twice.
    return None if value == 0 else between(7, 30)(name, value)


def _no_days(name: str, value: Any) -> str | None:
    return (
        None if value == 0 or between(7, 30)(name, value) is None else f"expected {name} to be one of [0], got {value}"
    )


def _days(values: Values) -> int | None:
    return values.get("recoveryWindowInDays") or None


def _at_once(values: Values) -> bool | None:
    return True if values.get("recoveryWindowInDays") == 0 else None


TYPES = (
    Row(
        "aws:kms/key:Key",
        service="kms",
        what="KMS key",
        named="keyId",
        identity=lambda answer, _: str(answer["KeyMetadata"]["KeyId"]),
        create_call=Call(
            "create_key",
            {
                "BypassPolicyLockoutSafetyCheck": "bypassPolicyLockoutSafetyCheck",
                "Description": "description",
                "KeySpec": "customerMasterKeySpec",
                "KeyUsage": "keyUsage",
                "MultiRegion": "multiRegion",
                "Policy": "policy",
                "Tags": KMS_TAGS.create,
            },
        ),
        reads=(
            Read(
                "describe_key",
                _KEY,
                at=_key,
                absent=frozenset({"NotFoundException"}),
                outputs={
                    "arn": "Arn",
                    "customerMasterKeySpec": "KeySpec",
                    "description": "Description",
                    "isEnabled": "Enabled",
                    "keyId": "KeyId",
                    "keyUsage": "KeyUsage",
                    "multiRegion": "MultiRegion",
                },
            ),
            Read("get_key_policy", {**_KEY, "PolicyName": lambda _: "default"}, outputs={"policy": "Policy"}),
            Read(
                "get_key_rotation_status",
                _KEY,
                outputs={"enableKeyRotation": "KeyRotationEnabled", "rotationPeriodInDays": "RotationPeriodInDays"},
            ),
        ),
        changes=(
            Change(
                "enable_key_rotation",
                {**_KEY, "RotationPeriodInDays": "rotationPeriodInDays"},
                of=_ROTATION | {"rotationPeriodInDays"},
                too=True,
                unless=lambda values: not _rotates(values),
            ),
            Change("disable_key_rotation", _KEY, of=_ROTATION, unless=_rotates),
            Change(
                "update_key_description",
                {**_KEY, "Description": "description"},
                {"Description": ""},
                of=frozenset({"description"}),
            ),
            Change(
                "put_key_policy",
                {
                    **_KEY,
                    "BypassPolicyLockoutSafetyCheck": "bypassPolicyLockoutSafetyCheck",
                    "Policy": "policy",
                    "PolicyName": lambda _: "default",
                },
                of=frozenset({"policy"}),
            ),
            Change("enable_key", _KEY, of=_ENABLED, unless=lambda values: not values.get("isEnabled")),
            Change("disable_key", _KEY, of=_ENABLED, too=True, unless=lambda values: bool(values.get("isEnabled"))),
        ),
        delete_call=Call(
            "schedule_key_deletion",
            {**_KEY, "PendingWindowInDays": "deletionWindowInDays"},
            absent=frozenset({"NotFoundException", "KMSInvalidStateException"}),
        ),
        tagging=KMS_TAGS,
    ).serves(
        {
            "bypassPolicyLockoutSafetyCheck": Property(kept=False),
            "customerMasterKeySpec": Property(replace=True, default="SYMMETRIC_DEFAULT"),
            "deletionWindowInDays": Property(held=False, rules=(between(7, 30),)),
            "description": Property(rules=(length(0, 8192),)),
            "enableKeyRotation": Property(),
            "isEnabled": Property(default=True),
            "keyUsage": Property(
                replace=True,
                default="ENCRYPT_DECRYPT",
                rules=(one_of("SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),),
            ),
            "multiRegion": Property(replace=True),
            "policy": Property(rules=(policy_text,)),
            "rotationPeriodInDays": Property(rules=(between(90, 2560),)),
            "tags": Property(),
        },
        shape=Shape(
            computed=frozenset({"description", "policy", "rotationPeriodInDays"}),
            documents={"policy": policies.same_policy},
        ),
    ),
    Row(
        "aws:kms/alias:Alias",
        service="kms",
        what="KMS alias",
        named="name",
        identity="name",
        create_call=Call("create_alias", {"AliasName": "name", "TargetKeyId": "targetKeyId"}),
        reads=(
            Read(
                "list_aliases",
                {},
                at=_alias,
                outputs={"arn": "AliasArn", "name": "AliasName", "targetKeyId": "TargetKeyId"},
            ),
        ),
        changes=(
            Change("update_alias", {"AliasName": ID, "TargetKeyId": "targetKeyId"}, of=frozenset({"targetKeyId"})),
        ),
        delete_call=Call("delete_alias", {"AliasName": ID}, absent=frozenset({"NotFoundException"})),
        fixed=_target,
    ).serves(
        {
            "name": Property(
                replace=True,
                rules=(
                    matches(
                        r"alias/[a-zA-Z0-9/_-]+",
                        hint="must begin with 'alias/' and be comprised of only [a-zA-Z0-9/_-]",
                    ),
                ),
            ),
            "targetKeyId": Property(),
        },
        shape=Shape(respelled={"targetKeyId": _same_key}),
        auto_name=AutoName("name", 256, prefix="alias/"),
    ),
    Row(
        "aws:secretsmanager/secret:Secret",
        service="secretsmanager",
        what="secret",
        named="name",
        identity=lambda answer, _: str(answer["ARN"]),
        create_call=Call(
            "create_secret",
            {
                "Description": "description",
                "ForceOverwriteReplicaSecret": "forceOverwriteReplicaSecret",
                "KmsKeyId": "kmsKeyId",
                "Name": "name",
                "Tags": _SECRET_TAGS.create,
            },
        ),
        reads=(
            Read(
                "describe_secret",
                _SECRET,
                at=_secret,
                outputs={
                    "arn": "ARN",
                    "description": "Description",
                    "kmsKeyId": "KmsKeyId",
                    "name": "Name",
                    TAGS: lambda secret: mapped(secret.get("Tags", ())),
                },
            ),
            Read("get_resource_policy", _SECRET, outputs={"policy": _text}),
        ),
        changes=(
            Change(
                "update_secret",
                {**_SECRET, "Description": "description", "KmsKeyId": "kmsKeyId"},
                blank={"Description": ""},
                of=frozenset({"description", "kmsKeyId"}),
            ),
            Change(
                "put_resource_policy",
                {**_SECRET, "ResourcePolicy": "policy"},
                of=frozenset({"policy"}),
                too=True,
                unless=lambda values: not values.get("policy"),
            ),
            Change(
                "delete_resource_policy",
                _SECRET,
                of=frozenset({"policy"}),
                unless=lambda values: bool(values.get("policy")),
            ),
        ),
        delete_call=Call(
            "delete_secret",
            {**_SECRET, "RecoveryWindowInDays": _days, "ForceDeleteWithoutRecovery": _at_once},
            absent=frozenset({"InvalidRequestException"}),
        ),
        tagging=_SECRET_TAGS,
    ).serves(
        {
            "description": Property(rules=(length(0, 2048),)),
            "forceOverwriteReplicaSecret": Property(kept=False),
            "kmsKeyId": Property(),
            "name": Property(
                replace=True,
                rules=(
                    length(1, 512),
                    matches(
                        r"[0-9A-Za-z/_+=.@-]*",
                        hint="must contain only alphanumeric characters and special characters /_+=.@-",
                    ),
                ),
            ),
            "policy": Property(rules=(json_text,)),
            "recoveryWindowInDays": Property(default=30, held=False, rules=(_some_days, _no_days)),
            "tags": Property(),
        },
        shape=Shape(computed=frozenset({"policy"}), documents={"policy": policies.same_policy}),
        auto_name=AutoName("name", 512),
    ),
)
