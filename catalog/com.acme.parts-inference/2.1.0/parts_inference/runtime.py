"""Whether the Python that runs this has the pinned ONNX Runtime. Standard library only: it runs before the rest."""

from __future__ import annotations

import re
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def pinned() -> str:
    """The version of onnxruntime in requirements.txt."""
    match = re.search(r"^onnxruntime==(\S+)", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        message = f"{REQUIREMENTS} does not pin onnxruntime"
        raise AssertionError(message)
    return match[1]


def missing() -> str:
    """What is missing, or an empty string."""
    try:
        version = metadata.version("onnxruntime")
    except metadata.PackageNotFoundError:
        return "onnxruntime is not installed"
    if version != pinned():
        return f"onnxruntime {version} is installed, {pinned()} is pinned"
    return "" if find_spec("numpy") else "numpy is not installed"
