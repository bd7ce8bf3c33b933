"""Recipe defaults that change from version to version reach devices, and go back with a revert."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.provider.defaults import moved
from edgewright.provider.reset import joined, recorded, resets
from edgewright.sandbox.device.configuration import Branch, Update, apply, resolve
from tests.provider.test_reset import configurations

configs = configurations(["a", "b", "A", "x/y", "0"])
revisions = st.tuples(configs, configs, st.booleans())


@settings(max_examples=100)
@given(st.lists(revisions, min_size=1, max_size=4))
def test_a_device_with_any_history_ends_as_a_fresh_one_would(
    history: list[tuple[dict[str, Any], dict[str, Any], bool]],
) -> None:
    """Each revision: its version's defaults, what is merged, and whether the device was there to take it.

    The device is the simulated one, whose rules are written from the nucleus's source, not from the provider.
    """
    record: dict[str, list[str]] = {}
    running: Branch | None = None
    before: dict[str, Any] | None = None
    for number, (defaults, config, online) in enumerate(history, start=1):
        if before is not None:
            record = joined(record, {"c": moved(before, defaults)})
        pointers = resets(record, {"c": config}).get("c", [])
        if online or number == len(history):
            found, _ = resolve(running, Update(config, tuple(pointers)), defaults, number * 1000)
            running = apply(running, found, number * 1000)
        record, before = joined(record, recorded({"c": config})), defaults
    defaults, config, _ = history[-1]
    fresh, _ = resolve(None, Update(config), defaults, 1000)
    assert running is not None
    assert lowered(running.plain()) == lowered(fresh)


def lowered(value: Any) -> Any:
    return {key.lower(): lowered(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"a": 1, "b": {"c": 2}}, {"b": {"c": 2}, "a": 1}, [], id="the same"),
        pytest.param({"a": 1}, {"a": 2}, ["/a"], id="changed"),
        pytest.param({"a": 1}, {"a": 1.0}, ["/a"], id="another kind of number"),
        pytest.param({"b": {"c": 1, "d": 2}}, {"b": {"c": 1}}, ["/b/d"], id="gone"),
        pytest.param({}, {"x/y": {}}, ["/x~1y~2"], id="new, an empty object"),
        pytest.param({"a": [1]}, {"a": [2]}, ["/a"], id="a list is one value"),
        pytest.param({"a": 1}, {"a": {"b": 1}}, ["/a", "/a/b"], id="a value became an object"),
    ],
)
def test_what_moved(before: dict[str, Any], after: dict[str, Any], expected: list[str]) -> None:
    assert moved(before, after) == expected
