from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

from edgewright.cli import main as cli
from edgewright.errors import EdgewrightError, RefusedError


def verb(monkeypatch: pytest.MonkeyPatch, outcome: object) -> None:
    def run(_args: object) -> int:
        if isinstance(outcome, BaseException):
            raise outcome
        assert isinstance(outcome, int)
        return outcome

    module = types.ModuleType("edgewright.cli.verbs.validate")
    module.HELP = "x"  # type: ignore[attr-defined]
    module.add_arguments = lambda _parser: None  # type: ignore[attr-defined]
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "edgewright.cli.verbs.validate", module)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        pytest.param(0, 0, id="fine"),
        pytest.param(EdgewrightError("the file is not there"), 1, id="user"),
        pytest.param(RefusedError("the ring is not healthy"), 2, id="refused"),
        pytest.param(KeyboardInterrupt(), 130, id="interrupted"),
        pytest.param(ZeroDivisionError("secret detail"), 3, id="bug"),
    ],
)
def test_every_outcome_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], outcome: object, code: int
) -> None:
    verb(monkeypatch, outcome)
    assert cli.main(["validate"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_leaves_its_trace_in_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    verb(monkeypatch, ZeroDivisionError("secret detail"))
    cli.main(["validate"])
    message = capsys.readouterr().err
    log = Path(message.strip().rsplit(" ", 1)[-1])
    assert "ZeroDivisionError: secret detail" in log.read_text()
    log.unlink()


@pytest.mark.parametrize("argv", [["no-such-verb"], ["validate", "--no-such-option"]])
def test_wrong_words_are_the_users_to_fix(monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    verb(monkeypatch, 0)
    with pytest.raises(SystemExit) as left:
        cli.main(argv)
    assert left.value.code == 1


def test_the_overview_imports_nothing_heavy() -> None:
    """Start-up under 0.3 s rests on this: the heavy packages wait for a verb that needs them."""
    script = (
        "import sys, edgewright.cli.main as m; m.main([]);"
        "heavy = {'pydantic', 'boto3', 'botocore', 'pulumi', 'moto', 'yaml', 'ruamel'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "validate" in result.stdout
