"""GitOps for machine learning at the edge: Greengrass V2 fleets in YAML, made real by Pulumi."""

__version__ = "0.1.0"
