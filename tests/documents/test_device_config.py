from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.documents import device_config
from edgewright.documents.device_config import Endpoints
from edgewright.source import load_yaml
from tests.helpers import places
from tests.helpers.golden import Golden

ENDPOINTS = Endpoints(
    data="a1b2-ats.iot.eu-west-1.amazonaws.com", credentials="c3d4.credentials.iot.eu-west-1.amazonaws.com"
)
CASES = [(kind, claim) for kind in (device_config.CLASSIC, device_config.LITE) for claim in (False, True)]


def wanted(kind: str, *, claim: bool) -> dict[str, Any]:
    return device_config.configuration(
        places.fleet(), "SN-0001", nucleus="2.14.3", kind=kind, endpoints=ENDPOINTS, claim=claim
    )


@pytest.mark.parametrize(("kind", "claim"), CASES)
def test_the_configuration_of_a_nucleus_and_the_steps(kind: str, *, claim: bool, golden: Golden) -> None:
    text = device_config.yaml(wanted(kind, claim=claim))
    steps = device_config.steps(places.fleet(), "SN-0001", nucleus="2.14.3", kind=kind, claim=claim, folder="out")
    name = f"device-{kind}-{'claim' if claim else 'manual'}"
    golden(f"golden/{name}.txt", text + "\n" + "\n".join(steps) + "\n")


@pytest.mark.parametrize(("kind", "claim"), CASES)
def test_what_is_written_is_read_back(kind: str, *, claim: bool) -> None:
    value = wanted(kind, claim=claim)
    assert load_yaml(device_config.yaml(value), "config.yaml").value == value


def test_a_lite_nucleus_that_provisions_itself_has_its_endpoints_with_the_claim_only() -> None:
    services = wanted(device_config.LITE, claim=True)["services"]
    assert services["aws.greengrass.NucleusLite"]["configuration"]["iotDataEndpoint"] == ""
    assert services["aws.greengrass.fleet_provisioning"]["configuration"]["iotDataEndpoint"] == ENDPOINTS.data
    assert "PRIVATE KEY" not in json.dumps(services)


def test_a_folder_with_a_space_is_one_word_to_the_shell() -> None:
    steps = device_config.steps(places.fleet(), "x", nucleus="2.14.3", kind="classic", claim=False, folder="a b; rm")
    assert "sudo cp 'a b; rm'/AmazonRootCA1.pem /greengrass/v2/" in steps


@pytest.mark.parametrize("claim", [False, True])
def test_a_classic_nucleus_begins_with_the_attributes_of_its_hardware(*, claim: bool) -> None:
    made = device_config.configuration(
        places.fleet(), "x", nucleus="2.14.3", kind=device_config.CLASSIC, endpoints=ENDPOINTS, claim=claim,
        attributes={"accelerator": "orin"},
    )  # fmt: skip
    own = made["services"]["aws.greengrass.Nucleus"]
    assert own["configuration"]["platformOverride"] == {"accelerator": "orin"}
    assert own["version"] == "2.14.3"
