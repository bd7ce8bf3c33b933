"""The calls to AWS that the provider makes, as coroutines: each named for what it is for, none with a decision in it.

boto3 blocks, so each call runs in one of the plugin's few threads; whoever waits, waits outside of them.

Longer than other modules, because it is a list: a short coroutine for each call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.provider.listing import LatestDeployments

_T = TypeVar("_T")


class Cloud:
    """One account and Region, with the provider's own settings.

    Attributes:
        session: How AWS is reached.
        poll: Seconds between two looks at a deployment.
        pickup: Seconds within which an online device begins what is offered to it.
    """

    def __init__(
        self, session: Session, *, allowed: Sequence[str] = (), poll: float = 5.0, pickup: float = 60.0
    ) -> None:
        self.session = session
        self.poll = poll
        self.pickup = pickup
        # AWS lets ten IoT jobs be in deletion at a time (iot.DeleteJob): deleting side by side gains nothing.
        self.deletions = asyncio.Lock()
        self._allowed = tuple(allowed)
        self._checked = False
        self._listed = LatestDeployments(self.latest_item, self._latest_items)
        self._defaults: dict[str, dict[str, Any] | None] = {}

    async def run(self, function: Callable[[], _T]) -> _T:
        """Run blocking work in a thread, after the account was found to be an allowed one.

        Raises:
            AwsError: the account is not allowed, or what ``function`` raises.
        """
        if not self._checked:
            await asyncio.to_thread(self.session.require_account, self._allowed)
            self._checked = True
        return await asyncio.to_thread(function)

    async def call(self, service: str, operation: str, *, doing: str, **arguments: Any) -> dict[str, Any]:
        """Call one operation of AWS; see `Session.call`."""
        return await self.run(lambda: self.session.call(service, operation, doing=doing, **arguments))

    async def items(self, service: str, operation: str, key: str, *, doing: str, **arguments: Any) -> list[Any]:
        """Return all items of a listing; see `Session.items`."""
        return await self.run(lambda: list(self.session.items(service, operation, key, doing=doing, **arguments)))

    # --- deployments ---------------------------------------------------------------------------------------------

    async def latest_id(self, target: str, parent: str | None = None) -> str | None:
        """Return the id of the latest deployment of a target, or None when it has none."""
        found = await self.latest_item(target, parent)
        return str(found["deploymentId"]) if found else None

    async def read_item(self, target: str, parent: str | None = None) -> Mapping[str, Any] | None:
        """Return the latest deployment of a target for a refresh: many of these share one listing."""
        return await (self.latest_item(target, parent) if parent else self._listed.of(target))

    async def _latest_items(self) -> list[Mapping[str, Any]]:
        return await self.items(
            "greengrassv2",
            "list_deployments",
            "deployments",
            doing="list the latest deployments of the account",
            historyFilter="LATEST_ONLY",
            PaginationConfig={"PageSize": 100},
        )

    async def latest_item(self, target: str, parent: str | None = None) -> Mapping[str, Any] | None:
        """Return the latest deployment of a target as ListDeployments answers it, or None when it has none."""
        answer = await self.call(
            "greengrassv2",
            "list_deployments",
            doing=f"find the latest deployment of {target}",
            targetArn=target,
            historyFilter="LATEST_ONLY",
            **({"parentTargetArn": parent} if parent else {}),
        )
        found = [item for item in answer.get("deployments", ()) if item.get("targetArn", target) == target]
        return dict(found[0]) if found else None

    async def latest(self, target: str, parent: str | None = None) -> dict[str, Any] | None:
        """Return the latest deployment of a target as GetDeployment answers it, with its tags, or None."""
        found = await self.latest_id(target, parent)
        answer = await self.deployment(found) if found else None
        if answer is None or answer.get("tags"):
            return answer
        # The answer may come without its tags (CloudFormation's handlers ask for them separately, too).
        return {**answer, "tags": await self.tags(deployment_arn(target, str(found)))}

    async def history(self, target: str, parent: str | None = None) -> list[dict[str, Any]]:
        """Return all revisions of a target as ListDeployments answers them, newest first."""
        found = await self.items(
            "greengrassv2",
            "list_deployments",
            "deployments",
            doing=f"list the revisions of {target}",
            targetArn=target,
            historyFilter="ALL",
            **({"parentTargetArn": parent} if parent else {}),
        )
        return sorted(
            (item for item in found if item.get("targetArn", target) == target),
            key=lambda item: item["creationTimestamp"],
            reverse=True,
        )

    async def deployment(self, deployment_id: str) -> dict[str, Any] | None:
        """Return a deployment, or None when it does not exist any more."""
        try:
            return await self.call(
                "greengrassv2", "get_deployment", doing=f"read deployment {deployment_id}", deploymentId=deployment_id
            )
        except AwsError as error:
            if error.missing:
                return None
            raise

    async def create_deployment(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a revision. The request's client token is the same in all attempts, so it is made once."""
        self._listed.changed()
        return await self.call(
            "greengrassv2", "create_deployment", doing=f"create a revision of {request['targetArn']}", **request
        )

    async def cancel_deployment(self, deployment_id: str) -> None:
        """Stop handing out a deployment; one that cannot be cancelled (any more) is fine."""
        self._listed.changed()
        try:
            await self.call(
                "greengrassv2",
                "cancel_deployment",
                doing=f"cancel deployment {deployment_id}",
                deploymentId=deployment_id,
            )
        except AwsError as error:
            if not (error.missing or error.conflict):
                raise

    async def delete_deployment(self, deployment_id: str) -> None:
        """Delete one revision; one that is gone is fine."""
        self._listed.changed()
        try:
            await self.call(
                "greengrassv2",
                "delete_deployment",
                doing=f"delete deployment {deployment_id}",
                deploymentId=deployment_id,
            )
        except AwsError as error:
            if not error.missing:
                raise

    async def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a deployment or component version."""
        answer = await self.call(
            "greengrassv2", "list_tags_for_resource", doing=f"read the tags of {arn}", resourceArn=arn
        )
        return dict(answer.get("tags") or {})

    async def retag(self, arn: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """Change tags in place: from ``old`` to ``new``, leaving all others."""
        gone = sorted(old.keys() - new.keys())
        changed = {key: value for key, value in new.items() if old.get(key) != value}
        if changed:
            await self.call("greengrassv2", "tag_resource", doing=f"tag {arn}", resourceArn=arn, tags=changed)
        if gone:
            await self.call(
                "greengrassv2", "untag_resource", doing=f"remove tags of {arn}", resourceArn=arn, tagKeys=gone
            )

    async def recipe_defaults(self, target: str, component: str, version: str) -> dict[str, Any] | None:
        """Return the default configuration of a private version in the target's account; None when it is not there.

        Asked once a version, for a version never changes.
        """
        _, partition, _, region, account, _ = target.split(":", 5)
        arn = f"arn:{partition}:greengrass:{region}:{account}:components:{component}:versions:{version}"
        if arn not in self._defaults:
            try:
                answer = await self.call(
                    "greengrassv2",
                    "get_component",
                    doing=f"read the recipe of {component} {version}",
                    arn=arn,
                    recipeOutputFormat="JSON",
                )
            except AwsError as error:
                if not error.missing:
                    raise
                self._defaults[arn] = None
            else:
                recipe = json.loads(answer["recipe"])
                found = (recipe.get("ComponentConfiguration") or {}).get("DefaultConfiguration")
                self._defaults[arn] = found if isinstance(found, dict) else {}
        return self._defaults[arn]

    # --- devices -------------------------------------------------------------------------------------------------

    async def members(self, group: str) -> list[str]:
        """Return the names of the things in a thing group and its children."""
        return await self.items(
            "iot",
            "list_things_in_thing_group",
            "things",
            doing=f"list the things of {group}",
            thingGroupName=group,
            recursive=True,
        )

    async def job(self, job_id: str) -> dict[str, Any]:
        """Return an IoT job with its counts."""
        answer = await self.call("iot", "describe_job", doing=f"read the counts of job {job_id}", jobId=job_id)
        return dict(answer["job"])

    async def executions(self, job_id: str, status: str) -> list[str]:
        """Return the names of the things whose execution of a job is in ``status``."""
        found = await self.items(
            "iot",
            "list_job_executions_for_job",
            "executionSummaries",
            doing=f"list the devices of job {job_id} that are {status}",
            jobId=job_id,
            status=status,
        )
        return [item["thingArn"].partition("thing/")[2] for item in found]

    async def effective_deployment(self, thing: str, deployment_id: str) -> dict[str, Any] | None:
        """Return what a core device reports of a deployment, or None when it has not reported it."""
        try:
            found = await self.items(
                "greengrassv2",
                "list_effective_deployments",
                "effectiveDeployments",
                doing=f"read what {thing} reports",
                coreDeviceThingName=thing,
            )
        except AwsError as error:
            if error.missing:  # not a core device, or one that has never reported
                return None
            raise
        return next((item for item in found if item["deploymentId"] == deployment_id), None)

    async def installed(self, thing: str) -> list[dict[str, Any]]:
        """Return the root components that a core device reports as installed; none when it has never reported."""
        try:
            return await self.items(
                "greengrassv2",
                "list_installed_components",
                "installedComponents",
                doing=f"read what {thing} reports as installed",
                coreDeviceThingName=thing,
            )
        except AwsError as error:
            if error.missing:
                return []
            raise

    async def execution_details(self, job_id: str, thing: str) -> dict[str, str]:
        """Return what a device wrote into its execution of a job."""
        try:
            answer = await self.call(
                "iot",
                "describe_job_execution",
                doing=f"read how {thing} executed job {job_id}",
                jobId=job_id,
                thingName=thing,
            )
        except AwsError as error:
            if error.missing:
                return {}
            raise
        details = (answer.get("execution") or {}).get("statusDetails") or {}
        return dict(details.get("detailsMap") or {})


def deployment_arn(target: str, deployment_id: str) -> str:
    """Return the ARN of a deployment of ``target``; they share partition, Region and account."""
    _, partition, _, region, account, _ = target.split(":", 5)
    return f"arn:{partition}:greengrass:{region}:{account}:deployments:{deployment_id}"


def is_group(target: str) -> bool:
    """Whether a target is a thing group (and not a single thing)."""
    return ":thinggroup/" in target


def target_name(target: str) -> str:
    """Return the name of the thing or thing group of a target ARN."""
    return target.split(":", 5)[-1].partition("/")[2]
