"""Models of edgewright.yaml about Pulumi's own state."""

from __future__ import annotations

from pydantic import Field

from edgewright.manifest.base import Model
from edgewright.manifest.types import Items, Name


class State(Model):
    """Pulumi's state is kept in a bucket of the tooling account, the stacks' secrets under a key of it.

    `edgewright bootstrap` makes both, and the roles of the pipelines get what they need of them.
    """

    stacks: dict[Name, Items[Name]] = Field(
        default_factory=dict,
        examples=[{"prod": ["prod-eu", "prod-us"]}],
        description="The stacks of a stage that is divided; every other stage has one, which is called like it.",
    )

    def of(self, stage: str) -> tuple[str, ...]:
        """The stacks of a stage."""
        return self.stacks.get(stage) or (stage,)
