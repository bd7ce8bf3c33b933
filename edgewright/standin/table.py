"""Resource types as rows of a table: which calls make, read, change and delete one, and which value goes where.

What most types of AWS have in common is here once: arguments from properties, an answer into outputs, tags, one call
for each group of properties that changed, absence in the service's own words. A row says only what is its own. A type
that has a life beyond that (versions, rules) stays a class of its own, on the same `Api`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgewright.aws.errors import translated
from edgewright.standin import forms, types
from edgewright.standin.calls import asked
from edgewright.standin.model import ALL_TAGS, TAGS, Api, Property, Type, Values
from edgewright.standin.tags import changes

if TYPE_CHECKING:
    from edgewright.aws.session import Session

ID = "id"
Source = str | Callable[[Values], Any] | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A property's name, converted to what the parameter wants; a function of all properties, taken as it is; the sources
of the members of a parameter that is an object; or the sources of each object of one that is a list."""
Waiter = tuple[str, Mapping[str, Callable[[Values], Any]]]
"""A waiter of boto3, and its parameters."""
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Call:
    """One operation.

    Attributes:
        operation: Its name in boto3.
        give: Parameters, and where each comes from; what the program leaves out is left out.
        blank: What a parameter is when the program leaves it out, because AWS would keep the old value.
        absent: Error codes by which AWS says that the resource is not there.
        unless: When it is not called at all.
    """

    operation: str
    give: Mapping[str, Source]
    blank: Mapping[str, Any] = field(default_factory=dict)
    absent: AbstractSet[str] = frozenset()
    unless: Callable[[Values], bool] = lambda _: False


@dataclass(frozen=True)
class Read(Call):
    """An operation that reads.

    Attributes:
        at: Dotted path of the resource in the answer; or a function that finds it there, among others perhaps.
        outputs: Outputs, and the dotted path of each in the resource; or a function of it.
    """

    at: str | Callable[[Mapping[str, Any], Values], Any] = ""
    outputs: Mapping[str, str | Callable[[Any], Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Change(Call):
    """An operation that changes some properties.

    Attributes:
        of: The properties for which it is called.
        too: Whether a new resource needs it too, when the program names one of them: creation cannot set them.
        each: For a call that takes one item at a time: the items, from what was and what shall be; the call finds
            each under ``item``.
    """

    of: AbstractSet[str] = frozenset()
    too: bool = False
    each: Callable[[Values, Values], Iterable[Any]] = lambda _, __: (None,)


@dataclass(frozen=True)
class Tagging:
    """How the tags of a service's resources are read and changed.

    Attributes:
        given: The form in which AWS takes them.
        found: The map of what it answered.
        read: The call that reads them; None when they come with the resource.
        put: The call that sets some.
        remove: The call that takes some away.
    """

    given: Callable[[Mapping[str, str]], Any]
    found: Callable[[Any], dict[str, str]]
    put: Call
    remove: Call
    read: Read | None = None

    def create(self, values: Values) -> Any:
        """Return the tags of a new resource, as a source of its creation."""
        return self.given(values[ALL_TAGS]) if values.get(ALL_TAGS) else None


@dataclass(frozen=True)
class Row(Api):
    """The calls of one resource type, made from what they need.

    Attributes:
        token: Its type token.
        service: Its service in boto3.
        what: What it is called in sentences.
        named: The property that names it there.
        identity: The id: a property's name, or a function of creation's answer and the inputs.
        create: Makes it.
        reads: Read it; the first one decides whether it is there, later ones may use its outputs.
        changes: Change it, in this order; tags go first.
        delete: Deletes it.
        before_delete: Calls that must come before.
        fixed: Outputs that follow from the id and other outputs.
        tagging: How tags go.
        waiters: The waiter of boto3 that sees the end of a creation, and one that sees the end of a deletion.
    """

    token: str
    service: str
    what: str
    named: str
    identity: str | Callable[[Mapping[str, Any], Values], str]
    create_call: Call
    reads: Sequence[Read]
    delete_call: Call
    changes: Sequence[Change] = ()
    before_delete: Sequence[Call] = ()
    fixed: Callable[[Session, Values], Values] | None = None
    tagging: Tagging | None = None
    waiters: tuple[Waiter | None, Waiter | None] = (None, None)

    def create(self, aws: Session, inputs: Values) -> str:
        """Make it and return its id."""
        answer = self._run(aws, self.create_call, inputs, f"create {self._name(inputs)}")
        return str(inputs[self.identity] if isinstance(self.identity, str) else self.identity(answer or {}, inputs))

    def finish(self, aws: Session, resource_id: str, inputs: Values) -> None:
        """Set what creation could not."""
        values = {**inputs, ID: resource_id}
        doing = f"set up {self._name(inputs, resource_id)}"
        self._wait(aws, 0, values, doing)
        for change in self.changes:
            if change.too and any(inputs.get(name) not in _EMPTY for name in change.of):
                self._change(aws, change, {}, values, doing)

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return what AWS says, or None when it is gone."""
        doing = f"read {self._name({}, resource_id)}"
        found: Values = {ID: resource_id}
        for number, read in enumerate(self.reads):
            answer = self._asked(aws, read, found, doing)
            thing = None if answer is None else self._found(read, answer, found)
            if thing is None and number == 0:
                return None
            found.update(self._outputs(read, thing))
        if self.fixed is not None:
            found.update(self.fixed(aws, found))
        if self.tagging is not None and self.tagging.read is not None:
            answer = self._asked(aws, self.tagging.read, found, doing)
            found[TAGS] = self.tagging.found(None if answer is None else self._found(self.tagging.read, answer, found))
        return found

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Change tags, then the rest, each call for what it is for."""
        doing = f"update {self._name(new, resource_id)}"
        # Arguments may need what only AWS knows (an ARN), and that does not change.
        values = {**{name: value for name, value in old.items() if name not in self._known}, **new, ID: resource_id}
        values["changed"] = changed
        if self.tagging is not None and ALL_TAGS in changed:
            put, gone = changes(old.get(ALL_TAGS), new.get(ALL_TAGS))
            if gone:
                self._run(aws, self.tagging.remove, {**values, "gone": gone}, doing)
            if put:
                self._run(aws, self.tagging.put, {**values, "put": self.tagging.given(put)}, doing)
        for change in self.changes:
            if change.of & changed:
                self._change(aws, change, old, values, doing)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete it; what is gone already is deleted."""
        values = {**old, ID: resource_id}
        doing = f"delete {self._name(old, resource_id)}"
        for call in (*self.before_delete, self.delete_call):
            if not call.unless(values):
                self._asked(aws, call, values, doing)
        self._wait(aws, 1, values, doing)

    def serves(self, properties: Mapping[str, Property], **more: Any) -> Type:
        """Return the type of this row; ``more`` are members of `Type`."""
        return Type(token=self.token, api=self, properties=properties, **more)

    @property
    def _known(self) -> Mapping[str, str]:
        return types.inputs(self.token)

    def _name(self, values: Values, resource_id: str = "") -> str:
        return f"the {self.what} {values.get(self.named) or resource_id}".rstrip()

    def _change(self, aws: Session, change: Change, old: Values, values: Values, doing: str) -> None:
        if not change.unless(values):
            for item in change.each(old, values):
                self._run(aws, change, {**values, "item": item}, doing)

    def _run(self, aws: Session, call: Call, values: Values, doing: str) -> dict[str, Any]:
        return aws.call(self.service, call.operation, doing=doing, **self._arguments(aws, call, values))

    def _asked(self, aws: Session, call: Call, values: Values, doing: str) -> dict[str, Any] | None:
        arguments = self._arguments(aws, call, values)
        return asked(aws, self.service, call.operation, call.absent, doing=doing, **arguments)

    def _arguments(self, aws: Session, call: Call, values: Values) -> Values:
        client = aws.client(self.service)
        operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[call.operation])
        given: Values = self._given(call.give, values, operation.input_shape)
        return {**{name: value for name, value in call.blank.items() if name not in given}, **given}

    def _given(self, give: Mapping[str, Any], values: Values, shape: Any) -> Values:
        given = {}
        for parameter, source in give.items():
            value: Any
            if isinstance(source, str):
                value = values.get(source)
                if value not in _EMPTY:
                    value = forms.to_aws(self._known.get(source, "string"), value, shape.members[parameter])
            elif isinstance(source, Mapping):
                value = self._given(source, values, shape.members[parameter])
            elif isinstance(source, Sequence):  # and no text, which came first
                value = [self._given(each, values, shape.members[parameter].member) for each in source]
            else:
                value = source(values)
            if value not in _EMPTY:
                given[parameter] = value
        return given

    def _found(self, read: Read, answer: Mapping[str, Any], found: Values) -> Any:
        if isinstance(read.at, str):
            return forms.at(answer, read.at) if read.at else answer
        return read.at(answer, found)

    def _outputs(self, read: Read, thing: Any) -> Values:
        return {
            name: forms.from_aws(self._known.get(name, "{string}" if name == TAGS else "string"), forms.at(thing, path))
            if isinstance(path, str)
            else (None if thing is None else path(thing))
            for name, path in read.outputs.items()
        }

    def _wait(self, aws: Session, which: int, values: Values, doing: str) -> None:
        waiter = self.waiters[which]
        if waiter is None:
            return
        name, give = waiter
        arguments = {parameter: source(values) for parameter, source in give.items()}
        with translated(doing):
            aws.client(self.service).get_waiter(name).wait(**arguments)
