"""The end of a device, step by step, and again after an interruption at any step."""
# ruff: noqa: ARG002, EM101, N803 -- a fake has the names of AWS, and takes what it does not need

from __future__ import annotations

from typing import Any

import pytest

from edgewright.aws import device_life
from edgewright.aws.errors import AwsError
from edgewright.errors import EdgewrightError


class Cloud:
    """As much of AWS IoT and Greengrass as the end of a device needs; ``fail_at`` interrupts the n-th change."""

    def __init__(self) -> None:
        self.thing: dict[str, str] | None = {}
        self.certificates = {"c1": "ACTIVE", "c2": "ACTIVE"}
        self.attached = {"c1", "c2"}
        self.policies = {"c1": ["p"], "c2": ["p"]}
        self.groups = ["static", "dynamic"]
        self.core = True
        self.done: list[str] = []
        self.fail_at: int | None = None

    def call(self, service: str, operation: str, *, doing: str, **given: Any) -> dict[str, Any]:
        found: dict[str, Any] = getattr(self, f"_{operation}")(**given)
        return found

    def items(self, service: str, operation: str, key: str, *, doing: str, **given: Any) -> list[Any]:
        found: list[Any] = getattr(self, f"_{operation}")(**given)
        return found

    def _change(self, what: str) -> dict[str, Any]:
        if self.fail_at is not None and len(self.done) == self.fail_at:
            raise AwsError("could not: no network")
        self.done.append(what)
        return {}

    def _missing(self) -> AwsError:
        return AwsError("not there", code="ResourceNotFoundException")

    def _describe_thing(self, thingName: str) -> dict[str, Any]:
        if self.thing is None:
            raise self._missing()
        return {"attributes": self.thing}

    def _update_thing(self, thingName: str, attributePayload: dict[str, Any]) -> dict[str, Any]:
        self._change("note")
        self.thing = attributePayload["attributes"]
        return {}

    def _list_thing_principals(self, thingName: str) -> list[str]:
        return [f"arn:aws:iot:eu-west-1:1:cert/{each}" for each in sorted(self.attached)]

    def _list_thing_groups_for_thing(self, thingName: str) -> list[dict[str, str]]:
        return [{"groupName": each} for each in self.groups]

    def _describe_thing_group(self, thingGroupName: str) -> dict[str, str]:
        return {"queryString": "x:y"} if thingGroupName == "dynamic" else {}

    def _remove_thing_from_thing_group(self, thingName: str, thingGroupName: str) -> dict[str, Any]:
        self._change(f"out of {thingGroupName}")
        self.groups.remove(thingGroupName)
        return {}

    def _describe_certificate(self, certificateId: str) -> dict[str, Any]:
        if certificateId not in self.certificates:
            raise self._missing()
        arn = f"arn:aws:iot:eu-west-1:1:cert/{certificateId}"
        return {"certificateDescription": {"status": self.certificates[certificateId], "certificateArn": arn}}

    def _update_certificate(self, certificateId: str, newStatus: str) -> dict[str, Any]:
        if self.certificates[certificateId] != newStatus:
            self._change(f"inactive {certificateId}")
        self.certificates[certificateId] = newStatus
        return {}

    def _list_attached_policies(self, target: str) -> list[dict[str, str]]:
        return [{"policyName": each} for each in self.policies[target.rpartition("/")[2]]]

    def _detach_policy(self, policyName: str, target: str) -> dict[str, Any]:
        self._change("detach policy")
        self.policies[target.rpartition("/")[2]].remove(policyName)
        return {}

    def _detach_thing_principal(self, thingName: str, principal: str) -> dict[str, Any]:
        certificate = principal.rpartition("/")[2]
        if certificate not in self.attached:
            raise self._missing()
        self._change(f"detach {certificate}")
        self.attached.remove(certificate)
        return {}

    def _delete_certificate(self, certificateId: str) -> dict[str, Any]:
        assert certificateId not in self.attached, "AWS deletes no certificate that is attached"
        assert self.certificates[certificateId] == "INACTIVE"
        self._change(f"delete {certificateId}")
        del self.certificates[certificateId]
        return {}

    def _delete_core_device(self, coreDeviceThingName: str) -> dict[str, Any]:
        if not self.core:
            raise self._missing()
        self._change("delete core device")
        self.core = False
        return {}

    def _delete_thing(self, thingName: str) -> dict[str, Any]:
        assert not self.attached, "AWS deletes no thing that has a certificate"
        assert not self.core, "the core device goes before its thing"
        self._change("delete thing")
        self.thing = None
        return {}


ORDER = [
    "note", "inactive c1", "inactive c2", "out of static", "delete core device",
    "detach policy", "detach c1", "delete c1", "detach policy", "detach c2", "delete c2", "delete thing",
]  # fmt: skip


def retire(cloud: Cloud) -> bool:
    return device_life.retire(cloud, "cam-001", lambda _: None)


def test_a_device_is_cut_off_first_and_deleted_last() -> None:
    cloud = Cloud()
    assert retire(cloud)
    assert cloud.done == ORDER


@pytest.mark.parametrize("step", range(len(ORDER)))
def test_an_interrupted_end_goes_on_where_it_was_and_leaves_nothing(step: int) -> None:
    cloud = Cloud()
    cloud.fail_at = step
    with pytest.raises(AwsError):
        retire(cloud)
    cloud.fail_at = None
    retire(cloud)
    assert (cloud.thing, cloud.certificates, cloud.core) == (None, {}, False)
    assert cloud.done == ORDER


def test_a_device_that_is_gone_is_nothing_to_do() -> None:
    cloud = Cloud()
    retire(cloud)
    assert not retire(cloud)


def test_the_old_certificates_go_when_the_new_one_is_named_and_active() -> None:
    cloud = Cloud()
    assert device_life.drop_others(cloud, "cam-001", "c2", lambda _: None) == ["c1"]
    assert cloud.certificates == {"c2": "ACTIVE"}


@pytest.mark.parametrize(("keep", "status"), [("c9", "ACTIVE"), ("c2", "INACTIVE")])
def test_a_device_is_not_cut_off_by_its_rotation(keep: str, status: str) -> None:
    cloud = Cloud()
    cloud.certificates["c2"] = status
    with pytest.raises(EdgewrightError):
        device_life.drop_others(cloud, "cam-001", keep, lambda _: None)
    assert cloud.done == []
