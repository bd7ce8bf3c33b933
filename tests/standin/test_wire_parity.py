"""The stand-in answers as the real provider does: same checks, same differences, same state, same AWS."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgewright.sandbox import control
from edgewright.sandbox.control import Sandbox
from edgewright.standin import policies
from edgewright.standin.served import TYPES
from tests.standin.scenarios import (
    ATTACHED_ONLY,
    BAD,
    FUNCTION,
    GOOD,
    INLINE_ONLY,
    INSTANCE,
    LIFECYCLE,
    LIVES,
    QUEUE,
    QUEUE_POLICY,
    RULE,
    Life,
)
from tests.standin.snapshot import aws_state
from tests.standin.wire import STANDIN, Diffed, Wire, plugin

REAL = os.environ.get("EDGEWRIGHT_AWS_PLUGIN")
pytestmark = [
    pytest.mark.skipif(not REAL, reason="EDGEWRIGHT_AWS_PLUGIN names no folder with a real aws plugin"),
    # One pair of plugins and sandboxes for all of them: to start one each costs more than all tests together.
    pytest.mark.xdist_group("aws-plugins"),
]
# Made by AWS, so never the same twice.
MADE = frozenset({"createDate", "uniqueId", "policyId", "metadatas", "lastModified"})
# Of code, the bytes of the archive: zip files of the same content differ between languages.
MADE |= {"codeSha256", "sourceCodeSize"}
# Of a bucket, the real provider reads every setting that has a resource of its own; the stand-in leaves it to those.
NOT_READ = frozenset({"bucketNamespace", "grants", "hostedZoneId", "versioning"})
# Of an instance, three properties that the stand-in does not serve.
NOT_READ |= {"creditSpecification", "instanceInitiatedShutdownBehavior", "primaryNetworkInterface"}
# Objects and lists of them: how deep the real provider points depends on how its schema nests sets.
FOLDED = frozenset({"egress", "ingress", "rules", "tags", "tagsAll"})
FOLDED |= {"retentionInDays"}  # which it calls an update where it goes
# Outputs that the real provider lists as changed, because the change will change them.
CHANGED_BY_CHANGES = frozenset({"latestVersion", "qualifiedArn", "qualifiedInvokeArn", "rootBlockDevice", "version"})
# Tags of buckets go through S3 Control there; boto3 can reach it only through a proxy, so they go through S3 here.
# Who one is may be asked by anybody; the real provider has asked before its first resource.
# An instance and a function are imported with all that AWS chose for them, as if a person had; a rule without its
# state; a queue only by an address of AWS's own.
NOT_IMPORTED = frozenset({FUNCTION, INSTANCE, QUEUE, QUEUE_POLICY, RULE})
OWN_CALLS = {("s3", "GetBucketTagging"), ("s3", "PutBucketTagging"), ("s3", "DeleteBucketTagging")}
OWN_CALLS |= {("sts", "GetCallerIdentity")}
# Types of the real provider's newer framework whose schema has no id.
NEWER = frozenset({INLINE_ONLY, ATTACHED_ONLY})
_SUFFIX = re.compile(r"-[0-9a-f]{7}\b")
# What AWS makes up: ids, suffixes of secrets, addresses.
_MADE_UP = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b(sg|lt|i|vpc|subnet|vol|eni|sgr)-[0-9a-f]{17}\b"), r"\1-<id>"),
    (re.compile(r"(:secret:[\w/+=.@!<>-]+)-[A-Za-z]{6}\b"), r"\1-<suffix>"),
    (re.compile(r"//127\.0\.0\.1:\d+/"), "//<sandbox>/"),
    (re.compile(r"\b\d+([.-])\d+[.-]\d+[.-]\d+\b"), r"<\1address>"),
)
Values = dict[str, Any]


@dataclass
class Side:
    """A plugin with a sandbox of its own, and what lives needed and found there."""

    wire: Wire
    sandbox: Sandbox
    made: dict[str, Values] = field(default_factory=dict)

    def need(self, token: str, wanted: Values) -> Values:
        """Make a resource unless it is there already; return its outputs."""
        key = json.dumps([token, wanted], default=repr)
        if key not in self.made:
            inputs, _ = self.wire.check(token, f"need-{len(self.made)}", wanted)
            self.made[key] = self.wire.create(token, f"need-{len(self.made)}", inputs)[1]
        return self.made[key]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """The stand-in and the real provider, each configured."""
    folder = tmp_path_factory.mktemp("parity")
    assert REAL is not None
    with (
        control.start(folder / "standin") as ours,
        control.start(folder / "real") as theirs,
        plugin(STANDIN, ours.aws_environment(), folder) as standin,
        plugin(Path(REAL) / "pulumi-resource-aws", {**theirs.aws_environment(), "REALAWS_FAST": "1"}, folder) as real,
    ):
        for wire in (standin, real):
            assert wire.configure(region="eu-west-1", skipCredentialsValidation="false") == []
        yield Side(standin, ours), Side(real, theirs)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.id)
def test_a_life_is_the_same(life: Life, sides: tuple[Side, Side]) -> None:
    """Check, create, read, import, diff, update, delete: each answer is the real provider's."""
    ours, theirs = (_live(life, side) for side in sides)
    calls, real_calls = ours.pop("calls"), theirs.pop("calls")
    if life.token == LIFECYCLE:
        theirs.pop("detail")  # the real provider gives none for the resources of its newer framework
    if life.token in NEWER:
        theirs.pop("detail")
        ours = {step: _without_id(answer) for step, answer in ours.items()}
    if life.token in NOT_IMPORTED:
        theirs.pop("imported")
    for step, expected in theirs.items():
        assert (step, ours[step]) == (step, expected)
    assert calls - real_calls <= OWN_CALLS, "the stand-in needs a permission that the real provider does not"


@pytest.mark.parametrize(("token", "inputs"), BAD, ids=lambda value: str(value)[:60])
def test_bad_inputs_are_refused_at_the_same_places(token: str, inputs: Values, sides: tuple[Side, Side]) -> None:
    ours, theirs = (_places(side.wire.check(token, "r", inputs)[1]) for side in sides)
    assert theirs
    # The real provider cuts the path of what is inside a set.
    assert len(ours) == len(theirs)
    assert all(mine.startswith(real) for mine, real in zip(ours, theirs, strict=True)), (ours, theirs)


@pytest.mark.parametrize(("token", "inputs"), GOOD, ids=lambda value: str(value)[:60])
def test_what_the_real_provider_lets_through_passes(token: str, inputs: Values, sides: tuple[Side, Side]) -> None:
    for side in sides:
        assert side.wire.check(token, "r", inputs)[1] == []


def _live(life: Life, side: Side) -> dict[str, Any]:
    wire = side.wire
    told: dict[str, Any] = {}
    for token, wanted in life.needs:
        life = life.filled(side.need(token, wanted))
    name, token = life.id, life.token
    side.sandbox.forget_calls()
    inputs, failures = wire.check(token, name, life.before)
    told["inputs"] = _plain(inputs), failures
    identity, outputs = wire.create(token, name, inputs)
    told["created"] = _plain(identity), _state(outputs)
    told["calls"] = _calls(side)
    told["aws"] = _plain(aws_state(side.sandbox, token, identity))
    side.sandbox.forget_calls()
    told["nothing to do"] = wire.diff(token, name, identity, (inputs, outputs), inputs).changes
    again = wire.read(token, name, identity, inputs, outputs)
    told["read"] = _plain(again[0]), _state(again[1]), _plain(again[2])
    imported = wire.read(token, name, life.imports or identity)
    told["imported"] = _plain(imported[0]), _state(imported[1]), _without_defaults(token, _state(imported[2]))
    wanted, failures = wire.check(token, name, life.after, inputs)
    told["new inputs"] = _plain(wanted), failures
    diff = wire.diff(token, name, identity, (inputs, outputs), wanted)
    told["difference"] = diff.changes, diff.replaces, diff.delete_before_replace
    told["detail"] = _folded(diff)
    if diff.changes and not diff.replaces:
        outputs = wire.update(token, name, identity, (inputs, outputs), wanted)
        told["updated"] = _state(outputs)
        told["calls"] |= _calls(side)
        told["aws after"] = _plain(aws_state(side.sandbox, token, identity))
        side.sandbox.forget_calls()
        told["nothing left to do"] = wire.diff(token, name, identity, (wanted, outputs), wanted).changes
        inputs = wanted
    wire.delete(token, name, identity, (inputs, outputs))
    told["gone"] = wire.read(token, name, identity, inputs, outputs)[0]
    told["calls"] |= _calls(side)
    return told


def _without_id(answer: Any) -> Any:
    """Without the id among the outputs, of which the engine is told apart in any case."""
    if isinstance(answer, tuple):
        return tuple(_without_id(each) for each in answer)
    return {key: value for key, value in answer.items() if key != "id"} if isinstance(answer, dict) else answer


def _calls(side: Side) -> set[tuple[str, str]]:
    return {(call["service"], _SUFFIX.sub("", call["operation"])) for call in side.sandbox.calls()}


def _folded(diff: Diffed) -> Any:
    """Return a difference by property: how deep the real provider points depends on how its schema nests sets."""
    tops = {re.split(r"[.\[]", path)[0]: kind.endswith("_REPLACE") for path, kind in diff.kinds.items()}
    tops = {name: replaced for name, replaced in tops.items() if name not in CHANGED_BY_CHANGES}
    whole = {path: kind for path, kind in diff.kinds.items() if path in tops and path not in FOLDED}
    return tops, whole


def _state(outputs: Values) -> Any:
    """Return what can be compared: neither what AWS makes up nor what the stand-in does not read."""
    kept = {key: item for key, item in outputs.items() if key not in MADE | NOT_READ and not key.startswith("__")}
    return _full(_plain(kept))


def _without_defaults(token: str, inputs: Values) -> Values:
    """Return inputs without defaults: the real provider imports those of some properties and leaves others out."""
    served = TYPES[token].properties
    return {name: value for name, value in inputs.items() if name not in served or value != served[name].default}


def _full(value: Any) -> Any:
    """Return ``value`` without what is empty: to the engine and the diff that is the same as absent."""
    if isinstance(value, dict):
        return {key: full for key, item in value.items() if (full := _full(item)) not in (None, "", [], {}, False, 0)}
    if isinstance(value, list):
        # Sets come in any order, and what belongs to a list's order is told by the differences.
        return sorted((_full(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=repr))
    return value


def _plain(value: Any) -> Any:
    """Return ``value`` without automatic suffixes, markers of defaults, and the spelling of documents."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key != "__defaults"}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return policies.plain(value) if value.startswith("{") else _unmade(_SUFFIX.sub("-#######", value))
    return value


def _unmade(text: str) -> str:
    for pattern, instead in _MADE_UP:
        text = pattern.sub(instead, text)
    return text


def _places(failures: list[str]) -> list[str]:
    found = [
        re.search(r"Examine values at '([^']*)'|Missing required property '([^']*)'", reason) for reason in failures
    ]
    return sorted((match.group(1) or f"r.{match.group(2)}") if match else "" for match in found)
