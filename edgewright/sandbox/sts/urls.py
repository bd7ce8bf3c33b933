"""Where STS is, in moto's form."""

from __future__ import annotations

from edgewright.sandbox.sts.responses import SandboxSTSResponse

url_bases = [r"https?://sts\.(.*\.)?amazonaws\.com"]
url_paths = {"{0}/$": SandboxSTSResponse.dispatch}
