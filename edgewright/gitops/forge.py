"""The forge, through its own command line client, where there is one: ``gh`` or ``glab``.

Their sign-in is the user's (or the job's); no token passes through here. Without a client the branch is pushed and
the user is told to open the request.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgewright.errors import EdgewrightError
from edgewright.gitops.git import Repository
from edgewright.gitops.process import capture

_URL = "https://"


@dataclass(frozen=True)
class Forge:
    """A client of the forge."""

    client: Literal["gh", "glab"]
    root: Path

    @classmethod
    def of(cls, repository: Repository, remote: str) -> Forge | None:
        """Return the client that fits a repository's remote; None when there is none on PATH."""
        clients: tuple[tuple[Literal["gh", "glab"], str], ...] = (("gh", "github"), ("glab", "gitlab"))
        there = [(name, host) for name, host in clients if shutil.which(name)]
        address = repository.remote_url(remote).lower()
        fitting = [name for name, host in there if host in address] or [name for name, _ in there]
        return cls(fitting[0], repository.root) if fitting else None

    def open_request(self, branch: str) -> str | None:
        """Return the address of the open request of a branch; None when there is none.

        Raises:
            EdgewrightError: the client failed.
        """
        if self.client == "gh":
            listing = self._json("pr", "list", "--head", branch, "--state", "open", "--json", "url", "--limit", "1")
            return str(listing[0]["url"]) if listing else None
        listing = self._json("mr", "list", "--source-branch", branch, "--output", "json")
        return str(listing[0]["web_url"]) if listing else None

    def open(self, branch: str, *, base: str, title: str, body: str) -> str:
        """Open a request for a branch; return its address.

        Raises:
            EdgewrightError: the client failed.
        """
        if self.client == "gh":
            arguments = ["pr", "create", "--head", branch, "--base", base, "--title", title, "--body", body]
        else:
            arguments = ["mr", "create", "--source-branch", branch, "--target-branch", base, "--title", title]
            arguments += ["--description", body, "--yes"]
        said = self._run(*arguments).split()
        return next((word for word in reversed(said) if word.startswith(_URL)), said[-1] if said else "")

    def close(self, branch: str, request: str, *, comment: str) -> None:
        """Close the open request of a branch without merging it, and say why in it.

        Args:
            branch: Its branch.
            request: Its address, as ``open_request`` returned it.
            comment: Why, in Markdown.

        Raises:
            EdgewrightError: the client failed.
        """
        if self.client == "gh":
            self._run("pr", "close", request, "--comment", comment)
        else:
            self._run("mr", "note", branch, "--message", comment)
            self._run("mr", "close", branch)

    def post(self, path: str, body: Mapping[str, Any]) -> None:
        """Send JSON to the forge's API, with the sign-in of the client.

        Args:
            path: After the API's base address.
            body: What is sent.

        Raises:
            EdgewrightError: the client failed.
        """
        arguments = ["api", "--method", "POST", path, "--header", "Content-Type: application/json", "--input", "-"]
        self._run(*arguments, given=json.dumps(body))

    def _json(self, *arguments: str) -> Any:
        text = self._run(*arguments)
        try:
            return json.loads(text or "[]")
        except ValueError as error:
            msg = f"{self.client} {' '.join(arguments[:2])} did not answer with JSON: bring it up to date"
            raise EdgewrightError(msg) from error

    def _run(self, *arguments: str, given: str = "") -> str:
        environment = {**os.environ, "GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"}
        code, text, errors = capture([self.client, *arguments], cwd=self.root, environment=environment, given=given)
        if code:
            said = (errors or text).strip() or f"exit code {code}"
            msg = f"{self.client} {' '.join(arguments[:2])} failed: {said}; sign in with `{self.client} auth login`"
            raise EdgewrightError(msg)
        return text
