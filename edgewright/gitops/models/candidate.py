"""What a trial said of a model, and how a candidate compares with the version that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewright.errors import EdgewrightError, RefusedError
from edgewright.gitops.models import apart
from edgewright.manifest.registry import ModelQuality


@dataclass(frozen=True)
class Trial:
    """The interface of a model and how it did; latencies in milliseconds, sizes in bytes."""

    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...]
    opset: int
    size: int
    rows: int
    golden: bool
    latency_p50: float
    latency_p95: float
    memory: int
    accuracy: float | None = None

    @property
    def interface(self) -> str:
        """Inputs and outputs in a line: ``pixels float32[batch, 64] -> probabilities float32[batch, 10]``."""
        return f"{', '.join(map(_shown, self.inputs))} -> {', '.join(map(_shown, self.outputs))}"


def _shown(value: Mapping[str, Any]) -> str:
    return f"{value['name']} {value['type']}[{', '.join(str(each) for each in value['shape'])}]"


def attempt(model: Path, golden: Path | None, *, what: str) -> Trial:
    """Parse and run a model in a process of its own.

    Raises:
        RefusedError: it is no model that devices could load, or the golden set does not fit it.
        EdgewrightError: the libraries are not installed.
    """
    arguments = [str(model), *([str(golden)] if golden else [])]
    said = apart.ask("edgewright.gitops.models.trial", arguments, cwd=model.parent, what=what)
    if "error" in said:
        if said["error"].startswith("ModuleNotFoundError"):
            msg = f"a model is checked with onnx and onnxruntime: pip install 'edgewright[models]' ({said['error']})"
            raise EdgewrightError(msg)
        msg = f"{what} is refused: {said['error']}"
        raise RefusedError(msg)
    return Trial(
        inputs=tuple(said["inputs"]), outputs=tuple(said["outputs"]), opset=said["opset"], size=said["size"],
        rows=said["rows"], golden=said["golden"], latency_p50=said["latencyP50"], latency_p95=said["latencyP95"],
        memory=said["memory"], accuracy=said.get("accuracy"),
    )  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A line of the comparison."""

    what: str
    current: str
    candidate: str
    worse: bool = False


@dataclass(frozen=True)
class Comparison:
    """A candidate beside the version that the first ring has now."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def worse(self) -> tuple[Row, ...]:
        """Where the candidate is worse by what counts."""
        return tuple(row for row in self.rows if row.worse)


def compare(
    quality: ModelQuality,
    candidate: Trial,
    candidate_metrics: Mapping[str, float],
    current: Trial | None,
    current_metrics: Mapping[str, float],
) -> Comparison:
    """Put a candidate and the current version side by side. Only the quality metric makes a candidate worse."""
    rows: list[Row] = []
    for name in sorted({*candidate_metrics, *current_metrics}):
        old, new = current_metrics.get(name), candidate_metrics.get(name)
        worse = name == quality.metric and _is_worse(quality, old, new)
        rows.append(Row(f"{name} (registered)", _number(old), _number(new), worse))
    measured = None if current is None else current.accuracy
    if candidate.accuracy is not None:
        worse = not quality.lower and measured is not None and candidate.accuracy < measured - quality.tolerance
        what = f"accuracy on the golden set ({candidate.rows} rows)"
        rows.append(Row(what, _number(measured), _number(candidate.accuracy), worse))
    now = {} if current is None else _measured(current)
    rows += [Row(what, now.get(what, "-"), value) for what, value in _measured(candidate).items()]
    notes: list[str] = []
    if quality.metric not in candidate_metrics and candidate.accuracy is None:
        notes.append(
            f"the package has no metric {quality.metric!r} and there is no golden set: nothing says how good it is"
        )
    return Comparison(tuple(rows), tuple(notes))


def _measured(trial: Trial) -> dict[str, str]:
    return {
        "size, bytes": str(trial.size),
        "latency here p50, ms": _number(trial.latency_p50),
        "latency here p95, ms": _number(trial.latency_p95),
        "opset": str(trial.opset),
    }


def _is_worse(quality: ModelQuality, old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return False
    return new > old + quality.tolerance if quality.lower else new < old - quality.tolerance


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
