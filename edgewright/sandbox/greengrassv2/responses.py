"""Greengrass V2 over HTTP: every request judged by botocore's model, every answer shaped by it."""

from __future__ import annotations

import urllib.parse
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores

from edgewright.sandbox import wire
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.greengrassv2 import lambda_source, recipes
from edgewright.sandbox.greengrassv2.exceptions import ResourceNotFoundException, ValidationException
from edgewright.sandbox.greengrassv2.models import GreengrassV2Backend, check_tags, greengrassv2_backends, page
from edgewright.sandbox.greengrassv2.presign import presigned_url

SERVICE = "greengrassv2"


class GreengrassV2Response(BaseResponse):
    """The operations by their names in the API."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

    @property
    def backend(self) -> GreengrassV2Backend:
        """The backend of the caller's account and the request's Region."""
        backend: GreengrassV2Backend = greengrassv2_backends[self.current_account][self.region]
        return backend

    def call_action(self) -> Any:
        """Parse, judge, run, shape."""
        name = self._get_action_from_method_and_request_uri(self.normalized_request)
        if not name:
            found = wire.find(SERVICE, self.method, urllib.parse.urlsplit(self.uri).path)
            if found is None:
                raise AwsError("UnknownOperationException", "", 404)
            name, self.uri_match = found
        operation = wire.service(SERVICE).operation_model(name)
        try:
            self.given, errors = wire.parse(
                operation, self.uri_match, urllib.parse.urlsplit(self.uri).query, self.headers, self.raw_body
            )
        except wire.CannotParseError as error:
            raise ValidationException(str(error), "CANNOT_PARSE") from error
        if errors:
            raise ValidationException.of(errors)
        if name.startswith("Create"):
            check_tags(self.given.get("tags", {}))
        method = vars(GreengrassV2Response).get(camelcase_to_underscores(name))
        if method is None:
            raise NotImplementedError(name)
        return self.serialized(ActionResult(method(self) or {}))

    def _page(self, key: str, items: list[Any]) -> dict[str, Any]:
        items, token = page(items, self.given.get("maxResults"), self.given.get("nextToken"))
        return {key: items, "nextToken": token}

    # --- deployments ------------------------------------------------------------------------------------------

    def create_deployment(self) -> dict[str, Any]:
        """CreateDeployment."""

        def run() -> dict[str, Any]:
            deployment = self.backend.deployments.create(self.given)
            return {"deploymentId": deployment.id, **self.backend.deployments.job_json(deployment)}

        answer: dict[str, Any] = self.backend.once("CreateDeployment", self.given.get("clientToken"), run)
        return answer

    def get_deployment(self) -> dict[str, Any]:
        """GetDeployment."""
        deployments = self.backend.deployments
        return deployments.to_json(deployments.find(self.given["deploymentId"]), self.backend.core_devices)

    def list_deployments(self) -> dict[str, Any]:
        """ListDeployments."""
        found = self.backend.deployments.listed(
            self.given.get("targetArn"),
            self.given.get("parentTargetArn"),
            self.given.get("historyFilter", "LATEST_ONLY"),
        )
        items, token = page(found, self.given.get("maxResults"), self.given.get("nextToken"))
        shown = [self.backend.deployments.summary(d, self.backend.core_devices) for d in items]
        return {"deployments": shown, "nextToken": token}

    def cancel_deployment(self) -> dict[str, Any]:
        """CancelDeployment."""
        message = self.backend.deployments.cancel(self.given["deploymentId"], self.backend.core_devices)
        return {"message": message}

    def delete_deployment(self) -> None:
        """DeleteDeployment."""
        self.backend.deployments.delete(self.given["deploymentId"], self.backend.core_devices)

    # --- components -------------------------------------------------------------------------------------------

    def create_component_version(self) -> dict[str, Any]:
        """CreateComponentVersion, from a recipe or a Lambda function."""
        recipe, function = self.given.get("inlineRecipe"), self.given.get("lambdaFunction")
        if (recipe is None) == (function is None):
            raise ValidationException("Exactly one of inlineRecipe and lambdaFunction must be given")
        code = None
        if recipe is not None:
            text = recipe
        else:
            text, code = lambda_source.recipe(function or {}, self.backend.account_id, self.backend.region_name)
        caller = self.normalized_request.environ["edgewright.principal"]

        def run() -> dict[str, Any]:
            return self.backend.components.create(text, self.given.get("tags", {}), caller, code).created_json()

        answer: dict[str, Any] = self.backend.once("CreateComponentVersion", self.given.get("clientToken"), run)
        return answer

    def get_component(self) -> dict[str, Any]:
        """GetComponent."""
        found = self.backend.components.find(self.given["arn"])
        output = self.given.get("recipeOutputFormat", "JSON")
        return {
            "recipeOutputFormat": output,
            "recipe": recipes.dump(found.recipe, output),
            "tags": found.tags or None,
        }

    def describe_component(self) -> dict[str, Any]:
        """DescribeComponent."""
        return self.backend.components.find(self.given["arn"]).described_json()

    def list_components(self) -> dict[str, Any]:
        """ListComponents."""
        return self._page("components", self.backend.components.listed(self.given.get("scope", "PRIVATE")))

    def list_component_versions(self) -> dict[str, Any]:
        """ListComponentVersions."""
        return self._page("componentVersions", self.backend.components.versions(self.given["arn"]))

    def delete_component(self) -> None:
        """DeleteComponent."""
        self.backend.components.delete(self.given["arn"])

    def get_component_version_artifact(self) -> dict[str, Any]:
        """GetComponentVersionArtifact: a presigned URL of the object."""
        found = self.backend.components.find(self.given["arn"])
        name = self.given["artifactName"]
        for artifact in recipes.artifacts(found.recipe):
            location = recipes.location(artifact["Uri"])
            if location is not None and artifact["Uri"].endswith(f"/{name}"):
                return {"preSignedUrl": presigned_url(location, self.normalized_request.environ)}
        raise ResourceNotFoundException(f"Artifact [{name}] cannot be found", name, "ARTIFACT")

    def resolve_component_candidates(self) -> dict[str, Any]:
        """ResolveComponentCandidates."""
        attributes = (self.given.get("platform") or {}).get("attributes", {})
        found = self.backend.components.resolve(self.given.get("componentCandidates", []), attributes)
        return {"resolvedComponentVersions": found}

    # --- core devices -----------------------------------------------------------------------------------------

    def list_core_devices(self) -> dict[str, Any]:
        """ListCoreDevices."""
        found = self.backend.list_core_devices(
            self.given.get("thingGroupArn"), self.given.get("status"), self.given.get("runtime")
        )
        page = self._page("coreDevices", found)
        return {**page, "coreDevices": [device.summary() for device in page["coreDevices"]]}

    def get_core_device(self) -> dict[str, Any]:
        """GetCoreDevice."""
        return self.backend.core_device(self.given["coreDeviceThingName"]).to_json()

    def delete_core_device(self) -> None:
        """DeleteCoreDevice."""
        self.backend.delete_core_device(self.given["coreDeviceThingName"])

    def list_effective_deployments(self) -> dict[str, Any]:
        """ListEffectiveDeployments."""
        found = self.backend.effective_deployments(self.given["coreDeviceThingName"])
        return self._page("effectiveDeployments", found)

    def list_installed_components(self) -> dict[str, Any]:
        """ListInstalledComponents."""
        found = self.backend.installed_components(
            self.given["coreDeviceThingName"], self.given.get("topologyFilter", "ROOT")
        )
        return self._page("installedComponents", found)

    # --- tags -------------------------------------------------------------------------------------------------

    def list_tags_for_resource(self) -> dict[str, Any]:
        """ListTagsForResource."""
        return {"tags": dict(self.backend.tags(self.given["resourceArn"]))}

    def tag_resource(self) -> None:
        """TagResource."""
        present = self.backend.tags(self.given["resourceArn"])
        check_tags(self.given["tags"], present)
        present.update(self.given["tags"])

    def untag_resource(self) -> None:
        """UntagResource."""
        tags = self.backend.tags(self.given["resourceArn"])
        for key in self.given["tagKeys"]:
            tags.pop(key, None)

    # --- associations -----------------------------------------------------------------------------------------

    def associate_service_role_to_account(self) -> dict[str, Any]:
        """AssociateServiceRoleToAccount."""
        return self.backend.associations.set_role(self.given["roleArn"])

    def disassociate_service_role_from_account(self) -> dict[str, Any]:
        """DisassociateServiceRoleFromAccount."""
        return self.backend.associations.drop_role()

    def get_service_role_for_account(self) -> dict[str, Any]:
        """GetServiceRoleForAccount."""
        return self.backend.associations.the_role()

    def batch_associate_client_device_with_core_device(self) -> dict[str, Any]:
        """BatchAssociateClientDeviceWithCoreDevice."""
        core = self.backend.core_device(self.given["coreDeviceThingName"]).thing
        return self.backend.associations.associate(core, self.given.get("entries", []))

    def batch_disassociate_client_device_from_core_device(self) -> dict[str, Any]:
        """BatchDisassociateClientDeviceFromCoreDevice."""
        core = self.backend.core_device(self.given["coreDeviceThingName"]).thing
        return self.backend.associations.dissociate(core, self.given.get("entries", []))

    def list_client_devices_associated_with_core_device(self) -> dict[str, Any]:
        """ListClientDevicesAssociatedWithCoreDevice."""
        core = self.backend.core_device(self.given["coreDeviceThingName"]).thing
        return self._page("associatedClientDevices", self.backend.associations.associated(core))

    def update_connectivity_info(self) -> dict[str, Any]:
        """UpdateConnectivityInfo."""
        return self.backend.associations.connect(self.given["thingName"], self.given["connectivityInfo"])

    def get_connectivity_info(self) -> dict[str, Any]:
        """GetConnectivityInfo."""
        return self.backend.associations.connection(self.given["thingName"])
