"""The sample organisation with everything about identity: a forge, people, a key, devices that join, Edge Manager."""

from __future__ import annotations

import shutil
from pathlib import Path

COMMITTED = ("Pulumi.yaml", "Pulumi.tooling.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml")
ORGANISATION = """\
apiVersion: edgewright/v1
kind: Organisation
name: acme
region: eu-west-1
accounts:
  tooling: {id: "111111111111"}
  staging: {id: "222222222222"}
  prod: {id: "333333333333"}
  data-lake: {id: "111111111111", shares: tooling}
  experimentation: {id: "111111111111", shares: tooling}
stages:
  staging: {account: staging}
  prod: {account: prod, production: true}
forge:
  github: {repository: acme/edge-fleets}
trust:
  externalId: acme-edge
  principals: ["arn:aws:iam::111111111111:user/administrator"]
personas:
  dataScientist: {principals: ["arn:aws:iam::111111111111:user/administrator"]}
  mlEngineer: {principals: ["arn:aws:iam::111111111111:user/administrator"]}
  operator: {principals: ["arn:aws:iam::111111111111:user/administrator"]}
  technician: {principals: ["arn:aws:iam::111111111111:user/administrator"]}
artifacts: {kms: true}
state: {}
"""
TWINS = "twins: {ring: twins, count: 1, architecture: amd64, instanceType: t3.small}\n"


def write(source: Path, root: Path) -> Path:
    """Make the project in ``root`` from the checkout in ``source``."""
    root.mkdir(parents=True)
    for name in (*COMMITTED, "catalog.lock", "__main__.py"):
        shutil.copy(source / name, root)
    for name in ("components", "edgewright", "catalog", "fleets", "plugins"):
        shutil.copytree(source / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "edgewright.yaml").write_text(ORGANISATION, encoding="utf-8")
    line, label = root / "fleets/line-inspection", root / "fleets/label-reading"
    _replace(line / "fleet.yaml", "provisioning: manual ", "provisioning: claim ")
    _replace(line / "staging.yaml", "{things: [twin-001, twin-002]}", "{provisioned: true, serials: [SN-0001]}")
    with (line / "staging.yaml").open("a", encoding="utf-8") as file:
        file.write(TWINS)
    acknowledged = "edgeManager: {enabled: true, acknowledgedDiscontinued: true}\npromotion:\n"
    _replace(label / "fleet.yaml", "promotion:\n", acknowledged)
    return root


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if old not in text:
        msg = f"{file} no longer says {old!r}"
        raise AssertionError(msg)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
