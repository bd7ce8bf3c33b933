"""How new devices of a fleet join by themselves: the provisioning template, its hook, and the policy of the claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.cross_account_role import CrossAccountRole, CrossAccountRoleArgs
from edgewright.canonical import canonical_json
from edgewright.documents import boundary, deployment, naming, policy, provisioning
from edgewright.documents.place import FleetPlace

FUNCTION = Path(__file__).resolve().parent / "functions" / "pre_provisioning_hook"
RUNTIME = "python3.12"


@dataclass(frozen=True, kw_only=True)
class ProvisioningArgs:
    """A fleet in a stage, and who may join it."""

    provider: aws.Provider
    place: FleetPlace
    rings: Sequence[str]
    """The rings that devices join by provisioning."""
    devices: Mapping[str, str]
    """The ring of each serial number that is let in."""
    after: Sequence[pulumi.Resource] = ()
    """The thing groups and the certificate policy, which the template names."""


@dataclass(frozen=True, kw_only=True)
class ProvisioningResources:
    """Everything that a new device needs to be there."""

    thing_type: aws.iot.ThingType
    role: CrossAccountRole
    hook_role: CrossAccountRole
    hook: aws.lambda_.Function
    permission: aws.lambda_.Permission
    template: aws.iot.ProvisioningTemplate
    claim: aws.iot.Policy


@final
class Provisioning(EdgeComponent):
    """Provisioning by claim. The private key of a device is made on the device or handed to it, never kept here."""

    resources: ProvisioningResources

    def __init__(self, name: str, *, args: ProvisioningArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        place = args.place
        claim_name = naming.claim_policy(place.name, place.stage)
        claim = policy.render(provisioning.claim(place), limit=policy.IOT_POLICY, of=f"AWS IoT policy {claim_name}")
        super().__init__(name, opts=opts)
        tags = deployment.tags(place)
        child = self.child(args.provider)
        limit = boundary.arn(place, boundary.PROVISIONING)
        # AWS deletes no thing type within five minutes of its deprecation, nor while a thing has it: it stays.
        thing_type = aws.iot.ThingType(
            name,
            name=naming.thing_type(place.name, place.stage),
            properties=aws.iot.ThingTypePropertiesArgs(description=f"Devices of {place.name} in {place.stage}"),
            tags=tags,
            opts=self.child(args.provider, retain_on_delete=True),
        )
        role = CrossAccountRole(
            f"{name}/provision",
            args=CrossAccountRoleArgs(
                provider=args.provider,
                role=naming.provisioning_role(place.name, place.stage),
                description=f"Registers new devices of {place.name} in {place.stage}",
                trust=provisioning.service_trust("iot.amazonaws.com", place.account_id),
                permissions=provisioning.provisioning_role(place, args.rings),
                boundary=limit,
                tags=tags,
            ),
            opts=self.inner(),
        )
        hook_name = naming.provisioning_hook(place.name, place.stage)
        hook_role = CrossAccountRole(
            f"{name}/hook",
            args=CrossAccountRoleArgs(
                provider=args.provider,
                role=hook_name,
                description=f"Decides which devices may join {place.name} in {place.stage}",
                trust=provisioning.service_trust("lambda.amazonaws.com"),
                permissions=provisioning.hook_role(place),
                boundary=limit,
                tags=tags,
            ),
            opts=self.inner(),
        )
        hook = aws.lambda_.Function(
            name,
            name=hook_name,
            description=f"Which devices may join {place.name} in {place.stage}",
            role=hook_role.resources.role.arn,
            runtime=RUNTIME,
            handler="index.handler",
            timeout=provisioning.HOOK_TIMEOUT,
            memory_size=256,
            code=pulumi.AssetArchive(
                {
                    "index.py": pulumi.StringAsset((FUNCTION / "index.py").read_text(encoding="utf-8")),
                    "devices.json": pulumi.StringAsset(canonical_json(dict(args.devices))),
                }
            ),
            tags=tags,
            opts=self.child(args.provider, depends_on=[hook_role.resources.policy]),
        )
        template_name = naming.provisioning_template(place.name, place.stage)
        template_arn = f"arn:aws:iot:{place.region}:{place.account_id}:provisioningtemplate/{template_name}"
        permission = aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=hook.name,
            principal="iot.amazonaws.com",
            source_account=place.account_id,
            source_arn=template_arn,
            statement_id="provisioning",
            opts=child,
        )
        template = aws.iot.ProvisioningTemplate(
            name,
            name=template_name,
            description=f"New devices of {place.name} in {place.stage}",
            enabled=True,
            provisioning_role_arn=role.resources.role.arn,
            template_body=json.dumps(provisioning.template(place, args.rings)),
            pre_provisioning_hook=aws.iot.ProvisioningTemplatePreProvisioningHookArgs(target_arn=hook.arn),
            tags=tags,
            opts=self.child(args.provider, depends_on=[permission, role.resources.policy, thing_type, *args.after]),
        )
        claim_policy = aws.iot.Policy(f"{name}/claim", name=claim_name, policy=claim, tags=tags, opts=child)
        self.resources = ProvisioningResources(
            thing_type=thing_type,
            role=role,
            hook_role=hook_role,
            hook=hook,
            permission=permission,
            template=template,
            claim=claim_policy,
        )
        self.register_outputs({"template": template.name, "claimPolicy": claim_policy.name})
