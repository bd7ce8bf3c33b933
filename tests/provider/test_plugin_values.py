"""Values between the engine and a resource keep their kind, their secrecy and their unknowns."""

from __future__ import annotations

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from edgewright.provider.plugin import UNKNOWN, Archive, Asset, contains_unknown, property_path
from edgewright.provider.plugin.values import decode, encode

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text().filter(lambda text: text != _SENTINEL),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values))
def test_plain_values_survive_the_wire(values: dict[str, object]) -> None:
    assert decode(encode(values)) == (values, frozenset())


def test_a_whole_number_is_an_int_and_a_fraction_a_float() -> None:
    decoded, _ = decode(encode({"whole": 5, "fraction": 0.5, "flag": True}))
    assert [type(decoded[key]) for key in ("whole", "fraction", "flag")] == [int, float, bool]


def test_a_secret_is_plain_for_the_resource_and_secret_on_the_way_back() -> None:
    struct = struct_pb2.Struct()
    struct.update({"config": {"token": {_SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": "hush"}, "open": 1}})
    values, secrets = decode(struct)
    assert values == {"config": {"token": "hush", "open": 1}}
    assert encode(values, secrets) == struct


def test_a_secret_in_a_list_makes_the_whole_list_secret() -> None:
    struct = struct_pb2.Struct()
    struct.update({"items": [1, {_SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": "hush"}]})
    values, secrets = decode(struct)
    assert (values, secrets) == ({"items": [1, "hush"]}, {("items",)})
    assert decode(encode({"items": ["moved", "hush", 1]}, secrets))[1] == {("items",)}


def test_unknown_values_stay_unknown_both_ways() -> None:
    struct = encode({"arn": UNKNOWN, "list": [UNKNOWN]})
    assert struct["arn"] == _SENTINEL
    values, _ = decode(struct)
    assert values["arn"] is UNKNOWN
    assert contains_unknown(values["list"])
    assert not contains_unknown({"a": [1, {"b": None}]})


def test_an_unknown_value_cannot_be_taken_for_true_or_false() -> None:
    with pytest.raises(TypeError, match="ask is_unknown"):
        bool(UNKNOWN)


def test_output_values_and_resource_references_are_unwrapped() -> None:
    struct = struct_pb2.Struct()
    struct.update(
        {
            "known": {_SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": 1, "dependencies": ["urn"]},
            "unknown": {_SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"},
            "secret": {_SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": "x", "secret": True},
            "reference": {_SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:x", "id": "i-1"},
            "component": {_SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:y"},
        }
    )
    values, secrets = decode(struct)
    assert values == {"known": 1, "unknown": UNKNOWN, "secret": "x", "reference": "i-1", "component": "urn:y"}
    assert secrets == {("secret",)}


def test_files_survive_the_wire() -> None:
    values = {
        "asset": Asset(path="a.txt", sha256="00"),
        "archive": Archive(assets={"in": Asset(text="x", sha256="11")}, sha256="22"),
    }
    assert decode(encode(values)) == (values, frozenset())


def test_an_unknown_kind_of_object_is_refused() -> None:
    struct = struct_pb2.Struct()
    struct.update({"x": {_SIGNATURE: "0" * 32}})
    with pytest.raises(ValueError, match="does not know"):
        decode(struct)


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        pytest.param(("components", "com.acme.model", "componentVersion"), None, id="dotted key"),
        pytest.param(("a", 'say "x"'), 'a["say \\"x\\""]', id="quotes"),
        pytest.param(("list", 0, "b"), "list[0].b", id="index"),
        pytest.param(("config", "back\\slash", "deeper"), "config", id="the grammar has no backslash: the parent"),
        pytest.param(("config", "", "deeper"), "config", id="nor an empty key"),
    ],
)
def test_property_paths_are_written_as_the_engine_parses_them(parts: tuple[str | int, ...], path: str | None) -> None:
    assert property_path(*parts) == (path or 'components["com.acme.model"].componentVersion')
