"""A private component version: its recipe or Lambda function, its files, what it amounts to, what devices download."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from edgewright.catalog.files import Folder, build_archive
from edgewright.catalog.lambda_component import LambdaComponent
from edgewright.catalog.lock import Entry
from edgewright.catalog.recipe import Dependency, Recipe, RecipeArtifact
from edgewright.catalog.sidecar import Sidecar
from edgewright.errors import EdgewrightError
from edgewright.source import Document

STORE = (".edgewright", "artifacts")


@dataclass(frozen=True)
class Artifact:
    """A file that a device downloads: a file of the version's folder, or an archive of a folder in it."""

    file: str
    path: Path
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class CatalogVersion:
    """One private component version."""

    name: str
    version: str
    folder: Path
    content: Recipe | LambdaComponent
    """What Greengrass makes it from."""
    document: Document
    """Of that, as it is written, with its places."""
    entry: Entry
    """What the files on disk amount to; the same as in the lock, unless a problem says otherwise."""
    sidecar: Sidecar | None
    _root: Path
    _files: Folder

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of the canonical recipe and of the files that it ships."""
        return self.entry.digest

    @property
    def recipe(self) -> Recipe | None:
        """Its recipe; None of a Lambda function, whose recipe Greengrass writes."""
        return self.content if isinstance(self.content, Recipe) else None

    @property
    def function(self) -> LambdaComponent | None:
        """The Lambda function that it is made from; None where it has a recipe."""
        return self.content if isinstance(self.content, LambdaComponent) else None

    @property
    def dependencies(self) -> dict[str, Dependency]:
        """The direct dependencies by name."""
        return self.content.dependencies if isinstance(self.content, Recipe) else self.content.requirements

    @property
    def platforms(self) -> tuple[dict[str, str], ...]:
        """The platforms that it runs on; an empty one matches every device."""
        return tuple(dict(each) for each in self.content.platforms)

    @property
    def description(self) -> str:
        """What it does, for people; may be empty."""
        found = self.content
        return (found.ComponentDescription or "") if isinstance(found, Recipe) else found.description

    @property
    def downloads(self) -> tuple[RecipeArtifact, ...]:
        """What devices fetch by an address that the recipe says; the code of a Lambda function is none of it."""
        return self.content.artifacts

    @property
    def parts(self) -> frozenset[str]:
        """Which of the five parts of a device it provides."""
        return frozenset(self.sidecar.provides) if self.sidecar else frozenset()

    @property
    def kind(self) -> str | None:
        """What the component is, from its sidecar."""
        return self.sidecar.kind if self.sidecar else None

    @property
    def draft(self) -> bool:
        """Whether it may still change: it is not in the lock then, and no ring may pin it."""
        return self.sidecar is not None and self.sidecar.draft

    @property
    def _shipped(self) -> tuple[str, ...]:
        """The names of the files and archives that this folder is the source of."""
        if self.function is not None:
            return (self.function.archive,)
        return tuple(each.file for each in self.downloads if each.file is not None)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Bytes of what each ``catalog:`` address names; of an archive, of the files in it. No archive is built."""
        sizes = {}
        for file in self._shipped:
            plain = self._files.files.get(file)
            packed = [plain] if plain is not None else archived(self._files, file).values()
            sizes[file] = sum(path.stat().st_size for path in packed)
        return sizes

    @cached_property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The artifacts beside the recipe, in the recipe's order, or a function's code; archives are built now.

        Raises:
            EdgewrightError: an archive cannot be written.
        """
        return tuple(self._artifact(file) for file in self._shipped)

    def rendered_recipe(self, uri_for: Callable[[Artifact], str]) -> dict[str, Any]:
        """Return the recipe as plain JSON, each ``catalog:`` URI replaced by ``uri_for(artifact)``.

        Raises:
            EdgewrightError: it has none, being made from a Lambda function.
        """
        if self.recipe is None:
            msg = (
                f"{self.name} {self.version} is a Lambda function, whose recipe Greengrass writes when it is published"
            )
            raise EdgewrightError(msg)
        uris = {f"catalog:{each.file}": uri_for(each) for each in self.artifacts}
        rendered: dict[str, Any] = copy.deepcopy(self.document.value)
        for manifest in rendered["Manifests"]:
            for artifact in manifest.get("Artifacts") or ():
                artifact["URI"] = uris.get(artifact["URI"], artifact["URI"])
        return rendered

    def _artifact(self, file: str) -> Artifact:
        plain = self._files.files.get(file)
        if plain is not None:
            return Artifact(file, plain, self.entry.files[file].removeprefix("sha256:"), plain.stat().st_size)
        path, sha256 = build_archive(archived(self._files, file), self._root.joinpath(*STORE), file)
        return Artifact(file, path, sha256, path.stat().st_size)


def archived(folder: Folder, file: str) -> dict[str, Path]:
    """Return what ``catalog:<name>.zip`` packs: the files of the folder ``<name>/``, by their path in it."""
    prefix = file.removesuffix(".zip") + "/"
    if not file.endswith(".zip"):
        return {}
    return {name.removeprefix(prefix): path for name, path in folder.files.items() if name.startswith(prefix)}


def archived_by(version: CatalogVersion, artifact: Artifact) -> bool:
    """Whether an artifact is an archive of a folder, not a file of the catalog."""
    return artifact.file not in version.entry.files
