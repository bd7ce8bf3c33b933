"""The resource classes of the ``greengrassv2`` provider, as a Pulumi program uses them.

They only carry values to the engine: what is valid is judged by the provider's own ``check`` at preview (the room
``edgewright.provider``), so that a program in another language sees the same messages. Nested inputs are typed
dictionaries in the API's own camelCase form (`components.greengrassv2_inputs`). One module, because it is one package's
interface: a class for each resource, and nothing in it decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.greengrassv2_inputs import (
    Artifact,
    AssumeRole,
    DeployedComponent,
    DeploymentPolicies,
    IotJobConfiguration,
    LambdaFunctionRecipeSource,
    Wait,
)
from edgewright.documents.request import exact


def exact_config(value: Any) -> Any:
    """Return ``value``, or its JSON text when the engine's numbers would bend it.

    The engine holds every number as a double: ``1.0`` would come out as ``1``, and integers above 2**53 would be
    rounded. The provider takes the text of a JSON object wherever it takes an object. Where such a value contains
    outputs, its text is an output as well, and a secret one when any of them is.
    """
    try:
        return exact(value)
    except TypeError:  # it bends, and there is an Output inside
        return pulumi.Output.from_input(value).apply(exact)


@pulumi.input_type
class _ProviderArgs:
    region: pulumi.Input[str] | None = pulumi.property("region")
    profile: pulumi.Input[str] | None = pulumi.property("profile")
    assume_role: pulumi.Input[AssumeRole] | None = pulumi.property("assumeRole")
    allowed_account_ids: pulumi.Input[Sequence[str]] | None = pulumi.property("allowedAccountIds")
    endpoint_url: pulumi.Input[str] | None = pulumi.property("endpointUrl")
    max_attempts: pulumi.Input[int] | None = pulumi.property("maxAttempts")
    poll_seconds: pulumi.Input[float] | None = pulumi.property("pollSeconds")
    pickup_seconds: pulumi.Input[float] | None = pulumi.property("pickupSeconds")


class Provider(pulumi.ProviderResource):
    """One account and Region in which the provider works. Credentials come from the environment, never from here."""

    def __init__(
        self,
        resource_name: str,
        *,
        region: pulumi.Input[str] | None = None,
        profile: pulumi.Input[str] | None = None,
        assume_role: pulumi.Input[AssumeRole] | None = None,
        allowed_account_ids: pulumi.Input[Sequence[str]] | None = None,
        endpoint_url: pulumi.Input[str] | None = None,
        max_attempts: pulumi.Input[int] | None = None,
        poll_seconds: pulumi.Input[float] | None = None,
        pickup_seconds: pulumi.Input[float] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a provider instance.

        Args:
            resource_name: Its name in the stack.
            region: The AWS Region; ``AWS_REGION`` by default.
            profile: A profile of the shared AWS configuration files.
            assume_role: ``{"roleArn": ..., "sessionName": ..., "externalId": ...}``; only the first is required.
            allowed_account_ids: Refuse to work when the credentials belong to another account.
            endpoint_url: Where AWS is; ``AWS_ENDPOINT_URL`` by default.
            max_attempts: Attempts of one API call, the first included (10 by default).
            poll_seconds: Seconds between two looks at a deployment (5 by default); grows while nothing changes.
            pickup_seconds: Seconds within which an online device begins what is offered to it (60 by default).
            opts: Pulumi's resource options.
        """
        args = _ProviderArgs.__new__(_ProviderArgs)
        args.__dict__.update(
            region=region,
            profile=profile,
            assume_role=assume_role,
            allowed_account_ids=allowed_account_ids,
            endpoint_url=endpoint_url,
            max_attempts=max_attempts,
            poll_seconds=poll_seconds,
            pickup_seconds=pickup_seconds,
        )
        super().__init__("greengrassv2", resource_name, args, opts)  # type: ignore[arg-type]  # input types are Inputs


@pulumi.input_type
class _ComponentVersionArgs:
    recipe: pulumi.Input[Mapping[str, Any]] | None = pulumi.property("recipe")
    lambda_function: pulumi.Input[LambdaFunctionRecipeSource] | None = pulumi.property("lambdaFunction")
    source_digest: pulumi.Input[str] | None = pulumi.property("sourceDigest")
    on_delete: pulumi.Input[str] | None = pulumi.property("onDelete")
    artifacts: pulumi.Input[Sequence[pulumi.Input[Artifact]]] | None = pulumi.property("artifacts")
    tags: pulumi.Input[Mapping[str, str]] | None = pulumi.property("tags")
    arn: pulumi.Input[str] | None = pulumi.property("arn")
    component_name: pulumi.Input[str] | None = pulumi.property("componentName")
    component_version: pulumi.Input[str] | None = pulumi.property("componentVersion")
    content_digest: pulumi.Input[str] | None = pulumi.property("contentDigest")
    component_state: pulumi.Input[str] | None = pulumi.property("componentState")


class ComponentVersion(pulumi.CustomResource):
    """A private component version: immutable, adopted when it exists with the same content, retained by default."""

    arn: pulumi.Output[str] = pulumi.property("arn")
    """The ARN of the component version."""
    component_name: pulumi.Output[str] = pulumi.property("componentName")
    """ComponentName of the recipe."""
    component_version: pulumi.Output[str] = pulumi.property("componentVersion")
    """ComponentVersion of the recipe."""
    content_digest: pulumi.Output[str] = pulumi.property("contentDigest")
    """``sha256:<hex>`` of the recipe and of the digests of its artifacts."""
    component_state: pulumi.Output[str] = pulumi.property("componentState")
    """DEPLOYABLE once it is created."""
    recipe: pulumi.Output[Mapping[str, Any] | None] = pulumi.property("recipe")
    lambda_function: pulumi.Output[Mapping[str, Any] | None] = pulumi.property("lambdaFunction")
    source_digest: pulumi.Output[str | None] = pulumi.property("sourceDigest")
    artifacts: pulumi.Output[Sequence[Mapping[str, Any]] | None] = pulumi.property("artifacts")
    tags: pulumi.Output[Mapping[str, str] | None] = pulumi.property("tags")

    def __init__(
        self,
        resource_name: str,
        *,
        recipe: pulumi.Input[Mapping[str, Any]] | None = None,
        lambda_function: pulumi.Input[LambdaFunctionRecipeSource] | None = None,
        source_digest: pulumi.Input[str] | None = None,
        artifacts: pulumi.Input[Sequence[pulumi.Input[Artifact]]] | None = None,
        on_delete: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a component version.

        Args:
            resource_name: Its name in the stack.
            recipe: A Greengrass recipe (2020-01-25) whose artifact URIs are final (``s3://...``).
            lambda_function: In place of a recipe, ``lambdaFunction`` of CreateComponentVersion: a published version of
                a Lambda function, and how it runs on the device.
            source_digest: Digest of what the function was made from; it is the version's content in the place of the
                function's ARN, which is another one once the function was made again.
            artifacts: Files that the provider uploads, once and for all: ``{"uri", "sha256", "source"}``, where
                ``source`` is a path relative to the Pulumi project directory.
            on_delete: ``retain`` (the default) keeps the version in AWS, so that a revert still finds it; ``delete``
                deletes it for good.
            tags: Tags of the component version; changed in place.
            opts: Pulumi's resource options.
        """
        args = _ComponentVersionArgs.__new__(_ComponentVersionArgs)
        args.__dict__.update(
            recipe=recipe,
            lambda_function=lambda_function,
            source_digest=source_digest,
            artifacts=artifacts,
            on_delete=on_delete,
            tags=tags,
            arn=None,
            component_name=None,
            component_version=None,
            content_digest=None,
            component_state=None,
        )
        super().__init__("greengrassv2:index:ComponentVersion", resource_name, args, opts)  # type: ignore[arg-type]


@pulumi.input_type
class _DynamicThingGroupArgs:
    thing_group_name: pulumi.Input[str] | None = pulumi.property("thingGroupName")
    query_string: pulumi.Input[str] | None = pulumi.property("queryString")
    query_version: pulumi.Input[str] | None = pulumi.property("queryVersion")
    index_name: pulumi.Input[str] | None = pulumi.property("indexName")
    description: pulumi.Input[str] | None = pulumi.property("description")
    attributes: pulumi.Input[Mapping[str, str]] | None = pulumi.property("attributes")
    enable_indexing: pulumi.Input[bool] | None = pulumi.property("enableIndexing")
    tags: pulumi.Input[Mapping[str, str]] | None = pulumi.property("tags")
    arn: pulumi.Input[str] | None = pulumi.property("arn")
    thing_group_id: pulumi.Input[str] | None = pulumi.property("thingGroupId")
    group_version: pulumi.Input[int] | None = pulumi.property("groupVersion")
    status: pulumi.Input[str] | None = pulumi.property("status")


class DynamicThingGroup(pulumi.CustomResource):
    """A thing group whose things are those that match a fleet indexing query. It may be a deployment's target."""

    thing_group_name: pulumi.Output[str] = pulumi.property("thingGroupName")
    query_string: pulumi.Output[str] = pulumi.property("queryString")
    arn: pulumi.Output[str] = pulumi.property("arn")
    """The ARN of the group, the target of a deployment."""
    thing_group_id: pulumi.Output[str] = pulumi.property("thingGroupId")
    """The id that AWS gave the group."""
    group_version: pulumi.Output[int] = pulumi.property("groupVersion")
    """Counts the changes of the group."""
    status: pulumi.Output[str] = pulumi.property("status")
    """ACTIVE once the index has filled the group."""

    def __init__(
        self,
        resource_name: str,
        *,
        thing_group_name: pulumi.Input[str],
        query_string: pulumi.Input[str],
        query_version: pulumi.Input[str] | None = None,
        index_name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        attributes: pulumi.Input[Mapping[str, str]] | None = None,
        enable_indexing: pulumi.Input[bool] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare a dynamic thing group.

        Args:
            resource_name: Its name in the stack.
            thing_group_name: The group's name; another name is another group.
            query_string: What things must have to be in it, such as ``attributes.line:1 AND thingName:cam-*``.
            query_version: ``2017-09-30``, the only one there is.
            index_name: ``AWS_Things``, the only one there is.
            description: For people.
            attributes: Attributes of the group itself.
            enable_indexing: Turn on registry indexing of the account when none is on.
            tags: Tags of the group; changed in place.
            opts: Pulumi's resource options.
        """
        args = _DynamicThingGroupArgs.__new__(_DynamicThingGroupArgs)
        args.__dict__.update(
            thing_group_name=thing_group_name,
            query_string=query_string,
            query_version=query_version,
            index_name=index_name,
            description=description,
            attributes=attributes,
            enable_indexing=enable_indexing,
            tags=tags,
            arn=None,
            thing_group_id=None,
            group_version=None,
            status=None,
        )
        super().__init__("greengrassv2:index:DynamicThingGroup", resource_name, args, opts)  # type: ignore[arg-type]


@pulumi.input_type
class _DeploymentArgs:
    target_arn: pulumi.Input[str] | None = pulumi.property("targetArn")
    deployment_name: pulumi.Input[str] | None = pulumi.property("deploymentName")
    parent_target_arn: pulumi.Input[str] | None = pulumi.property("parentTargetArn")
    components: pulumi.Input[Mapping[str, Any]] | None = pulumi.property("components")
    iot_job_configuration: pulumi.Input[IotJobConfiguration] | None = pulumi.property("iotJobConfiguration")
    deployment_policies: pulumi.Input[DeploymentPolicies] | None = pulumi.property("deploymentPolicies")
    wait: pulumi.Input[Wait] | None = pulumi.property("wait")
    on_failure: pulumi.Input[str] | None = pulumi.property("onFailure")
    on_delete: pulumi.Input[str] | None = pulumi.property("onDelete")
    adopt: pulumi.Input[bool] | None = pulumi.property("adopt")
    tags: pulumi.Input[Mapping[str, str]] | None = pulumi.property("tags")
    deployment_id: pulumi.Input[str] | None = pulumi.property("deploymentId")
    revision_id: pulumi.Input[str] | None = pulumi.property("revisionId")
    iot_job_id: pulumi.Input[str] | None = pulumi.property("iotJobId")
    iot_job_arn: pulumi.Input[str] | None = pulumi.property("iotJobArn")
    status: pulumi.Input[str] | None = pulumi.property("status")


class Deployment(pulumi.CustomResource):
    """What a thing or thing group runs. Its identity is the target; every update is a new revision in place."""

    target_arn: pulumi.Output[str] = pulumi.property("targetArn")
    deployment_name: pulumi.Output[str | None] = pulumi.property("deploymentName")
    parent_target_arn: pulumi.Output[str | None] = pulumi.property("parentTargetArn")
    components: pulumi.Output[Mapping[str, Any]] = pulumi.property("components")
    tags: pulumi.Output[Mapping[str, str] | None] = pulumi.property("tags")
    deployment_id: pulumi.Output[str] = pulumi.property("deploymentId")
    """The id of the latest revision."""
    revision_id: pulumi.Output[str] = pulumi.property("revisionId")
    """Counts the revisions of the target."""
    iot_job_id: pulumi.Output[str | None] = pulumi.property("iotJobId")
    """The IoT job that hands the revision to the devices of a group; none for a thing."""
    iot_job_arn: pulumi.Output[str | None] = pulumi.property("iotJobArn")
    status: pulumi.Output[str] = pulumi.property("status")
    """What the last wait saw, in words."""

    def __init__(
        self,
        resource_name: str,
        *,
        target_arn: pulumi.Input[str],
        components: pulumi.Input[Mapping[str, pulumi.Input[DeployedComponent]]],
        deployment_name: pulumi.Input[str] | None = None,
        parent_target_arn: pulumi.Input[str] | None = None,
        iot_job_configuration: pulumi.Input[IotJobConfiguration] | None = None,
        deployment_policies: pulumi.Input[DeploymentPolicies] | None = None,
        wait: pulumi.Input[Wait] | None = None,
        on_failure: pulumi.Input[str] | None = None,
        on_delete: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the deployment of a target.

        Args:
            resource_name: Its name in the stack.
            target_arn: ARN of the thing or thing group. One target has one Deployment.
            components: By component name: ``{"componentVersion", "config", "reset", "runWith"}``. ``config`` is the
                whole wanted configuration beyond the recipe's defaults; what vanishes from it is reset.
            deployment_name: At most 256 characters.
            parent_target_arn: The parent thing group of a subdeployment.
            iot_job_configuration: ``iotJobConfiguration`` of CreateDeployment.
            deployment_policies: ``deploymentPolicies`` of CreateDeployment.
            wait: ``{"timeoutSeconds": 1800, "succeeded": 1.0, "minimum": 1}``: how long to watch a new revision, the
                share of the devices that executed it which must succeed, and how many must have executed it.
            on_failure: ``rollback`` (the default) re-deploys the revision before; ``stop`` leaves it.
            on_delete: ``uninstall`` (the default) removes the components from the devices first; ``retain`` leaves
                devices and deployment as they are.
            adopt: Take over a target that somebody else has deployed to.
            tags: Tags of the deployment.
            opts: Pulumi's resource options.
        """
        args = _DeploymentArgs.__new__(_DeploymentArgs)
        args.__dict__.update(
            target_arn=target_arn,
            deployment_name=deployment_name,
            parent_target_arn=parent_target_arn,
            components=_exact_components(components),
            iot_job_configuration=iot_job_configuration,
            deployment_policies=deployment_policies,
            wait=wait,
            on_failure=on_failure,
            on_delete=on_delete,
            adopt=adopt,
            tags=tags,
            deployment_id=None,
            revision_id=None,
            iot_job_id=None,
            iot_job_arn=None,
            status=None,
        )
        super().__init__("greengrassv2:index:Deployment", resource_name, args, opts)  # type: ignore[arg-type]


def _exact_components(components: Any) -> Any:
    if isinstance(components, pulumi.Output):
        return components.apply(_exact_components)
    if not isinstance(components, Mapping):
        return components
    return {
        name: {**component, "config": exact_config(component["config"])}
        if isinstance(component, Mapping) and "config" in component
        else component
        for name, component in components.items()
    }
