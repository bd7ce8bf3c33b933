"""The function that a component version is made from, for a moment: made where there is none, and gone afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.catalog.catalog import Catalog
from edgewright.catalog.component import CatalogVersion
from edgewright.documents import naming
from edgewright.errors import EdgewrightError
from edgewright.gitops.publishing_function import function_for
from tests.helpers import places
from tests.helpers.functions import add_function

PLACE = places.stage("prod")
FUNCTION = naming.lambda_function("prod", "com.acme.filter", "1.0.0")
ARN = f"arn:aws:lambda:{PLACE.region}:{PLACE.account_id}:function:{FUNCTION}"
Answer = dict[str, Any] | AwsError


class Played:
    """A session whose answers are given by operation, one after another; the last one stays."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers: dict[str, list[Answer]] = {"get_role": [{}], "create_function": [{"Version": "3"}], **answers}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, _service: str, operation: str, *, doing: str, **given: Any) -> dict[str, Any]:
        assert doing
        self.calls.append((operation, given))
        answers = self.answers.get(operation, [{}])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, AwsError):
            raise answer
        return answer

    def client(self, _service: str) -> Played:
        return self

    def get_waiter(self, name: str) -> Played:
        self.calls.append((name, {}))
        return self

    def wait(self, **_given: Any) -> None:
        """The function is there at once."""

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]


@pytest.fixture
def version(tmp_path: Path) -> CatalogVersion:
    add_function(tmp_path)
    found = Catalog.load(tmp_path).get("com.acme.filter", "1.0.0")
    assert found is not None
    return found


def made(version: CatalogVersion, played: Played, sleep: Callable[[float], None] = lambda _: None) -> Any:
    return function_for(PLACE, version, cast("Session", played), sleep=sleep)


def missing() -> AwsError:
    return AwsError("no", code="ResourceNotFoundException")


def test_a_function_that_is_there_is_used_by_its_last_version_and_left_alone(version: CatalogVersion) -> None:
    versions = [{"Version": "$LATEST"}, {"Version": "2"}, {"Version": "10"}]
    played = Played(list_versions_by_function=[{"Versions": versions}])
    with made(version, played) as arn:
        assert arn == f"{ARN}:10"
    assert played.operations == ["list_versions_by_function"]


def test_a_function_is_made_and_goes_and_the_role_with_it_where_there_was_none(version: CatalogVersion) -> None:
    for role, own in (({}, False), (AwsError("no", code="NoSuchEntity"), True)):
        played = Played(list_versions_by_function=[missing()], get_role=[role])
        with made(version, played) as arn:
            assert arn == f"{ARN}:3"
        role_is = ["create_role", "delete_role"] if own else []
        assert played.operations == [
            "list_versions_by_function", "get_role", *role_is[:1], "create_function", "function_active_v2",
            "delete_function", *role_is[1:],
        ]  # fmt: skip
        (given,) = [given for operation, given in played.calls if operation == "create_function"]
        assert given["FunctionName"] == FUNCTION
        assert given["Publish"] is True
        assert given["Code"]["ZipFile"] == version.artifacts[0].path.read_bytes()


def test_what_was_made_goes_also_when_the_component_cannot_be_made(version: CatalogVersion) -> None:
    played = Played(list_versions_by_function=[missing()], get_role=[AwsError("no", code="NoSuchEntity")])
    with pytest.raises(RuntimeError), made(version, played):
        raise RuntimeError
    assert played.operations[-2:] == ["delete_function", "delete_role"]
    played = Played(
        list_versions_by_function=[missing()],
        get_role=[AwsError("no", code="NoSuchEntity")],
        create_function=[AwsError("no", code="CodeStorageExceededException")],
    )
    with pytest.raises(AwsError), made(version, played):
        pytest.fail("there is no function")
    assert played.operations[-1] == "delete_role"


def test_a_new_role_is_waited_for_and_not_for_ever(version: CatalogVersion) -> None:
    unknown = AwsError(
        "no",
        code="InvalidParameterValueException",
        reason="The role defined for the function cannot be assumed by Lambda.",
    )
    slept: list[float] = []
    played = Played(list_versions_by_function=[missing()], create_function=[unknown, unknown, {"Version": "1"}])
    with made(version, played, slept.append) as arn:
        assert arn == f"{ARN}:1"
    assert len(slept) == 2
    played = Played(list_versions_by_function=[missing()], create_function=[unknown])
    with pytest.raises(AwsError), made(version, played, slept.append):
        pytest.fail("there is no function")
    assert 60 <= sum(slept[2:]) <= 70


def test_who_may_not_make_functions_is_told_what_gives_the_right(version: CatalogVersion) -> None:
    played = Played(list_versions_by_function=[AwsError("could not look", code="AccessDeniedException")])
    with (
        pytest.raises(EdgewrightError, match="once the catalog has one: pulumi up of tooling"),
        contextlib.ExitStack() as stack,
    ):
        stack.enter_context(made(version, played))
