"""The call to the forge that starts the pipeline: GitHub's ``repository_dispatch``, or GitLab's pipeline trigger.

Sources: GitHub REST API, "Create a repository dispatch event" (204; at most ten top-level keys in the payload); GitLab
API, "Trigger a pipeline with a token" (201). The token is in a header or in the body, never in an address, and no
redirect is followed: it would take the token along.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from .approval import Approval

EVENT_TYPE = "edgewright-model"
"""What GitHub's workflow listens for."""
SCHEMA = "edgewright/model-event/v1"
TIMEOUT = 10.0
"""Seconds that the forge has to answer: two tries fit into the function's minute with room."""


class ForgeError(Exception):
    """The forge did not take the call; the text says what it said, and never the token."""


@dataclass(frozen=True)
class Forge:
    """Where the pipeline is."""

    kind: str
    """github or gitlab."""
    api: str
    """Base address of its API, without a slash at the end."""
    project: str
    """OWNER/NAME, or GROUP/NAME with all groups."""
    ref: str
    """The branch whose pipeline runs (GitLab; GitHub runs that of the default branch)."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none; the answer is then an error like any other."""


def payload(approval: Approval) -> dict[str, str]:
    """Return what the pipeline gets: text only, each value of the form that ``approval`` asked for."""
    said = {
        "schema": SCHEMA,
        "model_arn": approval.arn,
        "model_group": approval.group,
        "model_version": str(approval.version),
        "approval": approval.status,
        "model_data_url": approval.artifact or "",
        "model_digest": approval.digest or "",
        "event_id": approval.event,
    }
    return {name: value for name, value in said.items() if value}


def dispatch(forge: Forge, token: str, approval: Approval) -> None:
    """Start the pipeline.

    Raises:
        ForgeError: the forge cannot be reached, is slow, or says no.
    """
    request = _github(forge, token, approval) if forge.kind == "github" else _gitlab(forge, token, approval)
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        error.close()
        msg = f"{forge.kind} answered {error.code} for {forge.project}: {_HINTS.get(error.code, 'see its status page')}"
        raise ForgeError(msg) from None  # the cause would carry the request
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        msg = f"{forge.kind} cannot be reached at {urllib.parse.urlsplit(forge.api).netloc}: {reason}"
        raise ForgeError(msg) from None
    if not 200 <= status < 300:
        msg = f"{forge.kind} answered {status} for {forge.project}"
        raise ForgeError(msg)


_HINTS = {
    401: "the token is wrong or has run out",
    403: "the token may not start pipelines, or too many were started",
    404: "there is no such project, or the token may not see it",
    422: "the workflow is not on the default branch",
}


def _github(forge: Forge, token: str, approval: Approval) -> urllib.request.Request:
    body = {"event_type": EVENT_TYPE, "client_payload": payload(approval)}
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "User-Agent": "edgewright",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    address = f"{forge.api}/repos/{urllib.parse.quote(forge.project)}/dispatches"
    return urllib.request.Request(address, json.dumps(body).encode(), headers, method="POST")  # noqa: S310 -- settings


def _gitlab(forge: Forge, token: str, approval: Approval) -> urllib.request.Request:
    variables = {f"variables[{name}]": value for name, value in variables_of(approval).items()}
    body = urllib.parse.urlencode({"token": token, "ref": forge.ref, **variables})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "edgewright"}
    address = f"{forge.api}/projects/{urllib.parse.quote(forge.project, safe='')}/trigger/pipeline"
    return urllib.request.Request(address, body.encode(), headers, method="POST")  # noqa: S310 -- settings


def variables_of(approval: Approval) -> dict[str, str]:
    """Return the payload as variables of a GitLab pipeline."""
    return {f"EDGEWRIGHT_{name.upper()}": value for name, value in payload(approval).items()}
