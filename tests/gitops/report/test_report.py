"""The page: all that is known is on it, nothing on it can do anything, and it stands alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from edgewright.aws.reading import Gap
from edgewright.cli.main import main
from edgewright.gitops.events import Approved, Deployed, GateEvidence, Promoted, RolledBack, TestRecorded, written
from edgewright.gitops.git import Repository
from edgewright.gitops.ledger import Ledger
from edgewright.gitops.report import model
from edgewright.gitops.report.model import Report
from edgewright.gitops.report.page import render
from edgewright.gitops.status.model import assess
from edgewright.manifest.controls import Controls, Stop
from tests.helpers.projects import ROOT, replaced, ring_of, sample, with_fleet
from tests.helpers.readings import AT, ago, deployment, device, holding, installed, offline, reading

HOSTILE = "</td></table><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x1b[2J"
TWINS = ring_of(sample(), "line-inspection", "staging", "twins")
VERSIONS = {name: component.version for name, component in TWINS.components.items()}
MODEL = "com.acme.parts-model"
VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """What a page is made of; a tag that is not closed in order is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.text = ""
        self.headings: list[int] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data


def hostile() -> Report:
    """A report in which every word that others wrote tries to be more than a word."""
    project = with_fleet(sample(), "line-inspection", description=HOSTILE)
    stop = Stop(apiVersion="edgewright/v1", kind="Stop", reason=HOSTILE, by="ada", at="2026-03-01T09:30:00Z")  # type: ignore[call-arg]
    project = replaced(project, controls=Controls(stops={"line-inspection": stop}))
    broken = {
        **{name: installed(name, version) for name, version in VERSIONS.items()},
        MODEL: installed(MODEL, HOSTILE, "BROKEN", details=HOSTILE),
    }
    gap = Gap(what="the components", why=HOSTILE, things=(HOSTILE,))
    readings = [
        reading(
            [device(HOSTILE, health="UNHEALTHY", installed=broken), holding("twin-002", VERSIONS), offline("twin-003")],
            deployment(TWINS),
            gaps=(gap,),
        ),
        reading(
            [device("cam-001", platform=HOSTILE)],
            deployment(TWINS, release=None, owner=HOSTILE, name=HOSTILE, revision=HOSTILE, created=ago(minutes=10)),
            stage="prod",
            ring="canary",
        ),
    ]
    status = assess(project, readings, AT)
    what = {"at": "2026-03-01T09:30:00Z", "by": HOSTILE, "fleet": "line-inspection", "ring": "staging/twins"}
    release = {"release": TWINS.release}
    gates = (GateEvidence(gate="bake", met=True, told=HOSTILE), GateEvidence(gate="healthy", met=False, told="x"))
    events = [
        TestRecorded(**what, **release, name="smoke", passed=True, summary=HOSTILE, resultSha256="0" * 64),  # type: ignore[call-arg]
        Approved(**what, **release, note=HOSTILE),
        Deployed(**what, **release, deployment=HOSTILE, outcome="succeeded", told=HOSTILE),
        Promoted(
            **{**what, "ring": "prod/canary"}, **release,
            source="staging/twins", previous=TWINS.release, request=HOSTILE, gates=gates,
        ),
        RolledBack(**what, **release, restores=TWINS.release, reason=HOSTILE),
    ]  # fmt: skip
    return Report(
        organisation=HOSTILE,
        at=AT,
        source=HOSTILE,
        live=True,
        missing=(HOSTILE,),
        tiles=model.tiles(status),
        controls=model.controls(project, ["line-inspection"], AT),
        fleets=(model.fleet_view(project, project.fleets["line-inspection"], status.rings, AT),),
        history=tuple(model.from_ledger(events)),
        older=7,
        catalog=model.catalog(project),
    )


def test_nothing_that_others_wrote_becomes_more_than_text() -> None:
    """Tags, attributes and comments are those of the template, whatever devices, commits and people say."""
    text = render(hostile())
    page = Page(text)
    assert {"script", "img", "iframe", "object", "link", "form", "a"} & set(page.tags) == {"a"}
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    links = [value for tag, name, value in page.attributes if tag == "a" and name == "href"]
    assert links
    assert all(re.fullmatch(r"#[a-z0-9-]+", link) for link in links)
    assert "\x1b" not in text
    shown = page.text.count("<script>alert(1)</script>")
    assert shown > 20, "the words themselves are shown"
    assert all(link.removeprefix("#") in page.ids for link in links)


def test_the_page_stands_alone_and_says_so_to_the_browser() -> None:
    text = render(hostile())
    policy = "default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;"
    assert policy.replace("&#39;", "'") in text
    assert re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", text) is None
    assert "@import" not in text


def test_the_page_can_be_read_without_seeing_it() -> None:
    """A language, a title, one main part, headings that skip no level, named regions, cells with headers."""
    page = Page(render(hostile()))
    assert ("html", "lang", "en") in page.attributes
    assert page.tags.count("main") == page.tags.count("h1") == page.tags.count("title") == 1
    assert len(page.ids) == len(set(page.ids))
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert page.tags.count("table") == page.tags.count("thead")
    regions = [value for tag, name, value in page.attributes if tag == "div" and (name, value) == ("role", "region")]
    assert len(regions) == page.tags.count("table")


def test_what_is_known_of_rings_devices_and_history_is_there() -> None:
    text = Page(render(hostile())).text
    for expected in (
        "1 of 2",  # rings as Git says
        "not from Git",
        "bakes for 1h",
        "tests: smoke, golden-set",
        "2 of 3",  # devices with a component
        "it has not begun the deployment that is offered to it",
        "smoke passed",
        "2 gates",
        "7 older entries are not shown",
        "accuracy 0.9511",
        "AWS was not asked",  # of the ring that was not read
    ):
        assert expected in text, expected


def test_the_devices_of_a_large_ring_are_listed_as_far_as_anybody_reads() -> None:
    """Stragglers come first; the page says how many it leaves out."""
    devices = [device(f"t-{number:04}") for number in range(model.DEVICES + 50)] + [offline("z-last")]
    status = assess(sample(), [reading(devices, deployment(TWINS))], AT)
    card = model.fleet_view(sample(), sample().fleets["line-inspection"], status.rings, AT).rings[0]
    assert (len(card.devices), card.unlisted, card.devices[0].thing) == (model.DEVICES, 51, "z-last")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The sample organisation as a repository, with an event in its ledger."""
    root = tmp_path / "org"
    for name in Repository(ROOT).tracked():
        if name.startswith(("fleets/", "catalog", "edgewright.yaml", "Pulumi.")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    repository = Repository.create(root, author="Ada", email="ada@acme.example")
    repository.commit("The organisation as it is")
    approved = Approved(
        at=written(AT + timedelta(days=1)), by="grace@acme.example", fleet="line-inspection", ring="staging/twins",
        release=TWINS.release, note="looks good",
    )  # fmt: skip
    Ledger(repository).append([approved])
    return root


def test_the_verb_writes_the_page_whole_or_not_at_all(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Offline, the page is what Git and the ledger know."""
    target = tmp_path / "report.html"
    assert main(["report", "--offline", "--html", str(target), "--root", str(project)]) == 0
    text = Page(target.read_text(encoding="utf-8")).text
    assert "AWS was not asked: this is what Git says." in text
    assert "The organisation as it is" in text
    assert "looks good" in text
    assert "label-reading" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["org", "report.html"]

    assert main(["report", "line-inspection", "--offline", "--html", str(target), "--root", str(project)]) == 0
    only = Page(target.read_text(encoding="utf-8")).text
    assert "acme: line-inspection" in only
    assert "Hand-held readers" not in only

    for wrong, said in (
        (tmp_path, "is no file in a folder that is there"),
        (tmp_path / "a" / "b.html", "is no file in"),
    ):
        assert main(["report", "--offline", "--html", str(wrong), "--root", str(project)]) == 1
        assert said in capsys.readouterr().err
    assert main(["report", "nobody", "--offline", "--html", str(target), "--root", str(project)]) == 1
    assert "there is no fleet 'nobody'" in capsys.readouterr().err


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_a_browser_shows_the_page_without_running_or_cutting_anything(tmp_path: Path) -> None:
    """At the width of a phone nothing is wider than the window but what scrolls by itself; no script has run."""
    page = tmp_path / "report.html"
    # The page's own policy lets no script run, so what measures comes in a page around it.
    page.write_text(render(hostile()), encoding="utf-8")
    probe = tmp_path / "probe.html"
    probe.write_text(
        f"""<iframe id=f src="{page.as_uri()}" style="width:375px;height:900px;border:0"></iframe><script>
        f.onload = () => {{ const d = f.contentDocument, e = d.documentElement;
          document.title = JSON.stringify({{wide: e.scrollWidth, scripts: d.scripts.length, images: d.images.length,
            cards: d.querySelectorAll(".card").length, rows: d.querySelectorAll("tbody tr").length,
            title: d.title}}); document.body.append(document.title); }};
        </script>""",
        encoding="utf-8",
    )
    shown = in_browser(BROWSER or "", probe, tmp_path)
    found = json.loads(shown(r"\{&quot;wide.*?\}|\{\"wide.*?\}"))
    assert (found["scripts"], found["images"], found["cards"]) == (0, 0, 3)
    assert found["wide"] <= 375
    assert found["rows"] > 10


def in_browser(browser: str, page: Path, folder: Path) -> Callable[[str], str]:
    """Load a page in a headless browser; return a search in what the page has become."""
    done = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
            "--virtual-time-budget=4000", f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri(),
        ],
        env={**os.environ, "HOME": str(folder)}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    def search(pattern: str) -> str:
        body = done.stdout.rpartition("<script>")[2].partition("</script>")[2]
        match = re.search(pattern, body)
        assert match, done.stdout[-500:]
        return match.group().replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    return search
