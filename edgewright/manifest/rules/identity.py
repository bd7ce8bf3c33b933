"""Rules about what devices and other accounts may do: named actions on named resources, and both halves of a grant."""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.manifest import boundary
from edgewright.manifest.context import Context
from edgewright.manifest.references import references
from edgewright.manifest.rules.organisation import TOOLING
from edgewright.source import Problem
from edgewright.validation import one_of

_WITHOUT_RESOURCES = (
    "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "cloudwatch:PutMetricData",
    "ec2:Describe", "ecr:GetAuthorizationToken", "iot:DescribeEndpoint", "iotanalytics:ListDatasets",
    "logs:DescribeLogGroups", "polly:SynthesizeSpeech", "rekognition:Detect", "s3:ListAllMyBuckets",
    "sts:GetCallerIdentity", "textract:", "timestream:DescribeEndpoints", "transcribe:Start", "translate:",
    "xray:GetSampling", "xray:Put",
)  # fmt: skip
"""Beginnings of actions that AWS's service authorization reference gives no resource type, so that only * fits."""
_IDENTITY_SERVICES = ("iam", "organizations", "account")
CAPTURE = "capture"


def permissions_are_named(context: Context) -> Iterator[Problem]:
    """A device may do single actions; one that is taken over must not be able to make itself a better one."""
    for parsed in context.fleets.values():
        if parsed.model is None:
            continue
        for number, statement in enumerate(parsed.model.identity.permissions):
            for index, action in enumerate(statement.actions):
                service, _, call = action.partition(":")
                path = ("identity", "permissions", number, "actions", index)
                if not call.strip("*?"):
                    yield parsed.problem(
                        path, "allows a whole service", got=action, remedy="name the actions that the devices need"
                    )
                elif service in _IDENTITY_SERVICES:
                    yield parsed.problem(
                        path, "lets a device manage identities", got=action, remedy="let the deploy role do that"
                    )


def permissions_name_their_resources(context: Context) -> Iterator[Problem]:
    """``*`` stands only where AWS leaves no choice, or where conditions narrow it."""
    for parsed in context.fleets.values():
        if parsed.model is None:
            continue
        for number, statement in enumerate(parsed.model.identity.permissions):
            named = [action for action in statement.actions if action.partition(":")[2].strip("*?")]
            needless = [action for action in named if not action.startswith(_WITHOUT_RESOURCES)]
            for index, resource in enumerate(statement.resources):
                path = ("identity", "permissions", number, "resources", index)
                if resource == "*" and needless and not statement.conditions:
                    yield parsed.problem(
                        path,
                        f"allows {needless[0]} on everything",
                        got='"*"',
                        remedy="name the resources by their ARNs, or add conditions",
                    )
                if any(reference is None or ":" not in reference for reference in references(resource)):
                    yield parsed.problem(
                        path,
                        "has a reference, and those are for the configuration of components",
                        got=parsed.shown(path),
                        remedy="write the name out; IAM's own variables, such as ${aws:username}, have a colon",
                    )


def access_has_both_halves(context: Context) -> Iterator[Problem]:
    """The account that is trusted exists and is another one than the role's: both halves can be rendered."""
    organisation = context.organisation.model
    if organisation is None or not context.organisation.whole(("accounts",)):
        return
    shared = {account.id for account in organisation.accounts.values() if account.shares is not None}
    # a stage in the tooling account is told at the stage
    shared |= {organisation.accounts[TOOLING].id} if TOOLING in organisation.accounts else set()
    for folder, parsed in context.fleets.items():
        if parsed.model is None:
            continue
        own = {place.account_id: place.stage_name for place in context.rings_by_fleet.get(folder, ())}
        for number, access in enumerate(parsed.model.access):
            path = ("access", number, "trusted")
            trusted = organisation.accounts.get(access.trusted)
            if trusted is None:
                yield parsed.problem(
                    path,
                    "is not an account of the organisation, so the other half of the grant cannot be made",
                    got=access.trusted,
                    remedy=one_of(access.trusted, organisation.accounts, "edgewright.yaml has"),
                )
            elif trusted.id in own and trusted.id not in shared:
                yield parsed.problem(
                    path,
                    f"is the account of {own[trusted.id]} itself: the role would trust its own account",
                    got=f"{access.trusted}, {trusted.id}",
                    remedy="trust another account, or give the permission where it is used",
                )


def access_trusts_its_own_account(context: Context) -> Iterator[Problem]:
    """Who may take a cross-account role is of the account that it trusts: another one would never get in."""
    organisation = context.organisation.model
    for parsed in context.fleets.values():
        for number, access in enumerate(parsed.model.access if parsed.model is not None else ()):
            trusted = organisation.accounts.get(access.trusted) if organisation is not None else None
            for index, principal in enumerate(access.principals):
                if trusted is not None and principal.split(":")[4] != trusted.id:
                    yield parsed.problem(
                        ("access", number, "principals", index),
                        f"is not of the account that is trusted, {access.trusted}",
                        got=principal,
                        remedy=f"name a role of account {trusted.id}",
                    )


def access_is_narrow(context: Context) -> Iterator[Problem]:
    """What another account may do is named: single actions, on the capture bucket or on ARNs."""
    for parsed in context.fleets.values():
        if parsed.model is None:
            continue
        roles: set[str] = set()
        for number, access in enumerate(parsed.model.access):
            path = ("access", number)
            if access.role in roles:
                yield parsed.problem(
                    (*path, "role"), "is the name of two roles", got=access.role, remedy="rename one, or join the two"
                )
            roles.add(access.role)
            for index, action in enumerate(access.actions):
                if not action.partition(":")[2].strip("*?"):
                    yield parsed.problem(
                        (*path, "actions", index),
                        "allows a whole service to another account",
                        got=action,
                        remedy="name the actions, such as s3:GetObject",
                    )
            for index, resource in enumerate(access.resources):
                where = (*path, "resources", index)
                if resource == CAPTURE and parsed.whole(("capture",)) and not parsed.model.capture.enabled:
                    yield parsed.problem(
                        where,
                        "is the capture bucket, and the fleet does not capture",
                        got=resource,
                        remedy="write capture: {enabled: true}",
                    )
                elif resource != CAPTURE and not resource.startswith("arn:"):
                    yield parsed.problem(
                        where, "is not a resource that is known", got=resource, remedy=f"write {CAPTURE}, or an ARN"
                    )


def permissions_are_within_the_boundary(context: Context) -> Iterator[Problem]:
    """What lies outside of the permissions boundary would be refused to devices, however their policy allows it."""
    organisation = context.organisation.model
    if organisation is None or not context.organisation.whole(("boundary",)):
        return
    extra = organisation.boundary.devices
    for parsed in context.fleets.values():
        if parsed.model is None:
            continue
        given: list[tuple[tuple[str | int, ...], str]] = [
            (("identity", "permissions", number, "actions", index), action)
            for number, statement in enumerate(parsed.model.identity.permissions)
            for index, action in enumerate(statement.actions)
        ]
        given += [
            (("access", number, "actions", index), action)
            for number, access in enumerate(parsed.model.access)
            for index, action in enumerate(access.actions)
        ]
        for path, action in given:
            service, _, call = action.partition(":")
            if (
                not call.strip("*?")
                or service in _IDENTITY_SERVICES
                or boundary.allows(action, boundary.DEVICES, extra)
            ):
                continue  # what is too wide is told as such
            if "*" in action or "?" in action:
                remedy = "write the actions one by one: what a pattern comes to changes with AWS"
            else:
                remedy = (
                    f'add "{action}" to boundary.devices in edgewright.yaml, which an administrator brings up with the '
                    "tooling stack"
                )
            yield parsed.problem(path, "is beyond the permissions boundary of the role", got=action, remedy=remedy)


RULES = (
    permissions_are_named,
    permissions_name_their_resources,
    permissions_are_within_the_boundary,
    access_has_both_halves,
    access_trusts_its_own_account,
    access_is_narrow,
)
