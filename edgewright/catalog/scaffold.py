"""New component versions from templates: complete, and valid before anybody has edited a line.

A template is a folder of text files under ``templates/``; ``@{word}`` in them is filled in. What comes from outside is
checked before it is written into YAML: names by Greengrass's limits, texts as JSON strings, images by their digest.
"""

from __future__ import annotations

import json
import re
import shutil
import string
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from edgewright.catalog.catalog import CATALOG, Catalog
from edgewright.catalog.edge_model import KIND as EDGE_MANAGER
from edgewright.catalog.lint import CREDENTIALS, DOCKER_MANAGER, is_private_registry
from edgewright.catalog.placeholder_model import placeholder_model
from edgewright.errors import EdgewrightError
from edgewright.versions import is_version, parse_version

KINDS = {
    "service": "A Python program that runs until it is told to stop",
    "onnx-model": "A model that inference components read",
    "python-inference": "Answers requests with the installed version of a model",
    "docker-compose": "Containers, each pinned by digest",
    "lambda-function": "A Lambda function that devices run",
    "edge-manager-model": "A model that SageMaker Neo compiles and Edge Manager packages",
}
"""Kind -> what the recipe says of it until somebody says it better."""
_MODELS = ("onnx-model", "edge-manager-model")
_NAMED_BY_AWS = {
    "lambda-function": "Greengrass writes that of a Lambda function itself",
    "edge-manager-model": "SageMaker writes that of a model itself",
}
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._/:-]*@sha256:[0-9a-f]{64}")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LARGEST = 2 << 30  # bytes of a model file


class _Text(string.Template):
    """``@{word}``: shells, YAML flow mappings and Greengrass's recipe variables have none of these."""

    delimiter = "@"
    pattern = r"@(?:(?P<escaped>@@)|\{(?P<braced>[a-z_]+)\}|(?P<named>(?!))|(?P<invalid>(?!)))"  # type: ignore[assignment]


@dataclass(frozen=True)
class NewComponent:
    """What is to be made.

    Args:
        kind: One of ``KINDS``.
        name: Of the component, as Greengrass has it.
        version: The first one.
        publisher: For people.
        description: For people.
        model: Of an inference component: the model component that it reads.
        images: Of a compose application: service -> image with its digest.
        model_file: Of a model component: the ONNX file to begin with.
    """

    kind: str
    name: str
    version: str = "1.0.0"
    publisher: str = ""
    description: str = ""
    model: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    model_file: Path | None = None


def new_component(root: Path, wanted: NewComponent) -> Path:
    """Write a component version into the catalog, whole or not at all; return its folder.

    Raises:
        EdgewrightError: a value is not usable, or the version is there already.
    """
    _check(wanted)
    catalog = Catalog.load(root)
    target = root / CATALOG / wanted.name / wanted.version
    if target.exists() or (wanted.name, wanted.version) in catalog.lock.entries:
        taken = [*catalog.versions(wanted.name), wanted.version]
        following = parse_version(max(taken, key=parse_version)).next_patch()
        msg = f"{wanted.name} {wanted.version} is in the catalog already; take --version {following}"
        raise EdgewrightError(msg)
    words = _words(wanted, catalog)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the versions, so that the rename stays on one file system; a name with a dot is no version for readers.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
        made = Path(scratch) / "version"
        _render(resources.files("edgewright.catalog") / "templates" / wanted.kind, made, words)
        if wanted.kind in _MODELS:
            _put_model(made / "model.onnx", wanted.model_file)
        made.rename(target)
    return target


def _check(wanted: NewComponent) -> None:
    if wanted.kind not in KINDS:
        msg = f"there is no template {wanted.kind!r}; there are {', '.join(KINDS)}"
        raise EdgewrightError(msg)
    if not _NAME.fullmatch(wanted.name) or wanted.name.startswith("."):
        msg = f"{wanted.name!r} is no component name: letters, digits, dots, - and _, at most 128, as com.acme.model"
        raise EdgewrightError(msg)
    if wanted.name.casefold().startswith("aws."):
        msg = f"{wanted.name!r} is in AWS's own namespace; begin it with a name of yours, as com.acme"
        raise EdgewrightError(msg)
    if not is_version(wanted.version):
        msg = f"{wanted.version!r} is not one exact version; write MAJOR.MINOR.PATCH, as 1.0.0"
        raise EdgewrightError(msg)
    for option, text in (("--publisher", wanted.publisher), ("--description", wanted.description)):
        if not text.isprintable():
            msg = f"{option} {text!r} has characters that cannot be shown, which YAML refuses; leave them out"
            raise EdgewrightError(msg)
    if wanted.kind in _NAMED_BY_AWS and wanted.publisher:
        msg = f"--publisher is for recipes, and {_NAMED_BY_AWS[wanted.kind]}; leave it out"
        raise EdgewrightError(msg)
    for given, kinds, option in (
        (wanted.model, ("python-inference",), "--model"),
        (wanted.images, ("docker-compose",), "--image"),
        (wanted.model_file, _MODELS, "--model-file"),
    ):
        if given and wanted.kind not in kinds:
            msg = f"{option} is for {' and '.join(kinds)}, and this is {wanted.kind}; leave it out"
            raise EdgewrightError(msg)


def _words(wanted: NewComponent, catalog: Catalog) -> dict[str, str]:
    words = {
        "name": wanted.name,
        "version": wanted.version,
        "description": _quoted(wanted.description or KINDS[wanted.kind]),
        "publisher": _quoted(wanted.publisher or wanted.name.rpartition(".")[0] or wanted.name),
    }
    if wanted.kind == "python-inference":
        words |= _model_words(wanted, catalog)
    if wanted.kind == "docker-compose":
        words |= _compose_words(wanted)
    if wanted.kind == EDGE_MANAGER:
        words |= _sagemaker_words(wanted)
    return words


def _sagemaker_words(wanted: NewComponent) -> dict[str, str]:
    """What SageMaker calls the model: fewer characters than a component and its version may have."""
    name = re.sub(r"[^a-zA-Z0-9]+", "-", wanted.name).strip("-")[:63].rstrip("-")
    return {"model_name": name or "model", "model_version": re.sub(r"[^a-zA-Z0-9.]", "_", wanted.version)[:30]}


def _quoted(text: str) -> str:
    """A text between the quotes of a template: JSON's escapes are YAML's, but for halves of a character."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _model_words(wanted: NewComponent, catalog: Catalog) -> dict[str, str]:
    models = [name for name in catalog.names if any(_is_model(catalog, name, each) for each in catalog.versions(name))]
    if wanted.model is None:
        known = (
            f" (the catalog has {', '.join(models)})" if models else "; make one: edgewright component new onnx-model"
        )
        msg = f"say which model it reads with --model COMPONENT{known}"
        raise EdgewrightError(msg)
    if wanted.model not in models:
        msg = f"{wanted.model!r} is no model of the catalog; it has {', '.join(models) or 'none'}"
        raise EdgewrightError(msg)
    return {"model": wanted.model, "model_range": f"^{catalog.versions(wanted.model)[0]}"}


def _is_model(catalog: Catalog, name: str, version: str) -> bool:
    found = catalog.get(name, version)
    return found is not None and found.kind == "onnx-model"


def _compose_words(wanted: NewComponent) -> dict[str, str]:
    if not wanted.images:
        msg = "name at least one container with --image SERVICE=IMAGE@sha256:DIGEST (docker buildx imagetools inspect IMAGE shows the digest)"  # noqa: E501
        raise EdgewrightError(msg)
    for service, image in wanted.images.items():
        if not _SERVICE.fullmatch(service):
            msg = f"{service!r} is no name of a compose service: lower case letters, digits, - and _, at most 63"
            raise EdgewrightError(msg)
        if not _IMAGE.fullmatch(image):
            msg = (
                f"{image!r} is not pinned by digest, so devices would run whatever is newest; write NAME@sha256:DIGEST"
            )
            raise EdgewrightError(msg)
    needs = [f'  {DOCKER_MANAGER}: {{VersionRequirement: "~2.0.0", DependencyType: HARD}}']
    if any(is_private_registry(image) for image in wanted.images.values()):
        needs.append(f'  {CREDENTIALS}: {{VersionRequirement: "^2.0.0", DependencyType: HARD}}')
    return {
        "dependencies": "\n".join(needs),
        "project": re.sub(r"[^a-z0-9_-]", "-", wanted.name.lower()).strip("-_") or "application",
        "artifacts": "\n".join(f"      - URI: docker:{image}" for image in sorted(set(wanted.images.values()))),
        "services": "\n".join(
            f"  {service}:\n    image: {image}\n    restart: unless-stopped" for service, image in wanted.images.items()
        ),
    }


def _render(template: Traversable, target: Path, words: Mapping[str, str]) -> None:
    target.mkdir()
    for entry in template.iterdir():
        if entry.name.startswith((".", "__pycache__")):
            continue
        if entry.is_dir():
            _render(entry, target / entry.name, words)
        else:
            text = _Text(entry.read_text(encoding="utf-8")).substitute(words)
            (target / entry.name).write_text(text, encoding="utf-8")


def _put_model(target: Path, source: Path | None) -> None:
    if source is None:
        target.write_bytes(placeholder_model())
        return
    if not source.is_file():
        msg = f"{source} is no file; name the ONNX file of the model"
        raise EdgewrightError(msg)
    if not source.stat().st_size:
        msg = f"{source} is empty; name the ONNX file of the model"
        raise EdgewrightError(msg)
    if source.stat().st_size > _LARGEST:
        msg = f"{source} has {source.stat().st_size} bytes, and a component's artifacts may have 2 GB together"
        raise EdgewrightError(msg)
    shutil.copyfile(source, target)
