"""Replies that come late, in another order, or twice: the page does what the person meant, and once."""

import json
import time

import pytest

pytestmark = pytest.mark.browser
# Two keys before the browser has drawn a frame in between, and what is on screen after the first.
AT_ONCE = """
() => {
  const one = {code: 'Digit1', key: '1', bubbles: true};
  const press = () => document.body.dispatchEvent(new KeyboardEvent('keydown', one));
  press();
  const item = document.getElementById('stage').dataset.item ?? null;
  press();
  return item;
}
"""
LATER = """
(milliseconds) => {
  const now = performance.now.bind(performance);
  performance.now = () => now() + milliseconds;
  document.dispatchEvent(new Event('visibilitychange'));
}
"""


class Late:
    """Requests of one path that wait until they are let go."""

    def __init__(self, page, path):
        self._page = page
        self.routes = []
        page.route(path, lambda route: self.routes.append(route))

    def wait(self, count):
        """Wait until so many were sent."""
        until = time.monotonic() + 60
        while len(self.routes) < count:
            assert time.monotonic() < until
            self._page.wait_for_timeout(20)

    def go(self, number=0):
        self.routes[number].continue_()


def labels(server):
    return [(event["item"], event["label"]) for event in server.answers() if event["action"] == "label"]


def frames(page):
    """Wait until the page has drawn whatever it had to."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_a_key_before_the_next_picture_is_drawn_answers_nothing(server, visit):
    person = visit(server.url)
    person.fetched(2)
    first = person.item
    assert person.page.evaluate(AT_ONCE) is None
    assert person.item != first
    person.saved()
    assert labels(server) == [(first, "cat")]


def test_a_class_that_is_sent_twice_is_the_answer_to_one_question(server, visit):
    person = visit(server.url)
    first = person.item
    page = person.page
    late = Late(page, "**/api/class")
    page.keyboard.press("+")
    page.get_by_label("Its name").fill("horse")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    late.wait(1)
    page.keyboard.press("Enter")
    frames(page)
    assert len(late.routes) == 1
    late.go()
    page.locator(f"#stage[data-item]:not([data-item='{first}'])").wait_for()
    frames(page)
    person.saved()
    assert labels(server) == [(first, "horse")]


def test_a_window_that_was_closed_before_the_reply_has_no_consequence(server, visit):
    person = visit(server.url)
    first = person.item
    page = person.page
    late = Late(page, "**/api/class")
    for number, name in enumerate(["horse", "bird"], start=1):
        page.keyboard.press("+")
        page.get_by_label("Its name").fill(name)
        page.keyboard.press("Enter")
        late.wait(number)
        page.keyboard.press("Escape")
        page.locator("#add-dialog").wait_for(state="hidden")
    page.keyboard.press("+")
    page.get_by_label("Its name").fill("fish")
    for number in range(2):
        with page.expect_response("**/api/class"):
            late.go(number)
    page.get_by_role("button", name="bird, 0 labels").wait_for()  # it is a class, and no answer
    assert page.get_by_label("Its name").input_value() == "fish"
    assert person.item == first
    assert labels(server) == []


def test_why_is_about_the_question_that_was_asked_last(server, visit, complaints):
    person = visit(server.url)
    page = person.page
    late = Late(page, "**/api/why/*")
    for number in (1, 2):
        assert person.item >= 0
        page.keyboard.press("KeyW")
        late.wait(number)
        page.keyboard.press("KeyW")
        page.locator("#why-dialog").wait_for(state="hidden")
        person.press("Digit1")
    assert person.item >= 0
    page.keyboard.press("KeyW")
    late.wait(3)
    for number, said in ((2, "the third"), (0, "the first")):
        with page.expect_response("**/api/why/*"):
            late.routes[number].fulfill(json={"sentences": [said], "neighbours": []})
    with page.expect_event("requestfailed"):
        late.routes[1].abort()
    frames(page)
    assert page.locator("#why-sentences").inner_text() == "the third"
    complaints.clear()


def test_a_review_that_is_asked_for_twice_begins_once(server, visit):
    person = visit(server.url)
    page = person.page
    late = Late(page, "**/api/review")
    assert person.item >= 0
    click = "() => { const node = document.getElementById('review'); node.hidden = false; node.click(); node.click(); }"
    page.evaluate(click)
    late.wait(1)
    page.evaluate(click)
    frames(page)
    assert len(late.routes) == 1
    late.routes[0].fulfill(json={"items": []})
    page.locator("#notice").filter(has_text="Reviewed").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Skip").wait_for()
    page.evaluate(click)  # and once more when it is over
    late.wait(2)
    late.routes[1].fulfill(json={"items": []})
    page.locator("#notice").filter(has_text="Reviewed").wait_for()


def test_what_the_server_said_before_a_class_was_added_does_not_take_it_away(server, visit):
    person = visit(server.url)
    assert person.item >= 0
    page = person.page
    added, told = Late(page, "**/api/class"), Late(page, "**/api/status*")
    page.keyboard.press("+")
    page.get_by_label("Its name").fill("horse")
    page.get_by_role("button", name="Only add").click()
    added.wait(1)
    page.evaluate(LATER, 10_000)
    told.wait(1)  # asked later, and answered by the server before it has heard of the class
    before = told.routes[0].fetch()
    added.go()
    page.get_by_role("button", name="horse, 0 labels").wait_for()
    with page.expect_response("**/api/status*"):
        told.routes[0].fulfill(response=before)
    frames(page)
    assert "horse" not in before.text()
    assert page.get_by_role("button", name="horse, 0 labels").is_visible()


def test_a_slow_server_is_not_asked_again_and_again(server, visit):
    person = visit(server.url)
    assert person.item >= 0
    page = person.page
    told = Late(page, "**/api/status*")
    for _ in range(2):  # less than after which questions are renewed
        page.evaluate(LATER, 9_000)
    told.wait(1)
    frames(page)
    assert len(told.routes) == 1


def test_a_decoder_that_did_not_come_is_fetched_again(server, visit, complaints):
    person = visit("about:blank")
    tries = []

    def first_fails(route):
        tries.append(route.request.url)
        route.abort() if len(tries) == 1 else route.continue_()

    person.page.context.route("**/static/decoder.js", first_fails)
    person.page.goto(server.url)
    assert person.item >= 0
    assert len(tries) == 2
    complaints.clear()


def test_undo_is_in_order_however_late_the_questions_come(server, visit):
    person = visit(server.url)
    person.fetched(8)
    first, second = person.press("Digit1", "Digit2")
    person.saved()
    late = Late(person.page, "**/api/next")
    third = person.press("Digit1")[0]
    late.wait(1)
    person.saved()
    assert third in json.loads(late.routes[0].request.post_data)["holding"]
    reply = late.routes[0].fetch()  # the server has the answer already
    assert third in reply.json()["drop"]
    person.press("Backspace", "Backspace")
    person.saved()
    assert person.item == second
    with person.page.expect_response("**/api/next"):
        late.routes[0].fulfill(response=reply)
    frames(person.page)
    person.page.unroute("**/api/next")
    assert person.press("Digit2", "Digit2") == [second, third]
    person.saved()
    assert labels(server)[3:] == [(second, "dog"), (third, "dog")]
    assert first not in (second, third)
