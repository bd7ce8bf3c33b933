"""One reading of the catalog: its folders, the versions in them, the lock that they are held against.

Here every version's files meet (recipe or ``lambda.yaml``, sidecar, settings of a compilation, lock); what is wrong
inside one file is judged in the module of that file. Longer than others by a little, because each step of a reading
adds to what the next one may say: a folder that differs from its lock is told as that and as nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from edgewright.canonical import digest
from edgewright.catalog import onnx_file, variables
from edgewright.catalog.component import CatalogVersion, archived
from edgewright.catalog.edge_model import SETTINGS_SCHEMA
from edgewright.catalog.edge_source import EdgeSource, read_source
from edgewright.catalog.files import Folder, read_folder, sha256_of
from edgewright.catalog.lambda_component import LambdaComponent, check_code, read_lambda
from edgewright.catalog.lambda_lint import LambdaLinter
from edgewright.catalog.lint import Linter
from edgewright.catalog.lock import LOCK_FILE, Entry, Key, Lock, read_lock
from edgewright.catalog.recipe import Recipe, read_recipe
from edgewright.catalog.relations import check_relations
from edgewright.catalog.sidecar import Sidecar, read_sidecar
from edgewright.source import Document, Problem, load_file
from edgewright.versions import is_version, newest_first, parse_version

CATALOG = "catalog"
UNLOCKED = "is not in catalog.lock"
_FUNCTION = "lambda-function"
LOST = {True: "is empty, and the catalog has versions", False: "is gone, and the catalog has versions"}
RECIPE = "recipe.yaml"
LAMBDA = "lambda.yaml"
LAMBDA_SCHEMA = "lambda.schema.json"
"""For editors, beside the components."""
SIDECAR = "component.yaml"
NEW_CATALOG = "edgewright component lock --new-catalog"
_BESIDE_COMPONENTS = frozenset(
    (LAMBDA_SCHEMA, SETTINGS_SCHEMA, "README.md", ".gitkeep", ".gitattributes", ".gitignore", ".DS_Store")
)


class Content(NamedTuple):
    """What was found; the fields of `Catalog` after its root."""

    problems: tuple[Problem, ...]
    broken: frozenset[Key]
    lock: Lock
    versions: Mapping[Key, CatalogVersion]
    sources: Mapping[Key, EdgeSource]


class Reader:
    """One reading of a catalog; what is wrong is noted and the reading goes on."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = read_lock(root)
        self._problems: list[Problem] = list(self._lock.problems)
        self._versions: dict[Key, CatalogVersion] = {}
        self._broken: set[Key] = set()
        self._sources: dict[Key, EdgeSource] = {}
        self._drafts: set[Key] = set()
        self._seen: set[Key] = set()
        self._changed: set[str] = set()
        """Folders that differ from the lock: whatever else is wrong in them is gone once they are restored."""

    def read(self) -> Content:
        """Read everything; call it once."""
        catalog = self._root / CATALOG
        for name in self._folders(catalog, CATALOG):
            for version in self._folders(catalog / name, f"{CATALOG}/{name}"):
                try:
                    self._version(name, version)
                except OSError as error:
                    self._broken.add((name, version))
                    shown = f"{CATALOG}/{name}/{version}"
                    self._add(shown, f"cannot be read: {error.strerror}", "make its files readable", got=error.filename)
        if not self._lock.problems:
            gone = [entry for key, entry in self._lock.entries.items() if key not in self._seen]
            self._broken.update((entry.name, entry.version) for entry in gone)
            if gone and not self._seen:
                remedy = f"restore it from Git: git checkout -- {CATALOG}"
                self._add(CATALOG, f"has no versions, and {LOCK_FILE} has {len(gone)}", remedy)
            else:
                self._problems += map(_vanished, gone)
        order = sorted(self._versions, key=lambda key: (key[0], parse_version(key[1]), key[1]))
        versions = {key: self._versions[key] for key in order}
        for problem in check_relations(versions.values(), self._broken):
            if problem.file.rpartition("/")[0] not in self._changed:
                self._problems.append(problem)
        if not self._lock.problems:
            self._unlocked()
        problems = tuple(sorted(self._problems, key=lambda each: each.order))
        return Content(problems, frozenset(self._broken), self._lock, versions, self._sources)

    def _folders(self, path: Path, shown: str) -> list[str]:
        """The folders in ``path``; anything else is a problem."""
        if not path.is_dir():
            return []
        names = []
        for entry in sorted(path.iterdir()):
            if entry.is_symlink() or not entry.is_dir():
                if entry.name not in _BESIDE_COMPONENTS:
                    what = "is a symbolic link" if entry.is_symlink() else "is no folder"
                    self._add(f"{shown}/{entry.name}", what, f"keep only {CATALOG}/NAME/VERSION/ folders here")
            elif not entry.name.startswith("."):
                names.append(entry.name)
        return names

    def _version(self, name: str, version: str) -> None:
        shown = f"{CATALOG}/{name}/{version}"
        if not is_version(version):
            self._add(shown, "is not named by a version", "name the folder MAJOR.MINOR.PATCH, such as 1.0.0")
            return
        self._seen.add((name, version))
        folder = read_folder(self._root / CATALOG / name / version)
        start = len(self._problems)
        entry = self._read_version(name, version, folder)
        locked = None if self._lock.problems else self._lock.entries.get((name, version))
        changes = list(self._changes(locked, entry, folder)) if locked else []
        if changes or (locked and folder.refused):
            self._changed.add(shown)
            self._problems[start:] = changes
        for file, why in folder.refused.items():
            self._add(f"{shown}/{file}", why, "restore it from Git" if locked else "put a plain file in its place")

    def _read_version(self, name: str, version: str, folder: Folder) -> Entry:
        """Note every problem of a version itself; return what its files amount to."""
        shown = f"{CATALOG}/{name}/{version}"
        if LAMBDA in folder.files:
            return self._read_lambda(name, version, folder)
        sidecar = self._sidecar((name, version), folder, shown)
        source, found = read_source(name, version, folder, shown, sidecar)
        self._problems += found
        if source is not None:
            self._sources[name, version] = source
        if RECIPE not in folder.files:
            self._broken.add((name, version))
            if not {RECIPE, LAMBDA} & set(folder.refused) and source is None and not found:
                what = f"has no {RECIPE} and no {LAMBDA}"
                other = next((each for each in ("recipe.json", "recipe.yml") if each in folder.files), None)
                remedy = (
                    f"rename {other} to {RECIPE}, which may hold JSON too"
                    if other
                    else "add one, or delete the folder if it was never published"
                )
                self._add(shown, what, remedy)
            return self._entry(name, version, folder, None)
        document = load_file(folder.files[RECIPE], f"{shown}/{RECIPE}")
        entry = self._entry(name, version, folder, document.value)
        read = read_recipe(document)
        self._problems += read.problems
        if read.parsed.model is not None:
            self._problems += variables.check(read.parsed, read.parsed.model)
            linter = Linter(read.parsed, read.parsed.model, sidecar)
            self._problems += linter.problems()
            self._problems += linter.in_files(folder.files, shown)
            self._problems += onnx_file.problems(folder.files, sidecar, shown)
            self._unused(linter.unused if read.recipe is not None else (), shown)
        if read.recipe is None:
            self._broken.add((name, version))
            return entry
        recipe = read.recipe
        self._named(document, {"ComponentName": recipe.ComponentName, "ComponentVersion": recipe.ComponentVersion})
        self._files(document, recipe, folder, shown, source.beside if source else folder.files if found else ())
        if sidecar is not None and sidecar.kind == _FUNCTION:
            self._add(f"{shown}/{SIDECAR}", f"says {_FUNCTION}, which is made from {LAMBDA}", "write another kind")
        self._keep(entry, folder, recipe, document, sidecar)
        return entry

    def _read_lambda(self, name: str, version: str, folder: Folder) -> Entry:
        """The same for a version that is made from a Lambda function."""
        shown = f"{CATALOG}/{name}/{version}"
        document = load_file(folder.files[LAMBDA], f"{shown}/{LAMBDA}")
        entry = self._entry(name, version, folder, document.value)
        parsed = read_lambda(document)
        self._problems += parsed.problems
        sidecar = self._sidecar((name, version), folder, shown)
        function = parsed.model
        if RECIPE in folder.files:
            self._add(f"{shown}/{LAMBDA}", f"is beside {RECIPE}, and a version is made from one of them", "delete one")
        if function is not None:
            code = archived(folder, function.archive)
            self._problems += check_code(parsed, function, code, shown)
            linter = LambdaLinter(parsed, function, sidecar)
            self._problems += linter.problems()
            self._problems += linter.in_files(folder.files, shown)
            self._unused(linter.unused if not parsed.problems else (), shown)
        if function is None or parsed.problems or RECIPE in folder.files:
            self._broken.add((name, version))
            return entry
        self._named(document, {"name": function.name, "version": function.version})
        for file in folder.files:
            if file not in (LAMBDA, SIDECAR) and not file.startswith(f"{function.code}/"):
                remedy = f"move it to {function.code}/, or delete it"
                self._add(f"{shown}/{file}", "is no part of the function's code, so no device gets it", remedy)
        if sidecar is not None and sidecar.kind != _FUNCTION:
            message = f"is beside {LAMBDA} and does not say kind: {_FUNCTION}"
            self._add(f"{shown}/{SIDECAR}", message, f"write kind: {_FUNCTION}", got=sidecar.kind)
        self._keep(entry, folder, function, document, sidecar)
        return entry

    def _keep(
        self,
        entry: Entry,
        folder: Folder,
        content: Recipe | LambdaComponent,
        document: Document,
        sidecar: Sidecar | None,
    ) -> None:
        path = self._root / CATALOG / entry.name / entry.version
        self._versions[entry.name, entry.version] = CatalogVersion(
            entry.name, entry.version, path, content, document, entry, sidecar, self._root, folder
        )

    def _unused(self, rules: Iterable[str], shown: str) -> None:
        for rule in rules:
            message = f"justification.{rule} excuses nothing"
            self._add(f"{shown}/{SIDECAR}", message, "remove it", severity="warning")

    def _sidecar(self, key: Key, folder: Folder, shown: str) -> Sidecar | None:
        if SIDECAR not in folder.files:
            return None
        sidecar, problems = read_sidecar(load_file(folder.files[SIDECAR], f"{shown}/{SIDECAR}"))
        self._problems += problems
        if sidecar is not None and sidecar.draft:
            self._drafts.add(key)
        return sidecar

    def _named(self, document: Document, said_by: Mapping[str, str]) -> None:
        """What a file says of its name and version, by their keys, is what its folders say."""
        folders = document.file.split("/")[1:3]
        for (key, said), folder in zip(said_by.items(), folders, strict=True):
            if said != folder:
                message = f"is not what its folder says, which is {folder}"
                remedy = f'write "{folder}", or move the folder'
                self._problems.append(document.problem((key,), message, got=document.shown((key,)), remedy=remedy))

    def _files(
        self, document: Document, recipe: Recipe, folder: Folder, shown: str, beside: Iterable[str] = ()
    ) -> None:
        """Every artifact has its file, and every file its artifact, or its use ``beside`` them."""
        used = {RECIPE, SIDECAR, *beside}
        for number, manifest in enumerate(recipe.Manifests):
            for place, artifact in enumerate(manifest.Artifacts):
                file = artifact.file
                if file is None:
                    continue
                path = ("Manifests", number, "Artifacts", place, "URI")
                inside = archived(folder, file)
                if file in folder.files:
                    used.add(file)
                elif inside:
                    prefix = file.removesuffix(".zip")
                    used |= {f"{prefix}/{each}" for each in inside}
                elif not any(
                    each == file or each.startswith(file.removesuffix(".zip") + "/") for each in folder.refused
                ):
                    also = f", or a folder {file.removesuffix('.zip')}/ to be packed" if file.endswith(".zip") else ""
                    message = f"there is no {shown}/{file}"
                    remedy = f"put the file beside the recipe{also}"
                    self._problems.append(document.problem(path, message, got=f"catalog:{file}", remedy=remedy))
        for file in folder.files:
            if file not in used:
                uri = f"catalog:{file.partition('/')[0]}.zip" if "/" in file else f"catalog:{file}"
                remedy = f"add {uri} to Artifacts, or delete it"
                self._add(f"{shown}/{file}", "is in no artifact of the recipe, so no device gets it", remedy)

    def _entry(self, name: str, version: str, folder: Folder, recipe: Any) -> Entry:
        files = {file: f"sha256:{sha256_of(path)}" for file, path in folder.files.items()}
        return Entry(name, version, digest(recipe), files)

    def _unlocked(self) -> None:
        """Versions that are not locked say how to publish them, unless that would be refused for what is wrong."""
        new = sorted(key for key in self._seen if key not in self._lock.entries and key not in self._drafts)
        if new and not self._lock.entries:
            remedy = f"restore it from Git: git checkout -- {LOCK_FILE} (only a new catalog has none: {NEW_CATALOG})"
            self._add(LOCK_FILE, LOST[(self._root / LOCK_FILE).exists()], remedy)
            return
        faulty = [problem.file for problem in self._problems if problem.severity == "error"]
        for name, version in new:
            shown = f"{CATALOG}/{name}/{version}"
            if not any(file == shown or file.startswith(shown + "/") for file in faulty):
                found = self._versions.get((name, version))
                file = RECIPE if found is None or found.function is None else LAMBDA
                self._add(f"{shown}/{file}", UNLOCKED, "run: edgewright component lock")

    def _changes(self, locked: Entry, found: Entry, folder: Folder) -> Iterator[Problem]:
        """In what a version is not as it was published; a file that is refused is told as that."""
        name, version = locked.name, locked.version
        shown = f"{CATALOG}/{name}/{version}"
        new = f"{CATALOG}/{name}/{self._next(name)}/"
        remedy = f"a published version never changes: restore it, and make a new folder {new} for the change"
        for file in sorted({*found.files, *locked.files}):
            now, then = found.files.get(file), locked.files.get(file)
            if now == then or any(file == each or file.startswith(each + "/") for each in folder.refused):
                continue
            if now is None:
                message, got = f"was published with {name}@{version} and is gone", f"nothing, locked is {then}"
            elif then is None:
                message, got = f"was not published with {name}@{version}", now
            else:
                message, got = f"is not what was published with {name}@{version}", f"{now}, locked is {then}"
            yield Problem(f"{shown}/{file}", 1, 1, "", message, got, remedy)
        same = all(locked.files.get(file) == found.files.get(file) for file in (RECIPE, LAMBDA))
        if same and locked.recipe != found.recipe:
            message = f"the recipe of {name}@{version} does not have the digest of its locked text"
            got = f"{locked.recipe}, found {found.recipe}"
            yield Problem(LOCK_FILE, locked.line, 1, "", message, got, "restore catalog.lock from Git")

    def _next(self, name: str) -> str:
        """The version after the newest that is taken."""
        folder = self._root / CATALOG / name
        taken = [each.name for each in folder.iterdir() if is_version(each.name)]
        taken += [version for each, version in self._lock.entries if each == name]
        newest = parse_version(newest_first(taken)[0])
        return str(newest.next_patch())

    def _add(self, file: str, message: str, remedy: str, *, got: str | None = None, severity: Any = "error") -> None:
        self._problems.append(Problem(file, 1, 1, "", message, got, remedy, severity))


def _vanished(entry: Entry) -> Problem:
    message = f"{entry.name}@{entry.version} was published and its folder is gone"
    remedy = f"restore {CATALOG}/{entry.name}/{entry.version}/ from Git: devices may be told to go back to it"
    return Problem(LOCK_FILE, entry.line, 1, "", message, None, remedy)
