"""The process of the stand-in, started by the Pulumi engine as ``pulumi-resource-aws``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewright.provider.plugin import serve
from edgewright.standin import configuration, types
from edgewright.standin.configuration import Account
from edgewright.standin.label import label
from edgewright.standin.resource import StandIn
from edgewright.standin.served import TYPES
from edgewright.standin.wording import not_served

VERSION = f"{types.package_version()}+edgewright.standin"
"""The version of pulumi-aws that is stood in for; whoever asks the plugin for its version sees what it is."""


async def _configure(values: Mapping[str, Any], project: Path) -> Account:
    del project
    return configuration.configure(values)


def main() -> None:
    """Serve until the engine is gone."""
    serve(
        "aws",
        VERSION,
        {token: StandIn(type_) for token, type_ in TYPES.items()},
        _configure,
        check_config=configuration.check_config,
        diff_config=configuration.diff_config,
        banner=label,
        absent=not_served,
    )


if __name__ == "__main__":
    main()
