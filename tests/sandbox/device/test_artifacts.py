"""Artifacts on a device: digests, permissions, archives that want out."""

from __future__ import annotations

import base64
import hashlib
import stat
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest

from edgewright.sandbox.device import artifacts
from edgewright.sandbox.device.failures import DeploymentError, report
from edgewright.sandbox.device.paths import DevicePaths
from edgewright.sandbox.device.recipes import Artifact, Recipe


class Bucket:
    """Objects by key, and what was asked for."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects
        self.asked: list[str] = []

    def fetch(self, bucket: str, key: str, file: BinaryIO) -> None:
        assert bucket == "b"
        self.asked.append(key)
        file.write(self.objects[key.rsplit("/", 1)[-1].partition(".")[0]])


def recipe(*wanted: Artifact) -> Recipe:
    return Recipe("com.acme.a", "1.0.0", "generic", "", {}, {}, {}, {}, wanted)


def digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


@pytest.fixture
def paths(tmp_path: Path) -> DevicePaths:
    return DevicePaths(tmp_path)


@pytest.mark.parametrize("form", ["base64", "hexadecimal"])
def test_a_file_lands_in_its_version_s_folder(paths: DevicePaths, form: str) -> None:
    bucket = Bucket(model=b"weights")
    wanted = digest(b"weights") if form == "base64" else hashlib.sha256(b"weights").hexdigest()
    artifacts.prepare(recipe(Artifact("s3://b/deep/model.onnx", digest=wanted)), paths, bucket.fetch)
    file = paths.artifacts("com.acme.a", "1.0.0") / "model.onnx"
    assert file.read_bytes() == b"weights"
    assert bucket.asked == ["deep/model.onnx"]


def test_a_file_that_is_right_is_not_fetched_again_and_a_damaged_one_is(paths: DevicePaths) -> None:
    bucket = Bucket(a=b"x")
    wanted = recipe(Artifact("s3://b/a.txt", digest=digest(b"x")))
    artifacts.prepare(wanted, paths, bucket.fetch)
    artifacts.prepare(wanted, paths, bucket.fetch)
    assert len(bucket.asked) == 1
    file = paths.artifacts("com.acme.a", "1.0.0") / "a.txt"
    file.write_bytes(b"damaged")
    artifacts.prepare(wanted, paths, bucket.fetch)
    assert file.read_bytes() == b"x"


@pytest.mark.parametrize(
    ("read", "execute", "expected"),
    [("OWNER", "NONE", 0o600), ("ALL", "NONE", 0o644), ("ALL", "ALL", 0o755), ("OWNER", "OWNER", 0o700)],
)
def test_permissions_are_those_of_the_recipe(paths: DevicePaths, read: str, execute: str, expected: int) -> None:
    wanted = Artifact("s3://b/a.sh", digest=digest(b"x"), read=read, execute=execute)
    artifacts.prepare(recipe(wanted), paths, Bucket(a=b"x").fetch)
    file = paths.artifacts("com.acme.a", "1.0.0") / "a.sh"
    assert stat.S_IMODE(file.stat().st_mode) == expected


@pytest.mark.parametrize(
    ("artifact", "code"),
    [
        (Artifact("s3://b/a", digest=digest(b"other")), "ARTIFACT_CHECKSUM_MISMATCH"),
        (Artifact("s3://b/a"), "RECIPE_MISSING_ARTIFACT_HASH_ALGORITHM"),
        (Artifact("s3://b/a", digest="!", algorithm="SHA-256"), "RECIPE_MISSING_ARTIFACT_HASH_ALGORITHM"),
        (Artifact("s3://b/a", digest=digest(b"x"), algorithm="MD5"), "RECIPE_MISSING_ARTIFACT_HASH_ALGORITHM"),
        (Artifact("s3://b/", digest=digest(b"x")), "S3_ARTIFACT_URI_NOT_VALID"),
        (Artifact("s3://b/a/..", digest=digest(b"x")), "S3_ARTIFACT_URI_NOT_VALID"),
        (Artifact("https://b/a", digest=digest(b"x")), "UNSUPPORTED_ARTIFACT_SCHEME"),
        (Artifact("docker:acme/app:1"), "DOCKER_SERVICE_UNAVAILABLE"),
        (Artifact("s3://b/a.zip", unarchive=True, digest=digest(b"x")), "IO_UNZIP_ERROR"),
    ],
)
def test_what_cannot_be_trusted_is_refused(paths: DevicePaths, artifact: Artifact, code: str) -> None:
    with pytest.raises(
        DeploymentError, match=r"Failed to download artifact name: '.*' for component com.acme.a-1\.0\.0"
    ) as caught:
        artifacts.prepare(recipe(artifact), paths, Bucket(a=b"x").fetch)
    stack, _ = report(caught.value)
    assert stack[:2] == ["DEPLOYMENT_FAILURE", "ARTIFACT_DOWNLOAD_ERROR"]
    assert code in stack


def test_a_disk_that_does_not_take_it_is_an_error_of_the_device(paths: DevicePaths) -> None:
    folder = paths.artifacts("com.acme.a", "1.0.0")
    (folder / "a").mkdir(parents=True)
    with pytest.raises(DeploymentError) as caught:
        artifacts.prepare(recipe(Artifact("s3://b/a", digest=digest(b"x"))), paths, Bucket(a=b"x").fetch)
    assert report(caught.value)[1] == ["DEVICE_ERROR"]
    assert [path.name for path in folder.iterdir()] == ["a"]


def _zip(path: Path, entries: list[tuple[str, bytes, int]]) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return path.read_bytes()


def test_an_archive_is_unpacked_with_its_modes(paths: DevicePaths, tmp_path: Path) -> None:
    data = _zip(
        tmp_path / "x", [("bin/run.sh", b"#!", 0o100755), ("data.txt", b"d", 0o100600), ("empty/", b"", 0o40755)]
    )
    wanted = recipe(Artifact("s3://b/app.zip", unarchive=True, digest=digest(data)))
    artifacts.prepare(wanted, paths, Bucket(app=data).fetch)
    folder = paths.unarchived("com.acme.a", "1.0.0") / "app"
    assert stat.S_IMODE((folder / "bin" / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "data.txt").stat().st_mode) == 0o600
    assert (folder / "empty").is_dir()
    assert [path.name for path in folder.parent.iterdir()] == ["app"]


def test_a_new_archive_replaces_the_folder_of_the_old_one(paths: DevicePaths, tmp_path: Path) -> None:
    old = _zip(tmp_path / "old", [("old.txt", b"1", 0o100644)])
    new = _zip(tmp_path / "new", [("new.txt", b"1", 0o100644)])
    for data in (old, new):
        wanted = recipe(Artifact("s3://b/app.zip", unarchive=True, digest=digest(data)))
        artifacts.prepare(wanted, paths, Bucket(app=data).fetch)
    assert [path.name for path in (paths.unarchived("com.acme.a", "1.0.0") / "app").iterdir()] == ["new.txt"]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        pytest.param("../out", 0o100644, id="up"),
        pytest.param("a/../../out", 0o100644, id="up in the middle"),
        pytest.param("/etc/out", 0o100644, id="absolute"),
        pytest.param("a\\..\\out", 0o100644, id="backslash"),
        pytest.param("link", 0o120777, id="link"),
    ],
)
def test_an_archive_that_wants_out_is_refused_whole(paths: DevicePaths, tmp_path: Path, name: str, mode: int) -> None:
    data = _zip(tmp_path / "evil", [("fine.txt", b"1", 0o100644), (name, b"../../target", mode)])
    wanted = recipe(Artifact("s3://b/app.zip", unarchive=True, digest=digest(data)))
    with pytest.raises(DeploymentError, match="would land outside"):
        artifacts.prepare(wanted, paths, Bucket(app=data).fetch)
    assert list(paths.unarchived("com.acme.a", "1.0.0").iterdir()) == []
