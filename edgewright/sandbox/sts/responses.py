"""STS over HTTP."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse

from edgewright.sandbox.authorization import principals
from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.sts.models import DEFAULT_DURATION, SandboxSTSBackend


class SandboxSTSResponse(TokenResponse):
    """moto's STS, with sessions that mean something."""

    @property
    def _caller(self) -> Principal:
        caller: Principal = self.normalized_request.environ["edgewright.principal"]
        return caller

    @property
    def _sts(self) -> SandboxSTSBackend:
        backend: SandboxSTSBackend = sts_backends[self.current_account][self.partition]
        return backend

    def assume_role(self) -> ActionResult:
        """AssumeRole."""
        session = self._sts.assume_role_as(
            self._caller,
            role_arn=self._get_param("RoleArn"),
            name=self._get_param("RoleSessionName"),
            duration=self._get_int_param("DurationSeconds", DEFAULT_DURATION),
            external_id=self._get_param("ExternalId"),
            policy=self._get_param("Policy") or "",
        )
        user = {"AssumedRoleId": session.user_id, "Arn": session.arn}
        return ActionResult({"Credentials": _credentials(session), "AssumedRoleUser": user})

    def assume_role_with_web_identity(self) -> ActionResult:
        """AssumeRoleWithWebIdentity; the request is not signed, the token says who asks."""
        made = self._sts.assume_role_by_token(
            self._get_param("WebIdentityToken") or "",
            role_arn=self._get_param("RoleArn"),
            name=self._get_param("RoleSessionName"),
            duration=self._get_int_param("DurationSeconds", DEFAULT_DURATION),
            policy=self._get_param("Policy") or "",
        )
        return ActionResult(
            {
                "Credentials": _credentials(made.session),
                "AssumedRoleUser": {"AssumedRoleId": made.session.user_id, "Arn": made.session.arn},
                "Provider": made.provider,
                "SubjectFromWebIdentityToken": made.subject,
                "Audience": made.audience,
            }
        )

    def get_caller_identity(self) -> ActionResult:
        """GetCallerIdentity; needs no permission, as on AWS."""
        caller = self._caller
        return ActionResult({"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn})

    def get_access_key_info(self) -> ActionResult:
        """GetAccessKeyInfo."""
        found = principals.find(self._get_param("AccessKeyId"))
        return ActionResult({"Account": found.account if found else self.current_account})


def _credentials(session: Any) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration,
    }
