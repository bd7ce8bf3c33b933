"""moto's IAM with the managed policies of AWS, which take moto a tenth of a second for each account."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from moto.iam.models import IAMBackend, iam_backends


class SandboxIAMBackend(IAMBackend):
    """IAM of one account."""

    @property
    def _url_module(self) -> Any:
        from edgewright.sandbox.iam import urls  # noqa: PLC0415 -- the responses there import this module

        return urls

    def update_role(self, role_name: str, role_description: str | None, max_session_duration: str) -> Any:
        """Change a role; a description that is not given stays, which moto would take away."""
        description = self.get_role(role_name).description if role_description is None else role_description
        return super().update_role(role_name, description, max_session_duration)

    def _init_aws_policies(self) -> list[Any]:
        return [_of(self.account_id, policy) for policy in _templates(self.region_name)]

    def _moto_policies(self) -> list[Any]:
        policies: list[Any] = super()._init_aws_policies()
        return policies


@cache
def _templates(partition: str) -> list[Any]:
    blank = SandboxIAMBackend.__new__(SandboxIAMBackend)
    blank.region_name, blank.account_id = partition, "aws"
    return blank._moto_policies()  # noqa: SLF001 -- of this module


def _of(account: str, template: Any) -> Any:
    policy = copy.copy(template)  # how often it is attached is counted by account
    policy.account_id = account
    return policy


iam_backends.backend = SandboxIAMBackend
