"""CloudWatch speaks CBOR: boto3 does, and so does the official plugin of pulumi-aws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from edgewright.sandbox import rpc
from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.faults import AwsError, Response


def test_an_alarm_goes_in_and_comes_back_with_numbers_and_times(sandbox: Sandbox) -> None:
    cloudwatch = sandbox.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="hot",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=2,
        MetricName="Temperature",
        Namespace="edgewright/line",
        Period=60,
        Statistic="Average",
        Threshold=80.5,
        Dimensions=[{"Name": "thing", "Value": "cam-1"}],
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["hot"])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (80.5, 2)
    assert alarm["Dimensions"] == [{"Name": "thing", "Value": "cam-1"}]
    assert abs(alarm["StateUpdatedTimestamp"] - datetime.now(UTC)) < timedelta(minutes=5)


def test_metrics_are_counted(sandbox: Sandbox) -> None:
    cloudwatch = sandbox.client("cloudwatch")
    now = datetime.now(UTC)
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 2.5, "Timestamp": now}])
    told = cloudwatch.get_metric_statistics(
        Namespace="n",
        MetricName="m",
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )
    assert [point["Sum"] for point in told["Datapoints"]] == [2.5]


def test_errors_have_their_own_classes_in_boto3(sandbox: Sandbox) -> None:
    cloudwatch = sandbox.client("cloudwatch")
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.get_dashboard(DashboardName="nothing")


def test_what_is_not_there_is_not_implemented_and_never_a_500(sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="NotImplemented") as caught:
        sandbox.client("cloudwatch").describe_anomaly_detectors()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def _environ(
    body: bytes, path: str = "/service/GraniteServiceVersion20100801/operation/GetDashboard"
) -> dict[str, object]:
    return {"PATH_INFO": path, "HTTP_SMITHY_PROTOCOL": "rpc-v2-cbor", "edgewright.body": body}


@pytest.mark.parametrize("body", [b"\xff", b"\xa1", b"\x1c"])
def test_a_body_that_is_no_cbor_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError, match="SerializationException"):
        rpc.read(_environ(body))


def test_another_service_does_not_speak_it() -> None:
    with pytest.raises(AwsError, match="UnknownOperationException"):
        rpc.read(_environ(b"\xa0", "/service/Other/operation/Get"))


def test_an_error_before_the_request_was_read_is_written_in_cbor_too() -> None:
    answer = rpc.write(_environ(b""), Response(403, b'{"__type": "InvalidSignature", "message": "no"}'))
    assert answer.body == b"\xa2\x66__type\x70InvalidSignature\x67message\x62no"
    assert ("smithy-protocol", "rpc-v2-cbor") in answer.headers


def test_other_requests_stay_as_they_are() -> None:
    environ: dict[str, object] = {"PATH_INFO": "/", "edgewright.body": b"{}"}
    rpc.read(environ)
    response = Response(200, b"{}")
    assert rpc.write(environ, response) is response
    assert environ == {"PATH_INFO": "/", "edgewright.body": b"{}"}
