"""Rules about components that are made from Lambda functions: what runs them, and as whom.

The components that run functions (launcher, manager, runtimes) are dependencies like others and are checked as those.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.lambda_lint import PRIVILEGE
from edgewright.documents import naming
from edgewright.manifest.context import Context, RingPlace
from edgewright.manifest.public import NUCLEUS, NUCLEUS_LITE
from edgewright.source import Problem

_ROOT = frozenset(("root", "0"))


def functions_run_on_the_nucleus(context: Context) -> Iterator[Problem]:
    """The nucleus lite runs generic components only, and functions need the manager, which is a plugin."""
    for place, name, version in _functions(context):
        if NUCLEUS_LITE in place.ring.components and NUCLEUS not in place.ring.components:
            yield place.problem(
                ("components", name),
                f"is made from a Lambda function, which {NUCLEUS_LITE} cannot run",
                got=f"{name} {version.version}",
                remedy=f"take it out, or pin {NUCLEUS}",
            )


def functions_do_not_run_as_root(context: Context) -> Iterator[Problem]:
    """A function reads messages of others; as root, its fault is the device's. A component may say why."""
    for place, name, version in _functions(context):
        if version.sidecar is not None and PRIVILEGE in version.sidecar.justification:
            continue
        path, user = _user(place, name)
        if user is not None and user.partition(":")[0] in _ROOT:
            yield place.problem(
                path,
                f"runs the Lambda function {name} {version.version} as root",
                got=user,
                remedy="name another user, or publish a version whose component.yaml says justification: "
                f"{{{PRIVILEGE}: WHY}}",
            )


def function_names_fit(context: Context) -> Iterator[Problem]:
    """The function in AWS has the name of the stage in its own."""
    told = set()
    for place, name, version in _functions(context):
        function = naming.lambda_function(place.stage_name, name, version.version)
        if len(function) > naming.LAMBDA_FUNCTION and place.stage_name not in told:
            told.add(place.stage_name)
            yield place.problem(
                ("components", name),
                f"makes the Lambda function {function}, which has {len(function)} characters where AWS takes "
                f"{naming.LAMBDA_FUNCTION}",
                remedy="shorten the stage's name",
            )


def _functions(context: Context) -> Iterator[tuple[RingPlace, str, CatalogVersion]]:
    for place in context.rings:
        for name, version in context.pinned(place):
            if version.function is not None:
                yield place, name, version


def _user(place: RingPlace, name: str) -> tuple[tuple[str, ...], str | None]:
    """Who runs a component, and where that is written: in the release, or as the nucleus's default."""
    run_with = place.ring.components[name].run_with
    if run_with is not None and run_with.posix_user is not None:
        return ("components", name, "runWith", "posixUser"), run_with.posix_user
    nucleus = place.ring.components.get(NUCLEUS)
    default = nucleus.config.get("runWithDefault") if nucleus is not None else None
    user = default.get("posixUser") if isinstance(default, dict) else None
    return ("components", NUCLEUS, "config", "runWithDefault", "posixUser"), str(user) if user is not None else None


RULES = (functions_run_on_the_nucleus, functions_do_not_run_as_root, function_names_fit)
