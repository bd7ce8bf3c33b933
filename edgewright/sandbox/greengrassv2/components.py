"""Component versions: made once, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.greengrassv2 import artifacts, public, recipes
from edgewright.sandbox.greengrassv2.exceptions import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from edgewright.sandbox.greengrassv2.recipes import RecipeError
from edgewright.versions import Range, newest_first

PUBLIC_OWNER = "aws"


@dataclass
class ComponentVersion:
    """A version of a component, in one account and Region, or of AWS."""

    arn: str
    name: str
    version: str
    recipe: Mapping[str, Any]
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "DEPLOYABLE"
    code: bytes | None = None
    """The service's copy of a Lambda function's code."""
    fresh: bool = False
    """Not asked for since it was made: the answer to the creation still says REQUESTED."""

    def status(self) -> dict[str, Any]:
        """``CloudComponentStatus``."""
        state = "REQUESTED" if self.fresh else self.state
        self.fresh = False
        messages = {"REQUESTED": "NONE", "DEPLOYABLE": "NONE"}
        return {"componentState": state, "message": messages[state], "errors": {}, "vendorGuidance": "ACTIVE"}

    def created_json(self) -> dict[str, Any]:
        """The answer of CreateComponentVersion."""
        self.fresh = True
        return {
            "arn": self.arn,
            "componentName": self.name,
            "componentVersion": self.version,
            "creationTimestamp": self.created,
            "status": self.status(),
        }

    def described_json(self) -> dict[str, Any]:
        """The answer of DescribeComponent."""
        return {
            "arn": self.arn,
            "componentName": self.name,
            "componentVersion": self.version,
            "creationTimestamp": self.created,
            "publisher": self.recipe.get("ComponentPublisher"),
            "description": self.recipe.get("ComponentDescription"),
            "status": self.status(),
            "platforms": recipes.platforms(self.recipe),
            "tags": self.tags or None,
        }


def component_arn(region: str, owner: str, name: str, version: str = "") -> str:
    """The ARN of a component, or of a version of it."""
    arn = f"arn:aws:greengrass:{region}:{owner}:components:{name}"
    return f"{arn}:versions:{version}" if version else arn


class Components:
    """The private component versions of an account and Region, and sight of the public ones."""

    def __init__(self, region: str, account: str) -> None:
        self.region = region
        self.account = account
        self._private: dict[str, dict[str, ComponentVersion]] = {}
        self._public: dict[str, dict[str, ComponentVersion]] = {
            name: {
                version: ComponentVersion(
                    component_arn(region, PUBLIC_OWNER, name, version), name, version, recipe, public.PUBLISHED
                )
                for version, recipe in versions.items()
            }
            for name, versions in public.recipes().items()
        }

    def create(
        self, text: bytes, tags: Mapping[str, str], caller: Principal, code: bytes | None = None
    ) -> ComponentVersion:
        """CreateComponentVersion from an inline recipe, or from what the service wrote for a function with ``code``.

        Raises:
            ValidationException: the recipe is not valid, or an artifact cannot be read.
            ConflictException: the version is there already.
        """
        try:
            recipe = recipes.parse(text)
        except RecipeError as error:
            raise ValidationException(f"Invalid Input: {error}") from error
        name, version = recipe["ComponentName"], recipe["ComponentVersion"]
        if name in self._public:
            raise AccessDeniedException(f"Component [{name}] is owned by AWS and can't be created")
        present = self._private.get(name, {})
        if version in present:
            raise ConflictException(
                f"Component [{name} : {version}] for account [{self.account}] already exists"
                + (" and can't be created again with tags" if tags else ""),
                name,
                "COMPONENT",
            )
        _check_dependencies(recipe)
        self._seal(recipe, caller, code)
        made = ComponentVersion(
            component_arn(self.region, self.account, name, version),
            name,
            version,
            recipe,
            datetime.now(UTC),
            dict(tags),
            code=code,
        )
        self._private.setdefault(name, {})[version] = made
        return made

    def _seal(self, recipe: dict[str, Any], caller: Principal, code: bytes | None) -> None:
        errors = {}
        for artifact in recipes.artifacts(recipe):
            location = recipes.location(artifact["Uri"])
            if location is None and code is not None:
                artifact["Digest"], artifact["Algorithm"] = artifacts.digest_of(code), recipes.ALGORITHM
            if location is None:
                continue
            digest = artifacts.digest(location, self.region, caller)
            if digest is None:
                errors[artifact["Uri"]] = artifacts.UNREADABLE
            else:
                artifact["Digest"], artifact["Algorithm"] = digest, recipes.ALGORITHM
        if errors:
            listed = ", ".join(f"{uri} = {text}" for uri, text in errors.items())
            raise ValidationException(f"Invalid Input: Encountered following errors in Artifacts: {{{listed}}}")

    def stamp(self) -> int:
        """A number that is another one after a version was made or deleted."""
        held = (found for versions in self._private.values() for found in versions.values())
        return hash(frozenset((found.arn, found.created) for found in held))

    def find(self, arn: str) -> ComponentVersion:
        """The component version of an ARN.

        Raises:
            ResourceNotFoundException: it is not there, or belongs to another account.
        """
        region, owner, name, version = _split(arn)
        held = self._public if owner == PUBLIC_OWNER else self._private if owner == self.account else {}
        found = held.get(name, {}).get(version) if region == self.region else None
        if found is None:
            raise ResourceNotFoundException(f"Component [{arn}] cannot be found", arn, "COMPONENT")
        return found

    def lookup(self, name: str, version: str) -> ComponentVersion | None:
        """A version by name: the account's own ones come first."""
        return self._private.get(name, {}).get(version) or self._public.get(name, {}).get(version)

    def delete(self, arn: str) -> None:
        """DeleteComponent; nothing stops the deletion of a version that is deployed (developer guide)."""
        found = self.find(arn)
        if found.arn.split(":")[4] == PUBLIC_OWNER:
            raise AccessDeniedException(f"Component [{arn}] is owned by AWS and can't be deleted")
        del self._private[found.name][found.version]
        if not self._private[found.name]:
            del self._private[found.name]

    def listed(self, scope: str) -> list[dict[str, Any]]:
        """ListComponents: each with its greatest version."""
        held = self._public if scope == "PUBLIC" else self._private
        owner = PUBLIC_OWNER if scope == "PUBLIC" else self.account
        found = []
        for name in sorted(held):
            latest = held[name][newest_first(held[name])[0]]
            summary = {
                "arn": latest.arn,
                "componentVersion": latest.version,
                "creationTimestamp": latest.created,
                "description": latest.recipe.get("ComponentDescription"),
                "publisher": latest.recipe.get("ComponentPublisher"),
                "platforms": recipes.platforms(latest.recipe),
            }
            arn = component_arn(self.region, owner, name)
            found.append({"arn": arn, "componentName": name, "latestVersion": summary})
        return found

    def versions(self, arn: str) -> list[dict[str, Any]]:
        """ListComponentVersions: the greatest first."""
        region, owner, name, _ = _split(arn)
        held = self._public if owner == PUBLIC_OWNER else self._private if owner == self.account else {}
        found = held.get(name) if region == self.region else None
        if not found:
            raise ResourceNotFoundException(f"Component [{arn}] cannot be found", arn, "COMPONENT")
        return [
            {"componentName": name, "componentVersion": version, "arn": found[version].arn}
            for version in newest_first(found)
        ]

    def resolve(self, candidates: Iterable[Mapping[str, Any]], platform: Mapping[str, str]) -> list[dict[str, Any]]:
        """ResolveComponentCandidates: for each the greatest version that all its requirements allow.

        Raises:
            ResourceNotFoundException: there is none for one of them.
        """
        return [self._resolve(candidate, platform) for candidate in candidates]

    def _resolve(self, candidate: Mapping[str, Any], platform: Mapping[str, str]) -> dict[str, Any]:
        name = candidate.get("componentName", "")
        requirements = candidate.get("versionRequirements") or {}
        try:
            ranges = [Range.parse(text.replace("==", "=")) for text in requirements.values()]
        except ValueError as error:
            raise ValidationException(f"Invalid version requirement: {error}") from error
        held = {**self._public.get(name, {}), **self._private.get(name, {})}
        for version in newest_first(held):
            if all(r.allows(version) for r in ranges) and recipes.supports(held[version].recipe, platform):
                found = held[version]
                return {
                    "arn": found.arn,
                    "componentName": name,
                    "componentVersion": version,
                    "recipe": recipes.dump(found.recipe, "JSON"),
                    "vendorGuidance": "ACTIVE",
                }
        wanted = ", ".join(f"{who} requires {what}" for who, what in requirements.items())
        raise ResourceNotFoundException(
            f"No version of component {name} satisfies the requirements: {wanted or 'none'}", name, "COMPONENT"
        )


def _check_dependencies(recipe: Mapping[str, Any]) -> None:
    for name, wanted in (recipe.get("ComponentDependencies") or {}).items():
        text = wanted.get("VersionRequirement") if isinstance(wanted, dict) else None
        try:
            Range.parse(str(text))
        except ValueError as error:
            raise ValidationException(f"Invalid Input: the dependency {name}: {error}") from error


def _split(arn: str) -> tuple[str, str, str, str]:
    parts = arn.split(":")
    return parts[3], parts[4], parts[6], parts[8] if len(parts) > 8 else ""
