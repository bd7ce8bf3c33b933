"""What a component takes of a device."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.catalog.lambda_component import Parameters
from edgewright.catalog.needs import Needs, disk_of, memory_of, written
from edgewright.catalog.sizes import exact_size, format_size, parse_size

MIB = 1 << 20
SIZES = {"model.onnx": 90 * MIB, "model-int8.onnx": 25 * MIB, "app.zip": 5 * MIB}
FULL = {"Artifacts": [{"URI": "catalog:model.onnx"}, {"URI": "docker:nginx:1"}, {"URI": "catalog:model.onnx"}]}
SMALL = {"Artifacts": [{"URI": "catalog:model-int8.onnx"}, {"URI": "catalog:app.zip"}]}


@pytest.mark.parametrize("text", ["256MiB", "1kB", "2GiB", "16GB", "9999999999TiB"])
def test_a_size_has_a_unit(text: str) -> None:
    assert parse_size(exact_size(parse_size(text))) == parse_size(text)


@pytest.mark.parametrize(
    "value", [256, "256", "0MiB", "1.5GiB", "256 MiB", "256mib", "1KB", "٣MiB", "-1MiB", None, True]
)
def test_what_is_no_size_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"must be a whole number with a unit; write it like 256MiB"):
        parse_size(value)


@given(st.integers(1, 10**9), st.sampled_from(["KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB", "TB"]))
def test_a_size_is_written_as_it_is_read(number: int, unit: str) -> None:
    size = parse_size(f"{number}{unit}")
    assert parse_size(exact_size(size)) == size
    assert len(exact_size(size)) <= len(f"{number}{unit}")


@pytest.mark.parametrize(
    ("size", "text"), [(12, "12 bytes"), (1536, "1.5 KiB"), (512 * MIB, "512 MiB"), (3 << 40, "3 TiB")]
)
def test_people_read_sizes_in_the_largest_unit(size: int, text: str) -> None:
    assert format_size(size) == text


def test_a_model_takes_at_least_its_file_and_only_that_of_the_devices_manifest() -> None:
    assert memory_of(None, "onnx-model", SIZES, FULL) == 90 * MIB
    assert memory_of(None, "onnx-model", SIZES, SMALL) == 30 * MIB
    assert memory_of(Needs(memory="64MiB"), "onnx-model", SIZES, FULL) == 90 * MIB  # type: ignore[arg-type]
    assert memory_of(Needs(memory="120MiB"), "onnx-model", SIZES, FULL) == 120 * MIB  # type: ignore[arg-type]


def test_of_anything_else_the_memory_is_what_it_says() -> None:
    assert memory_of(None, "service", SIZES, FULL) is None
    assert memory_of(Needs(memory="64MiB"), "service", SIZES, FULL) == 64 * MIB  # type: ignore[arg-type]


def test_the_disk_takes_what_is_shipped_and_what_is_written() -> None:
    assert disk_of(None, SIZES, FULL) == 90 * MIB
    assert disk_of(Needs(disk="1MiB"), SIZES, SMALL) == 31 * MIB  # type: ignore[arg-type]
    assert written(Needs(memory="1GiB", disk="1000kB")) == {"memory": "1GiB", "disk": "1MB"}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({}, 16 * MIB),
        ({"linuxProcessParams": {"containerParams": {"memorySizeInKB": 65536}}}, 64 * MIB),
        ({"pinned": False, "maxInstancesCount": 3}, 48 * MIB),
        ({"linuxProcessParams": {"isolationMode": "NoContainer"}}, None),
    ],
)
def test_the_containers_of_a_function_have_their_limit(parameters: dict[str, object], size: int | None) -> None:
    assert Parameters.model_validate(parameters).contained_memory == size
