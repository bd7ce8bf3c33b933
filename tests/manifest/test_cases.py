from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgewright.cli.verbs.validate import summary
from edgewright.manifest.load import check_project, read
from edgewright.manifest.rules import ADVICE, RULES
from tests.manifest.cases import BASE, EXPECTED, cases, project_of

if TYPE_CHECKING:
    from tests.conftest import Golden

BAD = cases("bad")
GOOD = cases("good")


def by_name(path: Path) -> str:
    return path.name


def text_of(root: Path) -> str:
    """What ``edgewright validate`` prints."""
    checked = check_project(root)
    lines = [*map(str, checked.problems), summary(checked.project, checked.problems)]
    return "".join(f"{line}\n" for line in lines)


def test_the_base_is_good() -> None:
    """Otherwise no bad case would show what it is about."""
    assert text_of(BASE) == "2 fleets, 4 rings, 3 component versions: fine\n"


@pytest.mark.parametrize("case", BAD, ids=by_name)
def test_a_bad_project_is_refused_with_exactly_these_lines(case: Path, tmp_path: Path, golden: Golden) -> None:
    root = project_of(case, tmp_path / "project")
    checked = check_project(root)
    assert checked.project is None
    assert [str(problem) for problem in checked.problems if not problem.remedy] == []
    golden(f"bad/{case.name}/{EXPECTED}", text_of(root))


@pytest.mark.parametrize("case", GOOD, ids=by_name)
def test_a_good_project_is_taken_with_at_most_these_warnings(case: Path, tmp_path: Path, golden: Golden) -> None:
    root = project_of(case, tmp_path / "project")
    assert check_project(root).project is not None
    golden(f"good/{case.name}/{EXPECTED}", text_of(root))


def test_there_are_at_least_sixty_bad_cases() -> None:
    """A case that is not collected is a rule that is not tested."""
    assert len(BAD) >= 60


def test_every_rule_has_a_case_that_it_speaks_in(tmp_path: Path) -> None:
    """A rule that never speaks could be removed without a red test."""
    roots = [project_of(case, tmp_path / str(number)) for number, case in enumerate([*BAD, *GOOD])]
    roots.append(with_a_merge_that_is_too_long(tmp_path / "long"))
    speaking = set()
    for root in roots:
        context, _ = read(root)
        speaking |= {rule.__name__ for rule in (*RULES, *ADVICE) if any(True for _ in rule(context))}
    assert sorted(rule.__name__ for rule in (*RULES, *ADVICE) if rule.__name__ not in speaking) == []


def with_a_merge_that_is_too_long(target: Path) -> Path:
    """A configuration of eleven times a mebibyte, by way of an alias; too large a file to be kept in Git."""
    project_of(BASE, target)
    stage = target / "fleets/line/staging.yaml"
    text = "x" * 1024 * 1024
    config = f"config: {{a0: &text {text}, {', '.join(f'a{number}: *text' for number in range(1, 11))}}}"
    before = 'config: {bucket: "${capture.bucket}"}'
    stage.write_text(stage.read_text(encoding="utf-8").replace(before, config), encoding="utf-8")
    return target


def test_a_merge_longer_than_a_deployment_takes_is_refused(tmp_path: Path) -> None:
    problems = check_project(with_a_merge_that_is_too_long(tmp_path / "project")).problems
    assert [str(problem) for problem in problems] == [
        (
            "fleets/line/staging.yaml:13:40: rings[twins].components.com.acme.app.config: is longer than the 10485760 "
            "characters that AWS takes (got 11534426 characters); ship it as a file of the component"
        )
    ]
