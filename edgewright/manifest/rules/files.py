"""Files of the project that a manifest names. No rule among the others: a commit is read without these files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgewright.manifest.context import Context
from edgewright.source import Problem


def named_files_are_there(context: Context, root: Path) -> Iterator[Problem]:
    """The golden sets of models: a missing one would be told only when a model has been approved.

    Nothing that runs needs them, so it is a warning.

    Args:
        context: What was read.
        root: The work tree.
    """
    organisation = context.organisation.model
    models = organisation.models if organisation is not None else None
    for index, source in enumerate(models.groups if models is not None else ()):
        if source.golden is not None and not (root / source.golden).is_file():
            yield context.organisation.problem(
                ("models", "groups", index, "golden"),
                "is no file of the project",
                got=str(source.golden),
                remedy="commit the golden set under this name, or correct the name",
                severity="warning",
            )
