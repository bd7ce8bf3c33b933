"""Which versions a device takes: union of groups, exact roots, ranges of dependencies, and what cannot be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from edgewright.sandbox.device.failures import DeploymentError, report
from edgewright.sandbox.device.recipes import NUCLEUS_TYPE, Dependency, Recipe
from edgewright.sandbox.device.resolution import NoVersionError, resolve, satisfies
from edgewright.versions import newest_first

G = "thinggroup/g"


def recipe(name: str, version: str, needs: Mapping[str, str] | None = None, kind: str = "generic") -> Recipe:
    dependencies = {other: Dependency(text) for other, text in (needs or {}).items()}
    return Recipe(name, version, kind, "", {}, dependencies, {}, {}, ())


class Versions:
    """A store: what is active, what is on the device, what the cloud has. ``name-version`` lists."""

    def __init__(self, cloud: list[Recipe], active: list[Recipe] = (), local: list[Recipe] = ()) -> None:  # type: ignore[assignment]
        self.cloud, self._local = list(cloud), [*local, *active]
        self._active = {each.name: each for each in active}
        self.asked: list[tuple[str, str | None, dict[str, str]]] = []
        self.cloud_error: DeploymentError | None = None

    def active(self, name: str) -> Recipe | None:
        return self._active.get(name)

    def local_versions(self, name: str) -> list[str]:
        return [each.version for each in self._local if each.name == name]

    def local_recipe(self, name: str, version: str) -> Recipe:
        return next(each for each in self._local if (each.name, each.version) == (name, version))

    def negotiate(self, name: str, local: str | None, requirements: Mapping[str, str]) -> Recipe:
        self.asked.append((name, local, dict(requirements)))
        if self.cloud_error is not None:
            raise self.cloud_error
        fitting = {each.version: each for each in self.cloud if each.name == name}
        for version in newest_first(fitting):
            if satisfies(version, requirements):
                return fitting[version]
        raise NoVersionError


def versions(resolved: Mapping[str, Recipe]) -> dict[str, str]:
    return {name: each.version for name, each in resolved.items()}


def test_roots_are_taken_exactly() -> None:
    store = Versions([recipe("a", "1.0.0"), recipe("a", "2.0.0")])
    assert versions(resolve(G, {"a": "1.0.0"}, {}, store)) == {"a": "1.0.0"}
    assert store.asked == [("a", None, {G: "=1.0.0"})]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("^1.0.0", "1.9.0"),
        ("~1.2.0", "1.2.7"),
        (">=1.0.0 <1.3.0", "1.2.7"),
        ("1.2.x", "1.2.7"),
        ("=1.0.0", "1.0.0"),
        ("^0.1.0 || ^2.0.0", "2.1.0"),
        ("*", "2.1.0"),
    ],
)
def test_a_dependency_is_the_latest_that_its_range_allows(text: str, expected: str) -> None:
    libraries = [recipe("lib", version) for version in ("1.0.0", "1.2.0", "1.2.7", "1.9.0", "2.1.0")]
    store = Versions([recipe("a", "1.0.0", {"lib": text}), *libraries])
    assert versions(resolve(G, {"a": "1.0.0"}, {}, store))["lib"] == expected


def test_two_dependents_get_a_version_that_both_allow() -> None:
    store = Versions(
        [
            recipe("a", "1.0.0", {"lib": ">=1.0.0"}),
            recipe("b", "1.0.0", {"lib": "<2.0.0"}),
            *[recipe("lib", version) for version in ("1.0.0", "1.5.0", "2.0.0")],
        ]
    )
    assert versions(resolve(G, {"a": "1.0.0", "b": "1.0.0"}, {}, store))["lib"] == "1.5.0"


def test_dependencies_of_a_version_that_was_given_up_are_given_up_too() -> None:
    store = Versions(
        [
            recipe("a", "1.0.0", {"lib": "*"}),
            recipe("b", "1.0.0", {"lib": "<2.0.0"}),
            recipe("lib", "1.0.0"),
            recipe("lib", "2.0.0", {"deep": "*"}),
            recipe("deep", "1.0.0"),
        ]
    )
    assert versions(resolve(G, {"a": "1.0.0", "b": "1.0.0"}, {}, store)) == {"a": "1.0.0", "b": "1.0.0", "lib": "1.0.0"}


def test_a_root_pins_what_a_dependency_leaves_open() -> None:
    store = Versions([recipe("a", "1.0.0", {"lib": "*"}), recipe("lib", "1.0.0"), recipe("lib", "2.0.0")])
    assert versions(resolve(G, {"a": "1.0.0", "lib": "1.0.0"}, {}, store))["lib"] == "1.0.0"


def test_components_of_other_groups_stay_as_they_are() -> None:
    active = [recipe("b", "1.0.0", {"lib": "*"}), recipe("lib", "1.0.0")]
    store = Versions([recipe("a", "1.0.0"), recipe("b", "1.0.0"), recipe("lib", "9.0.0")], active)
    resolved = resolve(G, {"a": "1.0.0"}, {"thinggroup/o": {"b": "1.0.0"}}, store)
    assert versions(resolved) == {"a": "1.0.0", "b": "1.0.0", "lib": "1.0.0"}
    assert [name for name, _, _ in store.asked] == ["a"]


def test_a_dependency_of_another_group_moves_when_this_one_needs_it() -> None:
    active = [recipe("b", "1.0.0", {"lib": "*"}), recipe("lib", "1.0.0")]
    store = Versions([recipe("a", "1.0.0", {"lib": "^2.0.0"}), recipe("lib", "2.3.0")], active)
    resolved = resolve(G, {"a": "1.0.0"}, {"thinggroup/o": {"b": "1.0.0"}}, store)
    assert versions(resolved)["lib"] == "2.3.0"


def test_the_active_version_is_what_the_device_would_use_itself() -> None:
    active = [recipe("a", "1.0.0", {"lib": "*"}), recipe("lib", "1.0.0")]
    store = Versions([*active, recipe("lib", "1.1.0")], active, local=[recipe("lib", "1.0.5")])
    resolve(G, {"a": "1.0.0"}, {}, store)
    assert store.asked == [("a", "1.0.0", {G: "=1.0.0"}), ("lib", "1.0.0", {"a": "*"})]


def test_what_the_cloud_has_lost_is_taken_from_the_device() -> None:
    local = [recipe("lib", version) for version in ("1.0.0", "1.9.0", "1.10.0", "2.0.0")]
    store = Versions([recipe("a", "1.0.0", {"lib": "^1.0.0"})], local=local)
    assert versions(resolve(G, {"a": "1.0.0"}, {}, store))["lib"] == "1.10.0"


def test_a_refusal_of_the_cloud_is_made_up_for_by_the_device() -> None:
    store = Versions([], active=[recipe("a", "1.0.0")])
    store.cloud_error = DeploymentError("no", "CLOUD_API_ERROR")
    assert versions(resolve(G, {"a": "1.0.0"}, {}, store)) == {"a": "1.0.0"}


def test_a_refusal_of_the_cloud_without_a_local_version_is_told() -> None:
    store = Versions([])
    store.cloud_error = DeploymentError("no", "CLOUD_API_ERROR", "ACCESS_DENIED")
    with pytest.raises(DeploymentError, match="no"):
        resolve(G, {"a": "1.0.0"}, {}, store)


@pytest.mark.parametrize(
    ("pins", "others", "active", "named"),
    [
        pytest.param({"a": "1.0.0"}, {}, [], "a version constraints: thinggroup/g requires =1.0.0.", id="missing"),
        pytest.param(
            {"c": "1.0.0"},
            {"thinggroup/o": {"c": "2.0.0"}},
            ["2.0.0"],
            "c version constraints: thinggroup/g requires =1.0.0, thinggroup/o requires =2.0.0.",
            id="two groups",
        ),
        pytest.param(
            {"x": "1.0.0", "c": "1.0.0"},
            {},
            [],
            "c version constraints: thinggroup/g requires =1.0.0, x requires ^2.0.0.",
            id="a root and a range",
        ),
        pytest.param(
            {"x": "1.0.0"},
            {"thinggroup/o": {"c": "1.0.0"}},
            ["1.0.0"],
            "c version constraints: thinggroup/o requires =1.0.0, x requires ^2.0.0.",
            id="another group and a range",
        ),
        pytest.param(
            {"x": "1.0.0"},
            {"thinggroup/o": {"c": "1.0.0"}},
            [],
            "c version constraints: thinggroup/o requires =1.0.0.",
            id="another group's component is not there",
        ),
    ],
)
def test_a_conflict_names_the_component_and_who_requires_what(
    pins: dict[str, str], others: dict[str, dict[str, str]], active: list[str], named: str
) -> None:
    cloud = [recipe("c", "1.0.0"), recipe("c", "2.0.0"), recipe("x", "1.0.0", {"c": "^2.0.0"})]
    store = Versions(cloud, [recipe("c", version) for version in active])
    with pytest.raises(DeploymentError) as caught:
        resolve(G, pins, others, store)
    assert str(caught.value).startswith("No local or cloud component version satisfies the requirements ")
    assert str(caught.value).endswith(f"Component {named}")
    assert report(caught.value) == (
        ["DEPLOYMENT_FAILURE", "NO_AVAILABLE_COMPONENT_VERSION", "COMPONENT_VERSION_REQUIREMENTS_NOT_MET"],
        ["REQUEST_ERROR"],
    )


def test_a_range_that_is_none_satisfies_nothing() -> None:
    store = Versions([recipe("a", "1.0.0", {"lib": ">>1"}), recipe("lib", "2.0.0")])
    with pytest.raises(DeploymentError, match="a requires >>1"):
        resolve(G, {"a": "1.0.0"}, {}, store)


def test_a_circle_of_dependencies_is_refused() -> None:
    store = Versions(
        [recipe("a", "1.0.0", {"b": "*"}), recipe("b", "1.0.0", {"c": "*"}), recipe("c", "1.0.0", {"a": "*"})]
    )
    with pytest.raises(DeploymentError, match="a -> b -> c -> a") as caught:
        resolve(G, {"a": "1.0.0"}, {}, store)
    assert "COMPONENT_CIRCULAR_DEPENDENCY_ERROR" in report(caught.value)[0]


def test_versions_that_chase_one_another_settle_and_what_was_lowered_is_not_raised_again() -> None:
    store = Versions(
        [
            recipe("a", "1.0.0", {"b": "*", "c": "*"}),
            recipe("b", "2.0.0", {"c": "<2.0.0"}),
            recipe("b", "1.0.0"),
            recipe("c", "2.0.0"),
            recipe("c", "1.0.0", {"b": "<2.0.0"}),
        ]
    )
    assert versions(resolve(G, {"a": "1.0.0"}, {}, store)) == {"a": "1.0.0", "b": "1.0.0", "c": "1.0.0"}


def test_a_diamond_is_no_circle() -> None:
    store = Versions(
        [recipe("a", "1.0.0", {"b": "*", "c": "*"}), recipe("b", "1.0.0", {"d": "*"}), recipe("c", "1.0.0", {"d": "*"}),
         recipe("d", "1.0.0")]
    )  # fmt: skip
    assert set(resolve(G, {"a": "1.0.0"}, {}, store)) == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("active", "pins", "allowed"),
    [
        pytest.param("2.14.0", {}, True, id="a patch comes by itself"),
        pytest.param("2.13.0", {}, False, id="a minor version must be named"),
        pytest.param("1.0.0", {}, False, id="a major version must be named"),
        pytest.param("2.13.0", {"nucleus": "2.14.3"}, True, id="named"),
    ],
)
def test_another_nucleus_must_be_named(active: str, pins: dict[str, str], allowed: bool) -> None:  # noqa: FBT001
    cloud = [recipe("a", "1.0.0", {"nucleus": ">=1.0.0"}), recipe("nucleus", "2.14.3", kind=NUCLEUS_TYPE)]
    store = Versions(cloud, [recipe("nucleus", active, kind=NUCLEUS_TYPE)])
    if allowed:
        assert versions(resolve(G, {"a": "1.0.0", **pins}, {}, store))["nucleus"] == "2.14.3"
    else:
        with pytest.raises(DeploymentError, match=f"update the nucleus from nucleus-{active} to nucleus-2.14.3"):
            resolve(G, {"a": "1.0.0", **pins}, {}, store)


def test_two_nuclei_are_refused() -> None:
    store = Versions([recipe("n", "1.0.0", kind=NUCLEUS_TYPE), recipe("m", "1.0.0", kind=NUCLEUS_TYPE)])
    with pytest.raises(DeploymentError, match=r"more than 1 component of type Nucleus \[m-1.0.0, n-1.0.0\]"):
        resolve(G, {"n": "1.0.0", "m": "1.0.0"}, {}, store)


def test_an_empty_deployment_leaves_the_other_groups() -> None:
    store = Versions([], [recipe("b", "1.0.0")])
    assert versions(resolve(G, {}, {"thinggroup/o": {"b": "1.0.0"}}, store)) == {"b": "1.0.0"}
    assert resolve(G, {}, {}, store) == {}
