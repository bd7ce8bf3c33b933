"""Compose files beside a recipe: their shape, and that they run what the recipe has."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path
from typing import Any

import pytest

from edgewright.catalog.compose import SERVICE_KEYS, TOP_KEYS
from tests.conftest import Golden
from tests.helpers.catalogs import problems

WEB = "nginx@sha256:" + "a" * 64
DB = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/redis@sha256:" + "b" * 64
RECIPE = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: com.acme.shop
ComponentVersion: "1.0.0"
ComponentDependencies:
  aws.greengrass.DockerApplicationManager: {VersionRequirement: "~2.0.0"}
  aws.greengrass.TokenExchangeService: {VersionRequirement: "^2.0.0"}
Manifests:
  - Platform: {os: linux}
    Lifecycle:
      startup: {Script: "docker compose -f {artifacts:path}/FILE up -d", Timeout: 60}
      shutdown: docker compose -f {artifacts:path}/FILE down
    Artifacts:
      - URI: catalog:ARTIFACT
"""


def shop(
    root: Path, compose: str, *, images: tuple[str, ...] = (WEB, DB), file: str = "compose.yaml", why: str = "",
    **more: str,
) -> list[str]:  # fmt: skip
    """What is found in a version with this compose file, without the problem that it is not locked."""
    folder = root / "catalog" / "com.acme.shop" / "1.0.0"
    folder.mkdir(parents=True)
    artifact = f"{file.partition('/')[0]}.zip" if "/" in file else file
    artifacts = "".join(f"      - URI: docker:{image}\n" for image in images)
    text = RECIPE.replace("FILE", file).replace("ARTIFACT", artifact)
    (folder / "recipe.yaml").write_text(text + artifacts)
    (folder / "component.yaml").write_text(f"kind: docker-compose\ndraft: true\n{why}")
    for name, content in {file: compose, **more}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return problems(root)


GOOD = f"""\
name: shop
x-restart: &restart {{restart: unless-stopped}}
services:
  web:
    image: {WEB}
    ports: ["8080:80"]
    depends_on: [db]
    <<: *restart
  db: {{image: "{DB}", read_only: true}}
volumes: {{data: {{}}}}
"""
BAD = f"""\
version: "3.8"
service: {{}}
services:
  web:
    image: nginx:1.27
    imagee: nginx
    network_mode: host
    privileged: true
    env_file: [web.env, {{path: ./more.env}}]
  app:
    build: .
  db:
    image: redis
    pid: host
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro", "data:/data"]
  cache: {{image: "cache:${{TAG}}"}}
  old: {{image: "{DB.replace("b" * 64, "c" * 64)}"}}
  text: hello
  nothing: {{restart: always}}
  "a b": {{extends: {{file: other.yaml, service: web}}}}
secrets:
  token: {{file: ./token.txt}}
"""


def test_what_is_in_order_is_left_alone(tmp_path: Path) -> None:
    assert shop(tmp_path, GOOD) == []


def test_every_finding_names_its_line_and_what_to_do(tmp_path: Path, golden: Golden) -> None:
    golden("golden/compose.txt", "".join(f"{each}\n" for each in shop(tmp_path, BAD)))


def test_an_image_that_no_service_uses_is_told(tmp_path: Path) -> None:
    (found,) = shop(tmp_path, f"services: {{web: {{image: '{WEB}'}}}}\n")
    assert f"is fetched by every device, and no service of compose.yaml uses it (got {DB}); remove it" in found
    assert found.startswith("catalog/com.acme.shop/1.0.0/recipe.yaml:15:9: warning: Manifests[0].Artifacts[2].URI")


@pytest.mark.parametrize("file", ["shop.yaml", "docker-compose.yml", "stack/compose.yaml", "stack/prod.yml"])
def test_a_compose_file_is_found_by_its_name_and_by_what_scripts_call(tmp_path: Path, file: str) -> None:
    found = shop(tmp_path, f"services: {{web: {{image: '{WEB}', build: .}}}}\n", images=(WEB,), file=file)
    assert len(found) == 1
    assert f"/{file}:1:" in found[0]
    assert "builds an image on the device" in found[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "compose.yaml:1:1: is empty"),
        ("services: []\n", "has no services"),
        ("services: {web: {image: 3}}\n", "is no image (got 3); write NAME@sha256:DIGEST"),
        ("services:\n  web: {image: a\n", "compose.yaml:2:8: has a { } that is not closed"),
        ("services: {web: {image: a}, web: {image: a}}\n", "is given twice"),
        ("include: [other.yaml]\nservices: {}\n", "has no services"),
    ],
)
def test_what_is_no_compose_file_is_one_clear_error(tmp_path: Path, text: str, said: str) -> None:
    found = shop(tmp_path, text, images=())
    assert len(found) == 1
    assert said in found[0]


def test_what_is_meant_is_justified_and_what_is_not_needed_is_told(tmp_path: Path) -> None:
    why = """\
justification:
  privileged-container: it resets the USB bus of the cameras
  host-namespace: it answers multicast DNS of the line
  tag-only: a registry of our own whose tags cannot be moved
"""
    compose = f"services: {{web: {{image: '{WEB}', privileged: true, network_mode: host}}}}\n"
    (found,) = shop(tmp_path, compose, images=(WEB,), why=why)
    assert "justification.tag-only excuses nothing" in found


def test_files_beside_it_come_along(tmp_path: Path) -> None:
    compose = f"services: {{web: {{image: '{WEB}', env_file: web.env}}}}\n"
    found = shop(tmp_path, compose, images=(WEB,), file="stack/compose.yaml", **{"stack/web.env": "A=1\n"})
    assert found == []


def test_the_keys_are_those_of_the_compose_specification() -> None:
    """Held against the schema that a test tool carries."""
    carried = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(carried.read_text(encoding="utf-8"))
    keys: set[str] = set()

    def collect(part: dict[str, Any]) -> None:
        keys.update(part.get("properties", ()))
        for each in part.get("allOf", ()):
            collect(each)
        if "$ref" in part:
            collect(schema["$defs"][part["$ref"].rpartition("/")[2]])

    collect(schema["$defs"]["service"])
    assert keys == SERVICE_KEYS
    assert set(schema["properties"]) == TOP_KEYS
