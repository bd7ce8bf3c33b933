"""What a stage makes of components that are made from Lambda functions; devices run them in ``test_statements``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgewright.canonical import canonical_json
from edgewright.documents import naming
from edgewright.documents.inventory import policies
from edgewright.gitops.publishing import inputs_of
from edgewright.manifest.load import Project, load_project
from tests.helpers import functions, projects
from tests.helpers.engine import Recording

NAME = "com.acme.filter"
FUNCTION = "aws:lambda/function:Function"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Project:
    """The sample, with two versions of a function in two rings of production."""
    root = tmp_path_factory.mktemp("organisation")
    for name in ("catalog", "fleets", "golden"):
        shutil.copytree(project_root / name, root / name)
    for name in ("edgewright.yaml", "catalog.lock"):
        shutil.copy(project_root / name, root)
    functions.add_function(root, more="parameters: {timeoutInSeconds: 9}\n")
    functions.add_function(root, version="1.1.0")
    functions.lock(root)
    functions.pin_function(root, "line-inspection", "prod/canary", "1.1.0")
    functions.pin_function(root, "line-inspection", "prod/main", "1.0.0")
    return load_project(root)


@pytest.fixture(scope="module")
def prod(project: Project) -> Recording:
    return projects.run(project, "prod")


def test_each_version_has_a_function_of_its_code_and_a_component_of_that_function(
    project: Project, prod: Recording
) -> None:
    made = {each.name: each.inputs for each in prod.of(FUNCTION)}
    assert set(made) == {f"{NAME}@1.0.0", f"{NAME}@1.1.0"}
    one = made[f"{NAME}@1.0.0"]
    version = project.catalog.get(NAME, "1.0.0")
    assert version is not None
    assert one["name"] == naming.lambda_function("prod", NAME, "1.0.0")
    assert one["publish"] is True
    assert (one["runtime"], one["handler"]) == ("python3.12", "function.handler")
    assert one["tags"]["edgewright:component"] == f"{NAME}@1.0.0"
    component = prod.one("ComponentVersion", f"{NAME}@1.0.0")
    assert "artifacts" not in component.inputs
    assert component.inputs["sourceDigest"] == version.digest
    asked = component.inputs["lambdaFunction"]
    assert asked["lambdaArn"].endswith(f"{one['name']}:1"), "a number; $LATEST and aliases say something else tomorrow"
    assert asked["componentLambdaParameters"] == {"timeoutInSeconds": 9, "pinned": True}
    assert (asked["componentName"], asked["componentVersion"]) == (NAME, "1.0.0")
    assert inputs_of(project, "prod", version, asked["lambdaArn"]) == component.inputs, "`publish` makes the same"


def test_the_functions_have_one_role_without_rights_and_the_audit_knows_it(project: Project, prod: Recording) -> None:
    role = prod.one("aws:iam/role:Role", "prod/lambda")
    assert role.inputs["name"] == "edgewright-lambda_prod"
    assert role.inputs["permissionsBoundary"] == "arn:aws:iam::333333333333:policy/edgewright-boundary-prod-devices"
    rights = [each for each in prod.resources if each.custom and each.typ.startswith("aws:iam/rolePolic")]
    assert rights, "other roles have some"
    named = {each.inputs.get("role") or each.inputs.get("roleName") for each in rights}
    assert None not in named
    assert role.inputs["name"] not in named
    trust = canonical_json(json.loads(role.inputs["assumeRolePolicy"]))
    listed = {each.owner: canonical_json(dict(each.document)) for each in policies(project) if each.part == "trust"}
    assert listed["role edgewright-lambda_prod"] == trust


def test_a_device_s_role_reads_no_artifacts_of_a_function(prod: Recording) -> None:
    (policy,) = [
        each.inputs["policy"]
        for each in prod.of("aws:iam/rolePolicy:RolePolicy")
        if each.name == "line-inspection" or "device" in str(each.inputs["role"])
        if "line-inspection" in str(each.inputs["role"])
    ][:1]
    assert "components/com.acme.parts-model/" in policy
    assert NAME not in policy


def test_a_stage_without_functions_has_neither_a_role_nor_a_right_for_them(project: Project) -> None:
    plain = projects.run(projects.sample(), "prod")
    assert [each for each in plain.of("aws:iam/role:Role") if "lambda" in each.name] == []
    for wanted, there in ((projects.sample(), False), (project, True)):
        names = [each.name for each in projects.run(wanted, "tooling").of("aws:iam/policy:Policy")]
        assert any(name.endswith("/functions") for name in names) is there


def test_two_shards_of_a_stage_have_functions_of_their_own(project: Project, prod: Recording) -> None:
    fleets = {"stage": "prod", "fleets": frozenset({"line-inspection"})}
    shards = [prod, *(projects.run(project, name, **fleets) for name in ("prod-a", "prod-b"))]
    for type_ in (FUNCTION, "aws:iam/role:Role"):
        names = [
            each.inputs["name"] for shard in shards for each in shard.of(type_) if "line-inspection" not in each.name
        ]
        assert len(set(names)) == len(names) >= 3, names
    for stage in ("prod", "x" * 40):
        name = naming.lambda_role(stage, "prod-a")
        assert len(name) <= 64
        assert name.startswith(f"{naming.lambda_role(stage)}_"), "or the deploy role may not make it"
        assert naming.lambda_function(stage, NAME, "1.0.0", "prod-a").startswith(f"edgewright_{stage}_")


@pytest.mark.parametrize("stage", ["p", "prod", "a" * 40])
@pytest.mark.parametrize("component", ["a", "com.acme.filter", "x" * 128, "com.acme." + "_" * 100])
def test_the_name_of_a_function_fits_and_is_of_one_version_and_one_stage(stage: str, component: str) -> None:
    names = {
        naming.lambda_function(stage, component, version)
        for version in ("1.0.0", "1.0.1", "1.0.0-rc.1", "1.0.0+build.1", "10.0.0")
    }
    assert len(names) == 5
    for name in names:
        assert len(name) <= naming.LAMBDA_FUNCTION
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
        assert name.startswith(f"edgewright_{stage}_")
