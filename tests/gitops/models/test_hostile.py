"""Artifacts that were made to harm: each is one clear refusal, and nothing is written but the model."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from edgewright.errors import EdgewrightError
from edgewright.gitops.models import archive, trial
from edgewright.gitops.models.candidate import attempt

LINK = tarfile.TarInfo("model.onnx")
LINK.type, LINK.linkname = tarfile.SYMTYPE, "/etc/passwd"
DEVICE = tarfile.TarInfo("model.onnx")
DEVICE.type = tarfile.CHRTYPE


def tar(*entries: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                packed.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                packed.addfile(info, io.BytesIO(entry[1]))
    return buffer.getvalue()


def zipped(*entries: tuple[str, bytes], link: bool = False, encrypted: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if link else 0o100644) << 16
            packed.writestr(info, content)
    found = buffer.getvalue()
    if encrypted:  # the flag alone, in both headers, is what a reader looks at
        for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = found.index(sign) + at
            found = found[:place] + struct.pack("<H", 1) + found[place + 2 :]
    return found


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "link": (tar(LINK), "'model.onnx' is a link, which is not followed, pack the file itself"),
    "device": (tar(DEVICE), "'model.onnx' is a link"),
    "link in a zip": (zipped(("model.onnx", b"/etc/passwd"), link=True), "'model.onnx' is a link"),
    "escape sequences": (tar(("a.onnx", b"1"), ("\x1b[2J<b>.onnx", b"2")), r"'\x1b[2J<b>.onnx'"),
    "truncated": (tar(("model.onnx", bytes(range(256)) * 99))[:-30], "cannot be unpacked: "),
    "encrypted": (zipped(("model.onnx", b"1"), encrypted=True), "cannot be unpacked: "),
    "bomb in a tar": (tar(("model.onnx", bytes(70_000))), "has more than 65536 bytes unpacked; that is not taken"),
    "bomb in a zip": (zipped(("model.onnx", bytes(70_000))), "has more than 65536 bytes unpacked; that is not taken"),
    "bomb beside it": (tar(("rest", bytes(300_000)), ("model.onnx", b"1")), "has more than 262144 bytes unpacked"),
    "many files": (zipped(*((f"{n}", b"") for n in range(60))), "has more than 50 files; that is not taken"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_artifact_is_one_model_or_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_MODEL", 1 << 16)
    monkeypatch.setattr(archive, "LARGEST_UNPACKED", 1 << 18)
    monkeypatch.setattr(archive, "MOST_ENTRIES", 50)
    content, told = REFUSED[name]
    (tmp_path / "artifact").write_bytes(content)
    with pytest.raises(EdgewrightError) as caught:
        archive.find_onnx(tmp_path / "artifact", tmp_path / "model.onnx")
    assert told in str(caught.value)
    assert str(caught.value).isprintable()
    assert {each.name for each in tmp_path.iterdir()} <= {"artifact", "model.onnx"}


@pytest.mark.parametrize("name", ["../../../evil.onnx", "/etc/evil.onnx", "..\\evil.onnx", "a/../../b.onnx"])
def test_the_name_of_an_entry_is_no_path(name: str, tmp_path: Path) -> None:
    for pack in (tar, zipped):
        folder = tmp_path / pack.__name__
        folder.mkdir()
        (folder / "artifact").write_bytes(pack((name, b"weights")))
        archive.find_onnx(folder / "artifact", folder / "model.onnx")
        assert {each.name for each in folder.iterdir()} == {"artifact", "model.onnx"}
        assert (folder / "model.onnx").read_bytes() == b"weights"


def test_what_fills_the_memory_ends_in_a_process_of_its_own(tmp_path: Path) -> None:
    """A pax header is read into memory as a whole, and this one says that it has 3 GB."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 3 << 30
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    with (tmp_path / "artifact").open("wb") as file:
        file.write(squeeze.compress(header.tobuf(tarfile.USTAR_FORMAT)))
        block = bytes(1 << 20)
        for _ in range(64):  # the rest is missing
            file.write(squeeze.compress(block))
        file.write(squeeze.flush())
    with pytest.raises(EdgewrightError, match=r"^the model's artifact (needs more than|cannot be unpacked)"):
        archive.unpack(tmp_path / "artifact", tmp_path / "model.onnx")


def graph_of(inputs: list[str], outputs: list[str], *, opset: int = 17, **more: Any) -> bytes:
    """A model that gives its first input back."""
    nodes = [helper.make_node("Identity", [inputs[0]], [name]) for name in outputs] if inputs else []
    ends = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in names] for names in (inputs, outputs)]
    graph = helper.make_graph(nodes, "g", *ends, **more)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


def outside() -> TensorProto:
    """Weights in a file beside the model, which is any file of the machine."""
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../../../etc/passwd"
    return tensor


GRAPHS: dict[str, tuple[bytes, str]] = {
    "no inputs": (graph_of([], ["y"]), "has 0 inputs; models that have 1 to 64 are taken"),
    "no outputs": (graph_of(["x"], []), "has 0 outputs; models that have 1 to 64 are taken"),
    "thousands of inputs": (graph_of([f"x{n}" for n in range(2000)], ["y"]), "has 2000 inputs"),
    "a name without end": (graph_of(["n" * 100_000], ["y"]), "a name has 1 to 128 characters that show"),
    "a name that a terminal obeys": (graph_of(["\x1b[2J"], ["y"]), r"has '\x1b[2J' among its inputs"),
    "an opset to come": (graph_of(["x"], ["y"], opset=999), "is of opset 999, and there are those up to"),
    "no opset": (graph_of(["x"], ["y"], opset=0), "Identity with domain_version of 0"),
    "weights elsewhere": (graph_of(["x"], ["y"], initializer=[outside()]), "keeps weights in files beside it"),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_one_that_devices_could_be_asked_by(name: str, tmp_path: Path) -> None:
    content, told = GRAPHS[name]
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises((ValueError, onnx.checker.ValidationError)) as caught:
        trial.graph(tmp_path / "model.onnx")
    assert told in str(caught.value)


def test_a_refusal_of_the_libraries_is_one_line_without_their_own_places(tmp_path: Path) -> None:
    model = onnx.load_from_string(graph_of(["x"], ["y"]))
    model.graph.node[0].domain = "com.evil"
    model.opset_import.append(helper.make_opsetid("com.evil", 1))
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(EdgewrightError) as caught:
        attempt(tmp_path / "model.onnx", None, what="the candidate")
    said = str(caught.value)
    assert said.startswith("the candidate is refused: ")
    assert "com.evil:Identity(-1) is not a registered function/op" in said
    assert str(tmp_path) not in said
    assert "\n" not in said


def logarithm(folder: Path) -> Path:
    """A model whose answers are NaN for what is below 0."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Log", ["x"], ["y"])], "g", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder / "model.onnx"


def test_an_answer_that_is_no_number_is_right_for_no_label(tmp_path: Path) -> None:
    rows = {"inputs": {"x": [[-1, -1], [2, 1]]}, "labels": [0, 0]}
    assert trial.run(logarithm(tmp_path), rows)["accuracy"] == 0.5


@pytest.mark.parametrize(
    ("golden", "told"),
    [
        ({"inputs": {"x": [[1, 2], [1]]}}, "rows of x in the golden set are not numbers, all rows of one shape"),
        ({"inputs": {"x": [[1, None]]}}, "rows of x in the golden set are not numbers"),
        ({"inputs": {"x": [["a", "b"]]}}, "rows of x in the golden set are not numbers"),
        ({"inputs": {"x": [[1, 2]]}, "labels": ["one"]}, 'has the label "one"; labels are whole numbers'),
        ({"inputs": {"x": [[1, 2]]}, "labels": [True]}, "has the label true; labels are whole numbers"),
        ({"inputs": {"x": [[1, 2]]}, "labels": 1}, "labels of the golden set are no list"),
    ],
)
def test_a_golden_set_that_no_model_could_pass_is_the_one_that_is_told(
    golden: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=told):
        trial.run(logarithm(tmp_path), golden)
