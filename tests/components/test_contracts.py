"""What holds for every component, found by walking the subclasses: a new one is judged without a new test."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import sys

import pytest

import components
from components import greengrassv2
from components._base import EdgeComponent
from tests.helpers import projects
from tests.helpers.engine import Recorded, Recording, subclasses

for module in pkgutil.iter_modules(components.__path__):
    importlib.import_module(f"components.{module.name}")

COMPONENTS = subclasses(EdgeComponent)
each_component = pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.__name__)
STACKS = ("tooling", "staging", "prod")


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return {stack: projects.run(projects.full(), stack) for stack in STACKS}


@pytest.fixture(scope="module")
def resources(recordings: dict[str, Recording]) -> list[Recorded]:
    return [resource for recording in recordings.values() for resource in recording.resources]


def test_the_sweep_finds_components() -> None:
    assert {"EdgeFleet", "CrossAccountAccess", "ArtifactBucket"} <= {each.__name__ for each in COMPONENTS}


@each_component
def test_the_token_is_the_class_name_and_the_sample_uses_it(
    component: type[EdgeComponent], resources: list[Recorded]
) -> None:
    """A component that no stack makes is not proved by anything."""
    assert f"edgewright:index:{component.__name__}" in {resource.typ for resource in resources}


@each_component
def test_only_the_name_is_positional(component: type[EdgeComponent]) -> None:
    parameters = list(inspect.signature(component.__init__).parameters.values())
    assert [each.name for each in parameters] == ["self", "name", "args", "opts"]
    assert all(each.kind is each.KEYWORD_ONLY for each in parameters[2:])


@each_component
def test_a_component_has_frozen_arguments_and_frozen_resources(component: type[EdgeComponent]) -> None:
    module = sys.modules[component.__module__]
    for part in ("Args", "Resources"):
        described = getattr(module, f"{component.__name__}{part}")
        assert dataclasses.is_dataclass(described)
        assert getattr(described, "__dataclass_params__").frozen  # noqa: B009 -- typeshed does not know it
        assert all(each.kw_only for each in dataclasses.fields(described))


def test_every_component_registers_its_outputs(recordings: dict[str, Recording]) -> None:
    for recording in recordings.values():
        made = [resource.urn for resource in recording.resources if not resource.custom]
        assert sorted(recording.registered_outputs) == sorted(made)


def test_every_resource_belongs_to_a_component(resources: list[Recorded]) -> None:
    """Only providers and the outermost components are children of the stack."""
    for resource in resources:
        kind = resource.parent.split("::")[2].split("$")[-1]
        if not resource.custom:
            assert kind in {"pulumi:pulumi:Stack", *(f"edgewright:index:{each.__name__}" for each in COMPONENTS)}
        elif not resource.typ.startswith("pulumi:providers:"):
            assert kind.startswith("edgewright:index:"), resource.identity


def test_every_resource_has_an_explicit_provider(resources: list[Recorded]) -> None:
    made = [each for each in resources if each.custom and not each.typ.startswith("pulumi:providers:")]
    assert made
    for resource in made:
        package = resource.typ.partition(":")[0]
        assert f"pulumi:providers:{package}::{package}-" in resource.provider, resource.identity


def test_every_provider_says_which_account_it_is_for(resources: list[Recorded]) -> None:
    providers = [each for each in resources if each.typ.startswith("pulumi:providers:")]
    assert providers
    for provider in providers:
        assert provider.inputs["allowedAccountIds"]
        assert provider.inputs["region"]


def test_whatever_can_have_tags_has_them(resources: list[Recorded]) -> None:
    taggable = [each for each in resources if each.custom and has_tags(each.typ)]
    assert {"aws:iam/role:Role", "aws:s3/bucket:Bucket", "greengrassv2:index:Deployment"} <= {e.typ for e in taggable}
    for resource in taggable:
        assert resource.inputs.get("tags"), resource.identity


def has_tags(typ: str) -> bool:
    package, module, name = typ.split(":")
    if package == "pulumi":
        return False
    if package == "greengrassv2":
        return "tags" in inspect.signature(getattr(greengrassv2, name).__init__).parameters
    folder = module.partition("/")[0]
    owner = importlib.import_module(f"pulumi_aws.{'lambda_' if folder == 'lambda' else folder}")
    return "tags" in inspect.signature(getattr(owner, name)._internal_init).parameters


def test_logical_names_are_unique_in_a_stack(recordings: dict[str, Recording]) -> None:
    for recording in recordings.values():
        identities = [(each.typ, each.name, each.parent) for each in recording.resources]
        assert len(identities) == len(set(identities))
