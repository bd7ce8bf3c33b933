"""AWS IoT over HTTP: moto's operations, and those that it lacks."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from edgewright.sandbox import paging, wire
from edgewright.sandbox.iot import provisioning
from edgewright.sandbox.iot.dynamic_groups import DynamicThingGroupResponses
from edgewright.sandbox.iot.exceptions import InvalidRequest, RegistrationFailure
from edgewright.sandbox.iot.models import SandboxIoTBackend, iot_backends

_PAGE = 250  # the most that ListThingsInThingGroup answers at once


class SandboxIoTResponse(DynamicThingGroupResponses):
    """AWS IoT."""

    @property
    def iot_backend(self) -> SandboxIoTBackend:
        """The backend of the caller's account and the request's Region."""
        backend: SandboxIoTBackend = iot_backends[self.current_account][self.region]
        return backend

    def call_action(self) -> Any:
        """Judge and run the operation; tags that come with a creation stick to what was created."""
        action = self._get_action() or ""
        self.given = self._parse(action) if action else {}
        status, headers, body = super().call_action()
        tags = self._creation_tags()
        if status < 300 and action.startswith("Create") and tags:
            arn = self._created_arn(action, body)
            if arn:
                self.iot_backend.tag_resource(arn, tags)
        return status, headers, body

    def _parse(self, action: str) -> dict[str, Any]:
        operation = wire.service("iot").operation_model(action)
        query = urllib.parse.urlsplit(self.uri).query
        try:
            given, errors = wire.parse(operation, self.uri_match, query, self.headers, self.raw_body)
        except wire.CannotParseError as error:
            raise InvalidRequest(str(error)) from error
        if errors:
            raise InvalidRequest(wire.describe(errors))
        return given

    def _creation_tags(self) -> list[dict[str, str]]:
        header = self.headers.get("x-amz-tagging")
        if header:
            return [{"Key": key, "Value": value} for key, value in urllib.parse.parse_qsl(header)]
        try:
            tags = json.loads(self.body or "{}").get("tags")
        except (ValueError, AttributeError):
            return []
        return tags if isinstance(tags, list) else []

    def _created_arn(self, action: str, body: str) -> str | None:
        if action == "CreateTopicRule":
            return str(self.iot_backend.get_topic_rule(self._get_param("ruleName"))["ruleArn"])
        return next((v for k, v in json.loads(body or "{}").items() if k.lower().endswith("arn")), None)

    def list_things_in_thing_group(self) -> ActionResult:
        """ListThingsInThingGroup, recursive and in pages."""
        recursive = self._get_bool_param("recursive", if_none=False)
        things = self.iot_backend.list_things_in_thing_group(
            thing_group_name=self._get_param("thingGroupName"), recursive=recursive
        )
        names = sorted(thing.thing_name for thing in things)
        token = self._get_param("nextToken")
        size = self._get_int_param("maxResults", _PAGE)
        rest = [name for name in names if token is None or name > token]
        more = rest[size - 1] if len(rest) > size else None
        return ActionResult({"things": rest[:size], "nextToken": more})

    def update_thing_type(self) -> ActionResult:
        """UpdateThingType."""
        self.iot_backend.update_thing_type(self._get_param("thingTypeName"), self._get_param("thingTypeProperties"))
        return EmptyResult()

    def tag_resource(self) -> ActionResult:
        """TagResource."""
        self.iot_backend.tag_resource(self._get_param("resourceArn"), self._get_param("tags"))
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """UntagResource."""
        self.iot_backend.untag_resource(self._get_param("resourceArn"), self._get_param("tagKeys"))
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        """ListTagsForResource."""
        arn = self._get_param("resourceArn")
        return ActionResult({"tags": self.iot_backend.tags(arn)})

    # --- provisioning -----------------------------------------------------------------------------------------

    @property
    def _templates(self) -> provisioning.Templates:
        return self.iot_backend.templates

    def create_provisioning_template(self) -> ActionResult:
        """CreateProvisioningTemplate."""
        made = self._templates.create(self.given)
        return ActionResult({"templateArn": made.arn, "templateName": made.name, "defaultVersionId": made.default})

    def describe_provisioning_template(self) -> ActionResult:
        """DescribeProvisioningTemplate."""
        return ActionResult(self._templates.find(self.given["templateName"]).to_json())

    def update_provisioning_template(self) -> ActionResult:
        """UpdateProvisioningTemplate."""
        self._templates.update(self.given)
        return EmptyResult()

    def delete_provisioning_template(self) -> ActionResult:
        """DeleteProvisioningTemplate."""
        self._templates.delete(self.given["templateName"])
        return EmptyResult()

    def list_provisioning_templates(self) -> ActionResult:
        """ListProvisioningTemplates."""
        found = [template.summary() for _, template in sorted(self._templates.all.items())]
        return self._page("templates", found)

    def create_provisioning_template_version(self) -> ActionResult:
        """CreateProvisioningTemplateVersion."""
        template = self._templates.find(self.given["templateName"])
        default = self.given.get("setAsDefault", False)
        version = self._templates.create_version(template.name, self.given["templateBody"], default=default)
        return ActionResult(
            {
                "templateArn": template.arn,
                "templateName": template.name,
                "versionId": version.number,
                "isDefaultVersion": template.default == version.number,
            }
        )

    def describe_provisioning_template_version(self) -> ActionResult:
        """DescribeProvisioningTemplateVersion."""
        template = self._templates.find(self.given["templateName"])
        version = template.version(self.given["versionId"])
        return ActionResult(
            {
                "versionId": version.number,
                "creationDate": version.created,
                "templateBody": version.body,
                "isDefaultVersion": template.default == version.number,
            }
        )

    def list_provisioning_template_versions(self) -> ActionResult:
        """ListProvisioningTemplateVersions."""
        template = self._templates.find(self.given["templateName"])
        found = [
            {"versionId": v.number, "creationDate": v.created, "isDefaultVersion": template.default == v.number}
            for v in template.versions.values()
        ]
        return self._page("versions", found)

    def delete_provisioning_template_version(self) -> ActionResult:
        """DeleteProvisioningTemplateVersion."""
        self._templates.delete_version(self.given["templateName"], self.given["versionId"])
        return EmptyResult()

    def create_provisioning_claim(self) -> ActionResult:
        """CreateProvisioningClaim."""
        certificate, keys, expires = self._templates.claim(self.given["templateName"])
        return ActionResult(
            {
                "certificateId": certificate.certificate_id,
                "certificatePem": certificate.certificate_pem,
                "keyPair": keys,
                "expiration": expires,
            }
        )

    def register_thing(self) -> ActionResult:
        """RegisterThing, by an administrator or a factory: the certificate is one of the template's."""
        wanted = provisioning.fill(self.given["templateBody"], self.given.get("parameters", {}), {})
        certificate = self._certificate(wanted.certificate or {})
        arns = self._templates.apply(wanted, certificate, None)
        return ActionResult({"certificatePem": certificate.certificate_pem, "resourceArns": arns})

    def _certificate(self, properties: Mapping[str, Any]) -> Any:
        if "CertificateId" in properties:
            return self.iot_backend.describe_certificate(properties["CertificateId"])
        if "CertificateSigningRequest" in properties:
            return self.iot_backend.create_certificate_from_csr(
                properties["CertificateSigningRequest"], set_as_active=False
            )
        if "CertificatePem" in properties:
            return self.iot_backend.register_certificate(
                properties["CertificatePem"],
                ca_certificate_pem=properties.get("CACertificatePem"),
                set_as_active=False,
                status="INACTIVE",
            )
        raise RegistrationFailure("the template has no certificate to register the thing with")

    def _page(self, key: str, items: list[Any]) -> ActionResult:
        try:
            found, token = paging.page(items, self.given.get("maxResults"), self.given.get("nextToken"))
        except ValueError as error:
            raise InvalidRequest(str(error)) from error
        return ActionResult({key: found, "nextToken": token})
