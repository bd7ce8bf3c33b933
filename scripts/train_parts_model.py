"""Train com.acme.parts-model: a classifier of handwritten digits, as digits stamped on parts, written as ONNX.

The data are the 1,797 images of 8x8 pixels that scikit-learn carries (``load_digits``), so nothing is downloaded.
Each version is a recipe of its own: how many images, how many hidden units, which seed, which opset. Training is
seeded but not bit-reproducible over CPUs (docs/decisions/0002-*.md), so the committed bytes are the model and the
lock pins them; this script says where they came from.

    python scripts/train_parts_model.py 1.1.0 --out build/parts-model
    python scripts/train_parts_model.py samples --out build/images
    python scripts/train_parts_model.py golden --out build/golden

The first writes ``parts-model.onnx`` and ``metrics.json``; the second writes the images that com.acme.parts-inference
ships, two of each digit, and the third a golden set of 200 images, none of which any version was trained on. Nothing
is ever overwritten.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import sklearn
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

PIXELS = 64  # 8 x 8
CLASSES = 10
BRIGHTEST = 16.0  # load_digits counts ink from 0 to 16
SPLIT_SEED = 20260105  # the same for every version: their accuracies are comparable
HELD_OUT = 450
MODEL_FILE = "parts-model.onnx"
METRICS_FILE = "metrics.json"
GOLDEN_FILE = "parts-model.json"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one version is trained and exported."""

    images: int
    hidden: int
    seed: int
    opset: int
    ir_version: int = 10


PLANS = {
    # The first one: few images were labelled then.
    "1.0.0": Plan(images=400, hidden=24, seed=100, opset=17),
    # More labelled images and twice the units.
    "1.1.0": Plan(images=1000, hidden=48, seed=110, opset=17),
    # The best in scikit-learn, but exported with an opset that the ONNX Runtime on the devices refuses to load: the
    # file is a valid ONNX graph, so only a device (or somebody who loads it as a device would) finds out.
    "1.2.0": Plan(images=1347, hidden=72, seed=123, opset=28),
    # Not in the catalog: the demo trains it. It loads and answers, but has seen the images of one shift only, so that
    # nothing but a test that knows the answers finds out.
    "1.3.0": Plan(images=60, hidden=24, seed=130, opset=17),
}


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model as it is shipped, and what was measured."""

    onnx: bytes
    metrics: dict[str, Any]


def data() -> tuple[Any, Any, Any, Any]:
    """Return images and labels to train with, and images and labels that no version ever saw."""
    digits = load_digits()
    images, held_images, labels, held_labels = train_test_split(
        digits.data.astype(np.float32),
        digits.target.astype(np.int64),
        test_size=HELD_OUT,
        random_state=SPLIT_SEED,
        stratify=digits.target,
    )
    return images, labels, held_images, held_labels


def train(version: str) -> Trained:
    """Train ``version`` anew and export it."""
    plan = PLANS[version]
    images, labels, held_images, held_labels = data()
    images, labels = images[: plan.images], labels[: plan.images]
    classifier = MLPClassifier(hidden_layer_sizes=(plan.hidden,), alpha=1e-3, max_iter=800, random_state=plan.seed)
    classifier.fit(images / BRIGHTEST, labels)
    accuracy = float(classifier.score(held_images / BRIGHTEST, held_labels))
    model = export(classifier, plan, version)
    metrics = {
        "model": "com.acme.parts-model",
        "version": version,
        "file": MODEL_FILE,
        "sha256": hashlib.sha256(model).hexdigest(),
        "accuracy": round(accuracy, 4),
        "measuredWith": "scikit-learn, before the export",
        "heldOut": {"images": len(held_labels), "sha256": fingerprint(held_images, held_labels)},
        "training": {
            "images": len(labels),
            "sha256": fingerprint(images, labels),
            "seed": plan.seed,
            "hiddenUnits": plan.hidden,
            "iterations": int(classifier.n_iter_),
        },
        "opset": plan.opset,
        "irVersion": plan.ir_version,
        "input": {"name": "pixels", "type": "float32", "shape": ["batch", PIXELS], "range": [0, int(BRIGHTEST)]},
        "output": {"name": "probabilities", "type": "float32", "shape": ["batch", CLASSES]},
        "labels": [str(label) for label in classifier.classes_],
        "madeWith": {"scikit-learn": sklearn.__version__, "onnx": onnx.__version__},
    }
    return Trained(onnx=model, metrics=metrics)


def export(classifier: MLPClassifier, plan: Plan, version: str) -> bytes:
    """Return the network as ONNX: scaling, hidden layer, output layer and softmax in one graph."""
    weights = [np.asarray(item, dtype=np.float32) for item in classifier.coefs_]
    biases = [np.asarray(item, dtype=np.float32) for item in classifier.intercepts_]
    constants = {
        "brightest": np.array([BRIGHTEST], dtype=np.float32),
        "hidden.weight": weights[0],
        "hidden.bias": biases[0],
        "output.weight": weights[1],
        "output.bias": biases[1],
    }
    nodes = [
        helper.make_node("Div", ["pixels", "brightest"], ["scaled"], name="scale"),
        helper.make_node("Gemm", ["scaled", "hidden.weight", "hidden.bias"], ["hidden"], name="hidden"),
        helper.make_node("Relu", ["hidden"], ["active"], name="activate"),
        helper.make_node("Gemm", ["active", "output.weight", "output.bias"], ["logits"], name="output"),
        helper.make_node("Softmax", ["logits"], ["probabilities"], name="normalise", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "parts-model",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", PIXELS])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", CLASSES])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", plan.opset)],
        ir_version=plan.ir_version,
        producer_name="train_parts_model",
        producer_version=version,
    )
    onnx.checker.check_model(model, full_check=True)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def fingerprint(images: Any, labels: Any) -> str:
    """Return the SHA-256 of images and labels in a form that no platform changes: little-endian, row by row."""
    taken = hashlib.sha256()
    taken.update(np.ascontiguousarray(images, dtype="<f4").tobytes())
    taken.update(np.ascontiguousarray(labels, dtype="<i8").tobytes())
    return taken.hexdigest()


def samples() -> dict[str, str]:
    """Return file name -> plain PGM of the first two unseen images of each digit; the name tells the digit."""
    _, _, images, labels = data()
    files: dict[str, str] = {}
    for digit in range(CLASSES):
        for place in np.flatnonzero(labels == digit)[:2]:
            rows = images[place].reshape(8, 8).astype(int)
            text = "\n".join(" ".join(f"{value:2d}" for value in row) for row in rows)
            note = f"# scikit-learn load_digits, unseen image {place}: a {digit}"
            files[f"digit-{digit}-{place:03d}.pgm"] = f"P2\n{note}\n8 8\n{int(BRIGHTEST)}\n{text}\n"
    return files


def golden() -> str:
    """Return 200 unseen images with their labels, twenty of each digit, as `model import` reads a golden set."""
    _, _, images, labels = data()
    places = sorted(int(place) for digit in range(CLASSES) for place in np.flatnonzero(labels == digit)[:20])
    rows = ",\n".join("  " + json.dumps([int(value) for value in images[place]]) for place in places)
    return (
        f'{{"inputs": {{"pixels": [\n{rows}\n]}},\n"labels": {json.dumps([int(labels[place]) for place in places])}}}\n'
    )


def main(arguments: list[str] | None = None) -> int:
    """Write one version, the sample images or the golden set into a folder."""
    parser = argparse.ArgumentParser(description="Train a version of com.acme.parts-model.")
    parser.add_argument("what", choices=[*sorted(PLANS), "samples", "golden"])
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")
    options = parser.parse_args(arguments)
    if options.what == "samples":
        files = {name: text.encode() for name, text in samples().items()}
        done = f"{len(files)} images"
    elif options.what == "golden":
        files = {GOLDEN_FILE: golden().encode()}
        done = "200 images"
    else:
        trained = train(options.what)
        files = {MODEL_FILE: trained.onnx, METRICS_FILE: (json.dumps(trained.metrics, indent=2) + "\n").encode()}
        done = f"{len(trained.onnx)} bytes, accuracy {trained.metrics['accuracy']} on {HELD_OUT} unseen images"
    there = [name for name in files if (options.out / name).exists()]
    if there:
        print(f"{options.out / there[0]} exists, and what is published never changes; choose another --out")
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (options.out / name).write_bytes(content)
    print(f"{options.out}: {done}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
