"""The life of a device in an account: its claim, a new certificate, and its end. Every step may be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.errors import EdgewrightError

RETIRING = "edgewright-retiring"
"""Attribute of a thing that is being retired: its certificates, so that an interrupted run finds them again."""
_IDS_IN_ATTRIBUTE = 12  # an attribute has 800 characters, a certificate's id 64

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A new certificate, and its key where AWS made it."""

    id: str
    pem: str
    private_key: str | None = None


def endpoint(session: Session, kind: str) -> str:
    """Return an endpoint of the account: ``iot:Data-ATS`` or ``iot:CredentialProvider``.

    Raises:
        AwsError: AWS said no.
    """
    answer = session.call("iot", "describe_endpoint", doing=f"ask for the endpoint {kind}", endpointType=kind)
    return str(answer["endpointAddress"])


def claim(session: Session, policy: str) -> Certificate:
    """Make a claim certificate: a factory puts it on every new device of the fleet.

    Args:
        session: Of the stage's account.
        policy: The fleet's claim policy.

    Raises:
        AwsError: AWS said no; a certificate without its policy is taken back.
    """
    made = session.call("iot", "create_keys_and_certificate", doing="make a claim certificate", setAsActive=True)
    try:
        session.call(
            "iot",
            "attach_policy",
            doing=f"attach the claim policy {policy}",
            policyName=policy,
            target=made["certificateArn"],
        )
    except AwsError:
        _delete_certificate(session, str(made["certificateId"]))
        raise
    pair = made["keyPair"]
    return Certificate(
        id=str(made["certificateId"]), pem=str(made["certificatePem"]), private_key=str(pair["PrivateKey"])
    )


def rotate(session: Session, thing: str, policy: str, csr: str) -> Certificate:
    """Give a thing one more certificate for the key of a certificate signing request; the old ones stay for now.

    Args:
        session: Of the stage's account.
        thing: The thing.
        policy: The certificate policy of the fleet's devices.
        csr: The request, in PEM. The private key stays on the device.

    Raises:
        AwsError: AWS said no.
    """
    session.call("iot", "describe_thing", doing=f"find the thing {thing}", thingName=thing)
    made = session.call(
        "iot",
        "create_certificate_from_csr",
        doing=f"make a certificate for {thing}",
        certificateSigningRequest=csr,
        setAsActive=True,
    )
    arn = made["certificateArn"]
    session.call("iot", "attach_policy", doing=f"attach {policy} to it", policyName=policy, target=arn)
    session.call(
        "iot", "attach_thing_principal", doing=f"attach it to the thing {thing}", thingName=thing, principal=arn
    )
    return Certificate(id=str(made["certificateId"]), pem=str(made["certificatePem"]))


def drop_others(session: Session, thing: str, keep: str, tell: Tell) -> list[str]:
    """Take all certificates of a thing away but one; return their ids.

    Raises:
        EdgewrightError: the one to keep is not the thing's, or is not active: the device would be cut off.
    """
    own = _certificates(session, thing)
    if keep not in own:
        msg = f"{thing} has no certificate {keep} (it has {', '.join(own) or 'none'}): name the new one"
        raise EdgewrightError(msg)
    described = session.call("iot", "describe_certificate", doing=f"look at certificate {keep}", certificateId=keep)
    if described["certificateDescription"]["status"] != "ACTIVE":
        msg = f"certificate {keep} of {thing} is not active, so the device could not connect: activate it first"
        raise EdgewrightError(msg)
    old = [each for each in own if each != keep]
    for each in old:
        _deactivate(session, each, tell)
    for each in old:
        _remove_certificate(session, thing, each, tell)
    return old


def retire(session: Session, thing: str, tell: Tell) -> bool:
    """End a device: its certificates are inactive first, then it is out of its groups, then it is deleted.

    Each step is done where it is still to do, so that an interrupted run is run again.

    Args:
        session: Of the stage's account.
        thing: The thing.
        tell: Told of each step that was done.

    Returns:
        Whether there was anything to do.

    Raises:
        AwsError: AWS said no; what was done is told, and the same call goes on from there.
    """
    attributes = _attributes(session, thing)
    if attributes is None:
        return _delete_core_device(session, thing, tell)
    noted = [each for each in attributes.get(RETIRING, "").split(":") if each]
    certificates = sorted({*noted, *_certificates(session, thing)})
    if set(certificates) - set(noted):
        session.call(
            "iot",
            "update_thing",
            doing=f"note the certificates of {thing}",
            thingName=thing,
            attributePayload={
                "attributes": {RETIRING: ":".join(certificates[:_IDS_IN_ATTRIBUTE])},
                "merge": True,
            },
        )
    for each in certificates:
        _deactivate(session, each, tell)
    for group in _groups(session, thing):
        session.call(
            "iot",
            "remove_thing_from_thing_group",
            doing=f"take {thing} out of {group}",
            thingName=thing,
            thingGroupName=group,
        )
        tell(f"out of group {group}")
    _delete_core_device(session, thing, tell)
    for each in certificates:
        _remove_certificate(session, thing, each, tell)
    session.call("iot", "delete_thing", doing=f"delete the thing {thing}", thingName=thing)
    tell(f"thing {thing} deleted")
    return True


def _attributes(session: Session, thing: str) -> dict[str, str] | None:
    try:
        answer = session.call("iot", "describe_thing", doing=f"find the thing {thing}", thingName=thing)
    except AwsError as error:
        if error.missing:
            return None
        raise
    return dict(answer.get("attributes") or {})


def _certificates(session: Session, thing: str) -> list[str]:
    principals = session.items(
        "iot", "list_thing_principals", "principals", doing=f"list the certificates of {thing}", thingName=thing
    )
    return [str(each).rpartition("/")[2] for each in principals if ":cert/" in str(each)]


def _groups(session: Session, thing: str) -> Iterator[str]:
    groups = list(
        session.items(
            "iot", "list_thing_groups_for_thing", "thingGroups", doing=f"list the groups of {thing}", thingName=thing
        )
    )
    for group in groups:
        name = str(group["groupName"])
        described = session.call("iot", "describe_thing_group", doing=f"look at {name}", thingGroupName=name)
        # A dynamic group is left when the thing is gone; nobody can be taken out of one.
        if not described.get("queryString"):
            yield name


def _deactivate(session: Session, certificate: str, tell: Tell) -> None:
    try:
        described = session.call(
            "iot", "describe_certificate", doing=f"look at certificate {certificate}", certificateId=certificate
        )
    except AwsError as error:
        if error.missing:
            return
        raise
    if described["certificateDescription"]["status"] in {"INACTIVE", "REVOKED"}:
        return
    session.call(
        "iot",
        "update_certificate",
        doing=f"deactivate certificate {certificate}",
        certificateId=certificate,
        newStatus="INACTIVE",
    )
    tell(f"certificate {certificate[:12]} inactive: the device cannot connect any more")


def _delete_core_device(session: Session, thing: str, tell: Tell) -> bool:
    try:
        session.call(
            "greengrassv2", "delete_core_device", doing=f"delete the core device {thing}", coreDeviceThingName=thing
        )
    except AwsError as error:
        if error.missing:
            return False
        raise
    tell(f"core device {thing} deleted")
    return True


def _remove_certificate(session: Session, thing: str, certificate: str, tell: Tell) -> None:
    try:
        described = session.call(
            "iot", "describe_certificate", doing=f"look at certificate {certificate}", certificateId=certificate
        )
    except AwsError as error:
        if error.missing:
            return
        raise
    arn = described["certificateDescription"]["certificateArn"]
    for policy in list(
        session.items("iot", "list_attached_policies", "policies", doing="list its policies", target=arn)
    ):
        name = policy["policyName"]
        session.call("iot", "detach_policy", doing=f"detach {name}", policyName=name, target=arn)
    try:
        session.call("iot", "detach_thing_principal", doing=f"detach it from {thing}", thingName=thing, principal=arn)
    except AwsError as error:
        if not error.missing:
            raise
    _delete_certificate(session, certificate)
    tell(f"certificate {certificate[:12]} deleted")


def _delete_certificate(session: Session, certificate: str) -> None:
    session.call(
        "iot",
        "update_certificate",
        doing=f"deactivate certificate {certificate}",
        certificateId=certificate,
        newStatus="INACTIVE",
    )
    session.call("iot", "delete_certificate", doing=f"delete certificate {certificate}", certificateId=certificate)
