"""EC2 as far as twins need it, where moto answers otherwise than AWS."""

from __future__ import annotations

from edgewright.sandbox.control import Sandbox


def test_the_tags_of_a_launch_template_are_no_part_of_its_versions(sandbox: Sandbox) -> None:
    """The first request to EC2 of a server is judged by tags before it is answered; both must ask one backend."""
    ec2 = sandbox.client("ec2", "staging")
    own = [{"ResourceType": "launch-template", "Tags": [{"Key": "fleet", "Value": "line"}]}]
    made = ec2.create_launch_template(
        LaunchTemplateName="twins", LaunchTemplateData={"ImageId": "ami-12345678"}, TagSpecifications=own
    )["LaunchTemplate"]
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateId=made["LaunchTemplateId"])[
        "LaunchTemplateVersions"
    ]
    assert version["LaunchTemplateData"] == {"ImageId": "ami-12345678"}
    (shown,) = ec2.describe_launch_templates(LaunchTemplateIds=[made["LaunchTemplateId"]])["LaunchTemplates"]
    assert shown["Tags"] == [{"Key": "fleet", "Value": "line"}]
