"""IAM: who comes in from outside (OpenID Connect), what instances are, and managed policies on roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from edgewright.standin.diff import Shape
from edgewright.standin.iam import LONGEST_POLICY_NAME, NAME
from edgewright.standin.model import TAGS, Property, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import arn, length, web_address
from edgewright.standin.table import ID, Call, Change, Read, Row, Source, Tagging
from edgewright.standin.tags import listed, mapped

if TYPE_CHECKING:
    from edgewright.aws.session import Session

_PROVIDER = "OpenIDConnectProviderArn"
_PROFILE = "InstanceProfileName"


def _tagging(kind: str, parameter: str, source: str = ID) -> Tagging:
    return Tagging(
        given=listed,
        found=mapped,
        put=Call(f"tag_{kind}", {parameter: source, "Tags": lambda values: values["put"]}),
        remove=Call(f"untag_{kind}", {parameter: source, "TagKeys": lambda values: values["gone"]}),
    )


def _without_scheme(url: str) -> str:
    return url.partition("://")[2] or url


def _added(old: Values, new: Values) -> Iterable[str]:
    return [client for client in new.get("clientIdLists") or () if client not in (old.get("clientIdLists") or ())]


def _gone(old: Values, new: Values) -> Iterable[str]:
    return _added(new, old)


def _client(operation: str, each: Any) -> Change:
    give: dict[str, Source] = {_PROVIDER: ID, "ClientID": lambda values: values["item"]}
    return Change(operation, give, of=frozenset({"clientIdLists"}), each=each)


def _provider_arn(_: Session, found: Values) -> Values:
    return {"arn": found[ID]}


def _tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return mapped(thing.get("Tags", ()))


def _attached(answer: Mapping[str, Any], found: Values) -> Mapping[str, Any] | None:
    role, _, policy = str(found[ID]).partition("/")
    there = any(each["PolicyArn"] == policy for each in answer["AttachedPolicies"])
    return {"role": role, "policy": policy} if there else None


_PROVIDER_TAGS = _tagging("open_id_connect_provider", _PROVIDER)
_PROFILE_TAGS = _tagging("instance_profile", _PROFILE)
_ADD_ROLE = Change(
    "add_role_to_instance_profile",
    {_PROFILE: ID, "RoleName": "role"},
    of=frozenset({"role"}),
    too=True,
    unless=lambda values: not values.get("role"),
)


def _before(old: Values, _: Values) -> Iterable[str]:
    return [old["role"]] if old.get("role") else []


TYPES = (
    Row(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        service="iam",
        what="OpenID Connect provider",
        named="url",
        identity=lambda answer, _: str(answer[_PROVIDER]),
        create_call=Call(
            "create_open_id_connect_provider",
            {
                "Url": "url",
                "ClientIDList": "clientIdLists",
                "ThumbprintList": "thumbprintLists",
                "Tags": _PROVIDER_TAGS.create,
            },
        ),
        reads=(
            Read(
                "get_open_id_connect_provider",
                {_PROVIDER: ID},
                outputs={
                    "clientIdLists": "ClientIDList",
                    "thumbprintLists": "ThumbprintList",
                    "url": "Url",
                    TAGS: _tags,
                },
            ),
        ),
        changes=(
            Change(
                "update_open_id_connect_provider_thumbprint",
                {_PROVIDER: ID, "ThumbprintList": "thumbprintLists"},
                of=frozenset({"thumbprintLists"}),
            ),
            _client("add_client_id_to_open_id_connect_provider", _added),
            _client("remove_client_id_from_open_id_connect_provider", _gone),
        ),
        delete_call=Call("delete_open_id_connect_provider", {_PROVIDER: ID}),
        fixed=_provider_arn,
        tagging=_PROVIDER_TAGS,
    ).serves(
        {
            "clientIdLists": Property(),
            "tags": Property(),
            "thumbprintLists": Property(),
            "url": Property(replace=True, rules=(web_address,)),
        },
        shape=Shape(
            computed=frozenset({"thumbprintLists"}),
            sets=frozenset({"clientIdLists"}),
            respelled={"url": lambda old, new: _without_scheme(old) == _without_scheme(new)},
        ),
        regional=False,
    ),
    Row(
        "aws:iam/instanceProfile:InstanceProfile",
        service="iam",
        what="instance profile",
        named="name",
        identity="name",
        create_call=Call("create_instance_profile", {_PROFILE: "name", "Path": "path", "Tags": _PROFILE_TAGS.create}),
        reads=(
            Read(
                "get_instance_profile",
                {_PROFILE: ID},
                at="InstanceProfile",
                outputs={
                    "arn": "Arn",
                    "createDate": "CreateDate",
                    "name": _PROFILE,
                    "path": "Path",
                    "role": "Roles.0.RoleName",
                    "uniqueId": "InstanceProfileId",
                    TAGS: _tags,
                },
            ),
        ),
        changes=(
            Change(
                "remove_role_from_instance_profile",
                {_PROFILE: ID, "RoleName": lambda values: values["item"]},
                of=frozenset({"role"}),
                each=_before,
            ),
            _ADD_ROLE,
        ),
        before_delete=(
            Call(
                "remove_role_from_instance_profile",
                {_PROFILE: ID, "RoleName": "role"},
                unless=lambda values: not values.get("role"),
            ),
        ),
        delete_call=Call("delete_instance_profile", {_PROFILE: ID}),
        tagging=_PROFILE_TAGS,
    ).serves(
        {
            "name": Property(replace=True, rules=(length(0, LONGEST_POLICY_NAME), NAME)),
            "path": Property(replace=True, default="/"),
            "role": Property(),
            "tags": Property(),
        },
        auto_name=AutoName("name", LONGEST_POLICY_NAME),
        regional=False,
    ),
    Row(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        service="iam",
        what="managed policy of the IAM role",
        named="role",
        identity=lambda _, values: f"{values['role']}/{values['policyArn']}",
        create_call=Call("attach_role_policy", {"RoleName": "role", "PolicyArn": "policyArn"}),
        reads=(
            Read(
                "list_attached_role_policies",
                {"RoleName": lambda values: values[ID].partition("/")[0]},
                at=_attached,
                outputs={"policyArn": "policy", "role": "role"},
            ),
        ),
        delete_call=Call("detach_role_policy", {"RoleName": "role", "PolicyArn": "policyArn"}),
    ).serves(
        {"policyArn": Property(replace=True, rules=(arn,)), "role": Property(replace=True)},
        regional=False,
        replaced_first=True,
    ),
)
