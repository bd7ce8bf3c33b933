"""The Deployment resource: one target, revised in place, watched until its verdict, rolled back when it fails.

Longer than other modules, because the life of one resource is told in one place: what each call of the engine does,
and what the state says afterwards. Decisions are pure functions elsewhere (diff, reset, ownership, verdict).

The state (outputs) always says what is really there: the content of the latest revision, its ids, ``verdict``
(passed, failed, interrupted, cancelled, rolledBack), ``goodDeploymentId`` (the last revision that passed, to roll back
to) and ``everMerged`` (the record of merged keys, see `edgewright.provider.reset`).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgewright.aws.errors import AwsError
from edgewright.documents.request import (
    configuration,
    create_deployment_request,
    exact,
    inputs_of,
    resets_of,
    same_content,
)
from edgewright.provider import deployment_diff, reset
from edgewright.provider.cloud import Cloud, deployment_arn, target_name
from edgewright.provider.defaults import moved_defaults
from edgewright.provider.fields import fail
from edgewright.provider.ownership import owner, require_ours
from edgewright.provider.plugin import (
    UNKNOWN,
    Context,
    Created,
    Diff,
    Failure,
    PartialFailureError,
    PluginError,
    Read,
    contains_unknown,
    is_unknown,
)
from edgewright.provider.shapes import DEPLOYMENT
from edgewright.provider.uninstall import uninstall
from edgewright.provider.verdict import Outcome, Policy, Verdict
from edgewright.provider.watch import Interrupted, Revision, Watch

Values = dict[str, Any]

_IDS: tuple[str, ...] = ("deploymentId", "revisionId", "iotJobId", "iotJobArn")
# What the provider itself acts on; AWS never sees these, so they cannot be read back.
_LOCAL: tuple[str, ...] = ("wait", "onFailure", "onDelete", "adopt")
_UNFINISHED: Final = {
    "failed": "the last revision failed; it is tried again with a new one",
    "cancelled": "somebody cancelled the last revision; it is made again",
    "interrupted": "the last run was interrupted; its revision is watched to the end",
    "rolledBack": "the last revision failed and was rolled back to what is wanted now: it is noted as the release, "
    "without a new revision",
}
_LOG_MANAGER: Final = "aws.greengrass.LogManager"


@dataclass(frozen=True)
class _Standing:
    """Where a target stands: its latest deployment, and what may be on its devices."""

    latest: Values | None
    ours: bool
    record: reset.Record


class DeploymentResource:
    """See the module."""

    # --- before anything changes ---------------------------------------------------------------------------------

    async def check(self, context: Context, olds: Values, news: Values) -> tuple[Values, Sequence[Failure]]:  # noqa: ARG002
        """Judge the inputs against every limit of the API that can be known here."""
        failures = [*DEPLOYMENT.check((), news), *_elsewhere(context.configuration, news.get("targetArn"))]
        if failures:
            return news, failures
        inputs = DEPLOYMENT.with_defaults(news)
        if isinstance(inputs.get("components"), Mapping):
            inputs["components"] = {name: _normal(component) for name, component in inputs["components"].items()}
        return inputs, ()

    async def diff(
        self,
        context: Context,  # noqa: ARG002
        resource_id: str,  # noqa: ARG002
        old_inputs: Values,  # noqa: ARG002
        old_outputs: Values,
        news: Values,
    ) -> Diff:
        """Compare what is there with what is wanted, component by component."""
        return deployment_diff.diff(old_outputs, news)

    # --- create and update ---------------------------------------------------------------------------------------

    async def create(self, context: Context, inputs: Values) -> Created:
        """Deploy to a target for the first time, or take over what is there."""
        if context.preview:
            return Created("", {**inputs, **dict.fromkeys((*_IDS, "status", "verdict"), UNKNOWN)})
        outputs = await self._apply(context, inputs, None)
        return Created(inputs["targetArn"], outputs)

    async def update(
        self,
        context: Context,
        resource_id: str,  # noqa: ARG002
        old_inputs: Values,  # noqa: ARG002
        old_outputs: Values,
        news: Values,
    ) -> Values:
        """Make a new revision when the content changed; finish what an earlier run left unfinished."""
        revise = deployment_diff.needs_revision(old_outputs, news)
        if context.preview:
            return await self._preview(context, old_outputs, news, revise=revise)
        if revise or old_outputs.get("verdict") not in {"passed", "rolledBack"}:
            return await self._apply(context, news, old_outputs)
        await self._retag(context.configuration, news, old_outputs)
        settled = {**_kept(old_outputs), **news, "verdict": "passed"}
        if old_outputs.get("verdict") == "rolledBack":
            settled["status"] = "deployed again when a later release had failed; it is the release now"
        return settled

    async def _preview(self, context: Context, outputs: Values, news: Values, *, revise: bool) -> Values:
        if not revise:
            if unfinished := _UNFINISHED.get(str(outputs.get("verdict"))):
                await context.log("info", f"{context.name}: {unfinished}")
            return {**_kept(outputs), **news}
        lines = deployment_diff.summary(outputs, news)
        if lines:
            # The name on each line: with --diff the engine shows the text apart from the resource.
            name = target_name(news["targetArn"]) if isinstance(news["targetArn"], str) else context.name
            await context.log("info", "\n".join(f"{name}: {line}" for line in lines))
        return {
            **_picked(outputs, ("everMerged", "goodDeploymentId")),
            **news,
            **dict.fromkeys((*_IDS, "status", "verdict"), UNKNOWN),
        }

    async def _apply(self, context: Context, inputs: Values, outputs: Values | None) -> Values:
        """Bring the target to ``inputs`` and watch it; ``outputs`` is the state, None for a new resource."""
        if context.cancelled.is_set():
            msg = "interrupted before anything was changed; run pulumi up again"
            raise PluginError(msg)
        cloud: Cloud = context.configuration
        standing = await self._standing(context, inputs, outputs)
        latest = standing.latest
        record = reset.joined(standing.record, await self._moved(context, inputs, outputs, latest))
        pointers = reset.resets(record, _configurations(inputs))
        if latest is not None and _stands(latest, inputs, pointers, outputs):
            answer = latest
            await self._retag(cloud, inputs, inputs_of(latest))
        else:
            answer = await self._revise(context, inputs, pointers)
        revision = _ids(answer)
        good = (outputs or {}).get("goodDeploymentId") or self._before(standing, revision)
        state = {
            **inputs,
            **revision,
            "everMerged": reset.joined(record, reset.recorded(_configurations(inputs))),
            **({"goodDeploymentId": good} if good else {}),
        }
        watch = self._watch(context, inputs, answer)
        verdict = await self._verdict(context, watch, state, label=_label(revision))
        if verdict.outcome is Outcome.PASSED:
            await context.log("info", f"{_label(revision)}{verdict.reason}")
            for note in watch.notes:
                await context.log("warning", f"{_label(revision)}{note}")
            return {
                **state,
                "status": verdict.reason,
                "verdict": "passed",
                "goodDeploymentId": revision["deploymentId"],
            }
        raise await self._failed(context, watch, state, verdict, good)

    async def _standing(self, context: Context, inputs: Values, outputs: Values | None) -> _Standing:
        cloud: Cloud = context.configuration
        target, parent = inputs["targetArn"], inputs.get("parentTargetArn")
        latest = await cloud.latest(target, parent)
        record: reset.Record = dict((outputs or {}).get("everMerged") or {})
        if latest is None:
            return _Standing(None, ours=True, record=record)
        ours = require_ours(latest, urn=context.urn, outputs=outputs, inputs=inputs, adopt=bool(inputs.get("adopt")))
        if not ours:
            await context.log("warning", f"took over deployment {latest['deploymentId']} of {target_name(target)}")
        known = (outputs or {}).get("deploymentId")
        if latest["deploymentId"] != known:
            record = reset.joined(record, await self._merged_since(cloud, target, parent, known))
        return _Standing(latest, ours, record)

    async def _moved(
        self, context: Context, inputs: Values, outputs: Values | None, latest: Values | None
    ) -> reset.Record:
        """Return which recipe defaults differ from those that devices may hold; nothing when they cannot be read."""
        befores = [each.get("components") or {} for each in (outputs, latest) if each is not None]
        try:
            return await moved_defaults(context.configuration, inputs["targetArn"], befores, inputs["components"])
        except AwsError as error:
            await context.log("warning", f"recipe defaults were not compared, so devices may keep old ones: {error}")
            return {}

    async def _merged_since(self, cloud: Cloud, target: str, parent: str | None, known: str | None) -> reset.Record:
        """Return what the revisions that the state does not know have merged: those after ``known``, or all."""
        records = []
        for item in await cloud.history(target, parent):
            if item["deploymentId"] == known:
                break
            answer = await cloud.deployment(item["deploymentId"])
            if answer is not None:
                records.append(reset.recorded(_configurations(inputs_of(answer))))
        return reset.joined(*records)

    async def _revise(self, context: Context, inputs: Values, pointers: Mapping[str, Sequence[str]]) -> Values:
        """Create a revision; returns it as GetDeployment answers it."""
        cloud: Cloud = context.configuration
        await context.status("creating a revision")
        request = create_deployment_request(
            inputs,
            reset=pointers,
            # Made once per revision: botocore's own retries send it again, and A -> B -> A gets three.
            client_token=str(uuid.uuid4()),
            owner=owner(context.urn),
        )
        answer = await cloud.create_deployment(request)
        # The revision's number is only in GetDeployment; it is what people call the revision by.
        return await cloud.deployment(answer["deploymentId"]) or answer

    def _before(self, standing: _Standing, revision: Values) -> str | None:
        """Return what to roll back to when the state knows of no revision that passed: what was there before."""
        before = (standing.latest or {}).get("deploymentId")
        return before if before != revision["deploymentId"] and not standing.ours else None

    def _watch(self, context: Context, inputs: Values, answer: Values, offline: set[str] | None = None) -> Watch:
        wait = inputs.get("wait") or {}
        seconds = float(wait.get("timeoutSeconds", 1800))
        return Watch(
            context.configuration,
            Revision(
                inputs["targetArn"],
                answer["deploymentId"],
                answer.get("iotJobId"),
                {name: str(each["componentVersion"]) for name, each in inputs["components"].items()},
                answer.get("creationTimestamp"),
            ),
            Policy.of(inputs),
            min(seconds, context.timeout) if context.timeout else seconds,
            offline=set(offline or ()),
            confirm=int(wait.get("confirm", 100)),
        )

    async def _verdict(self, context: Context, watch: Watch, state: Values, *, label: str) -> Verdict:
        """Watch; whatever ends the watch early leaves a state that says so, and the next run goes on from it."""
        try:
            return await watch.verdict(context, label=label)
        except Interrupted:
            text = (
                f"{label}interrupted while devices were taking it. They go on without this run; "
                "the next pulumi up waits for the verdict"
            )
            raise self._partial(state, "interrupted", text) from None
        except AwsError as error:
            text = f"{label}it was created, but could not be watched: {error}"
            raise self._partial(state, "interrupted", text) from error

    def _partial(self, state: Values, verdict: str, text: str) -> PartialFailureError:
        outputs = {**state, "verdict": verdict, "status": text.splitlines()[0]}
        return PartialFailureError([text], outputs=outputs, resource_id=state["targetArn"])

    # --- failure -------------------------------------------------------------------------------------------------

    async def _failed(
        self, context: Context, watch: Watch, state: Values, verdict: Verdict, good: str | None
    ) -> PartialFailureError:
        """Roll back as far as wanted and possible; returns the failure with the state that is really there."""
        told = [f"{_label(state)}failed on {target_name(state['targetArn'])}: {verdict.reason}"]
        try:
            told.extend(f"  {line}" for line in [*await watch.failures(), *watch.notes])
        except AwsError as error:
            told.append(f"  (the devices' reasons are not to be had: {error})")
        told.append(_where_logs_are(state))
        if replaced := await self._replaced(context, state):
            told.append(
                f"Deployment {replaced} has replaced it meanwhile, so nothing was rolled back; "
                "pulumi refresh shows what is there now."
            )
            return self._partial(state, "failed", "\n".join(told))
        if state.get("onFailure") == "stop":
            told.append("It was left as it is (onFailure: stop). pulumi up tries it again with a new revision.")
            return self._partial(state, "failed", "\n".join(told))
        if good is None or good == state["deploymentId"]:
            await self._stop(context, state, told)
            return self._partial(state, "failed", "\n".join(told))
        return await self._rolled_back(context, watch, state, good, told)

    async def _replaced(self, context: Context, state: Values) -> str | None:
        """Return the deployment by which somebody else has replaced ours while it was watched, if anybody has."""
        try:
            latest = await context.configuration.latest_id(state["targetArn"], state.get("parentTargetArn"))
        except AwsError:
            return None
        return str(latest) if latest not in {None, state["deploymentId"]} else None

    async def _stop(self, context: Context, state: Values, told: list[str]) -> None:
        """Nothing to go back to: keep the failed first release from reaching more devices."""
        try:
            await context.configuration.cancel_deployment(state["deploymentId"])
        except AwsError as error:
            told.append(f"There is no release before to roll back to, and cancelling it failed: {error}")
        else:
            told.append(
                "There is no release before to roll back to, so it was cancelled: no further device takes it. "
                "Devices that failed have returned to what they ran, by their own policy."
            )

    async def _rolled_back(
        self, context: Context, watch: Watch, state: Values, good: str, told: list[str]
    ) -> PartialFailureError:
        cloud: Cloud = context.configuration
        try:
            release = await cloud.deployment(good)
            if release is None:
                told.append(
                    f"The rollback failed as well: deployment {good}, the release before, does not exist any more"
                )
                return self._partial(state, "failed", "\n".join(told))
            before = {**_picked(state, _LOCAL), **inputs_of(release)}
            _keep_explicit_resets(before, state, resets_of(release))
            record = reset.joined(state["everMerged"], await self._moved(context, before, state, None))
            answer = await self._revise(context, before, reset.resets(record, _configurations(before)))
        except AwsError as error:
            told.append(f"The rollback failed as well: {error}")
            return self._partial(state, "failed", "\n".join(told))
        revision = _ids(answer)
        back = {
            **before,
            **revision,
            "everMerged": reset.joined(record, reset.recorded(_configurations(before))),
            "goodDeploymentId": good,
        }
        label = f"rollback to {release.get('revisionId', good)}, {_label(revision)}"
        again = self._watch(context, before, answer, watch.offline)
        try:
            verdict = await again.verdict(context, label=label)
        except (Interrupted, AwsError) as error:
            reason = str(error) or "interrupted"
            told.append(f"The release before was deployed again ({label.rstrip(': ')}), but not watched: {reason}")
            return self._partial(back, "interrupted", "\n".join(told))
        if verdict.outcome is Outcome.FAILED:
            told.append(f"The rollback failed as well ({label.rstrip(': ')}): {verdict.reason}")
            told.extend(f"  {line}" for line in await again.failures())
            return self._partial(back, "failed", "\n".join(told))
        told.append(f"Rolled back to the release before ({_label(revision).rstrip(': ')}): {verdict.reason}")
        back["goodDeploymentId"] = revision["deploymentId"]
        return self._partial(back, "rolledBack", "\n".join(told))

    # --- the rest of its life ------------------------------------------------------------------------------------

    async def read(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> Read | None:
        """Return what is deployed now: a change made elsewhere shows as drift. ``resource_id`` is the target's ARN."""
        cloud: Cloud = context.configuration
        parent = inputs.get("parentTargetArn")
        found = await cloud.read_item(resource_id, parent)
        if found is None:
            return None
        if found["deploymentId"] == outputs.get("deploymentId"):
            if found.get("deploymentStatus") == "CANCELED" and outputs.get("verdict") != "failed":
                text = "cancelled by somebody: devices that have not taken it, or join later, do not get it"
                return Read(resource_id, {**outputs, "verdict": "cancelled", "status": text})
            return Read(resource_id, outputs)
        latest = await cloud.latest(resource_id, parent)
        if latest is None:
            return None
        there = inputs_of({"targetArn": resource_id, **latest})
        _keep_explicit_resets(there, inputs)
        now = DEPLOYMENT.with_defaults({**_picked(inputs, _LOCAL), **there})
        record = reset.joined(
            outputs.get("everMerged") or {},
            await self._merged_since(cloud, resource_id, parent, outputs.get("deploymentId")),
        )
        good = outputs.get("goodDeploymentId")
        state = {
            **now,
            **_ids(latest),
            "everMerged": record,
            **({"goodDeploymentId": good} if good else {}),
            "verdict": "passed",
            "status": f"read from AWS: {latest.get('deploymentStatus', 'unknown')}",
        }
        return Read(resource_id, state, now)

    async def delete(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> None:
        """Uninstall from the devices and delete all revisions, or leave everything (``onDelete: retain``)."""
        settings = {**inputs, **_picked(outputs, ("onDelete", "wait"))}
        if settings.get("onDelete") == "retain":
            return
        await uninstall(context, resource_id, settings, outputs)

    async def _retag(self, cloud: Cloud, inputs: Values, old: Mapping[str, Any]) -> None:
        wanted, there = inputs.get("tags") or {}, old.get("tags") or {}
        if wanted != there:
            latest = old.get("deploymentId") or await cloud.latest_id(
                inputs["targetArn"], inputs.get("parentTargetArn")
            )
            if latest:
                await cloud.retag(deployment_arn(inputs["targetArn"], latest), there, wanted)


def _elsewhere(cloud: Cloud | None, target: Any) -> list[Failure]:
    """Return a failure when the target is in another Region than the provider, where it would never be found."""
    here = cloud.session.settings.region if cloud is not None else None
    there = target.split(":")[3] if isinstance(target, str) and target.count(":") >= 5 else None
    if here is None or there is None or here == there:
        return []
    problem = f"is in {there}, but its provider works in {here}"
    return [fail(("targetArn",), problem, target, f"give the resource a provider with region {there}")]


def _stands(latest: Values, inputs: Values, pointers: Mapping[str, Sequence[str]], outputs: Values | None) -> bool:
    """Whether the latest revision is what is wanted already, so that devices need not take another one."""
    if latest.get("deploymentStatus") == "CANCELED" or not same_content(inputs_of(latest), inputs):
        return False
    done = resets_of(latest)
    explicit = {name: component.get("reset") or () for name, component in inputs["components"].items()}
    wanted = {name: {*pointers.get(name, ()), *explicit[name]} for name in explicit}
    if latest["deploymentId"] == (outputs or {}).get("deploymentId"):
        # A revision that failed is not tried again by devices; only a new one is.
        failed = (outputs or {}).get("verdict") == "failed"
        return not failed and all(set(explicit[name]) <= set(done.get(name, ())) for name in explicit)
    # Made by a run that was interrupted, perhaps; but only if it also resets what has to go.
    return all(wanted[name] <= set(done.get(name, ())) for name in wanted)


def _ids(answer: Mapping[str, Any]) -> Values:
    return {key: answer[key] for key in _IDS if answer.get(key)}


def _configurations(inputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: configuration(component) for name, component in (inputs.get("components") or {}).items()}


def _normal(component: Any) -> Any:
    """Return a component whose configuration is in the one form that the engine carries unchanged."""
    if not isinstance(component, Mapping) or contains_unknown(component.get("config")):
        return component
    result = {key: value for key, value in component.items() if key != "config"}
    if config := configuration(component):
        result["config"] = exact(config)
    return result


def _kept(outputs: Values) -> Values:
    return _picked(outputs, (*_IDS, "status", "verdict", "everMerged", "goodDeploymentId"))


def _picked(values: Mapping[str, Any], keys: Sequence[str]) -> Values:
    return {key: values[key] for key in keys if key in values}


def _keep_explicit_resets(there: Values, inputs: Values, done: Mapping[str, Sequence[str]] | None = None) -> None:
    """The API does not say which pointers were explicit; those of the inputs are taken as still meant.

    With ``done``, the pointers that a revision reset, only those among them: of the others it cannot be said.
    """
    for name, component in (inputs.get("components") or {}).items():
        pointers = component.get("reset")
        if is_unknown(pointers) or name not in there["components"]:
            continue
        if kept := [each for each in pointers or () if done is None or each in done.get(name, ())]:
            there["components"][name]["reset"] = kept


def _label(revision: Mapping[str, Any]) -> str:
    return f"revision {revision['revisionId']}: " if revision.get("revisionId") else ""


def _where_logs_are(state: Values) -> str:
    local = "greengrass.log and <component>.log in /greengrass/v2/logs on the device"
    if _LOG_MANAGER not in state["components"]:
        return f"  Logs: {local}"
    region = state["targetArn"].split(":")[3]
    return f"  Logs: {local}; CloudWatch log groups /aws/greengrass/*/{region}/<component>"
