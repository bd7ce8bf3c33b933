"""Amazon S3: what is set on a bucket by resources of its own. The id of each is the bucket's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgewright.standin import policies
from edgewright.standin import s3_lifecycle as lifecycle
from edgewright.standin.calls import asked
from edgewright.standin.diff import Shape
from edgewright.standin.model import Api, Property, Type, Values
from edgewright.standin.rules import at_least, json_text, length, one_of
from edgewright.standin.s3 import NO_BUCKET

if TYPE_CHECKING:
    from edgewright.aws.session import Session

_BUCKET = Property(replace=True, rules=(length(1, 63),))
_BLOCKS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}
_ENABLED_OR_NOT = one_of("Enabled", "Disabled")


@dataclass(frozen=True)
class Setting(Api):
    """A setting of a bucket: one call each to write, read and take away.

    Attributes:
        what: Its name in sentences.
        put: The operation that writes it.
        get: The operation that reads it.
        remove: The operation that takes it away.
        absent: The error codes by which S3 says that it is not set.
        request: Turns inputs into arguments of ``put``.
        outputs: Turns an answer of ``get`` into outputs; None when the setting is not made.
        owned: Whether pulumi-aws knows an expected owner here; the stand-in never names one.
    """

    what: str
    put: str
    get: str
    remove: str
    absent: AbstractSet[str]
    request: Callable[[Values], Mapping[str, Any]]
    outputs: Callable[[Mapping[str, Any]], Values | None]
    owned: bool = False

    def create(self, aws: Session, inputs: Values) -> str:
        """Write the setting."""
        bucket: str = inputs["bucket"]
        self._put(aws, bucket, inputs)
        return bucket

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the setting."""
        doing = f"read the {self.what} of the bucket {resource_id}"
        answer = asked(aws, "s3", self.get, self.absent | NO_BUCKET, doing=doing, Bucket=resource_id)
        outputs = None if answer is None else self.outputs(answer)
        if outputs is None:
            return None
        return {"bucket": resource_id, **outputs, **({"expectedBucketOwner": ""} if self.owned else {})}

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Write the setting over the one that is there."""
        del old
        if changed - {"skipDestroy"}:
            self._put(aws, resource_id, new)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Take the setting away."""
        if old.get("skipDestroy"):
            return
        doing = f"remove the {self.what} of the bucket {resource_id}"
        asked(aws, "s3", self.remove, self.absent | NO_BUCKET, doing=doing, Bucket=resource_id)

    def _put(self, aws: Session, bucket: str, inputs: Values) -> None:
        doing = f"set the {self.what} of the bucket {bucket}"
        aws.call("s3", self.put, doing=doing, Bucket=bucket, **self.request(inputs))


class Versioning(Setting):
    """Versioning, which S3 can suspend and never take away."""

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Suspend versioning, unless it never was on."""
        if (old.get("versioningConfiguration") or {}).get("status") == "Disabled":
            return
        asked(
            aws,
            "s3",
            self.put,
            NO_BUCKET,
            doing=f"suspend the {self.what} of the bucket {resource_id}",
            Bucket=resource_id,
            VersioningConfiguration={"Status": "Suspended"},
        )

    def _put(self, aws: Session, bucket: str, inputs: Values) -> None:
        # S3 has no word for "never enabled": that is what a bucket is until somebody says something.
        if inputs["versioningConfiguration"]["status"] != "Disabled":
            super()._put(aws, bucket, inputs)


def _versioning(answer: Mapping[str, Any]) -> Values:
    configuration = {"mfaDelete": answer.get("MFADelete", "Disabled"), "status": answer.get("Status", "Disabled")}
    return {"versioningConfiguration": configuration}


def _encryption(inputs: Values) -> Values:
    rules = []
    for rule in inputs["rules"]:
        applied = rule.get("applyServerSideEncryptionByDefault") or {}
        default = {"SSEAlgorithm": applied.get("sseAlgorithm"), "KMSMasterKeyID": applied.get("kmsMasterKeyId")}
        wanted: Values = {"BucketKeyEnabled": bool(rule.get("bucketKeyEnabled"))}
        if applied:
            wanted["ApplyServerSideEncryptionByDefault"] = {key: value for key, value in default.items() if value}
        if rule.get("blockedEncryptionTypes"):
            wanted["BlockedEncryptionTypes"] = {"EncryptionType": rule["blockedEncryptionTypes"]}
        rules.append(wanted)
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _encrypted(answer: Mapping[str, Any]) -> Values | None:
    rules = []
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        applied = rule.get("ApplyServerSideEncryptionByDefault") or {}
        rules.append(
            {
                "applyServerSideEncryptionByDefault": {
                    "kmsMasterKeyId": applied.get("KMSMasterKeyID", ""),
                    "sseAlgorithm": applied.get("SSEAlgorithm", ""),
                },
                "blockedEncryptionTypes": rule.get("BlockedEncryptionTypes", {}).get("EncryptionType", []),
                "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
            }
        )
    return {"rules": rules}


def _public_access(inputs: Values) -> Values:
    wanted = {theirs: bool(inputs.get(ours)) for ours, theirs in _BLOCKS.items()}
    return {"PublicAccessBlockConfiguration": wanted}


def _public_access_blocked(answer: Mapping[str, Any]) -> Values:
    blocked = answer["PublicAccessBlockConfiguration"]
    return {ours: blocked.get(theirs, False) for ours, theirs in _BLOCKS.items()}


def _ownership(inputs: Values) -> Values:
    return {"OwnershipControls": {"Rules": [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]}}


def _owned(answer: Mapping[str, Any]) -> Values | None:
    rules = answer["OwnershipControls"]["Rules"]
    return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}} if rules else None


TYPES = (
    Type(
        token="aws:s3/bucketVersioning:BucketVersioning",  # noqa: S106 -- Pulumi's word for the name of a type
        api=Versioning(
            what="versioning",
            put="put_bucket_versioning",
            get="get_bucket_versioning",
            remove="",
            absent=frozenset(),
            request=lambda inputs: {
                "VersioningConfiguration": {"Status": inputs["versioningConfiguration"]["status"]},
            },
            outputs=_versioning,
            owned=True,
        ),
        properties={"bucket": _BUCKET, "versioningConfiguration": Property()},
        nested_rules={"versioningConfiguration.status": (one_of("Enabled", "Suspended", "Disabled"),)},
        shape=Shape(computed=frozenset({"versioningConfiguration.mfaDelete"})),
    ),
    Type(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",  # noqa: S106 -- as above
        api=Setting(
            what="encryption",
            put="put_bucket_encryption",
            get="get_bucket_encryption",
            remove="delete_bucket_encryption",
            absent=frozenset({"ServerSideEncryptionConfigurationNotFoundError"}),
            request=_encryption,
            outputs=_encrypted,
            owned=True,
        ),
        properties={"bucket": _BUCKET, "rules": Property()},
        nested_rules={
            "rules.applyServerSideEncryptionByDefault.sseAlgorithm": (
                one_of("AES256", "aws:fsx", "aws:kms", "aws:kms:dsse"),
            ),
        },
        shape=Shape(
            computed=frozenset({"rules.blockedEncryptionTypes", "rules.applyServerSideEncryptionByDefault"}),
            sets=frozenset({"rules"}),
        ),
    ),
    Type(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",  # noqa: S106 -- as above
        api=Setting(
            what="public access block",
            put="put_public_access_block",
            get="get_public_access_block",
            remove="delete_public_access_block",
            absent=frozenset({"NoSuchPublicAccessBlockConfiguration"}),
            request=_public_access,
            outputs=_public_access_blocked,
        ),
        properties={"bucket": _BUCKET, **{name: Property() for name in _BLOCKS}, "skipDestroy": Property(kept=False)},
    ),
    Type(
        token="aws:s3/bucketPolicy:BucketPolicy",  # noqa: S106 -- as above
        api=Setting(
            what="policy",
            put="put_bucket_policy",
            get="get_bucket_policy",
            remove="delete_bucket_policy",
            absent=frozenset({"NoSuchBucketPolicy"}),
            request=lambda inputs: {"Policy": policies.plain(inputs["policy"])},
            outputs=lambda answer: {"policy": answer["Policy"]},
        ),
        properties={"bucket": _BUCKET, "policy": Property(rules=(json_text,))},
        shape=Shape(documents={"policy": policies.same_policy}),
    ),
    Type(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",  # noqa: S106 -- as above
        api=Setting(
            what="ownership controls",
            put="put_bucket_ownership_controls",
            get="get_bucket_ownership_controls",
            remove="delete_bucket_ownership_controls",
            absent=frozenset({"OwnershipControlsNotFoundError"}),
            request=_ownership,
            outputs=_owned,
        ),
        properties={"bucket": _BUCKET, "rule": Property()},
        nested_rules={
            "rule.objectOwnership": (one_of("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"),),
        },
    ),
    Type(
        token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",  # noqa: S106 -- as above
        api=Setting(
            what="lifecycle",
            put="put_bucket_lifecycle_configuration",
            get="get_bucket_lifecycle_configuration",
            remove="delete_bucket_lifecycle",
            absent=frozenset({"NoSuchLifecycleConfiguration"}),
            request=lifecycle.request,
            outputs=lifecycle.outputs,
            owned=True,
        ),
        properties={"bucket": _BUCKET, "rules": Property(), "transitionDefaultMinimumObjectSize": Property()},
        nested_rules={
            "rules.status": (_ENABLED_OR_NOT,),
            "rules.noncurrentVersionExpiration.noncurrentDays": (at_least(1),),
        },
        shape=Shape(
            computed=frozenset({"transitionDefaultMinimumObjectSize"}),
            sets=frozenset({"rules.transitions", "rules.noncurrentVersionTransitions"}),
        ),
    ),
)
