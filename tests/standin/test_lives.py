"""Each resource type lives in the sandbox: made, read, drifted, changed, imported, gone. State is what AWS says."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from edgewright.aws.errors import AwsError
from edgewright.provider.plugin import UNKNOWN, Kind, PartialFailureError, PluginError
from edgewright.sandbox.control import Sandbox
from edgewright.standin import types
from edgewright.standin.served import TOKENS, TYPES
from tests.standin import scenarios as s
from tests.standin.conftest import Hand
from tests.standin.snapshot import aws_state

Values = dict[str, Any]


def test_every_type_has_a_life() -> None:
    assert {life.token for life in s.LIVES} == TOKENS


@pytest.mark.parametrize("life", s.LIVES, ids=lambda life: life.id)
def test_a_life(life: s.Life, hand: Hand, sandbox: Sandbox) -> None:
    for token, wanted in life.needs:
        life = life.filled(hand.create(token, hand.inputs(token, wanted)).outputs)
    inputs = hand.inputs(life.token, life.before, name=life.id)
    created = hand.create(life.token, inputs)
    identity, outputs = created.resource_id, created.outputs
    assert outputs.keys() - {"id"} <= types.outputs(life.token)
    assert not hand.diff(life.token, (inputs, outputs), inputs).changes

    read = hand.read(life.token, identity, inputs, outputs)
    assert read is not None
    assert read.inputs is not None
    respelled = {name: outputs[name] for name in TYPES[life.token].shape.respelled}
    assert (read.outputs, read.inputs) == (outputs, inputs | respelled)
    imported = hand.read(life.token, life.imports or identity)
    assert imported is not None
    assert imported.inputs is not None
    as_written = {name: inputs[name] for name in respelled}
    as_imported = hand.inputs(life.token, imported.inputs | _kept(life.token, inputs) | as_written)
    assert not hand.diff(life.token, (inputs, outputs), as_imported).changes

    wanted = hand.inputs(life.token, life.after, inputs, name=life.id)
    diff = hand.diff(life.token, (inputs, outputs), wanted)
    assert diff.changes
    if not any(kind.value.endswith("_REPLACE") for kind in diff.detailed.values()):
        before = aws_state(sandbox, life.token, identity)
        outputs = hand.update(life.token, identity, (inputs, outputs), wanted)
        assert not hand.diff(life.token, (wanted, outputs), wanted).changes
        assert (aws_state(sandbox, life.token, identity) != before) == (life.id != "bucket-auto-name")
        inputs = wanted

    hand.delete(life.token, identity, (inputs, outputs))
    hand.delete(life.token, identity, (inputs, outputs))
    # what every bucket, topic or role has cannot be gone
    if life.token not in {s.VERSIONING, s.TOPIC_POLICY, s.INLINE_ONLY, s.ATTACHED_ONLY}:
        assert hand.read(life.token, identity, inputs, outputs) is None


def _kept(token: str, inputs: Values) -> Values:
    """Return what an import cannot know, because AWS does not hold it."""
    return {
        name: inputs[name]
        for name, served in TYPES[token].properties.items()
        if (served.remembered or served.merge is not None) and name in inputs
    }


@pytest.mark.parametrize("life", s.LIVES, ids=lambda life: life.id)
def test_a_preview_knows_what_the_program_said_and_nothing_that_aws_will_say(life: s.Life, offline: Hand) -> None:
    life = life.filled(defaultdict(lambda: f"arn:aws:events:eu-west-1:{s.ACCOUNT}:connection/x"))
    inputs = offline.inputs(life.token, life.before, name=life.id)
    outputs = offline.create(life.token, inputs, preview=True).outputs
    said = inputs.keys() - {"__defaults"}
    assert all(outputs[name] is not UNKNOWN for name in said)
    assert all(
        outputs[name] is UNKNOWN for name in types.outputs(life.token) - TYPES[life.token].properties.keys() - said
    )


def test_tags_that_somebody_added_are_drift(hand: Hand, sandbox: Sandbox) -> None:
    inputs = hand.inputs(s.THING_GROUP, {"name": "g", "tags": {"a": "1"}})
    created = hand.create(s.THING_GROUP, inputs)
    sandbox.client("iot").tag_resource(resourceArn=created.outputs["arn"], tags=[{"Key": "by", "Value": "hand"}])
    read = hand.read(s.THING_GROUP, "g", inputs, created.outputs)
    assert read is not None
    assert read.inputs is not None
    assert read.inputs["tags"] == {"a": "1", "by": "hand"}
    assert hand.diff(s.THING_GROUP, (inputs, read.outputs), inputs).detailed == {
        "tags.by": Kind.DELETE,
        "tagsAll.by": Kind.DELETE,
    }


def test_a_policy_that_somebody_widened_is_drift_and_the_update_narrows_it(hand: Hand, sandbox: Sandbox) -> None:
    hand.create(s.ROLE, hand.inputs(s.ROLE, {"name": "r", "assumeRolePolicy": s.trust("lambda.amazonaws.com")}))
    inputs = hand.inputs(s.ROLE_POLICY, {"role": "r", "name": "p", "policy": s.allow("s3:GetObject")})
    created = hand.create(s.ROLE_POLICY, inputs)
    iam = sandbox.client("iam")
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=s.allow("s3:*"))
    read = hand.read(s.ROLE_POLICY, "r:p", inputs, created.outputs)
    assert read is not None
    assert hand.diff(s.ROLE_POLICY, (inputs, read.outputs), inputs).detailed == {"policy": Kind.UPDATE}
    hand.update(s.ROLE_POLICY, "r:p", (inputs, read.outputs), inputs)
    document = iam.get_role_policy(RoleName="r", PolicyName="p")["PolicyDocument"]
    assert document["Statement"][0]["Action"] == ["s3:GetObject"]


def test_a_policy_that_was_only_spelled_anew_is_no_drift(hand: Hand, sandbox: Sandbox) -> None:
    inputs = hand.inputs(s.IOT_POLICY, {"name": "p", "policy": s.allow("iot:Connect")})
    created = hand.create(s.IOT_POLICY, inputs)
    sandbox.client("iot").create_policy_version(
        policyName="p", policyDocument=json.dumps(json.loads(s.allow("iot:Connect")), indent=2), setAsDefault=True
    )
    read = hand.read(s.IOT_POLICY, "p", inputs, created.outputs)
    assert read is not None
    assert read.inputs == inputs
    assert read.outputs["policy"] == created.outputs["policy"]
    assert read.outputs["defaultVersionId"] == "2"


def test_a_setting_that_somebody_took_away_is_gone(hand: Hand, sandbox: Sandbox) -> None:
    hand.create(s.BUCKET, hand.inputs(s.BUCKET, {"bucket": "bkt"}))
    inputs = hand.inputs(s.BUCKET_POLICY, {"bucket": "bkt", "policy": s.tls_only("bkt")})
    created = hand.create(s.BUCKET_POLICY, inputs)
    sandbox.client("s3").delete_bucket_policy(Bucket="bkt")
    assert hand.read(s.BUCKET_POLICY, "bkt", inputs, created.outputs) is None


def test_versioning_that_was_suspended_is_drift(hand: Hand, sandbox: Sandbox) -> None:
    hand.create(s.BUCKET, hand.inputs(s.BUCKET, {"bucket": "bkt"}))
    inputs = hand.inputs(s.VERSIONING, {"bucket": "bkt", "versioningConfiguration": {"status": "Enabled"}})
    created = hand.create(s.VERSIONING, inputs)
    sandbox.client("s3").put_bucket_versioning(Bucket="bkt", VersioningConfiguration={"Status": "Suspended"})
    read = hand.read(s.VERSIONING, "bkt", inputs, created.outputs)
    assert read is not None
    assert hand.diff(s.VERSIONING, (inputs, read.outputs), inputs).detailed == {
        "versioningConfiguration.status": Kind.UPDATE
    }


NOWHERE = {
    s.POLICY: "arn:aws:iam::111111111111:policy/nothing",
    s.OIDC_PROVIDER: "arn:aws:iam::111111111111:oidc-provider/nothing",
    s.ATTACHMENT: "nothing/arn:aws:iam::aws:policy/ReadOnlyAccess",
    s.TARGET: "nothing/t",
    s.PERMISSION: "nothing/s",
    s.DEVICE: "nothing/d",
    s.TOPIC: f"arn:aws:sns:eu-west-1:{s.ACCOUNT}:nothing",
    s.TOPIC_POLICY: f"arn:aws:sns:eu-west-1:{s.ACCOUNT}:nothing",
    s.SUBSCRIPTION: f"arn:aws:sns:eu-west-1:{s.ACCOUNT}:nothing:8d1a",
}
"""Ids of what is not there, where an id is more than a name."""


@pytest.mark.parametrize("token", sorted(TOKENS - {s.MEMBERSHIP, s.ROLE_POLICY}))
def test_what_is_not_there_is_gone(token: str, hand: Hand) -> None:
    assert hand.read(token, NOWHERE.get(token, "nothing")) is None


@pytest.mark.parametrize(("token", "identity"), [(s.MEMBERSHIP, "g/t"), (s.ROLE_POLICY, "r:p")])
def test_what_hangs_on_something_that_is_not_there_is_gone(token: str, identity: str, hand: Hand) -> None:
    assert hand.read(token, identity) is None


def test_a_bucket_with_something_in_it_stays_unless_told_otherwise(hand: Hand, sandbox: Sandbox) -> None:
    inputs = hand.inputs(s.BUCKET, {"bucket": "bkt"})
    created = hand.create(s.BUCKET, inputs)
    s3 = sandbox.client("s3")
    s3.put_bucket_versioning(Bucket="bkt", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="bkt", Key="k", Body=body)
    s3.delete_object(Bucket="bkt", Key="k")
    with pytest.raises(AwsError, match="could not delete the bucket bkt: BucketNotEmpty"):
        hand.delete(s.BUCKET, "bkt", (inputs, created.outputs))
    hand.delete(s.BUCKET, "bkt", (inputs, created.outputs | {"forceDestroy": True}))
    assert hand.read(s.BUCKET, "bkt") is None


def test_a_role_that_others_hung_policies_on_is_deleted_only_when_told_to_detach_them(
    hand: Hand, sandbox: Sandbox
) -> None:
    inputs = hand.inputs(s.ROLE, {"name": "r", "assumeRolePolicy": s.trust("lambda.amazonaws.com")})
    created = hand.create(s.ROLE, inputs)
    iam = sandbox.client("iam")
    iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=s.allow("s3:*"))
    with pytest.raises(AwsError, match="could not delete the IAM role r: DeleteConflict"):
        hand.delete(s.ROLE, "r", (inputs, created.outputs))
    hand.delete(s.ROLE, "r", (inputs, created.outputs | {"forceDetachPolicies": True}))
    assert hand.read(s.ROLE, "r") is None


def test_a_public_access_block_can_be_left_behind(hand: Hand, sandbox: Sandbox) -> None:
    hand.create(s.BUCKET, hand.inputs(s.BUCKET, {"bucket": "bkt"}))
    inputs = hand.inputs(s.PUBLIC_ACCESS, {"bucket": "bkt", "blockPublicAcls": True, "skipDestroy": True})
    created = hand.create(s.PUBLIC_ACCESS, inputs)
    hand.delete(s.PUBLIC_ACCESS, "bkt", (inputs, created.outputs))
    assert sandbox.client("s3").get_public_access_block(Bucket="bkt")


@pytest.mark.parametrize("token", [s.POLICY, s.IOT_POLICY])
def test_more_changes_than_aws_keeps_versions(token: str, hand: Hand, sandbox: Sandbox) -> None:
    inputs = hand.inputs(token, {"name": "p", "policy": s.allow("iot:Connect")})
    created = hand.create(token, inputs)
    outputs = created.outputs
    for number in range(7):
        wanted = hand.inputs(token, {"name": "p", "policy": s.allow(f"iot:Action{number}")}, inputs)
        outputs = hand.update(token, created.resource_id, (inputs, outputs), wanted)
        inputs = wanted
    assert "iot:Action6" in outputs["policy"]
    versions = aws_state(sandbox, token, created.resource_id)[1]
    assert len(versions.get("Versions") or versions["policyVersions"]) == 5
    hand.delete(token, created.resource_id, (inputs, outputs))
    assert hand.read(token, created.resource_id) is None


def test_another_region_of_the_same_provider(hand: Hand, sandbox: Sandbox) -> None:
    inputs = hand.inputs(s.THING, {"name": "cam", "region": "eu-central-1"})
    created = hand.create(s.THING, inputs)
    assert created.outputs["region"] == "eu-central-1"
    assert created.outputs["arn"].startswith("arn:aws:iot:eu-central-1:")
    assert sandbox.client("iot").list_things()["things"] == []
    hand.delete(s.THING, "cam", (inputs, created.outputs))
    assert sandbox.client("iot", region="eu-central-1").list_things()["things"] == []


def test_a_second_one_of_the_same_name_is_refused_in_words(hand: Hand) -> None:
    inputs = hand.inputs(s.ROLE, {"name": "r", "assumeRolePolicy": s.trust("lambda.amazonaws.com")})
    hand.create(s.ROLE, inputs)
    with pytest.raises(AwsError, match="could not create the IAM role r: EntityAlreadyExists"):
        hand.create(s.ROLE, inputs)


def test_an_update_of_what_is_gone_says_so(hand: Hand, sandbox: Sandbox) -> None:
    inputs = hand.inputs(s.THING, {"name": "cam"})
    created = hand.create(s.THING, inputs)
    sandbox.client("iot").delete_thing(thingName="cam")
    wanted = hand.inputs(s.THING, {"name": "cam", "attributes": {"a": "1"}}, inputs)
    with pytest.raises(AwsError, match="could not update the thing cam: ResourceNotFoundException"):
        hand.update(s.THING, "cam", (inputs, created.outputs), wanted)
    with pytest.raises(PluginError, match="'cam' is gone; `pulumi refresh`, then run again, makes it anew"):
        hand.update(s.THING, "cam", (inputs, created.outputs), inputs)


def test_an_update_that_fails_half_way_leaves_the_truth_in_the_state(hand: Hand, sandbox: Sandbox) -> None:
    """The document is changed before the tags are; a tag that AWS refuses must not make the state lie."""
    inputs = hand.inputs(s.ROLE, {"name": "r", "assumeRolePolicy": s.trust("lambda.amazonaws.com")})
    created = hand.create(s.ROLE, inputs)
    after = {
        "name": "r",
        "assumeRolePolicy": s.trust("lambda.amazonaws.com"),
        "description": "new",
        "tags": {"x" * 200: "1"},
    }
    wanted = hand.inputs(s.ROLE, after, inputs)
    with pytest.raises(PartialFailureError) as caught:
        hand.update(s.ROLE, "r", (inputs, created.outputs), wanted)
    assert caught.value.outputs["description"] == "new"
    assert caught.value.outputs["tags"] == {}
    assert sandbox.client("iam").get_role(RoleName="r")["Role"]["Description"] == "new"


def test_what_was_made_and_cannot_be_read_is_remembered(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        msg = "could not read the thing cam: AccessDeniedException"
        raise AwsError(msg)

    monkeypatch.setattr(type(TYPES[s.THING].api), "read", refuse)
    with pytest.raises(PartialFailureError, match="could not read the thing cam") as caught:
        hand.create(s.THING, hand.inputs(s.THING, {"name": "cam"}))
    assert caught.value.resource_id == "cam"
    assert caught.value.outputs["name"] == "cam"


def test_a_wrong_account_is_asked_for_once_only(configured: Callable[[dict[str, str]], Hand], sandbox: Sandbox) -> None:
    hand = configured({"region": "eu-west-1", "allowedAccountIds": '["111111111111"]'})
    sandbox.forget_calls()
    for number in range(3):
        hand.create(s.THING, hand.inputs(s.THING, {"name": f"cam-{number}"}))
    calls = [call["operation"] for call in sandbox.calls()]
    # not at all when an earlier test of this process has asked for the same session
    assert calls.count("GetCallerIdentity") <= 1
    assert len(calls) - calls.count("GetCallerIdentity") == 3 * 2  # one to make and one to read each
