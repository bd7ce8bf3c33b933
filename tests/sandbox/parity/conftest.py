"""One server for all cases of a worker process, with its world made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from edgewright.sandbox import control
from edgewright.sandbox.control import Sandbox
from tests.sandbox.parity import world


@dataclass
class Prepared:
    """The prepared world, and clients that send whatever they are told."""

    sandbox: Sandbox
    names: Mapping[str, str]
    client: Callable[[str], Any]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    with control.start(tmp_path_factory.mktemp("parity")) as sandbox:
        names = world.build(sandbox)
        role = f"arn:aws:iam::{world.ACCOUNT}:role/OrganizationAccountAccessRole"
        session = sandbox.client("sts").assume_role(RoleArn=role, RoleSessionName="parity")["Credentials"]
        clients: dict[str, Any] = {}

        def client(service: str) -> Any:
            if service not in clients:
                boto: Any = boto3.session.Session()
                name, _, region = service.partition("@")
                clients[service] = boto.client(
                    name,
                    endpoint_url=sandbox.endpoint,
                    region_name=region or world.REGION,
                    aws_access_key_id=session["AccessKeyId"],
                    aws_secret_access_key=session["SecretAccessKey"],
                    aws_session_token=session["SessionToken"],
                    config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
                )
            return clients[service]

        yield Prepared(sandbox, names, client)
        for each in clients.values():
            each.close()
