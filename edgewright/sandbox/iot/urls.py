"""Where AWS IoT is, in moto's form."""

from __future__ import annotations

from edgewright.sandbox.iot.responses import SandboxIoTResponse

url_bases = [r"https?://iot\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/.*$": SandboxIoTResponse.dispatch}
