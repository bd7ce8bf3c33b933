"""Training frameworks in what a device installs: gigabytes, where a runtime for inference has some megabytes.

Found where they are certain: in the ``requirements*.txt`` that a version ships, in what its Python imports, and in the
``pip install`` of a script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

# As PyPI's names are compared (PEP 503): lower case, - for _ and dots.
HEAVY = frozenset(
    ("torch", "torchvision", "torchaudio", "tensorflow", "tensorflow-cpu", "tensorflow-gpu", "keras", "jax", "jaxlib",
     "mxnet", "paddlepaddle", "sagemaker", "pytorch-lightning", "lightning", "ray", "mlflow")
)  # fmt: skip
RULE = "training-framework"
MESSAGE = "brings a framework for training to devices"
REMEDY = (
    "export the model (ONNX) and use its runtime, or add to component.yaml justification: {training-framework: WHY}"
)
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_IMPORT = re.compile(r"[ \t]*(?:import|from)[ \t]+([A-Za-z_][A-Za-z0-9_]*)")
_LARGEST = 4 << 20  # bytes of a file


def heavy(requirement: str) -> str | None:
    """Return the framework that a requirement names; None when it names none."""
    match = _NAME.match(requirement)
    name = re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""
    return name if name in HEAVY else None


def in_files(files: Mapping[str, Path]) -> Iterator[tuple[str, int, str]]:
    """Yield file, line and framework for each that a requirements file of a version names, or its Python imports."""
    for name, path in sorted(files.items()):
        last = name.rpartition("/")[2]
        listed = last.startswith("requirements") and last.endswith(".txt")
        if not (listed or last.endswith(".py")) or path.stat().st_size > _LARGEST:
            continue
        imported = set[str]()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            module = None if listed else _IMPORT.match(line)
            found = heavy(line) if listed else heavy(module[1]) if module else None
            if found is not None and found not in imported:
                imported.update(() if listed else (found,))
                yield name, number, found
