"""The built site in a browser: every page, its mathematics and links, the search; and no request off the machine."""

import functools
import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

from tests.docs.browser import CHROMIUM, DRIVER, chromium, served, visit

pytestmark = pytest.mark.docs
if "TINYNN_SITE" not in os.environ:
    pytest.skip(
        "TINYNN_SITE names no built site: sphinx-build -W -n docs build/site", allow_module_level=True
    )
if not (CHROMIUM and DRIVER):
    pytest.skip("no chromium and chromedriver: apt-get install chromium-driver", allow_module_level=True)

SITE = Path(os.environ["TINYNN_SITE"]).resolve()
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
A_TUTORIAL = next(page for page in PAGES if page.startswith("tutorials/") and page[10].isdigit())
# Of what a page shows: links and pictures, formulas set and to be set, and what MathJax could not read: in red, a name
# that it does not know.
FOUND = """
const all = (selector, get) => [...document.querySelectorAll(selector)].map(get);
return {
  links: all('a[href], link[href]', e => e.href).concat(all('img[src], script[src]', e => e.src)),
  formulas: all('.math:not(.amsmath .math)', e => e.textContent).length,
  set: all('.math mjx-container', e => 1).length,
  errors: all('mjx-merror, [data-mml-node=merror], mjx-container [fill=red]', e => e.closest('.math').outerHTML),
  width: document.documentElement.scrollWidth - document.documentElement.clientWidth,
};
"""
# Every text on the page with less contrast to what is behind it than 4.5 to 1, by the formula of WCAG 2.
FAINT = """
document.body.dataset.theme = arguments[0];
const numbers = color => (color.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = element => {
  for (; element; element = element.parentElement) {
    const color = numbers(getComputedStyle(element).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
const faint = [];
for (const element of document.querySelectorAll('body *')) {
  const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('').trim();
  if (!text || !element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
  if (!element.getClientRects().length || element.closest('script, style, svg, mjx-container')) continue;
  const pair = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
  const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  if (contrast < 4.5) faint.push(text.slice(0, 40) + ' ' + contrast.toFixed(2));
}
return faint;
"""


@pytest.fixture(scope="module")
def address():
    with served(SITE) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


class _Anchors(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = {"", "top"}

    def handle_starttag(self, tag, attributes):
        self.found |= {value for name, value in attributes if name in ("id", "name") and value}


@functools.cache
def anchors(path: Path) -> set[str]:
    parser = _Anchors()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.found


def broken(link: str) -> bool:
    """Whether a link within the site leads nowhere."""
    place, anchor = urldefrag(link)
    path = SITE / unquote(urlsplit(place).path).lstrip("/")
    path = path / "index.html" if path.is_dir() else path
    if not path.is_file():
        return True
    return path.suffix == ".html" and unquote(anchor) not in anchors(path)


def test_the_site_has_its_parts():
    parts = ("start-here", "tutorials/index", "derivations/index", "how-to/index", "explanations/index")
    assert {f"{part}.html" for part in (*parts, "reference/index", "results/index", "search")} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole(browser, address, page):
    requests, complaints = visit(browser, address + page)
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []
    assert complaints == []
    found = browser.execute_script(FOUND)
    assert found["errors"] == []
    assert found["set"] == found["formulas"]
    assert [link for link in found["links"] if link.startswith(address) and broken(link)] == []
    assert found["width"] <= 0, "the page is wider than the window"


def test_the_search_finds_softmax(browser, address):
    from selenium.webdriver.support.ui import WebDriverWait

    _, complaints = visit(browser, f"{address}search.html?q=softmax")
    results = "return [...document.querySelectorAll('#search-results li a')].map(e => e.href)"
    done = "return !!document.querySelector('#search-results .search-summary')"
    WebDriverWait(browser, 30).until(lambda b: b.execute_script(done) and b.execute_script(results))
    links = browser.execute_script(results)
    assert complaints == []
    assert any("softmax" in link for link in links)
    assert [link for link in links if broken(link.partition("?")[0])] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "page",
    [
        "index.html",
        "start-here.html",
        "derivations/two-layer-network.html",
        A_TUTORIAL,
        "reference/api/tinynn.Dense.html",
        "reference/command-line.html",
        "results/demo.html",
    ],
)
def test_text_stands_out_by_day_and_by_night(browser, address, page, theme):
    visit(browser, address + page)
    assert browser.execute_script(FAINT, theme) == []


@pytest.mark.parametrize("width", [390, 768, 1024, 1160, 1320, 1440, 1460, 1920])
@pytest.mark.parametrize("page", ["index.html", "derivations/two-layer-network.html", A_TUTORIAL])
def test_a_page_fits_every_window(browser, address, page, width):
    set_width = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 700}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", set_width)
    try:
        visit(browser, address + page)
        root = "document.documentElement"
        assert browser.execute_script(f"return {root}.scrollWidth - {root}.clientWidth") == 0
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_formulas_that_cannot_be_read_are_seen(browser, tmp_path):
    """MathJax leaves braces that do not match as they are, marks other errors, and paints unknown names red."""
    (tmp_path / "mathjax.js").write_bytes((SITE / "_static" / "tex-svg-full.js").read_bytes())
    formulas = [r"\frac{1}{n}", r"\frac{1}{n", r"\left( x", r"\nosuchname x"]
    spans = "".join(rf'<span class="math">\({formula}\)</span> ' for formula in formulas)
    (tmp_path / "index.html").write_text(
        f'<!doctype html><title>x</title>{spans}<script defer src="mathjax.js"></script>'
    )
    with served(tmp_path) as address:
        visit(browser, f"{address}index.html")
        found = browser.execute_script(FOUND)
    assert (found["formulas"], found["set"], len(found["errors"])) == (4, 3, 2)


def test_what_the_checks_would_catch(browser, tmp_path):
    page = """<!doctype html><title>x</title><body style="background: #fff"><p style="color: #eee">faint</p>
        <a href="nowhere.html">x</a> <a href="#nothing">x</a> <img src="https://example.org/x.png">
        <div style="width: 3000px">wide</div><script>console.error("oh")</script>"""
    (tmp_path / "index.html").write_text(page)
    with served(tmp_path) as address:
        requests, complaints = visit(browser, f"{address}index.html")
        assert "https://example.org/x.png" in requests
        assert any("oh" in complaint for complaint in complaints)
        assert any("NAME_NOT_RESOLVED" in complaint for complaint in complaints)
        found = browser.execute_script(FOUND)
        assert [broken(link) for link in found["links"] if link.startswith(address)] == [True, True]
        assert found["width"] > 0
        assert [text.split()[0] for text in browser.execute_script(FAINT, "light")] == ["faint"]
