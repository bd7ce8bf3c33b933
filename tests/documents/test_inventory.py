"""The inventory of policies is what the program makes: no policy is compared or checked by a list that is too short."""

from __future__ import annotations

import json
from typing import Any

from edgewright.canonical import canonical_json
from edgewright.documents.inventory import policies
from tests.helpers.projects import full, run

# Inputs of pulumi-aws resources that are policy documents, as JSON text.
_TEXTS = ("assumeRolePolicy", "policy")


def _registered() -> set[str]:
    project = full()
    recordings = [run(project, stack) for stack in ("tooling", *sorted(project.organisation.stages))]
    texts: set[str] = set()
    for recording in recordings:
        for resource in recording.resources:
            values: list[Any] = [resource.inputs.get(key) for key in _TEXTS]
            texts |= {
                canonical_json(json.loads(value))
                for value in values
                if isinstance(value, str) and value.startswith("{") and "Statement" in value
            }
    return texts


def test_the_inventory_lists_every_policy_that_the_program_registers_and_nothing_else() -> None:
    listed = {canonical_json(dict(each.document)) for each in policies(full())}
    registered = _registered()
    assert len(registered) > 10
    assert registered - listed == set(), "a component renders a policy that edgewright/documents/inventory.py lacks"
    assert listed - registered == set(), "the inventory lists a policy that no component makes"


def test_every_policy_has_one_owner_and_part() -> None:
    keys = [each.key for each in policies(full())]
    assert len(keys) == len(set(keys))
