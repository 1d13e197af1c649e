"""The figures that answer: their mathematics against the Python code's, through Node; their pages in a browser."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate2d

import tinynn as nn
from tests.docs.browser import CHROMIUM, DRIVER, chromium, served, visit
from tinyal import measures
from tinynn import toys

DOCS = Path(__file__).parents[2] / "docs"
SCRIPTS = DOCS / "_static" / "interactive"
PAGES = ("neuron", "softmax", "convolution", "playground")
NODE = shutil.which("node")
SITE = os.environ.get("TINYNN_SITE")
needs_node = pytest.mark.skipif(NODE is None, reason="no node on the PATH: apt-get install nodejs")


def evaluate(script: str, expression: str, **data):
    """Evaluate JavaScript with a script's exports as `m` and the data as names; numbers come back bit for bit."""
    program = (
        f"const m = require({json.dumps(str(SCRIPTS / script))});"
        f"const {{{', '.join(data)}}} = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        f"console.log(JSON.stringify({expression}));"
    )
    given = json.dumps({name: np.asarray(value).tolist() for name, value in data.items()})
    done = subprocess.run(
        [NODE, "-e", program], input=given, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def probabilities(rng, *shape):
    """Rows of probabilities, among them certain ones, uniform ones and ties."""
    p = rng.dirichlet(np.full(shape[-1], 0.5), shape[:-1])
    p[..., 0, :] = np.eye(shape[-1])[0]
    p[..., 1, :] = 1 / shape[-1]
    p[..., 2, :] = [0.5, 0.5, *[0] * (shape[-1] - 2)]
    return p


@needs_node
def test_softmax_is_tinynns_at_any_temperature_and_size():
    z = np.concatenate([np.random.default_rng(0).normal(0, 3, (6, 5)), [[1005.0, 1001, 1000.1, -9, 0]]])
    T = [0.03125, 0.5, 1, 7, 64]
    ours = evaluate("measures.js", "T.map((each) => z.map((row) => m.softmax(row, each)))", z=z, T=T)
    np.testing.assert_allclose(ours, [nn.softmax(z / each) for each in T], rtol=1e-12, atol=1e-15)


@needs_node
def test_measures_are_those_of_tinyal():
    p = probabilities(np.random.default_rng(1), 40, 4)
    called = "p.map((row) => [m.entropy(row), m.leastConfidence(row), m.margin(row)])"
    expected = [measures.entropy(p), measures.least_confidence(p), measures.margin(p)]
    np.testing.assert_allclose(evaluate("measures.js", called, p=p), np.transpose(expected), atol=1e-14)


@needs_node
def test_bald_is_that_of_tinyal():
    members = probabilities(np.random.default_rng(2), 8, 30, 3)
    members[:4, 3], members[4:, 3] = [1, 0, 0], [0, 1, 0]  # sure, each half of another class
    ours = evaluate("measures.js", "rows.map(m.bald)", rows=members.swapaxes(0, 1))
    np.testing.assert_allclose(ours, measures.bald(members), atol=1e-14)
    assert ours[3] == pytest.approx(np.log(2))


@needs_node
def test_margin_and_bald_ask_for_the_best_row_without_a_label():
    rng = np.random.default_rng(3)
    members = rng.dirichlet(np.full(3, 0.7), (8, 50))
    scores = {"margin": -measures.margin(members.mean(axis=0)), "BALD": measures.bald(members)}
    for name, score in scores.items():
        order = np.argsort(-score)
        asked = "counts.map((n) => m.pick(name, rows, order.slice(0, n)))"
        rows = members.swapaxes(0, 1)
        assert (
            evaluate("learner.js", asked, rows=rows, order=order, counts=range(5), name=name)
            == order[:5].tolist()
        )


@needs_node
def test_a_member_learns_what_scipy_finds():
    from scipy.optimize import minimize

    rng = np.random.default_rng(4)
    phis, ys, A, W, weight = (
        rng.normal(0, 0.3, (22, 10)),
        rng.integers(3, size=22),
        *rng.normal(size=(2, 10, 3)),
        0.1,
    )

    def loss(flat):
        W = flat.reshape(A.shape)
        p = nn.softmax(phis @ W)
        error = p - np.eye(3)[ys]
        value = -np.log(p[range(22), ys]).sum() + 0.5 * weight * np.sum((W - A) ** 2)
        return value, (phis.T @ error + weight * (W - A)).ravel()

    data = {"A": A, "W": W, "phis": phis, "ys": ys, "weight": weight}
    gradient, trained = "m.gradient(W, A, phis, ys, weight)", "m.train(A, phis, ys, weight, 2000)"
    called = f"[{gradient}, {trained}, phis.map((phi) => m.predict(phi, W))]"
    gradient, trained, predicted = evaluate("learner.js", called, **data)
    np.testing.assert_allclose(np.ravel(gradient), loss(W.ravel())[1], atol=1e-12)
    np.testing.assert_allclose(predicted, nn.softmax(phis @ W), atol=1e-14)
    best = minimize(loss, A.ravel(), jac=True, method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(np.ravel(trained), best.x, atol=1e-6)


@needs_node
def test_so_many_steps_are_enough_for_the_playground():
    text = (SCRIPTS / "playground.js").read_text(encoding="utf-8")
    names, values = re.search(r"const \[(POOL, .*?)\] = \[(.*?)\];", text).groups()
    constants = dict(zip(names.split(", "), map(float, values.split(", ")), strict=True))
    learned = """(() => {
      const random = m.generator(7919);
      const phi = m.features(S.WAVES, S.LENGTH, random);
      const A = m.anchor(S.WAVES, 2, S.LAMBDA, random);
      const data = m.moons(S.BUDGET + 2, 0.22, random);
      const [phis, ys] = [data.map(({ x }) => phi(x)), data.map(({ y }) => y)];
      const models = [S.STEPS, 2000].map((steps) => m.train(A, phis, ys, S.LAMBDA, steps));
      return models.map((W) => phis.map((phi) => m.predict(phi, W)));
    })()"""
    stopped, converged = evaluate("learner.js", learned, S=constants)
    np.testing.assert_allclose(stopped, converged, atol=0.01)


@needs_node
def test_random_numbers_are_the_published_ones():
    """From the seed 1, the ten thousandth is 399268537: C++ standard, [rand.predef], of minstd_rand."""
    drawn = "(() => { const r = m.generator(1); for (let i = 1; i < 10000; i++) r(); return r(); })()"
    assert evaluate("learner.js", drawn) == 399268537 / 2147483647
    normals = evaluate(
        "learner.js",
        "(() => { const r = m.generator(5); return Array.from({length: 20000}, () => m.normal(r)); })()",
    )
    assert np.mean(normals) == pytest.approx(0, abs=0.03)
    assert np.std(normals) == pytest.approx(1, abs=0.02)


@needs_node
@pytest.mark.parametrize("n", [10, 150])
def test_moons_are_those_of_tinynn(n):
    rows = evaluate("learner.js", f"m.moons({n}, 0, m.generator(1)).map((row) => [...row.x, row.y])")
    x, y = toys.moons(n, noise=0)
    expected = np.column_stack([x, y])
    order = [np.lexsort(np.round(each, 9).T) for each in (np.array(rows), expected)]
    np.testing.assert_allclose(np.array(rows)[order[0]], expected[order[1]], atol=1e-12)


@needs_node
def test_blobs_have_their_shares():
    rows = evaluate("learner.js", "m.blobs(150, 0, m.generator(1)).map((row) => [...row.x, row.y])")
    places, counts = np.unique(np.array(rows), axis=0, return_counts=True)
    assert counts.tolist() == [15, 45, 45, 45]
    assert sorted(places[:, 2]) == [0, 1, 2, 2]


@needs_node
def test_random_waves_approach_the_gaussian_kernel():
    """Rahimi & Recht (2007): φ(x) · φ(y) → exp(−‖x − y‖² / 2ℓ²)."""
    x = np.random.default_rng(6).normal(size=(6, 2))
    phi = np.array(evaluate("learner.js", "x.map(m.features(20000, 0.8, m.generator(3)))", x=x))
    square = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(phi @ phi.T, np.exp(-square / (2 * 0.8**2)), atol=0.03)


@needs_node
def test_accuracy_is_that_of_the_mean_probabilities():
    rng = np.random.default_rng(7)
    members, ys = rng.dirichlet(np.ones(3), (4, 30)), rng.integers(3, size=30)
    ours = evaluate("learner.js", "m.accuracy(rows, ys)", rows=members.swapaxes(0, 1), ys=ys)
    assert ours == pytest.approx(np.mean(members.mean(axis=0).argmax(axis=1) == ys))


@needs_node
@pytest.mark.parametrize(("name", "layer"), [("sigmoid", nn.Sigmoid), ("tanh", nn.Tanh), ("ReLU", nn.ReLU)])
def test_the_neuron_is_tinynns(name, layer):
    net = nn.Sequential([nn.Dense(1), layer()], input_shape=(2,), dtype="float64")
    rng = np.random.default_rng(8)
    w = [[2.0, -3], [1, 1], *rng.normal(size=(4, 2))]
    b = [-3.0, 0, *rng.normal(size=4)]
    x = [[-1.0, -2], [1, -1], *rng.normal(size=(4, 2))]
    called = "w.map((each, i) => m.forward(each, b[i], x[i], name))"
    for row, ours in enumerate(evaluate("neuron.js", called, w=w, b=b, x=x, name=name)):
        net.layers[0].W, net.layers[0].b = np.reshape(w[row], (2, 1)), b[row]
        assert ours["h"] == pytest.approx(net.forward([x[row]])[0, 0], abs=1e-14)
        net.backward([[1.0]])
        np.testing.assert_allclose(ours["dw"], net.layers[0].dW[:, 0], atol=1e-14)
        assert ours["dz"] == pytest.approx(net.layers[0].db[0], abs=1e-14)
        assert ours["distance"] == pytest.approx(
            abs(np.dot(w[row], x[row]) + b[row]) / np.linalg.norm(w[row])
        )


@needs_node
def test_the_border_is_where_the_sum_is_zero():
    w = np.array([[2.0, -3], [0, 1], [1e-3, 0]])
    ends = evaluate("neuron.js", "w.map((each) => m.border(each, 1.5))", w=w)
    np.testing.assert_allclose(np.einsum("nei,ni->ne", ends, w) + 1.5, 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(np.diff(ends, axis=1)[:, 0], axis=1), 100)
    assert evaluate("neuron.js", "m.border([0, 0], 1)") is None
    assert evaluate("neuron.js", "m.forward([0, 0], 1, [1, 1], 'tanh').distance") is None


@needs_node
def test_a_temperatures_limits():
    z = [[2.0, 1, 0.5, 0, -1], [2.0, 2, 0.5, 0, -1], [0.0, 0, 0, 0, 0]]
    cold, hot = evaluate("softmax.js", "[z.map(m.coldest), z.map(m.hottest)]", z=z)
    np.testing.assert_allclose(cold, nn.softmax(np.array(z) / 1e-3), atol=1e-12)
    np.testing.assert_allclose(hot, nn.softmax(np.array(z) / 1e9), atol=1e-8)
    T = np.geomspace(1 / 32, 64, 30)
    H = np.array(evaluate("softmax.js", "z.map((each) => m.entropies(each, T))", z=z, T=T))
    np.testing.assert_allclose(
        H, [[measures.entropy(nn.softmax(np.array([row]) / t))[0] for t in T] for row in z], atol=1e-13
    )
    assert (np.diff(H, axis=1) >= -1e-12).all()
    assert H[1, 0] == pytest.approx(np.log(2), abs=1e-6)


@needs_node
def test_convolution_is_scipys_and_tinynns():
    rng = np.random.default_rng(9)
    image, kernel = rng.integers(10, size=(7, 7)), rng.normal(size=(3, 3))
    settings = [(stride, padding) for stride in (1, 2, 3) for padding in (0, 1, 2)]
    called = "settings.map(([t, P]) => [m.places(7, 3, t, P), m.convolve(image, kernel, t, P)])"
    for (stride, padding), (places, ours) in zip(
        settings,
        evaluate("convolution.js", called, settings=settings, image=image, kernel=kernel),
        strict=True,
    ):
        expected = correlate2d(np.pad(image, padding), kernel, "valid")[::stride, ::stride]
        np.testing.assert_allclose(ours, expected, atol=1e-12)
        net = nn.Sequential([nn.Conv2D(1, 3, stride=stride, padding=padding)], (7, 7, 1), dtype="float64")
        net.layers[0].W = kernel[:, :, None, None]
        np.testing.assert_allclose(ours, net.forward(image[None, :, :, None])[0, :, :, 0], atol=1e-12)
        assert places == len(expected)


@needs_node
def test_the_kernels_do_what_the_page_says():
    kernels = evaluate("convolution.js", "m.KERNELS")
    sums = {name: round(float(np.sum(kernel)), 12) for name, kernel in kernels.items()}
    assert sums == {"vertical edges": 0, "horizontal edges": 0, "blur": 1, "sharpen": 1}
    step = np.repeat([[0, 0, 0, 9, 9, 9]], 4, axis=0)
    assert (
        np.max(evaluate("convolution.js", "m.convolve(step, m.KERNELS['vertical edges'], 1, 0)", step=step))
        == 36
    )
    assert (
        np.max(
            evaluate(
                "convolution.js", "m.convolve(step, m.KERNELS['vertical edges'], 1, 0)", step=step[:, ::-1]
            )
        )
        == 0
    )


@needs_node
def test_numbers_are_written_as_in_mathematics():
    called = "[m.number(-1.5), m.number(-0.001), m.number(2, 0), m.bracketed(-3, 1), m.bracketed(3, 1)]"
    assert evaluate("elements.js", called) == ["−1.50", "0.00", "2", "(−3.0)", "3.0"]


@pytest.mark.parametrize("file", sorted(SCRIPTS.iterdir()), ids=lambda path: path.name)
def test_a_script_is_small_and_fetches_nothing(file):
    text = file.read_text(encoding="utf-8")
    assert len(text.encode()) < 15_000
    assert re.findall(r"\w+://[^\"' ]+", text.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(r"\b(fetch|XMLHttpRequest|import|Math\.random|Date|eval|innerHTML)\b", text)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_scripts_that_there_are_and_speaks_without_them(page):
    text = (DOCS / "interactive" / f"{page}.md").read_text(encoding="utf-8")
    files = re.findall(r'(?:src|href)="(\.\./_static/[^"]+)"', text)
    assert len(files) >= 3
    assert [file for file in files if not (DOCS / "interactive" / file).is_file()] == []
    assert f'id="{page}"><noscript><p>' in text
    assert page in (DOCS / "interactive" / "index.md").read_text(encoding="utf-8").split()


# In a browser. Every text on the figure must stand out 4.5 to 1 (WCAG 2); colours may be `rgb(…)` or `color(srgb …)`.
FAINT = """
document.body.dataset.theme = arguments[0];
const numbers = (color) => {
  const list = color.match(/[\\d.]+/g).map(Number);
  return color.startsWith('color') ? list.map((v, i) => i < 3 ? 255 * v : v) : list;
};
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (; element; element = element.parentElement) {
    const color = numbers(getComputedStyle(element).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
};
const texts = [...document.querySelectorAll('.interactive *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
return [texts.length, texts.filter(e => !e.closest('noscript, option')).map(e => {
  const pair = [numbers(getComputedStyle(e)[e.closest('svg') ? 'fill' : 'color']), behind(e)].map(light);
  return [e.textContent.slice(0, 40), (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)];
}).filter(([, contrast]) => contrast < 4.5)];
"""
# What can be reached and has no name to be read aloud, or is smaller than 24 pixels (WCAG 2.2) where it stands alone.
UNNAMED = """
const reached = [...document.querySelectorAll('.interactive :is(input, select, button, [tabindex="0"])')];
const named = (e) => e.getAttribute('aria-label') || (e.labels && [...e.labels].map(l => l.textContent).join('').trim())
  || (e.tagName === 'BUTTON' && e.textContent.trim());
return [reached.length, reached.filter(e => !named(e)).map(e => e.outerHTML),
  reached.filter(e => !e.closest('svg') && e.getBoundingClientRect().height < 24).map(e => e.outerHTML)];
"""


@pytest.fixture(scope="module")
def site():
    if not SITE:
        pytest.skip("TINYNN_SITE names no built site: sphinx-build -W -n docs build/site")
    if not (CHROMIUM and DRIVER):
        pytest.skip("no chromium and chromedriver: apt-get install chromium-driver")
    with served(Path(SITE).resolve()) as address:
        yield f"{address}interactive/"


@pytest.fixture(scope="module")
def browser(site):
    with chromium() as browser:
        yield browser


def shown(browser, selector):
    """What the figure's elements say, all at one moment."""
    texts = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)"
    return browser.execute_script(texts, f".interactive {selector}")


def labelled(browser, name):
    """The input or choice that is labelled so."""
    path = f"//label[starts-with(normalize-space(), '{name}')]//*[self::input or self::select]"
    return browser.find_element("xpath", path)


def press(browser, name):
    """Click the button of that name."""
    browser.find_element("xpath", f"//div[@class='interactive']//button[.='{name}']").click()


def said(browser, words):
    """Wait for a sentence to be read aloud that has these words, and return it."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 60).until(lambda b: words in shown(b, "[role=status]")[0])
    return shown(browser, "[role=status]")[0]


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES)
def test_a_figure_runs_in_every_window_by_day_and_by_night(browser, site, page):
    for width in (390, 1280):
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 700}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        try:
            requests, complaints = visit(browser, f"{site}{page}.html")
            assert complaints == []
            assert [url for url in requests if not url.startswith(("http://localhost", "data:"))] == []
            root = "document.documentElement"
            assert browser.execute_script(f"return {root}.scrollWidth - {root}.clientWidth") == 0
            for theme in ("light", "dark"):
                count, faint = browser.execute_script(FAINT, theme)
                assert count > 5
                assert faint == []
            count, unnamed, small = browser.execute_script(UNNAMED)
            assert count > 5
            assert unnamed == []
            assert small == []
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.docs
def test_keys_turn_the_neuron(browser, site):
    visit(browser, f"{site}neuron.html")
    assert "h = σ(z) = 0.731, with the slope σ′(z) = 0.197" in shown(browser, ".formula p")
    labelled(browser, "weight w₁").send_keys("\ue014")  # arrow to the right
    assert shown(browser, ".formula p")[0].endswith("= 2.1 · (−1.0) + (−3.0) · (−2.0) + (−3.0) = 0.90")
    assert said(browser, "z is 0.90, the output 0.711, the slope 0.206; x is on the side of yes, 0.25 away")
    labelled(browser, "activation").send_keys("tanh")
    assert "h = tanh(z) = 0.716, with the slope tanh′(z) = 0.487" in shown(browser, ".formula p")
    for name in ("weight w₁", "weight w₂"):
        slider = labelled(browser, name)
        browser.execute_script(
            "arguments[0].value = 0; arguments[0].dispatchEvent(new Event('input'))", slider
        )
    assert "there is no line" in said(browser, "z is −3.00")


@pytest.mark.docs
def test_keys_warm_softmax_up(browser, site):
    visit(browser, f"{site}softmax.html")
    labelled(browser, "temperature").send_keys("\ue014" * 4)  # four quarters: twice as warm
    p = nn.softmax(np.array([[2.0, 1, 0.5, 0, -1]]) / 2)
    H, lead, least = (float(f(p)[0]) for f in (measures.entropy, measures.margin, measures.least_confidence))
    assert labelled(browser, "temperature").get_attribute("aria-valuetext") == "2.00"
    now = shown(browser, "td:nth-child(3)")
    assert now == [f"{value:.3f}" for value in (H, lead, least)]
    assert said(
        browser, f"At temperature 2.00, A leads with {p[0, 0]:.3f}. Entropy {H:.3f} of at most 1.609 nats"
    )
    press(browser, "A tie of two")
    assert shown(browser, "td:nth-child(2)") == ["0.693", "0.000", "0.500"]  # cold


@pytest.mark.docs
@pytest.mark.parametrize("still", [False, True])
def test_a_convolution_steps_and_fills(browser, site, still):
    from selenium.webdriver.support.ui import WebDriverWait

    motion = {"name": "prefers-reduced-motion", "value": "reduce" if still else ""}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [motion]})
    try:
        visit(browser, f"{site}convolution.html")
        assert shown(browser, ".formula p")[3] == "= 18"
        press(browser, "Step")
        assert said(browser, "Place 2 of 25, row 1, column 2: the sum is 27.")
        assert shown(browser, "td")[:3] == ["18", "27", ""]
        labelled(browser, "stride").send_keys("2")
        labelled(browser, "padding").send_keys("1")
        assert "+ 1 = 4, so 4 × 4" in shown(browser, "figcaption")[1]
        pixel = browser.find_element("css selector", "[data-place='0,0']")
        pixel.send_keys("5")
        pixel = browser.switch_to.active_element
        assert pixel.get_attribute("aria-label") == "row 1, column 1: 5"
        pixel.send_keys("\ue015")  # down
        assert browser.switch_to.active_element.get_attribute("data-place") == "1,0"
        press(browser, "Fill" if still else "Auto")
        if still:  # at once, where Auto takes half a second a place
            assert "" not in shown(browser, "td")
        WebDriverWait(browser, 60).until(lambda b: "" not in shown(b, "td"))
        rows = ["5000000", "0099000", "0009000", "0009000", "0009000", "0099900", "0000000"]
        image = np.array([list(map(int, row)) for row in rows])
        kernel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
        expected = correlate2d(np.pad(image, 1), kernel, "valid")[::2, ::2].ravel()
        assert [int(text.replace("−", "-")) for text in shown(browser, "td")] == expected.tolist()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.docs
def test_a_game_is_played_with_the_keyboard(browser, site):
    def table():
        return [row.split() for row in shown(browser, "table.numbers tr")[1:]]

    visit(browser, f"{site}playground.html")
    start = table()
    assert [row[1] for row in start] == ["2"] * 3
    assert len({tuple(row[1:]) for row in start}) == 1
    point = browser.find_element("css selector", "[role=option][tabindex='0']")
    point.send_keys("\ue014")
    second = browser.switch_to.active_element
    assert second != point
    assert "no label; the model says" in second.get_attribute("aria-label")
    second.send_keys("\n")
    assert said(browser, "1 of 20 labels chosen").startswith("Its class is ")
    assert [row[1] for row in table()] == ["3"] * 3
    # Whoever lets margin choose every label does as margin does.
    visit(browser, f"{site}playground.html")
    for _ in range(20):
        press(browser, "Let margin choose for me")
    you, margin, bald = table()
    assert you[1:] == margin[1:]
    assert margin[2:] != bald[2:]
    assert said(browser, "20 of 20 labels chosen").endswith("The budget is spent.")
    press(browser, "Let BALD choose for me")
    assert table()[0] == you
    press(browser, "Start again")
    assert table() == start
