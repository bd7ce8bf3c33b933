"""Dynamic thing groups, which moto lacks: their things are those that match a query of the fleet index.

As the API reference has it: the index must be on; nobody adds or removes things by hand; a new or changed group is
BUILDING for a while; a query that nobody can read is an InvalidQueryException. The index knows the registry only:
a query about shadows or connectivity finds nothing here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iot.models import FakeThing, FakeThingGroup, IoTBackend
from moto.iot.responses import IoTResponse

from edgewright.manifest.query import Query, QueryError, parse
from edgewright.sandbox.iot.exceptions import (
    AlreadyExists,
    InvalidQuery,
    InvalidRequest,
    ResourceNotFound,
    VersionConflict,
)

INDEX = "AWS_Things"
QUERY_VERSION = "2017-09-30"
BUILD_SECONDS = 0.3
"""How long a group is BUILDING; on AWS it depends on the number of things."""


class DynamicThingGroup(FakeThingGroup):
    """A thing group that a query fills."""

    query: Query
    changed: float = 0.0

    def ask(self, query: Query) -> None:
        """Fill the group by another query from now on."""
        self.query, self.changed = query, time.monotonic()

    @property
    def status(self) -> str:
        """``DynamicGroupStatus``."""
        if time.monotonic() - self.changed >= BUILD_SECONDS:
            return "ACTIVE"
        return "BUILDING" if self.version == 1 else "REBUILDING"

    def to_dict(self) -> dict[str, Any]:
        """The answer of DescribeThingGroup."""
        return {
            **super().to_dict(),
            "indexName": INDEX,
            "queryString": self.query.text,
            "queryVersion": QUERY_VERSION,
            "status": self.status,
        }


class DynamicThingGroups(IoTBackend):
    """The part of AWS IoT that is about dynamic thing groups."""

    def _groups_changed(self) -> None:
        raise NotImplementedError

    def create_dynamic_thing_group(
        self, name: str, properties: dict[str, Any] | None, query_string: str
    ) -> DynamicThingGroup:
        """CreateDynamicThingGroup; asking again for the same group is no error, as with thing groups."""
        query = self._query(query_string)
        group = DynamicThingGroup(name, "", properties or {}, self.account_id, self.region_name, self.thing_groups)
        group.ask(query)
        present = self.thing_groups.get(group.arn)
        if isinstance(present, DynamicThingGroup):
            same = (present.query.text, present.thing_group_properties) == (query_string, properties or {})
            if same:
                return present
        if present is not None:
            text = f"Thing Group {name} already exists in current account with different properties"
            raise AlreadyExists(text, present.thing_group_id, present.arn)
        self.thing_groups[group.arn] = group
        self._groups_changed()
        return group

    def update_dynamic_thing_group(
        self, name: str, properties: dict[str, Any] | None, query_string: str | None, expected_version: int | None
    ) -> int:
        """UpdateDynamicThingGroup; returns the new version."""
        group = self._dynamic(name)
        if expected_version is not None and expected_version != group.version:
            raise VersionConflict(name)
        query = self._query(query_string) if query_string is not None else group.query
        if properties is not None:
            group.thing_group_properties = {**group.thing_group_properties, **properties}
        if query.text != group.query.text:
            group.ask(query)
        group.version += 1
        self._groups_changed()
        return int(group.version)

    def delete_dynamic_thing_group(self, name: str) -> None:
        """DeleteDynamicThingGroup; one that is not there is deleted already."""
        if any(group.thing_group_name == name for group in self.thing_groups.values()):
            self._dynamic(name)
            self.delete_thing_group(name)

    def describe_index(self, name: str) -> dict[str, str]:
        """DescribeIndex."""
        mode = self.indexing_configuration.configuration.thingIndexingConfiguration.thingIndexingMode
        if name != INDEX or mode == "OFF":
            raise ResourceNotFound(f"Index {name} does not exist")
        return {"indexName": name, "indexStatus": "ACTIVE", "schema": mode}

    def fill_dynamic_groups(self) -> bool:
        """Put into every dynamic group the things that match its query now; returns whether any group changed."""
        changed = False
        for group in self.thing_groups.values():
            if isinstance(group, DynamicThingGroup):
                found = {
                    thing.arn: thing for thing in self.things.values() if group.query.matches(self._look(thing, group))
                }
                changed = changed or found.keys() != group.things.keys()
                group.things = found
        return changed

    def update_thing(self, *args: Any, **more: Any) -> None:
        """UpdateThing; it may come into, or leave, dynamic groups."""
        super().update_thing(*args, **more)
        self._groups_changed()

    def _query(self, text: str) -> Query:
        self.describe_index(INDEX)
        try:
            return parse(text)
        except QueryError as error:
            raise InvalidQuery(f"The query {error}") from error

    def _dynamic(self, name: str) -> DynamicThingGroup:
        group = self.describe_thing_group(name)
        if not isinstance(group, DynamicThingGroup):
            msg = f"Thing group {name} is not a dynamic thing group"
            raise InvalidRequest(msg)
        return group

    def _look(self, thing: FakeThing, asking: DynamicThingGroup) -> Callable[[str], Iterable[str]]:
        def look(field: str) -> list[str]:
            values = {
                "thingName": [thing.thing_name],
                "thingId": [thing.thing_id],
                "thingTypeName": [thing.thing_type.thing_type_name] if thing.thing_type else [],
                "thingGroupNames": [
                    group.thing_group_name
                    for group in self.thing_groups.values()
                    if group is not asking and thing.arn in group.things
                ],
                "registry.version": [str(thing.version)],
                **{f"attributes.{key}": [str(value)] for key, value in (thing.attributes or {}).items()},
            }
            return values.get(field, []) if field else [value for each in values.values() for value in each]

        return look


class DynamicThingGroupResponses(IoTResponse):
    """The operations about dynamic thing groups over HTTP."""

    def create_dynamic_thing_group(self) -> ActionResult:
        """CreateDynamicThingGroup."""
        group = self.iot_backend.create_dynamic_thing_group(
            self._get_param("thingGroupName"), self._get_param("thingGroupProperties"), self._get_param("queryString")
        )
        answer = group.to_dict()
        kept = ("thingGroupName", "thingGroupArn", "thingGroupId", "indexName", "queryString", "queryVersion")
        return ActionResult({key: answer[key] for key in kept})

    def update_dynamic_thing_group(self) -> ActionResult:
        """UpdateDynamicThingGroup."""
        version = self.iot_backend.update_dynamic_thing_group(
            self._get_param("thingGroupName"),
            self._get_param("thingGroupProperties"),
            self._get_param("queryString"),
            self._get_param("expectedVersion"),
        )
        return ActionResult({"version": version})

    def delete_dynamic_thing_group(self) -> ActionResult:
        """DeleteDynamicThingGroup."""
        self.iot_backend.delete_dynamic_thing_group(self._get_param("thingGroupName"))
        return EmptyResult()

    def describe_index(self) -> ActionResult:
        """DescribeIndex."""
        return ActionResult(self.iot_backend.describe_index(self._get_param("indexName")))
