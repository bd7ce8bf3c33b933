"""Small components that are made from Lambda functions."""

from __future__ import annotations

import re
from pathlib import Path

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.lock import write_lock

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
CODE = b"from typing import Any\n\n\ndef handler(event: Any, context: Any) -> Any:\n    return event\n"
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


def pin_function(root: Path, fleet: str, path_of_ring: str, version: str, *, name: str = "com.acme.filter") -> None:
    """Let a ring of an organisation pin a version, with what it runs on; another version takes the place of one."""
    stage, _, ring = path_of_ring.partition("/")
    path = root / "fleets" / fleet / f"{stage}.yaml"
    before, head, rest = path.read_text(encoding="utf-8").partition(f"  - name: {ring}\n")
    assert head, f"{path} has no ring {ring}"
    own, marker, after = rest.partition("  - name: ")
    line = f'      {name}: {{version: "{version}"}}\n'
    if f"      {name}:" in own:
        own = re.sub(rf"      {re.escape(name)}:.*\n", line, own)
    else:
        runs_on = [f'      {each}: {{version: "{pin}"}}\n' for each, pin in BASE.items() if f"      {each}:" not in own]
        own = re.sub(r"(    components:.*\n)", lambda match: match[1] + "".join([*runs_on, line]), own, count=1)
    path.write_text(before + head + own + marker + after, encoding="utf-8")


def lock(root: Path) -> None:
    """Lock what is new in an organisation."""
    catalog = Catalog.load(root)
    write_lock(root, [each.entry for each in catalog])
