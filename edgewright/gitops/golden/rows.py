"""A golden set as requests of a component, and its answers as right or wrong."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgewright.catalog.requests import Requests
from edgewright.errors import EdgewrightError

LARGEST = 64 << 20  # characters of a golden set
LARGEST_ANSWER = 1 << 20  # bytes


def check(text: str, name: str) -> None:
    """See that a text can be a golden set, with labels or without.

    Raises:
        EdgewrightError: it is none.
    """
    _read(text, name)


def _read(text: str, name: str) -> tuple[dict[str, list[Any]], Any]:
    """The inputs, and what stands where the labels should be."""
    try:
        document: Any = json.loads(text, parse_constant=_finite, parse_float=_finite) if len(text) <= LARGEST else None
    except (ValueError, RecursionError) as error:
        msg = f"{name} is no JSON ({error}): write inputs (input name -> rows) and labels"
        raise EdgewrightError(msg) from error
    document = document if isinstance(document, dict) else {}
    inputs = document.get("inputs")
    if not isinstance(inputs, dict) or not inputs or not all(isinstance(rows, list) for rows in inputs.values()):
        msg = f"{name} has no inputs: an object, input name of the model -> list of rows ({LARGEST} bytes at most)"
        raise EdgewrightError(msg)
    return inputs, document.get("labels")


def _finite(word: str) -> float:
    """A number of JSON, which has neither NaN nor Infinity, whatever Python's reader takes."""
    value = float(word)
    if not math.isfinite(value):
        msg = f"it holds {word}, which is no number"
        raise ValueError(msg)
    return value


@dataclass(frozen=True)
class GoldenSet:
    """Rows of a model's inputs, and the label of each."""

    inputs: Mapping[str, Sequence[Any]]
    labels: Sequence[Any]
    sha256: str

    @classmethod
    def parse(cls, text: str, name: str) -> GoldenSet:
        """Read a golden set.

        Raises:
            EdgewrightError: it is none, or has no labels.
        """
        inputs, labels = _read(text, name)
        if not isinstance(labels, list) or not labels:
            msg = f"{name} has no labels, so nothing says which answers are right: add a label for each row"
            raise EdgewrightError(msg)
        if not all(isinstance(each, str | int | float) for each in labels):
            msg = f"{name} has labels that are neither numbers nor text, which no answer equals: write one for each row"
            raise EdgewrightError(msg)
        counts = {key: len(rows) for key, rows in inputs.items()}
        if set(counts.values()) != {len(labels)}:
            said = ", ".join(f"{key} {count} rows" for key, count in counts.items())
            msg = f"{name} has {len(labels)} labels, and {said}: each row needs its label"
            raise EdgewrightError(msg)
        return cls(inputs, labels, hashlib.sha256(text.encode()).hexdigest())

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.labels)

    def request(self, row: int, form: Requests) -> str:
        """Return the text of a row's request.

        Raises:
            EdgewrightError: the rows do not fit the form.
        """
        if form.format == "json":
            return json.dumps({name: [rows[row]] for name, rows in self.inputs.items()})
        if len(self.inputs) != 1:
            msg = f"an image is one input, and the golden set has {', '.join(self.inputs)}: ask with format json"
            raise EdgewrightError(msg)
        pixels = next(iter(self.inputs.values()))[row]
        fits = isinstance(pixels, list) and pixels and len(pixels) % form.width == 0
        if not fits or not all(_is_grey(each, form.brightest) for each in pixels):
            msg = (
                f"row {row} of the golden set is no image of whole numbers from 0 to {form.brightest}, "
                f"{form.width} in a line: set width and brightest where the component's requests are described"
            )
            raise EdgewrightError(msg)
        lines = [pixels[start : start + form.width] for start in range(0, len(pixels), form.width)]
        text = "\n".join(" ".join(str(int(each)) for each in line) for line in lines)
        return f"P2\n{form.width} {len(lines)}\n{form.brightest}\n{text}\n"

    def name(self, row: int, form: Requests, mark: str = "") -> str:
        """Return the file name of a row's request."""
        return f"golden-{self.sha256[:8]}{mark}-{row:05}.{form.format}"


def _is_grey(value: Any, most: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most and value == int(value)


@dataclass(frozen=True)
class Measured:
    """What a device did with a golden set; milliseconds and bytes."""

    thing: str
    rows: int
    answered: int
    right: int
    errors: tuple[str, ...]
    """What went wrong, each message once."""
    latency_p95: float | None
    memory: int | None
    """The most that the worker has ever had resident."""
    others: tuple[str, ...] = ()
    """Digests of models that answered and are not the release's."""

    @property
    def accuracy(self) -> float:
        """The share of all rows; a row without an answer is not right."""
        return self.right / self.rows

    def document(self) -> dict[str, Any]:
        """The measurement for machines."""
        return {
            "thing": self.thing,
            "rows": self.rows,
            "answered": self.answered,
            "accuracy": round(self.accuracy, 4),
            "latencyP95": self.latency_p95,
            "memory": self.memory,
            "errors": list(self.errors),
            "otherModels": list(self.others),
        }


def measure(
    golden: GoldenSet,
    form: Requests,
    answers: Mapping[int, Any],
    *,
    thing: str,
    memory: int | None = None,
    digest: str | None = None,
) -> Measured:
    """Judge the answers of a device.

    Args:
        golden: What was asked.
        form: How.
        answers: Row -> the answer as it was read.
        thing: The device.
        memory: Of its worker, bytes.
        digest: SHA-256 of the model's file that should have answered, in hexadecimal.
    """
    right, errors, times, others = 0, dict[str, None](), [], dict[str, None]()
    for row, answer in sorted(answers.items()):
        if not isinstance(answer, dict) or "error" in answer:
            told = answer.get("error", "") if isinstance(answer, dict) else "it is no JSON object"
            errors[" ".join(str(told).split())[:200]] = None
            continue
        right += _label(answer, form) == _text(golden.labels[row])
        took = answer.get(form.latency)
        if isinstance(took, int | float) and not isinstance(took, bool) and math.isfinite(took) and took >= 0:
            times.append(float(took))
        said = answer.get(form.digest) if form.digest else None
        if digest is not None and form.digest and str(said).removeprefix("sha256:") != digest:
            others[str(said)[:80]] = None
    times.sort()
    return Measured(
        thing=thing,
        rows=len(golden),
        answered=len(answers),
        right=right,
        errors=tuple(errors),
        # of all rows: a component that does not say how long an answer took has no p95
        latency_p95=round(times[math.ceil(len(times) * 0.95) - 1], 3) if times and len(times) == len(answers) else None,
        memory=memory,
        others=tuple(others),
    )


def _label(answer: Mapping[str, Any], form: Requests) -> str | None:
    """The label of an answer as text; None when it has none."""
    if form.prediction is not None:
        found = answer.get(form.prediction)
        return None if found is None else _text(found)
    outputs = answer.get("outputs")
    values: Any = next(iter(outputs.values()), None) if isinstance(outputs, dict) else None
    while isinstance(values, list) and len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not isinstance(values, list) or not values or not all(map(_is_number, values)):
        return None  # among numbers that are none there is no largest
    return str(max(range(len(values)), key=lambda place: values[place]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(value: Any) -> str:
    """A label as it is compared: 7.0 is 7, as JSON has one kind of number only."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
