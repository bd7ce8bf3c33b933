from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.errors import EdgewrightError
from edgewright.gitops.edit import copy_release, set_component

STAGE = """\
# yaml-language-server: $schema=../stage.schema.json
apiVersion: edgewright/v1   # the format
kind: FleetStage
rings:
  - name: twins
    components: &release # what runs
      aws.greengrass.Nucleus: {version: "2.14.3", config: {interpolateComponentConfiguration: true}}
      # the model
      com.acme.parts-model: {version: "1.0.0"}
    wait: {for: 30m, succeeded: 95%}
  - name: lab
    components:
      com.acme.parts-model: {version: "0.9.0"}
    onFailure: stop # people watch
"""


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    file = tmp_path / "staging.yaml"
    file.write_text(STAGE)
    return file


def test_setting_a_version_changes_one_line(stage: Path) -> None:
    set_component(stage, "twins", "com.acme.parts-model", version="1.10.0")
    assert stage.read_text() == STAGE.replace('"1.0.0"', '"1.10.0"')


def test_adding_configuration_keeps_what_is_there(stage: Path) -> None:
    set_component(stage, "twins", "aws.greengrass.Nucleus", config={"jvmOptions": "-Xmx64m"})
    assert 'config: {interpolateComponentConfiguration: true, jvmOptions: "-Xmx64m"}}' in stage.read_text()
    set_component(stage, "twins", "com.acme.parts-model", config={"threshold": 0.8})
    assert 'parts-model: {version: "1.0.0", config: {threshold: 0.8}}' in stage.read_text()


def test_copying_a_release_touches_only_the_components_of_the_target(stage: Path) -> None:
    copy_release(stage, "twins", stage, "lab")
    head, lab = stage.read_text().split("  - name: lab\n")
    assert head == STAGE.split("  - name: lab\n", maxsplit=1)[0]
    assert lab == (
        "    components:\n"
        '      aws.greengrass.Nucleus: {version: "2.14.3", config: {interpolateComponentConfiguration: true}}\n'
        "      # the model\n"
        '      com.acme.parts-model: {version: "1.0.0"}\n'
        "    onFailure: stop # people watch\n"
    )


def test_a_ring_that_is_not_there_is_named_with_those_that_are(stage: Path) -> None:
    with pytest.raises(EdgewrightError, match="there is no ring 'canary'; there are twins, lab"):
        copy_release(stage, "canary", stage, "lab")
    assert stage.read_text() == STAGE


def test_a_component_that_is_not_there_is_named(stage: Path) -> None:
    with pytest.raises(EdgewrightError, match="ring 'lab' has no component 'x'"):
        set_component(stage, "lab", "x", version="1.0.0")


def test_a_release_that_two_rings_share_is_not_edited(stage: Path) -> None:
    shared = STAGE.replace('components:\n      com.acme.parts-model: {version: "0.9.0"}', "components: *release")
    stage.write_text(shared)
    with pytest.raises(EdgewrightError, match="shared with another ring by a YAML alias"):
        set_component(stage, "twins", "com.acme.parts-model", version="2.0.0")
    assert stage.read_text() == shared


def test_block_style_is_kept(stage: Path) -> None:
    stage.write_text(
        "rings:\n"
        "- name: twins\n"
        "  components:\n"
        "    a.b:\n"
        '      version: "1.0.0"  # why\n'
        "      config:\n"
        "        threshold: 0.5 # low\n"
        "\n"
        "    # the last\n"
        '    c.d: {version: "1.0.0", config: {}}\n'
        "  # after\n"
    )
    set_component(stage, "twins", "a.b", version="1.1.0", config={"threshold": 0.8, "names": ["x"]})
    set_component(stage, "twins", "c.d", config={"é key": None})
    assert stage.read_text() == (
        "rings:\n"
        "- name: twins\n"
        "  components:\n"
        "    a.b:\n"
        '      version: "1.1.0"  # why\n'
        "      config:\n"
        "        threshold: 0.8 # low\n"
        '        names: ["x"]\n'
        "\n"
        "    # the last\n"
        '    c.d: {version: "1.0.0", config: {"é key": null}}\n'
        "  # after\n"
    )


def test_a_release_goes_to_another_file_and_back_without_a_trace(stage: Path, tmp_path: Path) -> None:
    other = tmp_path / "prod.yaml"
    other.write_text('rings:\n  - name: main\n    components: {com.acme.parts-model: {version: "0.9.0"}}\n')
    before = stage.read_text()
    copy_release(stage, "lab", other, "main")
    assert (
        other.read_text() == 'rings:\n  - name: main\n    components:\n      com.acme.parts-model: {version: "0.9.0"}\n'
    )
    copy_release(other, "main", stage, "lab")
    assert stage.read_text() == before
