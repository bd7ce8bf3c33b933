from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgewright.errors import EdgewrightError, ExitCode
from edgewright.manifest.load import ManifestErrors, check_project, load_project
from edgewright.manifest.model import FleetStage
from edgewright.source import load_file, load_yaml
from edgewright.validation import parse
from tests.manifest.cases import BASE, project_of

MANIFESTS = (
    "edgewright.yaml",
    "fleets/line/fleet.yaml",
    "fleets/line/staging.yaml",
    "fleets/line/prod.yaml",
    "fleets/labels/prod.yaml",
)


def edit(root: Path, file: str, before: str, after: str) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_of(BASE, tmp_path / "a project")


def test_a_project_answers_what_the_program_asks() -> None:
    project = load_project(BASE)
    assert sorted(project.fleets) == ["labels", "line"]
    assert sorted(project.stages) == [("labels", "prod"), ("line", "prod"), ("line", "staging")]
    assert [fleet.name for fleet, _ in project.stage_fleets("prod")] == ["labels", "line"]
    assert [stage.stage for _, stage in project.stage_fleets("staging")] == ["staging"]
    assert project.stage_fleets("nowhere") == []
    assert project.account("prod").id == "333333333333"
    assert project.region("prod") == "eu-west-1"
    assert [(stage, ring.name) for stage, ring in project.path("line")] == [
        ("staging", "twins"),
        ("prod", "canary"),
        ("prod", "main"),
    ]
    assert [project.ring("line", "prod/main")] == [ring for _, ring in project.path("line") if ring.name == "main"]
    assert project.catalog.get("com.acme.model", "1.1.0") is not None


def test_a_stage_or_fleet_that_is_not_there_is_named_with_those_that_are() -> None:
    project = load_project(BASE)
    for ask in (project.account, project.region):
        with pytest.raises(EdgewrightError, match=r"there is no stage 'prd': edgewright.yaml has prod, staging"):
            ask("prd")
    with pytest.raises(EdgewrightError, match=r"there is no fleet 'lines': the fleets are labels, line"):
        project.path("lines")
    for path in ("prod/canari", "canary", "", "prod/canary/"):
        with pytest.raises(EdgewrightError) as error:
            project.ring("line", path)
        rings = "its rings are staging/twins, prod/canary, prod/main"
        assert str(error.value) == f"fleet 'line' has no ring {path!r}: {rings}"


def test_aliases_make_equal_releases_and_a_change_makes_another() -> None:
    canary, main = load_project(BASE).stages["line", "prod"].rings
    assert canary.release == main.release
    assert canary.release != load_project(BASE).stages["labels", "prod"].rings[0].release


def test_loading_a_broken_project_tells_every_error_one_a_line(project: Path) -> None:
    edit(project, "fleets/line/staging.yaml", '"1.1.0"', "1.10")
    edit(project, "fleets/labels/fleet.yaml", "provisioning: manual", "provisioning: by-hand")
    with pytest.raises(ManifestErrors) as caught:
        load_project(project)
    assert [line.partition(": ")[0] for line in str(caught.value).splitlines()] == [
        "fleets/labels/fleet.yaml:6:12",
        "fleets/line/staging.yaml:12:24",
    ]
    assert caught.value.exit_code == ExitCode.USER


def test_a_hundred_faults_in_one_file_are_a_hundred_lines(project: Path) -> None:
    rings = "".join(
        f"  - name: ring-{number}\n    members: {{things: [thing-{number}]}}\n    components:\n"
        f"      com.acme.model: {{version: {number}.0}}\n    onFailure: maybe-{number}\n"
        for number in range(50)
    )
    head = "apiVersion: edgewright/v1\nkind: FleetStage\nfleet: labels\nstage: prod\nrings:\n"
    (project / "fleets/labels/prod.yaml").write_text(head + rings, encoding="utf-8")
    lines = [str(problem) for problem in check_project(project).problems if problem.file == "fleets/labels/prod.yaml"]
    versions = [line for line in lines if "must be a quoted version" in line]
    choices = [line for line in lines if "must be one of rollback, stop" in line]
    assert (len(versions), len(choices)) == (50, 50)
    assert versions[10].startswith("fleets/labels/prod.yaml:59:24: rings[ring-10].components.com.acme.model.version: ")
    assert "(got 10.0)" in versions[10]


def test_problems_are_sorted_by_file_and_line(project: Path) -> None:
    for file in MANIFESTS:
        edit(project, file, "apiVersion: edgewright/v1", "apiVersion: edgewright/v0\nextra: 1")
    problems = check_project(project).problems
    assert [(problem.file, problem.line) for problem in problems] == sorted(
        (file, line) for file in MANIFESTS for line in (1, 2)
    )


def test_a_warning_about_rings_that_differ_says_since_when(project: Path) -> None:
    edit(project, "fleets/line/prod.yaml", "components: *release", "components: {<<: *release}")
    edit(project, "fleets/line/staging.yaml", '      aws.greengrass.Cli: {version: "2.14.3"}\n', "")
    asked: list[tuple[str, int]] = []

    def since(file: str, line: int) -> str | None:
        asked.append((file, line))
        return "2026-11-01" if len(asked) == 1 else None

    problems = check_project(project, since=since).problems
    assert [problem.message for problem in problems] == [
        "differ from staging/twins: aws.greengrass.Cli 2.14.3 (not there in staging/twins), since 2026-11-01",
        "differ from staging/twins: aws.greengrass.Cli 2.14.3 (not there in staging/twins)",
    ]
    assert asked == [("fleets/line/prod.yaml", 10), ("fleets/line/prod.yaml", 10)]


@pytest.mark.parametrize("file", MANIFESTS)
@pytest.mark.parametrize("content", ["", "[", "- a\n", "just text\n", "{}\n", "rings: 1\n"])
def test_one_broken_file_breaks_no_rule(project: Path, file: str, content: str) -> None:
    """The other files are still judged; what depends on the broken one is left out."""
    (project / file).write_text(content, encoding="utf-8")
    other = "fleets/labels/fleet.yaml"
    edit(project, other, "provisioning: manual", "provisioning: by-hand")
    files = {problem.file for problem in check_project(project).problems}
    assert {file, other} <= files


def test_hidden_files_and_notes_beside_manifests_are_no_business_of_validation(project: Path) -> None:
    for file in ("fleets/.DS_Store", "fleets/README.md", "fleets/line/.prod.yaml.swp", "fleets/line/notes.txt"):
        (project / file).write_text("x", encoding="utf-8")
    (project / "fleets/.git").mkdir()
    assert check_project(project).problems == ()


def test_a_folder_in_place_of_a_manifest_is_told(project: Path) -> None:
    (project / "fleets/line/staging.yaml").unlink()
    (project / "fleets/line/staging.yaml").mkdir()
    assert [str(problem) for problem in check_project(project).problems if "staging.yaml" in problem.file] == [
        "fleets/line/staging.yaml:1:1: is a folder; keep a file of that name"
    ]


def test_links_that_lead_nowhere_are_told(project: Path) -> None:
    (project / "fleets/line/loop.yaml").symlink_to("loop.yaml")
    (project / "fleets/line/gone.yaml").symlink_to("nothing.yaml")
    (project / "fleets/ghost").symlink_to("ghost")
    assert [str(problem) for problem in check_project(project).problems] == [
        "fleets/line/gone.yaml:1:1: cannot be read (got No such file or directory); make it a readable file",
        "fleets/line/loop.yaml:1:1: cannot be read (got Too many levels of symbolic links); make it a readable file",
    ]


def test_fleets_must_be_a_folder(project: Path) -> None:
    shutil.rmtree(project / "fleets")
    (project / "fleets").write_text("x", encoding="utf-8")
    assert [str(problem) for problem in check_project(project).problems] == [
        "fleets:1:1: cannot be read (got Not a directory); make it a folder that can be read"
    ]


def test_ten_thousand_things_in_a_ring_are_judged_at_once(project: Path) -> None:
    things = [f"cam-{number:05}" for number in range(10_000)]
    edit(project, "fleets/line/prod.yaml", "[cam-002, cam-003]", f"[{', '.join([*things, things[0]])}]")
    assert [problem.message for problem in check_project(project).errors] == ["is in the ring twice"]


def test_sixteen_thousand_faults_are_all_told() -> None:
    """In time that grows with the faults, not with their square: this would take minutes."""
    ring = "  - {{name: r{0}, members: {{things: [t{0}]}}, components: {{a.b: {{version: {0}.0}}}}, onFailure: {0}}}\n"
    head = "apiVersion: edgewright/v1\nkind: FleetStage\nfleet: labels\nstage: prod\nrings:\n"
    document = load_yaml(head + "".join(ring.format(number) for number in range(8000)), "f.yaml")
    assert len(parse(FleetStage, document).problems) == 16_000


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "${x", "1.0.0", "prod/main", "aws.x"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "a", "things"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_in_any_place_makes_a_rule_fail(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any JSON in any place of any manifest, several at once, gives problems and never an exception."""
    root = project_of(BASE, tmp_path_factory.mktemp("any") / "project")
    for file in data.draw(st.lists(st.sampled_from(MANIFESTS), min_size=1, max_size=2, unique=True)):
        value = json.loads(json.dumps(load_file(root / file, file).value))
        for _ in range(data.draw(st.integers(1, 3))):
            *parents, last = data.draw(st.sampled_from(places(value)[1:] or [("a",)]))
            target = value
            for step in parents:
                target = target[step]
            if isinstance(target, dict) and data.draw(st.booleans()):
                target.pop(last, None)
            else:
                target[last] = data.draw(ANY_JSON)
        (root / file).write_text(json.dumps(value), encoding="utf-8")
    checked = check_project(root)
    assert checked.project is not None or checked.errors
    assert all(problem.remedy for problem in checked.problems)
