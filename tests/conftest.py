"""Fixtures that every test gets: no real AWS from any test, and golden files that change only when asked."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.helpers.order import in_shares

# A machine that is busy with other tests is no finding: what an example took is not judged.
settings.register_profile("edgewright", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("edgewright")

Golden = Callable[[str, str], None]

# Tests start Python a thousand times: each start would compile all of the checkout again (the Makefile has it too).
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

pytest_plugins = ["edgewright.sandbox.pytest_plugin"]  # the fixtures `sandbox` and `sandboxes`


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        default=False,
        help="rewrite golden files with what the code says now; read the diff before it is committed",
    )


@pytest.hookimpl(trylast=True)  # what is deselected is gone by then
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each of several workers begin with long tests; one alone keeps the order in which things are read."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = in_shares(items, workers)


@pytest.fixture(autouse=True)
def hermetic_aws(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test inherits credentials, a profile, a Region or an endpoint from the person who runs it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    nowhere = tmp_path_factory.getbasetemp() / "no-aws-configuration"
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    opened = sys.modules.get("edgewright.aws.session")
    if opened is not None:
        opened.session.cache_clear()  # or a test would go on with the credentials of the one before


@pytest.fixture(autouse=True)
def no_event_loop_is_left() -> Iterator[None]:
    """Pulumi opens a loop where there is none and leaves it open; it would be told of in whatever test comes next."""
    yield
    local = getattr(asyncio.get_event_loop_policy(), "_local", None)
    loop = getattr(local, "_loop", None)
    if loop is not None and not loop.is_running():
        loop.close()
        asyncio.set_event_loop(None)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with a golden file beside the test: ``golden("golden/policy.json", text)``."""
    update = bool(request.config.getoption("--update-golden"))

    def check(relative: str, text: str) -> None:
        path = request.path.parent / relative
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
            return
        if not path.is_file():
            pytest.fail(
                f"the golden file {relative} is missing; run pytest with --update-golden and read what it wrote"
            )
        expected = path.read_bytes().decode("utf-8")
        assert text == expected, f"{relative} no longer says this; --update-golden rewrites it"

    return check


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout that the tests belong to."""
    return Path(__file__).resolve().parent.parent
