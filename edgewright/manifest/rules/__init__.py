"""The offline rules: what holds between files, with the catalog, and with AWS's limits.

A rule is a function from everything that was read to its problems; its name says what holds when it is silent. It
looks at what could be read and stays silent where its input is missing, because that is told already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from edgewright.manifest.context import Context
from edgewright.manifest.rules import (
    accounts,
    components,
    configuration,
    controls,
    devices,
    edge_manager,
    hardware,
    identity,
    lambda_functions,
    models,
    names,
    organisation,
    production,
    promotion,
    rollout,
    targets,
    twins,
)
from edgewright.source import Problem

Rule = Callable[[Context], Iterable[Problem]]

RULES: tuple[Rule, ...] = (
    *organisation.RULES,
    *accounts.RULES,
    *names.RULES,
    *targets.RULES,
    *components.RULES,
    *devices.RULES,
    *hardware.RULES,
    *production.RULES,
    *configuration.RULES,
    *edge_manager.RULES,
    *lambda_functions.RULES,
    *identity.RULES,
    *models.RULES,
    *promotion.RULES,
    *controls.RULES,
    *rollout.RULES,
    *twins.RULES,
)


ADVICE: tuple[Rule, ...] = (*promotion.ADVICE, *controls.ADVICE, *twins.ADVICE)
"""What only means something between manifests without errors."""


def advice(context: Context) -> Iterator[Problem]:
    """Every warning of every comparison."""
    for rule in ADVICE:
        yield from rule(context)


def check(context: Context) -> Iterator[Problem]:
    """Every problem of every rule."""
    for rule in RULES:
        yield from rule(context)
