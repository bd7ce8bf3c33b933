"""moto's AWS IoT with what Greengrass and pulumi-aws need besides: jobs that roll out, tags, stable endpoints.

Where moto is looser than AWS on something that the program relies on (creating a thing twice, deleting a policy that
is attached), the rule of the AWS IoT API reference is added here.
moto has one backend class for a service, so this is one class and one module.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from moto.iot.models import FakeEndpoint, FakeThing, iot_backends
from moto.iot.utils import PAGINATION_MODEL
from moto.utilities.paginator import paginate
from moto.utilities.tagging_service import TaggingService

from edgewright.sandbox.iot.dynamic_groups import DynamicThingGroup, DynamicThingGroups
from edgewright.sandbox.iot.exceptions import AlreadyExists, InvalidRequest, InvalidStateTransition, ResourceNotFound
from edgewright.sandbox.iot.jobs import WAITING, Execution, Job
from edgewright.sandbox.iot.provisioning import Templates
from edgewright.sandbox.world import world

__all__ = ["GROUP", "SandboxIoTBackend", "backends", "iot_backends", "tick"]

GROUP = ":thinggroup/"


class SandboxIoTBackend(DynamicThingGroups):
    """AWS IoT of one account and Region."""

    # called with (backend, name) when a policy or a thing group appears: devices made before the stacks wait for them
    on_policy: list[Callable[[SandboxIoTBackend, str], None]] = []  # noqa: RUF012 -- one list for all accounts
    on_group: list[Callable[[SandboxIoTBackend, str], None]] = []  # noqa: RUF012 -- one list for all accounts

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.jobs: dict[str, Job] = {}
        self.job_executions: dict[tuple[str, str], Execution] = {}
        self.executions_of: dict[str, dict[str, Execution]] = {}
        """By thing and job."""
        self.tagger = TaggingService()
        self.templates = Templates(self)
        self._holding = 0  # blocks of many changes that are under way

    # --- things and groups ------------------------------------------------------------------------------------

    def create_thing(
        self,
        thing_name: str,
        thing_type_name: str,
        attribute_payload: dict[str, Any] | None,
        billing_group_name: str | None = None,
    ) -> FakeThing:
        """Make a thing; asking again for the same thing is no error (CreateThing, "Note")."""
        arn = self.thing_arn(thing_name)
        present = self.things.get(arn)
        if present is None:
            thing = super().create_thing(thing_name, thing_type_name, attribute_payload, billing_group_name)
            if self.fill_dynamic_groups():
                self._groups_changed()
            return thing
        wanted = (attribute_payload or {}).get("attributes", {})
        type_name = present.thing_type.thing_type_name if present.thing_type else None
        if wanted != present.attributes or (thing_type_name or None) != type_name:
            raise AlreadyExists(
                f"Thing {thing_name} already exists in account with different attributes", present.thing_id, arn
            )
        return present

    def thing_arn(self, name: str) -> str:
        """The ARN that a thing of that name has or would have."""
        return f"arn:aws:iot:{self.region_name}:{self.account_id}:thing/{name}"

    def group_arn(self, name: str) -> str:
        """The ARN that a thing group of that name has or would have."""
        return f"arn:aws:iot:{self.region_name}:{self.account_id}:thinggroup/{name}"

    def describe_thing(self, thing_name: str) -> FakeThing:
        """Find a thing without a walk over all of them."""
        thing = self.things.get(self.thing_arn(thing_name))
        if thing is None:
            raise ResourceNotFound(f"Thing {thing_name} cannot be found.")
        return thing

    def delete_thing(self, thing_name: str) -> None:
        """Delete a thing; it leaves its groups."""
        thing = self.describe_thing(thing_name)
        super().delete_thing(thing_name)
        for group in self.thing_groups.values():
            if group.things.pop(thing.arn, None) is not None:
                self._groups_changed()

    def create_thing_group(
        self, thing_group_name: str, parent_group_name: str, thing_group_properties: dict[str, Any]
    ) -> tuple[str, str, str]:
        """Make a thing group, and let in the devices that wait for it."""
        if parent_group_name and self.group_arn(parent_group_name) not in self.thing_groups:
            raise ResourceNotFound(f"Thing group {parent_group_name} does not exist")
        result: tuple[str, str, str] = super().create_thing_group(
            thing_group_name, parent_group_name, thing_group_properties
        )
        for notify in self.on_group:
            notify(self, thing_group_name)
        return result

    def delete_thing_group(self, thing_group_name: str) -> None:
        """Delete a thing group; what its things have not finished of its jobs is removed."""
        super().delete_thing_group(thing_group_name)
        self.tagger.delete_all_tags_for_resource(self.group_arn(thing_group_name))
        self._groups_changed()

    def add_thing_to_thing_group(
        self, thing_group_name: str, thing_group_arn: str | None, thing_name: str, thing_arn: str | None
    ) -> None:
        """Add a thing, which then gets the group's continuous jobs."""
        self._require_static(thing_group_name, thing_group_arn)
        super().add_thing_to_thing_group(thing_group_name, thing_group_arn, thing_name, thing_arn)
        self._groups_changed()

    def remove_thing_from_thing_group(
        self, thing_group_name: str, thing_group_arn: str | None, thing_name: str, thing_arn: str | None
    ) -> None:
        """Remove a thing; what it has not finished of the group's jobs is removed."""
        self._require_static(thing_group_name, thing_group_arn)
        super().remove_thing_from_thing_group(thing_group_name, thing_group_arn, thing_name, thing_arn)
        self._groups_changed()

    def list_things_in_thing_group(self, thing_group_name: str, *, recursive: bool = False) -> Iterable[FakeThing]:
        """The group's things, with ``recursive`` also those of its child groups."""
        group = self.describe_thing_group(thing_group_name)
        found = dict(group.things)
        if recursive:
            for child in self.list_thing_groups(thing_group_name, None, recursive=True):
                found.update(child.things)
        return found.values()

    def groups_of(self, thing_name: str) -> list[str]:
        """ARNs of the groups that hold a thing, with their parents."""
        arn = self.thing_arn(thing_name)
        found: dict[str, None] = {}
        for group in self.thing_groups.values():
            if arn in group.things:
                found[group.arn] = None
                for parent in group.metadata.get("rootToParentThingGroups", []):
                    found[parent["groupArn"]] = None
        return list(found)

    def members(self, targets: Iterable[str]) -> dict[str, str]:
        """ARN by name of all things that a job's targets mean now."""
        found: dict[str, str] = {}
        for target in targets:
            if GROUP in target:
                group = self.thing_groups.get(target)
                if group is not None:
                    things = self.list_things_in_thing_group(group.thing_group_name, recursive=True)
                    found.update({thing.thing_name: thing.arn for thing in things})
            elif target in self.things:
                found[self.things[target].thing_name] = target
        return found

    # --- policies, certificates, endpoints, tags --------------------------------------------------------------

    def create_policy(self, policy_name: str, policy_document: Any) -> Any:
        """Make a policy, and attach it to the certificates that wait for it."""
        policy = super().create_policy(policy_name, policy_document)
        for notify in self.on_policy:
            notify(self, policy_name)
        return policy

    def delete_policy(self, policy_name: str) -> None:
        """Delete a policy and its tags."""
        policy = self.get_policy(policy_name)
        super().delete_policy(policy_name)
        self.tagger.delete_all_tags_for_resource(policy.arn)

    def delete_role_alias(self, role_alias_name: str) -> None:
        """Delete a role alias and its tags."""
        alias = self.describe_role_alias(role_alias_name)
        super().delete_role_alias(role_alias_name)
        self.tagger.delete_all_tags_for_resource(alias.arn)

    def _get_principal(self, principal_arn: str) -> Any:
        """Find a certificate without a walk over all of them."""
        certificate = self.certificates.get(principal_arn.rpartition("/")[2])
        if certificate is not None and certificate.arn == principal_arn:
            return certificate
        return super()._get_principal(principal_arn)

    def list_attached_policies(self, target: str) -> list[Any]:
        """The policies of a certificate or a group, without a walk over all attachments there are."""
        attached = (self.principal_policies.get((target, name)) for name in self.policies)
        return [found[1] for found in attached if found is not None]

    def describe_endpoint(self, endpoint_type: str) -> FakeEndpoint:
        """The account's address of a kind: always the same one."""
        endpoint = super().describe_endpoint(endpoint_type)
        seed = f"{self.account_id}/{self.region_name}".encode()
        identifier = "a" + hashlib.sha256(seed).hexdigest()[:13]
        _, separator, rest = endpoint.endpoint.partition("-ats." if "-ats." in endpoint.endpoint else ".")
        endpoint.endpoint = identifier + separator + rest
        return endpoint

    def update_thing_type(self, thing_type_name: str, properties: dict[str, Any]) -> None:
        """UpdateThingType."""
        self.describe_thing_type(thing_type_name).thing_type_properties = properties or {}

    def tag_resource(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Tag a resource of this service."""
        self.tagger.tag_resource(arn, tags)

    def untag_resource(self, arn: str, keys: list[str]) -> None:
        """Take tags away."""
        self.tagger.untag_resource_using_names(arn, keys)

    def tags(self, arn: str) -> list[dict[str, str]]:
        """The tags of a resource."""
        found: list[dict[str, str]] = self.tagger.list_tags_for_resource(arn)["Tags"]
        return found

    # --- jobs -------------------------------------------------------------------------------------------------

    def create_job(self, job_id: str, targets: list[str], **config: Any) -> tuple[str, str, str]:
        """CreateJob: queue the first executions at once, as many as the rate allows."""
        if job_id in self.jobs:
            raise AlreadyExists(f"Job {job_id} already exists", job_id, self.jobs[job_id].job_arn)
        for target in targets:
            if target not in self.things and target not in self.thing_groups:
                raise ResourceNotFound(f"The target {target} does not exist")
        job = Job(
            members=functools.partial(self.members, targets),
            job_id=job_id,
            targets=targets,
            account_id=self.account_id,
            region_name=self.region_name,
            **config,
        )
        self.jobs[job_id] = job
        job.settle_members(first=True)
        self._advance(job)
        return job.job_arn, job_id, job.description

    def cancel_job(self, job_id: str, reason_code: str, comment: str, *, force: bool) -> Job:
        """CancelJob."""
        job: Job = self.describe_job(job_id)
        if job.status == "COMPLETED":
            raise InvalidRequest(f"Job {job_id} is already in status COMPLETED and cannot be canceled")
        job.reason_code = reason_code or job.reason_code
        job.comment = comment or job.comment
        self._tell(job.cancel(force=bool(force)))
        return job

    def delete_job(self, job_id: str, *, force: bool) -> None:
        """DeleteJob; a job in progress only with ``force``."""
        job = self.describe_job(job_id)
        if job.status == "IN_PROGRESS" and not force:
            raise InvalidStateTransition(f"Job {job_id} is in status {job.status}")
        stopped = job.cancel(force=True) if job.status == "IN_PROGRESS" else []
        del self.jobs[job_id]
        for name in job.executions:
            self.job_executions.pop((job_id, name), None)
            self.executions_of.get(name, {}).pop(job_id, None)
        self._tell(stopped)

    @paginate(PAGINATION_MODEL)  # type: ignore[untyped-decorator]
    def list_job_executions_for_job(self, job_id: str, status: str) -> list[Execution]:
        """ListJobExecutionsForJob of a job that is there, without a walk over those of all jobs."""
        job: Job = self.describe_job(job_id)
        return [execution for execution in job.executions.values() if not status or execution.status == status]

    def cancel_job_execution(self, job_id: str, thing_name: str, *, force: bool) -> None:
        """CancelJobExecution; one in progress only with ``force``."""
        execution = self.describe_job_execution(job_id, thing_name, None)
        if execution.status == "IN_PROGRESS" and not force:
            raise InvalidStateTransition(f"The execution of {job_id} on {thing_name} is in status {execution.status}")
        if execution.status in WAITING:
            execution.force_canceled = bool(force)
            execution.move("CANCELED")
            self._tell([execution])
            self._advance(execution.job)

    def delete_job_execution(self, job_id: str, thing_name: str, execution_number: int, *, force: bool) -> None:
        """DeleteJobExecution."""
        super().delete_job_execution(job_id, thing_name, execution_number, force)
        self.executions_of.get(thing_name, {}).pop(job_id, None)
        self.jobs[job_id].forget(thing_name)

    def executions(self, thing_name: str) -> list[Execution]:
        """All executions of a thing, oldest first."""
        return sorted(self.executions_of.get(thing_name, {}).values(), key=lambda e: e.queued_order)

    def update_execution(
        self,
        job_id: str,
        thing_name: str,
        *,
        status: str,
        details: Mapping[str, str] | None,
        expected: int | None,
        step_minutes: int | None,
    ) -> Execution:
        """UpdateJobExecution of the data plane."""
        execution: Execution = self.describe_job_execution(job_id, thing_name, None)
        started = execution.status == "QUEUED" and status == "IN_PROGRESS"
        execution.report(status, details, expected)
        if started or (step_minutes and status == "IN_PROGRESS"):
            execution.job.start_timer(execution, step_minutes)
        self._advance(execution.job)
        return execution

    def start_next(
        self, thing_name: str, details: Mapping[str, str] | None, step_minutes: int | None
    ) -> Execution | None:
        """StartNextPendingJobExecution: the one in progress, else the oldest queued one."""
        waiting = [e for e in self.executions(thing_name) if e.status in WAITING]
        execution = next((e for e in waiting if e.status == "IN_PROGRESS"), waiting[0] if waiting else None)
        if execution is not None and execution.status == "QUEUED":
            execution.move("IN_PROGRESS", details)
            execution.job.start_timer(execution, step_minutes)
        return execution

    def tick(self) -> None:
        """Let due releases and time-outs happen."""
        for job in list(self.jobs.values()):
            if job.busy:
                self._tell(job.time_out())
                self._advance(job)

    def _require_static(self, name: str | None, arn: str | None) -> None:
        if isinstance(self.thing_groups.get(arn or self.group_arn(name or "")), DynamicThingGroup):
            raise InvalidRequest("Things cannot be added to or removed from a dynamic thing group")

    @contextlib.contextmanager
    def many_changes(self) -> Iterator[None]:
        """Let jobs look at changed groups once, at the end."""
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1
            self._groups_changed()

    def _groups_changed(self) -> None:
        if self._holding:
            return
        self.fill_dynamic_groups()
        for job in list(self.jobs.values()):
            if job.continuous and job.status == "IN_PROGRESS":
                self._tell(job.settle_members())
                self._advance(job)

    def _advance(self, job: Job) -> None:
        self._tell(job.judge())
        released = job.release()
        for execution in released:
            self.job_executions[job.job_id, execution.thing_name] = execution
            self.executions_of.setdefault(execution.thing_name, {})[job.job_id] = execution
        self._tell(released)
        if job.status == "IN_PROGRESS" and not released:
            self._tell(job.judge())

    def _tell(self, executions: Iterable[Execution]) -> None:
        for name in {execution.thing_name for execution in executions}:
            world.tell((self.account_id, name))


def backends() -> list[SandboxIoTBackend]:
    """All accounts and Regions in use."""
    return list(itertools.chain.from_iterable(dict(regions).values() for regions in list(iot_backends.values())))


def tick() -> None:
    """Let due releases and time-outs happen everywhere."""
    for backend in backends():
        backend.tick()


iot_backends.backend = SandboxIoTBackend
