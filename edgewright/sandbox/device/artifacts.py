"""Artifacts of a component version: fetched from S3, checked against the recipe's digest, unpacked.

Follows ``ComponentManager.prepareArtifacts``, ``S3Downloader`` and ``Unarchiver``. An artifact that is there and has
the right digest is not fetched again. What is fetched must find room: on the disk, and in the component store.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import shutil
import stat
import tempfile
import uuid
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from edgewright.sandbox.device.failures import DeploymentError
from edgewright.sandbox.device.paths import DevicePaths, safe_name
from edgewright.sandbox.device.recipes import Artifact, Recipe

Fetch = Callable[[str, str, BinaryIO], None]
"""Writes an object of S3 (bucket, key), or a file that the service keeps (no bucket, its name), into the file; raises
DeploymentError when it may not or cannot."""

Pull = Callable[[str], None]
"""Makes the device's container engine pull an image; raises DeploymentError when it cannot."""

Room = Callable[[int], None]
"""Raises NoRoomError when so many bytes more do not fit on the device; 0 asks whether anything does."""

LEAST_FREE: Final = 20 * 1024 * 1024
"""Bytes that must be free on the disk before anything is fetched (``ComponentManager``)."""
STORE_LIMIT: Final = 10_000_000_000
"""Bytes that recipes and artifacts may take together unless ``componentStoreMaxSizeBytes`` says otherwise."""

_DOCKER_MANAGER: Final = "aws.greengrass.DockerApplicationManager"
_TOKENS: Final = "aws.greengrass.TokenExchangeService"
_PRIVATE_ECR: Final = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/")
_ALGORITHMS: Final = {"SHA-256": "sha256", "SHA256": "sha256"}
_INCOMING: Final = ".incoming-"  # begins the names of files that are being fetched
_BLOCK: Final = 1 << 20  # bytes read at a time
_READ = {"NONE": 0, "OWNER": stat.S_IRUSR, "ALL": stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH}
_EXECUTE = {"NONE": 0, "OWNER": stat.S_IXUSR, "ALL": stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH}


class NoRoomError(DeploymentError):
    """An artifact does not fit on the device (``SizeLimitException``)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "ARTIFACT_DOWNLOAD_ERROR", "DISK_SPACE_CRITICAL")


def disk_full(usable: int = 0) -> NoRoomError:
    """The failure of a download to a disk with so few bytes left."""
    return NoRoomError(f"Disk space critical: {usable} bytes usable, {LEAST_FREE} bytes minimum allowed")


def room_on(paths: DevicePaths, limit: int, *, full: bool = False) -> Room:
    """The room of a device whose component store may take ``limit`` bytes; ``full``: its disk has none."""

    def check(needed: int) -> None:
        usable = 0 if full else shutil.disk_usage(paths.root).free
        if usable < LEAST_FREE:
            raise disk_full(usable)
        files = (file for file in (paths.root / "packages").rglob("*") if file.is_file())
        held = sum(file.stat().st_size for file in files if not file.name.startswith(_INCOMING))
        if held + needed > limit:
            raise NoRoomError(
                f"Component store size limit reached: {held} bytes existing, {needed} bytes needed, {limit} bytes "
                "maximum allowed total"
            )

    return check


def no_engine(image: str) -> None:
    """A device without a container engine pulls nothing.

    Raises:
        DeploymentError: always.
    """
    msg = f"image {image} cannot be pulled: there is no docker on the device's PATH"
    raise DeploymentError(msg, "DOCKER_ERROR", "DOCKER_SERVICE_UNAVAILABLE")


def refuse_without_helpers(recipes: Mapping[str, Recipe]) -> None:
    """Refuse docker artifacts without the components that fetch them (``checkPreparePackagesPrerequisites``).

    Raises:
        DeploymentError: Docker's manager is missing, or for a private ECR image the token exchange service.
    """
    for recipe in recipes.values():
        images = [image for artifact in recipe.artifacts if (image := artifact.image) is not None]
        needed = [(_DOCKER_MANAGER, "MISSING_DOCKER_APPLICATION_MANAGER")] if images else []
        if any(_PRIVATE_ECR.match(image) for image in images):
            needed.append((_TOKENS, "MISSING_TOKEN_EXCHANGE_SERVICE"))
        for name, code in needed:
            if name not in recipes:
                msg = f"{recipe.name}-{recipe.version} has docker artifacts, so the deployment must include {name}"
                raise DeploymentError(msg, code)


def prepare(
    recipe: Recipe,
    paths: DevicePaths,
    fetch: Fetch,
    room: Room = lambda _needed: None,
    pull: Pull = no_engine,
) -> None:
    """Make every artifact of ``recipe`` available on the device.

    Raises:
        NoRoomError: the device has no room for one.
        DeploymentError: an artifact cannot be fetched, does not match its digest, or is no archive.
    """
    for artifact in recipe.artifacts:
        try:
            if artifact.image is not None:
                pull(artifact.image)
            else:
                _prepare_one(artifact, recipe, paths, fetch, room)
        except NoRoomError:
            raise
        except DeploymentError as error:
            msg = (
                f"Failed to download artifact name: '{artifact.uri}' for component {recipe.name}-{recipe.version}, "
                f"reason: {error}"
            )
            raise DeploymentError(msg, "ARTIFACT_DOWNLOAD_ERROR", *error.codes, kind=error.kind) from error


def _prepare_one(artifact: Artifact, recipe: Recipe, paths: DevicePaths, fetch: Fetch, room: Room) -> None:
    bucket, key = _place(artifact.uri)
    folder = paths.artifacts(recipe.name, recipe.version)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / key.rsplit("/", 1)[-1]
    expected = _expected(artifact)
    fresh = not (file.is_file() and _sha256(file) == expected)
    if fresh:
        room(0)
        _download(file, expected, lambda target: fetch(bucket, key, target), room)
    file.chmod(_READ[artifact.read] | _EXECUTE[artifact.execute] | stat.S_IRUSR | stat.S_IWUSR)
    if artifact.unarchive:
        target = paths.unarchived(recipe.name, recipe.version) / file.stem
        if fresh or not target.is_dir():
            unpack(file, target, artifact)


def _place(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    if scheme not in {"s3", "greengrass"}:
        msg = f"artifact URI scheme {scheme.upper() or 'NONE'!r} is not one of s3, docker and greengrass"
        raise DeploymentError(msg, "UNSUPPORTED_ARTIFACT_SCHEME")
    key = uri.split("://", 1)[1].partition("/")[2] if scheme == "s3" else uri.partition(":")[2]
    try:
        safe_name(key.rsplit("/", 1)[-1])
    except ValueError as error:
        form = "s3://bucket/key" if scheme == "s3" else "greengrass:file"
        msg = f"artifact URI {uri!r} is not of the form {form}"
        code = "S3_ARTIFACT_URI_NOT_VALID" if scheme == "s3" else "ARTIFACT_URI_NOT_VALID"
        raise DeploymentError(msg, code) from error
    return parts.netloc if scheme == "s3" else "", key


def _expected(artifact: Artifact) -> bytes:
    """The SHA-256 that the cloud put into the recipe, base64 as AWS writes it, or hexadecimal."""
    algorithm = _ALGORITHMS.get((artifact.algorithm or "SHA-256").upper())
    if artifact.digest is None or algorithm is None:
        msg = "the recipe has no SHA-256 digest for it; only a digest made when the version was created can be trusted"
        raise DeploymentError(msg, "RECIPE_MISSING_ARTIFACT_HASH_ALGORITHM")
    try:
        if len(artifact.digest) == hashlib.sha256().digest_size * 2:
            return bytes.fromhex(artifact.digest)
        return base64.b64decode(artifact.digest, validate=True)
    except (ValueError, binascii.Error) as error:
        msg = f"the recipe's digest {artifact.digest!r} is neither base64 nor hexadecimal"
        raise DeploymentError(msg, "RECIPE_MISSING_ARTIFACT_HASH_ALGORITHM") from error


def _sha256(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def _download(file: Path, expected: bytes, fetch: Callable[[BinaryIO], None], room: Room) -> None:
    """Fetch into a neighbour and move it into place only when its digest is right."""
    temporary = file.with_name(f"{_INCOMING}{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as target:
            fetch(target)
            size = target.tell()
        actual = _sha256(temporary)
        room(size)
        if actual == expected:
            temporary.replace(file)
    except OSError as error:
        msg = f"the device cannot write it: {error}"
        raise DeploymentError(msg, "IO_WRITE_ERROR") from error
    finally:
        temporary.unlink(missing_ok=True)
    if actual != expected:
        msg = (
            "Integrity check for downloaded artifact failed. Probably due to file corruption. "
            f"(expected SHA-256 {expected.hex()}, got {actual.hex()})"
        )
        raise DeploymentError(msg, "ARTIFACT_CHECKSUM_MISMATCH")


def unpack(archive: Path, target: Path, artifact: Artifact) -> None:
    """Unpack a ZIP archive into ``target``, whole or not at all; modes are kept, links and ways out are refused.

    Raises:
        DeploymentError: it is no ZIP archive, or an entry would land outside of ``target``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=".unpacking-"))
    try:
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                _unpack_entry(opened, entry, staging, artifact)
        staging.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        staging.rename(target)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error) as error:
        msg = f"Failed to unarchive {archive.name}: {error}"
        raise DeploymentError(msg, "IO_UNZIP_ERROR") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _unpack_entry(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, staging: Path, artifact: Artifact) -> None:
    mode = entry.external_attr >> 16
    place = (staging / entry.filename).resolve()
    if not place.is_relative_to(staging.resolve()) or stat.S_ISLNK(mode) or "\\" in entry.filename:
        msg = f"entry {entry.filename!r} would land outside of the archive's folder, or is a link"
        raise DeploymentError(msg, "IO_UNZIP_ERROR")
    if entry.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as source, place.open("wb") as written:
        shutil.copyfileobj(source, written, _BLOCK)
    kept = stat.S_IMODE(mode) & 0o755 if mode else 0
    place.chmod(kept | _READ[artifact.read] | _EXECUTE[artifact.execute] | stat.S_IRUSR | stat.S_IWUSR)
    if place.stat().st_size != entry.file_size:
        msg = f"entry {entry.filename!r} is shorter than the archive says"
        raise DeploymentError(msg, "IO_UNZIP_ERROR")
