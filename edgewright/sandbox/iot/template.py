"""The language of provisioning templates: parameters, resources and the functions between them.

Source: AWS IoT developer guide, "Provisioning templates". Nothing here touches an account: a template and parameters
go in, the wanted thing, policies and certificate come out. What the guide leaves open is named as a choice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

THING, CERTIFICATE, POLICY = "AWS::IoT::Thing", "AWS::IoT::Certificate", "AWS::IoT::Policy"
CERTIFICATE_ID = "AWS::IoT::Certificate::Id"
_SECTIONS = {"Parameters", "Mappings", "Resources", "DeviceConfiguration"}
_RESOURCE_KEYS = {"Type", "Properties", "OverrideSettings"}
_PROPERTIES = {
    THING: {"ThingName", "AttributePayload", "ThingTypeName", "ThingGroups", "BillingGroup"},
    CERTIFICATE: {"CertificateId", "CertificateSigningRequest", "CertificatePem", "CACertificatePem", "Status",
                  "ThingPrincipalType"},
    POLICY: {"PolicyName", "PolicyDocument"},
}  # fmt: skip
_OVERRIDES = {
    THING: {
        "AttributePayload": {"DO_NOTHING", "REPLACE", "FAIL", "MERGE"},
        "ThingGroups": {"DO_NOTHING", "REPLACE", "FAIL", "MERGE"},
        "ThingTypeName": {"DO_NOTHING", "REPLACE", "FAIL"},
    },
    CERTIFICATE: {"Status": {"DO_NOTHING", "REPLACE", "FAIL"}},
    POLICY: {},
}
_STATUS = {"ACTIVE": "ACTIVE", "INACTIVE": "INACTIVE", "PENDING_ACTIVATION": "PENDING_ACTIVATION"}
_NAMED = {POLICY: ("PolicyName", "PolicyDocument")}
_SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")


class TemplateError(ValueError):
    """The template is not one, or the parameters do not fit it; the text is the whole reason."""


@dataclass(frozen=True)
class Wanted:
    """What a template asks for, with every parameter filled in.

    Attributes:
        thing: Properties of the thing; None when the template has none.
        certificate: Properties of the certificate.
        policies: Properties of each policy, in the order of the template.
        overrides: Override settings by resource type.
        names: Logical name by resource type (of policies, the last one).
        configuration: What the device is told at the end (``DeviceConfiguration``).
    """

    thing: Mapping[str, Any] | None
    certificate: Mapping[str, Any] | None
    policies: tuple[Mapping[str, Any], ...]
    overrides: Mapping[str, Mapping[str, str]]
    names: Mapping[str, str]
    configuration: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """A template that is well formed."""

    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    configuration: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template body.

        Raises:
            TemplateError: it is not JSON, or not a template.
        """
        try:
            value = json.loads(text)
        except ValueError as error:
            raise TemplateError(f"the template body is not valid JSON: {error}") from error
        body = _map(value, "the template body")
        _only(body, _SECTIONS, "the template body")
        resources = _map(body.get("Resources"), "Resources")
        if not resources:
            raise TemplateError("Resources must have at least one resource")
        parameters = {name: _parameter(name, given) for name, given in _map(body.get("Parameters", {}), "").items()}
        for name, resource in resources.items():
            _check_resource(name, _map(resource, name))
        kinds = [resource["Type"] for resource in resources.values()]
        for kind in (THING, CERTIFICATE):
            if kinds.count(kind) > 1:
                raise TemplateError(f"Resources has more than one {kind}")
        template = cls(
            parameters,
            _map(body.get("Mappings", {}), "Mappings"),
            resources,
            _map(body.get("DeviceConfiguration", {}), "DeviceConfiguration"),
        )
        for reference in template.references():
            if reference not in parameters and reference not in resources:
                raise TemplateError(f"the template refers to {reference}, which is no parameter of it")
        return template

    def references(self) -> set[str]:
        """Every name that the template refers to."""
        return set(_references(self.resources)) | set(_references(self.configuration))

    def fill(self, given: Mapping[str, str], own: Mapping[str, str]) -> Wanted:
        """Fill in the parameters.

        Args:
            given: By whoever provisions; what the template does not declare is ignored.
            own: By the service itself, such as the certificate's id; nobody else can give them.

        Raises:
            TemplateError: a parameter is missing, or a function has nothing to stand on.
        """
        values: dict[str, str] = {}
        missing = []
        for name, about in self.parameters.items():
            if name in own:
                values[name] = own[name]
            elif name in given:
                values[name] = str(given[name])
            elif "Default" in about:
                values[name] = str(about["Default"])
            else:
                missing.append(name)
        if missing:
            raise TemplateError(f"Parameters {', '.join(missing)} must have values")
        scope = _Scope({**own, **values}, self.mappings)
        filled = {name: scope.fill(item.get("Properties", {})) for name, item in self.resources.items()}
        kinds = {name: str(item["Type"]) for name, item in self.resources.items()}

        def one(kind: str) -> Mapping[str, Any] | None:
            return next((filled[name] for name in filled if kinds[name] == kind), None)

        return Wanted(
            thing=one(THING),
            certificate=one(CERTIFICATE),
            policies=tuple(filled[name] for name in filled if kinds[name] == POLICY),
            overrides={kinds[n]: item.get("OverrideSettings", {}) for n, item in self.resources.items()},
            names={kind: name for name, kind in kinds.items()},
            configuration={name: str(value) for name, value in scope.fill(self.configuration).items()},
        )


def status(certificate: Mapping[str, Any]) -> str:
    """The state that a certificate gets.

    Raises:
        TemplateError: it is none that a certificate can have.
    """
    wanted = str(certificate.get("Status", "ACTIVE"))
    if wanted.upper() not in _STATUS:
        raise TemplateError(f"{wanted} is not a status of a certificate; there are {', '.join(_STATUS)}")
    return _STATUS[wanted.upper()]


@dataclass(frozen=True)
class _Scope:
    values: Mapping[str, str]
    mappings: Mapping[str, Any]

    def fill(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument)
        return {key: self.fill(item) for key, item in value.items()}

    def _call(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            if argument not in self.values:
                raise TemplateError(f"Ref to {argument}, which has no value")
            return self.values[argument]
        if name == "Fn::Sub":
            return _SUBSTITUTION.sub(lambda match: str(self._call("Ref", match[1])), str(argument))
        arguments = self.fill(argument)
        try:
            if name == "Fn::Join":
                return str(arguments[0]).join(map(str, arguments[1]))
            if name == "Fn::Split":
                return str(arguments[1]).split(str(arguments[0]))
            if name == "Fn::Select":
                return arguments[1][int(arguments[0])]
            if name == "Fn::FindInMap":
                return self.mappings[arguments[0]][arguments[1]][arguments[2]]
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise TemplateError(f"{name} cannot be worked out from {json.dumps(argument)}") from error
        raise TemplateError(f"{name} is no function of provisioning templates")


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in _references(item)]
    if not isinstance(value, dict):
        return []
    found = []
    for key, item in value.items():
        if key == "Ref" and len(value) == 1:
            found.append(str(item))
        elif key == "Fn::Sub" and len(value) == 1:
            found += _SUBSTITUTION.findall(str(item))
        else:
            found += _references(item)
    return found


def _map(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TemplateError(f"{where or 'Parameters'} must be a map (got {json.dumps(value)})")
    return value


def _only(value: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(value) - known)
    if unknown:
        raise TemplateError(f"{where} has the unknown key {', '.join(unknown)}")


def _parameter(name: str, value: Any) -> Mapping[str, Any]:
    about = _map(value, f"the parameter {name}")
    _only(about, {"Type", "Default"}, f"the parameter {name}")
    if about.get("Type") != "String":
        raise TemplateError(f"the parameter {name} must have the type String (got {about.get('Type')!r})")
    return about


def _check_resource(name: str, resource: Mapping[str, Any]) -> None:
    _only(resource, _RESOURCE_KEYS, f"the resource {name}")
    kind = resource.get("Type")
    if kind not in _PROPERTIES:
        raise TemplateError(f"the resource {name} has the type {kind}; there are {', '.join(_PROPERTIES)}")
    properties = _map(resource.get("Properties", {}), f"Properties of {name}")
    _only(properties, _PROPERTIES[kind], f"Properties of {name}")
    if kind == THING and "ThingName" not in properties:
        raise TemplateError(f"the thing {name} needs a ThingName")
    if kind == POLICY and len(set(_NAMED[POLICY]) & set(properties)) != 1:
        raise TemplateError(f"the policy {name} needs either a PolicyName or a PolicyDocument")
    settings = _map(resource.get("OverrideSettings", {}), f"OverrideSettings of {name}")
    _only(settings, set(_OVERRIDES[kind]), f"OverrideSettings of {name}")
    for key, value in settings.items():
        if value not in _OVERRIDES[kind][key]:
            allowed = ", ".join(sorted(_OVERRIDES[kind][key]))
            raise TemplateError(f"OverrideSettings of {name}: {key} must be one of {allowed} (got {value!r})")
