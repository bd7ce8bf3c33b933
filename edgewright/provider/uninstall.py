"""Removing a deployment so that nothing of it is left: not on the devices, not in the cloud.

Deleting a deployment uninstalls nothing, so an empty revision goes first. Then it is cancelled, for AWS deletes only
what is not active, and every revision is deleted. AWS lets ten IoT jobs be in deletion at a time and answers
throttling for minutes beyond that; that is waited out, one deletion after the other.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from edgewright.aws.errors import AwsError
from edgewright.documents.request import create_deployment_request, inputs_of
from edgewright.provider.cloud import Cloud, target_name
from edgewright.provider.ownership import owner, require_ours
from edgewright.provider.plugin import Context, PluginError
from edgewright.provider.verdict import Outcome, Policy, Verdict
from edgewright.provider.watch import Interrupted, Revision, Watch

# Deletions of IoT jobs take about a minute; AWS asks to wait that long.
_LONGEST_PAUSE = 60.0
_PATIENCE = 1800.0


async def uninstall(context: Context, target: str, settings: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    """Remove the components from the devices of ``target``, then every revision.

    Raises:
        PluginError: the deployment is not ours, or devices failed to remove it, or the user interrupted. What was
            done stays done, and the next run goes on from there.
    """
    cloud: Cloud = context.configuration
    parent = settings.get("parentTargetArn")
    latest = await cloud.latest(target, parent)
    if latest is None:
        return
    require_ours(latest, urn=context.urn, outputs=outputs, inputs=outputs, adopt=bool(settings.get("adopt")))
    await _empty(context, target, settings, latest)
    await cloud.cancel_deployment(await cloud.latest_id(target, parent) or latest["deploymentId"])
    async with cloud.deletions:
        revisions = await cloud.history(target, parent)
        for number, item in enumerate(revisions, start=1):
            await context.status(f"deleting revision {number} of {len(revisions)}")
            await _delete(context, cloud, item["deploymentId"])


async def _empty(context: Context, target: str, settings: Mapping[str, Any], latest: Mapping[str, Any]) -> None:
    """Deploy nothing, and wait until the devices have taken that."""
    made = latest
    if latest.get("components"):
        found = await _deploy_nothing(context, target, latest)
        if found is None:
            return
        made = found
    watch, verdict = await _watched(context, target, settings, made)
    if verdict.outcome is Outcome.FAILED and made is latest:
        # An earlier run's empty revision had failed; devices try only a new one.
        found = await _deploy_nothing(context, target, latest)
        if found is None:
            return
        watch, verdict = await _watched(context, target, settings, found)
    if verdict.outcome is Outcome.FAILED:
        devices = "\n".join(f"  {line}" for line in await watch.failures())
        raise PluginError(
            f"devices of {target_name(target)} did not remove the components: {verdict.reason}\n{devices}\n"
            "Nothing was deleted yet. Repair the devices and run again, or set onDelete: retain and pulumi up first"
        )
    if watch.offline:
        names = ", ".join(sorted(watch.offline)[:10])
        await context.log("warning", f"{len(watch.offline)} offline devices keep the components: {names}")


async def _deploy_nothing(context: Context, target: str, latest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Create an empty revision; None when the target itself is gone, and its devices with it."""
    cloud: Cloud = context.configuration
    nothing = {**inputs_of({"targetArn": target, **latest}), "components": {}}
    request = create_deployment_request(nothing, reset={}, client_token=str(uuid.uuid4()), owner=owner(context.urn))
    try:
        created = await cloud.create_deployment(request)
    except AwsError as error:
        if error.missing:
            return None
        raise
    return await cloud.deployment(created["deploymentId"]) or created


async def _watched(
    context: Context, target: str, settings: Mapping[str, Any], answer: Mapping[str, Any]
) -> tuple[Watch, Verdict]:
    wait = settings.get("wait") or {}
    seconds = float(wait.get("timeoutSeconds", 1800))
    watch = Watch(
        context.configuration,
        Revision(target, answer["deploymentId"], answer.get("iotJobId")),
        # Offline devices cannot be waited for here, and nothing is left to abort.
        Policy.of({"wait": {**wait, "noneOnline": "pass", "minimum": min(int(wait.get("minimum", 1)), 1)}}),
        min(seconds, context.timeout) if context.timeout else seconds,
    )
    try:
        return watch, await watch.verdict(context, label="removing components: ")
    except Interrupted:
        msg = "interrupted while devices were removing the components; run again to finish"
        raise PluginError(msg) from None


async def _delete(context: Context, cloud: Cloud, deployment_id: str) -> None:
    """Delete one revision, however long AWS needs for the deletions before."""
    pause, waited = cloud.poll, 0.0
    while True:
        try:
            await cloud.delete_deployment(deployment_id)
        except AwsError as error:
            active = "must be canceled" in error.reason.lower() or "must be cancelled" in error.reason.lower()
            if active:
                await cloud.cancel_deployment(deployment_id)
            elif error.family != "Throttling" and not error.conflict:
                raise
            if waited >= (context.timeout or _PATIENCE):
                raise
        else:
            return
        await context.status("waiting for AWS to finish other deletions")
        try:
            async with asyncio.timeout(pause):
                await context.cancelled.wait()
        except TimeoutError:
            waited, pause = waited + pause, min(pause * 2, _LONGEST_PAUSE)
            continue
        msg = "interrupted while revisions were being deleted; run again to finish"
        raise PluginError(msg)
