"""Recipes: what the published schema lets through is refused here, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.catalog import variables
from edgewright.catalog.lint import Linter
from edgewright.catalog.recipe import MAX_BYTES, read_recipe
from edgewright.catalog.sidecar import read_sidecar
from edgewright.source import Problem, load_yaml
from tests.conftest import Golden

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
HEAD = 'RecipeFormatVersion: "2020-01-25"\nComponentName: com.acme.reader\nComponentVersion: "1.0.0"\n'


def judge(text: str, sidecar: str = "") -> list[Problem]:
    """Every problem of a recipe that stands alone."""
    document = load_yaml(text, "recipe.yaml")
    read = read_recipe(document)
    problems = list(read.problems)
    if read.parsed.model is not None:
        problems += variables.check(read.parsed, read.parsed.model)
        beside = read_sidecar(load_yaml(sidecar, "component.yaml"))[0] if sidecar else None
        problems += Linter(read.parsed, read.parsed.model, beside).problems()
    return sorted(problems, key=lambda each: each.order)


def recipe(manifest: str, before: str = "") -> str:
    return f"{HEAD}{before}Manifests:\n  - {manifest}\n"


@pytest.mark.parametrize("case", BAD, ids=lambda path: path.stem)
def test_a_bad_recipe_is_refused_in_these_words(case: Path, golden: Golden) -> None:
    problems = judge(case.read_text(encoding="utf-8"))
    assert problems, "a bad case without a problem is no bad case"
    golden(f"bad/{case.stem}.txt", "".join(f"{each}\n" for each in problems))


@pytest.mark.parametrize(
    "condition", ["onpath docker", "exists /opt/model", "!onpath docker", "! exists {work:path}/x"]
)
def test_a_step_may_be_skipped_on_a_condition(condition: str) -> None:
    assert judge(recipe(f"Lifecycle: {{run: {{Script: echo, Skipif: '{condition}'}}}}")) == []


def test_the_bad_cases_are_found() -> None:
    assert len(BAD) >= 60


@pytest.mark.parametrize(
    "script",
    [
        "python3 -m pip install --require-hashes -r requirements.txt",
        "pip install numpy==2.4.6 'onnxruntime==1.31.1'",
        "pip install ./wheels/reader-1.0.0-py3-none-any.whl",
        "pip install --index-url https://packages.example.org/simple reader==1.0.0",
        "echo pip && echo install numpy",
        "grep -c '^processor' /proc/cpuinfo && echo done",
        "echo ${HOME:-/root} ${NAME:?missing} $(awk '{print $1}' file)",
        "echo '{\"a\":1}' {a:b}",
        "pseudo command; sudoku",
        "docker compose up",
        "# sudo apt-get install everything\necho fine",
        'cat "{kernel:rootPath}/config" "{iot:thingName}" "{work:path}" "{artifacts:decompressedPath}"',
    ],
)
def test_what_is_fine_is_left_alone(script: str) -> None:
    indented = script.replace("\n", "\n        ")
    assert judge(recipe(f"Lifecycle:\n      run: |\n        {indented}")) == []


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        ("sudo reboot", "sudo"),
        ("pip install numpy", "pip"),
        ("docker-compose up", "docker-compose"),
        ("docker pull nginx:latest", "latest-image"),
    ],
)
def test_a_reason_in_the_sidecar_excuses_its_rule_only(script: str, rule: str) -> None:
    text = recipe(f"Lifecycle: {{run: {script}}}")
    excuse = "kind: service\njustification: {%s: the device image has nothing else}\n"
    assert len(judge(text)) == 1
    assert judge(text, excuse % rule) == []
    other = "pip" if rule != "pip" else "sudo"
    assert len(judge(text, excuse % other)) == 1


def test_a_reason_that_excuses_nothing_is_known() -> None:
    document = load_yaml(recipe("Lifecycle: {run: echo}"), "recipe.yaml")
    read = read_recipe(document)
    beside, _ = read_sidecar(load_yaml("kind: service\njustification: {sudo: was needed once}\n", "component.yaml"))
    assert read.recipe is not None
    linter = Linter(read.parsed, read.recipe, beside)
    assert list(linter.problems()) == []
    assert linter.unused == ("sudo",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: magic\n", "must be one of onnx-model"),
        ("kind: service\nprovides: [nucleus]\n", "write one of runtime, agent, application, data connection"),
        ("kind: service\njustification: {sudo: no}\n", "is not a reason"),
        ("kind: service\njustification: {sudoo: there is a good reason}\n", "did you mean sudo?"),
        ("provides: []\n", "kind: is missing"),
        ("- kind\n", "must be a mapping"),
    ],
)
def test_a_bad_sidecar_is_refused(text: str, words: str) -> None:
    sidecar, problems = read_sidecar(load_yaml(text, "component.yaml"))
    assert sidecar is None
    assert words in "\n".join(map(str, problems))


def test_sizes_are_judged_after_the_uris_are_filled_in() -> None:
    """70 short URIs become 70 long ones: the recipe as written is far below the limit, as sent it is above."""
    artifacts = "".join(f"      - {{URI: catalog:{number:02d}{'f' * 80}.bin}}\n" for number in range(70))
    text = f"{HEAD}Manifests:\n  - Artifacts:\n{artifacts}"
    assert len(text) < MAX_BYTES / 2
    assert [each.message for each in judge(text)] == [
        f"a recipe may have {MAX_BYTES} bytes once its artifact URIs are filled in"
    ]


def test_a_recipe_tells_what_it_needs_and_where_it_runs() -> None:
    read = read_recipe(
        load_yaml(
            recipe(
                "Platform: {os: linux, architecture: /(amd64|aarch64)/}\n"
                "    Artifacts: [{URI: 'catalog:app.zip', Unarchive: ZIP}, {URI: 'docker:nginx@sha256:"
                + "0" * 64
                + "'}]",
                "ComponentDependencies:\n  com.acme.model: {VersionRequirement: ^1.0.0, DependencyType: SOFT}\n",
            ),
            "recipe.yaml",
        )
    )
    assert read.problems == ()
    assert read.recipe is not None
    assert read.recipe.dependencies["com.acme.model"].type == "SOFT"
    assert read.recipe.dependencies["com.acme.model"].requirement.allows("1.9.0")
    assert read.recipe.platforms == ({"os": "linux", "architecture": "/(amd64|aarch64)/"},)
    assert [each.file for each in read.recipe.artifacts] == ["app.zip", None]


def test_a_lifecycle_beside_the_manifests_is_theirs_unless_they_have_one() -> None:
    text = f"{HEAD}Lifecycle: {{run: echo all}}\nManifests:\n  - Lifecycle: {{run: echo own}}\n  - Name: other\n"
    read = read_recipe(load_yaml(text, "recipe.yaml")).recipe
    assert read is not None
    assert [read.lifecycle(each).steps["run"].Script for each in read.Manifests] == ["echo own", "echo all"]


def test_a_variable_reaches_into_the_default_configuration() -> None:
    before = "ComponentConfiguration: {DefaultConfiguration: {a: {b/c: [1, 2]}}}\n"
    assert judge(recipe('Lifecycle: {run: "echo {configuration:/a/b~1c/1}"}', before)) == []
    assert len(judge(recipe('Lifecycle: {run: "echo {configuration:/a/b~1c/2}"}', before))) == 1


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-3, 3)
        | st.text(max_size=8)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Manifests", "Lifecycle", "run", "Artifacts", "URI", "Platform", "os", "Script", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_breaks_the_reader(value: object) -> None:
    import json

    text = HEAD + "Manifests: " + json.dumps(value) + "\n"
    judge(text)


@pytest.mark.parametrize(
    "script",
    ["nohup serve & wait", "docker compose up -d; docker compose logs -f", "python3 -m awscli_like", "echo aws s3 ls"],
)
def test_what_stays_in_the_foreground_or_only_looks_like_aws_is_fine(script: str) -> None:
    assert judge(recipe(f"Lifecycle: {{run: {{Script: '{script}'}}}}")) == []
