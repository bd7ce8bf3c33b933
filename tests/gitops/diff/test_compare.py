"""What a change means, on the sample organisation: findings, golden texts, and bounds that hold for any change."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.gitops.diff import markdown, text
from edgewright.gitops.diff.compare import compare
from edgewright.gitops.diff.model import (
    ComponentDiff,
    Finding,
    FleetDiff,
    ProjectDiff,
    Reach,
    RingDiff,
    SideInfo,
)
from edgewright.gitops.diff.policies import PolicyDiff, Statement
from edgewright.gitops.diff.values import Change
from edgewright.manifest.gates import Gates
from edgewright.manifest.load import Project
from edgewright.manifest.model import Access, Component
from tests.helpers.golden import Golden
from tests.helpers.projects import ring_of, sample, with_components, with_fleet, with_ring

LINE = "line-inspection"
MODEL = "com.acme.parts-model"
INFERENCE = "com.acme.parts-inference"
BASE = SideInfo("main", "1" * 40, "As it was")
HEAD = SideInfo("work tree", None, None)


def _component(version: str, **more: Any) -> Component:
    return Component.model_validate({"version": version, **more})


def _compare(base: Project | None, head: Project) -> ProjectDiff:
    return replace(compare(base, head, base_side=BASE, head_side=HEAD), offline="AWS was not asked")


def _codes(diff: ProjectDiff) -> set[tuple[str, str]]:
    return {(finding.code, finding.where) for finding in diff.findings}


def _promoted() -> tuple[Project, Project]:
    """Staging has model 1.1.0; prod/canary takes it now, with a new configuration and a new nucleus."""
    base = with_components(
        sample(),
        LINE,
        "staging",
        "twins",
        **{
            MODEL: _component("1.1.0"),
            INFERENCE: _component("2.1.0", config={"fleet": "${fleet}", "threshold": 0.8, "apiToken": "hunter2"}),
            "aws.greengrass.Nucleus": _component("2.15.0", config={"interpolateComponentConfiguration": True}),
        },
    )
    release = ring_of(base, LINE, "staging", "twins").components
    return base, with_ring(base, LINE, "prod", "canary", components=release)


def test_a_project_does_not_differ_from_itself() -> None:
    diff = _compare(sample(), sample())
    assert diff.empty
    assert diff.findings == ()
    assert "no change for devices or AWS" in text.render(diff)
    assert "No change for devices or AWS." in markdown.render(diff)
    assert diff.as_json()["empty"] is True


def test_a_promotion_reads_well(golden: Golden) -> None:
    diff = _compare(*_promoted())
    (ring,) = diff.rings
    assert ring.origin == "staging/twins"
    assert [each.name for each in ring.restarts] == ["aws.greengrass.Nucleus"]
    assert _codes(diff) == {("restarts", f"{LINE}/prod/canary")}
    golden("golden/promotion.txt", text.render(diff))
    golden("golden/promotion.md", markdown.render(diff))
    assert "hunter2" not in str(diff.as_json()) + text.render(diff) + markdown.render(diff)


def test_permissions_and_settings_read_well(golden: Golden) -> None:
    base = sample()
    fleet = base.fleets[LINE]
    gates = {
        **fleet.promotion.gates,
        "staging/twins": Gates.model_validate({"bake": "30m", "healthy": "90%", "tests": ["smoke"]}),
    }
    wider = Access.model_validate(
        {"role": "auditor", "trusted": "tooling", "actions": ["s3:GetObject"], "resources": ["capture"]}
    )
    head = with_fleet(
        base,
        LINE,
        access=(*fleet.access, wider),
        identity=fleet.identity.model_copy(update={"permissions": ()}),
        promotion=fleet.promotion.model_copy(update={"gates": gates}),
    )
    diff = _compare(base, head)
    assert ("gate-weakened", f"{LINE}/staging/twins") in _codes(diff)
    strangers = {each for policy in diff.policies for each in policy.strangers}
    assert strangers == {"arn:aws:iam::111111111111:root"}
    golden("golden/permissions.txt", text.render(diff))
    golden("golden/permissions.md", markdown.render(diff))


def test_two_rings_at_once_and_a_ring_that_is_ahead_are_told() -> None:
    new = {MODEL: _component("1.1.0")}
    ahead = with_components(sample(), LINE, "prod", "canary", **new)
    assert ("prod-ahead", f"{LINE}/prod/canary") in _codes(_compare(sample(), ahead))
    both = with_components(with_components(sample(), LINE, "staging", "twins", **new), LINE, "prod", "canary", **new)
    assert ("together", f"{LINE}/prod/canary") in _codes(_compare(sample(), both))
    base = with_components(sample(), LINE, "staging", "twins", **new)
    over = with_components(base, LINE, "prod", "main", **new)
    assert ("passes-over", f"{LINE}/prod/main") in _codes(_compare(base, over))


def test_going_back_is_told_and_is_no_danger() -> None:
    base, head = _promoted()
    diff = _compare(head, base)
    (finding,) = [each for each in diff.findings if each.code == "goes-back"]
    assert finding.severity == "note"
    assert f"{MODEL} 1.1.0 -> 1.0.0" in finding.text


def test_a_fleet_that_goes_a_ring_that_goes_and_a_fleet_with_another_name() -> None:
    project = sample()
    without = replace(
        project,
        fleets={name: fleet for name, fleet in project.fleets.items() if name != LINE},
        stages={key: stage for key, stage in project.stages.items() if key[0] != LINE},
    )
    assert ("fleet-removed", LINE) in _codes(_compare(project, without))
    renamed = replace(
        without,
        fleets={**without.fleets, "lines": project.fleets[LINE].model_copy(update={"name": "lines"})},
        stages={
            **without.stages,
            **{
                ("lines", name): stage.model_copy(update={"fleet": "lines"})
                for (fleet, name), stage in project.stages.items()
                if fleet == LINE
            },
        },
    )
    codes = _codes(_compare(project, renamed))
    assert ("fleet-renamed", LINE) in codes
    assert ("fleet-removed", LINE) not in codes
    prod = project.stages[LINE, "prod"]
    fewer = replace(
        project, stages={**project.stages, (LINE, "prod"): prod.model_copy(update={"rings": prod.rings[:1]})}
    )
    assert ("ring-removed", f"{LINE}/prod/main") in _codes(_compare(project, fewer))


def test_a_thing_that_moves_from_ring_to_ring_is_told_once() -> None:
    members = ring_of(sample(), LINE, "prod", "canary").members
    head = with_ring(
        sample(), LINE, "prod", "canary", members=members.model_copy(update={"things": ("cam-001", "cam-002")})
    )
    head = with_ring(head, LINE, "prod", "main", members=members.model_copy(update={"things": ("cam-003",)}))
    diff = _compare(sample(), head)
    (finding,) = [each for each in diff.findings if each.code == "things-moved"]
    assert (finding.where, finding.text) == (f"{LINE}/prod/canary", f"gets cam-002 from {LINE}/prod/main")
    assert [ring.deploys for ring in diff.rings] == [False, False]


def test_everything_is_new_where_there_was_no_project() -> None:
    diff = _compare(None, sample())
    assert {fleet.kind for fleet in diff.fleets} == {"added"}
    assert len(diff.published) == len(sample().catalog.lock.entries)


def test_a_published_version_that_is_another_one_is_a_danger() -> None:
    catalog = sample().catalog
    key = (MODEL, "1.0.0")
    lock = replace(
        catalog.lock,
        entries={**catalog.lock.entries, key: replace(catalog.lock.entries[key], recipe="sha256:" + "0" * 64)},
    )
    changed = replace(sample(), catalog=replace(catalog, lock=lock))
    assert ("published-changed", f"{MODEL}@1.0.0") in _codes(_compare(sample(), changed))


# --- any change whatever ---------------------------------------------------------------------------------------------

HOSTILE = st.sampled_from(
    [
        "| a | b |\n| --- | --- |",
        "</details></td><script>alert(1)</script>",
        "```\n# shout\n```",
        "`` ` ``",
        "@acme/vision #1 !2 https://evil.example www.evil.example",
        "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
        "\x1b[2J\u202egnp.exe\r\n",
        "<!-- edgewright diff -->",
        "*bold* _it_ ~~s~~ \\",
        "",
    ]
)
WORDS = st.one_of(HOSTILE, st.text(max_size=300))
CHANGE = st.builds(Change, path=WORDS, kind=st.sampled_from(["added", "removed", "changed"]), before=WORDS, after=WORDS)
COMPONENT = st.builds(
    ComponentDiff,
    name=WORDS,
    kind=st.sampled_from(["added", "removed", "changed"]),
    before=WORDS,
    after=WORDS,
    config=st.lists(CHANGE, max_size=4).map(tuple),
    restart=st.none() | WORDS,
)
REACH = st.builds(
    Reach, devices=st.none() | st.integers(0, 10**6), members=WORDS, minutes=st.none() | st.integers(0, 10**6),
    rate=WORDS, abort=WORDS, online=st.none() | st.integers(0, 10**6),
    sites=st.none() | st.dictionaries(WORDS, st.integers(0, 99), max_size=3),
)  # fmt: skip
RING = st.builds(
    RingDiff, fleet=WORDS, stage=WORDS, name=WORDS, kind=st.sampled_from(["added", "removed", "changed"]),
    production=st.booleans(), before=st.none() | WORDS, after=st.none() | WORDS,
    components=st.lists(COMPONENT, max_size=4).map(tuple), joining=st.lists(WORDS, max_size=3).map(tuple),
    settings=st.lists(CHANGE, max_size=2).map(tuple), origin=st.none() | WORDS, reach=st.none() | REACH,
)  # fmt: skip
FLEET = st.builds(
    FleetDiff, name=WORDS, kind=st.sampled_from(["added", "removed", "changed"]),
    settings=st.lists(CHANGE, max_size=2).map(tuple), rings=st.lists(RING, max_size=3).map(tuple),
)  # fmt: skip
FINDING = st.builds(
    Finding, severity=st.sampled_from(["danger", "warning", "note"]), code=WORDS, where=WORDS, text=WORDS
)
STATEMENT = st.builds(
    Statement, effect=st.sampled_from(["Allow", "Deny"]), principal=WORDS,
    actions=st.lists(WORDS, max_size=3).map(tuple), resources=st.lists(WORDS, max_size=3).map(tuple),
    conditions=st.just(()),
)  # fmt: skip
POLICY = st.builds(
    PolicyDiff, owner=WORDS, part=st.just("trust"), account_id=st.just("3" * 12), fleet=st.none(), stage=st.none(),
    kind=st.sampled_from(["added", "removed", "changed"]), widened=st.lists(STATEMENT, max_size=2).map(tuple),
    narrowed=st.just(()), strangers=st.lists(WORDS, max_size=2).map(tuple),
)  # fmt: skip
DIFF = st.builds(
    ProjectDiff, base=st.just(BASE), head=st.builds(SideInfo, name=WORDS, commit=st.none(), subject=st.none()),
    organisation=st.lists(CHANGE, max_size=2).map(tuple), fleets=st.lists(FLEET, min_size=1, max_size=3).map(tuple),
    policies=st.lists(POLICY, max_size=2).map(tuple), published=st.lists(WORDS, max_size=3).map(tuple),
    controls=st.just(()), findings=st.lists(FINDING, max_size=3).map(tuple), offline=WORDS,
)  # fmt: skip

_SAFE_LINE = re.compile(
    r"<!-- edgewright diff -->|\| .* \||</?details( open)?>(<summary>[^<]*</summary>)?|<sub>[^<]*</sub>|"
    r"#{3,4} [A-Z][a-z ]+|[^|<`]*|[^|<]*(`[^`|]*`|<code>[^<|`]*</code>)[^|<]*(`[^`|]*`|<code>[^<|`]*</code>)?[^|<]*"
)
_CELL = re.compile(r"(?:[^`<|@]|`[^`|]*`|<code>[^<>|`]*</code>)*")


def _check_structure(comment: str) -> None:
    """Every table is whole, every fold is closed, and nothing of others has become structure."""
    assert comment.count("<details") == comment.count("</details>")
    assert comment.count(markdown.MARKER) == 1
    columns = 0
    for line in comment.splitlines():
        if line.startswith("|"):
            cells = line.strip("|").split("|")
            columns = columns or len(cells)
            assert len(cells) == columns, line
            assert all(_CELL.fullmatch(cell.replace("**", "")) for cell in cells), line
        else:
            columns = 0
            assert _SAFE_LINE.fullmatch(line), line


@settings(max_examples=20, deadline=None)
@given(DIFF, st.sampled_from([1, 30, 200]))
def test_a_comment_is_whole_and_within_its_limit_whatever_the_change(diff: ProjectDiff, times: int) -> None:
    many = replace(
        diff,
        fleets=diff.fleets * times,
        policies=diff.policies * times,
        findings=diff.findings * times,
        organisation=diff.organisation * times,
    )
    comment = markdown.render(many)
    assert len(comment.encode("utf-8", "surrogatepass")) <= markdown.LIMIT
    _check_structure(comment)


@settings(max_examples=20, deadline=None)
@given(DIFF)
def test_text_has_no_control_characters_of_others(diff: ProjectDiff) -> None:
    assert all(character.isprintable() for line in text.render(diff).split("\n") for character in line)


def test_what_is_left_out_of_a_huge_change_is_counted_and_the_worst_is_kept() -> None:
    ring = RingDiff(
        fleet="f", stage="prod", name="main", kind="changed", production=True, before="sha256:" + "1" * 64,
        after="sha256:" + "2" * 64,
        components=tuple(ComponentDiff(f"com.acme.c{n}", "changed", "1.0.0", "1.1.0") for n in range(20)),
    )  # fmt: skip
    fleets = tuple(FleetDiff(f"fleet-{n}", "changed", (), (replace(ring, fleet=f"fleet-{n}"),)) for n in range(1000))
    worst = Finding("danger", "x", "fleet-999/prod/main", "is the one to look at")
    diff = replace(_compare(sample(), sample()), fleets=fleets, findings=(worst,))
    comment = markdown.render(diff)
    assert len(comment) <= markdown.LIMIT
    assert "is the one to look at" in comment
    assert "<summary>fleet-999 prod/main</summary>" in comment
    assert re.search(r"Not shown here for length: [\d,]+ rings\. All of it: `edgewright diff 1111111111`", comment)
    _check_structure(comment)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_thousand_fleets_are_shown_in_a_moment(form: str) -> None:
    """The work grows with the change, not with its square: this would take minutes otherwise."""
    fleets = tuple(
        FleetDiff(f"fleet-{n}", "changed", tuple(Change(f"k{i}", "added", None, "1") for i in range(20)), ())
        for n in range(2000)
    )
    diff = replace(_compare(sample(), sample()), fleets=fleets)
    assert (text if form == "text" else markdown).render(diff).count("fleet-") >= 100
