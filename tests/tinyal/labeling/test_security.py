import json
import os
import stat
import sys

import pytest

from tests.tinyal.labeling.clients import GOOD, TOKEN, browser
from tinyal.labeling.bodies import MOST_HELD
from tinyal.labeling.security import LARGEST_BODY, allowed_host, project_id, project_token

POSTS = tuple(GOOD)
GETS = ("status", "review", "why/1", "picture/1", "export.csv", "export.json")
SOME = [("POST", "answer"), ("GET", "status"), ("GET", "picture/1")]
EVERYTHING = [("POST", path) for path in POSTS] + [("GET", path) for path in GETS]
TRAVERSAL = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "%00",
    "file:///etc/passwd",
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """One for all tests: none of them may change anything."""
    page = browser(tmp_path_factory.mktemp("project"))
    yield page
    page.session._journal.close()


def send(page, method, path, **others):
    if method == "POST" and "content" not in others:
        others.setdefault("json", GOOD.get(path, {}))
    return page.request(method, f"/api/{path}", **others)


def refused(page, reply, status):
    """Assert that a request was refused in a sentence, and that nothing came of it."""
    assert reply.status_code == status, reply.text
    assert reply.json()["error"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert len(page.session.events()) == 2  # the classes
    assert page.session._desk.out() == []


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_without_the_token_nothing_opens(page, method, path):
    request = page.build_request(method, f"/api/{path}", json=GOOD.get(path))
    del request.headers["X-Tinyal-Token"]
    refused(page, page.send(request), 401)


@pytest.mark.parametrize(("method", "path"), SOME)
@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "*"])
def test_a_wrong_token_opens_nothing(page, method, path, token):
    refused(page, send(page, method, path, headers={"X-Tinyal-Token": token}), 401)


def test_a_token_that_is_no_ascii_is_a_wrong_one(page):
    refused(page, page.get("/api/status", headers=[(b"X-Tinyal-Token", "ü".encode())]), 401)


def test_the_token_counts_only_as_a_header(page):
    elsewhere = {
        "Cookie": f"X-Tinyal-Token={TOKEN}",
        "Authorization": f"Bearer {TOKEN}",
        "X-Tinyal-Token": "",
    }
    refused(page, page.get(f"/api/status?token={TOKEN}&X-Tinyal-Token={TOKEN}", headers=elsewhere), 401)
    refused(
        page, page.get("/api/status", headers=[("X-Tinyal-Token", TOKEN), ("X-Tinyal-Token", TOKEN)]), 401
    )


@pytest.mark.parametrize(("method", "path"), SOME)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8765",
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost.evil:8765",
        "[::1]:8765",
        "",
    ],
)
def test_a_foreign_host_is_refused(page, method, path, host):
    refused(page, send(page, method, path, headers={"Host": host}), 403)


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765"])
def test_its_own_names_are_good(page, host):
    assert send(page, "GET", "status", headers={"Host": host}).status_code == 200
    assert send(page, "GET", "status", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 200


@pytest.mark.parametrize(("method", "path"), SOME)
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://127.0.0.1:8765",
        "http://127.0.0.1:8766",
        "http://localhost:8765",
        "",
    ],
)
def test_a_foreign_origin_is_refused(page, method, path, origin):
    refused(page, send(page, method, path, headers={"Origin": origin}), 403)


def test_the_page_itself_is_not_given_to_other_names_either(page):
    assert page.get("/", headers={"Host": "evil.example:8765"}).status_code == 403


@pytest.mark.parametrize("path", POSTS)
def test_a_large_body_is_refused_whether_it_says_so_or_not(page, path):
    body = json.dumps(GOOD[path]).encode() + b" " * LARGEST_BODY
    refused(page, send(page, "POST", path, content=body), 413)
    pieces = (body[i : i + 1000] for i in range(0, len(body), 1000))
    refused(page, send(page, "POST", path, content=pieces), 413)
    refused(page, send(page, "POST", path, content=body[:10], headers={"Content-Length": str(10**12)}), 413)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b'{"client": NaN}',
        b'{"client": 1' + b"0" * 5000 + b"}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"' + b"x" * 60_000 + b'": 1}',
    ],
    ids=range(11),
)
def test_what_is_no_json_object_of_the_right_fields_is_refused(page, path, body):
    refused(page, send(page, "POST", path, content=body), 400)


BAD = {
    "client": [None, 5, "", "a" * 65, "a b", "a\n", "ü", ["a"], {}, *TRAVERSAL],
    "who": [None, 5, "", " ", "a" * 81, "a\nb", "\0", "\ud800", ["a"]],
    "request": [None, 5, "", "a" * 65, "a b", *TRAVERSAL],
    "count": [None, -1, 51, 1.5, True, "2", 10**30],
    "holding": [5, "x", [-1], [1.5], ["1"], [True], [None], [[1]], [10**30], list(range(MOST_HELD + 1))],
    "item": [None, -1, 1.5, True, "3", 10**30, [3], *TRAVERSAL],
    "action": [None, 5, "", "delete", "known", "undo", "class", "LABEL", *TRAVERSAL],
    "label": [5, True, ["cat"], "", "fish", "cat ", "\ud800", "\0", *TRAVERSAL],
    "seconds": [-1, "1", True, 10**30, [1]],
    "replaces": [-1, 0.5, "1", True, 10**30],
    "of": [5, "", "a b", *TRAVERSAL],
    "name": [None, 5, "", " ", "a" * 81, "a\nb", "\0", "\ud800", ["fish"]],
    "path": ["x"],
}


@pytest.mark.parametrize(
    ("path", "field"),
    [(path, field) for path, good in GOOD.items() for field in BAD if field in good or field == "path"],
)
def test_a_field_that_is_not_what_it_should_be_is_refused_by_its_name(page, path, field):
    for bad in BAD[field]:
        reply = send(page, "POST", path, content=json.dumps({**GOOD[path], field: bad}))
        refused(page, reply, 400)
        assert field in reply.json()["error"] or field in ("action", "label"), reply.text
    if field not in ("holding", "label", "seconds", "replaces", "of", "path"):
        left_out = {name: value for name, value in GOOD[path].items() if name != field}
        refused(page, send(page, "POST", path, json=left_out), 400)


@pytest.mark.parametrize("item", [20, 2**31, 2**53])
def test_an_unknown_item_is_not_there(page, item):
    refused(page, send(page, "POST", "answer", json={**GOOD["answer"], "item": item}), 404)
    refused(page, send(page, "POST", "next", json={**GOOD["next"], "holding": [1, item]}), 404)


@pytest.mark.parametrize(
    "item",
    [
        "20",
        "-1",
        "1.0",
        "1e1",
        "٣",
        "0x1",
        "1" * 5000,
        "x",
        "..",
        "..%2f..%2flabels.sqlite",
        "%00",
        "1%00",
        "%2e%2e",
        " 1",
    ],
)
@pytest.mark.parametrize("what", ["picture", "why"])
def test_nothing_but_a_number_names_an_item(page, what, item):
    refused(page, page.get(f"/api/{what}/{item}"), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/..%2fserver.py",
        "/static/%2e%2e/server.py",
        "/static/..%5cserver.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/page.js%00",
        "/static/",
        "/static",
        "/static/session.py",
        "/labels.sqlite",
        "/token",
        "/api",
        "/api/",
        "/api/unknown",
        "//api/status",
        "/API/status",
    ],
)
def test_no_path_leads_to_the_disk(page, path):
    refused(page, page.get(path), 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "X"])
@pytest.mark.parametrize("path", POSTS)
def test_other_methods_are_refused(page, method, path):
    reply = page.request(method, f"/api/{path}")
    refused(page, reply, 405)
    assert reply.headers["allow"] == "POST"


@pytest.mark.parametrize("path", GETS)
def test_what_is_read_is_not_posted(page, path):
    refused(page, send(page, "POST", path), 405)


@pytest.mark.parametrize(
    ("host", "bound", "good"),
    [
        ("192.168.1.7:80", "0.0.0.0", True),
        ("[fe80::1]:80", "0.0.0.0", True),
        ("box.lan:80", "box.lan", True),
        ("evil.example:80", "0.0.0.0", False),
        ("1.evil.example:80", "0.0.0.0", False),
        ("192.168.1.7:80", "127.0.0.1", False),
        ("192.168.1.7:81", "0.0.0.0", False),
        ("192.168.1.7", "0.0.0.0", False),
        ("localhost:80", "0.0.0.0", True),
        ("user@localhost:80", "127.0.0.1", False),
        ("localhost:80:80", "127.0.0.1", False),
    ],
)
def test_a_server_that_others_reach_is_named_by_numbers_or_its_own_name(host, bound, good):
    assert allowed_host(host, bound, 80) is good


def test_the_token_is_kept_where_only_its_owner_reads_it(tmp_path):
    token = project_token(tmp_path)
    assert len(token) >= 43
    assert project_token(tmp_path) == token
    assert project_id(token) not in token
    assert project_token(tmp_path) != project_token_of_another(tmp_path)
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(tmp_path / "token").st_mode) == 0o600
    (tmp_path / "token").write_text("")
    assert len(project_token(tmp_path)) >= 43


def project_token_of_another(folder):
    (folder / "other").mkdir()
    return project_token(folder / "other")
