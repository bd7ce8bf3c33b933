"""A model is parsed and tried here, in a process of its own: without credentials, within limits, on this machine only.

    python -m edgewright.gitops.models.trial MODEL [GOLDEN]

prints one JSON document: the graph's interface, then how fast and how right it answers. ``GOLDEN`` is JSON with
``inputs`` (input name -> rows) and, for a classifier, ``labels`` (one whole number a row, compared with the largest of
the first output's last dimension). A native library that crashes takes this process with it and nothing else.
"""

from __future__ import annotations

import json
import math
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

from edgewright.gitops.models.apart import confine

MEMORY = 8 << 30  # bytes of address space: ONNX Runtime reserves far more than it uses
MOST_ENDS = 64  # inputs, and outputs
LONGEST_NAME = 128
_RUNS = 200
_TYPES = {1: "float32", 11: "float64", 6: "int32", 7: "int64", 2: "uint8", 9: "bool"}  # onnx.TensorProto.DataType


def main(arguments: list[str]) -> int:
    """Try a model; 0 with a document, 2 with a document that has only ``error``."""
    confine(memory=MEMORY, file=0)
    model = Path(arguments[0])
    golden = json.loads(Path(arguments[1]).read_text(encoding="utf-8")) if len(arguments) > 1 else None
    try:
        found = graph(model)
        found |= run(model, golden)
    except Exception as error:  # noqa: BLE001 -- whatever a foreign file does to the libraries is an answer here
        found = {"error": _words(error, model)}
    sys.stdout.write(json.dumps(found))
    return 2 if "error" in found else 0


def _words(error: Exception, model: Path) -> str:
    """What a library says, in a line, without the places of its own source and of our file."""
    said = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"  # our own words, or theirs
    text = " ".join(said.replace(str(model), "it").split())
    return re.sub(r"(?:Exception during initialization: )?/onnxruntime_src/\S+ (?:[^)]*?::\S*?\([^)]*\) ?)?", "", text)[
        :1000
    ]


def graph(path: Path) -> dict[str, Any]:
    """Return the graph's interface.

    Raises:
        ValueError: it is no valid ONNX, or refers to files beside it.
    """
    import onnx  # noqa: PLC0415 -- an extra of the package
    from google.protobuf.message import DecodeError  # noqa: PLC0415 -- comes with it

    try:
        model = onnx.load(str(path), load_external_data=False)
    except DecodeError:
        msg = "the file is no ONNX model, or a download of it broke off; register it as it was exported"
        raise ValueError(msg) from None
    if any(each.data_location == onnx.TensorProto.EXTERNAL for each in model.graph.initializer):
        msg = "the model keeps weights in files beside it; save it as one file"
        raise ValueError(msg)
    _take(model, onnx.defs.onnx_opset_version())
    onnx.checker.check_model(model, full_check=True)
    weights = {each.name for each in model.graph.initializer}
    opsets = {each.domain or "ai.onnx": each.version for each in model.opset_import}
    return {
        "inputs": [_value(each) for each in model.graph.input if each.name not in weights],
        "outputs": [_value(each) for each in model.graph.output],
        "opset": opsets.pop("ai.onnx", 0),
        "otherOpsets": opsets,
        "irVersion": model.ir_version,
        "size": path.stat().st_size,
    }


def _take(model: Any, newest: int) -> None:
    """Refuse what a checker would take, or take hours for."""
    weights = {each.name for each in model.graph.initializer}
    for kind, ends in (("inputs", model.graph.input), ("outputs", model.graph.output)):
        names = [each.name for each in ends if each.name not in weights]
        if not 0 < len(names) <= MOST_ENDS:
            msg = f"the model has {len(names)} {kind}; models that have 1 to {MOST_ENDS} are taken"
            raise ValueError(msg)
        strange = next((name for name in names if len(name) > LONGEST_NAME or not name.isprintable() or not name), None)
        if strange is not None:
            msg = (
                f"the model has {strange[:40]!r} among its {kind}: a name has 1 to {LONGEST_NAME} characters that show"
            )
            raise ValueError(msg)
    for each in model.opset_import:
        if each.domain in ("", "ai.onnx") and each.version > newest:
            msg = f"the model is of opset {each.version}, and there are those up to {newest}; export it for one of them"
            raise ValueError(msg)


def _value(value: Any) -> dict[str, Any]:
    tensor = value.type.tensor_type
    shape = [each.dim_param or (each.dim_value if each.HasField("dim_value") else "?") for each in tensor.shape.dim]
    return {"name": value.name, "type": _TYPES.get(tensor.elem_type, str(tensor.elem_type)), "shape": shape}


def run(path: Path, golden: dict[str, Any] | None) -> dict[str, Any]:
    """Load the model as a device would, and ask it; times in milliseconds, one row a time.

    Raises:
        ValueError: the golden set does not fit the model.
    """
    import numpy as np  # noqa: PLC0415 -- as above
    import onnxruntime as ort  # noqa: PLC0415 -- as above

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    kinds = {each.name: _kind(each.type, np) for each in session.get_inputs()}
    shapes = {
        each.name: [n if isinstance(n, int) and n > 0 else 1 for n in each.shape] for each in session.get_inputs()
    }
    rows = None if golden is None else _rows(golden, kinds, np)
    count = _RUNS if rows is None else len(next(iter(rows.values())))
    times, right = [], 0
    labels = None if golden is None else golden.get("labels")
    if labels is not None and not isinstance(labels, list):
        msg = "the labels of the golden set are no list; write one label for each row"
        raise ValueError(msg)
    if labels is not None and len(labels) != count:
        msg = f"the golden set has {count} rows and {len(labels)} labels"
        raise ValueError(msg)
    strange = [each for each in labels or () if not _is_whole(each)]
    if strange:
        msg = f"the golden set has the label {json.dumps(strange[0])[:40]}; labels are whole numbers, places in outputs"
        raise ValueError(msg)
    for row in range(count):
        if rows is None:
            given = {name: np.zeros(shapes[name], kinds[name]) for name in kinds}
        else:
            given = {name: values[row : row + 1] for name, values in rows.items()}
        started = time.perf_counter()
        answer = session.run(None, given)[0]
        times.append((time.perf_counter() - started) * 1000)
        if labels is not None:
            values = np.asarray(answer)[0]
            # the place of the first NaN would be the largest, and right for some label
            sane = values.dtype.kind != "f" or bool(np.all(np.isfinite(values)))
            right += int(sane and np.argmax(values) == labels[row])
    times.sort()
    result: dict[str, Any] = {
        "rows": count,
        "golden": golden is not None,
        "latencyP50": round(times[count // 2], 4),
        "latencyP95": round(times[math.ceil(count * 0.95) - 1], 4),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    if labels is not None:
        result["accuracy"] = round(right / count, 4)
    return result


def _kind(text: str, np: Any) -> Any:
    kinds = {
        "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int32)": np.int32,
        "tensor(int64)": np.int64, "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_,
    }  # fmt: skip
    if text not in kinds:
        msg = f"the model takes {text}, which cannot be tried here"
        raise ValueError(msg)
    return kinds[text]


def _rows(golden: dict[str, Any], kinds: dict[str, Any], np: Any) -> dict[str, Any]:
    inputs = golden.get("inputs")
    if not isinstance(inputs, dict) or sorted(inputs) != sorted(kinds):
        have = ", ".join(sorted(inputs)) if isinstance(inputs, dict) else "none"
        msg = f"the golden set has the inputs {have}, and the model takes {', '.join(sorted(kinds))}"
        raise ValueError(msg)
    rows = {name: _array(name, inputs[name], kind, np) for name, kind in kinds.items()}
    counts = {len(each) for each in rows.values()}
    if len(counts) != 1 or not counts.pop():
        msg = "the golden set has no rows, or not the same number for each input"
        raise ValueError(msg)
    return rows


def _array(name: str, rows: Any, kind: Any, np: Any) -> Any:
    try:
        array = np.asarray(rows, kind)
    except (ValueError, TypeError, OverflowError):
        array = None
    if array is None or array.ndim == 0 or not np.all(np.isfinite(array)):
        msg = f"the rows of {name} in the golden set are not numbers, all rows of one shape"
        raise ValueError(msg)
    return array


def _is_whole(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
