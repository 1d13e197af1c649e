"""Requests that nobody thought of: whatever comes, the server answers in words, and never breaks."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tinyal.labeling.clients import GOOD, PORT, TOKEN, Wire, browser
from tests.tinyal.labeling.test_security import BAD, EVERYTHING, TRAVERSAL
from tinyal.labeling.messages import Doubt, Guess

EXPECTED = {200, 400, 401, 403, 404, 405, 409, 413}
WORDS = st.sampled_from(
    ["cat", "dog", "label", "skip", "cannot-tell", "defer", "one", "Ada", "r", "", *TRAVERSAL]
)
ACTIONS = st.sampled_from(["label", "skip", "cannot-tell", "defer"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(0, 25) | st.floats() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | WORDS, inner, max_size=3),
    max_leaves=6,
)
HOSTS = st.sampled_from(
    [f"127.0.0.1:{PORT}"] * 12 + [f"localhost:{PORT}", "evil.example", "", f"127.0.0.1:{PORT}@evil"]
)
TOKENS = st.sampled_from([TOKEN.encode()] * 12 + [b"", b"x", TOKEN[:-1].encode()]) | st.binary(max_size=50)
ORIGINS = st.sampled_from([None] * 8 + [f"http://127.0.0.1:{PORT}", "null", "http://evil.example"])
NAMES = [
    b"cookie",
    b"content-type",
    b"content-length",
    b"x-forwarded-for",
    b"range",
    b"host",
    b"x-tinyal-token",
]
SEGMENT = st.text(st.characters(codec="utf-8"), max_size=12) | WORDS | st.integers().map(str)


@st.composite
def bodies(draw, path):
    """Draw a body: a good one, one with some fields changed, or anything."""
    good = dict(GOOD.get(path, {}))
    good["request"] = draw(st.sampled_from(["r", "s", "t"]) | st.uuids().map(str))
    if path == "next":
        del good["request"]
    if path == "answer":
        good |= draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "item": st.integers(0, 22),
                    "action": ACTIONS | WORDS,
                    "label": st.sampled_from(["cat", "dog", None]) | WORDS,
                    "replaces": st.integers(0, 40) | st.none(),
                },
            )
        )
    for name in draw(st.lists(st.sampled_from(sorted(good) or ["x"]), max_size=3)):
        good[name] = draw(VALUES | st.sampled_from(BAD.get(name, [None])))
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
    return json.dumps(good).encode()


@st.composite
def requests(draw):
    """Draw a request: method, path, headers, body."""
    method, path = draw(st.sampled_from(EVERYTHING))
    body = draw(bodies(path)) if method == "POST" else b""
    path = f"/api/{path}"
    kind = draw(st.integers(0, 9))
    if kind == 0:
        path = "/" + "/".join(draw(st.lists(SEGMENT, max_size=4)))
    elif kind == 1:
        path = f"/api/{draw(st.sampled_from(['picture', 'why', 'static', 'export.csv']))}/{draw(SEGMENT)}"
    elif kind == 2:
        method = draw(st.sampled_from(["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "POST", "get", ""]))
    elif kind == 3:
        path = f"{path}?{draw(st.text(max_size=20))}"
    headers = [(b"x-tinyal-token", draw(TOKENS)), (b"host", draw(HOSTS).encode())]
    if (origin := draw(ORIGINS)) is not None:
        headers.append((b"origin", origin.encode()))
    if draw(st.integers(0, 9)) == 0:
        headers.append((draw(st.sampled_from(NAMES)), draw(st.binary(max_size=30))))
    return method, path, headers, body


def fuzz(folder, examples):
    page = browser(folder, share=0.2)
    for item in range(3):
        page.answer(item)
    page.session.doubted([Doubt(1, "cat", 0.1, Guess("dog", 0.9))])
    wire = Wire(page.app)
    counts: dict[int, int] = {}

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests())
    def run(request):
        method, path, headers, body = request
        before = page.session.events()
        status, content = wire.send(method, path, headers, body)
        counts[status] = counts.get(status, 0) + 1
        assert status in EXPECTED, content
        if status != 200:
            assert page.session.events() == before
            assert json.loads(content)["error"]
        elif path.startswith("/api/") and "export" not in path and "picture" not in path:
            json.loads(content)

    run()
    assert page.get("/api/status").status_code == 200
    events = page.session.events()
    assert len({event.request for event in events}) == len(events)
    page.session._journal.close()
    wire.close()
    return counts


def test_some_odd_requests_break_nothing(tmp_path):
    counts = fuzz(tmp_path, 80)
    assert counts[200] > 0


@pytest.mark.slow
def test_thousands_of_odd_requests_break_nothing(tmp_path):
    counts = fuzz(tmp_path, 6000)
    print(counts)
    assert sum(counts.values()) >= 5000
    assert counts[200] > 500
    assert {400, 401, 403, 404, 405} <= set(counts)
