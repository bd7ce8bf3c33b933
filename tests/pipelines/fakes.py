"""What the forges themselves offer, faked: their command line clients, and a runner that was set up before.

The clients keep their state as JSON in a folder, and do with it what the pipelines ask: nothing else is accepted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_CLIENT = """#!{python}
import json, os, shutil, subprocess, sys
from pathlib import Path

STATE = Path({state!r})
TOKEN = os.environ.get({token!r})
if not TOKEN:
    sys.exit("{name}: sign in first: {token} is not set")

def load(kind):
    file = STATE / (kind + ".json")
    return json.loads(file.read_text()) if file.exists() else []

def save(kind, value):
    (STATE / (kind + ".json")).write_text(json.dumps(value))

def pick(words, *names):
    found = {{}}
    rest = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word in names:
            if word in ("--paginate", "--silent", "--yes"):
                found[word] = True
            elif word == "--field":
                found.setdefault(word, []).append(words.pop(0))
            else:
                found[word] = words.pop(0)
        elif word.startswith("-"):
            sys.exit("{name}: the fake does not know " + word)
        else:
            rest.append(word)
    return found, rest

def answer(value, options):
    text = json.dumps(value)
    if "--jq" in options:
        # gh prints strings raw
        command = ["jq", "-r", options["--jq"]]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    sys.stdout.write(text if text.endswith("\\n") else text + "\\n")

def fields(options):
    found = {{}}
    for each in options.get("--field", []):
        key, _, value = each.partition("=")
        found[key] = Path(value[1:]).read_text() if value.startswith("@") else value
    return found

def copied(name, target):
    source = STATE / "artifacts" / name
    if not source.is_dir():
        sys.exit("{name}: no artifact " + name)
    shutil.copytree(source, target, dirs_exist_ok=True)

def main(words):
{body}
    sys.exit("{name}: the fake cannot " + " ".join(words))

main(sys.argv[1:])
"""

_GH = """
    options, rest = pick(
        words, "--name", "--dir", "--workflow", "--commit", "--status", "--limit", "--json", "--jq", "--paginate",
        "--silent", "--method", "--field", "--head", "--base", "--state", "--title", "--body", "--search",
        "--body-file", "--comment",
    )
    match rest:
        case ["run", "download", run]:
            return copied(run + "/" + options["--name"], options["--dir"])
        case ["run", "list"]:
            runs = [each for each in load("runs") if each["commit"] == options["--commit"]]
            return answer([{"databaseId": each["id"]} for each in runs], options)
        case ["api", path] if path.endswith("/pulls"):
            pulls = [each for each in load("pulls") if "/commits/" + each["merged"] + "/" in path]
            return answer([{"merged_at": "2026", "head": {"sha": each["head"]}} for each in pulls], options)
        case ["api", path] if path.endswith("/comments") and options.get("--method") == "POST":
            body = fields(options)["body"]
            known = load("comments")
            made = {"id": len(known) + 1, "user": {"login": "github-actions[bot]"}, "body": body}
            return save("comments", [*known, made])
        case ["api", path] if path.endswith("/comments"):
            return answer(load("comments"), options)
        case ["api", path] if "/issues/comments/" in path and options.get("--method") == "PATCH":
            number = int(path.rpartition("/")[2])
            body = fields(options)["body"]
            return save("comments", [{**e, "body": body} if e["id"] == number else e for e in load("comments")])
        case ["pr", "list"]:
            there = [each for each in load("requests") if each["branch"] == options["--head"] and each["open"]]
            return answer(there, options)
        case ["pr", "create"]:
            url = "https://github.example/pull/" + str(len(load("requests")) + 10)
            made = {"url": url, "branch": options["--head"], "title": options["--title"], "body": options["--body"]}
            save("requests", [*load("requests"), {**made, "open": True}])
            return print(url)
        case ["pr", "close", url]:
            closed = {"open": False, "comment": options["--comment"]}
            return save("requests", [{**e, **closed} if e["url"] == url else e for e in load("requests")])
        case ["issue", "list"]:
            return answer([each for each in load("issues") if each["open"]], options)
        case ["issue", "create"]:
            text = Path(options["--body-file"]).read_text()
            made = {"number": len(load("issues")) + 1, "title": options["--title"], "body": text, "open": True}
            return save("issues", [*load("issues"), made])
        case ["issue", "edit", number]:
            text = Path(options["--body-file"]).read_text()
            return save("issues", [{**e, "body": text} if str(e["number"]) == number else e for e in load("issues")])
        case ["issue", "close", number]:
            return save("issues", [{**e, "open": False} if str(e["number"]) == number else e for e in load("issues")])
"""

_GLAB = """
    options, rest = pick(
        words, "--paginate", "--silent", "--method", "--field", "--source-branch", "--target-branch", "--title",
        "--description", "--yes", "--output", "--message",
    )
    match rest:
        case ["job", "artifact", ref, job]:
            return copied(ref.replace("/", "_") + "/" + job, ".")
        case ["api", path] if path.endswith("/merge_requests"):
            return answer([each for each in load("merge-requests") if each["merged"] in path], options)
        case ["api", path] if path.endswith("/notes") and options.get("--method") == "POST":
            known = load("notes")
            return save("notes", [*known, {"id": len(known) + 1, "body": fields(options)["body"]}])
        case ["api", path] if path.endswith("/notes"):
            return answer(load("notes"), options)
        case ["api", path] if "/notes/" in path and options.get("--method") == "PUT":
            number, body = int(path.rpartition("/")[2]), fields(options)["body"]
            return save("notes", [{**each, "body": body} if each["id"] == number else each for each in load("notes")])
        case ["api", path] if "/issues?" in path:
            return answer([each for each in load("issues") if each["state"] == "opened"], options)
        case ["api", path] if path.endswith("/issues") and options.get("--method") == "POST":
            made = {"iid": len(load("issues")) + 1, "state": "opened", **fields(options)}
            return save("issues", [*load("issues"), made])
        case ["api", path] if "/issues/" in path and options.get("--method") == "PUT":
            number, given = int(path.rpartition("/")[2]), fields(options)
            if given.pop("state_event", None) == "close":
                given["state"] = "closed"
            return save("issues", [{**each, **given} if each["iid"] == number else each for each in load("issues")])
        case ["mr", "list"]:
            branch = options["--source-branch"]
            return answer([e for e in load("requests") if e["source_branch"] == branch and e["open"]], options)
        case ["mr", "create"]:
            url = "https://gitlab.example/-/merge_requests/" + str(len(load("requests")) + 10)
            made = {"web_url": url, "source_branch": options["--source-branch"], "title": options["--title"]}
            save("requests", [*load("requests"), {**made, "open": True, "notes": []}])
            return print(url)
        case ["mr", "note", branch]:
            known = load("requests")
            for each in known:
                if each["source_branch"] == branch:
                    each["notes"].append(options["--message"])
            return save("requests", known)
        case ["mr", "close", branch]:
            known = load("requests")
            return save("requests", [{**e, "open": False} if e["source_branch"] == branch else e for e in known])
"""

# A machine that was set up before: what set-up does is tested by itself, and takes minutes on a fresh machine.
_MAKE = '#!/bin/sh\n[ "$*" = setup ] || { echo "make: only setup is faked" >&2; exit 2; }\n'


class Forge:
    """The state of a faked forge, and its client in a folder for PATH."""

    def __init__(self, folder: Path, name: str) -> None:
        self.state = folder / "state"
        self.bin = folder / "bin"
        self.state.mkdir(parents=True)
        self.bin.mkdir()
        body, token = (_GH, "GH_TOKEN") if name == "gh" else (_GLAB, "GITLAB_TOKEN")
        text = _CLIENT.format(python=sys.executable, state=str(self.state), name=name, token=token, body=body)
        for file, content in ((name, text), ("make", _MAKE)):
            (self.bin / file).write_text(content, "utf-8")
            (self.bin / file).chmod(0o755)

    def artifacts(self, run: str) -> Path:
        """Where the artifacts of a run are kept."""
        return self.state / "artifacts" / run

    def read(self, kind: str) -> list[dict[str, Any]]:
        """What there is of a kind: comments, requests, issues, ..."""
        file = self.state / f"{kind}.json"
        found: list[dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.exists() else []
        return found

    def add(self, kind: str, **entry: Any) -> None:
        """Note something that the forge knows."""
        (self.state / f"{kind}.json").write_text(json.dumps([*self.read(kind), entry]), "utf-8")
