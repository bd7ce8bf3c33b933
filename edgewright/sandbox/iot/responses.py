"""AWS IoT over HTTP: moto's operations, and those that it lacks."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iot.responses import IoTResponse

from edgewright.sandbox.iot.exceptions import InvalidRequest
from edgewright.sandbox.iot.models import SandboxIoTBackend, iot_backends

_PAGE = 250  # the most that ListThingsInThingGroup answers at once


class SandboxIoTResponse(IoTResponse):
    """AWS IoT."""

    @property
    def iot_backend(self) -> SandboxIoTBackend:
        """The backend of the caller's account and the request's Region."""
        backend: SandboxIoTBackend = iot_backends[self.current_account][self.region]
        return backend

    def call_action(self) -> Any:
        """Run the operation; tags that come with a creation stick to what was created."""
        status, headers, body = super().call_action()
        action = self._get_action() or ""
        tags = self._creation_tags()
        if status < 300 and action.startswith("Create") and tags:
            arn = self._created_arn(action, body)
            if arn:
                self.iot_backend.tag_resource(arn, tags)
        return status, headers, body

    def _creation_tags(self) -> list[dict[str, str]]:
        header = self.headers.get("x-amz-tagging")
        if header:
            return [{"Key": key, "Value": value} for key, value in urllib.parse.parse_qsl(header)]
        try:
            tags = json.loads(self.body or "{}").get("tags")
        except (ValueError, AttributeError):
            return []
        return tags if isinstance(tags, list) else []

    def _created_arn(self, action: str, body: str) -> str | None:
        if action == "CreateTopicRule":
            return str(self.iot_backend.get_topic_rule(self._get_param("ruleName"))["ruleArn"])
        return next((v for k, v in json.loads(body or "{}").items() if k.lower().endswith("arn")), None)

    def list_things_in_thing_group(self) -> ActionResult:
        """ListThingsInThingGroup, recursive and in pages."""
        recursive = self._get_bool_param("recursive", if_none=False)
        things = self.iot_backend.list_things_in_thing_group(
            thing_group_name=self._get_param("thingGroupName"), recursive=recursive
        )
        names = sorted(thing.thing_name for thing in things)
        token = self._get_param("nextToken")
        size = self._get_int_param("maxResults", _PAGE)
        if not 1 <= size <= _PAGE:
            raise InvalidRequest(f"maxResults must be between 1 and {_PAGE}")
        rest = [name for name in names if token is None or name > token]
        more = rest[size - 1] if len(rest) > size else None
        return ActionResult({"things": rest[:size], "nextToken": more})

    def update_thing_type(self) -> ActionResult:
        """UpdateThingType."""
        self.iot_backend.update_thing_type(self._get_param("thingTypeName"), self._get_param("thingTypeProperties"))
        return EmptyResult()

    def tag_resource(self) -> ActionResult:
        """TagResource."""
        self.iot_backend.tag_resource(self._get_param("resourceArn"), self._get_param("tags"))
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """UntagResource."""
        self.iot_backend.untag_resource(self._get_param("resourceArn"), self._get_param("tagKeys"))
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        """ListTagsForResource."""
        arn = self._get_param("resourceArn")
        return ActionResult({"tags": self.iot_backend.tags(arn)})
