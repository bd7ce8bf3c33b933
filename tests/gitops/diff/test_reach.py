"""How long a rollout takes, and what restarts a device."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.gitops.diff import reach
from edgewright.gitops.diff.restarts import restart
from edgewright.manifest.model import Component, Rate
from tests.helpers.projects import sample

GROWING = {"base": 10, "factor": 2, "after": {"succeeded": 10}, "max": 50}


def _rate(**values: Any) -> Rate:
    return Rate.model_validate(values)


@pytest.mark.parametrize(
    ("devices", "rate", "expected"),
    [
        (0, None, 0),
        (1, None, 1),
        (10_000, None, 10),
        (100, {"max": 50}, 2),
        (101, {"max": 50}, 3),
        # 10, then 20, then 50 (40 after 30 told), then 50, ...
        (10, GROWING, 1),
        (11, GROWING, 2),
        (1000, {"base": 1, "factor": 1, "after": {"notified": 1}, "max": 1000}, 1000),
    ],
)
def test_minutes_until_the_last_device_is_told(devices: int, rate: dict[str, Any] | None, expected: int) -> None:
    assert reach.minutes(devices, _rate(**rate) if rate else None) == expected


@given(
    devices=st.integers(0, 20_000),
    base=st.integers(1, 1000),
    most=st.integers(1, 1000),
    tenths=st.integers(10, 50),
    count=st.integers(1, 10_000),
    what=st.sampled_from(["succeeded", "notified"]),
)
def test_a_growing_rate_is_never_faster_than_its_maximum_nor_slower_than_its_base(
    *, devices: int, base: int, most: int, tenths: int, count: int, what: str
) -> None:
    base = min(base, most)
    growing = _rate(base=base, factor=tenths / 10, after={what: count}, max=most)
    fastest, slowest = reach.minutes(devices, _rate(max=most)), reach.minutes(devices, _rate(max=base))
    assert fastest <= reach.minutes(devices, growing) <= slowest


def _component(version: str, **config: Any) -> Component:
    return Component.model_validate({"version": version, "config": config})


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("aws.greengrass.Nucleus", _component("2.14.3"), _component("2.15.0"), "another nucleus"),
        ("aws.greengrass.Nucleus", _component("2.14.3"), _component("2.14.3", jvmOptions="-Xmx64m"), "jvmOptions"),
        ("aws.greengrass.Nucleus", _component("2.14.3", mqtt={"port": 443}), _component("2.14.3"), "mqtt"),
        ("aws.greengrass.LogManager", _component("2.3.10"), _component("2.3.11"), "runs inside"),
        ("aws.greengrass.Cli", None, _component("2.14.3"), "runs inside"),
        ("aws.greengrass.SecretManager", _component("2.2.0"), None, "runs inside"),
    ],
)
def test_what_restarts_the_nucleus(name: str, before: Any, after: Any, said: str) -> None:
    why = restart(name, before, after, sample().catalog)
    assert why is not None
    assert said in why


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("aws.greengrass.Nucleus", _component("2.14.3"), _component("2.14.3", logging={"level": "DEBUG"})),
        ("aws.greengrass.LogManager", _component("2.3.11"), _component("2.3.11", periodicUploadIntervalSec=60)),
        ("aws.greengrass.TokenExchangeService", _component("2.0.2"), _component("2.0.3")),
        ("com.acme.parts-model", _component("1.0.0"), _component("1.1.0")),
        ("com.acme.unknown", _component("1.0.0"), _component("1.1.0")),
    ],
)
def test_what_does_not_restart_the_nucleus(name: str, before: Any, after: Any) -> None:
    assert restart(name, before, after, sample().catalog) is None
