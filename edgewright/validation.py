"""Pydantic's findings as Problems: every error of a document at its line, in words that say what to do.

Pydantic judges plain data and knows nothing of files. Here its locations are mapped to what is written: a missing
key to its closest ancestor, an unknown key to itself with the keys that are known, and the tags that unions add to a
location are dropped. What is left of a document with errors is parsed as well (``Parsed.model``), so that a rule over
several files says what it can in the same run; ``Parsed.whole`` tells such a rule where something is cut out. The half
of the module that makes it long is the words: one sentence and one way out for each kind of finding.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import re
import types
import typing
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from edgewright.source import Document, Problem, render_path, shorten

M = TypeVar("M", bound=BaseModel)
Loc = tuple["str | int", ...]

_ROUNDS = 32
"""A bad value takes the mapping that needs it along, one level a round; documents are far flatter than this."""


class _Cuts:
    """The paths that were left out of a value, ready for many questions: a file may have thousands of faults."""

    def __init__(self, paths: frozenset[Loc] = frozenset()) -> None:
        self.paths = paths
        self._above = {path[:length] for path in paths for length in range(len(path))}
        gaps: dict[Loc, list[int]] = {}
        for path in paths:
            if path and isinstance(path[-1], int):
                gaps.setdefault(path[:-1], []).append(path[-1])
        # the n-th gap moves every item that has at least (gap - n) items before it in what is left
        self._gaps = {path: [gap - n for n, gap in enumerate(sorted(gaps[path]))] for path in gaps}

    def __bool__(self) -> bool:
        return bool(self.paths)

    def touch(self, written: Loc) -> bool:
        """Whether something at, below or above a path was left out."""
        return written in self._above or any(written[:length] in self.paths for length in range(len(written) + 1))

    def written(self, path: Iterable[str | int]) -> Loc:
        """The path in the file of a path in what is left: list items before it may be gone."""
        written: Loc = ()
        for step in path:
            moved = bisect_right(self._gaps.get(written, ()), step) if isinstance(step, int) else 0
            written = (*written, step + moved if isinstance(step, int) else step)
        return written


_NOTHING = _Cuts()


@dataclass(frozen=True, slots=True)
class Parsed(Generic[M]):
    """A document, the model that could be made of it, and where pieces had to be left out."""

    document: Document
    model: M | None
    problems: tuple[Problem, ...] = ()
    _cuts: _Cuts = _NOTHING

    @property
    def file(self) -> str:
        """What problems call the file."""
        return self.document.file

    def problem(
        self,
        path: Sequence[str | int],
        message: str,
        *,
        remedy: str,
        got: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> Problem:
        """A problem at ``path`` of the model, placed where that is written."""
        return self.document.problem(self._written(path), message, remedy=remedy, got=got, severity=severity)

    def shown(self, path: Sequence[str | int]) -> str:
        """What is written at ``path`` of the model."""
        return self.document.shown(self._written(path))

    def quoted(self, path: Sequence[str | int]) -> bool:
        """Whether the text at ``path`` of the model is in quotes."""
        return self.document.quoted(self._written(path))

    def whole(self, path: Sequence[str | int]) -> bool:
        """Whether nothing at or below ``path`` was left out: only then does an absence mean something."""
        return not self._cuts or not self._cuts.touch(self._written(path))

    def _written(self, path: Sequence[str | int]) -> Loc:
        return self._cuts.written(path) if self._cuts else tuple(path)


def parse(model: type[M], document: Document) -> Parsed[M]:
    """Parse ``document`` as ``model``; never raises for bad content.

    A document that could not be read at all comes back without a model and with the reader's problems only.
    """
    if document.value is None and document.problems:
        return Parsed(document, None, document.problems)
    problems: list[Problem] = []
    cuts = _NOTHING
    for _ in range(_ROUNDS):
        if () in cuts.paths:
            break
        try:
            parsed = model.model_validate(_without(document.value, (), cuts.paths), by_alias=True, by_name=False)
        except ValidationError as error:
            found = _found(document, cuts, error)
            misspelt = _misspelt(model, document, found)
            # what is wrong only because something was cut out, or has another name, is no news
            news = [
                (loc, detail)
                for loc, detail in found
                if not (detail["type"] == "missing" and (cuts or loc in misspelt)) and not (cuts and cuts.touch(loc))
            ]
            problems += _problems(model, document, news)
            cut = {loc[:-1] if detail["type"] == "missing" else loc for loc, detail in found}
            cuts = _Cuts(cuts.paths | cut | misspelt)
        else:
            return Parsed(document, parsed, (*document.problems, *problems), cuts)
    return Parsed(document, None, (*document.problems, *problems), cuts)


def _misspelt(model: type[BaseModel], document: Document, found: list[tuple[Loc, ErrorDetails]]) -> frozenset[Loc]:
    """The places of known keys that are not there, because a key that is not known stands for them."""
    places = set()
    for loc, detail in found:
        if detail["type"] == "extra_forbidden":
            key = _meant_key(str(loc[-1]), _keys_at(model, loc[:-1]))
            if key is not None and not _has(_value_at(document.value, loc[:-1]), key):
                places.add((*loc[:-1], key))
    return frozenset(places)


def _value_at(value: Any, loc: Loc) -> Any:
    for step in loc:
        value = value[step]
    return value


def _without(value: Any, path: Loc, cut: frozenset[Loc]) -> Any:
    if not cut:
        return value
    if isinstance(value, dict):
        return {key: _without(item, (*path, key), cut) for key, item in value.items() if (*path, key) not in cut}
    if isinstance(value, list):
        return [_without(item, (*path, index), cut) for index, item in enumerate(value) if (*path, index) not in cut]
    return value


def _found(document: Document, cuts: _Cuts, error: ValidationError) -> list[tuple[Loc, ErrorDetails]]:
    """The errors with their places in the file; a list is not too short because its items are wrong."""
    found = [(_location(document, cuts, detail), detail) for detail in error.errors(include_url=False)]
    inner = {loc[:length] for loc, _ in found for length in range(len(loc))}
    return [(loc, detail) for loc, detail in found if not (detail["type"] == "too_short" and loc in inner)]


def _location(document: Document, cuts: _Cuts, detail: ErrorDetails) -> Loc:
    """Where in the file: without the tags of unions and pydantic's mark for keys."""
    steps: list[str | int] = []
    value = document.value
    for step in cuts.written(step for step in detail["loc"] if step != "[key]"):
        if _has(value, step):
            value = value[step]
        elif detail["type"] != "missing" or step != detail["loc"][-1]:
            continue
        steps.append(step)
    return tuple(steps)


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _problems(model: type[BaseModel], document: Document, found: list[tuple[Loc, ErrorDetails]]) -> Iterable[Problem]:
    told = {problem.path for problem in document.problems}
    alternatives: dict[Loc, str] = {}
    for loc, detail in found:
        kind = _KINDS.get(detail["type"])
        if kind is not None:
            alternatives[loc] = f"{alternatives[loc]} or {kind}" if loc in alternatives else kind
    seen: set[Loc] = set()
    for loc, detail in found:
        if loc in seen or render_path(document.value, loc) in told:
            continue  # one problem a place: a union refuses once for each of its members, the reader has told
        seen.add(loc)
        message, remedy = _explain(model, document, loc, detail, alternatives.get(loc))
        got = None if detail["type"] in {"missing", "extra_forbidden", "too_short"} else document.shown(loc)
        if detail["loc"] and detail["loc"][-1] == "[key]":
            got = shorten(str(loc[-1]))
        yield document.problem(loc, message, got=got, remedy=remedy)


_KINDS = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_HOW = {
    "a string": "put quotes around it",
    "a whole number": "write it without quotes and without decimals",
    "a number": "write it without quotes",
    "true or false": "write true or false, without quotes",
    "a list": "write it as [a, b] or as lines that begin with '- '",
    "a mapping": "write it as lines of key: value",
}


def _explain(
    model: type[BaseModel], document: Document, loc: Loc, detail: ErrorDetails, kind: str | None
) -> tuple[str, str]:
    """What is wrong, and what to do."""
    of, context = detail["type"], detail.get("ctx", {})
    if kind is not None:
        written = document.shown(loc)
        how = _HOW.get(kind, f"write {kind}")
        if kind == "a mapping":
            how = _short_form(model, document, loc) or how
        return f"must be {kind}", "write a string" if kind == "a string" and written in _NOT_QUOTABLE else how
    if of == "missing":
        return "is missing", _how_to_add(_field_at(model, loc), str(loc[-1]))
    if of == "extra_forbidden":
        return "is not a known key", _known_keys(model, loc)
    if of == "literal_error":
        return _literal(_field_at(model, loc), detail)
    if of in {"greater_than_equal", "less_than_equal"}:
        limit = context["ge"] if of == "greater_than_equal" else context["le"]
        return (
            f"must be at {'least' if of == 'greater_than_equal' else 'most'} {limit:g}",
            "write a number in that range",
        )
    if of == "too_short":
        return "must not be empty", "put at least one entry in"
    if of in {"string_too_short", "string_too_long"}:
        long = of == "string_too_long"
        limit = context["max_length"] if long else context["min_length"]
        return f"must have at {'most' if long else 'least'} {limit} characters", "shorten it" if long else "fill it in"
    message, _, remedy = str(context["error"] if of == "value_error" else detail["msg"]).partition("; ")
    return message, remedy or "correct it"


def _short_form(model: type[BaseModel], document: Document, loc: Loc) -> str | None:
    """How to write a mapping that needs one key only, with the value that stands there if it fits that key."""
    of = _model_of(_annotation_at(model, loc))
    needed = {info.alias or name: info for name, info in of.model_fields.items() if info.is_required()} if of else {}
    if of is None or len(needed) != 1:
        return None
    (key, field), *_ = needed.items()
    example = example_of(field)
    written = _value_at(document.value, loc)
    if isinstance(written, str):
        with contextlib.suppress(ValidationError):
            of.model_validate({key: written}, by_alias=True, by_name=False)
            example = json.dumps(written, ensure_ascii=False)
    return f"write it as {{{key}: {example}}}" if example else None


_NOT_QUOTABLE = {"nothing", "a list", "a mapping"}


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` most likely stands for, by spelling and case."""
    known = list(known)
    folded = {candidate.casefold(): candidate for candidate in known}
    if name.casefold() in folded:
        return folded[name.casefold()]
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
    return folded[close[0]] if close else None


def one_of(name: str, known: Iterable[str], which: str) -> str:
    """The remedy for a name that must be one of the known: what it probably stands for, and all there are.

    Args:
        name: What was written.
        known: What could have been.
        which: What the known are, such as ``the accounts are``.
    """
    known = list(known)
    return _listed(did_you_mean(name, known), known, which)


def _listed(guess: str | None, known: Iterable[str], which: str) -> str:
    listed = f"{which} {', '.join(known) or 'none yet'}"
    return f"did you mean {guess}? ({listed})" if guess else listed


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    of = _model_of(_annotation_at(model, loc))
    return [info.alias or name for name, info in of.model_fields.items()] if of else []


def _meant_key(key: str, known: list[str]) -> str | None:
    """The known key that a key stands for, by spelling, or with a word before it: componentVersion is version."""
    longer = (each for each in known if len(each) > 3 and key.casefold().endswith(each.casefold()))
    return did_you_mean(key, known) or next(longer, None)


def _known_keys(model: type[BaseModel], loc: Loc) -> str:
    keys = _keys_at(model, loc[:-1])
    return _listed(_meant_key(str(loc[-1]), keys), keys, "the keys here are")


def _literal(field: FieldInfo | None, detail: ErrorDetails) -> tuple[str, str]:
    options = [str(option) for option in _literals(field.annotation)] if field else []
    if not options and (listed := detail.get("ctx", {}).get("expected")):
        options = re.findall(r"'([^']*)'", str(listed))  # the key of a mapping: no field has the annotation
    if len(options) == 1:
        return f"must be {options[0]}", f"write {options[0]}"
    guess = did_you_mean(detail["input"], options) if isinstance(detail["input"], str) else None
    listed = ", ".join(options)
    return f"must be one of {listed}", f"did you mean {guess}?" if guess else "write one of these"


def _how_to_add(field: FieldInfo | None, key: str) -> str:
    if field is None:
        return "add it"
    example = example_of(field)
    if example is not None:
        return f"add it, such as {key}: {example}"
    options = [str(option) for option in _literals(field.annotation)]
    if len(options) == 1:
        return f"add {key}: {options[0]}"
    if options:
        return f"add {key}: one of {', '.join(options)}"
    of = _model_of(field.annotation)
    if of is not None:
        needed = [info.alias or name for name, info in of.model_fields.items() if info.is_required()]
        if needed:
            return f"add {key} with {', '.join(needed)} in it"
    what = field.description or ""
    return f"add {key} ({what[:1].lower()}{what[1:].rstrip('.')})" if what else f"add {key}"


def example_of(field: FieldInfo) -> str | None:
    """An example of a scalar type, as one would write it in YAML; it comes from the type's JSON Schema."""
    if field.examples:
        return str(field.examples[0])
    for metadata in field.metadata:
        if isinstance(metadata, WithJsonSchema) and metadata.json_schema and metadata.json_schema.get("examples"):
            return str(metadata.json_schema["examples"][0])
    return None


def _literals(annotation: Any) -> tuple[Any, ...]:
    bare = _bare(annotation)
    options = typing.get_args(bare) if typing.get_origin(bare) is Literal else ()
    return tuple(str(option).lower() if isinstance(option, bool) else option for option in options)


def _bare(annotation: Any) -> Any:
    """Without Annotated and without ``| None``."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in (typing.Union, types.UnionType):
            options = [option for option in typing.get_args(annotation) if option is not type(None)]
            if len(options) != 1:
                return annotation
            annotation = options[0]
        else:
            return annotation


def _model_of(annotation: Any) -> type[BaseModel] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def _field_at(model: type[BaseModel], loc: Loc) -> FieldInfo | None:
    of = _model_of(_annotation_at(model, loc[:-1]))
    if of is None:
        return None
    return next((info for name, info in of.model_fields.items() if (info.alias or name) == loc[-1]), None)


def _annotation_at(model: type[BaseModel], loc: Loc) -> Any:
    annotation: Any = model
    for step in loc:
        of = _model_of(annotation)
        if of is not None:
            field = next((info for name, info in of.model_fields.items() if (info.alias or name) == step), None)
            if field is None:
                return None
            annotation = field.annotation
            continue
        arguments = typing.get_args(_bare(annotation))
        if not arguments:
            return None
        annotation = arguments[0] if isinstance(step, int) else arguments[-1]
    return annotation
