"""What nested inputs of the ``greengrassv2`` resources may hold, in the API's own camelCase form.

Generated from the provider's descriptions by ``python -m edgewright.provider.python_types``; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import pulumi


class Wait(TypedDict):
    """How long a new revision is watched, and what must be seen. Offline devices do not count against it."""

    timeoutSeconds: NotRequired[pulumi.Input[int]]
    """Seconds to watch at most; 0 does not wait at all. Whole number of seconds of at least 0."""
    succeeded: NotRequired[pulumi.Input[float]]
    """Share (0 to 1) of the devices that executed the revision which must have succeeded. Number from 0 to 1."""
    minimum: NotRequired[pulumi.Input[int]]
    """Devices that must have executed it by the deadline; of a smaller target, all. Only when no device at all is
    online does ``noneOnline`` decide instead. Whole number of devices of at least 0.
    """
    noneOnline: NotRequired[pulumi.Input[Literal["pass", "fail"]]]
    """The verdict when no device of the target is online. One of pass, fail."""
    confirm: NotRequired[pulumi.Input[int]]
    """Devices of which the installed components are read to confirm a revision that passes, one call each; 0 confirms
    none. Whole number of devices from 0 to 10000.
    """


class ConfigurationValidationPolicy(TypedDict):
    """How long components may take to judge their new configuration."""

    timeoutInSeconds: NotRequired[pulumi.Input[int]]
    """Seconds to wait. Whole number of seconds from 0 to 2147483647."""


class ComponentUpdatePolicy(TypedDict):
    """Whether components are asked before they are stopped."""

    action: NotRequired[pulumi.Input[Literal["NOTIFY_COMPONENTS", "SKIP_NOTIFY_COMPONENTS"]]]
    """Ask or not. One of NOTIFY_COMPONENTS, SKIP_NOTIFY_COMPONENTS."""
    timeoutInSeconds: NotRequired[pulumi.Input[int]]
    """Seconds to wait. Whole number of seconds from 0 to 2147483647."""


class DeploymentPolicies(TypedDict):
    """How a device takes the deployment."""

    failureHandlingPolicy: NotRequired[pulumi.Input[Literal["ROLLBACK", "DO_NOTHING"]]]
    """Whether a device that fails returns to what it ran before. One of ROLLBACK, DO_NOTHING."""
    componentUpdatePolicy: NotRequired[pulumi.Input[ComponentUpdatePolicy]]
    """Whether components are asked before they are stopped."""
    configurationValidationPolicy: NotRequired[pulumi.Input[ConfigurationValidationPolicy]]
    """How long components may take to judge their new configuration."""


class TimeoutConfig(TypedDict):
    """How long one device may take."""

    inProgressTimeoutInMinutes: NotRequired[pulumi.Input[int]]
    """Minutes in progress, 1 to 10080 (7 days). Whole number of minutes from 1 to 10080."""


class AbortCriteria(TypedDict):
    """A share of failures."""

    failureType: pulumi.Input[Literal["FAILED", "REJECTED", "TIMED_OUT", "ALL"]]
    """What counts. One of FAILED, REJECTED, TIMED_OUT, ALL."""
    action: pulumi.Input[Literal["CANCEL"]]
    """What happens. One of CANCEL."""
    thresholdPercentage: pulumi.Input[float]
    """Per cent of the devices that executed it, with at most two decimals. Number of per cent from 0 to 100."""
    minNumberOfExecutedThings: pulumi.Input[int]
    """Devices that must have executed it before the share counts. Whole number of at least 1."""


class AbortConfig(TypedDict):
    """When the deployment stops by itself."""

    criteriaList: pulumi.Input[Sequence[pulumi.Input[AbortCriteria]]]
    """Any of these stops it."""


class RateIncreaseCriteria(TypedDict):
    """When the rate grows."""

    numberOfNotifiedThings: NotRequired[pulumi.Input[int]]
    """After so many were notified. Whole number of at least 1."""
    numberOfSucceededThings: NotRequired[pulumi.Input[int]]
    """After so many have succeeded. Whole number of at least 1."""


class ExponentialRate(TypedDict):
    """A rate that grows."""

    baseRatePerMinute: pulumi.Input[int]
    """Devices in the first minute. Whole number from 1 to 1000."""
    incrementFactor: pulumi.Input[float]
    """Growth of the rate, with at most one decimal. Number from 1 to 5."""
    rateIncreaseCriteria: pulumi.Input[RateIncreaseCriteria]
    """When the rate grows."""


class JobExecutionsRolloutConfig(TypedDict):
    """Devices a minute."""

    maximumPerMinute: NotRequired[pulumi.Input[int]]
    """At most so many devices a minute. Whole number from 1 to 1000."""
    exponentialRate: NotRequired[pulumi.Input[ExponentialRate]]
    """A rate that grows."""


class IotJobConfiguration(TypedDict):
    """How fast the deployment reaches devices, and when it stops by itself."""

    jobExecutionsRolloutConfig: NotRequired[pulumi.Input[JobExecutionsRolloutConfig]]
    """Devices a minute."""
    abortConfig: NotRequired[pulumi.Input[AbortConfig]]
    """When the deployment stops by itself."""
    timeoutConfig: NotRequired[pulumi.Input[TimeoutConfig]]
    """How long one device may take."""


class SystemResourceLimits(TypedDict):
    """Limits of the processes (Linux, nucleus 2.4 or later)."""

    memory: NotRequired[pulumi.Input[int]]
    """Kilobytes of memory. Whole number of kilobytes from 0 to 9223372036854771712."""
    cpus: NotRequired[pulumi.Input[float]]
    """Cores; fractions are allowed. Number of cores of at least 0."""


class RunWith(TypedDict):
    """Who runs the component's processes, and within which limits."""

    posixUser: NotRequired[pulumi.Input[str]]
    """Linux user, or user:group."""
    windowsUser: NotRequired[pulumi.Input[str]]
    """Windows user."""
    systemResourceLimits: NotRequired[pulumi.Input[SystemResourceLimits]]
    """Limits of the processes (Linux, nucleus 2.4 or later)."""


class DeployedComponent(TypedDict):
    """One component of a deployment."""

    componentVersion: pulumi.Input[str]
    """The exact version. At most 64 characters."""
    config: NotRequired[pulumi.Input[Any]]
    """The whole wanted configuration beyond the recipe's defaults: an object, or the JSON text of one. What vanishes
    from it is reset on the devices.
    """
    reset: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Extra JSON pointers to reset; '' is the whole configuration."""
    runWith: NotRequired[pulumi.Input[RunWith]]
    """Who runs the component's processes, and within which limits."""


class Artifact(TypedDict):
    """One file."""

    uri: pulumi.Input[str]
    """Where it goes: an s3 URI of the recipe."""
    sha256: pulumi.Input[str]
    """SHA-256 of the file, 64 hexadecimal digits."""
    source: NotRequired[pulumi.Input[str]]
    """The file, relative to the Pulumi project directory; none: it must be there already."""


class LambdaDeviceMount(TypedDict):
    """A device of the system in the container."""

    path: pulumi.Input[str]
    """The device's path."""
    permission: NotRequired[pulumi.Input[Literal["ro", "rw"]]]
    """``ro`` (the default) or ``rw``. One of ro, rw."""
    addGroupOwner: NotRequired[pulumi.Input[bool]]
    """Whether the system group of the component owns it too; false by default."""


class LambdaVolumeMount(TypedDict):
    """A folder of the device in the container."""

    sourcePath: pulumi.Input[str]
    """The folder on the device."""
    destinationPath: pulumi.Input[str]
    """Where the container sees it."""
    permission: NotRequired[pulumi.Input[Literal["ro", "rw"]]]
    """``ro`` (the default) or ``rw``. One of ro, rw."""
    addGroupOwner: NotRequired[pulumi.Input[bool]]
    """Whether the system group of the component owns it too; false by default."""


class LambdaContainerParams(TypedDict):
    """The container that the function runs in."""

    memorySizeInKB: NotRequired[pulumi.Input[int]]
    """Kilobytes of memory; 16384 by default. Whole number of kilobytes of at least 0."""
    mountROSysfs: NotRequired[pulumi.Input[bool]]
    """Whether the function may read the device's /sys; false by default."""
    volumes: NotRequired[pulumi.Input[Sequence[pulumi.Input[LambdaVolumeMount]]]]
    """Folders of the device that the container sees."""
    devices: NotRequired[pulumi.Input[Sequence[pulumi.Input[LambdaDeviceMount]]]]
    """Devices of the system that the container sees."""


class LambdaLinuxProcessParams(TypedDict):
    """How the process is kept apart from the system."""

    isolationMode: NotRequired[pulumi.Input[Literal["GreengrassContainer", "NoContainer"]]]
    """In a container (the default) or not. One of GreengrassContainer, NoContainer."""
    containerParams: NotRequired[pulumi.Input[LambdaContainerParams]]
    """The container that the function runs in."""


class LambdaEventSource(TypedDict):
    """A topic that the function is subscribed to."""

    topic: pulumi.Input[str]
    """The topic."""
    type: pulumi.Input[Literal["PUB_SUB", "IOT_CORE"]]
    """``PUB_SUB``: local, without wildcards; ``IOT_CORE``: MQTT of AWS IoT Core. One of PUB_SUB, IOT_CORE."""


class LambdaExecutionParameters(TypedDict):
    """How the function runs on the device."""

    eventSources: NotRequired[pulumi.Input[Sequence[pulumi.Input[LambdaEventSource]]]]
    """What the function gets its work from."""
    maxQueueSize: NotRequired[pulumi.Input[int]]
    """Messages that wait at most. Whole number of messages of at least 0."""
    maxInstancesCount: NotRequired[pulumi.Input[int]]
    """Instances at a time, of a function that is not pinned. Whole number of at least 0."""
    maxIdleTimeInSeconds: NotRequired[pulumi.Input[int]]
    """Seconds without work after which a function that is not pinned is stopped. Whole number of seconds of at least
    0.
    """
    timeoutInSeconds: NotRequired[pulumi.Input[int]]
    """Seconds for one piece of work. Whole number of seconds of at least 0."""
    statusTimeoutInSeconds: NotRequired[pulumi.Input[int]]
    """Seconds between two signs of life of a pinned function. Whole number of seconds of at least 0."""
    pinned: NotRequired[pulumi.Input[bool]]
    """Whether the function starts with the device and goes on running; true by default."""
    inputPayloadEncodingType: NotRequired[pulumi.Input[Literal["json", "binary"]]]
    """How its input is encoded. One of json, binary."""
    execArgs: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Arguments of the process."""
    environmentVariables: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Environment of the process."""
    linuxProcessParams: NotRequired[pulumi.Input[LambdaLinuxProcessParams]]
    """How the process is kept apart from the system."""


class ComponentDependencyRequirement(TypedDict):
    """Which versions will do."""

    versionRequirement: NotRequired[pulumi.Input[str]]
    """A range, such as ``^1.0.0``."""
    dependencyType: NotRequired[pulumi.Input[Literal["HARD", "SOFT"]]]
    """``HARD`` (the default): restarts with it; ``SOFT``: does not. One of HARD, SOFT."""


class ComponentPlatform(TypedDict):
    """A platform."""

    name: NotRequired[pulumi.Input[str]]
    """A name for people; made from the attributes by default."""
    attributes: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Such as ``os: linux``."""


class LambdaFunctionRecipeSource(TypedDict):
    """A Lambda function to make the component from. Greengrass writes the recipe."""

    lambdaArn: pulumi.Input[str]
    """ARN of the function, with the number of a published version."""
    componentName: NotRequired[pulumi.Input[str]]
    """The component's name; the function's by default. At most 128 characters."""
    componentVersion: NotRequired[pulumi.Input[str]]
    """The component's version; the function's version N is N.0.0 by default. At most 64 characters."""
    componentPlatforms: NotRequired[pulumi.Input[Sequence[pulumi.Input[ComponentPlatform]]]]
    """Platforms that it runs on."""
    componentDependencies: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[ComponentDependencyRequirement]]]]
    """Components that it needs, by name."""
    componentLambdaParameters: NotRequired[pulumi.Input[LambdaExecutionParameters]]
    """How the function runs on the device."""


class AssumeRole(TypedDict):
    """A role to assume."""

    roleArn: pulumi.Input[str]
    """ARN of the role."""
    sessionName: NotRequired[pulumi.Input[str]]
    """Name of the session in the account's trail. At most 64 characters."""
    externalId: NotRequired[pulumi.Input[str]]
    """What the role's trust policy wants. At most 1224 characters."""
