"""What AWS refuses is told in one sentence with a remedy, and never with a credential."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from edgewright.aws.errors import AwsError, redact, translated


def _raised(error: Exception) -> AwsError:
    with pytest.raises(AwsError) as caught, translated("revise cam-1"):
        raise error
    return caught.value


def _client_error(code: str, message: str, operation: str = "CreateDeployment", **more: Any) -> boto.ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, **more}
    return boto.ClientError(answer, operation)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(
            _client_error("AccessDeniedException", "User: arn:aws:sts::1:assumed-role/x/y is not authorized."),
            "could not revise cam-1: AccessDeniedException: User: arn:aws:sts::1:assumed-role/x/y is not "
            "authorized (CreateDeployment); give the caller this permission, or deploy through the role that has it",
            id="access denied",
        ),
        pytest.param(
            _client_error("AccessDenied", "no", "AssumeRole"),
            "could not revise cam-1: AccessDenied: no (AssumeRole); the trust policy of the role must "
            "let the caller in (and its external id must match), and the caller needs sts:AssumeRole on it; the "
            "tooling stack makes both",
            id="assume role",
        ),
        pytest.param(
            _client_error("ValidationException", "bad", fields=[{"name": "targetArn", "message": "not an ARN"}]),
            "could not revise cam-1: ValidationException: bad; targetArn: not an ARN (CreateDeployment)",
            id="fields of a validation",
        ),
        pytest.param(
            boto.NoCredentialsError(),
            "could not revise cam-1: Unable to locate credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY, or sign in (aws sso login)",
            id="no credentials",
        ),
        pytest.param(
            boto.EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
            'could not revise cam-1: Could not connect to the endpoint URL: "http://127.0.0.1:9"; check '
            "the network, the proxy settings and AWS_ENDPOINT_URL",
            id="no connection",
        ),
    ],
)
def test_the_sentence_says_what_why_and_what_to_do(error: Exception, text: str) -> None:
    assert str(_raised(error)) == text


def test_an_answer_that_is_not_one_of_aws_is_told_without_repeating_it() -> None:
    """A proxy or a wrong endpoint answers with a page of its own."""
    error = _raised(ResponseParserError("Unable to parse response:\nb'<html>Sign in</html>'"))
    assert str(error) == (
        "could not revise cam-1: the answer was not one of AWS; check the proxy settings and AWS_ENDPOINT_URL, which "
        "may lead to something else"
    )


def test_a_signature_error_does_not_repeat_the_request() -> None:
    error = _raised(_client_error("SignatureDoesNotMatch", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/..."))
    assert "AKIAIOSFODNN7EXAMPLE" not in str(error)
    assert "check the secret access key" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "key AKIAIOSFODNN7EXAMPLE is unknown",
        "X-Amz-Security-Token=FwoGZXIvYXdzEBYaD",
        "aws_secret_access_key: wJalrXUtnFEMI",
        "Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc9",
    ],
)
def test_credentials_are_cut_out_of_messages(text: str) -> None:
    secret = text.replace(":", "=").split("=")[-1].split()[-1] if "=" in text or ":" in text else "AKIAIOSFODNN7EXAMPLE"
    assert secret not in redact(text)


def test_code_family_and_delay_are_kept_for_the_caller() -> None:
    error = _raised(_client_error("ThrottlingException", "slow down", retryAfterSeconds=7))
    assert (error.code, error.family, error.reason, error.retry_after) == (
        "ThrottlingException",
        "Throttling",
        "slow down",
        7.0,
    )
    assert _raised(_client_error("ResourceNotFoundException", "x")).missing
    assert _raised(_client_error("PreconditionFailed", "x", "PutObject")).conflict
