#!/usr/bin/env bash
# Makes this instance a Greengrass core device. It may run again: what is there is kept.
set -euo pipefail

readonly REGION=eu-west-1
readonly TEMPLATE=line-inspection-staging
readonly ROLE_ALIAS=edgewright-line-inspection-staging
readonly NUCLEUS=2.14.3
readonly RELEASES=https://d2s8p88vqu9w66.cloudfront.net/releases
readonly ROOT=/greengrass/v2
readonly POSIX_USER=ggc_user:ggc_group
readonly ROOT_CA_SHA256=8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e
export DEBIAN_FRONTEND=noninteractive AWS_DEFAULT_REGION="$REGION"

if systemctl is-active --quiet greengrass.service; then
  echo 'Greengrass runs already'
  exit 0
fi

apt-get update -qq
apt-get install -y -qq curl default-jdk-headless jq python3 unzip
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
curl -fsS --proto '=https' --tlsv1.2 -o "$ROOT/AmazonRootCA1.pem" \
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

jq -n --arg root "$ROOT" --arg region "$REGION" --arg data "$data" --arg credentials "$credentials" \
  --arg alias "$ROLE_ALIAS" --arg template "$TEMPLATE" --arg serial "$serial" --arg nucleus "$NUCLEUS" '{
    services: {
      "aws.greengrass.Nucleus": {version: $nucleus},
      "aws.greengrass.FleetProvisioningByClaim": {configuration: {
        rootPath: $root, awsRegion: $region, iotDataEndpoint: $data, iotCredentialEndpoint: $credentials,
        iotRoleAlias: $alias, provisioningTemplate: $template, rootCaPath: ($root + "/AmazonRootCA1.pem"),
        claimCertificatePath: ($root + "/claim/certificate.pem"),
        claimCertificatePrivateKeyPath: ($root + "/claim/private.key"),
        templateParameters: {SerialNumber: $serial}
      }}
    }
  }' >"$work/config.yaml"

java -Droot="$ROOT" -Dlog.store=FILE -jar "$work/nucleus/lib/Greengrass.jar" \
  --trusted-plugin "$work/claim.jar" --init-config "$work/config.yaml" \
  --component-default-user "$POSIX_USER" --setup-system-service true
