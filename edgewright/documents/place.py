"""Where a fleet lives in one stage: the few facts from which every name and ARN of it follows."""

from __future__ import annotations

from dataclasses import dataclass

from edgewright.documents import naming


@dataclass(frozen=True, kw_only=True)
class StagePlace:
    """A stage: its account and Region, and the account where artifacts come from."""

    organisation: str
    """Name of the organisation, the prefix of bucket names."""
    tooling_id: str
    """Id of the tooling account."""
    account_id: str
    """Id of the stage's account."""
    region: str
    """Region of the stage."""
    stage: str

    @property
    def artifact_bucket(self) -> str:
        """The artifact bucket of the stage's Region: Greengrass reads artifacts in its own Region only."""
        return naming.artifact_bucket(self.organisation, self.tooling_id, self.region)

    def fleet(self, name: str) -> FleetPlace:
        """Return the place of a fleet in this stage."""
        return FleetPlace(
            organisation=self.organisation,
            tooling_id=self.tooling_id,
            account_id=self.account_id,
            region=self.region,
            stage=self.stage,
            name=name,
        )


@dataclass(frozen=True, kw_only=True)
class FleetPlace(StagePlace):
    """A fleet in a stage."""

    name: str
    """Name of the fleet."""

    @property
    def capture_bucket(self) -> str:
        """The bucket for what the fleet's devices capture."""
        return naming.capture_bucket(self.organisation, self.name, self.stage, self.account_id)

    @property
    def role(self) -> str:
        """The token exchange role."""
        return naming.token_exchange_role(self.name, self.stage)

    @property
    def role_alias(self) -> str:
        """The role alias."""
        return naming.role_alias(self.name, self.stage)

    def thing_group(self, ring: str) -> str:
        """The thing group of a ring."""
        return naming.thing_group(self.name, self.stage, ring)

    def thing_group_arn(self, ring: str) -> str:
        """The ARN of a ring's thing group."""
        return naming.thing_group_arn(self.region, self.account_id, self.thing_group(ring))
