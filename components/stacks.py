"""The stacks: `tooling`, and one for each stage.

Every account has an explicit provider; the default ones are disabled in the stacks' configuration. Nothing is looked
up in another stack: what one needs of the other follows from the manifests, so that any stack previews alone.
"""

from __future__ import annotations

from typing import Any

from components.settings import TOOLING, Settings
from components.tooling_stack import tooling
from components.workload_stack import workload
from edgewright.errors import EdgewrightError
from edgewright.manifest.load import Project


def build(project: Project, settings: Settings) -> dict[str, Any]:
    """Declare the resources of the stack and return what it exports.

    Raises:
        EdgewrightError: the stack is no stage of edgewright.yaml, or a manifest asks for what is not there yet.
    """
    if settings.stage == TOOLING:
        return tooling(project, settings)
    if settings.stage not in project.organisation.stages:
        known = ", ".join([TOOLING, *sorted(project.organisation.stages)])
        msg = (
            f"stack {settings.stack!r} is no stage of edgewright.yaml (it has {known}): "
            "select one of them, or set edgewright:stage in the stack's configuration"
        )
        raise EdgewrightError(msg)
    return workload(project, settings)
