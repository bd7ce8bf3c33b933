"""From what pydantic says of a document to what a user reads: file, line, path, what is wrong, what to do."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from edgewright.source import Document, Problem, shorten

_KINDS = {
    "string_type": "must be text",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false, without quotes",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
}
_REMEDIES = {
    "string_type": "put quotes around it",
    "dict_type": "write it as key: value",
    "model_type": "write it as key: value",
    "list_type": "write it as a list, one item a line with - before it",
    "tuple_type": "write it as a list, one item a line with - before it",
}


class RefusedValueError(ValueError):
    """A validator's refusal with the way out; pydantic locates it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def refuse(message: str, remedy: str) -> NoReturn:
    """Refuse a value from within a validator."""
    raise RefusedValueError(message, remedy)


def from_pydantic(document: Document, error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Return one problem for each error, at the place where it is written or, for what is missing, should be."""
    errors = error.errors(include_url=False)
    unknown = {
        (*each["loc"][:-1], str(each["loc"][-1]).lower()) for each in errors if each["type"] == "extra_forbidden"
    }
    return [
        _problem(document, each, model)
        for each in errors
        # a key in the wrong case is reported as unknown, with the right one; that the right one is missing adds nothing
        if each["type"] != "missing" or (*each["loc"][:-1], str(each["loc"][-1]).lower()) not in unknown
    ]


def _problem(document: Document, error: Mapping[str, Any], model: type[BaseModel]) -> Problem:
    path = locate(document.value, error["loc"])
    kind = str(error["type"])
    refused = (error.get("ctx") or {}).get("error")
    got = document.shown(path)
    if kind == "missing":
        key = str(error["loc"][-1])
        return document.problem(path, f"{key} is missing", remedy=f"add {key}")
    if kind == "extra_forbidden":
        key = str(error["loc"][-1])
        return document.problem(path, f"{key} is not a key that is known here", remedy=_allowed(model, error["loc"]))
    if isinstance(refused, RefusedValueError):
        return document.problem(path, str(refused), got=got, remedy=refused.remedy)
    if kind in ("literal_error", "enum"):
        expected = str((error.get("ctx") or {}).get("expected", "")).replace("'", "")
        return document.problem(path, "is not one of the values that are known", got=got, remedy=f"write {expected}")
    message = _KINDS.get(kind) or shorten(str(error["msg"])[:1].lower() + str(error["msg"])[1:], 200)
    return document.problem(path, message, got=got, remedy=_REMEDIES.get(kind, "correct the value"))


def locate(value: Any, location: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the part of pydantic's location that is in the document: what is missing has no place of its own."""
    path: list[str | int] = []
    for step in location:
        inside = (isinstance(value, dict) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        )
        if not inside:
            break
        path.append(step)
        value = value[step]
    return tuple(path)


def closest(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that ``word`` was probably meant to be."""
    folded = {each.lower(): each for each in known}
    if word.lower() in folded:
        return folded[word.lower()]
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.7)
    return folded[near[0]] if near else None


def _allowed(model: type[BaseModel], location: Sequence[str | int]) -> str:
    keys = _keys(model, location[:-1])
    near = closest(str(location[-1]), keys)
    return f"did you mean {near}?" if near else "remove it" + (f", or use one of {', '.join(keys)}" if keys else "")


def _keys(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the keys that the model at ``location`` has."""
    current: Any = model
    for step in location:
        models = _models(current)
        field = models[0].model_fields.get(str(step)) if models and isinstance(step, str) else None
        if field is not None:
            current = field.annotation
        elif models:
            return []
        else:
            current = _inside(current)
    found = _models(current)
    return list(found[0].model_fields) if found else []


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        return [each for part in typing.get_args(annotation) for each in _models(part)]
    return []


def _inside(annotation: Any) -> Any:
    """Return what a list, tuple or mapping holds."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        return next((_inside(part) for part in typing.get_args(annotation) if typing.get_origin(part)), None)
    parts = [part for part in typing.get_args(annotation) if part is not Ellipsis]
    return parts[-1] if parts else None
