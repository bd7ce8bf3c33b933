"""Plain PGM images (P2): grey values as text, which a person can read and write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parts_inference.errors import ComponentError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_FILE = 65536  # bytes; an image of 8x8 pixels has a few hundred


@dataclass(frozen=True)
class Image:
    """Grey values row by row, each from 0 (dark) to 1."""

    width: int
    height: int
    pixels: tuple[float, ...]


def read(file: Path) -> Image:
    """Read an image.

    Raises:
        ComponentError: the file cannot be read, or is no plain PGM image.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        message = f"{file.name} cannot be read: {error.strerror}"
        raise ComponentError(message) from error
    if len(content) > LARGEST_FILE:
        message = f"{file.name} is larger than {LARGEST_FILE} bytes; send an image of 8x8 pixels"
        raise ComponentError(message)
    try:
        return parse(content.decode("ascii"))
    except (UnicodeDecodeError, ValueError) as error:
        message = f"{file.name} is not a plain PGM image (P2): {error}"
        raise ComponentError(message) from error


def parse(text: str) -> Image:
    """Parse a plain PGM image.

    Raises:
        ValueError: it is none.
    """
    words = re.sub(r"#[^\n]*", " ", text).split()
    if not words or words[0] != "P2":
        message = "it does not begin with P2"
        raise ValueError(message)
    width, height, brightest, *values = (int(word) for word in words[1:])
    if not (width > 0 and height > 0 and 0 < brightest < 65536):
        message = "width, height or the largest grey value is out of bounds"
        raise ValueError(message)
    if len(values) != width * height:
        message = f"{width}x{height} pixels need {width * height} values, there are {len(values)}"
        raise ValueError(message)
    if min(values) < 0 or max(values) > brightest:
        message = f"a grey value is outside 0..{brightest}"
        raise ValueError(message)
    return Image(width=width, height=height, pixels=tuple(value / brightest for value in values))


def features(image: Image) -> dict[str, float]:
    """Numbers that tell whether the images of today look like those of the training: the ink, and where it is."""
    count = len(image.pixels)
    ink = sum(image.pixels)
    mean = ink / count
    spread = (sum((value - mean) ** 2 for value in image.pixels) / count) ** 0.5
    columns = sum((place % image.width) * value for place, value in enumerate(image.pixels))
    rows = sum((place // image.width) * value for place, value in enumerate(image.pixels))
    return {
        "brightness": round(mean, 5),
        "contrast": round(spread, 5),
        "inkShare": round(sum(value > 0 for value in image.pixels) / count, 5),
        "centreX": round(columns / ink, 5) if ink else 0.0,
        "centreY": round(rows / ink, 5) if ink else 0.0,
    }
