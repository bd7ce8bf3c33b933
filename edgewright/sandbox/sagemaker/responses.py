"""SageMaker over HTTP: moto's operations, and those that it lacks, which are judged by botocore's model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from edgewright.sandbox import paging, wire
from edgewright.sandbox.sagemaker.exceptions import ValidationException
from edgewright.sandbox.sagemaker.models import SandboxSageMakerBackend

_PAGE = 10  # items when nobody says; the reference names none for these lists


class SandboxSageMakerResponse(SageMakerResponse):
    """SageMaker."""

    @property
    def sagemaker_backend(self) -> SandboxSageMakerBackend:
        """The backend of the caller's account and the request's Region."""
        backend: SandboxSageMakerBackend = sagemaker_backends[self.current_account][self.region]
        return backend

    @property
    def given(self) -> dict[str, Any]:
        """The request, when it is as the model says.

        Raises:
            ValidationException: it is not.
        """
        operation = wire.service("sagemaker").operation_model(self._get_action())
        try:
            given, errors = wire.parse(operation, {}, "", self.headers, self.raw_body)
        except wire.CannotParseError as error:
            raise ValidationException(str(error)) from error
        if errors:
            raise ValidationException(wire.describe(errors))
        return given

    # --- device fleets ----------------------------------------------------------------------------------------

    def create_device_fleet(self) -> ActionResult:
        """CreateDeviceFleet."""
        self.sagemaker_backend.fleets.create(self.given)
        return EmptyResult()

    def describe_device_fleet(self) -> ActionResult:
        """DescribeDeviceFleet."""
        return ActionResult(self.sagemaker_backend.fleets.find(self.given["DeviceFleetName"]).to_json())

    def update_device_fleet(self) -> ActionResult:
        """UpdateDeviceFleet."""
        self.sagemaker_backend.fleets.update(self.given)
        return EmptyResult()

    def delete_device_fleet(self) -> ActionResult:
        """DeleteDeviceFleet."""
        self.sagemaker_backend.fleets.delete(self.given["DeviceFleetName"])
        return EmptyResult()

    def list_device_fleets(self) -> ActionResult:
        """ListDeviceFleets."""
        given = self.given
        keys = {"NAME": "DeviceFleetName", "CREATION_TIME": "CreationTime", "LAST_MODIFIED_TIME": "LastModifiedTime"}
        found = [fleet.summary() for fleet in self.sagemaker_backend.fleets.all.values()]
        return self._listed("DeviceFleetSummaries", found, given, keys)

    def get_device_fleet_report(self) -> ActionResult:
        """GetDeviceFleetReport."""
        return ActionResult(self.sagemaker_backend.fleets.report(self.given["DeviceFleetName"]))

    def register_devices(self) -> ActionResult:
        """RegisterDevices."""
        self.sagemaker_backend.fleets.register(self.given)
        return EmptyResult()

    def update_devices(self) -> ActionResult:
        """UpdateDevices."""
        self.sagemaker_backend.fleets.update_devices(self.given)
        return EmptyResult()

    def deregister_devices(self) -> ActionResult:
        """DeregisterDevices."""
        given = self.given
        self.sagemaker_backend.fleets.deregister(given["DeviceFleetName"], given["DeviceNames"])
        return EmptyResult()

    def describe_device(self) -> ActionResult:
        """DescribeDevice."""
        given = self.given
        fleet = given["DeviceFleetName"]
        return ActionResult(self.sagemaker_backend.fleets.device(fleet, given["DeviceName"]).to_json(fleet))

    def list_devices(self) -> ActionResult:
        """ListDevices."""
        given = self.given
        fleets = self.sagemaker_backend.fleets
        wanted = given.get("DeviceFleetName")
        chosen = [fleets.find(wanted)] if wanted else [fleet for _, fleet in sorted(fleets.all.items())]
        model, after = given.get("ModelName"), given.get("LatestHeartbeatAfter")
        found = [
            device.to_json(fleet.name)
            for fleet in chosen
            for _, device in sorted(fleet.devices.items())
            if (model is None or any(each["ModelName"] == model for each in device.models))
            and (after is None or _within(device.heartbeat, after, None))
        ]
        return self._listed("DeviceSummaries", found, given, {})

    # --- Neo --------------------------------------------------------------------------------------------------

    def create_compilation_job(self) -> ActionResult:
        """CreateCompilationJob."""
        return ActionResult({"CompilationJobArn": self.sagemaker_backend.compilation.create(self.given).arn})

    def describe_compilation_job(self) -> ActionResult:
        """DescribeCompilationJob."""
        return ActionResult(self.sagemaker_backend.compilation.find(self.given["CompilationJobName"]).to_json())

    def list_compilation_jobs(self) -> ActionResult:
        """ListCompilationJobs."""
        given = self.given
        order = {"Name": "CompilationJobName", "CreationTime": "CreationTime", "Status": "CompilationJobStatus"}
        keys = {"NAME": order["Name"], **order}
        found = [job.look().summary() for job in self.sagemaker_backend.compilation.all.values()]
        status = given.get("StatusEquals")
        found = [job for job in found if status in {None, job["CompilationJobStatus"]}]
        return self._listed("CompilationJobSummaries", found, {"SortBy": "CreationTime", **given}, keys)

    def stop_compilation_job(self) -> ActionResult:
        """StopCompilationJob."""
        self.sagemaker_backend.compilation.find(self.given["CompilationJobName"]).stop()
        return EmptyResult()

    def delete_compilation_job(self) -> ActionResult:
        """DeleteCompilationJob."""
        self.sagemaker_backend.compilation.delete(self.given["CompilationJobName"])
        return EmptyResult()

    # --- edge packaging ---------------------------------------------------------------------------------------

    def create_edge_packaging_job(self) -> ActionResult:
        """CreateEdgePackagingJob."""
        self.sagemaker_backend.create_packaging_job(self.given)
        return EmptyResult()

    def describe_edge_packaging_job(self) -> ActionResult:
        """DescribeEdgePackagingJob."""
        return ActionResult(self.sagemaker_backend.packaging.find(self.given["EdgePackagingJobName"]).to_json())

    def list_edge_packaging_jobs(self) -> ActionResult:
        """ListEdgePackagingJobs."""
        given = self.given
        keys = {
            "NAME": "EdgePackagingJobName",
            "MODEL_NAME": "ModelName",
            "CREATION_TIME": "CreationTime",
            "LAST_MODIFIED_TIME": "LastModifiedTime",
            "STATUS": "EdgePackagingJobStatus",
        }
        found = [job.summary() for job in self.sagemaker_backend.packaging.all.values()]
        model, status = given.get("ModelNameContains", ""), given.get("StatusEquals")
        found = [job for job in found if model in job["ModelName"] and status in {None, job["EdgePackagingJobStatus"]}]
        return self._listed("EdgePackagingJobSummaries", found, given, keys)

    def stop_edge_packaging_job(self) -> ActionResult:
        """StopEdgePackagingJob."""
        self.sagemaker_backend.packaging.stop(self.given["EdgePackagingJobName"])
        return EmptyResult()

    # --- the model registry -----------------------------------------------------------------------------------

    def delete_model_package_group(self) -> ActionResult:
        """DeleteModelPackageGroup."""
        self.sagemaker_backend.delete_model_package_group(self.given["ModelPackageGroupName"])
        return EmptyResult()

    def delete_model_package(self) -> ActionResult:
        """DeleteModelPackage."""
        self.sagemaker_backend.delete_model_package(self.given["ModelPackageName"])
        return EmptyResult()

    def update_model_package(self) -> ActionResult:
        """UpdateModelPackage."""
        return ActionResult({"ModelPackageArn": self.sagemaker_backend.change_model_package(self.given)})

    def _listed(
        self, key: str, found: list[dict[str, Any]], given: dict[str, Any], keys: dict[str, str]
    ) -> ActionResult:
        """Filter by name and times, sort and page as the lists of SageMaker do."""
        name = keys.get("NAME")
        if name and given.get("NameContains"):
            found = [item for item in found if given["NameContains"] in item[name]]
        for field in ("CreationTime", "LastModifiedTime"):
            after, before = given.get(f"{field}After"), given.get(f"{field}Before")
            found = [item for item in found if _within(item.get(field), after, before)]
        if keys:
            order: Callable[[dict[str, Any]], Any] = lambda item: item[keys[given.get("SortBy", "CREATION_TIME")]]  # noqa: E731
            found.sort(key=order, reverse=given.get("SortOrder", "Ascending") == "Descending")
        try:
            page, token = paging.page(found, given.get("MaxResults") or _PAGE, given.get("NextToken"))
        except ValueError as error:
            raise ValidationException(str(error)) from error
        return ActionResult({key: page, "NextToken": token})


def _within(moment: Any, after: float | None, before: float | None) -> bool:
    if after is None and before is None:
        return True
    if moment is None:
        return False
    seconds = moment.timestamp()
    return (after is None or seconds > float(after)) and (before is None or seconds < float(before))
