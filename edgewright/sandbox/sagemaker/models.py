"""moto's SageMaker with Edge Manager, and with a model registry that tells EventBridge what happens to its packages."""

from __future__ import annotations

from typing import Any

from moto.sagemaker.models import ModelPackage, SageMakerModelBackend, sagemaker_backends

from edgewright.sandbox.sagemaker import registry
from edgewright.sandbox.sagemaker.compilation import CompilationJobs
from edgewright.sandbox.sagemaker.edge import Fleets
from edgewright.sandbox.sagemaker.exceptions import ConflictException, ValidationException
from edgewright.sandbox.sagemaker.packaging import Job, Jobs


class SandboxSageMakerBackend(SageMakerModelBackend):
    """SageMaker of one account and Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.fleets = Fleets(account_id, region_name)
        self.compilation_jobs: dict[str, Any] = {}
        self.compilation = CompilationJobs(account_id, region_name, self.compilation_jobs)
        self.packaging = Jobs(account_id, region_name)

    def create_packaging_job(self, given: dict[str, Any]) -> Job:
        """CreateEdgePackagingJob, of a compilation job that is there."""
        name = given["CompilationJobName"]
        if name not in self.compilation.all:
            raise ValidationException(f"No compilation job with name: {name} found in the account")
        return self.packaging.create(given, self.compilation.find(name))

    # --- the model registry -----------------------------------------------------------------------------------

    def create_model_package_group(self, model_package_group_name: str, *args: Any, **kwargs: Any) -> str:
        """CreateModelPackageGroup: once."""
        if model_package_group_name in self.model_package_groups:
            present = self.model_package_groups[model_package_group_name]
            raise ValidationException(f"Model Package Group already exists: {present.arn}")
        arn: str = super().create_model_package_group(model_package_group_name, *args, **kwargs)
        return arn

    def delete_model_package_group(self, name: str) -> None:
        """DeleteModelPackageGroup: only an empty one."""
        group = self.describe_model_package_group(name.rpartition("/")[2])
        held = [p for p in self.model_packages.values() if p.model_package_group_name == group.model_package_group_name]
        if held:
            raise ConflictException(
                f"Model Package Group {group.arn} cannot be deleted as it still contains {len(held)} model packages"
            )
        del self.model_package_groups[group.model_package_group_name]

    def create_model_package(self, *args: Any, **kwargs: Any) -> str:
        """CreateModelPackage: versions are counted up and never used twice; EventBridge hears of it."""
        arn: str = super().create_model_package(*args, **kwargs)
        self._number(self.model_packages[arn])
        package = next(p for p in reversed(self.model_packages.values()))
        registry.announce(self.account_id, self.region_name, package, None)
        return str(package.arn)

    def _number(self, package: ModelPackage) -> None:
        """Give a version its number. moto counts what is there, so that it uses a deleted version's number again."""
        group = package.model_package_group_name
        if group is None:
            return
        used = self.model_package_groups[group].__dict__.setdefault("edgewright_versions", 0)
        number = used + 1
        self.model_package_groups[group].edgewright_versions = number
        if package.model_package_version == number:
            return
        del self.model_packages[package.arn], self.model_package_name_mapping[package.arn]
        package.model_package_version = number
        package.arn = f"{package.arn.rpartition('/')[0]}/{number}"
        self.model_packages[package.arn] = package
        self.model_package_name_mapping[package.arn] = package.arn

    def delete_model_package(self, name: str) -> None:
        """DeleteModelPackage."""
        package = self.describe_model_package(name)
        for known in [n for n, arn in self.model_package_name_mapping.items() if arn == package.arn]:
            del self.model_package_name_mapping[known]
        del self.model_packages[package.arn]

    def change_model_package(self, given: dict[str, Any]) -> str:
        """UpdateModelPackage: what is given changes, the rest stays; EventBridge hears which fields did."""
        package = self.describe_model_package(given["ModelPackageArn"])
        before = registry.fields(package)
        properties = dict(package.customer_metadata_properties or {})
        properties.update(given.get("CustomerMetadataProperties", {}))
        arn: str = self.update_model_package(
            model_package_arn=given["ModelPackageArn"],
            model_approval_status=given.get("ModelApprovalStatus", package.model_approval_status),
            approval_description=given.get("ApprovalDescription", package.approval_description),
            customer_metadata_properties=properties,
            customer_metadata_properties_to_remove=given.get("CustomerMetadataPropertiesToRemove", []),
            additional_inference_specifications_to_add=given.get("AdditionalInferenceSpecificationsToAdd"),
        )
        after = registry.fields(package)
        changed = [name for name, value in after.items() if before.get(name) != value]
        registry.announce(self.account_id, self.region_name, package, changed)
        return arn

    # --- tags -------------------------------------------------------------------------------------------------

    def _get_resource_from_arn(self, arn: str) -> Any:
        kind, _, name = arn.rpartition(":")[2].partition("/")
        everything: dict[str, dict[str, Any]] = {
            "device-fleet": {**self.fleets.all},
            "edge-packaging-job": {**self.packaging.all},
        }
        held = everything.get(kind, {})
        if kind == "device-fleet" and "/device/" in name:
            return self.fleets.device(*name.split("/device/", 1))
        if kind == "model-package":
            return self.describe_model_package(arn)
        if name in held:
            return held[name]
        found = super()._get_resource_from_arn(arn)
        if found is None:
            raise ValidationException(f"Could not find {kind} with name {name}")
        return found


sagemaker_backends.backend = SandboxSageMakerBackend
