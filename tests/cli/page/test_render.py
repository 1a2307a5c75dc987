"""The page's text: complete in itself, of pinned parts, and no name in a history can break out of its data."""

import hashlib
import json
import os
import re
import stat
from datetime import timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.cli.page.histories import NOW, history
from tests.prompt.audits import AUDIT
from tests.prompt.audits import line as audited

from trimtab import prices
from trimtab.cli.page import History, PageData, Pricing, build, page, render, write
from trimtab.errors import TrimtabError
from trimtab.records import Alert, Arrival, Factor, Fold, Load, Request, Tier

PRICING = Pricing(prices.relative, prices.usd, prices.input_usd)
HOSTILE = (
    "</script><script>alert(1)</script>", "<!--<script>", "]]>", "\u2028\u2029", "@data@", "@scripts@",
    "\\u003c/script>", "'\"`${alert(1)}", "&lt;b&gt;", "\x00\x1b[31m", "\ud800", "a" * 5_000,
    "<img src=x onerror=alert(1)>", "javascript:alert(1)",
)  # fmt: skip


def made(found: History) -> PageData:
    return build(found, PRICING, lambda model, tool: Factor(1.2, True), NOW, timezone.utc, scope=HOSTILE[0])


def hostile() -> History:
    """One session for each hostile name, which is its id, project, model, agent type, file, tool and alert."""
    requests, loads, arrivals, alerts = [], [], [], []
    for number, name in enumerate(HOSTILE):
        at = NOW - 9_000 + 600 * number
        requests += [
            Request(name, "", f"{number}{turn}", at + 60 * turn, name, 5, 900, 0, 20_000 + 900 * turn, 80, name)
            for turn in range(6)
        ]
        requests.append(Request(name, name, f"{number}a", at + 30, name, 5, 900, 0, 9_000, 80, name, name))
        view = (Fold(1, 90, (name,)),)
        loads.append(
            Load(name, "", f"t{number}", at + 70, name, name, name, Tier.STANDARD, name, 9_000, 900, True, view, True)
        )
        arrivals.append(Arrival(name, "", f"t{number}", at + 70, "result", name, name, 2_600))
        alerts.append((name, Alert(number, name, name, name, at, False)))
    lines = tuple(audited("memory", name, 100 + number, name, path=name) for number, name in enumerate(HOSTILE))
    audit = AUDIT._replace(
        project=HOSTILE[0], sent=AUDIT.sent._replace(client=HOSTILE[1], model=HOSTILE[2]), lines=lines
    )
    return History(requests, arrivals, loads, alerts=alerts, audits=[audit])


class Elements(HTMLParser):
    """The elements of a page, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)


def test_the_vendored_library_is_the_one_that_its_readme_names() -> None:
    pinned = {
        "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
        "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
        "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    }
    folder = render.FOLDER / "uplot"
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in pinned} == pinned
    assert "(v1.6.32)" in (folder / "uPlot.iife.min.js").read_text(encoding="utf-8")[:80]
    assert "uplot@1.6.32" in (folder / "README.md").read_text(encoding="utf-8")
    assert {file.name for file in folder.iterdir()} == {*pinned, "README.md"}


def test_the_page_names_no_outside_resource() -> None:
    text = page(made(history(1, 5)))
    elements = Elements(text)
    assert {tag for tag, _ in elements.tags} & {"link", "img", "iframe", "object", "embed", "base", "audio"} == set()
    for tag, attributes in elements.tags:
        assert not {"src", "srcset", "action", "background", "data"} & set(attributes), (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#")
    styles = "\n".join((render.FOLDER / name).read_text(encoding="utf-8") for name in render.STYLES)
    assert "url(" not in styles
    assert "@import" not in styles
    policy = next(attributes["content"] for tag, attributes in elements.tags if "http-equiv" in attributes)
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy.partition("script-src")[2]


def test_every_script_is_allowed_by_its_hash_and_can_not_end_early() -> None:
    text = page(made(history(1, 5)))
    for name in render.SCRIPTS:
        script = (render.FOLDER / name).read_text(encoding="utf-8")
        assert "</" not in script or name == render.UPLOT
        assert "</script" not in script.lower()
        assert render.hashed(script) in text
        assert f"<script>{script}</script>" in text
    ours = "".join((render.FOLDER / name).read_text(encoding="utf-8") for name in render.SCRIPTS[1:])
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|fetch\(|XMLHttp|import\(", ours
    )


def test_hostile_names_stay_data() -> None:
    plain, text = page(made(history(1, 5))), page(made(hostile()))
    assert [tag for tag, _ in Elements(text).tags] == [tag for tag, _ in Elements(plain).tags]
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert data is not None
    assert not set("<>&\u2028\u2029") & set(data[1])
    document = json.loads(data[1])
    wanted = {name.replace("\ud800", "?") for name in HOSTILE}
    assert set(document["names"]["project"]) == set(document["names"]["model"]) == wanted
    assert document["scope"] == HOSTILE[0]
    assert {row[6] for row in document["loads"]} == set(HOSTILE)


def test_the_json_has_the_data_s_sums() -> None:
    found = history(2, 15)
    document = json.loads(render.as_json(made(found)))
    for place, field in zip(range(6, 11), range(5, 10), strict=True):
        assert sum(row[place] for row in document["spend"]) == sum(request[field] for request in found.requests)  # type: ignore[misc]
    micro = sum(sum(row[13:]) for row in document["spend"])
    assert micro / 1e6 == pytest.approx(sum(prices.usd(request) or 0 for request in found.requests), abs=0.001)


@pytest.mark.slow
def test_a_year_stays_under_three_megabytes() -> None:
    found = history(4, 365, 12.0)
    assert len(found.requests) > 100_000
    assert len(page(made(found)).encode()) < 3_000_000


def test_an_empty_history_is_a_page_too() -> None:
    assert "Trimtab report" in page(made(History([])))


def test_write_replaces_the_file_and_tells_its_size(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")
    size = write(file, made(history(1, 3)))
    assert file.stat().st_size == size > 100_000
    assert [one.name for one in tmp_path.iterdir() if one.name != "home"] == ["report.html"]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_write_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "report.html"
    link.symlink_to(tmp_path / "there" / "page.html")
    write(link, made(History([])))
    assert link.is_symlink()
    assert (tmp_path / "there" / "page.html").is_file()


@pytest.mark.parametrize("place", ["missing/report.html", "taken"])
def test_a_file_that_can_not_be_written_is_named_and_leaves_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "taken").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TrimtabError, match=re.escape(str(tmp_path / place))) as caught:
        write(tmp_path / place, made(History([])))
    assert "may be written to" in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
