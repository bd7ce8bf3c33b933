"""What a resource type of the stand-in is: its properties, how its values compare, and its calls to AWS."""

from __future__ import annotations

from collections.abc import Mapping
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
        rules: What the value must be, in the order in which faults are told.
    """

    replace: bool = False
    default: Any = None
    kept: Any = None
    rules: tuple[Rule, ...] = ()


class Api(Protocol):
    """The calls to AWS of one resource type. Methods block; they run in threads."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create it and return its id."""
        ...

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
        shape: How values are compared.
        auto_name: How it is named when the program does not.
        volatile: Outputs that an update changes.
        regional: Whether it lives in a Region.
    """

    token: str
    api: Api
    properties: Mapping[str, Property]
    nested_rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    auto_name: AutoName | None = None
    volatile: AbstractSet[str] = frozenset()
    regional: bool = True

    @property
    def tagged(self) -> bool:
        """Whether it carries tags."""
        return TAGS in self.properties
