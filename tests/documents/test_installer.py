from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgewright.documents import installer
from tests.helpers import places
from tests.helpers.golden import Golden

SHELLCHECK = Path(sys.executable).with_name("shellcheck")


def test_the_user_data_of_twins(golden: Golden) -> None:
    golden("golden/user-data.sh", installer.user_data(places.fleet(stage_name="staging"), nucleus="2.14.3"))


def test_a_twin_begins_with_the_attributes_of_its_hardware() -> None:
    place = places.fleet(stage_name="staging")
    plain = installer.user_data(place, nucleus="2.14.3").splitlines()
    given = installer.user_data(place, nucleus="2.14.3", attributes={"accelerator": "it's $(x)"}).splitlines()
    assert [line.strip() for line in given if line not in plain] == [
        """readonly ATTRIBUTES='{"accelerator": "it'"'"'s $(x)"}'""",
        (
            """--arg alias "$ROLE_ALIAS" --arg template "$TEMPLATE" --arg serial "$serial" --arg nucleus "$NUCLEUS" """
            """--argjson attributes "$ATTRIBUTES" '{"""
        ),
        '"aws.greengrass.Nucleus": {version: $nucleus, configuration: {platformOverride: $attributes}},',
    ]


@pytest.mark.parametrize("attributes", [{}, {"accelerator": "orin"}])
def test_shellcheck_finds_nothing(attributes: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "user-data.sh"
    text = installer.user_data(places.fleet(stage_name="staging"), nucleus="2.14.3", attributes=attributes)
    script.write_text(text, encoding="utf-8")
    result = subprocess.run(
        [SHELLCHECK, "--enable=all", "--exclude=SC2250,SC2312", script], capture_output=True, text=True, check=False
    )
    assert result.stdout == ""
    assert result.returncode == 0


def test_what_the_host_needs_is_installed() -> None:
    script = installer.user_data(places.fleet(), nucleus="2.14.3")
    (line,) = [line for line in script.splitlines() if line.startswith("apt-get install")]
    assert {"default-jdk-headless", "curl", "unzip", "python3"} <= set(line.split())


def test_no_value_is_read_by_the_shell() -> None:
    """A Region comes from a manifest; were it ever anything else, it would still be one word to the shell."""
    place = places.stage(region="eu-west-1; rm -rf /").fleet("line")
    script = installer.user_data(place, nucleus="2.14.3")
    assert "readonly REGION='eu-west-1; rm -rf /'" in script
