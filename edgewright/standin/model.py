"""What a resource type of the stand-in is: its properties, how its values compare, and its calls to AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from edgewright.standin.diff import Shape
from edgewright.standin.names import AutoName
from edgewright.standin.rules import Rule

if TYPE_CHECKING:
    from edgewright.aws.session import Session

Values = dict[str, Any]
REGION = "region"
TAGS = "tags"
ALL_TAGS = "tagsAll"


@dataclass(frozen=True)
class Property:
    """A property that the stand-in serves.

    Attributes:
        replace: AWS cannot change it: the resource is replaced.
        default: What the real provider fills in.
        kept: AWS does not hold it: the state keeps what the program said, or this value after an import.
        held: Whether AWS holds it; what it does not hold and has no ``kept`` is nothing after an import.
        merge: Joins what AWS answered with what the program said, where AWS holds a part only (never a secret).
        rules: What the value must be, in the order in which faults are told.
    """

    replace: bool = False
    default: Any = None
    kept: Any = None
    held: bool = True
    merge: Callable[[Any, Any], Any] | None = None
    rules: tuple[Rule, ...] = ()

    @property
    def remembered(self) -> bool:
        """Whether only the state knows it."""
        return self.kept is not None or not self.held


class Api(Protocol):
    """The calls to AWS of one resource type. Methods block; they run in threads."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create it and return its id."""
        ...

    def finish(self, aws: Session, resource_id: str, inputs: Values) -> None:
        """Do what creation could not, once there is an id that the state can remember."""
        del aws, resource_id, inputs

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return what AWS says, or None when it is gone."""
        ...

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Change it; ``old`` are outputs, ``new`` inputs, ``changed`` the properties that differ."""
        ...

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete it; what is gone already is deleted."""
        ...


@dataclass(frozen=True)
class Type:
    """What is particular about a resource type.

    Attributes:
        token: Its type token.
        api: Its calls.
        properties: The properties that are served; others of pulumi-aws are refused by name.
        nested_rules: Rules of nested values, by dotted path without indexes.
        either: Properties of which one is needed: where a lack is told, and which would do.
        nested_defaults: What the real provider fills into objects that the program writes, by dotted path.
        shape: How values are compared.
        auto_name: How it is named when the program does not.
        volatile: Outputs that an update changes.
        moving: Outputs that some updates change besides: from the inputs, and the properties that differ.
        regional: Whether it lives in a Region.
        address: What AWS is asked for by, from the id and the state, where the id alone is not enough.
        replaced_first: Whether the old one goes before the new one comes, even where it has no name.
    """

    token: str
    api: Api
    properties: Mapping[str, Property]
    nested_rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    either: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nested_defaults: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    auto_name: AutoName | None = None
    volatile: AbstractSet[str] = frozenset()
    moving: Callable[[Values, AbstractSet[str]], AbstractSet[str]] = lambda _, __: frozenset()
    regional: bool = True
    address: Callable[[str, Values], str] = lambda identity, _: identity
    replaced_first: bool = False

    @property
    def tagged(self) -> bool:
        """Whether it carries tags."""
        return TAGS in self.properties
