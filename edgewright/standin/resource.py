"""A resource type of the stand-in: checks, differences and state for all of them; the calls to AWS are each one's own.

State is what AWS answered. The few properties that AWS does not hold (``forceDestroy``) are taken over from the inputs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgewright.errors import EdgewrightError
from edgewright.provider.plugin import (
    UNKNOWN,
    Context,
    Created,
    Diff,
    Failure,
    Kind,
    PartialFailureError,
    PluginError,
    Read,
    is_unknown,
    property_path,
)
from edgewright.standin import policies, types
from edgewright.standin.configuration import Account
from edgewright.standin.diff import differences, normal, same
from edgewright.standin.model import ALL_TAGS, REGION, TAGS, Type, Values
from edgewright.standin.names import DEFAULTS, made
from edgewright.standin.rules import Rule
from edgewright.standin.wording import REMEDY, examined

if TYPE_CHECKING:
    from edgewright.aws.session import Session


class StandIn:
    """Serves one `Type` to the engine."""

    def __init__(self, type_: Type) -> None:
        self.type = type_
        self._types = {name: kind for name, kind in types.inputs(type_.token).items() if name in type_.properties}
        if type_.tagged:
            self._types[ALL_TAGS] = "{string}"
        if type_.regional:
            self._types[REGION] = "string"

    # --- check -----------------------------------------------------------------------------------------------------

    async def check(self, context: Context, olds: Values, news: Values) -> tuple[Values, Sequence[Failure]]:
        """Return the inputs with automatic names and defaults, and every fault of them."""
        account: Account = context.configuration
        given = {name: value for name, value in news.items() if value is not None and name not in {DEFAULTS, ALL_TAGS}}
        failures = [
            Failure("", examined(reason, f"{context.name}.{property_path(*at)}")) for at, reason in self._faults(given)
        ]
        known = types.inputs(self.type.token)
        inputs = {name: types.tidy(known.get(name, "string"), value) for name, value in given.items()}
        defaults = sorted(self._fill(context, olds, inputs, failures))
        inputs[DEFAULTS] = defaults
        if self.type.tagged:
            inputs[ALL_TAGS] = self._all_tags(account, inputs.get(TAGS))
        if self.type.regional:
            inputs.setdefault(REGION, account.region)
        return inputs, failures

    def _faults(self, given: Values) -> list[tuple[types.Parts, str]]:
        known = types.inputs(self.type.token)
        faults = list(types.mismatching_members(known, given, ()))
        wrong = {at[0] for at, _ in faults}
        for name, value in given.items():
            if name in wrong or name == REGION:
                continue
            if name not in self.type.properties:
                faults.append(((name,), f"The stand-in does not serve this property; {REMEDY}"))
            else:
                faults += self._judged(known[name], value, (name,), self.type.properties[name].rules)
        for name, choices in self.type.either.items():
            if not given.keys() & set(choices):
                listed = ",".join(choices)
                faults.append(((name,), f'Missing required argument. "{name}": one of `{listed}` must be specified'))
        return sorted(faults, key=lambda fault: [str(part) for part in fault[0]])

    def _judged(self, type_: str, value: Any, at: types.Parts, rules: Sequence[Rule]) -> list[tuple[types.Parts, str]]:
        if is_unknown(value):
            return []
        tidied = types.tidy(type_, value)
        if is_unknown(tidied):
            return []
        found = [(at, reason) for rule in rules if (reason := rule(str(at[-1]), tidied)) is not None]
        for key, item_type, item in _below(types.bare(type_), value):
            place = (*at, key)
            dotted = ".".join(part for part in place if isinstance(part, str))
            found += self._judged(item_type, item, place, self.type.nested_rules.get(dotted, ()))
        return found

    def _fill(self, context: Context, olds: Values, inputs: Values, failures: list[Failure]) -> list[str]:
        filled = []
        name = self.type.auto_name
        if name is not None and name.property not in inputs:
            if made(olds, name.property) and isinstance(olds.get(name.property), str):
                inputs[name.property] = olds[name.property]
            else:
                inputs[name.property] = name.make(context.name, context.seed)
                if reason := name.too_long(inputs[name.property]):
                    failures.append(Failure("", examined(reason, f"{context.name}.{name.property}")))
            filled.append(name.property)
        for key, served in self.type.properties.items():
            if served.default is not None and key not in inputs:
                inputs[key] = served.default
                filled.append(key)
        for dotted, value in self.type.nested_defaults.items():
            parent, _, member = dotted.rpartition(".")
            for each in _objects(inputs, parent.split(".")):
                each.setdefault(member, value)
        return filled

    def _all_tags(self, account: Account, tags: Any) -> Any:
        if is_unknown(tags):
            return UNKNOWN
        return {**account.default_tags, **(tags if isinstance(tags, dict) else {})}

    # --- differences -----------------------------------------------------------------------------------------------

    async def diff(
        self, context: Context, resource_id: str, old_inputs: Values, old_outputs: Values, news: Values
    ) -> Diff:
        """Compare the state with what the program wants."""
        del context, resource_id, old_inputs
        detailed: dict[str, Kind] = {}
        for name, type_ in self._types.items():
            for at, kind in differences(self.type.shape, name, type_, old_outputs.get(name), news.get(name)):
                replace = name == REGION or (name in self.type.properties and self.type.properties[name].replace)
                detailed[property_path(*at)] = Kind[f"{kind.name}_REPLACE"] if replace else kind
        replacing = any(kind.name.endswith("_REPLACE") for kind in detailed.values())
        return Diff(
            detailed=detailed,
            # Two of one name cannot exist side by side; with a new automatic name they can.
            delete_before_replace=replacing and self._one_at_a_time(news),
            stables=sorted(name for name, served in self.type.properties.items() if served.replace),
        )

    def _one_at_a_time(self, news: Values) -> bool:
        name = self.type.auto_name
        return self.type.replaced_first or (name is not None and not made(news, name.property))

    def _changed(self, old_outputs: Values, news: Values) -> frozenset[str]:
        return frozenset(
            name
            for name, type_ in self._types.items()
            if not same(self.type.shape, name, type_, old_outputs.get(name), news.get(name))
        )

    # --- state -----------------------------------------------------------------------------------------------------

    async def create(self, context: Context, inputs: Values) -> Created:
        """Create it and read it back."""
        if context.preview:
            unknown = dict.fromkeys(types.outputs(self.type.token) - self._types.keys(), UNKNOWN)
            return Created("", {**unknown, **self._planned(inputs)})
        api = self.type.api
        aws = await self._session(context, inputs)
        resource_id = await asyncio.to_thread(api.create, aws, inputs)
        try:
            await asyncio.to_thread(api.finish, aws, resource_id, inputs)
            outputs = await self._state(context, aws, resource_id, self._planned(inputs))
        except EdgewrightError as error:
            raise PartialFailureError([str(error)], outputs=self._planned(inputs), resource_id=resource_id) from error
        if outputs is None:
            reason = f"{self.type.token} {resource_id!r} was made and was gone when it was read; run again"
            raise PartialFailureError([reason], outputs=self._planned(inputs), resource_id=resource_id)
        return Created(resource_id, outputs)

    async def read(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> Read | None:
        """Ask AWS; with nothing but an id, find out the inputs that would make it so."""
        aws = await self._session(context, inputs or outputs)
        state = await self._state(context, aws, resource_id, outputs)
        if state is None:
            return None
        found = self._refreshed(inputs, state) if inputs else self._imported(state)
        return Read(state["id"], state, found)

    async def update(
        self, context: Context, resource_id: str, old_inputs: Values, old_outputs: Values, news: Values
    ) -> Values:
        """Change what differs and read it back."""
        del old_inputs
        if context.preview:
            unknown = self.type.volatile | self.type.moving(news, self._changed(old_outputs, news))
            return {**old_outputs, **dict.fromkeys(unknown, UNKNOWN), **self._planned(news)}
        aws = await self._session(context, news)
        changed = self._changed(old_outputs, news)
        try:
            await asyncio.to_thread(self.type.api.update, aws, resource_id, old_outputs, news, changed)
        except EdgewrightError as error:
            state = await self._state(context, aws, resource_id, old_outputs)
            if state is None:
                raise
            raise PartialFailureError([str(error)], outputs=state, resource_id=resource_id) from error
        state = await self._state(context, aws, resource_id, {**old_outputs, **self._planned(news)})
        if state is None:
            msg = f"{self.type.token} {resource_id!r} is gone; `pulumi refresh`, then run again, makes it anew"
            raise PluginError(msg)
        return state

    async def delete(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> None:
        """Delete it."""
        aws = await self._session(context, outputs or inputs)
        await asyncio.to_thread(self.type.api.delete, aws, resource_id, outputs)

    async def _session(self, context: Context, values: Values) -> Session:
        account: Account = context.configuration
        region = values.get(REGION) if self.type.regional else None
        return await asyncio.to_thread(account.session, region)

    async def _state(self, context: Context, aws: Session, resource_id: str, before: Values) -> Values | None:
        """Return the outputs from AWS, with what AWS does not hold from ``before``."""
        account: Account = context.configuration
        answered = await asyncio.to_thread(self.type.api.read, aws, self.type.address(resource_id, before))
        if answered is None:
            return None
        for name, alike in self.type.shape.documents.items():
            text, known = answered.get(name), before.get(name)
            if isinstance(text, str):
                keep = isinstance(known, str) and alike(known, text)
                answered[name] = known if keep else policies.plain(text)
        for name, served in self.type.properties.items():
            if served.remembered:
                answered[name] = before.get(name, served.kept)
            elif served.merge is not None:
                answered[name] = served.merge(answered.get(name), before.get(name))
        answered.setdefault("id", resource_id)
        if self.type.regional:
            answered[REGION] = aws.region
        if self.type.tagged:
            # What default tags of the provider added belongs to all tags only.
            everything, own = answered[TAGS], before.get(TAGS) or {}
            answered[TAGS] = {
                key: value for key, value in everything.items() if key in own or account.default_tags.get(key) != value
            }
            answered[ALL_TAGS] = everything
        return answered

    def _planned(self, inputs: Values) -> Values:
        planned = {name: value for name, value in inputs.items() if name != DEFAULTS}
        for name in self.type.shape.documents:
            if isinstance(planned.get(name), str):
                planned[name] = policies.plain(planned[name])
        return planned

    def _refreshed(self, inputs: Values, state: Values) -> Values:
        """Return the inputs with what AWS changed behind the program's back."""
        found = dict(inputs)
        for name, type_ in self._types.items():
            if name in found and not same(self.type.shape, name, type_, state.get(name), found[name]):
                if normal(type_, state.get(name)) is None and name != TAGS:
                    del found[name]
                else:
                    found[name] = state.get(name)
            elif name in self.type.shape.respelled and name in found:
                found[name] = state.get(name)
        return found

    def _imported(self, state: Values) -> Values:
        found: Values = {DEFAULTS: []}
        for name, type_ in self._types.items():
            value = _said(type_, normal(type_, state.get(name)))
            default = self.type.properties[name].default if name in self.type.properties else None
            if value is not None and value != default and (value != 0 or type_.endswith("!")):
                found[name] = value
        return found


def _below(type_: str, value: Any) -> list[tuple[str | int, str, Any]]:
    if type_.startswith("[") and isinstance(value, list):
        return [(index, type_[1:-1], item) for index, item in enumerate(value)]
    if type_.startswith("#") and isinstance(value, dict):
        wanted = types.members(type_) or {}
        return [(key, wanted[key], item) for key, item in value.items() if key in wanted and item is not None]
    return []


def _said(type_: str, value: Any) -> Any:
    """Return a value without the zeros inside that nobody had to write."""
    type_ = types.bare(type_)
    if type_.startswith("#") and isinstance(value, dict):
        wanted = types.members(type_) or {}
        kept = {key: item for key, item in value.items() if item != 0 or wanted[key].endswith("!")}
        return {key: _said(wanted[key], item) for key, item in kept.items()}
    return [_said(type_[1:-1], item) for item in value] if isinstance(value, list) else value


def _objects(value: Any, path: Sequence[str]) -> list[dict[str, Any]]:
    """Return the objects at a dotted path, one for each item of the lists on the way."""
    if isinstance(value, list):
        return [each for item in value for each in _objects(item, path)]
    if not isinstance(value, dict):
        return []
    return _objects(value.get(path[0]), path[1:]) if path else [value]
