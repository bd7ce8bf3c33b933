from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.errors import EdgewrightError
from edgewright.gitops.edit import copy_release, set_component, with_release

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
    copy_release(stage, "twins", other, "main")
    assert "interpolateComponentConfiguration" in other.read_text()
    copy_release(stage, "lab", other, "main")
    assert (
        other.read_text() == 'rings:\n  - name: main\n    components:\n      com.acme.parts-model: {version: "0.9.0"}\n'
    )
    copy_release(other, "main", stage, "lab")
    assert stage.read_text() == before


PROD = """\
rings:
  - name: canary
    # approved by the plant
    components:
      aws.greengrass.Nucleus: {version: "2.14.3"}   # restarts devices
      # the model, see the card
      com.acme.model:
        version: "1.0.0" # the version
        config: # of the model
          # tuned on site
          threshold: 0.5
          labels: [a, b]
      com.acme.old: {version: "1.0.0"} # goes
      com.acme.app: {version: "1.0.0", config: {names: ["x"], size: 3}}
    wait: {for: 30m}   # after
  - name: main
    components: {com.acme.app: {version: "1.0.0"}}
"""
STAGING = """\
rings:
  - name: twins
    components:
      com.acme.first: {version: "1.0.0"}    # a comment of staging
      com.acme.app: {version: "1.1.0", config: {names: ["x"], size: 3}}
      com.acme.model:
        version: "1.1.0"
        config:
          threshold: 0.5
          labels: [a, b, c]
          text: |
            two
              lines
      com.acme.new:
        version: "1.0.0"
        config: {a: 1}
      aws.greengrass.Nucleus: {version: "2.14.3"}
"""
PROMOTED = """\
rings:
  - name: canary
    # approved by the plant
    components:
      com.acme.first: {version: "1.0.0"}
      aws.greengrass.Nucleus: {version: "2.14.3"}   # restarts devices
      # the model, see the card
      com.acme.model:
        version: "1.1.0" # the version
        config: # of the model
          # tuned on site
          threshold: 0.5
          labels: [a, b, c]
          text: |
            two
              lines
      com.acme.new:
        version: "1.0.0"
        config: {a: 1}
      com.acme.app: {version: "1.1.0", config: {names: ["x"], size: 3}}
    wait: {for: 30m}   # after
  - name: main
    components: {com.acme.app: {version: "1.0.0"}}
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_only_what_differs_gets_other_bytes(newline: str, mark: str) -> None:
    """Comments, order, spacing, line ends and what another file has before its text stay."""
    before = mark + PROD.replace("\n", newline)
    assert with_release(before, "canary", STAGING, "twins") == mark + PROMOTED.replace("\n", newline)


def test_the_line_ends_of_the_source_do_not_come_along() -> None:
    assert with_release(PROD, "canary", STAGING.replace("\n", "\r\n"), "twins") == PROMOTED


def test_a_release_that_is_there_already_changes_nothing() -> None:
    assert with_release(PROMOTED, "canary", STAGING, "twins") == PROMOTED


def test_a_ring_that_had_another_rings_release_by_alias_gets_its_own(stage: Path) -> None:
    """The ring that the alias led to keeps its bytes."""
    shared = STAGE.replace(
        'components:\n      com.acme.parts-model: {version: "0.9.0"}', "components: *release  # same"
    )
    changed = with_release(shared, "lab", PROD, "main")
    wanted = 'components:\n      com.acme.app: {version: "1.0.0"}  # same'
    assert changed == shared.replace("components: *release  # same", wanted)


def test_a_file_without_a_last_line_end_gets_a_component_on_a_line_of_its_own() -> None:
    text = 'rings:\n  - name: a\n    components:\n      x: {version: "1.0.0"}'
    source = 'rings:\n  - name: b\n    components:\n      x: {version: "1.0.0"}\n      y: {version: "1.0.0"}\n'
    assert with_release(text, "a", source, "b") == text + '\n      y: {version: "1.0.0"}'


_SCALARS = st.sampled_from(['"1.0.0"', "0.5", "true", "[a, b]", "{}", "null", '"x: #y"'])


@st.composite
def _releases(draw: st.DrawFn) -> str:
    """A stage file with one ring whose release is written in any of the styles that people mix."""
    lines = ["rings:", "  - name: ring  # a comment", "    components:  # what runs"]
    for name in draw(st.permutations(["a.a", "b.b", "c.c", "d.d"]))[: draw(st.integers(1, 4))]:
        if draw(st.booleans()):
            lines.append(f"      # about {name}")
        config = {key: draw(_SCALARS) for key in draw(st.sets(st.sampled_from("xyz"), max_size=3))}
        flow = ", ".join(f"{key}: {value}" for key, value in config.items())
        version = draw(st.sampled_from(['"1.0.0"', '"2.0.0"']))
        if draw(st.booleans()):
            lines.append(f"      {name}: {{version: {version}, config: {{{flow}}}}}  # end")
        elif config and draw(st.booleans()):
            lines += [f"      {name}:", f"        version: {version}", "        config:"]
            lines += [f"          {key}: {value} # {key}" for key, value in config.items()]
        else:
            lines += [f"      {name}:", f"        config: {{{flow}}}", f"        version: {version}"]
    return "\n".join([*lines, "    wait: {for: 30m}", "  # the end", ""])


@settings(max_examples=60, deadline=None)
@given(_releases(), _releases())
def test_every_release_can_be_carried_over_every_other(old: str, new: str) -> None:
    """The result says what the source says (else it is refused), and what is not the release keeps its bytes."""
    changed = with_release(old, "ring", new, "ring")
    assert with_release(changed, "ring", new, "ring") == changed
    assert changed.startswith("rings:\n  - name: ring  # a comment\n    components:  # what runs\n")
    assert changed.endswith("    wait: {for: 30m}\n  # the end\n")
