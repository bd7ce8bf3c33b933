"""What a machine is told when it becomes a core device: the configuration of the nucleus, classic or lite.

Sources: "Install AWS IoT Greengrass Core software with manual resource provisioning" and "Configure the AWS IoT fleet
provisioning plugin" of the Greengrass developer guide; the sample configuration of the lite nucleus.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewright.documents import installer, naming, provisioning
from edgewright.documents.place import FleetPlace

CLASSIC, LITE = "classic", "lite"
CLASSIC_ROOT = installer.ROOT
LITE_ROOT = "/var/lib/greengrass"


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The account's own endpoints of AWS IoT in a Region."""

    data: str
    credentials: str


def configuration(
    place: FleetPlace,
    thing: str,
    *,
    nucleus: str,
    kind: str,
    endpoints: Endpoints,
    claim: bool,
    attributes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the initial configuration of a core device.

    Args:
        place: The fleet in its stage.
        thing: Name of the thing; with ``claim``, the serial number that becomes it.
        nucleus: Version of the nucleus that the device's ring pins.
        kind: ``classic`` or ``lite``.
        endpoints: Of the stage's account.
        claim: Whether the device provisions itself; else its certificate is there already.
        attributes: Further platform attributes, which its first deployment picks manifests by; the classic nucleus's.
    """
    made = (_lite if kind == LITE else _classic)(place, thing, nucleus, endpoints, claim=claim)
    if attributes and kind == CLASSIC:
        own = made["services"]["aws.greengrass.Nucleus"]
        own.setdefault("configuration", {})["platformOverride"] = dict(attributes)
    return made


def _classic(place: FleetPlace, thing: str, nucleus: str, endpoints: Endpoints, *, claim: bool) -> dict[str, Any]:
    if claim:
        return {
            "services": {
                "aws.greengrass.Nucleus": {"version": nucleus},
                "aws.greengrass.FleetProvisioningByClaim": {
                    "configuration": {
                        "rootPath": CLASSIC_ROOT,
                        "awsRegion": place.region,
                        "iotDataEndpoint": endpoints.data,
                        "iotCredentialEndpoint": endpoints.credentials,
                        "iotRoleAlias": place.role_alias,
                        "provisioningTemplate": naming.provisioning_template(place.name, place.stage),
                        "claimCertificatePath": f"{CLASSIC_ROOT}/claim/certificate.pem",
                        "claimCertificatePrivateKeyPath": f"{CLASSIC_ROOT}/claim/private.key",
                        "rootCaPath": f"{CLASSIC_ROOT}/AmazonRootCA1.pem",
                        "templateParameters": {provisioning.SERIAL: thing},
                    }
                },
            }
        }
    return {
        "system": _system(CLASSIC_ROOT, thing, root_key="rootpath"),
        "services": {
            "aws.greengrass.Nucleus": {
                "componentType": "NUCLEUS",
                "version": nucleus,
                "configuration": {
                    "awsRegion": place.region,
                    "iotRoleAlias": place.role_alias,
                    "iotDataEndpoint": endpoints.data,
                    "iotCredEndpoint": endpoints.credentials,
                },
            }
        },
    }


def _lite(place: FleetPlace, thing: str, nucleus: str, endpoints: Endpoints, *, claim: bool) -> dict[str, Any]:
    del nucleus  # the lite nucleus is a package of the system, which its own package manager keeps
    settings = {
        "awsRegion": place.region,
        # With a claim the endpoints stand with the claim, and the nucleus gets them when it is provisioned.
        "iotCredEndpoint": "" if claim else endpoints.credentials,
        "iotDataEndpoint": "" if claim else endpoints.data,
        "iotRoleAlias": place.role_alias,
        "runWithDefault": {"posixUser": "ggcore:ggcore"},
        "greengrassDataPlanePort": "8443",
    }
    blank = dict.fromkeys(("privateKeyPath", "certificateFilePath", "rootCaPath"), "")
    system = (
        {**blank, "rootPath": LITE_ROOT, "thingName": ""} if claim else _system(LITE_ROOT, thing, root_key="rootPath")
    )
    services: dict[str, Any] = {"aws.greengrass.NucleusLite": {"componentType": "NUCLEUS", "configuration": settings}}
    if claim:
        services["aws.greengrass.fleet_provisioning"] = {
            "configuration": {
                "iotDataEndpoint": endpoints.data,
                "iotCredEndpoint": endpoints.credentials,
                "rootCaPath": f"{LITE_ROOT}/AmazonRootCA1.pem",
                "claimKeyPath": f"{LITE_ROOT}/claim/private.key",
                "claimCertPath": f"{LITE_ROOT}/claim/certificate.pem",
                "templateName": naming.provisioning_template(place.name, place.stage),
                "templateParams": {provisioning.SERIAL: thing},
            }
        }
    return {"system": system, "services": services}


def _system(root: str, thing: str, *, root_key: str) -> dict[str, str]:
    return {
        "certificateFilePath": f"{root}/device.pem.crt",
        "privateKeyPath": f"{root}/private.pem.key",
        "rootCaPath": f"{root}/AmazonRootCA1.pem",
        root_key: root,
        "thingName": thing,
    }


def steps(place: FleetPlace, thing: str, *, nucleus: str, kind: str, claim: bool, folder: str) -> list[str]:
    """Return what to do on the machine, in order; ``folder`` is where the files were written."""
    root = LITE_ROOT if kind == LITE else CLASSIC_ROOT
    folder = shlex.quote(folder)
    found = [f"sudo mkdir -p {root}{'/claim' if claim else ''}", f"sudo cp {folder}/AmazonRootCA1.pem {root}/"]
    if claim:
        found += [
            f"# the claim certificate of the fleet: edgewright device claim {place.name} {place.stage} --out claim",
            f"sudo cp claim/certificate.pem claim/private.key {root}/claim/ && sudo chmod 600 {root}/claim/private.key",
        ]
    else:
        found.append(
            f"# put the device's own certificate and key at {root}/device.pem.crt and private.pem.key (mode 600)"
        )
    if kind == LITE:
        found += [
            f"sudo install -D -m 600 {folder}/config.yaml /etc/greengrass/config.yaml",
            "sudo systemctl restart greengrass-lite.target",
        ]
        if claim:
            found += ["sudo /usr/local/bin/fleet-provisioning", "sudo systemctl restart greengrass-lite.target"]
        return found
    plugin = " --trusted-plugin fleetprovisioningbyclaim.jar" if claim else ""
    if claim:
        found.append(
            f"curl -fsSo fleetprovisioningbyclaim.jar {installer.RELEASES}/aws-greengrass-FleetProvisioningByClaim/"
            "fleetprovisioningbyclaim-latest.jar"
        )
    return [
        *found,
        f"curl -fsSo greengrass.zip {installer.RELEASES}/greengrass-{nucleus}.zip",
        "unzip -q greengrass.zip -d greengrass",
        "jarsigner -verify greengrass/lib/Greengrass.jar   # must say: jar verified",
        (
            f"sudo java -Droot={root} -Dlog.store=FILE -jar greengrass/lib/Greengrass.jar{plugin} --init-config "
            f"{folder}/config.yaml --component-default-user ggc_user:ggc_group --setup-system-service true"
        ),
        f"# then: edgewright status {place.name}   (the device is {thing})",
    ]


def yaml(value: Mapping[str, Any], indent: int = 0) -> str:
    """Return maps of maps and text as YAML; every text is quoted, so that nothing in it is read as anything else."""
    lines = []
    for key, item in value.items():
        if isinstance(item, Mapping):
            lines += [f"{' ' * indent}{key}:", yaml(item, indent + 2).rstrip("\n")]
        else:
            lines.append(f"{' ' * indent}{key}: {json.dumps(item, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
