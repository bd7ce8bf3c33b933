"""`edgewright sandbox token`: what a forge would give a pipeline, to try who may take which role.

A part of the verb `sandbox` in a module of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.manifest.accounts import Forge
    from edgewright.sandbox.control import Sandbox

HELP = "a pipeline's token, to try which role it may take"


def add_arguments(parser: argparse.ArgumentParser, pair: Callable[[str], tuple[str, str]]) -> None:
    """Declare what is in the token; ``pair`` reads NAME=VALUE."""
    parser.add_argument(
        "subject", metavar="SUBJECT", help="its claim sub, such as repo:acme/edge-fleets:environment:prod"
    )
    parser.add_argument("--issuer", metavar="HOST", help="who signs it (default: the forge of edgewright.yaml)")
    parser.add_argument("--audience", metavar="NAME", help="whom it is for (default: what the forge's pipelines ask)")
    parser.add_argument(
        "--claim",
        action="append",
        default=[],
        type=pair,
        metavar="NAME=VALUE",
        help="another claim, such as ref=refs/heads/main; may be given again",
    )


def run(root: Path, args: argparse.Namespace, load: Callable[[Path], Sandbox]) -> int:
    """Print the token and nothing else, so that it can go into a file.

    Raises:
        EdgewrightError: there is no forge in edgewright.yaml, and no issuer is given.
    """
    issuer, audience = args.issuer, args.audience
    if issuer is None or audience is None:
        from edgewright.documents import pipeline

        forge = _forge(root)
        issuer = issuer or pipeline.host(forge)
        audience = audience or pipeline.audience(forge)
    claims: dict[str, Any] = {**dict(args.claim), "sub": args.subject, "aud": audience}
    output.line(load(root).identity_token(issuer, claims))
    return ExitCode.OK


def _forge(root: Path) -> Forge:
    from edgewright.manifest.load import load_project

    forge = load_project(root).organisation.forge
    if forge is None:
        msg = (
            "edgewright.yaml has no forge, so nobody knows who signs the token: "
            "give --issuer token.actions.githubusercontent.com --audience sts.amazonaws.com, or write a forge"
        )
        raise EdgewrightError(msg)
    return forge
