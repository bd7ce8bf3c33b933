"""AWS throttles, fails and loses answers; what was begun is ended all the same, and once."""

from __future__ import annotations

from typing import Any

import pytest

from edgewright.aws.errors import AwsError
from tests.provider.conftest import ACCOUNT, TARGET, Engine
from tests.provider.hands import Hands
from tests.provider.test_targets import NAME, hello, versions  # noqa: F401 -- the fixture that makes the versions


def revisions(engine: Engine) -> int:
    return len(engine.run(engine.cloud.history(TARGET)))


def fault(hands: Hands, kind: str, operation: str, times: int, **more: Any) -> None:
    hands.sandbox.fault_calls(kind, account=ACCOUNT, operation=operation, times=times, **more)


def test_an_answer_that_is_lost_makes_no_second_revision(engine: Engine, hands: Hands) -> None:
    """The retries of one revision have one client token."""
    device = hands.add("twin-001")
    fault(hands, "lost-connection", "CreateDeployment", 1, when="after")
    outputs = engine.create(hello(1, a=1))
    assert (revisions(engine), outputs["verdict"], device.held[NAME]) == (1, "passed", {"a": 1})


def test_an_answer_that_is_lost_for_good_is_found_by_the_next_run(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    outputs = engine.create(hello(1, a=1))
    fault(hands, "lost-connection", "CreateDeployment", 2, when="after")
    with pytest.raises(AwsError, match="could not create a revision"):
        engine.update(outputs, hello(2, b=1))
    outputs = engine.update(outputs, hello(2, b=1))
    assert (revisions(engine), outputs["verdict"], device.held[NAME]) == (2, "passed", {"b": 1})


def test_a_watch_outlasts_throttling(engine: Engine, hands: Hands) -> None:
    hands.add("twin-001")
    fault(hands, "throttle", "DescribeJob", 5, retryAfter=0)
    assert engine.create(hello(1))["verdict"] == "passed"
    assert "revision 1: AWS answers ThrottlingException; looking again" in engine.lines


def test_a_destroy_outlasts_the_limit_of_ten_jobs_in_deletion(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    outputs = engine.update(engine.create(hello(1)), hello(2))
    fault(hands, "throttle", "DeleteDeployment", 7, retryAfter=0)
    engine.delete(outputs)
    assert (revisions(engine), device.versions) == (0, {})
    assert "waiting for AWS to finish other deletions" in engine.lines
