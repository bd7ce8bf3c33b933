"""The pre-provisioning hook, tested as the code that AWS runs."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SOURCE = Path(__file__).parents[2] / "components/functions/pre_provisioning_hook/index.py"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def hook(tmp_path: Path) -> ModuleType:
    """The function as it is packed: the code, and the list of the fleet beside it."""
    shutil.copy(SOURCE, tmp_path / "index.py")
    (tmp_path / "devices.json").write_text(json.dumps({"SN-0001": "main", "SN-0002": "canary"}))
    spec = importlib.util.spec_from_file_location("index_of_hook", tmp_path / "index.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ask(hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Ask:
    def answer(serial: Any = None, *, has: tuple[str, ...] = (), **parameters: str) -> dict[str, Any]:
        monkeypatch.setattr(hook, "certificates", lambda _: list(has))
        if serial is not None:
            parameters["SerialNumber"] = serial
        result: dict[str, Any] = hook.handler({"claimCertificateId": "c", "parameters": parameters}, None)
        return result

    return answer


def test_a_device_on_the_list_is_let_into_its_ring(ask: Ask) -> None:
    assert ask("SN-0002") == {"allowProvisioning": True, "parameterOverrides": {"Ring": "canary"}}


def test_the_list_decides_the_ring_whatever_the_device_asks_for(ask: Ask) -> None:
    assert ask("SN-0001", Ring="canary")["parameterOverrides"] == {"Ring": "main"}


@pytest.mark.parametrize(
    "serial", ["SN-9999", "sn-0001", "SN-0001 ", "", None, "../SN-0001", "SN-0001\n", "__proto__", "x" * 100_000]
)
def test_whoever_is_not_on_the_list_is_refused(ask: Ask, serial: str | None) -> None:
    assert ask(serial) == {"allowProvisioning": False}


def test_a_device_that_has_a_certificate_is_not_let_in_a_second_time(ask: Ask) -> None:
    """The claim certificate is on every device: with it and a serial number anybody could become any device."""
    assert ask("SN-0001", has=("arn:aws:iot:eu-west-1:1:cert/a",)) == {"allowProvisioning": False}


def test_why_a_device_was_refused_is_in_the_log_and_not_in_the_answer(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("SN-9999") == {"allowProvisioning": False}
    assert json.loads(capsys.readouterr().out) == {"refused": "SN-9999", "why": "is not on the list of the fleet"}


def test_an_event_without_parameters_is_refused(hook: ModuleType) -> None:
    assert hook.handler({}, None) == {"allowProvisioning": False}
    assert hook.handler({"parameters": None}, None) == {"allowProvisioning": False}
