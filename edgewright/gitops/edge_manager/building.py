"""A build by SageMaker: the model goes up, Neo compiles it, Edge Manager packages it, the component comes back.

What comes back is written into the version's folder, the recipe last, so that a folder has either all of it or, after
whatever went wrong, none. The component that SageMaker made in the account is deleted again: the catalog's is the one
that accounts get, under the same name and version, and Greengrass keeps only one of a version.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from edgewright import atomic, output
from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.catalog.edge_model import GONE, RECORD
from edgewright.catalog.edge_source import EdgeSource, Record
from edgewright.documents.edge_jobs import compilation_request, packaging_request
from edgewright.errors import EdgewrightError
from edgewright.gitops.edge_manager.jobs import Jobs
from edgewright.gitops.edge_manager.taking import Taken, take

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):role/[A-Za-z0-9_+=,.@/-]+")
_SEGMENT = r"[A-Za-z0-9_.=-]+"
_PLACE = re.compile(
    rf"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9])(?:/(?P<folder>{_SEGMENT}(?:/{_SEGMENT})*))?/?"
)
_WAY_ON = "run ONNX Runtime in a component in its place: edgewright component new onnx-model"
_RECIPE = "recipe.yaml"


@dataclass(frozen=True)
class Place:
    """Where SageMaker works.

    Attributes:
        role: ARN of the role that it works by.
        bucket: Of what it reads and writes.
        folder: Of it, without slashes at the ends; may be empty.
    """

    role: str
    bucket: str
    folder: str

    @classmethod
    def parse(cls, role: str, place: str) -> Place:
        """Read a role's ARN and the ``s3://`` address of a folder.

        Raises:
            EdgewrightError: one of them is none.
        """
        if not _ROLE.fullmatch(role):
            msg = f"--job-role {role!r} is no ARN of a role; write arn:aws:iam::ACCOUNT:role/NAME"
            raise EdgewrightError(msg)
        match = _PLACE.fullmatch(place)
        if match is None:
            msg = f"--output {place!r} is no folder in S3; write s3://BUCKET or s3://BUCKET/FOLDER"
            raise EdgewrightError(msg)
        return cls(role, match["bucket"], match["folder"] or "")

    @property
    def account(self) -> str:
        """The account of the role, which is the one that compiles."""
        return self.role.split(":")[4]

    def at(self, *parts: str) -> str:
        """An ``s3://`` address below the folder."""
        return f"s3://{self.bucket}/{self.key(*parts)}"

    def key(self, *parts: str) -> str:
        """A key below the folder."""
        return "/".join(each for each in (self.folder, *parts) if each)


@dataclass(frozen=True)
class Built:
    """What came of a build."""

    record: Record
    file: str
    """The artifact, beside the recipe."""
    size: int
    """Bytes."""
    left: str | None
    """Why SageMaker's own component is still in the account; None when it is gone."""


def build(source: EdgeSource, jobs: Jobs, place: Place) -> Built:
    """Let SageMaker make a version, and write what it made into the version's folder.

    Args:
        source: A draft of the catalog.
        jobs: By which jobs are run, in the account of the role.
        place: Where SageMaker works.

    Raises:
        AwsError: AWS said no.
        RefusedError: what came back is not what the recipe says.
        EdgewrightError: a job failed, or the account has the component already.
    """
    session = jobs.session
    session.require_account((place.account,))
    arn = f"arn:aws:greengrass:{session.region}:{place.account}:components:{source.name}:versions:{source.version}"
    _service_answers(session)
    _no_component(session, arn, source)
    begun_with = source.sources()
    model = _upload(session, source, place, begun_with[source.settings.model].removeprefix("sha256:"))
    settings = source.settings
    job, compiled = jobs.compile(
        settings.model_name,
        lambda name: compilation_request(
            settings, job=name, role=place.role, model=model, output=place.at("jobs", name, "compiled")
        ),
    )
    output.note(f"compiled: {compiled['ModelArtifacts']['S3ModelArtifacts']}")
    with _copy_deleted(session, arn, job) as copy:
        packaged = jobs.package(
            packaging_request(
                settings, job=job, role=place.role, component=source.name, version=source.version,
                output=place.at("jobs", job, "package"),
            )
        )  # fmt: skip
        if not _made(packaged, arn):
            made = packaged.get("PresetDeploymentOutput") or {}
            why = str(made.get("StatusMessage") or f"it made {made.get('Artifact') or 'none'}").rstrip(".")
            msg = f"the edge packaging job {job} made no component {arn}: {why}; nothing was written"
            raise EdgewrightError(msg)
        output.note(f"packaged: {packaged['ModelArtifact']}")
        with tempfile.TemporaryDirectory(prefix="edgewright-edge-") as scratch:
            taken = take(session, source, arn, packaged["ModelArtifact"], Path(scratch))
            record = Record(
                sources=begun_with, compilationJob=job, packagingJob=job, account=place.account,
                region=session.region, artifact=packaged["ModelArtifact"], digest=f"sha256:{taken.sha256}",
                signature=packaged.get("ModelSignature"),
            )  # fmt: skip
            size = taken.path.stat().st_size
            _write(source, taken, record)
    return Built(record, taken.file, size, copy.left)


def _made(packaged: Mapping[str, Any], arn: str) -> bool:
    """Whether a packaging job made a component version."""
    preset = packaged.get("PresetDeploymentOutput") or {}
    return bool(preset.get("Status") == "COMPLETED" and preset.get("Artifact") == arn)


def _service_answers(session: Session) -> None:
    """Ask for what is cheap before anything is uploaded or paid for.

    Raises:
        AwsError: Edge Manager does not answer, as everywhere but in a sandbox.
    """
    try:
        session.call(
            "sagemaker", "list_edge_packaging_jobs", doing="ask SageMaker Edge Manager for its jobs", MaxResults=1
        )
    except AwsError as error:
        msg = f"{error}; AWS discontinued SageMaker Edge Manager on {GONE}, and nothing was begun: {_WAY_ON}"
        raise AwsError(msg, code=error.code, reason=error.reason) from error


def _no_component(session: Session, arn: str, source: EdgeSource) -> None:
    try:
        session.call("greengrassv2", "describe_component", doing=f"look whether there is {arn}", arn=arn)
    except AwsError as error:
        if error.missing:
            return
        raise
    msg = (
        f"the account has {source.name} {source.version} already, so that SageMaker cannot make it; begin another "
        "version (edgewright component new), or, if no deployment has it: "
        f"aws greengrassv2 delete-component --arn {arn}"
    )
    raise EdgewrightError(msg)


def _upload(session: Session, source: EdgeSource, place: Place, digest: str) -> str:
    """Put the model where SageMaker reads it, under its digest; return its address."""
    key, address = place.key("models", digest, "model.tar.gz"), place.at("models", digest, "model.tar.gz")
    try:
        session.call("s3", "head_object", doing=f"look for {address}", Bucket=place.bucket, Key=key)
    except AwsError as error:
        if not error.missing and error.family != "AccessDenied":  # who may not list is not told what is not there
            raise
    else:
        return address
    output.status(f"uploading {source.settings.model}")
    with tempfile.TemporaryFile(prefix="edgewright-edge-") as file:
        _pack(source.model, cast("IO[bytes]", file))
        file.seek(0)
        session.call("s3", "put_object", doing=f"write {address}", Bucket=place.bucket, Key=key, Body=file)
    return address


def _pack(model: Path, target: IO[bytes]) -> None:
    """Write the gzip compressed tar archive that Neo wants, without anything of this machine in it."""
    if model.name.endswith(".tar.gz"):
        with model.open("rb") as file:
            shutil.copyfileobj(file, target)
        return
    with (
        gzip.GzipFile(fileobj=target, mode="wb", filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
        model.open("rb") as file,
    ):
        entry = tarfile.TarInfo(model.name)
        entry.size = model.stat().st_size
        archive.addfile(entry, file)


@dataclass
class _Copy:
    """SageMaker's own component in the account."""

    left: str | None = None
    """Why it is still there."""


@contextlib.contextmanager
def _copy_deleted(session: Session, arn: str, job: str) -> Iterator[_Copy]:
    """Delete what the packaging job of the block made, whatever became of the block; nobody can have deployed it.

    The job is asked, so that a component which somebody else made in the meantime stays.
    """
    copy = _Copy()
    try:
        yield copy
    finally:
        try:
            packaged = session.call(
                "sagemaker", "describe_edge_packaging_job", doing=f"look what {job} made", EdgePackagingJobName=job
            )
        except AwsError:
            packaged = {}  # it was never started
        if _made(packaged, arn):
            try:
                session.call("greengrassv2", "delete_component", doing=f"delete SageMaker's own {arn}", arn=arn)
            except AwsError as error:
                copy.left = str(error)


def _write(source: EdgeSource, taken: Taken, record: Record) -> None:
    """Write artifact and record, and at last the recipe, which makes a version of them; or nothing.

    Raises:
        EdgewrightError: the sources are not what was built, or the folder cannot be written.
    """
    recipe, note, artifact = (source.folder / each for each in (_RECIPE, RECORD, taken.file))
    try:
        if source.sources() != record.sources:
            msg = f"{source.folder} was changed while SageMaker worked, so nothing was written; build it again"
            raise EdgewrightError(msg)
        recipe.unlink(missing_ok=True)
        for old in source.made:
            (source.folder / old).unlink(missing_ok=True)
        try:
            with atomic.replacing(artifact) as temporary:
                shutil.copyfile(taken.path, temporary)
            atomic.write_text(note, record.text())
            atomic.write_text(recipe, taken.recipe)
        except BaseException:
            for each in (recipe, note, artifact):
                each.unlink(missing_ok=True)
            raise
    except OSError as error:
        msg = f"{source.folder} cannot be written: {error.strerror or error}; make it writable and build again"
        raise EdgewrightError(msg) from error
