"""By which role a stack is worked with: the one that deploys, or the one that only reads."""

from __future__ import annotations

import json

import pytest

from components.settings import ACCESS, Settings
from edgewright.errors import EdgewrightError
from tests.helpers.engine import record
from tests.helpers.projects import run, sample


@pytest.mark.parametrize("access", ["deploy", "preview"])
def test_every_provider_of_a_stage_takes_the_role_of_the_access(access: str) -> None:
    providers = [each for each in run(sample(), "staging", access=access).resources if "pulumi:providers:" in each.typ]
    assert len(providers) == 2
    for provider in providers:
        text = json.dumps(dict(provider.inputs), default=str)
        assert f"role/edgewright-{access}-staging" in text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("preview", "only reads, and this would change stack 'staging'"),
        ("admin", "must be deploy or preview"),
    ],
)
def test_an_access_that_cannot_do_what_is_asked_is_refused(
    value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ACCESS, value)
    with pytest.raises(EdgewrightError, match=said):
        record(Settings.from_config, stack="staging")


def test_without_the_variable_a_stack_is_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ACCESS, raising=False)
    found: list[Settings] = []
    record(lambda: found.append(Settings.from_config()), stack="staging")
    assert found[0].access == "deploy"
