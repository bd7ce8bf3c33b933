from __future__ import annotations

import pytest

from edgewright.documents import trust
from edgewright.errors import EdgewrightError
from tests.helpers.golden import Golden
from tests.helpers.places import PROD, TOOLING
from tests.helpers.policies import listed, pretty, statements


def test_without_hardening_the_trust_is_the_one_of_the_source_document(golden: Golden) -> None:
    """``:root`` of the tooling account, ``sts:AssumeRole``, and an empty condition."""
    document = trust.account(TOOLING, own_id=PROD)
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": "sts:AssumeRole",
                "Condition": {},
            }
        ],
    }
    golden("golden/trust-account.json", pretty(document))


def test_hardening_asks_for_the_external_id_and_the_principal(golden: Golden) -> None:
    document = trust.account(
        TOOLING,
        own_id=PROD,
        principals=["arn:aws:iam::111111111111:role/ci-*", "arn:aws:iam::111111111111:role/admin"],
        external_id="acme-prod",
    )
    (statement,) = statements(document)
    assert statement["Condition"]["StringEquals"] == {"sts:ExternalId": "acme-prod"}
    assert statement["Condition"]["ArnLike"]["aws:PrincipalArn"] == [
        "arn:aws:iam::111111111111:role/admin",
        "arn:aws:iam::111111111111:role/ci-*",
    ]
    golden("golden/trust-account-hardened.json", pretty(document))


@pytest.mark.parametrize("bad", ["11111111111", "1111111111111", "11111111111a", "", "111111111111\n"])
@pytest.mark.parametrize("part", ["trusted", "own"])
def test_an_account_id_has_twelve_digits(bad: str, part: str) -> None:
    with pytest.raises(EdgewrightError, match="an AWS account id has twelve digits"):
        trust.account(bad if part == "trusted" else TOOLING, own_id=bad if part == "own" else PROD)


def test_an_account_does_not_trust_itself_by_accident() -> None:
    with pytest.raises(EdgewrightError, match="account 111111111111 would trust itself"):
        trust.account(TOOLING, own_id=TOOLING)


def test_one_account_may_play_both_parts_on_purpose() -> None:
    (statement,) = statements(trust.account(TOOLING, own_id=TOOLING, shared=True))
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}


def test_devices_get_their_credentials_from_the_credential_provider_alone(golden: Golden) -> None:
    document = trust.token_exchange()
    (statement,) = statements(document)
    assert statement["Principal"] == {"Service": "credentials.iot.amazonaws.com"}
    golden("golden/trust-token-exchange.json", pretty(document))


def test_edge_manager_adds_sagemaker_and_nothing_else() -> None:
    (statement,) = statements(trust.token_exchange(edge_manager=True))
    assert sorted(listed(statement["Principal"]["Service"])) == [
        "credentials.iot.amazonaws.com",
        "sagemaker.amazonaws.com",
    ]
