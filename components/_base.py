"""What every component shares: the type token, the parent of its children, and explicit providers.

A child gets fresh options: those of the component (aliases, protection, dependencies) are its own business.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


class EdgeComponent(pulumi.ComponentResource):
    """Base of Edgewright's components; its type token is ``edgewright:index:<Class>``."""

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"edgewright:index:{type(self).__name__}", name, None, opts)

    def child(
        self,
        provider: pulumi.ProviderResource,
        *,
        depends_on: Sequence[pulumi.Resource] = (),
        retain_on_delete: bool = False,
        deleted_with: pulumi.Resource | None = None,
        protect: bool = False,
        ignore_changes: Sequence[str] = (),
    ) -> pulumi.ResourceOptions:
        """Return the options of a child resource.

        Args:
            provider: The provider of the account that the child lives in; there is no default one.
            depends_on: Resources that must be there first, where no value says so.
            retain_on_delete: Whether AWS keeps the thing when it leaves the program.
            deleted_with: The resource whose deletion takes this one along, so that no call of its own is needed.
            protect: Whether the engine refuses to delete it, before it deletes anything else.
            ignore_changes: Properties that something else decides.
        """
        return pulumi.ResourceOptions(
            parent=self,
            provider=provider,
            depends_on=list(depends_on),
            retain_on_delete=retain_on_delete,
            deleted_with=deleted_with,
            protect=protect or None,
            ignore_changes=list(ignore_changes) or None,
        )

    def inner(self, *, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return the options of a component within this one."""
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))
