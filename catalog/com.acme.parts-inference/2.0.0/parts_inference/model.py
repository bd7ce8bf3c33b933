"""The installed model: loaded, tried once, and asked. Heavy imports happen here and nowhere else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parts_inference.errors import ComponentError
from parts_inference.pgm import Image

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """A label and the probability that the model gives it."""

    label: str
    confidence: float


class Model:
    """One version of com.acme.parts-model in memory."""

    def __init__(self, session: Any, manifest: dict[str, Any], digest: str) -> None:
        self._session = session
        self._input = str(manifest["input"]["name"])
        self._pixels = int(manifest["input"]["shape"][1])
        self._brightest = float(manifest["input"]["range"][1])
        self._labels = [str(label) for label in manifest["labels"]]
        self.name = str(manifest["model"])
        self.version = str(manifest["version"])
        self.digest = digest

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Load the model that ``metrics.json`` in ``folder`` describes, and classify a dark image with it.

        Raises:
            ComponentError: the files are missing or damaged, or ONNX Runtime refuses the model.
        """
        manifest = _manifest(folder / "metrics.json")
        file = folder / str(manifest.get("file", ""))
        try:
            content = file.read_bytes()
        except OSError as error:
            message = f"the model {file} cannot be read: {error.strerror}; deploy com.acme.parts-model again"
            raise ComponentError(message) from error
        found = hashlib.sha256(content).hexdigest()
        if found != manifest.get("sha256"):
            message = f"the model {file} has SHA-256 {found}, metrics.json says {manifest.get('sha256')!r}"
            raise ComponentError(message)
        try:
            model = cls(_session(content), manifest, f"sha256:{found}")
            model.classify(Image(width=model._pixels, height=1, pixels=(0.0,) * model._pixels))
        except ComponentError:
            raise
        # ONNX Runtime raises classes of its own C++ module, and the manifest may lack any key
        except Exception as error:
            said = " ".join(str(error).split())
            message = (
                f"{manifest.get('model')} {manifest.get('version')} does not load: {type(error).__name__}: {said}; "
                "deploy a version of the model that this ONNX Runtime can run"
            )
            raise ComponentError(message) from error
        return model

    def classify(self, image: Image) -> Answer:
        """Return the label of an image.

        Raises:
            ComponentError: the image has not the number of pixels that the model takes.
        """
        import numpy  # noqa: ICN001, PLC0415 -- see the module

        if len(image.pixels) != self._pixels:
            message = (
                f"the model takes images of {self._pixels} pixels (8x8), this one has {image.width}x{image.height}"
            )
            raise ComponentError(message)
        pixels = numpy.asarray([image.pixels], dtype=numpy.float32) * numpy.float32(self._brightest)
        probabilities = self._session.run(None, {self._input: pixels})[0][0]
        best = int(probabilities.argmax())
        return Answer(label=self._labels[best], confidence=float(probabilities[best]))


def _manifest(file: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"the model's {file} cannot be read: {error}; deploy com.acme.parts-model again"
        raise ComponentError(message) from error
    if not isinstance(manifest, dict):
        message = f"the model's {file} must hold a JSON object"
        raise ComponentError(message)
    return manifest


def _session(content: bytes) -> Any:
    try:
        import onnxruntime  # noqa: PLC0415 -- see the module
    except ImportError as error:
        message = f"ONNX Runtime cannot be imported: {error}; the component's install step provides it"
        raise ComponentError(message) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # an image of 64 pixels gains nothing from a second core
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors come as exceptions; the log would print them twice
    return onnxruntime.InferenceSession(content, sess_options=options, providers=["CPUExecutionProvider"])
