from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "setup.py"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module whose checkout is an empty folder."""
    spec = importlib.util.spec_from_file_location("edgewright_setup", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path / "check out"
    for name in module.GO_FILES:
        file = root / "tools" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (root / ".tools").mkdir()
    monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(module, "TOOLS", root / ".tools")
    monkeypatch.setattr(module, "BIN", root / ".tools" / "bin")
    monkeypatch.setattr(module, "VENV", root / ".venv")
    return module


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def unreachable(*_args: object, **_options: object) -> object:
    message = "no route to host"
    raise OSError(message)


def test_a_recent_pulumi_on_path_is_used(setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "pulumi", "echo v3.300.1")
    program(tmp_path / "bin", "pulumi-language-python", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin:/bin")
    assert setup.pulumi_cli() == f"3.300.1 from PATH ({tmp_path / 'bin' / 'pulumi'})"


def test_an_old_pulumi_without_installer_and_go_is_told_what_to_install(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "pulumi", "echo v3.10.0")
    program(tmp_path / "bin", "pulumi-language-python", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(setup.urllib.request, "urlopen", unreachable)
    with pytest.raises(setup.SetupError, match=r"install Pulumi >= 3\.200\.0 or Go >= 1\.26"):
        setup.pulumi_cli()


def test_what_set_up_made_is_not_taken_for_the_users(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    program(setup.BIN, "pulumi", "echo v3.300.0")
    monkeypatch.setenv("PATH", f"{setup.BIN}{os.pathsep}{setup.VENV / 'bin'}{os.pathsep}/usr/bin")
    assert setup.path_without_tools() == "/usr/bin"


def test_a_built_cli_is_not_built_twice(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    built: list[str] = []

    def build() -> str:
        built.append("once")
        program(setup.BIN, "pulumi", "echo v3.259.0")
        return "3.259.0, built from its Go modules"

    monkeypatch.setattr(setup, "install_cli", lambda: None)
    monkeypatch.setattr(setup, "build_cli", build)
    first, second = setup.pulumi_cli(), setup.pulumi_cli()
    assert (first, second, built) == (second, "3.259.0, built from its Go modules", ["once"])
    (setup.ROOT / "tools" / "pulumi" / "go.sum").write_text("other sums")
    setup.pulumi_cli()
    assert built == ["once", "once"]


def test_the_aws_plugin_on_path_goes_before_the_stand_in(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = program(tmp_path / "official", "pulumi-resource-aws", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'official'}{os.pathsep}/usr/bin:/bin")
    assert setup.aws_plugin() == f"from PATH ({plugin})"


def test_a_stand_in_on_path_is_not_an_installed_plugin(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that evaluated `sandbox env` has it there."""
    program(tmp_path / "plugins" / "aws-standin", "pulumi-resource-aws", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'plugins' / 'aws-standin'}{os.pathsep}/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    (setup.TOOLS / "aws-plugin.unreachable").touch()
    assert "stand-in" in setup.aws_plugin()


def test_a_cli_that_was_built_outlives_a_shell_with_another_one(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(setup, "install_cli", lambda: None)

    def build() -> str:
        program(setup.BIN, "pulumi", "echo v3.259.0")
        return "3.259.0, built"

    monkeypatch.setattr(setup, "build_cli", build)
    setup.pulumi_cli()
    program(tmp_path / "bin", "pulumi", "echo v3.300.0")
    program(tmp_path / "bin", "pulumi-language-python", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin:/bin")
    assert setup.pulumi_cli() == "3.259.0, built"
    assert (setup.BIN / "pulumi").exists()


def test_an_unreachable_plugin_is_asked_for_once_a_day(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    program(setup.BIN, "pulumi", f'echo "$@" >> "{asked}"; exit 1')
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "stand-in" in setup.aws_plugin()
    assert "stand-in" in setup.aws_plugin()
    assert asked.read_text() == "plugin install resource aws 7.51.1\n"


def test_a_failed_step_shows_the_end_of_its_output(setup: ModuleType) -> None:
    with pytest.raises(setup.SetupError, match=r"trying failed \(exit code 3\):\n  the reason"):
        setup.run("trying", ["sh", "-c", "echo the reason; exit 3"])
