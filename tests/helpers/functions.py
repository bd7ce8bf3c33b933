"""Small components that are made from Lambda functions."""

from __future__ import annotations

from pathlib import Path

LAMBDA = """\
apiVersion: edgewright/v1
kind: LambdaComponent
name: {name}
version: "{version}"
runtime: python3.12
handler: function.handler
code: function
platforms:
  - {{os: linux, architecture: amd64}}
  - {{os: linux, architecture: aarch64}}
"""
CODE = b"def handler(event, context):\n    return event\n"
BASE = {
    "aws.greengrass.LambdaLauncher": "2.0.13",
    "aws.greengrass.LambdaManager": "2.3.4",
    "aws.greengrass.LambdaRuntimes": "2.0.8",
    "aws.greengrass.TokenExchangeService": "2.0.3",
}
"""What a release pins beside such a component."""


def add_function(
    root: Path,
    name: str = "com.acme.filter",
    version: str = "1.0.0",
    *,
    code: bytes = CODE,
    more: str = "",
    beside: str = "kind: lambda-function\nprovides: [application]\n",
) -> Path:
    """Write a version that is in order, unless told otherwise, and return its folder."""
    folder = root / "catalog" / name / version
    (folder / "function").mkdir(parents=True)
    (folder / "lambda.yaml").write_text(LAMBDA.format(name=name, version=version) + more, encoding="utf-8")
    (folder / "component.yaml").write_text(beside, encoding="utf-8")
    (folder / "function" / "function.py").write_bytes(code)
    return folder
