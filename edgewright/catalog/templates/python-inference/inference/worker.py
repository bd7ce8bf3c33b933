"""Answers requests with the installed model: ``requests/NAME.json`` in, one line of ``predictions.jsonl`` out.

A request is a JSON object: input name of the model -> nested lists of numbers. What is no request becomes a line with
an ``error``, and the worker goes on.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


def main() -> int:
    """Load, ask once, say ready, then answer until SIGTERM."""
    work = Path(os.environ["INFERENCE_WORK"])
    interval = float(os.environ["INFERENCE_INTERVAL_SECONDS"])
    models = sorted(Path(os.environ["INFERENCE_MODEL"]).glob("*.onnx"))
    if len(models) != 1:
        print(f"the model component must have one .onnx file, it has {len(models)}", file=sys.stderr)
        return 1
    session = ort.InferenceSession(str(models[0]), providers=ort.get_available_providers())
    # A dimension without a fixed size is a batch or a length: one is enough to see that the model answers.
    session.run(None, {each.name: np.zeros(shape(each), kind(each)) for each in session.get_inputs()})

    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    requests = work / "requests"
    requests.mkdir(exist_ok=True)
    ready = work / "ready.new"
    ready.write_text(json.dumps({"model": models[0].name, "inputs": [each.name for each in session.get_inputs()]}))
    ready.replace(work / "ready")
    while not ended.is_set():
        for request in sorted(requests.glob("*.json")):
            answer = {"request": request.name, "thing": os.environ["INFERENCE_THING"], **answered(session, request)}
            with (work / "predictions.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(answer) + "\n")
            request.unlink()
        ended.wait(interval)
    return 0


def answered(session: Any, request: Path) -> dict[str, Any]:
    """Ask the model; time is in UTC, latency in milliseconds."""
    started = time.perf_counter()
    try:
        given = json.loads(request.read_text(encoding="utf-8"))
        inputs = {each.name: np.asarray(given[each.name], kind(each)) for each in session.get_inputs()}
        outputs = session.run(None, inputs)
    except Exception as error:  # noqa: BLE001 -- whatever a request holds, the next one must be answered
        return {"error": f"{type(error).__name__}: {error}"[:500]}
    names = [each.name for each in session.get_outputs()]
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "latencyMs": round((time.perf_counter() - started) * 1000, 3),
        "outputs": {name: np.asarray(value).tolist() for name, value in zip(names, outputs, strict=True)},
    }


def shape(given: Any) -> list[int]:
    """The shape of an input, with 1 where the model leaves it open."""
    return [each if isinstance(each, int) and each > 0 else 1 for each in given.shape]


def kind(given: Any) -> Any:
    """The numpy type of an input.

    Raises:
        ValueError: the model takes something else than numbers; change this worker then.
    """
    if given.type not in TYPES:
        message = f"input {given.name} is {given.type}, and this worker knows {', '.join(TYPES)}"
        raise ValueError(message)
    return TYPES[given.type]


if __name__ == "__main__":
    sys.exit(main())
