"""Model packages of a real registry, in a real repository: what is proposed, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgewright.catalog.catalog import Catalog
from edgewright.gitops.trees import Side, load
from edgewright.sandbox.control import Sandbox
from tests.gitops.promotions import STAGING, World

GROUP, BUCKET = "parts-model", "acme-training"
CATALOG = Path(__file__).resolve().parents[3] / "catalog" / "com.acme.parts-model"
Capture = pytest.CaptureFixture[str]


@dataclass
class Registry:
    """A model package group in the tooling account."""

    sandbox: Sandbox

    def __post_init__(self) -> None:
        self.sagemaker = self.sandbox.client("sagemaker", "tooling")
        self.s3 = self.sandbox.client("s3", "tooling")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": self.sandbox.region})
        self.sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)

    def put(self, key: str, content: bytes) -> str:
        """Store an object; return its address."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def package(
        self, content: bytes, *, report: dict[str, Any] | None = None, status: str = "Approved", **metadata: str
    ) -> str:
        """Register a package; return its ARN."""
        digest = hashlib.sha256(content).hexdigest()
        address = self.put(f"models/{digest}/model.tar.gz", content)
        more: dict[str, Any] = {}
        if report is not None:
            text = json.dumps(report).encode()
            where = self.put(f"models/{digest}/report.json", text)
            more["ModelMetrics"] = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": where}}}
        answer = self.sagemaker.create_model_package(
            ModelPackageGroupName=GROUP,
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [
                    {"Image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/none:1", "ModelDataUrl": address}
                ],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            MetadataProperties={"CommitId": "0123abc", "Repository": "https://git.acme.example/parts"},
            CustomerMetadataProperties=metadata,
            **more,
        )
        return str(answer["ModelPackageArn"])


@pytest.fixture
def registry(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    for key, value in sandbox.env(tmp_path).items():
        if key.startswith("AWS_") or key == "NO_PROXY":
            monkeypatch.setenv(key, value)
    return Registry(sandbox)


def tar(**files: bytes) -> bytes:
    """A model.tar.gz as training jobs write it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("_onnx", ".onnx"))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def model(version: str) -> bytes:
    return (CATALOG / version / "parts-model.onnx").read_bytes()


def test_an_approved_package_is_proposed_once_and_becomes_a_version(
    registry: Registry, world: World, capsys: Capture
) -> None:
    content = tar(model_onnx=model("1.1.0"), notes=b"by hand")
    arn = registry.package(
        content,
        report={"multiclass_classification_metrics": {"accuracy": {"value": 0.97, "standard_deviation": "NaN"}}},
        artifactSha256=hashlib.sha256(content).hexdigest(),
        trainingDataDigest="sha256:" + "d" * 64,
        licence="Apache-2.0",
    )
    assert world.edgewright("model", "import", arn, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["component"], said["version"], said["branch"], said["new"]) == (
        "com.acme.parts-model", "1.3.0", "model/parts-model/1", True,
    )  # fmt: skip
    assert said["rings"] == ["label-reading staging/twins", "line-inspection staging/twins"]
    rows = {row["what"]: (row["current"], row["candidate"]) for row in said["comparison"]}
    assert rows["accuracy (registered)"] == ("0.9356", "0.97")
    assert rows["accuracy on the golden set (200 rows)"] == ("0.945", "0.95")
    assert world.branches() == ["model/parts-model/1"]

    changed = world.repository.plumb(["fetch", "--quiet", "origin", "model/parts-model/1"])
    changed = world.repository.plumb(["diff", "--name-only", "HEAD", "FETCH_HEAD"])
    shown = "catalog/com.acme.parts-model/1.3.0"
    assert changed.split() == [
        "catalog.lock",
        *(f"{shown}/{file}" for file in ("component.yaml", "metrics.json", "parts-model.onnx", "recipe.yaml")),
        "fleets/label-reading/staging.yaml",
        "fleets/line-inspection/staging.yaml",
    ]
    how = json.loads(world.repository.plumb(["show", f"FETCH_HEAD:{shown}/metrics.json"]))
    before = json.loads((CATALOG / "1.2.0" / "metrics.json").read_text())
    # what the inference component reads of it, and nothing that was measured of another file
    assert {key: how[key] for key in ("model", "input", "labels")} == {
        key: before[key] for key in ("model", "input", "labels")
    }
    assert (how["version"], how["sha256"], how["accuracy"]) == (
        "1.3.0", hashlib.sha256(model("1.1.0")).hexdigest(), 0.97,
    )  # fmt: skip
    assert not {"training", "heldOut", "opset"} & set(how)
    message = world.repository.plumb(["log", "-1", "--format=%B", "FETCH_HEAD"])
    assert message.startswith(
        "Import com.acme.parts-model 1.3.0 from parts-model/1\n\nModel-Package: arn:aws:sagemaker:"
    )
    lines = world.repository.plumb(["diff", "--unified=0", "HEAD", "FETCH_HEAD", "--", STAGING]).splitlines()
    assert [line for line in lines if line.startswith(("+ ", "- "))] == [
        '-      com.acme.parts-model: {version: "1.0.0"}',
        '+      com.acme.parts-model: {version: "1.3.0"}',
    ]

    assert world.edgewright("model", "import", arn) == 0
    assert "is proposed already" in capsys.readouterr().out
    assert world.branches() == ["model/parts-model/1"]
    world.merge("model/parts-model/1")
    found = Catalog.load(world.repository.root)
    assert found.problems == ()
    made = found.get("com.acme.parts-model", "1.3.0")
    assert made is not None
    assert made.sidecar is not None
    assert made.sidecar.provenance is not None
    provenance = made.sidecar.provenance
    assert (provenance.package, provenance.verified, provenance.metrics) == (arn, True, {"accuracy": 0.97})
    assert (provenance.commit, provenance.licence) == ("0123abc", "Apache-2.0")
    assert made.artifacts[0].sha256 == hashlib.sha256(model("1.1.0")).hexdigest()
    assert world.edgewright("model", "import", arn) == 0
    assert "nothing to do: com.acme.parts-model 1.3.0 was made of it already" in capsys.readouterr().out


def test_a_worse_candidate_is_refused_unless_it_is_meant(registry: Registry, world: World, capsys: Capture) -> None:
    world.bump("1.1.0")
    arn = registry.package(tar(model_onnx=model("1.0.0")), report={"accuracy": 0.9})
    assert world.edgewright("model", "import", arn) == 2
    said = capsys.readouterr().err
    assert "is worse than what com.acme.parts-model has" in said
    assert "accuracy on the golden set (200 rows) 0.945, now 0.95" in said
    assert world.branches() == []
    assert world.edgewright("model", "import", arn, "--worse", "--dry-run") == 0
    assert "could be proposed for label-reading staging/twins" in capsys.readouterr().out
    assert world.branches() == []
    assert world.edgewright("model", "import", arn, "--worse", "--version", "1.2.5") == 0
    assert world.branches() == ["model/parts-model/1"]


HOSTILE = "$(touch /tmp/x); `id`\n</td><script>alert(1)</script> ../../etc | \" ' # : {a: b}"


def test_foreign_words_stay_words(registry: Registry, world: World, capsys: Capture) -> None:
    arn = registry.package(
        tar(model_onnx=model("1.1.0"), **{"..__..__evil": b"#!/bin/sh"}), report={HOSTILE: 1.0, "accuracy": 0.99},
        licence=HOSTILE, trainingDataDigest=HOSTILE, componentVersion="../../1.0.0",
    )  # fmt: skip
    assert world.edgewright("model", "import", arn) == 0
    world.repository.plumb(["fetch", "--quiet", "origin", "model/parts-model/1"])
    glance = load(world.repository, Side("it", world.repository.resolve("FETCH_HEAD"), None))
    assert glance.project is not None, glance.errors
    made = glance.project.catalog.get("com.acme.parts-model", "1.3.0")
    assert made is not None
    assert made.sidecar is not None
    assert made.sidecar.provenance is not None
    assert made.sidecar.provenance.licence == HOSTILE
    assert made.sidecar.provenance.metrics == {"accuracy": 0.99}
    assert not list(world.repository.root.parent.glob("**/evil"))


REFUSED: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "an opset that devices do not load": (tar(model_onnx=model("1.2.0")), {}, 2, "Opset 28 is under development"),
    "no model": (tar(model_onnx=b"no model"), {}, 2, "is no ONNX model, or a download of it broke off"),
    "code": (tar(weights=b"x", **{"model.pkl": b"cos"}), {}, 2, "'model.pkl' would be executed"),
    "two": (tar(a_onnx=b"1", b_onnx=b"2"), {}, 2, "has 2 ONNX files ('a.onnx', 'b.onnx')"),
    "pending": (tar(model_onnx=b"3"), {"status": "PendingManualApproval"}, 2, "only an approved package"),
    "rejected": (tar(model_onnx=b"4"), {"status": "Rejected"}, 2, "is Rejected"),
    "changed": (tar(model_onnx=b"5"), {"artifactSha256": "0" * 64}, 2, "it was changed since"),
    "no digest": (tar(model_onnx=b"6"), {"artifactSha256": "banana"}, 1, "is no SHA-256 (got 'banana')"),
}


def test_what_is_not_right_is_refused_and_nothing_is_written(registry: Registry, world: World, capsys: Capture) -> None:
    for name, (content, more, code, told) in REFUSED.items():
        arn = registry.package(content, **more)
        assert (world.edgewright("model", "import", arn), name) == (code, name)
        assert told in capsys.readouterr().err, name
    assert world.branches() == []


def test_another_interface_is_refused(registry: Registry, world: World, capsys: Capture) -> None:
    from edgewright.catalog.placeholder_model import placeholder_model

    change = world.repository.root / "edgewright.yaml"
    change.write_text(
        change.read_text("utf-8").replace("      golden: golden/parts-model.json", "     "), encoding="utf-8"
    )
    world.repository.commit("No golden set")
    world.push()
    arn = registry.package(placeholder_model())
    assert world.edgewright("model", "import", arn) == 2
    assert (
        "the candidate is x float32[1] -> y float32[1], and com.acme.parts-model is "
        "pixels float32[batch, 64] -> probabilities float32[batch, 10]" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arn", "told"),
    [
        ("banana; rm -rf /", "is no ARN of a versioned model package"),
        (
            "arn:aws:sagemaker:eu-west-1:111111111111:model-package/other/1",
            "models.groups in edgewright.yaml has parts-model",
        ),
        ("arn:aws:sagemaker:eu-west-1:333333333333:model-package/parts-model/1", "belongs to tooling (111111111111)"),
    ],
)
def test_what_is_not_ours_is_told(arn: str, told: str, world: World, capsys: Capture) -> None:
    assert world.edgewright("model", "import", arn) == 1
    assert told in capsys.readouterr().err
