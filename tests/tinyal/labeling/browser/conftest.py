"""A browser for all tests of the page; each has a server, pictures and pages of its own, and nothing to complain of."""

import itertools
import re
import time

import pytest

from tests.tinyal.labeling.browser.running import (
    CHROMIUM,
    Person,
    Server,
    chromium,
    make_pictures,
    make_shapes,
)

NEEDED = ("playwright", "starlette", "uvicorn")


@pytest.fixture(scope="session")
def browser():
    for name in NEEDED:
        pytest.importorskip(name, reason=f"{name} is not installed: pip install -e '.[label,browser]'")
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH: apt-get install chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture
def serve(tmp_path, browser):
    """Start servers: serve("folder", "--classes", "a,b")."""
    servers = []

    def start(*arguments):
        servers.append(Server(tmp_path / f"project{len(servers)}", *map(str, arguments)))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(serve, tmp_path):
    return serve(make_pictures(tmp_path / "pictures", 60), "--classes", "cat,dog")


@pytest.fixture
def busy(serve, tmp_path):
    """A server with a model, answers of all kinds, a curve and doubtful labels."""
    quick = ("--layers", "flatten, dense 8, relu, dense", "--steps", "40", "--random-share", "0.5")
    server = serve(make_shapes(tmp_path / "shapes", 200), "--classes", "bright,dark", *quick)
    actions = itertools.chain(["skip", "cannot-tell", "defer"], itertools.repeat("label"))
    until = time.monotonic() + 900
    status = server.get("status")
    while time.monotonic() < until:
        if status["labelled"] < 80 or len(status["curve"]) < 2:
            for question in server.post("next", count=4, holding=[])["questions"]:
                action = next(actions)
                right = question["name"].split("-")[0]
                label = right if question["item"] % 16 else {"dark": "bright", "bright": "dark"}[right]
                label = label if action == "label" else None
                server.post("answer", item=question["item"], action=action, label=label)
        time.sleep(1)
        status = server.get("status")
        doubtful = server.get("review")["items"]
        if not status["training"] and any(each["label"] not in each["name"] for each in doubtful):
            return server
    raise AssertionError(status)


@pytest.fixture
def complaints():
    """What pages complained of; a test takes out what it expects."""
    return []


@pytest.fixture
def visit(browser, complaints):
    """Open pages, each as another person's unless a context is given. Nothing may fail, or come from elsewhere."""
    contexts = []
    asked = []

    def open_page(url, context=None, **settings):
        if context is None:
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
            # The machine may be busy, and waiting costs nothing where all is well.
            context.set_default_timeout(60_000)
            contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: said.type in ("error", "warning") and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        person = Person(page)
        page.goto(url)
        return person

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not re.match(r"(http://127\.0\.0\.1:\d+/|blob:)", url)] == []
    assert complaints == []
