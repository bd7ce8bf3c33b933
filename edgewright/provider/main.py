"""The greengrassv2 plugin: what its executable runs."""

from __future__ import annotations

from edgewright.provider.component_version import ComponentVersionResource
from edgewright.provider.configuration import check_config, configure
from edgewright.provider.deployment import DeploymentResource
from edgewright.provider.plugin import Resource, serve
from edgewright.provider.schema import VERSION, package_schema
from edgewright.provider.shapes import COMPONENT_VERSION, DEPLOYMENT, DYNAMIC_THING_GROUP
from edgewright.provider.thing_group import DynamicThingGroupResource

RESOURCES: dict[str, Resource] = {
    COMPONENT_VERSION.token: ComponentVersionResource(),
    DEPLOYMENT.token: DeploymentResource(),
    DYNAMIC_THING_GROUP.token: DynamicThingGroupResource(),
}


def main() -> None:
    """Serve the provider to the engine that started it."""
    serve("greengrassv2", VERSION, RESOURCES, configure, check_config=check_config, schema=package_schema)


if __name__ == "__main__":
    main()
