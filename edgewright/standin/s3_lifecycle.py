"""Amazon S3: lifecycle rules between the shape of pulumi-aws and that of the API. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.standin.tags import listed, mapped

Values = dict[str, Any]
_SIZES = {"objectSizeGreaterThan": "ObjectSizeGreaterThan", "objectSizeLessThan": "ObjectSizeLessThan"}
_EXPIRATION = {"date": "Date", "days": "Days", "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
_TRANSITION = {"date": "Date", "days": "Days", "storageClass": "StorageClass"}
_NONCURRENT = {
    "newerNoncurrentVersions": "NewerNoncurrentVersions",
    "noncurrentDays": "NoncurrentDays",
    "storageClass": "StorageClass",
}
_MINIMUM_SIZE = "transitionDefaultMinimumObjectSize"


def request(inputs: Values) -> Values:
    """Return the arguments of PutBucketLifecycleConfiguration."""
    arguments: Values = {"LifecycleConfiguration": {"Rules": [_rule(rule) for rule in inputs.get("rules") or ()]}}
    if inputs.get(_MINIMUM_SIZE):
        arguments["TransitionDefaultMinimumObjectSize"] = inputs[_MINIMUM_SIZE]
    return arguments


def outputs(answer: Mapping[str, Any]) -> Values:
    """Return the outputs for an answer of GetBucketLifecycleConfiguration."""
    # What S3 applies when nobody chose, since September 2024.
    minimum = answer.get("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    return {"rules": [_output(rule) for rule in answer.get("Rules", ())], _MINIMUM_SIZE: minimum}


def _rule(rule: Values) -> Values:
    made: Values = {"ID": rule["id"], "Status": rule["status"]}
    if rule.get("abortIncompleteMultipartUpload"):
        days = rule["abortIncompleteMultipartUpload"].get("daysAfterInitiation")
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    if rule.get("expiration"):
        made["Expiration"] = _renamed(rule["expiration"], _EXPIRATION)
    if rule.get("noncurrentVersionExpiration"):
        made["NoncurrentVersionExpiration"] = _renamed(rule["noncurrentVersionExpiration"], _NONCURRENT)
    if rule.get("transitions"):
        made["Transitions"] = [_renamed(item, _TRANSITION) for item in rule["transitions"]]
    if rule.get("noncurrentVersionTransitions"):
        made["NoncurrentVersionTransitions"] = [
            _renamed(item, _NONCURRENT) for item in rule["noncurrentVersionTransitions"]
        ]
    if rule.get("prefix"):
        # The old place of the prefix; S3 refuses it beside a filter.
        made["Prefix"] = rule["prefix"]
    else:
        made["Filter"] = _filter(rule.get("filter") or {})
    return made


def _filter(wanted: Values) -> Values:
    if wanted.get("and"):
        both = wanted["and"]
        combined = _renamed(both, _SIZES) | ({"Prefix": both["prefix"]} if both.get("prefix") else {})
        return {"And": combined | ({"Tags": listed(both["tags"])} if both.get("tags") else {})}
    if wanted.get("tag"):
        return {"Tag": {"Key": wanted["tag"]["key"], "Value": wanted["tag"]["value"]}}
    sizes = _renamed(wanted, _SIZES)
    # A rule without conditions is one with an empty prefix.
    return sizes or {"Prefix": wanted.get("prefix") or ""}


def _output(rule: Mapping[str, Any]) -> Values:
    made: Values = {
        "id": rule["ID"],
        "noncurrentVersionTransitions": [
            _renamed_back(item, _NONCURRENT) for item in rule.get("NoncurrentVersionTransitions", ())
        ],
        "prefix": rule.get("Prefix", ""),
        "status": rule["Status"],
        "transitions": [_renamed_back(item, _TRANSITION) for item in rule.get("Transitions", ())],
    }
    if "AbortIncompleteMultipartUpload" in rule:
        days = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        made["abortIncompleteMultipartUpload"] = {"daysAfterInitiation": days}
    if "Expiration" in rule:
        made["expiration"] = {"expiredObjectDeleteMarker": False} | _renamed_back(rule["Expiration"], _EXPIRATION)
    if "NoncurrentVersionExpiration" in rule:
        made["noncurrentVersionExpiration"] = _renamed_back(rule["NoncurrentVersionExpiration"], _NONCURRENT)
    if "Filter" in rule:
        made["filter"] = _filter_output(rule["Filter"])
    return made


def _filter_output(answered: Mapping[str, Any]) -> Values:
    if "And" in answered:
        both = answered["And"]
        combined = _renamed_back(both, _SIZES) | {"prefix": both.get("Prefix", "")}
        return {"and": combined | ({"tags": mapped(both["Tags"])} if both.get("Tags") else {})}
    if "Tag" in answered:
        return {"tag": {"key": answered["Tag"]["Key"], "value": answered["Tag"]["Value"]}}
    sizes = _renamed_back(answered, _SIZES)
    return sizes or {"prefix": answered.get("Prefix", "")}


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    return {theirs: values[ours] for ours, theirs in names.items() if values.get(ours) not in (None, False, "")}


def _renamed_back(values: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    return {ours: _plain(values[theirs]) for ours, theirs in names.items() if theirs in values}


def _plain(value: Any) -> Any:
    # boto3 hands dates out as datetimes; S3 works with midnight, UTC.
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else value
