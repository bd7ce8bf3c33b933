"""What the recipe hands over in the environment, checked once."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from parts_inference.errors import ComponentError

SAMPLES = Path(__file__).with_name("images")


@dataclass(frozen=True)
class Settings:
    """The worker's configuration. Units: seconds, bytes; the threshold and the sample rate are shares from 0 to 1."""

    work: Path
    model: Path
    images: Path
    thing: str
    fleet: str
    interval: float
    threshold: float
    sample_rate: float
    predictions_limit: int

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment.

        Raises:
            ComponentError: a value is missing or out of bounds; the message has the configuration key.
        """
        images = os.environ.get("PARTS_IMAGES", "")
        return cls(
            work=work_folder(),
            model=model_folder(),
            images=Path(images) if images else SAMPLES,
            thing=_needed("PARTS_THING"),
            fleet=os.environ.get("PARTS_FLEET", ""),
            interval=_number("PARTS_INTERVAL_SECONDS", "intervalSeconds", 0.05, 86400),
            threshold=_number("PARTS_THRESHOLD", "threshold", 0, 1),
            sample_rate=_number("PARTS_SAMPLE_RATE", "sampleRate", 0, 1),
            predictions_limit=1024
            * int(_number("PARTS_PREDICTIONS_MAX_KILOBYTES", "predictionsMaxKilobytes", 1, 1024 * 1024)),
        )


def work_folder() -> Path:
    """The component's work folder."""
    return Path(_needed("PARTS_WORK"))


def model_folder() -> Path:
    """The artifact folder of the installed version of com.acme.parts-model."""
    return Path(_needed("PARTS_MODEL"))


def _needed(variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        message = f"the environment has no {variable}; the recipe's lifecycle sets it"
        raise ComponentError(message)
    return value


def _number(variable: str, key: str, least: float, most: float) -> float:
    text = _needed(variable)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        message = f"configuration {key} must be a number from {least:g} to {most:g} (got {text!r})"
        raise ComponentError(message)
    return value
