from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest

from edgewright.aws.errors import AwsError
from edgewright.aws.root_certificate import root_certificate
from edgewright.documents.installer import ROOT_CA_SHA256


def test_the_root_certificate_is_the_one_that_amazon_publishes() -> None:
    pem = root_certificate(ROOT_CA_SHA256)
    assert hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() == ROOT_CA_SHA256


def test_a_bundle_that_somebody_changed_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "cacert.pem"
    lines = root_certificate(ROOT_CA_SHA256).splitlines()
    lines[3] = "A" * len(lines[3])
    bundle.write_text("\n".join(lines) + "\n-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    with pytest.raises(AwsError, match=f"has no certificate with the SHA-256 {ROOT_CA_SHA256}"):
        root_certificate(ROOT_CA_SHA256, bundle=bundle)
