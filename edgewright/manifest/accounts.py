"""Models of edgewright.yaml about accounts: their parts, who deploys from where, who works in them, the artifacts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from edgewright.manifest.base import Model, exactly_one
from edgewright.manifest.types import (
    DURATION_SCHEMA,
    AccountId,
    Action,
    Branch,
    ExternalId,
    Host,
    Items,
    Name,
    PrincipalPattern,
    ProjectPath,
    RepositoryId,
    duration,
)

Part = Literal["tooling", "data-lake", "experimentation", "staging", "prod"]
"""What an account is for, as the source documents divide an organisation."""
PARTS: tuple[Part, ...] = ("tooling", "data-lake", "experimentation", "staging", "prod")


class Account(Model):
    """An AWS account by its name in the organisation (the key: tooling, staging, prod, data-lake, ...)."""

    id: AccountId = Field(description="The twelve digits of the AWS account, in quotes.")
    part: Part | None = Field(
        None,
        description="What it is for; the key says it where it is one of these, and a stage's account needs none.",
    )
    shares: Name | None = Field(
        None, examples=["tooling"], description="The other account entry that has, on purpose, the same id."
    )


class TrustHardening(Model):
    """Who of the tooling account may assume the deploy roles, and with which external id."""

    principals: Items[PrincipalPattern] = Field(
        (),
        description="ARN patterns for aws:PrincipalArn, besides the pipeline's own role; "
        "empty and without a forge: any principal the tooling account lets in.",
    )
    external_id: ExternalId | None = Field(
        None, alias="externalId", description="The sts:ExternalId that is asked for."
    )

    @property
    def hard(self) -> bool:
        """Whether anything is asked for beyond the account."""
        return bool(self.principals) or self.external_id is not None


class GitHub(Model):
    """A repository on GitHub, whose pipelines prove themselves by OpenID Connect."""

    repository: ProjectPath = Field(examples=["acme/edge-fleets"], description="OWNER/NAME.")
    repository_id: RepositoryId | None = Field(
        None,
        alias="repositoryId",
        description="The repository's number, in quotes; it stays when a name is given up and taken by somebody else.",
    )


class GitLab(Model):
    """A project on GitLab, whose pipelines prove themselves by OpenID Connect."""

    project: ProjectPath = Field(examples=["acme/edge-fleets"], description="GROUP/NAME, with all groups.")
    host: Host = Field("gitlab.com", description="Of the instance.")
    environment_in_subject: bool = Field(
        default=False,
        alias="environmentInSubject",
        description="The project's ci_id_token_sub_claim_components are project_path, ref_type, ref, environment, "
        "environment_protected: deploy roles then ask for the protected environment too.",
    )


class Forge(Model):
    """Where the repository is, and which branch and environments may deploy: exactly one of the two forges."""

    model_config = ConfigDict(json_schema_extra=exactly_one("github", "gitlab"))

    github: GitHub | None = Field(None, description="The repository is on GitHub.")
    gitlab: GitLab | None = Field(None, description="The repository is on GitLab.")
    branch: Branch = Field("main", description="The protected branch from which is deployed.")
    environments: dict[Name, Name] = Field(
        default_factory=dict, description="The protected environment of a stage, where it is not called like the stage."
    )

    @model_validator(mode="after")
    def _one_of(self) -> Forge:
        if (self.github is None) == (self.gitlab is None):
            msg = "must have exactly one of github, gitlab; keep one"
            raise ValueError(msg)
        return self

    def environment(self, stage: str) -> str:
        """The protected environment from which a stage is deployed."""
        return self.environments.get(stage, stage)


class Persona(Model):
    """Who works as this persona."""

    principals: Items[PrincipalPattern] = Field(
        min_length=1,
        description="ARN patterns of the tooling account's roles that may take the persona's role, "
        "such as those of a permission set of IAM Identity Center.",
    )


class Personas(Model):
    """Roles for people; one that is left out is not made. Administrators have what the accounts came with."""

    data_scientist: Persona | None = Field(
        None,
        alias="dataScientist",
        description="Trains in the experimentation account, registers models, reads captures.",
    )
    ml_engineer: Persona | None = Field(
        None, alias="mlEngineer", description="Approves models, and sees what runs in stages that are not production."
    )
    operator: Persona | None = Field(
        None, description="Sees everything of the fleets in every stage, and changes nothing."
    )
    technician: Persona | None = Field(
        None, description="Retires devices and exchanges their certificates, in every stage."
    )


class Artifacts(Model):
    """The buckets of component artifacts."""

    kms: bool = Field(
        default=False, description="Encrypt with a key of the tooling account's own, in place of the one of Amazon S3."
    )
    keep: Annotated[int, duration(30 * 86400, 3650 * 86400), DURATION_SCHEMA] = Field(
        400 * 86400,
        description="How long a deleted object can be got back: as far back in Git as a release may be wanted again.",
    )


class Boundary(Model):
    """What roles may do at most that a deploy role makes, beyond what every fleet may need."""

    devices: Items[Action] = Field(
        (), description="Single actions of device roles and cross-account roles, such as kinesis:PutRecord."
    )
