"""moto's EC2, whose launch templates mix up their own tags with those of the instances that they start."""

from __future__ import annotations

from typing import Any

from moto.ec2 import urls as moto_urls
from moto.ec2.exceptions import InvalidLaunchTemplateIdNotFound
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.launch_templates import LaunchTemplate

_OWN = "launch-template"
__all__ = ["SandboxEC2Backend", "ec2_backends"]


class SandboxEC2Backend(EC2Backend):
    """EC2 of one account and Region."""

    @property
    def _url_module(self) -> Any:
        return moto_urls

    def create_launch_template(
        self, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
    ) -> Any:
        """CreateLaunchTemplate: tags of the template itself are no part of its first version."""
        specifications = template_data.pop("TagSpecifications", [])
        others = [each for each in specifications if each["ResourceType"] != _OWN]
        if others:
            template_data["TagSpecifications"] = others
        return super().create_launch_template(name, description, template_data, tag_spec)

    def delete_launch_template(self, name: str, tid: str) -> Any:
        """DeleteLaunchTemplate; an id that is not there is an error about the id."""
        if tid and tid not in self.launch_templates:
            raise InvalidLaunchTemplateIdNotFound(tid)
        return super().delete_launch_template(name, tid)


def _tags(template: Any) -> Any:
    """The tags as they are now; moto shows those of the creation for ever."""
    return template.get_tags()


def _ignore(_template: Any, _value: object) -> None:
    """Moto's constructor keeps the tags of the creation."""


LaunchTemplate.tags = property(_tags, _ignore)
ec2_backends.backend = SandboxEC2Backend
