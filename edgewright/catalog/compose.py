"""The compose files that a version ships: their shape, and that what they run is what the recipe says.

Docker is on devices, not here, so the shape is checked by what the Compose Specification allows. What a service runs
has to be an artifact of the recipe: only then is it there before anything starts, does the lock hold its digest, and
does the device's role get the rights to fetch it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Literal

from edgewright.catalog.recipe import Manifest, Recipe
from edgewright.source import Document, Problem, load_file
from edgewright.validation import Parsed, did_you_mean

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
TOP_KEYS = frozenset(
    ("version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs", "jobs")
)
SERVICE_KEYS = frozenset(
    ("annotations", "attach", "blkio_config", "build", "cap_add", "cap_drop", "cgroup", "cgroup_parent", "command",
     "configs", "container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period",
     "cpu_rt_runtime", "cpu_shares", "cpus", "cpuset", "credential_spec", "depends_on", "deploy", "develop",
     "device_cgroup_rules", "devices", "dns", "dns_opt", "dns_search", "domainname", "entrypoint", "env_file",
     "environment", "expose", "extends", "external_links", "extra_hosts", "gpus", "group_add", "healthcheck",
     "hostname", "image", "init", "ipc", "isolation", "label_file", "labels", "links", "logging", "mac_address",
     "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "models", "network_mode", "networks",
     "oom_kill_disable", "oom_score_adj", "pid", "pids_limit", "platform", "ports", "post_start", "pre_start",
     "pre_stop", "privileged", "profiles", "provider", "pull_policy", "pull_refresh_after", "read_only", "restart",
     "runtime", "scale", "secrets", "security_opt", "shm_size", "stdin_open", "stop_grace_period", "stop_signal",
     "storage_opt", "sysctls", "tmpfs", "tty", "ulimits", "umask", "use_api_socket", "user", "userns_mode", "uts",
     "volumes", "volumes_from", "working_dir")
)  # fmt: skip
"""Of the Compose Specification; a test holds both against its published schema."""

_NAMED = re.compile(r"(?:\s-f|--file|COMPOSE_FILE=)[\s=]*[\"']?(?:[^\s\"']*/)?(?P<file>[\w.-]+\.ya?ml)\b")
_SERVICE = re.compile(r"[a-zA-Z0-9._-]+")
_SOCKET = "docker.sock"


@dataclass(frozen=True)
class _Shipped:
    """A compose file, and the manifest that ships it."""

    number: int
    manifest: Manifest
    document: Document
    siblings: frozenset[str]
    """The files that are in its folder on the device."""


def problems(
    parsed: Parsed[Recipe], recipe: Recipe, files: Mapping[str, FilePath], shown: str, excused: Callable[[str], bool]
) -> Iterator[Problem]:
    """Yield the findings in the compose files of a version.

    Args:
        parsed: The recipe, with its places.
        recipe: The same.
        files: By their path in the version's folder.
        shown: That folder, for messages.
        excused: Whether a rule is justified in component.yaml; asked only where it is broken.
    """
    told: set[tuple[str, int, int, str]] = set()
    for each in _compose_files(recipe, files, shown):
        file = _File(each, recipe, excused)
        for problem in file.problems():
            key = (problem.file, problem.line, problem.column, problem.message)
            if key not in told:  # a file that several manifests ship
                told.add(key)
                yield problem
        if file.whole:
            yield from _unused(parsed, recipe, each, file.images)


def _compose_files(recipe: Recipe, files: Mapping[str, FilePath], shown: str) -> Iterator[_Shipped]:
    for number, manifest in enumerate(recipe.Manifests):
        lifecycle = recipe.lifecycle(manifest)
        texts = [*lifecycle.Setenv.values()]
        for step in lifecycle.steps.values():
            texts += [step.Script, *step.Setenv.values()]
        # a variable that names the file stands alone: COMPOSE_FILE: "{artifacts:path}/shop.yaml"
        named = {match["file"] for text in texts for match in _NAMED.finditer(f" COMPOSE_FILE={text} {text}")}
        plain = frozenset(each.file for each in manifest.Artifacts if each.file is not None)
        for name, path in sorted(files.items()):
            folder, _, last = name.rpartition("/")
            if last not in {*NAMES, *named}:
                continue
            document = load_file(path, f"{shown}/{name}")
            if name in plain:
                yield _Shipped(number, manifest, document, plain)
            elif folder and f"{folder.partition('/')[0]}.zip" in plain:
                beside = (each.rpartition("/") for each in files)
                packed = frozenset(file for parent, _, file in beside if parent == folder)
                yield _Shipped(number, manifest, document, packed)


def _unused(parsed: Parsed[Recipe], recipe: Recipe, each: _Shipped, images: set[str]) -> Iterator[Problem]:
    scripts = " ".join(step.Script for step in recipe.lifecycle(each.manifest).steps.values())
    for place, artifact in enumerate(each.manifest.Artifacts):
        image = artifact.URI.removeprefix("docker:")
        if image != artifact.URI and image not in images and image not in scripts:
            yield parsed.problem(
                ("Manifests", each.number, "Artifacts", place, "URI"),
                f"is fetched by every device, and no service of {each.document.file.rpartition('/')[2]} uses it",
                got=image,
                remedy="remove it, or use it",
                severity="warning",
            )


class _File:
    """One compose file."""

    def __init__(self, shipped: _Shipped, recipe: Recipe, excused: Callable[[str], bool]) -> None:
        self._document = shipped.document
        self._recipe = recipe
        self._excused = excused
        self._artifacts = {each.URI.removeprefix("docker:") for each in shipped.manifest.Artifacts}
        self._siblings = shipped.siblings
        self.images: set[str] = set()
        self.whole = False
        """Whether every service could be looked at, so that an image which is not in ``images`` is not used."""

    def _find(
        self,
        path: Path,
        message: str,
        remedy: str,
        *,
        got: str | None = None,
        rule: str | None = None,
        severity: Severity = "error",
    ) -> Iterator[Problem]:
        if rule is None or not self._excused(rule):
            yield self._document.problem(path, message, got=got, remedy=remedy, severity=severity)

    def problems(self) -> Iterator[Problem]:
        """Every finding."""
        yield from self._document.problems
        value = self._document.value
        if self._document.problems:
            return
        if not isinstance(value, dict) or not isinstance(value.get("services"), dict) or not value["services"]:
            yield from self._find((), "has no services", "write services: with a container for each name")
            return
        yield from self._keys((), value, TOP_KEYS)
        if "version" in value:
            yield from self._find(("version",), "means nothing since Compose 2", "remove the line", severity="warning")
        self.whole = "include" not in value
        if not self.whole:
            yield from self._elsewhere(("include",))
        for kind in ("configs", "secrets"):
            for name, said in _mapping(value.get(kind)).items():
                yield from self._file((kind, name, "file"), _mapping(said).get("file"))
        for name, service in value["services"].items():
            yield from self._service(("services", name), name, service)

    def _keys(self, path: Path, value: Mapping[str, Any], known: frozenset[str]) -> Iterator[Problem]:
        for key in value:
            if key not in known and not key.startswith("x-"):
                guess = did_you_mean(key, known)
                remedy = f"did you mean {guess}?" if guess else "remove it, or begin it with x-"
                yield from self._find((*path, key), "is no key of a compose file", remedy, got=key)

    def _elsewhere(self, path: Path) -> Iterator[Problem]:
        yield from self._find(
            path, "takes services from another file, which is not looked at here", "write the services in this file"
        )

    def _service(self, path: Path, name: str, service: Any) -> Iterator[Problem]:
        if not _SERVICE.fullmatch(name):
            yield from self._find(
                path, "cannot be the name of a service", "use letters, digits, dots, - and _", got=name
            )
        if not isinstance(service, dict):
            yield from self._find(path, "is no service", "write a mapping with image")
            self.whole = False
            return
        yield from self._keys(path, service, SERVICE_KEYS)
        if "extends" in service:
            self.whole = self.whole and not _mapping(service["extends"]).get("file")
            if _mapping(service["extends"]).get("file"):
                yield from self._elsewhere((*path, "extends"))
        if "build" in service:
            yield from self._find(
                (*path, "build"), "builds an image on the device, out of whatever is there by then",
                "build it in a pipeline, push it, and write its image by digest",
            )  # fmt: skip
            self.images.add(str(service.get("image")))
        elif "image" in service:
            yield from self._image((*path, "image"), service["image"])
        elif "extends" not in service and "provider" not in service:
            yield from self._find(path, "has no image", "write image: NAME@sha256:DIGEST")
        yield from self._reach(path, service)
        said = service.get("env_file")
        for number, entry in enumerate(said if isinstance(said, list) else [said]):
            where = (*path, "env_file", number) if isinstance(said, list) else (*path, "env_file")
            yield from self._file(where, _mapping(entry).get("path", entry))

    def _image(self, path: Path, image: Any) -> Iterator[Problem]:
        if not isinstance(image, str) or not image:
            yield from self._find(path, "is no image", "write NAME@sha256:DIGEST", got=self._document.shown(path))
            return
        self.images.add(image)
        if "$" in image:
            yield from self._find(
                path, "is filled in on the device, so nobody knows what runs", "write NAME@sha256:DIGEST",
                got=image, rule="latest-image",
            )  # fmt: skip
            self.whole = False
            return
        last = image.rpartition("/")[2]
        if "@sha256:" not in image and (":" not in last or last.endswith(":latest")):
            loose = list(self._find(
                path, "is whatever image is newest when a device starts it",
                "pin a digest, NAME@sha256:DIGEST, here and in the recipe's artifacts", got=image, rule="latest-image",
            ))  # fmt: skip
            yield from loose
            if loose:
                return
        if "@sha256:" not in image and ":" in last:
            yield from self._find(
                path, "may be another image tomorrow, for whoever may push may move a tag",
                "pin its digest, NAME@sha256:DIGEST, here and in the recipe's artifacts", got=image,
                rule="tag-only", severity="warning",
            )  # fmt: skip
        if image not in self._artifacts:
            guess = did_you_mean(image, sorted(self._artifacts))
            like = next((each for each in sorted(self._artifacts) if _name(each) == _name(image)), guess)
            yield from self._find(
                path, "is no artifact of the recipe, so devices pull it by themselves, when they start it",
                f"add URI: docker:{image}" + (f", or write what the recipe has, {like}" if like else ""), got=image,
            )  # fmt: skip

    def _reach(self, path: Path, service: Mapping[str, Any]) -> Iterator[Problem]:
        """What lets a container out of itself."""
        if service.get("privileged") is True:
            yield from self._find(
                (*path, "privileged"), "may do on the device whatever root may",
                "name what it needs under devices or cap_add, or add to component.yaml "
                "justification: {privileged-container: WHY}", rule="privileged-container",
            )  # fmt: skip
        for key, what in (
            ("network_mode", "sees the device's whole network, the nucleus's ports with it"),
            ("pid", "sees every process of the device"),
            ("ipc", "shares the memory of the device's processes"),
        ):
            if service.get(key) == "host":
                yield from self._find(
                    (*path, key), what, "remove it, or add to component.yaml justification: {host-namespace: WHY}",
                    got="host", rule="host-namespace", severity="warning",
                )  # fmt: skip
        volumes = service.get("volumes")
        for number, volume in enumerate(volumes if isinstance(volumes, list) else ()):
            source = _mapping(volume).get("source", volume)
            if isinstance(source, str) and _SOCKET in source.partition(":")[0]:
                yield from self._find(
                    (*path, "volumes", number), "gives the container the Docker engine, and with it the device",
                    "remove it, or add to component.yaml justification: {privileged-container: WHY}",
                    rule="privileged-container",
                )  # fmt: skip

    def _file(self, path: Path, file: Any) -> Iterator[Problem]:
        """A file that is named relative to the compose file has to come along with it."""
        if not isinstance(file, str) or "/" in file.removeprefix("./") or "$" in file:
            return
        name = file.removeprefix("./")
        if name not in self._siblings:
            yield from self._find(
                path, "names a file that no artifact brings", "ship it beside the compose file", got=file
            )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(image: str) -> str:
    """An image without its tag and digest."""
    head, _, last = image.partition("@")[0].rpartition("/")
    return f"{head}/{last.partition(':')[0]}"
