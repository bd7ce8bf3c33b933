"""Where IAM is, in moto's form."""

from __future__ import annotations

from moto.iam.urls import url_bases as moto_bases

from edgewright.sandbox.iam.responses import SandboxIAMResponse

url_bases = moto_bases
url_paths = {"{0}/$": SandboxIAMResponse.dispatch}
