"""Merge, reset, defaults and times: a table of the nucleus's rules, and a second, naive implementation."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.sandbox.device import configuration
from edgewright.sandbox.device.configuration import Branch, Update, look_up, parse_pointer

T1, T2, T3 = 1_000, 2_000, 3_000


def _deploy(
    running: Branch | None, update: Update | None, defaults: dict[str, Any], time: int
) -> tuple[Branch, list[str]]:
    values, ignored = configuration.resolve(running, update, defaults, time)
    return configuration.apply(running, values, time), ignored


class Step:
    """One deployment of a table: what it merges and resets, which defaults the recipe has, when it was created."""

    def __init__(
        self, time: int, merge: Any = None, reset: tuple[str, ...] = (), defaults: Any = None, *, root: bool = True
    ) -> None:
        self.time, self.defaults = time, defaults
        self.update = Update(merge, reset) if root else None


CASES = [
    # defaults
    ("a new component takes its defaults", [Step(T1, defaults={"a": 1})], {"a": 1}),
    ("no defaults and no update: nothing", [Step(T1)], {}),
    ("merge over defaults", [Step(T1, {"a": 2}, defaults={"a": 1, "b": 3})], {"a": 2, "b": 3}),
    ("a nested merge keeps its siblings", [Step(T1, {"a": {"x": 9}}, defaults={"a": {"x": 1, "y": 2}})],
     {"a": {"x": 9, "y": 2}}),
    ("a new default reaches a new key", [Step(T1, defaults={"a": 1}), Step(T2, defaults={"a": 1, "b": 2})],
     {"a": 1, "b": 2}),
    ("a changed default does not reach a key that is there", [Step(T1, defaults={"a": 1}), Step(T2, defaults={"a": 5})],
     {"a": 1}),
    ("a changed default reaches a key that is reset",
     [Step(T1, defaults={"a": 1}), Step(T2, reset=("/a",), defaults={"a": 5})], {"a": 5}),
    ("a default that is gone stays on the device", [Step(T1, defaults={"a": 1}), Step(T2, defaults={})], {"a": 1}),
    ("a default that is gone goes with a reset",
     [Step(T1, defaults={"a": 1}), Step(T2, reset=("/a",), defaults={})], {}),
    ("a new nested default joins", [Step(T1, defaults={"a": {"x": 1}}), Step(T2, defaults={"a": {"x": 2, "y": 3}})],
     {"a": {"x": 1, "y": 3}}),
    ("defaults do not overwrite what was merged", [Step(T1, {"a": 7}), Step(T2, defaults={"a": 1})], {"a": 7}),
    ("a default map replaces a leaf, whatever the time", [Step(T1, {"a": 7}), Step(T2, defaults={"a": {"x": 1}})],
     {"a": {"x": 1}}),
    ("a default leaf replaces a map, whatever the time", [Step(T1, {"a": {"x": 1}}), Step(T2, defaults={"a": 7})],
     {"a": 7}),
    ("a component that is no root only gains defaults",
     [Step(T1, {"a": 7}), Step(T2, {"a": 8}, reset=("/a",), defaults={"b": 1}, root=False)], {"a": 7, "b": 1}),
    ("an empty default map", [Step(T1, defaults={"a": {}})], {"a": {}}),
    # merge
    ("what is merged stays", [Step(T1, {"a": 1}), Step(T2)], {"a": 1}),
    ("merge adds", [Step(T1, {"a": 1}), Step(T2, {"b": 2})], {"a": 1, "b": 2}),
    ("merge replaces a value", [Step(T1, {"a": 1}), Step(T2, {"a": 2})], {"a": 2}),
    ("merge replaces a list whole", [Step(T1, {"a": [1, 2, 3]}), Step(T2, {"a": [9]})], {"a": [9]}),
    ("merge of an empty list", [Step(T1, {"a": [1]}), Step(T2, {"a": []})], {"a": []}),
    ("a list of maps is one value",
     [Step(T1, {"a": [{"x": 1, "y": 2}]}), Step(T2, {"a": [{"x": 3}]})], {"a": [{"x": 3}]}),
    ("null is a value", [Step(T1, {"a": 1}), Step(T2, {"a": None})], {"a": None}),
    ("null is kept over a default", [Step(T1, {"a": None}), Step(T2, defaults={"a": 1})], {"a": None}),
    ("null does not delete in a map", [Step(T1, {"a": {"x": 1, "y": 2}}), Step(T2, {"a": {"x": None}})],
     {"a": {"x": None, "y": 2}}),
    ("an empty merge", [Step(T1, {"a": 1}), Step(T2, {})], {"a": 1}),
    ("an empty map merges nothing", [Step(T1, {"a": {"x": 1}}), Step(T2, {"a": {}})], {"a": {"x": 1}}),
    ("an empty map where there was nothing", [Step(T1, {"a": {}})], {"a": {}}),
    ("a leaf becomes a map", [Step(T1, {"a": 1}), Step(T2, {"a": {"x": 2}})], {"a": {"x": 2}}),
    ("a map becomes a leaf", [Step(T1, {"a": {"x": 2}}), Step(T2, {"a": 1})], {"a": 1}),
    ("a map becomes a list", [Step(T1, {"a": {"x": 2}}), Step(T2, {"a": [1]})], {"a": [1]}),
    ("a leaf becomes an empty map", [Step(T1, {"a": 1}), Step(T2, {"a": {}})], {"a": {}}),
    ("false and 0 are values", [Step(T1, {"a": True, "b": 1}), Step(T2, {"a": False, "b": 0})], {"a": False, "b": 0}),
    ("an empty text is a value", [Step(T1, {"a": "x"}), Step(T2, {"a": ""})], {"a": ""}),
    ("a deep merge", [Step(T1, {"a": {"b": {"c": {"d": 1, "e": 2}}}}), Step(T2, {"a": {"b": {"c": {"d": 9}}}})],
     {"a": {"b": {"c": {"d": 9, "e": 2}}}}),
    # case of keys
    ("keys are the same whatever their case",
     [Step(T1, {"Threshold": 1}), Step(T2, {"threshold": 2})], {"Threshold": 2}),
    ("a default of another case is the same key",
     [Step(T1, {"threshold": 2}, defaults={"Threshold": 1})], {"Threshold": 2}),
    ("a reset of another case finds the key", [Step(T1, {"Threshold": 1}), Step(T2, reset=("/threshold",))], {}),
    ("nested keys of another case", [Step(T1, {"A": {"B": 1}}), Step(T2, {"a": {"b": 2, "c": 3}})],
     {"A": {"B": 2, "c": 3}}),
    # reset
    ("reset removes a key", [Step(T1, {"a": 1, "b": 2}), Step(T2, reset=("/a",))], {"b": 2}),
    ("reset brings a default back", [Step(T1, {"a": 9}, defaults={"a": 1}), Step(T2, reset=("/a",), defaults={"a": 1})],
     {"a": 1}),
    ("reset removes a whole map", [Step(T1, {"a": {"x": 1, "y": 2}, "b": 1}), Step(T2, reset=("/a",))], {"b": 1}),
    ("reset inside a map", [Step(T1, {"a": {"x": 1, "y": 2}}), Step(T2, reset=("/a/x",))], {"a": {"y": 2}}),
    ("reset of the last key leaves an empty map", [Step(T1, {"a": {"x": 1}}), Step(T2, reset=("/a/x",))], {"a": {}}),
    ("reset of nothing", [Step(T1, {"a": 1}), Step(T2, reset=("/b", "/a/x", "/b/c/d"))], {"a": 1}),
    ("reset of everything", [Step(T1, {"a": 1, "b": {"c": 2}}), Step(T2, reset=("",))], {}),
    ("reset of everything brings all defaults",
     [Step(T1, {"a": 9, "b": 2}), Step(T2, reset=("",), defaults={"a": 1})], {"a": 1}),
    ("reset of everything ends the list", [Step(T1, {"a": 1}), Step(T2, {"a": 2}, reset=("", "/a"))], {"a": 2}),
    ("reset comes before merge", [Step(T1, {"a": {"x": 1, "y": 2}}), Step(T2, {"a": {"z": 3}}, reset=("/a",))],
     {"a": {"z": 3}}),
    ("reset and merge of one key", [Step(T1, {"a": 1}), Step(T2, {"a": 2}, reset=("/a",))], {"a": 2}),
    ("reset of a list", [Step(T1, {"a": [1, 2]}), Step(T2, reset=("/a",))], {}),
    ("an element of a list is not reset", [Step(T1, {"a": [1, 2]}), Step(T2, reset=("/a/0",))], {"a": [1, 2]}),
    ("a key of digits is not reset", [Step(T1, {"a": {"1": "x"}}), Step(T2, reset=("/a/1",))], {"a": {"1": "x"}}),
    ("a key below digits is not reset", [Step(T1, {"1": {"x": 1}}), Step(T2, reset=("/1/x",))], {"1": {"x": 1}}),
    ("a key that begins with 0 is no index", [Step(T1, {"a": {"01": "x"}}), Step(T2, reset=("/a/01",))], {"a": {}}),
    ("escaped pointers", [Step(T1, {"a/b": 1, "c~d": 2, "e": 3}), Step(T2, reset=("/a~1b", "/c~0d"))], {"e": 3}),
    ("a key that is empty", [Step(T1, {"": 1, "a": 2}), Step(T2, reset=("/",))], {"a": 2}),
    ("several pointers", [Step(T1, {"a": 1, "b": 2, "c": 3}), Step(T2, reset=("/a", "/c"))], {"b": 2}),
    ("a pointer through a leaf finds nothing", [Step(T1, {"a": 1}), Step(T2, reset=("/a/b",))], {"a": 1}),
    # times
    ("an older deployment does not overwrite", [Step(T2, {"a": 2}), Step(T1, {"a": 1})], {"a": 2}),
    ("an older deployment still adds", [Step(T2, {"a": 2}), Step(T1, {"a": 1, "b": 1})], {"a": 2, "b": 1}),
    ("an older deployment still resets", [Step(T2, {"a": 2, "b": 2}), Step(T1, reset=("/a",))], {"b": 2}),
    ("an older deployment sets what it resets", [Step(T2, {"a": 2}), Step(T1, {"a": 1}, reset=("/a",))], {"a": 2}),
    ("the same time overwrites", [Step(T1, {"a": 1}), Step(T1, {"a": 2})], {"a": 2}),
    ("every deployment renews the times", [Step(T1, {"a": 1}), Step(T3), Step(T2, {"a": 2})], {"a": 1}),
    ("an older deployment changes the kind of a value", [Step(T2, {"a": 2}), Step(T1, {"a": {"x": 1}})],
     {"a": {"x": 1}}),
    ("two groups, the later created wins", [Step(T3, {"a": 3}), Step(T1, {"a": 1}), Step(T2, {"a": 2})], {"a": 3}),
    # histories
    ("a revert with computed resets",
     [Step(T1, {"t": 0.5}), Step(T2, {"t": 0.5, "extra": 1}), Step(T3, {"t": 0.5}, reset=("/extra",))], {"t": 0.5}),
    ("a revert without resets keeps the key",
     [Step(T1, {"t": 0.5}), Step(T2, {"t": 0.5, "extra": 1}), Step(T3, {"t": 0.5})], {"t": 0.5, "extra": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "expected"), [pytest.param(case[1], case[2], id=case[0]) for case in CASES])
def test_configuration_follows_the_nucleus(steps: list[Step], expected: dict[str, Any]) -> None:
    tree: Branch | None = None
    for step in steps:
        tree, _ = _deploy(tree, step.update, step.defaults or {}, step.time)
    assert tree is not None
    assert tree.plain() == expected


def test_the_table_has_the_sixty_cases_that_were_asked_for() -> None:
    assert len(CASES) >= 60
    assert len({case[0] for case in CASES}) == len(CASES)


def test_an_older_deployment_that_resets_and_sets_a_key_loses_to_the_running_value() -> None:
    """The copy that is computed has the older value, but the running leaf is newer and stays when it is applied."""
    tree, _ = _deploy(None, Update({"a": 2}), {}, T2)
    values, _ = configuration.resolve(tree, Update({"a": 1}, ("/a",)), {}, T1)
    assert values == {"a": 1}
    assert configuration.apply(tree, values, T1).plain() == {"a": 2}


def test_ignored_pointers_are_named() -> None:
    tree = configuration.apply(None, {"a": [1], "b": 1}, T1)
    _, ignored = configuration.resolve(tree, Update(None, ("/a/0", "/b")), {}, T2)
    assert ignored == ["/a/0"]


def test_a_pointer_without_slash_is_refused() -> None:
    with pytest.raises(ValueError, match="must be empty or begin with '/'"):
        configuration.resolve(None, Update(None, ("threshold",)), {}, T1)


def test_applying_leaves_the_tree_of_before_as_a_snapshot() -> None:
    before = configuration.apply(None, {"a": {"x": 1}}, T1)
    kept = before.dump()
    after, _ = _deploy(before, Update({"a": {"x": 2}}, ("/a/y",)), {"b": 1}, T2)
    assert before.dump() == kept
    assert after.plain() == {"a": {"x": 2}, "b": 1}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", {"a": {"b": [10, {"c": None}]}}),
        ("/", {"a": {"b": [10, {"c": None}]}}),
        ("/a/b/0", 10),
        ("/a/b/1/c", None),
    ],
)
def test_look_up_follows_pointers(pointer: str, expected: Any) -> None:
    assert look_up({"a": {"b": [10, {"c": None}]}}, pointer) == expected


@pytest.mark.parametrize("pointer", ["/x", "/a/b/2", "/a/b/01", "/a/b/c", "/A"])
def test_look_up_of_nothing_is_an_error(pointer: str) -> None:
    with pytest.raises(KeyError):
        look_up({"a": {"b": [10, 11]}}, pointer)


# A second implementation, deliberately naive: a flat list of paths, one entry a leaf, and one for each empty map.

Flat = dict[tuple[str, ...], tuple[tuple[str, ...], Any, int]]
_MAP = object()


def _flatten(values: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in values.items():
        found.append(((*path, key), _MAP if isinstance(value, dict) else value))
        if isinstance(value, dict):
            found += _flatten(value, (*path, key))
    return found


def _folded(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.lower() for part in path)


def _set(flat: Flat, path: tuple[str, ...], value: Any, time: int) -> None:
    key = _folded(path)
    there = flat.get(key)
    if there is not None:
        kinds_differ = (there[1] is _MAP) != (value is _MAP)
        if kinds_differ:
            for below in [each for each in flat if each[: len(key)] == key and each != key]:
                del flat[below]
            flat[key] = (there[0], value, time)
        elif value is not _MAP and time >= there[2]:
            flat[key] = (there[0], value, time)
        return
    flat[key] = (path, value, time)


def _naive(
    flat: Flat, merge: dict[str, Any] | None, reset: tuple[str, ...], defaults: dict[str, Any], time: int
) -> Flat:
    copy = dict(flat)
    for pointer in reset:
        if pointer == "":
            copy = {}
            break
        path = _folded(tuple(parse_pointer(pointer)))
        if any(part.isdigit() and (part == "0" or not part.startswith("0")) for part in path):
            continue
        copy = {key: entry for key, entry in copy.items() if key[: len(path)] != path}
    for path, value in _flatten(defaults):
        _set(copy, path, value, 1)
    for path, value in _flatten(merge or {}):
        _set(copy, path, value, time)
    result = {key: entry for key, entry in flat.items() if key in copy}
    for key in sorted(copy, key=len):
        path, value, _ = copy[key]
        _set(result, path, value, time)
    return result


def _unflatten(flat: Flat) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key in sorted(flat, key=len):
        _, value, _ = flat[key]
        node = result
        for part in key[:-1]:
            node = node[part]
        node[key[-1]] = {} if value is _MAP else value
    return result


def _lowered(value: Any) -> Any:
    return {key.lower(): _lowered(item) for key, item in value.items()} if isinstance(value, dict) else value


keys = st.sampled_from(["a", "b", "A", "c", "1", ""])
leaves = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.lists(st.integers(0, 2), max_size=2))


def _without_twins(value: Any) -> Any:
    """Two keys of one map that differ in case only have no defined order on the nucleus."""
    if not isinstance(value, dict):
        return value
    seen: dict[str, str] = {}
    for key in value:
        seen.setdefault(key.lower(), key)
    return {key: _without_twins(value[key]) for key in seen.values()}


trees = st.recursive(leaves, lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=6)
maps = st.dictionaries(keys, trees, max_size=3).map(_without_twins)
pointers = st.one_of(st.just(""), st.lists(keys, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts)))
deployments = st.tuples(st.one_of(st.none(), maps), st.lists(pointers, max_size=2).map(tuple), maps, st.integers(2, 6))


@settings(max_examples=150, deadline=None)
@given(st.lists(deployments, min_size=1, max_size=5))
def test_two_implementations_agree(history: list[tuple[Any, tuple[str, ...], dict[str, Any], int]]) -> None:
    tree: Branch | None = None
    flat: Flat = {}
    for merge, reset, defaults, time in history:
        tree, _ = _deploy(tree, Update(deepcopy(merge), reset), deepcopy(defaults), time)
        flat = _naive(flat, merge, reset, defaults, time)
        assert _lowered(tree.plain()) == _unflatten(flat)


@settings(max_examples=60, deadline=None)
@given(maps, st.integers(1, 9))
def test_a_tree_survives_being_written_and_read(values: dict[str, Any], time: int) -> None:
    tree = configuration.apply(None, values, time)
    read = configuration.load(tree.dump())
    assert read.dump() == tree.dump()
    assert read.plain() == values


@settings(max_examples=60, deadline=None)
@given(maps, maps)
def test_resetting_everything_gives_defaults_and_merge(running: dict[str, Any], merge: dict[str, Any]) -> None:
    tree = configuration.apply(None, running, T1)
    after, _ = _deploy(tree, Update(merge, ("",)), {}, T2)
    fresh, _ = _deploy(None, Update(merge), {}, T2)
    assert _lowered(after.plain()) == _lowered(fresh.plain())


@settings(max_examples=60, deadline=None)
@given(maps, maps)
def test_a_deployment_repeated_changes_nothing(running: dict[str, Any], merge: dict[str, Any]) -> None:
    once, _ = _deploy(configuration.apply(None, running, T1), Update(merge), {}, T2)
    twice, _ = _deploy(once, Update(merge), {}, T2)
    assert twice.dump() == once.dump()
