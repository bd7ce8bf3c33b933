"""Where SageMaker is, in moto's form."""

from __future__ import annotations

from edgewright.sandbox.sagemaker.responses import SandboxSageMakerResponse

url_bases = [r"https?://api\.sagemaker\.(.+)\.amazonaws.com"]
url_paths = {"{0}/$": SandboxSageMakerResponse.dispatch}
