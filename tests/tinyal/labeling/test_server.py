import csv
import io
import threading

import numpy as np
import pytest

from tests.tinyal.labeling.clients import GOOD, TOKEN, Browser, browser, fresh
from tests.tinyal.labeling.sessions import CLASSES, learned, open_session
from tinyal.labeling import why
from tinyal.labeling.array_items import ImageItems
from tinyal.labeling.journal import Journal
from tinyal.labeling.messages import Doubt, Guess
from tinyal.labeling.session import Session
from tinyal.labeling.settings import Settings


@pytest.fixture
def page(tmp_path):
    page = browser(tmp_path, share=0)
    yield page
    page.session._journal.close()


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    items = ImageItems(rng.integers(0, 256, (4, 5, 6, 3), dtype=np.uint8), CLASSES)
    journal = Journal(tmp_path / "labels.sqlite")
    journal.add_known(items.classes, items.known)
    yield Browser(Session(items, journal, Settings(share=0)))
    journal.close()


def test_the_page_and_its_files_need_no_token_and_come_with_a_strict_policy(tmp_path):
    page = browser(tmp_path, token=None)
    for path, kind in {
        "/": "text/html",
        "/static/page.js": "text/javascript",
        "/static/style.css": "text/css",
    }.items():
        reply = page.get(path)
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith(kind)
        assert reply.headers["cache-control"] == "no-cache"
        assert reply.headers["x-content-type-options"] == "nosniff"
        policy = dict(
            part.strip().split(" ", 1) for part in reply.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["connect-src"] == "'self'"
        assert "unsafe" not in reply.headers["content-security-policy"]
        assert "set-cookie" not in reply.headers
        assert TOKEN not in reply.text


def test_a_person_labels_undoes_and_adds_a_class(page):
    status = page.get("/api/status").json()
    assert [c["name"] for c in status["classes"]] == ["cat", "dog"]
    assert (status["total"], status["answered"], status["title"]) == (20, 0, "photos")
    (question,) = page.ask()["questions"]
    assert question.keys() == {"item", "name", "text", "picture", "how"}
    reply = page.answer(question["item"], "dog", seconds=0.7).json()
    assert (reply["guess"], reply["agrees"], reply["status"]["labelled"]) == (None, None, 1)
    assert reply["status"]["can_undo"]
    undone = page.post("/api/undo", json={"client": "one", "who": "Ada", "request": fresh()}).json()
    assert (undone["item"], undone["question"]) == (question["item"], question)
    assert undone["status"]["labelled"] == 0
    nothing = page.post("/api/undo", json={"client": "one", "who": "Ada", "request": fresh()}).json()
    assert (nothing["item"], nothing["question"]) == (None, None)
    added = page.post(
        "/api/class", json={"client": "one", "who": "Ada", "request": fresh(), "name": "fish"}
    ).json()
    assert [c["name"] for c in added["classes"]] == ["cat", "dog", "fish"]
    assert page.answer(question["item"], "fish").status_code == 200


def test_the_guess_is_told_after_the_answer_and_nowhere_before(page):
    learned(page.session, [4], label="cat", probability=0.625)
    before = page.ask()
    assert before["questions"][0]["item"] == 4
    assert "0.625" not in str(before) + page.get("/api/why/4").text + page.get("/api/status").text
    after = page.answer(4, "dog").json()
    assert after["guess"] == {"label": "cat", "probability": 0.625}
    assert after["agrees"] is False
    assert page.answer(5, "cat").json()["agrees"] is True
    assert page.answer(6, None, action="skip").json()["guess"] is None


def test_an_answer_that_is_sent_again_is_one_answer_with_one_reply(page):
    said = {**GOOD["answer"], "request": fresh()}
    replies = [page.post("/api/answer", json=said).json() for _ in range(3)]
    assert replies[0] == replies[1] == replies[2]
    assert replies[0]["status"]["labelled"] == 1


def test_whoever_comes_second_hears_who_was_first(page):
    first = page.answer(3, "dog", who="Grace").json()
    reply = page.answer(3, "cat", client="two")
    assert reply.status_code == 409
    told = reply.json()
    assert (told["label"], told["who"], told["action"], told["event"]) == (
        "dog",
        "Grace",
        "label",
        first["event"],
    )
    assert page.answer(3, "cat", replaces=told["event"]).status_code == 200


def test_two_browsers_at_once_lose_and_double_nothing(tmp_path):
    page = browser(tmp_path, 30, share=0)
    answered, failures = {"one": [], "two": []}, []

    def work(client):
        held = []
        while True:
            held += [q["item"] for q in page.ask(client, 3, held)["questions"]]
            if not held:
                return
            item = held.pop(0)
            said = {
                "client": client,
                "who": client,
                "request": fresh(),
                "item": item,
                "action": "label",
                "label": "cat",
            }
            for _ in range(2):  # the browser was not sure that it arrived
                reply = page.post("/api/answer", json=said)
                if reply.status_code != 200:
                    failures.append(reply.text)
            answered[client].append(item)

    threads = [threading.Thread(target=work, args=(client,)) for client in answered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(answered["one"] + answered["two"]) == list(range(30))
    labels = page.session._journal.state().labels
    assert {item: event.who for item, event in labels.items()} == {
        item: client for client, items in answered.items() for item in items
    }
    assert page.ask()["done"]


def test_pictures_come_by_number_with_the_token_only(pictures):
    reply = pictures.get("/api/picture/2")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["cache-control"].startswith("private, max-age=")
    assert reply.headers["vary"].lower() == "x-tinyal-token"
    assert reply.content.startswith(b"\x89PNG")
    assert pictures.ask()["questions"][0]["picture"] is True
    assert pictures.get("/api/picture/2", headers={"X-Tinyal-Token": ""}).status_code == 401


def test_a_picture_that_no_browser_should_run_is_not_served(pictures, monkeypatch):
    monkeypatch.setattr(
        pictures.session.items, "picture", lambda item: (b"<svg onload=alert(1)>", "image/svg+xml")
    )
    assert pictures.get("/api/picture/2").status_code == 404
    monkeypatch.setattr(pictures.session.items, "picture", lambda item: None)
    assert pictures.get("/api/picture/2").status_code == 404


def test_rows_have_no_picture_but_a_text(page):
    (question,) = page.ask()["questions"]
    assert question["picture"] is False
    assert question["text"].startswith("a = ")
    assert page.get("/api/picture/1").status_code == 404


def test_doubtful_labels_come_for_review_and_go_by_an_answer(page):
    event = page.answer(2, "cat").json()["event"]
    page.session.doubted([Doubt(2, "cat", 0.1, Guess("dog", 0.9))])
    (item,) = page.get("/api/review").json()["items"]
    wanted = {"item": 2, "name": "row 2", "label": "cat", "event": event, "guess": "dog", "probability": 0.9}
    assert wanted.items() <= item.items()
    assert page.answer(2, "cat", replaces=item["event"]).status_code == 200
    assert page.get("/api/review").json()["items"] == []


def test_a_label_that_was_corrected_twice_while_the_server_was_away_is_the_last_one(page):
    event = page.answer(2, "cat").json()["event"]
    replies = [
        page.answer(2, label, request=request, replaces=event, of=of)
        for request, label, of in [
            ("a", "dog", None),
            ("b", "cat", "a"),
            ("b", "cat", "a"),
            ("c", "dog", "b"),
        ]
    ]
    assert [reply.status_code for reply in replies] == [200] * 4
    assert replies[1].json()["event"] == replies[2].json()["event"]
    log = page.get("/api/export.json").json()["log"][2:]
    assert [(each["label"], each["replaces"]) for each in log] == [
        ("cat", None),
        ("dog", event),
        ("cat", event + 1),
        ("dog", event + 2),
    ]
    assert page.answer(2, "cat", client="two", who="Grace", replaces=event, of="b").status_code == 409


def test_why_says_a_sentence_for_every_way_an_item_comes(page):
    page.answer(2)
    for how in ("random", "typical", "strategy", "spare"):
        assert why.HOW[how].endswith(".")
    reply = page.get("/api/why/3").json()
    assert reply == {"sentences": [why.HOW["strategy"]], "neighbours": []}


def test_the_labels_are_a_file_at_any_moment(page):
    page.answer(2, "dog", seconds=1.25)
    reply = page.get("/api/export.csv")
    assert reply.headers["content-disposition"] == 'attachment; filename="labels.csv"'
    (line,) = csv.DictReader(io.StringIO(reply.text))
    assert (line["item"], line["label"], line["who"], line["seconds"]) == ("2", "dog", "Ada", "1.25")
    assert [event["action"] for event in page.get("/api/export.json").json()["log"]] == [
        "class",
        "class",
        "label",
    ]


def test_a_disk_that_takes_no_answer_is_said_so(page, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(page.session._journal, "append", full)
    reply = page.answer(1)
    assert (reply.status_code, reply.json()) == (503, {"error": "the disk is full"})


def test_a_session_goes_on_where_it_was_after_a_restart(tmp_path):
    first = browser(tmp_path, share=0)
    for item in (1, 2):
        first.answer(item)
    first.session._journal.close()
    again = Browser(open_session(tmp_path, share=0))
    assert again.get("/api/status?client=one&who=Ada").json()["can_undo"]
    assert not again.get("/api/status?client=one&who=Grace").json()["can_undo"]
    assert {q["item"] for q in again.ask(count=50)["questions"]} == set(range(20)) - {1, 2}
