"""``lambda.yaml``: a component whose recipe Greengrass writes itself, from a Lambda function with this code.

In the place of a recipe. What Greengrass has words for keeps them (``LambdaFunctionRecipeSource`` of its API
reference); runtime, handler and code are the function's. Strict where the API is lax: a memory limit without a
container, an instance limit of a function that is pinned, a path that is not absolute are taken by AWS and have no
effect on devices, or only on devices a bad one.

Rules: AWS IoT Greengrass V2 developer guide, "Run AWS Lambda functions" and "Import a Lambda function as a component";
limits of names and handlers: the service models of Lambda and Greengrass V2 (a test compares them).

Longer than other modules, because it is the models of one file and the rules that hold between its keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from edgewright.catalog.recipe import Dependency, RecipeArtifact
from edgewright.catalog.types import Attributes, Environment, Name, RangeText, Version, refuse, some
from edgewright.source import Document, Problem
from edgewright.validation import Parsed, parse
from edgewright.versions import Range

RUNTIMES: Final = (
    *("python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"),
    *("nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x"),
    *("java8.al2", "java11", "java17", "java21", "java25"),
)
"""Those that Greengrass runs (Python, Node.js, Java) and of which Lambda still makes functions."""
NEEDED: Final[Mapping[str, str]] = {
    "aws.greengrass.LambdaLauncher": ">=2.0.0 <3.0.0",
    "aws.greengrass.LambdaManager": ">=2.0.0 <3.0.0",
    "aws.greengrass.LambdaRuntimes": ">=2.0.0 <3.0.0",
    "aws.greengrass.TokenExchangeService": ">=2.0.0 <3.0.0",
}
"""What every such component runs on. The recipe that Greengrass writes asks for it, whatever ``dependencies`` say."""
MOST_CODE: Final = 50_000_000
"""Bytes of the archive: what Lambda takes in a request (quotas of Lambda, "deployment package")."""
_ENTRY: Final = 256  # bytes that an entry of an archive takes beside its content, at most for names of usual length
_LARGEST = 2_147_483_647
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,119}")
_HANDLER = re.compile(r"\S{1,128}")
_SOURCES = {"python": (".py", "/__init__.py"), "nodejs": (".js", ".mjs", ".cjs")}


def _runtime(value: Any) -> str:
    family = re.match(r"[a-z]*", str(value).lower())
    same = [each for each in RUNTIMES if family and family[0] and each.startswith(family[0])]
    if not same:
        refuse("is no runtime that Greengrass runs", "use Python, Node.js or Java, such as python3.12")
    if value not in same:
        refuse("is no runtime that a new function can have", f"write {', '.join(same[:-1])} or {same[-1]}")
    return str(value)


def _handler(value: Any) -> str:
    if not isinstance(value, str) or not _HANDLER.fullmatch(value):
        refuse("must be the handler's name without spaces, at most 128 characters", "write MODULE.FUNCTION")
    return value


def _code(value: Any) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value.removesuffix("/")):
        refuse("does not name a folder beside this file", "write its name alone, in letters, digits, . _ + -")
    return value.removesuffix("/")


def _platform(value: Any) -> Any:
    if isinstance(value, dict) and value.get("os") != "linux":
        refuse("must say os: linux, the one system on which Greengrass runs functions", "add os: linux")
    return value


def _absolute(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        refuse("must be an absolute path", "begin it with /")
    if "//" in value or {".", ".."} & set(value.split("/")) or "\0" in value or (len(value) > 1 and value[-1] == "/"):
        refuse("must be a path without . and .. and with single slashes", "write the path that is meant")
    return value


def _topic(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value.encode()) > 256:
        refuse("must be a topic of 1 to 256 bytes", "write it as text")
    if value.count("/") > 7:
        refuse("has more than the 7 slashes that AWS IoT takes", "use a shorter topic")
    levels = value.split("/")
    if any(("#" in level or "+" in level) and len(level) > 1 for level in levels) or "#" in levels[:-1]:
        refuse("is no filter of MQTT", "let + stand for one whole level, and # for the last ones")
    return value


AbsolutePath = Annotated[str, BeforeValidator(_absolute), Field(json_schema_extra={"pattern": "^/"})]
Count = Annotated[int, Field(ge=1, le=_LARGEST)]
Kilobytes = Annotated[int, Field(ge=1, le=_LARGEST)]


class _Model(BaseModel):
    """Immutable, in the API's camel case, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel, populate_by_name=True)


class LambdaVolume(_Model):
    """A folder of the device in the container."""

    source_path: AbsolutePath = Field(description="The folder on the device.", examples=["/data/frames"])
    destination_path: AbsolutePath = Field(description="Where the container sees it.", examples=["/frames"])
    permission: Literal["ro", "rw"] = Field("ro", description="Whether the function may write there.")
    add_group_owner: bool = Field(default=False, description="Whether the component's system group owns it too.")


class LambdaDevice(_Model):
    """A device of the system in the container: GPIO, a serial port, a CAN bus, a camera."""

    path: AbsolutePath = Field(description="The device.", examples=["/dev/ttyUSB0"])
    permission: Literal["ro", "rw"] = Field("ro", description="Whether the function may write to it.")
    add_group_owner: bool = Field(default=False, description="Whether the component's system group owns it too.")


class ContainerParams(_Model):
    """The container that the function runs in."""

    memory_size_in_kb: Kilobytes = Field(16384, alias="memorySizeInKB", description="Kilobytes of memory.")
    mount_ro_sysfs: bool = Field(
        default=False, alias="mountROSysfs", description="Whether it may read the device's `/sys`."
    )
    volumes: Annotated[tuple[LambdaVolume, ...], Field(strict=False)] = Field((), description="Folders that it sees.")
    devices: Annotated[tuple[LambdaDevice, ...], Field(strict=False)] = Field((), description="Devices that it sees.")

    @model_validator(mode="after")
    def _once(self) -> ContainerParams:
        for paths in ([each.destination_path for each in self.volumes], [each.path for each in self.devices]):
            twice = sorted({path for path in paths if paths.count(path) > 1})
            if twice:
                refuse(f"mounts {twice[0]} twice", "keep one of them")
        return self


class LinuxProcessParams(_Model):
    """How the process is kept apart from the system."""

    isolation_mode: Literal["GreengrassContainer", "NoContainer"] = Field(
        "GreengrassContainer", description="In a container, or as a plain process of the device."
    )
    container_params: ContainerParams | None = Field(None, description="The container; `GreengrassContainer` only.")

    @model_validator(mode="after")
    def _of_a_container(self) -> LinuxProcessParams:
        if self.isolation_mode == "NoContainer" and self.container_params is not None:
            refuse(
                "has containerParams (memory, volumes, devices) and NoContainer, which has no container to limit",
                "remove containerParams, or write isolationMode: GreengrassContainer",
            )
        return self


class EventSource(_Model):
    """A topic that the function gets its work from."""

    topic: Annotated[str, BeforeValidator(_topic)] = Field(description="The topic.", examples=["line/+/frames"])
    type: Literal["PUB_SUB", "IOT_CORE"] = Field(
        description="`PUB_SUB`: local messages, without wildcards; `IOT_CORE`: MQTT of AWS IoT Core."
    )

    @model_validator(mode="after")
    def _plain(self) -> EventSource:
        if self.type == "PUB_SUB" and {"+", "#"} & set(self.topic):
            refuse(
                f"has a wildcard in {self.topic}, and local messages (PUB_SUB) know none",
                "name each topic, or use IOT_CORE",
            )
        return self


class Parameters(_Model):
    """How the function runs on the device (`componentLambdaParameters` of Greengrass, and its defaults)."""

    pinned: bool = Field(default=True, description="Whether it starts with the device and goes on running.")
    event_sources: Annotated[tuple[EventSource, ...], Field(strict=False)] = Field(
        (), description="Topics that it is called for."
    )
    max_queue_size: Count = Field(1000, description="Messages that wait at most.")
    max_instances_count: Count = Field(100, description="Instances at a time; of a function that is not pinned.")
    max_idle_time_in_seconds: Count = Field(
        60, description="Seconds without work after which an instance ends; of a function that is not pinned."
    )
    timeout_in_seconds: Count = Field(3, description="Seconds for one piece of work.")
    status_timeout_in_seconds: Count = Field(60, description="Seconds between signs of life; of a pinned function.")
    input_payload_encoding_type: Literal["json", "binary"] = Field("json", description="How its input is encoded.")
    exec_args: Annotated[tuple[str, ...], Field(strict=False)] = Field((), description="Arguments of the process.")
    environment_variables: Environment = Field(default_factory=dict, description="Environment of the process.")
    linux_process_params: LinuxProcessParams = Field(LinuxProcessParams(), description="Container or plain process.")

    @property
    def contained_memory(self) -> int | None:
        """Bytes that its containers may have together; None where it runs in none."""
        if self.linux_process_params.isolation_mode != "GreengrassContainer":
            return None
        each = (self.linux_process_params.container_params or ContainerParams()).memory_size_in_kb * 1024
        return each if self.pinned else each * self.max_instances_count

    @model_validator(mode="after")
    def _with_effect(self) -> Parameters:
        given = {type(self).model_fields[name].alias or name for name in self.model_fields_set}
        idle = ("maxInstancesCount", "maxIdleTimeInSeconds") if self.pinned else ("statusTimeoutInSeconds",)
        vain = [key for key in idle if key in given]
        if vain:
            kind, other = ("pinned", "false") if self.pinned else ("not pinned", "true")
            refuse(
                f"has {vain[0]}, which has no effect on a function that is {kind}",
                f"remove it, or write pinned: {other}",
            )
        sources = [(each.type, each.topic) for each in self.event_sources]
        twice = sorted({topic for type_, topic in sources if sources.count((type_, topic)) > 1})
        if twice:
            refuse(f"subscribes to {twice[0]} twice, so each message would be handled twice", "keep one of them")
        return self


class LambdaDependency(_Model):
    """Another component that must be there, in a range of versions."""

    version_requirement: RangeText = Field(description="The range, as npm reads it.", examples=["^1.0.0"])
    dependency_type: Literal["HARD", "SOFT"] = Field(
        "HARD", description="`HARD`: this component restarts with it; `SOFT`: it does not."
    )


class LambdaComponent(_Model):
    """A component made from a Lambda function. Devices run it; in the cloud it is never called."""

    api_version: Literal["edgewright/v1"] = Field(description="The format of this file.")
    kind: Literal["LambdaComponent"] = Field(description="What this file is.")
    name: Name = Field(description="The component, as its folder is called.", examples=["com.acme.filter"])
    version: Version = Field(description="The version, as its folder is called.", examples=['"1.0.0"'])
    description: str = Field("", description="What it does, for people.")
    runtime: Annotated[str, BeforeValidator(_runtime)] = Field(
        description="The function's runtime: Python, Node.js or Java.",
        examples=["python3.12"],
        json_schema_extra={"enum": list(RUNTIMES)},
    )
    handler: Annotated[str, BeforeValidator(_handler)] = Field(
        description="What is called for each event.", examples=["function.handler"]
    )
    code: Annotated[str, BeforeValidator(_code)] = Field(
        description="A folder beside this file, packed the same on every machine.", examples=["function"]
    )
    platforms: Annotated[tuple[Annotated[Attributes, BeforeValidator(_platform)], ...], Field(strict=False), some] = (
        Field(description="Devices that can run it, such as `{os: linux, architecture: amd64}`.")
    )
    dependencies: dict[Name, LambdaDependency] = Field(
        default_factory=dict, description="What it needs beside the components that run functions."
    )
    parameters: Parameters = Field(Parameters(), description="How it runs on the device.")

    @property
    def requirements(self) -> dict[str, Dependency]:
        """The direct dependencies by name, with those that Greengrass adds."""
        return {
            **{name: Dependency(Range.parse(wanted), "HARD") for name, wanted in NEEDED.items()},
            **{
                name: Dependency(Range.parse(each.version_requirement), each.dependency_type)
                for name, each in self.dependencies.items()
            },
        }

    @property
    def artifacts(self) -> tuple[RecipeArtifact, ...]:
        """Nothing that a device fetches from S3: Greengrass keeps a copy of the code and hands that out."""
        return ()

    @property
    def archive(self) -> str:
        """The name of the archive of the code."""
        return f"{self.code}.zip"

    @property
    def source(self) -> dict[str, Any]:
        """``LambdaFunctionRecipeSource`` without the function's ARN; what is not written is left to Greengrass."""
        made: dict[str, Any] = {
            "componentName": self.name,
            "componentVersion": self.version,
            "componentPlatforms": [{"attributes": dict(each)} for each in self.platforms],
        }
        if self.dependencies:
            made["componentDependencies"] = {
                name: {"versionRequirement": each.version_requirement, "dependencyType": each.dependency_type}
                for name, each in self.dependencies.items()
            }
        parameters = self.parameters.model_dump(mode="json", by_alias=True, exclude_unset=True)
        # A function is pinned in Greengrass's reference and not in some of its clients: said, it is certain.
        made["componentLambdaParameters"] = {**parameters, "pinned": self.parameters.pinned}
        return made


def read_lambda(document: Document) -> Parsed[LambdaComponent]:
    """Turn a document into a Lambda component, with every problem of its shape. Never raises for bad content."""
    return parse(LambdaComponent, document)


def check_code(
    parsed: Parsed[LambdaComponent], component: LambdaComponent, code: Mapping[str, Path], shown: str
) -> Iterator[Problem]:
    """Yield what is wrong with the code.

    Args:
        parsed: The document.
        component: What it says.
        code: The files of its folder, by their path in it.
        shown: The version's folder, for messages.
    """
    if not parsed.whole(("code",)):
        return
    if not code:
        yield parsed.problem(
            ("code",), f"there is no file in {shown}/{component.code}/", got=component.code,
            remedy="put the function's code there",
        )  # fmt: skip
        return
    size = sum(path.stat().st_size + _ENTRY for path in code.values())
    if size > MOST_CODE:
        yield parsed.problem(
            ("code",), f"has {size} bytes, and Lambda takes {MOST_CODE} at once",
            remedy="ship models and libraries as a component of their own, and depend on it",
        )  # fmt: skip
    if parsed.whole(("handler",)) and parsed.whole(("runtime",)):
        wanted = list(_sources(component))
        if wanted and not any(each in code for each in wanted):
            yield parsed.problem(
                ("handler",), f"there is no {component.code}/{wanted[0]} for it", got=component.handler,
                remedy="name a file of the code, such as MODULE.FUNCTION, or add it",
            )  # fmt: skip


def _sources(component: LambdaComponent) -> Iterable[str]:
    """The files in which a handler may be, the likeliest first; none where that cannot be said (Java)."""
    family = re.match(r"[a-z]*", component.runtime)
    module = component.handler.rpartition(".")[0]
    if family is None or family[0] not in _SOURCES:
        return
    path = module.replace(".", "/") if family[0] == "python" else module
    for ending in _SOURCES[family[0]]:
        yield f"{path}{ending}" if path else component.handler
