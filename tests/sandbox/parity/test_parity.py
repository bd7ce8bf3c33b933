"""Requests, good and bad, and the answers that AWS documents: code, HTTP status, message.

The tables are in ``greengrass``, ``iot``, ``data_planes``, ``sagemaker`` and ``identity``. Sources are the services'
models in botocore (constraints, error shapes and their HTTP status), the API references and developer guides, and for
the words of some messages what users quote from the real service; where no source has the words, only what the message
names is asked for.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.utils import camelcase_to_underscores

from tests.sandbox.parity import case as cases
from tests.sandbox.parity import data_planes, greengrass, identity, iot, sagemaker
from tests.sandbox.parity.case import Case
from tests.sandbox.parity.conftest import Prepared

CASES = [*greengrass.CASES, *iot.CASES, *data_planes.CASES, *sagemaker.CASES, *identity.CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_answer_is_the_documented_one(prepared: Prepared, case: Case) -> None:
    client = prepared.client(case.service)
    call = getattr(client, camelcase_to_underscores(case.operation))
    given = cases.fill(dict(case.given), prepared.names)
    if not case.code:
        answer: Any = call(**given)
        status = client.meta.service_model.operation_model(case.operation).http.get("responseCode", 200)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
        for path, value in case.holds.items():
            assert cases.at(answer, path) == cases.fill(value, prepared.names), path
        return
    with pytest.raises(ClientError) as caught:
        call(**given)
    response: Any = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (case.code, case.status)
    pattern = cases.fill(case.message, prepared.names, pattern=True)
    assert re.fullmatch(pattern, response["Error"]["Message"], re.DOTALL), response["Error"]["Message"]
    for path, value in case.holds.items():
        assert cases.at(response, path) == cases.fill(value, prepared.names), path


def test_there_are_enough_cases_and_no_two_have_one_name() -> None:
    assert len(CASES) >= 250
    names = [str(case) for case in CASES]
    assert sorted(names) == sorted(set(names))


def test_every_operation_of_greengrass_has_a_good_and_a_bad_case(prepared: Prepared) -> None:
    operations = set(prepared.client("greengrassv2").meta.service_model.operation_names)
    good = {case.operation for case in greengrass.CASES if not case.code}
    bad = {case.operation for case in greengrass.CASES if case.code}
    assert operations - good == set()
    # these two take no input and have no error but the service's own
    assert operations - bad == {"DisassociateServiceRoleFromAccount"}
