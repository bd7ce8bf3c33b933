"""Whatever a device took, and whatever it missed, the next revision leaves exactly the wanted configuration on it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.provider.reset import joined, merged, recorded, resets
from tests.provider.nucleus import folded, take

# Few keys, so that revisions meet; each is one that is easily escaped wrongly.
escapes = ["a", "b", "a/b", "~", "~1", "x.y", "", "ü", "~2"]
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(0, 2), max_size=2)


def configurations(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    # A device knows "a" and "A" as one key; a configuration with both is refused before it gets here.
    keys, once = st.sampled_from(names), {"unique_by": lambda pair: pair[0].lower()}
    inside = st.recursive(
        leaves,
        lambda inner: st.lists(st.tuples(keys, inner), max_size=3, **once).map(dict),  # type: ignore[arg-type]
    )
    return st.lists(st.tuples(keys, inside), max_size=4, **once).map(dict)  # type: ignore[arg-type]


configs = configurations([*escapes, "A", "0", "12"])
histories = st.lists(st.tuples(configs, st.booleans()), min_size=1, max_size=5)


@settings(max_examples=200)
@given(histories)
def test_a_device_that_takes_any_of_the_revisions_ends_with_the_last_one(
    history: list[tuple[dict[str, Any], bool]],
) -> None:
    """The second of each pair says whether the device was online for the revision; the last one always reaches it."""
    record: dict[str, list[str]] = {}
    held: dict[str, Any] = {}
    for number, (config, online) in enumerate(history, start=1):
        reset = resets(record, {"c": config}).get("c", [])
        if online or number == len(history):
            held = take(held, reset, config)
        record = joined(record, recorded({"c": config}))
    assert held == folded(history[-1][0])


@given(configs)
def test_the_same_configuration_again_resets_nothing(config: dict[str, Any]) -> None:
    assert resets(recorded({"c": config}), {"c": config}) == {}


@given(configurations(escapes), configurations(escapes))
def test_only_what_vanished_is_reset(before: dict[str, Any], after: dict[str, Any]) -> None:
    """No pointer goes at or above a value that was there before and is still wanted."""
    kept = set(merged(before)) & set(merged(after))
    for pointer in resets(recorded({"c": before}), {"c": after}).get("c", []):
        assert not any(leaf == pointer or leaf.startswith(f"{pointer}/") for leaf in kept)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, ["/b"], id="a key"),
        pytest.param({"a": {"b": {"c": 1, "d": 2}}}, {"a": {}}, ["/a/b"], id="an object, once"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, ["/a/c"], id="a key of an object"),
        pytest.param({"a": 1}, {}, ["/a"], id="everything, key by key, never the root"),
        pytest.param({"a/b": 1, "m~n": 2}, {}, ["/a~1b", "/m~0n"], id="escaped as RFC 6901 says"),
        pytest.param({"x.y": 1, "": 2, "ü": 3}, {}, ["/", "/x.y", "/ü"], id="dots, empty and unicode keys"),
        pytest.param({"a": [1, {"b": 2}]}, {"a": [1]}, [], id="a list is replaced whole"),
        pytest.param({"a": 1}, {"a": None}, [], id="null is a value"),
        pytest.param({"a": {"b": 1}}, {"a": 5}, ["/a"], id="an object becomes a value"),
        pytest.param({"a": 5}, {"a": {"b": 1}}, ["/a"], id="a value becomes an object"),
        pytest.param({"a": {}}, {}, ["/a"], id="an empty object"),
        pytest.param({"a": {}}, {"a": {"b": 1}}, [], id="an empty object is filled"),
        pytest.param({"k" * 300: 1}, {}, [""], id="too long for a pointer: its parent"),
        pytest.param({"a": {"k" * 255: 1, "b": 2}}, {"a": {"b": 2}}, ["/a"], id="too long below a key: that key"),
        pytest.param(
            {"a": {"0": 1, "b": 2}}, {"a": {"b": 2}}, ["/a"], id="a key of digits: devices take it for an index"
        ),
        pytest.param({"7": 1, "b": 2}, {"b": 2}, [""], id="a key of digits at the top"),
        pytest.param({"A": 1}, {"a": 1}, ["/A"], id="another spelling is the same key: merged after it is reset"),
    ],
)
def test_what_is_reset(before: dict[str, Any], after: dict[str, Any], expected: list[str]) -> None:
    assert resets(recorded({"c": before}), {"c": after}).get("c", []) == expected


def test_a_component_that_left_is_not_reset_and_one_that_returns_is() -> None:
    record = recorded({"c": {"a": 1}, "d": {"b": 1}})
    assert resets(record, {"d": {"b": 1}}) == {}
    assert resets(record, {"c": {}, "d": {"b": 1}}) == {"c": ["/a"]}


def test_the_installers_settings_of_the_nucleus_are_never_reset() -> None:
    record = recorded({"aws.greengrass.Nucleus": {"iotRoleAlias": "x", "awsRegion": "y", "jvmOptions": "-Xmx64m"}})
    assert resets(record, {"aws.greengrass.Nucleus": {}}) == {"aws.greengrass.Nucleus": ["/jvmOptions"]}
    shouted = recorded({"aws.greengrass.Nucleus": {"IOTROLEALIAS": "x"}})
    assert resets(shouted, {"aws.greengrass.Nucleus": {}}) == {}, "devices do not tell the case of keys"


def test_the_nucleus_is_never_reset_as_a_whole() -> None:
    record = recorded({"aws.greengrass.Nucleus": {"k" * 300: 1}})
    assert resets(record, {"aws.greengrass.Nucleus": {}}) == {}
