"""Where S3 is, in moto's form: moto's own paths, answered by our response class."""

from __future__ import annotations

from moto.s3.urls import url_bases as moto_bases
from moto.s3.urls import url_paths as moto_paths

from edgewright.sandbox.s3.responses import SandboxS3Response

url_bases = moto_bases
url_paths = {path: getattr(SandboxS3Response, handler.__name__) for path, handler in moto_paths.items()}
