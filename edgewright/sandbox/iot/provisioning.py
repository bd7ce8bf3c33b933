"""Provisioning templates and what they do to an account: fleet provisioning by claim, and RegisterThing.

Sources: the AWS IoT API reference; the developer guide's "Provisioning devices that don't have device certificates
using fleet provisioning", "Device provisioning MQTT API" and "Pre-provisioning hooks". The work is done with the
permissions of the template's provisioning role, so that a role that lacks one fails here too.

Longer than other modules, because a template, the claims to it and what it does to an account check one another.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from edgewright.sandbox.authorization import decide, roles
from edgewright.sandbox.authorization.judge import judge
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.iot.exceptions import (
    AlreadyExists,
    DeleteConflict,
    InvalidRequest,
    RegistrationFailure,
    ResourceNotFound,
    VersionsLimitExceeded,
)
from edgewright.sandbox.iot.template import CERTIFICATE, THING, Template, TemplateError, Wanted, status

if TYPE_CHECKING:
    from edgewright.sandbox.iot.models import SandboxIoTBackend

SERVICE = "iot.amazonaws.com"
MOST_VERSIONS = 5  # of a template (AWS IoT quotas)
CLAIM_LIFE = timedelta(minutes=5)  # "CreateProvisioningClaim": a claim is good for five minutes
TOKEN_LIFE = timedelta(hours=1)  # of a certificate ownership token (device provisioning MQTT API)


@dataclass
class Version:
    """A version of a template; never changed."""

    number: int
    body: str
    created: datetime


@dataclass
class ProvisioningTemplate:
    """A template with its versions."""

    name: str
    arn: str
    role: str
    description: str
    enabled: bool
    kind: str
    hook: Mapping[str, str] | None
    created: datetime
    modified: datetime
    versions: dict[int, Version] = field(default_factory=dict)
    default: int = 1
    counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, body: str) -> Version:
        """Add a version."""
        version = Version(next(self.counter), body, datetime.now(UTC))
        self.versions[version.number] = version
        return version

    def version(self, number: int) -> Version:
        """A version by its number."""
        if number not in self.versions:
            raise ResourceNotFound(f"The version {number} of the provisioning template {self.name} does not exist")
        return self.versions[number]

    def summary(self) -> dict[str, Any]:
        """``ProvisioningTemplateSummary``."""
        return {
            "templateArn": self.arn,
            "templateName": self.name,
            "description": self.description or None,
            "creationDate": self.created,
            "lastModifiedDate": self.modified,
            "enabled": self.enabled,
            "type": self.kind,
        }

    def to_json(self) -> dict[str, Any]:
        """The answer of DescribeProvisioningTemplate."""
        return {
            **self.summary(),
            "defaultVersionId": self.default,
            "templateBody": self.versions[self.default].body,
            "provisioningRoleArn": self.role,
            "preProvisioningHook": self.hook,
        }


@dataclass(frozen=True)
class Claim:
    """What a claim that CreateProvisioningClaim made is good for."""

    template: str
    expires: datetime


@dataclass
class Templates:
    """The provisioning templates of an account and Region, claims, and certificates that wait for their thing."""

    iot: SandboxIoTBackend
    all: dict[str, ProvisioningTemplate] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    """By certificate id."""
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """Certificate id and expiry by ownership token."""

    # --- templates --------------------------------------------------------------------------------------------

    def create(self, given: Mapping[str, Any]) -> ProvisioningTemplate:
        """CreateProvisioningTemplate."""
        name = given["templateName"]
        arn = f"arn:aws:iot:{self.iot.region_name}:{self.iot.account_id}:provisioningtemplate/{name}"
        if name in self.all:
            raise AlreadyExists(f"The provisioning template {name} already exists", name, arn)
        _parse(given["templateBody"])
        self._check_role(given["provisioningRoleArn"])
        now = datetime.now(UTC)
        made = ProvisioningTemplate(
            name=name,
            arn=arn,
            role=given["provisioningRoleArn"],
            description=given.get("description", ""),
            enabled=given.get("enabled", False),
            kind=given.get("type", "FLEET_PROVISIONING"),
            hook=_hook(given),
            created=now,
            modified=now,
        )
        made.add(given["templateBody"])
        self.all[name] = made
        return made

    def find(self, name: str) -> ProvisioningTemplate:
        """The template of a name."""
        if name not in self.all:
            raise ResourceNotFound(f"The provisioning template {name} does not exist")
        return self.all[name]

    def update(self, given: Mapping[str, Any]) -> None:
        """UpdateProvisioningTemplate: what is given changes, the rest stays."""
        template = self.find(given["templateName"])
        if "defaultVersionId" in given:
            template.version(given["defaultVersionId"])
        if given.get("removePreProvisioningHook") and given.get("preProvisioningHook"):
            raise InvalidRequest("preProvisioningHook and removePreProvisioningHook exclude one another")
        if "provisioningRoleArn" in given:
            self._check_role(given["provisioningRoleArn"])
        template.description = given.get("description", template.description)
        template.enabled = given.get("enabled", template.enabled)
        template.default = given.get("defaultVersionId", template.default)
        template.role = given.get("provisioningRoleArn", template.role)
        template.hook = None if given.get("removePreProvisioningHook") else _hook(given) or template.hook
        template.modified = datetime.now(UTC)

    def delete(self, name: str) -> None:
        """DeleteProvisioningTemplate, with all its versions."""
        template = self.find(name)
        del self.all[name]
        self.iot.tagger.delete_all_tags_for_resource(template.arn)

    def create_version(self, name: str, body: str, *, default: bool) -> Version:
        """CreateProvisioningTemplateVersion."""
        template = self.find(name)
        _parse(body)
        if len(template.versions) >= MOST_VERSIONS:
            raise VersionsLimitExceeded(f"The provisioning template {name} has {MOST_VERSIONS} versions already")
        version = template.add(body)
        if default:
            template.default = version.number
        template.modified = version.created
        return version

    def delete_version(self, name: str, number: int) -> None:
        """DeleteProvisioningTemplateVersion: not the default one."""
        template = self.find(name)
        template.version(number)
        if number == template.default:
            raise DeleteConflict(f"The version {number} is the default of the provisioning template {name}")
        del template.versions[number]

    def _check_role(self, arn: str) -> None:
        if not roles.trusts(arn, SERVICE, {"aws:SourceAccount": self.iot.account_id}):
            raise InvalidRequest(f"The role {arn} cannot be assumed by AWS IoT")

    # --- claims and certificates ------------------------------------------------------------------------------

    def claim(self, name: str) -> tuple[Any, dict[str, str], datetime]:
        """CreateProvisioningClaim: a certificate for a few minutes, good for this template only."""
        template = self.find(name)
        if not template.enabled:
            raise InvalidRequest(f"The provisioning template {name} is not enabled")
        certificate, keys = self.iot.create_keys_and_certificate(set_as_active=True)
        expires = datetime.now(UTC) + CLAIM_LIFE
        self.claims[certificate.certificate_id] = Claim(name, expires)
        return certificate, keys, expires

    def own(self, certificate: Any) -> str:
        """A token that says: who has this may register a thing with the certificate, which waits until then."""
        certificate.status = "PENDING_ACTIVATION"
        token = secrets.token_urlsafe(48)
        self.tokens[token] = (certificate.certificate_id, datetime.now(UTC) + TOKEN_LIFE)
        return token

    def owned(self, token: str) -> Any:
        """The certificate of an ownership token that still holds; the token is used up by ``spend``."""
        if not token:
            raise AwsError("InvalidCertificateOwnershipToken", "Certificate ownership token cannot be empty.", 400)
        certificate, expires = self.tokens.get(token, ("", datetime.fromtimestamp(0, UTC)))
        if expires <= datetime.now(UTC) or certificate not in self.iot.certificates:
            raise AwsError(
                "InvalidCertificateOwnershipToken", "Certificate ownership token is invalid or has expired.", 400
            )
        return self.iot.certificates[certificate]

    def spend(self, token: str) -> None:
        """A token is good for one thing."""
        self.tokens.pop(token, None)

    # --- applying ---------------------------------------------------------------------------------------------

    def apply(self, wanted: Wanted, certificate: Any, role: str | None) -> dict[str, str]:
        """Make what a template wants; answers ARNs by logical name.

        Args:
            wanted: From a filled template.
            certificate: The device's; it gets the template's status, policies and thing.
            role: Whose permissions count; None for those of the caller, who was judged already.

        Raises:
            AwsError: it could not be done; what was done stays, as on AWS.
        """
        hand = _Hand(self.iot, role)
        hand.need("iot:RegisterThing", "*")
        hand.need("iot:DescribeCertificate", certificate.arn)
        arns: dict[str, str] = {}
        if wanted.thing is not None:
            arns[wanted.names[THING]] = hand.thing(wanted.thing, wanted.overrides.get(THING, {}))
        for properties in wanted.policies:
            hand.policy(properties, certificate)
        if wanted.certificate is not None:
            arns[wanted.names[CERTIFICATE]] = certificate.arn
            hand.need("iot:UpdateCertificate", certificate.arn)
            certificate.status = status(wanted.certificate)
        if wanted.thing is not None:
            hand.attach(str(wanted.thing["ThingName"]), certificate)
        return arns


@dataclass(frozen=True)
class _Hand:
    """Does one thing after another with the permissions of a role.

    Which actions AWS asks for is not documented one by one. Asked for here is what does the work, and what looks before
    it, as far as AWS's own policy for such roles (AWSIoTThingsRegistration) has it.
    """

    iot: SandboxIoTBackend
    role: str | None

    def need(self, action: str, resource: str) -> None:
        """Stop when the role may not."""
        if self.role is None:
            return
        principal = roles.acting(self.role, SERVICE, "iot-provisioning")
        verdict = judge(principal, Need(action, resource)) if principal is not None else None
        if verdict is None or not verdict.allowed:
            text = decide.refusal(self.role, action, resource)
            raise RegistrationFailure(f"The provisioning role could not register the thing: {text}")

    def thing(self, properties: Mapping[str, Any], overrides: Mapping[str, str]) -> str:
        """Make the thing, or treat one that is there as the override settings say."""
        name = str(properties["ThingName"])
        arn = self.iot.thing_arn(name)
        attributes = {str(k): str(v) for k, v in (properties.get("AttributePayload") or {}).items()}
        kind = properties.get("ThingTypeName")
        groups = [str(group) for group in properties.get("ThingGroups") or ()]
        self.need("iot:DescribeThing", arn)
        if kind:
            self.need("iot:DescribeThingType", self._arn("thingtype", kind))
        for group in groups:
            self.need("iot:DescribeThingGroup", self.iot.group_arn(group))
            if self.iot.group_arn(group) not in self.iot.thing_groups:
                raise RegistrationFailure(f"The thing group {group} does not exist")
        if arn not in self.iot.things:
            self.need("iot:CreateThing", arn)
            self.iot.create_thing(name, kind or "", {"attributes": attributes} if attributes else None)
            self._join(name, arn, groups)
            return arn
        self._override(name, arn, attributes, kind, overrides)
        self._regroup(name, arn, groups, overrides.get("ThingGroups", "DO_NOTHING"))
        return arn

    def _override(
        self, name: str, arn: str, attributes: Mapping[str, str], kind: str | None, overrides: Mapping[str, str]
    ) -> None:
        present = self.iot.things[arn]
        type_name = present.thing_type.thing_type_name if present.thing_type else None
        how = overrides.get("AttributePayload", "DO_NOTHING")
        if how == "FAIL" and attributes != present.attributes:
            raise RegistrationFailure(f"The thing {name} exists with other attributes")
        typing = overrides.get("ThingTypeName", "DO_NOTHING")
        if typing == "FAIL" and kind != type_name:
            raise RegistrationFailure(f"The thing {name} exists with another thing type")
        wanted = kind if typing == "REPLACE" and kind != type_name else None
        payload = {"attributes": dict(attributes), "merge": how == "MERGE"} if how in {"REPLACE", "MERGE"} else None
        if wanted or payload is not None:
            self.need("iot:UpdateThing", arn)
            self.iot.update_thing(name, wanted, payload, remove_thing_type=False)

    def _regroup(self, name: str, arn: str, groups: list[str], how: str) -> None:
        self.need("iot:ListThingGroupsForThing", arn)
        present = {g["groupName"] for g in self.iot.list_thing_groups_for_thing(name)}
        if how == "FAIL" and present != set(groups):
            raise RegistrationFailure(f"The thing {name} exists in other thing groups")
        if how == "REPLACE":
            for group in sorted(present - set(groups)):
                self.need("iot:RemoveThingFromThingGroup", self.iot.group_arn(group))
                self.iot.remove_thing_from_thing_group(group, None, name, None)
        if how in {"REPLACE", "MERGE"}:
            self._join(name, arn, [group for group in groups if group not in present])

    def _join(self, name: str, arn: str, groups: list[str]) -> None:
        for group in groups:
            self.need("iot:AddThingToThingGroup", self.iot.group_arn(group))
            self.need("iot:AddThingToThingGroup", arn)
            self.iot.add_thing_to_thing_group(group, None, name, None)

    def policy(self, properties: Mapping[str, Any], certificate: Any) -> None:
        """Attach a policy to the certificate; one that comes as a document is made first."""
        name = properties.get("PolicyName")
        if name is None:
            document = str(properties["PolicyDocument"])
            name = f"Policy_{secrets.token_hex(16)}"  # AWS's names are hashes too; their rule is not documented
            self.need("iot:CreatePolicy", self._arn("policy", name))
            self.iot.create_policy(name, document)
        elif name not in self.iot.policies:
            raise RegistrationFailure(f"The policy {name} does not exist")
        self.need("iot:AttachPolicy", certificate.arn)
        self.iot.attach_policy(str(name), certificate.arn)

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:iot:{self.iot.region_name}:{self.iot.account_id}:{kind}/{name}"

    def attach(self, thing: str, certificate: Any) -> None:
        """Bind the certificate to the thing."""
        self.need("iot:AttachThingPrincipal", "*")
        self.iot.attach_thing_principal(thing, certificate.arn)


def fill(template: Template | str, given: Mapping[str, str], own: Mapping[str, str]) -> Wanted:
    """Fill a template, with AWS's error when that cannot be done."""
    parsed = _parse(template) if isinstance(template, str) else template
    try:
        return parsed.fill(given, own)
    except TemplateError as error:
        raise RegistrationFailure(str(error)) from error


def _parse(body: str) -> Template:
    try:
        return Template.parse(body)
    except TemplateError as error:
        raise InvalidRequest(f"Invalid template: {error}") from error


def _hook(given: Mapping[str, Any]) -> dict[str, str] | None:
    hook = given.get("preProvisioningHook")
    return {"payloadVersion": "2020-04-01", **hook} if hook else None
