"""The page in a headless Chromium: what it shows equals its data, nothing goes wrong, everybody can use it.

Skipped where there is no chromium with its driver (Debian: `apt-get install chromium chromium-driver`) or no selenium.
"""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import timezone
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.cli.page.histories import NOW, PROJECTS, UNPRICED, history
from tests.cli.page.test_render import HOSTILE, hostile, made

from trimtab import prices
from trimtab.cli.page import History, PageData, Pricing, build, write
from trimtab.records import Factor, Request

pytest.importorskip("selenium", reason="selenium is not installed")
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium with a chromedriver on PATH")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1200,900",
)  # fmt: skip
CLASSES = (5, 6, 7, 8, 9)  # of a Request
LEAST_CONTRAST = 4.5  # WCAG 2.2, level AA, of text

# Every text that can be seen: its colour, and the colours of what is under it, down to the first that is opaque.
TEXTS = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
  if (!text || /^(SCRIPT|STYLE|NOSCRIPT|OPTION)$/.test(element.tagName) || !element.checkVisibility()) continue;
  if (element.closest(".hidden, .skip")) continue;
  const grounds = [];
  for (let at = element; at; at = at.parentElement) grounds.push(getComputedStyle(at).backgroundColor);
  found.push([text.slice(0, 40), getComputedStyle(element).color, grounds]);
}
return found;
"""
CONTROLS = """
return [...document.querySelectorAll("a[href], button, select, input, summary, [tabindex='0']")]
  .filter((one) => one.checkVisibility() && !(one.type === "radio" && !one.checked))
  .map((one, place) => one.dataset.place = String(place));
"""


def number(cell: str) -> int:
    return int(cell.replace(",", "").replace("−", "-"))


class Screen(NamedTuple):
    """A browser with the page of `found` in it, and what that page was made of."""

    driver: webdriver.Chrome
    found: History
    data: PageData
    file: Path

    def text(self, selector: str) -> str:
        return str(self.driver.execute_script("return document.querySelector(arguments[0]).innerText", selector))

    def choose(self, name: str, value: str) -> None:
        """Sets a filter as a user does."""
        self.driver.execute_script(
            "const one = document.querySelector(`#filters [name=${arguments[0]}]`); one.value = arguments[1];"
            "one.dispatchEvent(new Event('change', {bubbles: true}))",
            name, value,
        )  # fmt: skip

    def option(self, name: str, title: str) -> str:
        """The value of the filter's choice whose title or label is `title`."""
        return str(
            self.driver.execute_script(
                "return [...document.querySelectorAll(`#filters [name=${arguments[0]}] option`)]"
                ".find((one) => one.title === arguments[1] || one.textContent === arguments[1]).value",
                name, title,
            )
        )  # fmt: skip

    def reset(self) -> None:
        self.click("#filters [type=reset]")

    def class_tokens(self) -> list[int]:
        """The tokens of the five classes as the table under the chart says them."""
        return [number(cell) for cell in self.cells("#spend .totals", 1)[:5]]

    def cells(self, table: str, column: int) -> list[str]:
        """The texts of a table's column."""
        found = self.driver.execute_script(
            "return [...document.querySelectorAll(`${arguments[0]} tbody tr`)]"
            ".map((row) => row.cells[arguments[1]].innerText)",
            table, column,
        )  # fmt: skip
        return [str(cell) for cell in found]

    def click(self, selector: str) -> None:
        """On all that there are, wherever they have been scrolled to."""
        script = "document.querySelectorAll(arguments[0]).forEach((one) => one.click())"
        self.driver.execute_script(script, selector)

    def problems(self) -> list[str]:
        """What the console said, and every request but the page itself."""
        said = [str(line) for line in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
        for line in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]
            message = json.loads(line["message"])["message"]
            asked = message["method"] == "Network.requestWillBeSent"
            if asked and message["params"]["documentURL"].startswith("file:"):  # the browser's own first page asks too
                url = message["params"]["request"]["url"]
                ours = url.startswith("file://") and url.endswith(".html")
                said += [] if ours or url.startswith("data:") else [url]  # the browser's own icons are data
        return said


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield started
    started.quit()


def opened(driver: webdriver.Chrome, file: Path, found: History, data: PageData) -> Screen:
    write(file, data)
    driver.get(file.as_uri())
    return Screen(driver, found, data, file)


@pytest.fixture(scope="module")
def loaded(driver: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory) -> Screen:
    found = history(7, 45)
    pricing = Pricing(prices.relative, prices.usd, prices.input_usd)
    data = build(found, pricing, lambda model, tool: Factor(1.2, True), NOW, timezone.utc, scope="All projects")
    return opened(driver, tmp_path_factory.mktemp("page") / "page.html", found, data)


@pytest.fixture
def screen(loaded: Screen) -> Iterator[Screen]:
    """The page of 45 days, as it is when it is opened, on a wide light screen."""
    view(loaded, 1200, "light")
    loaded.driver.get(loaded.file.as_uri())
    yield loaded
    assert loaded.problems() == []


def view(screen: Screen, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    screen.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def summed(requests: Iterator[Request] | list[Request]) -> list[int]:
    rows = list(requests)
    return [sum(int(request[place]) for request in rows) for place in CLASSES]


def test_the_totals_are_the_requests(screen: Screen) -> None:
    assert screen.class_tokens() == summed(list(screen.found.requests))
    usd = sum(prices.usd(request) or 0 for request in screen.found.requests)
    assert screen.text("#spend .totals tfoot td:nth-of-type(3)") == f"${usd:,.2f}"
    unpriced = sum(request.model == UNPRICED for request in screen.found.requests)
    assert f"{unpriced} requests without a known price" in screen.text("#tiles")
    assert f"{len(screen.found.requests):,} requests" in screen.text("#tiles")


def test_every_chart_is_drawn(screen: Screen) -> None:
    """Each canvas has many pixels in a colour that only its bars have."""
    for chart, colour in (("spend", "read"), ("context", "standing"), ("savings", "saved")):
        filled = screen.driver.execute_script(
            """
            const probe = document.body.appendChild(document.createElement("i"));
            probe.style.color = `var(--${arguments[1]})`;
            const wanted = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number);
            const canvas = document.querySelector(`#${arguments[0]}-chart canvas`);
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4) count += wanted.every((one, place) => data[at + place] === one);
            return count;
            """,
            chart, colour,
        )  # fmt: skip
        assert filled > 1_000, chart


def test_a_project_narrows_all_parts(screen: Screen) -> None:
    screen.choose("project", screen.option("project", PROJECTS[2]))
    wanted = [request for request in screen.found.requests if request.project == PROJECTS[2]]
    assert screen.class_tokens() == summed(wanted) != summed(list(screen.found.requests))
    assert f"{len(wanted):,} requests" in screen.text("#tiles")
    rows = [row for row in screen.data.savings if row.project == PROJECTS[2]]
    assert f"{sum(row.net_tokens for row in rows):,}" in screen.text("#savings .flow")
    assert "harbour" not in screen.text("#split") + screen.text("#context") + screen.text("#budgets")
    assert "November, all projects" in screen.text("#budgets")
    assert "84 %" not in screen.text("#alerts")  # the alert of another project
    assert "6 times its usual tokens" in screen.text("#alerts")
    loads = [load for load in screen.data.loads if load.project == PROJECTS[2]]
    assert f"Show all {len(loads)} loads" in screen.text("#loads")
    screen.reset()
    assert screen.class_tokens() == summed(list(screen.found.requests))


def test_an_alert_that_is_gone_is_not_open(screen: Screen) -> None:
    """Of four one was acknowledged, one cleared."""
    assert "Open alerts\n\n2\n" in screen.text("#tiles")
    lines = screen.text("#alerts").splitlines()
    assert lines.count("warning · gone by now") == 1
    assert lines.count("info · acknowledged") == 1


def test_a_model_narrows_all_parts(screen: Screen) -> None:
    screen.choose("model", screen.option("model", "claude-sonnet-5-5"))
    wanted = [request for request in screen.found.requests if request.model == "claude-sonnet-5-5"]
    assert screen.class_tokens() == summed(wanted)
    rows = [row for row in screen.data.savings if row.model == "claude-sonnet-5-5"]
    assert f"{sum(row.net_tokens for row in rows):,}" in screen.text("#savings .flow")
    loads = [load for load in screen.data.loads if load.model == "claude-sonnet-5-5"]
    assert f"Show all {len(loads)} loads" in screen.text("#loads")


def test_a_model_without_a_price_says_so(screen: Screen) -> None:
    screen.choose("model", screen.option("model", UNPRICED))
    assert "no price" in screen.text("#tiles")
    assert "$0" not in screen.text("#tiles")
    assert "no price" in screen.text("#loads table")
    assert screen.class_tokens() == summed(request for request in screen.found.requests if request.model == UNPRICED)


@pytest.mark.parametrize(("first", "last"), [("2026-10-20", ""), ("2026-10-20", "2026-11-02"), ("", "2026-10-25")])
def test_a_time_range_narrows_all_parts(first: str, last: str, screen: Screen) -> None:
    screen.choose("from", first)
    screen.choose("to", last)
    epoch = 20_381 * 86_400  # 2025-10-20: days are counted by hand from there
    begin = epoch + 365 * 86_400 if first else 0
    end = epoch + (365 + 14) * 86_400 if last == "2026-11-02" else epoch + (365 + 6) * 86_400 if last else 2 * NOW
    wanted = [request for request in screen.found.requests if begin <= request.at < end]
    assert 0 < len(wanted) < len(screen.found.requests)
    assert screen.class_tokens() == summed(wanted)
    rows = [row for row in screen.data.savings if begin <= row.day * 86_400 < end]
    assert f"{sum(row.net_tokens for row in rows):,}" in screen.text("#savings .flow")
    assert ("41 %" in screen.text("#alerts")) == (not last)


def test_messages_are_summed_by_pair_of_groups(screen: Screen) -> None:
    """A pair is shown twice or lost, a figure is another's, or a filter leaves this part as it was."""
    for project in ("", PROJECTS[0]):
        screen.choose("project", screen.option("project", project) if project else "")
        rows = [row for row in screen.data.mail if project in ("", row.project)]
        names = screen.cells("#mail table", 0)
        assert sorted(names) == sorted({f"{row.sender} → {row.receiver}" for row in rows})
        back = names.index("1 Strategic Analysis → main")
        wanted = [row for row in rows if (row.sender, row.receiver) == ("1 Strategic Analysis", "main")]
        columns = ("messages", "before_tokens", "after_tokens", "fetched_tokens", "added_tokens", "net_tokens")
        shown = [number(screen.cells("#mail table", place)[back]) for place in range(1, 7)]
        assert shown == [sum(getattr(row, name) for row in wanted) for name in columns]
        net = sum(row.net_tokens for row in rows)
        assert number(screen.text("#mail tfoot td:nth-of-type(6)")) == net > 0
    screen.choose("from", "2026-11-20")
    count = sum(row.messages for row in screen.data.mail if row.project == PROJECTS[0] and row.day >= 20_777)
    assert number(screen.text("#mail tfoot td:nth-of-type(1)")) == count


def test_what_sessions_begin_with(screen: Screen) -> None:
    """Another project's audit is shown, its parts do not add up, or what is not known is called never used."""
    text = screen.text("#standing")
    assert "/home/sam/code/harbour: about 4,171 tokens of claude-opus-5-5 (an estimate; 24 Nov 2026" in text
    assert "1,204 requests of 12 sessions" in text
    assert "Never used: 2,033 tokens, $4.30." in text
    assert "1 other project has an audit" in text
    groups = dict(zip(screen.cells("#standing .groups", 0), screen.cells("#standing .groups", 2), strict=True))
    assert (groups["Tools"], groups["Memory files"]) == ("2,408", "180")
    assert number(screen.text("#standing .groups tfoot td:nth-of-type(2)")) == 4_171
    assert sum(map(number, groups.values())) == 4_171
    screen.click("#standing .more")
    names, costs, uses = (screen.cells("#standing .parts", column) for column in (0, 3, 4))
    rows = dict(zip(names, zip(costs, uses, strict=True), strict=True))
    assert rows["Workflow the client"] == ("$3.00", "never in 12 sessions")
    assert rows["Bash the client"] == ("$2.00", "61 times, last 21 Nov 2026")
    assert rows["Build /home/sam/shop/CLAUDE.md"] == ("$0.30", "not known")
    screen.choose("project", screen.option("project", PROJECTS[2]))
    text = screen.text("#standing")
    assert "tide" not in text
    assert "billing/api: 900 tokens of claude-opus-5-5 (billed; how they divide is an estimate" in text
    assert "never" not in text.lower()
    screen.choose("project", screen.option("project", PROJECTS[1]))
    assert "No audit matches the filters." in screen.text("#standing")


def test_the_last_days_end_today(screen: Screen) -> None:
    screen.choose("range", "7")
    begin = NOW - NOW % 86_400 - 6 * 86_400
    assert screen.class_tokens() == summed(request for request in screen.found.requests if request.at >= begin)


def test_a_session_narrows_all_parts(screen: Screen) -> None:
    session = next(one for one in screen.data.sessions if len(one.conversations) > 1)
    screen.choose("session", screen.option("session", session.session))
    wanted = [request for request in screen.found.requests if request.session == session.session]
    assert screen.class_tokens() == summed(wanted)
    main = session.conversations[0]
    assert f"Main conversation, {main.requests} requests" in screen.text("#context [name=shown-agent]")
    screen.click("#context summary")
    cells = screen.cells("#context details", 2)
    assert cells == [f"{point.prompt_tokens:,}" for point in main.points]
    loads = [load for load in screen.data.loads if load.session == session.session]
    assert len(loads) == len(screen.driver.find_elements("css selector", "#loads tbody tr")) or len(loads) > 10


def test_filters_that_leave_nothing_say_so(screen: Screen) -> None:
    screen.choose("from", "2026-11-24")
    screen.choose("to", "2026-11-01")
    for section in ("spend", "split", "context", "loads", "savings", "mail"):
        assert "Nothing matches the filters." in screen.text(f"#{section}")


def test_each_chart_s_table_sums_to_the_same(screen: Screen) -> None:
    screen.click("summary")
    days = screen.cells("#spend details", 1)
    columns = [sum(map(number, screen.cells("#spend details", place))) for place in range(2, 7)]
    assert columns == summed(list(screen.found.requests))
    net = sum(map(number, screen.cells("#savings details", 5)))
    assert net == sum(row.net_tokens for row in screen.data.savings)
    for key in ("week", "month"):
        screen.click(f"#spend [value={key}]")
        periods = screen.cells("#spend details", 1)
        assert sum(map(number, periods)) == len(screen.found.requests)
        assert len(periods) < len(days)


def test_the_tab_key_reaches_every_control_and_shows_where_it_is(screen: Screen) -> None:
    wanted = screen.driver.execute_script(CONTROLS)
    reached, order = {}, []
    for _ in range(3 * len(wanted)):
        screen.driver.switch_to.active_element.send_keys(Keys.TAB)
        place, outline = screen.driver.execute_script(
            "const one = document.activeElement, shown = one.closest('.choice label') || one;"
            "return [one.dataset.place, getComputedStyle(shown).outlineStyle + getComputedStyle(shown).outlineWidth]"
        )
        if place is not None:
            reached[place] = outline
            order.append(int(place))
        if len(reached) == len(wanted):
            break
    assert set(reached) == set(wanted)
    assert {place: outline for place, outline in reached.items() if outline != "solid3px"} == {}
    first_round = list(dict.fromkeys(order))
    assert first_round == sorted(first_round)  # as they stand on the page
    assert screen.driver.execute_script("return document.querySelector(\"[data-place='0']\").className") == "skip"


def test_the_skip_link_leads_to_the_figures(screen: Screen) -> None:
    screen.driver.switch_to.active_element.send_keys(Keys.TAB)
    screen.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert screen.driver.execute_script("return document.activeElement.id") == "main"


def test_arrow_keys_move_along_a_chart(screen: Screen) -> None:
    chart = screen.driver.find_element("css selector", "#spend-chart")
    chart.send_keys(Keys.HOME)
    first = chart.get_attribute("aria-valuetext")
    chart.send_keys(Keys.ARROW_RIGHT)
    assert chart.get_attribute("aria-valuenow") == "2"
    second = str(chart.get_attribute("aria-valuetext"))
    assert second != first
    assert second.startswith(screen.text("#spend .tip b"))
    chart.send_keys(Keys.END)
    assert chart.get_attribute("aria-valuenow") == chart.get_attribute("aria-valuemax")
    chart.send_keys(Keys.ARROW_RIGHT)
    assert chart.get_attribute("aria-valuenow") == chart.get_attribute("aria-valuemax")
    chart.send_keys(Keys.ESCAPE)
    assert not screen.driver.find_element("css selector", "#spend .tip").is_displayed()


def test_a_radio_button_keeps_the_focus(screen: Screen) -> None:
    screen.driver.find_element("css selector", "#split [value=project]").send_keys(Keys.ARROW_RIGHT)
    assert screen.driver.execute_script("return document.activeElement.value") == "model"
    assert "claude-opus-5-5" in screen.text("#split table")


def test_every_control_and_picture_has_a_name(screen: Screen) -> None:
    tree = screen.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = ("button", "combobox", "slider", "radio", "link", "meter", "Date", "region", "table")
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree
        if not node.get("ignored") and node["role"]["value"] in roles
    ]
    assert {"button", "combobox", "slider", "radio", "link", "meter", "table"} <= {role for role, _ in named}
    assert [role for role, name in named if not name.strip()] == []


def channels(colour: str) -> list[float]:
    """Red, green, blue from 0 to 1, and alpha."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", colour)]
    if not colour.startswith("color("):
        numbers[:3] = [number / 255 for number in numbers[:3]]
    return numbers + [1.0] * (4 - len(numbers))


def luminance(colour: list[float]) -> float:
    """As WCAG 2.2 defines it."""
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(text: str, grounds: list[str]) -> float:
    ground = next(found for found in map(channels, grounds) if found[3] == 1.0)
    lighter, darker = sorted((luminance(channels(text)), luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_by_hand() -> None:
    assert contrast("rgb(0, 0, 0)", ["rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"]) == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", ["rgb(255, 255, 255)"]) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("how", ["system", "switch"])
def test_text_can_be_read_in_both_themes(scheme: str, how: str, screen: Screen) -> None:
    other = {"light": "dark", "dark": "light"}[scheme]
    view(screen, 1200, scheme if how == "system" else other)
    if how == "switch":
        screen.click(f"#theme [value={scheme}]")
    ground = screen.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (luminance(channels(ground)) > 0.5) == (scheme == "light")
    screen.click("summary")
    screen.driver.find_element("css selector", "#spend-chart").send_keys(Keys.END)
    texts = screen.driver.execute_script(TEXTS)
    assert len(texts) > 300
    found = [(round(contrast(colour, under), 2), text) for text, colour, under in texts]
    assert [pair for pair in found if pair[0] < LEAST_CONTRAST] == []
    screen.click("#theme [value=system]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_charts_are_drawn_in_stands_out(scheme: str, screen: Screen) -> None:
    """Each swatch of a legend, three to one against its card: WCAG's least for what is no text."""
    view(screen, 1200, scheme)
    swatches = screen.driver.execute_script(
        "const card = getComputedStyle(document.querySelector('#spend')).backgroundColor;"
        "return [...document.querySelectorAll('.swatch:not(.hatched), .track i')].map("
        "(one) => [one.parentElement.innerText, getComputedStyle(one).backgroundColor, [card]])"
    )
    assert len(swatches) > 20
    found = [(round(contrast(colour, under), 2), name) for name, colour, under in swatches]
    assert [pair for pair in found if pair[0] < 3] == []


@pytest.mark.parametrize("width", [320, 375, 768, 1200])
def test_nothing_is_wider_than_the_screen(width: int, screen: Screen) -> None:
    view(screen, width, "light")
    screen.driver.get(screen.file.as_uri())
    screen.click("summary")
    assert screen.driver.execute_script("return document.documentElement.scrollWidth") <= width
    out = screen.driver.execute_script(
        """
        const inScroll = (one) => one.closest(".scroll") && !one.matches(".scroll");
        return [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && !inScroll(one)
          && !one.closest(".skip, .hidden, .u-wrap") && one.getBoundingClientRect().right > innerWidth + 0.5)
          .map((one) => one.tagName + "." + one.className);
        """
    )
    assert out == []


def test_a_chart_follows_the_width(screen: Screen) -> None:
    def width() -> int:
        return int(screen.driver.execute_script("return document.querySelector('#spend-chart .uplot').clientWidth"))

    wide = width()
    view(screen, 700, "light")
    WebDriverWait(screen.driver, 10).until(lambda _: width() < wide - 200)


def test_the_browser_refuses_what_the_page_does_not_allow(screen: Screen) -> None:
    """Even a script that got in could load nothing and leave nothing: the policy stands in the page itself."""
    broken = screen.driver.execute_async_script(
        """
        const done = arguments[arguments.length - 1], broken = [];
        document.addEventListener("securitypolicyviolation", (event) => broken.push(event.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        const picture = new Image();
        picture.src = "http://127.0.0.1:9/picture.png";
        document.body.append(script, picture);
        fetch("http://127.0.0.1:9/").catch(() => setTimeout(() => done([window.ran || false, ...broken.sort()]), 50));
        """
    )
    assert broken == [False, "connect-src", "img-src", "script-src-elem"]
    assert len(screen.problems()) >= 3  # the console says so; then it is empty again


def on_screen(driver: webdriver.Chrome, tmp_path: Path, found: History) -> Screen:
    return opened(driver, tmp_path / "page.html", found, made(found))


def test_hostile_names_are_shown_as_text(driver: webdriver.Chrome, tmp_path: Path) -> None:
    screen = on_screen(driver, tmp_path, hostile())
    assert screen.problems() == []
    assert screen.class_tokens() == summed(list(hostile().requests))
    screen.click("#split [value=model]")
    screen.click("#split .more")
    shown = screen.text("#split") + screen.text("#loads") + screen.text("#alerts")
    screen.click("#standing .more")
    assert all(name in screen.text("#standing") for name in (HOSTILE[0], HOSTILE[4], HOSTILE[12]))
    assert all(name in shown for name in (HOSTILE[0], HOSTILE[1], HOSTILE[4], HOSTILE[8], HOSTILE[12]))
    assert f"…{'a' * 59}" in screen.text("#split")  # of 5,000
    assert "a" * 60 not in screen.text("#split")
    assert screen.text("#about").startswith(HOSTILE[0])
    assert driver.execute_script("return document.querySelectorAll('img, main script').length") == 0
    view(screen, 320, "light")
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 320
    assert screen.problems() == []


def test_empty_and_tiny_histories(driver: webdriver.Chrome, tmp_path: Path) -> None:
    screen = on_screen(driver, tmp_path, History([]))
    assert "No request is recorded yet" in screen.text("#spend")
    assert "`trimtab audit` makes one" in screen.text("#standing")
    assert screen.problems() == []
    request = Request("s", "", "m", NOW - 60, "claude-opus-5-5", 10, 0, 2_000, 40_000, 500, "/p")
    screen = on_screen(driver, tmp_path, History([request]))
    assert screen.class_tokens() == [10, 0, 2_000, 40_000, 500]
    assert "$0.034" in screen.text("#tiles") or "$0.03" in screen.text("#tiles")  # 0.00004 + 0.016 + 0.008 + 0.01
    assert "1 request" in screen.text("#context")
    assert screen.problems() == []


def test_times_are_the_page_s_zone_whatever_the_browser_s(driver: webdriver.Chrome, tmp_path: Path) -> None:
    half_past_23 = 1_795_563_000.0  # 2026-11-24T23:30Z
    request = Request("s", "", "m", half_past_23, "claude-opus-5-5", 10, 0, 2_000, 40_000, 500, "/p")
    shown = []
    for zone in ("Pacific/Auckland", "America/Los_Angeles"):
        driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})
        screen = on_screen(driver, tmp_path, History([request]))
        shown.append(screen.text("#context [name=shown-session]"))
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
    assert shown[0] == shown[1]
    assert shown[0].startswith("24 Nov 2026, 23:30")
