"""What a ``lambda.yaml`` may say and nobody should; a reason in ``component.yaml`` excuses it, as with recipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from edgewright.catalog import frameworks
from edgewright.catalog.lambda_component import LambdaComponent
from edgewright.catalog.sidecar import Sidecar
from edgewright.source import Problem
from edgewright.validation import Parsed

PRIVILEGE: Final = "privilege"
"""The rule that a ring breaks which runs a function as root; only the rings' own rules can see that."""
_UNBOUNDED: Final = "unbounded"


class LambdaLinter:
    """The rules, over one file; what is justified is left out, what is justified in vain is said."""

    def __init__(self, parsed: Parsed[LambdaComponent], function: LambdaComponent, sidecar: Sidecar | None) -> None:
        self._parsed = parsed
        self._function = function
        self._reasons = frozenset(sidecar.justification) if sidecar else frozenset()
        self._used: set[str] = set()

    def problems(self) -> Iterator[Problem]:
        """Yield every finding in the file itself."""
        for name in self._function.dependencies:
            path = ("dependencies", name)
            requirement = self._function.requirements[name].requirement
            if name == self._function.name:
                yield self._parsed.problem(path, "depends on itself", remedy="remove it")
            if not requirement.bounded_above and not self._excused(_UNBOUNDED):
                yield self._parsed.problem(
                    (*path, "versionRequirement"),
                    "takes every version to come, also one that breaks this component",
                    got=f'"{requirement}"',
                    remedy="bound it, such as ^2.0.0",
                    severity="warning",
                )

    def in_files(self, files: Mapping[str, Path], shown: str) -> Iterator[Problem]:
        """Yield the findings in files of the version; ``files`` by their path, ``shown`` is its folder in messages."""
        for file, line, framework in frameworks.in_files(files):
            if not self._excused(frameworks.RULE):
                message, remedy = frameworks.MESSAGE, frameworks.REMEDY
                yield Problem(f"{shown}/{file}", line, 1, "", message, framework, remedy, "warning")

    @property
    def unused(self) -> tuple[str, ...]:
        """Rules that are justified although nothing breaks them; known once the findings are read."""
        return tuple(sorted(self._reasons - self._used - {PRIVILEGE}))

    def _excused(self, rule: str) -> bool:
        if rule in self._reasons:
            self._used.add(rule)
            return True
        return False
