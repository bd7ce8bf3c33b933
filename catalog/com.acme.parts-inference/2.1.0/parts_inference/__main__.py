"""The verbs that the lifecycle scripts call: ``python -m parts_inference VERB``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from parts_inference.errors import ComponentError

if TYPE_CHECKING:
    from collections.abc import Callable


def runtime() -> int:
    """Whether this Python carries the ONNX Runtime of requirements.txt (0: it does)."""
    from parts_inference.runtime import missing  # noqa: PLC0415 -- install runs where nothing else can be imported

    reason = missing()
    if reason:
        print(reason)
    return 1 if reason else 0


def serve() -> int:
    """Classify until SIGTERM."""
    from parts_inference.settings import Settings  # noqa: PLC0415 -- see runtime
    from parts_inference.worker import serve as work  # noqa: PLC0415 -- see runtime

    return work(Settings.from_environment())


def stop() -> int:
    """Stop the worker of this work folder, if there is one."""
    from parts_inference.process import stop as stop_worker  # noqa: PLC0415 -- see runtime
    from parts_inference.settings import work_folder  # noqa: PLC0415 -- see runtime

    print(stop_worker(work_folder()))
    return 0


def classify() -> int:
    """Classify the files that are named, without a worker; JSON, one object a line."""
    from parts_inference.model import Model  # noqa: PLC0415 -- see runtime
    from parts_inference.pgm import read  # noqa: PLC0415 -- see runtime
    from parts_inference.settings import model_folder  # noqa: PLC0415 -- see runtime

    model = Model.load(model_folder())
    for name in sys.argv[2:]:
        answer = model.classify(read(Path(name)))
        print(json.dumps({"file": name, "prediction": answer.label, "confidence": round(answer.confidence, 4)}))
    return 0


VERBS: dict[str, Callable[[], int]] = {"runtime": runtime, "serve": serve, "stop": stop, "classify": classify}


def main() -> int:
    """Run a verb; what is wrong goes to standard error in one line."""
    verb = VERBS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if verb is None:
        print(f"use: python -m parts_inference {'|'.join(VERBS)}", file=sys.stderr)
        return 2
    try:
        return verb()
    except ComponentError as error:
        print(f"parts-inference: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
