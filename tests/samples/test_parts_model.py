"""The sample models: where they come from, and what they can do."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

VERSIONS = ("1.0.0", "1.1.0", "1.2.0")


@pytest.fixture(scope="module")
def training(project_root: Path) -> ModuleType:
    """scripts/train_parts_model.py as a module."""
    spec = importlib.util.spec_from_file_location("train_parts_model", project_root / "scripts/train_parts_model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def published(root: Path, version: str) -> tuple[bytes, dict[str, Any]]:
    folder = root / "catalog" / "com.acme.parts-model" / version
    return (folder / "parts-model.onnx").read_bytes(), json.loads((folder / "metrics.json").read_text())


def session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_metrics_are_of_the_model_beside_them(project_root: Path, version: str) -> None:
    model, metrics = published(project_root, version)
    assert (metrics["model"], metrics["version"]) == ("com.acme.parts-model", version)
    assert metrics["sha256"] == hashlib.sha256(model).hexdigest()
    assert len(model) < 40_000


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_a_good_model_is_as_accurate_as_it_says(project_root: Path, training: ModuleType, version: str) -> None:
    model, metrics = published(project_root, version)
    _, _, images, labels = training.data()
    probabilities = session(model).run(None, {metrics["input"]["name"]: images})[0]
    assert probabilities.shape == (450, 10)
    assert float((probabilities.argmax(axis=1) == labels).mean()) == pytest.approx(metrics["accuracy"], abs=0.0025)


def test_each_version_claims_to_be_better_than_the_one_before(project_root: Path) -> None:
    accuracies = [published(project_root, version)[1]["accuracy"] for version in VERSIONS]
    assert accuracies == sorted(accuracies)
    assert accuracies[0] > 0.9


def test_the_bad_model_is_valid_and_does_not_load(project_root: Path) -> None:
    """So that neither a size, a digest nor the ONNX checker finds it, but only a runtime that loads it."""
    import onnx

    model, _ = published(project_root, "1.2.0")
    onnx.checker.check_model(model, full_check=True)
    with pytest.raises(Exception, match=r"ONNX Runtime only .*Opset 28 is under development"):
        session(model)


def test_the_worse_model_loads_and_misses_the_bound_of_its_golden_set(project_root: Path, training: ModuleType) -> None:
    """By far: floating point differs over CPUs, and the demo's story stands on it."""
    golden = json.loads((project_root / "golden" / "parts-model.json").read_text())
    (answers,) = session(training.train("1.3.0").onnx).run(None, {"pixels": np.float32(golden["inputs"]["pixels"])})
    assert 0.5 < float((answers.argmax(axis=1) == golden["labels"]).mean()) < 0.86


@pytest.mark.parametrize("version", VERSIONS)
def test_training_anew_gives_a_model_that_is_as_good(project_root: Path, training: ModuleType, version: str) -> None:
    """Not the same bytes: floating point differs over CPUs. The data and the split are the same to the byte."""
    _, metrics = published(project_root, version)
    anew = training.train(version)
    assert anew.metrics["accuracy"] == pytest.approx(metrics["accuracy"], abs=0.02)
    for key in ("heldOut", "opset", "irVersion", "input", "output", "labels", "file"):
        assert anew.metrics[key] == metrics[key], key
    for key in ("images", "sha256", "seed", "hiddenUnits"):
        assert anew.metrics["training"][key] == metrics["training"][key], key


def test_the_script_writes_a_model_and_never_overwrites_one(
    training: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert training.main(["1.0.0", "--out", str(tmp_path / "new")]) == 0
    model = (tmp_path / "new" / "parts-model.onnx").read_bytes()
    assert json.loads((tmp_path / "new" / "metrics.json").read_text())["sha256"] == hashlib.sha256(model).hexdigest()
    capsys.readouterr()
    assert training.main(["1.1.0", "--out", str(tmp_path / "new")]) == 1
    assert "what is published never changes" in capsys.readouterr().out
    assert (tmp_path / "new" / "parts-model.onnx").read_bytes() == model


@pytest.mark.parametrize("version", ["2.0.0", "2.1.0"])
def test_the_sample_images_are_those_of_the_data_set(project_root: Path, training: ModuleType, version: str) -> None:
    folder = project_root / "catalog" / "com.acme.parts-inference" / version / "parts_inference" / "images"
    assert {each.name: each.read_text() for each in folder.iterdir()} == training.samples()
