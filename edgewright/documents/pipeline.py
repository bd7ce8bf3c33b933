"""How a pipeline gets into the tooling account: OpenID Connect, with the exact subjects that are let in.

Two kinds of role. The preview role is for requests that nobody has merged and for checks of the protected branch; it
may assume the preview roles of the stages. Each stage's deploy role is for the protected environment of that stage
and the protected branch, and may assume this one deploy role.

Sources: GitHub's "OpenID Connect reference" (a job with an environment has the subject ``repo:OWNER/NAME:environment:
NAME``, which names no branch); IAM's "Available keys for AWS OIDC federation", which since January 2026 has GitHub's
``ref``, ``environment`` and ``repository_id`` as condition keys; GitLab's "OpenID Connect authentication using ID
tokens" (the subject names project and ref; a pipeline of a merge request has the ref of its source branch).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgewright.documents import naming, policy
from edgewright.manifest.accounts import Forge, GitHub, GitLab

GITHUB_HOST = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def host(forge: Forge) -> str:
    """Return the issuer of the tokens, without its scheme."""
    return GITHUB_HOST if forge.gitlab is None else forge.gitlab.host


def audience(forge: Forge) -> str:
    """Return what the ``aud`` of a token must be: the pipeline asks the forge for it by this name."""
    return AUDIENCE if forge.gitlab is None else f"https://{forge.gitlab.host}"


def provider_arn(account_id: str, forge: Forge) -> str:
    """Return the ARN of the identity provider in the tooling account."""
    return f"arn:aws:iam::{account_id}:oidc-provider/{host(forge)}"


def preview_trust(account_id: str, forge: Forge) -> dict[str, Any]:
    """Return the trust of the preview role: requests, and the protected branch itself (checks for drift)."""
    if forge.gitlab is not None:
        # A request's pipeline has the subject of its source branch, whatever it is called. Tags are not let in.
        subject = f"project_path:{forge.gitlab.project}:ref_type:branch:ref:*"
        return _trust(account_id, forge, {"StringLike": {"sub": [subject]}})
    github = _github(forge)
    subjects = [
        f"repo:{github.repository}:pull_request",
        f"repo:{github.repository}:ref:refs/heads/{forge.branch}",
    ]
    return _trust(account_id, forge, {"StringEquals": {"sub": subjects, **_repository(github)}})


def deploy_trust(account_id: str, forge: Forge, stage: str) -> dict[str, Any]:
    """Return the trust of a stage's deploy role in the tooling account: one environment on one branch."""
    environment = forge.environment(stage)
    if forge.gitlab is not None:
        return _trust(account_id, forge, {"StringEquals": {"sub": [_gitlab(forge.gitlab, forge.branch, environment)]}})
    github = _github(forge)
    claims = {
        "sub": [f"repo:{github.repository}:environment:{environment}"],
        # The subject of a job with an environment names no branch, and the environment's own rule about branches
        # can be switched off in the forge: so the branch is asked for here as well.
        "ref": [f"refs/heads/{forge.branch}"],
        **_repository(github),
    }
    return _trust(account_id, forge, {"StringEquals": claims})


def models_trust(account_id: str, forge: Forge) -> dict[str, Any]:
    """Return the trust of the role that imports models: the protected branch alone, in no environment."""
    if forge.gitlab is not None:
        subject = f"project_path:{forge.gitlab.project}:ref_type:branch:ref:{forge.branch}"
        return _trust(account_id, forge, {"StringEquals": {"sub": [subject]}})
    github = _github(forge)
    subject = f"repo:{github.repository}:ref:refs/heads/{forge.branch}"
    return _trust(account_id, forge, {"StringEquals": {"sub": [subject], **_repository(github)}})


def models_policy(packages: list[str], artifacts: list[str]) -> dict[str, Any]:
    """Return what importing a model may do: read the packages of the groups, and their artifacts."""
    return policy.document(
        [
            policy.statement("Packages", ["sagemaker:DescribeModelPackage"], packages),
            policy.statement("Artifacts", ["s3:GetObject"], artifacts),
        ]
    )


def assume_policy(role_arns: list[str], state: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return what a pipeline's role may do: assume exactly these roles, use Pulumi's state, and nothing else.

    Args:
        role_arns: The roles.
        state: Statements about the state, where it is kept in the tooling account.
    """
    return policy.document([policy.statement("AssumeRole", ["sts:AssumeRole"], role_arns), *state])


def deploy_principal(account_id: str, stage: str) -> str:
    """Return the ARN of the pipeline's role that a stage's deploy role trusts."""
    return naming.role_arn(account_id, naming.ci_deploy_role(stage))


def _gitlab(gitlab: GitLab, branch: str, environment: str) -> str:
    subject = f"project_path:{gitlab.project}:ref_type:branch:ref:{branch}"
    return (
        f"{subject}:environment:{environment}:environment_protected:true" if gitlab.environment_in_subject else subject
    )


def _github(forge: Forge) -> GitHub:
    if forge.github is None:  # pragma: no cover -- the model has exactly one of the two
        msg = "a forge is GitHub or GitLab"
        raise ValueError(msg)
    return forge.github


def _repository(github: GitHub) -> dict[str, list[str]]:
    return {} if github.repository_id is None else {"repository_id": [github.repository_id]}


def _trust(account_id: str, forge: Forge, conditions: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    """Return a trust; the keys of ``conditions`` are claims, and the audience is always asked for."""
    issuer = host(forge)
    keyed: dict[str, Any] = {"StringEquals": {f"{issuer}:aud": audience(forge)}}
    for operator, claims in conditions.items():
        keyed.setdefault(operator, {}).update({f"{issuer}:{claim}": values for claim, values in claims.items()})
    return policy.document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn(account_id, forge)},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": keyed,
            }
        ]
    )
