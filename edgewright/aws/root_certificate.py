"""The certificate by which devices know AWS: Amazon Root CA 1, taken from the bundle that botocore brings along.

Nothing is downloaded. What is found is compared with the digest that Amazon Trust Services publishes, so that a
bundle which somebody changed leads no device astray.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from pathlib import Path

from edgewright.aws.errors import AwsError

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL)


def root_certificate(sha256: str, *, bundle: Path | None = None) -> str:
    """Return the certificate in PEM whose binary form has this digest.

    Args:
        sha256: 64 hexadecimal digits.
        bundle: A file of certificates in PEM; that of botocore by default.

    Raises:
        AwsError: no certificate of the bundle has it.
    """
    import botocore  # noqa: PLC0415 -- start-up

    file = bundle or Path(botocore.__file__).parent / "cacert.pem"
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AwsError(
            f"the certificates in {file} cannot be read: {error.strerror}; install botocore again"
        ) from error
    for match in _CERTIFICATE.finditer(text):
        try:
            binary = ssl.PEM_cert_to_DER_cert(match[0])
        except ValueError:
            continue
        if hashlib.sha256(binary).hexdigest() == sha256:
            return match[0] + "\n"
    raise AwsError(
        f"{file} has no certificate with the SHA-256 {sha256}, so a device could not be sure to talk to AWS; "
        "install botocore again"
    )
