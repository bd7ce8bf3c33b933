"""The files of an imported version."""

from __future__ import annotations

from edgewright.catalog.needs import Needs
from edgewright.catalog.sidecar import Provenance, read_sidecar
from edgewright.gitops.models.version_files import _sidecar
from edgewright.source import load_yaml


def test_what_the_version_before_needs_is_said_of_the_new_one() -> None:
    provenance = Provenance(package="arn", source="s3://b/k", artifact="sha256:0", verified=False)
    needs = Needs.model_validate({"memory": "96MiB"})
    text = _sidecar(provenance, needs)
    assert '\nneeds: {"memory": "96MiB"}\n' in text
    sidecar, problems = read_sidecar(load_yaml(text, "component.yaml"))
    assert problems == ()
    assert sidecar is not None
    assert (sidecar.needs, sidecar.provenance) == (needs, provenance)
    assert "needs" not in _sidecar(provenance, None)
