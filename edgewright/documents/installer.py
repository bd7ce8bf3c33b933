"""The shell script that makes a machine a core device: user data of the twins, and what `device config` prints.

A script of its own for each fleet and stage; every value is quoted for the shell, whatever it holds. It holds no
secret: a twin gets a claim that is good for five minutes with the role of its instance, and the nucleus then gets a
certificate of its own with it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from textwrap import dedent

from edgewright.documents import naming, provisioning
from edgewright.documents.place import FleetPlace

RELEASES = "https://d2s8p88vqu9w66.cloudfront.net/releases"
"""Where AWS publishes the nucleus and its plugin for fleet provisioning (Greengrass developer guide)."""
ROOT = "/greengrass/v2"
NUCLEUS_USER = "ggc_user"
NUCLEUS_GROUP = "ggc_group"
PACKAGES = ("curl", "default-jdk-headless", "jq", "python3", "unzip")
"""The Java of the nucleus and its ``jarsigner``, Python for components, and what the script itself needs."""


def user_data(place: FleetPlace, *, nucleus: str, attributes: Mapping[str, str] | None = None) -> str:
    """Return the user data of the fleet's twins. All twins share it; each reads its own name from its tags.

    Args:
        place: The fleet in its stage.
        nucleus: Version of the nucleus that the twins' ring pins.
        attributes: Further platform attributes, which the first deployment picks manifests by.
    """
    template = naming.provisioning_template(place.name, place.stage)
    values = {
        "REGION": place.region,
        "TEMPLATE": template,
        "ROLE_ALIAS": place.role_alias,
        "NUCLEUS": nucleus,
        "RELEASES": RELEASES,
        "ROOT": ROOT,
        "POSIX_USER": f"{NUCLEUS_USER}:{NUCLEUS_GROUP}",
        "ROOT_CA_SHA256": ROOT_CA_SHA256,
    }
    if attributes:
        values["ATTRIBUTES"] = json.dumps(dict(attributes), sort_keys=True)
    readonly = "\n".join(f"readonly {name}={shlex.quote(value)}" for name, value in values.items())
    return (
        _SCRIPT.replace("@VALUES@", readonly)
        .replace("@PACKAGES@", " ".join(PACKAGES))
        .replace("@SERIAL@", provisioning.SERIAL)
        .replace("@GIVEN@", ' --argjson attributes "$ATTRIBUTES"' if attributes else "")
        .replace("@OVERRIDE@", ", configuration: {platformOverride: $attributes}" if attributes else "")
    )


ROOT_CA_SHA256 = "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e"
"""SHA-256 of Amazon Root CA 1 in its binary form (DER), as Amazon Trust Services publishes it."""

_SCRIPT = dedent(
    """\
    #!/usr/bin/env bash
    # Makes this instance a Greengrass core device. It may run again: what is there is kept.
    set -euo pipefail

    @VALUES@
    export DEBIAN_FRONTEND=noninteractive AWS_DEFAULT_REGION="$REGION"

    if systemctl is-active --quiet greengrass.service; then
      echo 'Greengrass runs already'
      exit 0
    fi

    apt-get update -qq
    apt-get install -y -qq @PACKAGES@
    command -v aws >/dev/null || snap install aws-cli --classic

    # The instance's name is its serial number. IMDSv2: a token first.
    token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)
    serial=$(curl -fsS -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/tags/instance/Name)

    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    umask 077

    curl -fsS --proto '=https' --tlsv1.2 -o "$work/nucleus.zip" "$RELEASES/greengrass-$NUCLEUS.zip"
    unzip -q "$work/nucleus.zip" -d "$work/nucleus"
    plugin_url="$RELEASES/aws-greengrass-FleetProvisioningByClaim/fleetprovisioningbyclaim-latest.jar"
    curl -fsS --proto '=https' --tlsv1.2 -o "$work/claim.jar" "$plugin_url"
    # AWS signs both; a file that was changed on the way does not verify.
    jarsigner -verify -strict "$work/nucleus/lib/Greengrass.jar" | grep -q '^jar verified'
    jarsigner -verify -strict "$work/claim.jar" | grep -q '^jar verified'

    mkdir -p "$ROOT/claim"
    curl -fsS --proto '=https' --tlsv1.2 -o "$ROOT/AmazonRootCA1.pem" \\
      https://www.amazontrust.com/repository/AmazonRootCA1.pem
    digest=$(openssl x509 -in "$ROOT/AmazonRootCA1.pem" -outform der | sha256sum | cut -d' ' -f1)
    if [[ "$digest" != "$ROOT_CA_SHA256" ]]; then
      echo 'the root certificate is not the one that is expected' >&2
      exit 1
    fi

    id -u ggc_user >/dev/null 2>&1 || useradd --system --create-home ggc_user
    getent group ggc_group >/dev/null || groupadd --system ggc_group

    endpoint() { aws iot describe-endpoint --endpoint-type "$1" --query endpointAddress --output text; }
    data=$(endpoint iot:Data-ATS)
    credentials=$(endpoint iot:CredentialProvider)
    aws iot create-provisioning-claim --template-name "$TEMPLATE" --output json >"$work/claim.json"
    jq -r .certificatePem "$work/claim.json" >"$ROOT/claim/certificate.pem"
    jq -r .keyPair.PrivateKey "$work/claim.json" >"$ROOT/claim/private.key"

    jq -n --arg root "$ROOT" --arg region "$REGION" --arg data "$data" --arg credentials "$credentials" \\
      --arg alias "$ROLE_ALIAS" --arg template "$TEMPLATE" --arg serial "$serial" --arg nucleus "$NUCLEUS"@GIVEN@ '{
        services: {
          "aws.greengrass.Nucleus": {version: $nucleus@OVERRIDE@},
          "aws.greengrass.FleetProvisioningByClaim": {configuration: {
            rootPath: $root, awsRegion: $region, iotDataEndpoint: $data, iotCredentialEndpoint: $credentials,
            iotRoleAlias: $alias, provisioningTemplate: $template, rootCaPath: ($root + "/AmazonRootCA1.pem"),
            claimCertificatePath: ($root + "/claim/certificate.pem"),
            claimCertificatePrivateKeyPath: ($root + "/claim/private.key"),
            templateParameters: {@SERIAL@: $serial}
          }}
        }
      }' >"$work/config.yaml"

    java -Droot="$ROOT" -Dlog.store=FILE -jar "$work/nucleus/lib/Greengrass.jar" \\
      --trusted-plugin "$work/claim.jar" --init-config "$work/config.yaml" \\
      --component-default-user "$POSIX_USER" --setup-system-service true
    """
)
