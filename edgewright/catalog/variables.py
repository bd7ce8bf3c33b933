"""Recipe variables such as ``{artifacts:path}``: which there are, and whether a recipe may use them.

A name that the nucleus does not know stays in the script as it is, and fails on the device; so it is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from edgewright.catalog.recipe import Recipe, Steps
from edgewright.source import Problem
from edgewright.validation import Parsed, did_you_mean

KNOWN = {
    "artifacts": ("path", "decompressedPath"),
    "work": ("path",),
    "kernel": ("rootPath",),
    "iot": ("thingName",),
}
OF_OTHERS = ("artifacts", "work", "configuration")  # what one component may ask of another
_VARIABLE = re.compile(r"(?P<shell>\$)?\{(?P<first>[\w.-]+):(?P<second>[^{}:\s\"'$]+)(?::(?P<third>[^{}:\s\"'$]+))?\}")

Path = tuple[str | int, ...]


class Use(NamedTuple):
    """A variable in a text of the recipe."""

    path: Path
    text: str
    component: str | None
    namespace: str
    key: str


def uses(recipe: Recipe) -> Iterator[Use]:
    """Yield each variable of each script, condition and environment value. Shell expansions are none."""
    for path, text in texts(recipe):
        for match in _VARIABLE.finditer(text):
            if match["third"] is not None:
                yield Use(path, match.group().lstrip("$"), match["first"], match["second"], match["third"])
            elif not match["shell"] or match["first"] in (*KNOWN, "configuration"):
                yield Use(path, match.group().lstrip("$"), None, match["first"], match["second"])


def texts(recipe: Recipe) -> Iterator[tuple[Path, str]]:
    """Yield every text in which the nucleus fills in variables, with its place."""
    if recipe.Lifecycle is not None:
        yield from _texts(("Lifecycle",), recipe.Lifecycle)
    for number, manifest in enumerate(recipe.Manifests):
        if manifest.Lifecycle is not None:
            yield from _texts(("Manifests", number, "Lifecycle"), manifest.Lifecycle)


def _texts(path: Path, lifecycle: Steps) -> Iterator[tuple[Path, str]]:
    for name, value in lifecycle.Setenv.items():
        yield (*path, "Setenv", name), value
    for name, step in lifecycle.steps.items():
        yield (*path, name, "Script"), step.Script
        if step.Skipif is not None:
            yield (*path, name, "Skipif"), step.Skipif
        for variable, value in step.Setenv.items():
            yield (*path, name, "Setenv", variable), value


def check(parsed: Parsed[Recipe], recipe: Recipe) -> Iterator[Problem]:
    """Yield what is wrong with the variables of a recipe."""
    for use in uses(recipe):
        problem = _other(parsed, recipe, use) if use.component is not None else _own(parsed, recipe, use)
        if problem is not None:
            yield problem


def _own(parsed: Parsed[Recipe], recipe: Recipe, use: Use) -> Problem | None:
    if use.namespace == "configuration":
        configuration = recipe.ComponentConfiguration.DefaultConfiguration
        if has_pointer(configuration, use.key) or not parsed.whole(("ComponentConfiguration",)):
            return None
        message = f"{use.text} is not in DefaultConfiguration: a device without it keeps the text as it is"
        return parsed.problem(use.path, message, remedy="give it a default", severity="warning")
    keys = KNOWN.get(use.namespace)
    if keys is None:
        near = did_you_mean(use.namespace, (*KNOWN, "configuration"))
        if near is None:
            return None  # braces that are the script's own business
        return parsed.problem(
            use.path, f"{use.text} is no recipe variable", remedy=f"did you mean {{{near}:{use.key}}}?"
        )
    if use.key in keys:
        return None
    allowed = " or ".join(f"{{{use.namespace}:{key}}}" for key in keys)
    return parsed.problem(use.path, f"{use.text} is no recipe variable", remedy=f"write {allowed}")


def _other(parsed: Parsed[Recipe], recipe: Recipe, use: Use) -> Problem | None:
    name = str(use.component)
    if use.namespace not in OF_OTHERS or (use.namespace != "configuration" and use.key not in KNOWN[use.namespace]):
        if "." not in name:
            return None  # braces that are the script's own business
        allowed = "artifacts:path, artifacts:decompressedPath, work:path or configuration:/KEY"
        return parsed.problem(use.path, f"{use.text} is no recipe variable", remedy=f"ask {name} for {allowed}")
    if name in recipe.ComponentDependencies or not parsed.whole(("ComponentDependencies",)):
        return None
    message = f"{use.text} asks for {name}, which is no direct dependency, so the nucleus does not fill it in"
    near = did_you_mean(name, tuple(recipe.ComponentDependencies))
    remedy = f"did you mean {near}?" if near else f"add {name} to ComponentDependencies"
    return parsed.problem(use.path, message, remedy=remedy)


def has_pointer(value: Any, pointer: str) -> bool:
    """Whether a JSON pointer (RFC 6901) leads to a value. The nucleus takes ``/`` alone as the whole."""
    if pointer in ("", "/"):
        return True
    if not pointer.startswith("/"):
        return False
    for step in pointer[1:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return False
    return True
