"""A Greengrass recipe (format 2020-01-25), strict where AWS's published JSON schema is lax.

The published schema lets through what only a device refuses, or nobody: an unknown lifecycle step, run and startup
together, no manifests, a version that is none, unknown keys in a manifest or artifact, http:// artifacts, a step
without a script. Here each is an error at its line. Left out on purpose: ``Selections`` and lifecycles keyed by
selection, which AWS has for Lambda components; a manifest says what it does itself.

Rules and defaults: AWS IoT Greengrass V2 developer guide, component recipe reference; the nucleus's own parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edgewright.canonical import canonical_json
from edgewright.catalog.types import (
    CATALOG_URI,
    FORMAT_VERSION,
    Attributes,
    Environment,
    FormatVersion,
    Name,
    RangeText,
    Seconds,
    Sha256,
    SkipIf,
    TypeOfComponent,
    Uri,
    Version,
    refuse,
    some,
)
from edgewright.source import Document, Problem
from edgewright.validation import Parsed, parse
from edgewright.versions import Range

STEPS = ("bootstrap", "install", "startup", "run", "shutdown", "recover")
MAX_BYTES = 16_000
"""Of a recipe once its artifact URIs are final: what gdk refuses; the nucleus lite takes 16 KiB."""
_LONGEST_BUCKET = 63

# --- the model -------------------------------------------------------------------------------------------------


class _Model(BaseModel):
    """Immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Step(_Model):
    """One lifecycle step. A plain string is its script. ``Timeout`` is in seconds."""

    Script: str = Field(examples=["COMMAND"])
    RequiresPrivilege: bool = False
    Skipif: SkipIf | None = None
    Timeout: Seconds | None = None
    Setenv: Environment = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _script(cls, value: Any) -> Any:
        step = {"Script": value} if isinstance(value, str) else value
        if not isinstance(step, dict):
            refuse("must be a script, or a mapping with Script", "write the command to run")
        if isinstance(step.get("Script"), str) and not step["Script"].strip():
            refuse("has an empty script", "write the command to run, or remove the step")
        return step


class Steps(_Model):
    """What a component does when. Step names are lower case: the nucleus lite reads no other."""

    Setenv: Environment = Field(default_factory=dict)
    bootstrap: Step | None = None
    install: Step | None = None
    startup: Step | None = None
    run: Step | None = None
    shutdown: Step | None = None
    recover: Step | None = None

    @model_validator(mode="after")
    def _one_long_step(self) -> Steps:
        if self.run is not None and self.startup is not None:
            refuse("has run and startup, of which the nucleus starts one only", "keep startup where readiness matters")
        return self

    @property
    def steps(self) -> dict[str, Step]:
        """The steps that are there, by name."""
        return {name: step for name in STEPS if (step := getattr(self, name)) is not None}


class FilePermission(_Model):
    """Who may read and execute an artifact on the device. A dependent component that reads it needs Read: ALL."""

    Read: Literal["NONE", "OWNER", "ALL"] = "OWNER"
    Execute: Literal["NONE", "OWNER", "ALL"] = "NONE"


class RecipeArtifact(_Model):
    """A file that a device downloads. ``catalog:FILE`` is a file beside the recipe; the program fills in the URI."""

    URI: Uri = Field(examples=["catalog:FILE"])
    Unarchive: Literal["NONE", "ZIP"] = "NONE"
    Permission: FilePermission = FilePermission()
    Digest: Sha256 | None = None
    Algorithm: Literal["SHA-256"] | None = None

    @model_validator(mode="after")
    def _pinned(self) -> RecipeArtifact:
        if self.URI.startswith("s3://") and self.Digest is None:
            refuse("an s3:// artifact without Digest can change unseen", "add Digest, its SHA-256")
        if self.Unarchive == "ZIP" and self.file is not None and not self.file.endswith(".zip"):
            refuse("Unarchive: ZIP needs a file that ends in .zip", "name the archive FILE.zip")
        return self

    @property
    def file(self) -> str | None:
        """The file beside the recipe that a ``catalog:`` URI names."""
        match = CATALOG_URI.fullmatch(self.URI)
        return match["file"] if match else None


class Manifest(_Model):
    """What a component is on one kind of platform."""

    Name: str | None = None
    Platform: Attributes | None = None
    Lifecycle: Steps | None = None
    Artifacts: tuple[RecipeArtifact, ...] = Field((), strict=False)


class RecipeDependency(_Model):
    """Another component that must be there, in a range of versions."""

    VersionRequirement: RangeText = Field(examples=["^1.0.0"])
    DependencyType: Literal["HARD", "SOFT"] = "HARD"


class Configuration(_Model):
    """What a deployment's merge starts from."""

    DefaultConfiguration: dict[str, Any] = Field(default_factory=dict)


class Dependency(NamedTuple):
    """A dependency as rules use it."""

    requirement: Range
    type: Literal["HARD", "SOFT"]


class Recipe(_Model):
    """A component version, as Greengrass knows it."""

    RecipeFormatVersion: FormatVersion = Field(examples=['"2020-01-25"'])
    ComponentName: Name = Field(examples=["com.acme.parts-model"])
    ComponentVersion: Version = Field(examples=['"1.0.0"'])
    ComponentDescription: str | None = None
    ComponentPublisher: str | None = None
    ComponentType: TypeOfComponent | None = None
    ComponentConfiguration: Configuration = Configuration()
    ComponentDependencies: dict[Name, RecipeDependency] = Field(default_factory=dict)
    Lifecycle: Steps | None = None
    Manifests: Annotated[tuple[Manifest, ...], Field(strict=False), some] = Field(description="at least one manifest")

    @property
    def dependencies(self) -> dict[str, Dependency]:
        """The direct dependencies by name."""
        return {
            name: Dependency(Range.parse(each.VersionRequirement), each.DependencyType)
            for name, each in self.ComponentDependencies.items()
        }

    @property
    def platforms(self) -> tuple[dict[str, str], ...]:
        """The platform of each manifest in order; an empty one matches every device."""
        return tuple(dict(each.Platform or {}) for each in self.Manifests)

    @property
    def artifacts(self) -> tuple[RecipeArtifact, ...]:
        """The artifacts of all manifests, in order, each URI once."""
        return tuple({each.URI: each for manifest in self.Manifests for each in manifest.Artifacts}.values())

    def lifecycle(self, manifest: Manifest) -> Steps:
        """What a manifest's devices run: its own lifecycle, else the recipe's."""
        return manifest.Lifecycle or self.Lifecycle or _NOTHING


_NOTHING = Steps()

# --- reading ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """A recipe as far as it could be read."""

    recipe: Recipe | None
    """None when something is wrong with its shape."""
    problems: tuple[Problem, ...]
    parsed: Parsed[Recipe]
    """With what is left of a recipe in which something is wrong, so that other rules can speak in the same run."""


def read_recipe(document: Document) -> Read:
    """Turn a document into a recipe, with every problem of its shape. Never raises for bad content."""
    parsed = parse(Recipe, document)
    problems = list(parsed.problems)
    if isinstance(document.value, dict):
        problems += _format_version(document, document.value)
    if parsed.model is not None and not problems:
        problems += _size(document, parsed.model)
    return Read(None if problems else parsed.model, tuple(problems), parsed)


def _format_version(document: Document, value: dict[str, Any]) -> list[Problem]:
    """Without quotes our reader sees text, but PyYAML and others make a date of it, and gdk then sends that."""
    path = ("RecipeFormatVersion",)
    if value.get("RecipeFormatVersion") != FORMAT_VERSION or document.shown(path).startswith('"'):
        return []
    return [
        document.problem(
            path, "many YAML readers take this for a date", got=document.shown(path), remedy="put quotes around it"
        )
    ]


def _size(document: Document, recipe: Recipe) -> list[Problem]:
    """The largest the recipe can become: with the longest bucket name and the catalog's content-addressed keys."""
    size = len(canonical_json(document.value).encode())
    for manifest in recipe.Manifests:
        for artifact in manifest.Artifacts:
            if artifact.file is not None:
                longest = f"s3://{'b' * _LONGEST_BUCKET}/components/{recipe.ComponentName}/{'0' * 64}/{artifact.file}"
                size += len(longest) - len(artifact.URI)
    if size <= MAX_BYTES:
        return []
    message = f"a recipe may have {MAX_BYTES} bytes once its artifact URIs are filled in"
    return [document.problem((), message, got=f"{size}", remedy="move scripts into an artifact and call them")]
