"""Pulumi ComponentResources: one file each."""
