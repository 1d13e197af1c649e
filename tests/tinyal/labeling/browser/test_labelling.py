"""The whole way in a browser: label, undo, skip, reload, add a class, two tabs, a server that goes, review, export."""

import csv
import io
import json
import time

import pytest

from tests.tinyal.labeling.browser.running import Person, colour, make_pictures, make_shapes

pytestmark = pytest.mark.browser
QUICK = ("--layers", "flatten, dense 8, relu, dense", "--steps", "40")  # a model that is there at once


def given(server):
    """Item and label of each label that counts, in the order in which they were given."""
    rows = csv.DictReader(io.StringIO(server.get("export.csv")))
    return {int(row["item"]): row["label"] for row in rows if row["action"] == "label"}


def told(server):
    """What happened, in order: action and item."""
    return [(event["action"], event["item"]) for event in server.answers()]


def test_a_key_labels_and_shows_the_next_picture(server, visit):
    begun = time.monotonic()
    person = visit(server.url)
    seen = []
    for key in ("Digit1", "Digit2", "Shift+Numpad1", "Digit2"):
        item = person.item
        assert person.picture == list(colour(item))
        assert person.page.locator("#caption").inner_text() == f"{item:03}.png"
        seen += person.press(key)
    person.saved()
    assert len(set(seen)) == 4
    assert given(server) == dict(zip(seen, ["cat", "dog", "cat", "dog"], strict=True))
    assert [event["action"] for event in server.answers()] == ["label"] * 4
    assert all(event["seconds"] > 0 for event in server.answers())
    assert sum(event["seconds"] for event in server.answers()) < time.monotonic() - begun
    person.reads("4 of 60", "#progress-text")
    assert person.page.get_by_role("button", name="cat, 2 labels").is_visible()


def test_other_answers_have_keys_too(server, visit):
    person = visit(server.url)
    seen = person.press("ArrowRight", "Shift+KeyC", "Shift+KeyD")
    person.saved()
    assert told(server) == list(zip(["skip", "cannot-tell", "defer"], seen, strict=True))
    for name in ("skipped", "unknown", "deferred"):
        person.reads("1", f"#count-{name}")


def test_a_key_that_is_held_down_is_one_answer(server, visit):
    person = visit(server.url)
    first = person.item
    person.page.keyboard.down("Digit1")
    for _ in range(5):
        person.page.keyboard.down("Digit1")  # as the keyboard repeats it
    person.page.keyboard.up("Digit1")
    person.page.locator(f"#stage:not([data-item='{first}'])").wait_for()
    person.saved()
    assert told(server) == [("label", first)]


def test_undo_goes_back_several_steps_with_the_pictures(server, visit):
    person = visit(server.url)
    first, second, third = person.press("Digit1", "ArrowRight", "Digit2")
    after = person.item
    assert person.press("Backspace") == [after]
    assert (person.item, person.picture) == (third, list(colour(third)))
    person.press("Control+KeyZ", "Backspace")
    assert person.item == first
    person.reads(f"Taken back: {first:03}.png was cat", "#feedback")
    person.saved()
    assert given(server) == {}
    assert told(server)[3:] == [("undo", third), ("undo", second), ("undo", first)]
    assert person.press("Digit2", "Digit2", "Digit2") == [first, second, third]
    assert person.item == after
    person.saved()
    assert given(server) == {first: "dog", second: "dog", third: "dog"}


def test_a_page_loaded_anew_goes_on_where_it_was_and_undoes_what_was_before(server, visit):
    person = visit(server.url)
    seen = person.press(*["Digit1"] * 8)
    here = person.item
    person.saved()
    person.page.reload()
    assert person.item == here
    assert person.press(*["Backspace"] * 8) == [here, *seen[:0:-1]]
    assert person.item == seen[0]
    person.saved()
    assert given(server) == {}


def test_a_new_page_undoes_the_persons_last_answer(server, visit):
    first = visit(server.url)
    [item] = first.press("Digit1")
    first.saved()
    second = visit(server.url)
    assert second.item != item
    second.page.get_by_role("button", name="Undo").and_(second.page.locator("[aria-disabled=false]")).click()
    second.page.locator(f"#stage[data-item='{item}']").wait_for()
    second.saved()
    assert given(server) == {}
    second.press("Digit2")
    second.saved()
    assert given(server) == {item: "dog"}


def test_what_was_put_off_comes_at_the_end(serve, visit, tmp_path):
    server = serve(make_pictures(tmp_path / "few", 12), "--classes", "cat,dog")
    person = visit(server.url)
    later = person.press("Shift+KeyD")
    rest = person.press(*["Digit1"] * 11)
    assert later[0] not in rest
    assert person.item == later[0]
    person.page.keyboard.press("Digit2")
    person.reads("All is answered", "#notice")
    assert given(server) == {**dict.fromkeys(rest, "cat"), later[0]: "dog"}
    person.page.keyboard.press("Backspace")
    assert person.item == later[0]


def test_a_class_is_added_on_the_way(server, visit):
    person = visit(server.url)
    item = person.item
    person.page.keyboard.press("+")
    person.page.get_by_label("Its name").fill("  <b>horse</b> ")
    person.page.keyboard.press("Enter")
    person.page.locator(f"#stage:not([data-item='{item}'])").wait_for()
    button = person.page.get_by_role("button", name="<b>horse</b>, 1 label")
    button.wait_for()
    assert button.get_attribute("aria-keyshortcuts") == "3"
    [second] = person.press("Digit3")
    person.saved()
    assert given(server) == dict.fromkeys([item, second], "<b>horse</b>")
    # Only added; digits within the field are no answers.
    third = person.item
    person.page.keyboard.press("+")
    person.page.get_by_role("button", name="Only add").click()
    person.reads("A class needs a name", "#add-error")
    person.page.get_by_label("Its name").press_sequentially("12")
    person.page.get_by_role("button", name="Only add").click()
    person.page.get_by_role("button", name="12, 0 labels").wait_for()
    assert person.item == third
    assert len(given(server)) == 2


def test_without_classes_the_first_is_added(serve, visit, tmp_path):
    server = serve(make_pictures(tmp_path / "pictures", 9))
    person = visit(server.url)
    item = person.item
    person.reads("There is no class yet. Name the first one: it gets the key 1", "#classes")
    person.reads("It trains as soon as there are labels of two classes", "#model:not(.training)")
    person.page.get_by_role("button", name="Add the first class").click()
    person.page.get_by_label("Its name").fill("cat")
    person.page.get_by_role("button", name="Add and use it").click()
    person.page.locator(f"#stage:not([data-item='{item}'])").wait_for()
    person.saved()
    assert given(server) == {item: "cat"}
    assert person.page.locator("#classes").get_by_text("no class yet").count() == 0


def test_two_tabs_never_show_the_same_and_lose_nothing(server, visit):
    first = visit(server.url)
    assert first.item >= 0
    first.page.reload()  # which leaves something in that storage
    assert first.item >= 0
    with first.page.expect_popup() as copied:
        first.page.evaluate("() => { window.open(location.href); }")  # with the storage of the first
    second = Person(copied.value)
    seen = []
    for _ in range(6):
        assert first.item != second.item
        seen += first.press("Digit1") + second.press("Digit2")
    first.saved()
    second.saved()
    assert len(set(seen)) == 12
    assert given(server) == dict(zip(seen, ["cat", "dog"] * 6, strict=True))
    first.press("Backspace")  # its own last answer, though the other tab's is the latest
    first.saved()
    assert first.item == seen[-2]
    assert given(server).keys() == set(seen) - {seen[-2]}
    first.reads("1 other page is labelling, too", "#others")


def test_a_copied_tab_takes_back_nothing_of_the_first_and_a_reload_forgets_nothing(server, visit):
    first = visit(server.url)
    seen = first.press("Digit1", "Digit2")
    first.saved()
    with first.page.expect_popup() as copied:
        first.page.evaluate("() => { window.open(location.href); }")  # with the storage of the first
    copy = Person(copied.value)
    [other] = copy.press("Digit2")
    copy.saved()
    taken = []
    copy.page.on(
        "request",
        lambda request: (
            request.url.endswith("/api/undo") and taken.append(json.loads(request.post_data)["of"])
        ),
    )
    copy.page.reload()
    copy.press("Backspace")
    copy.saved()
    assert copy.item == other
    assert taken[0] is not None
    copy.page.keyboard.press("Backspace")  # it knows of no more, so the server says what this person did last
    copy.page.locator(f"#stage[data-item='{seen[1]}']").wait_for()
    copy.saved()
    assert taken[1:] == [None]
    assert given(server) == {seen[0]: "cat"}
    first.page.reload()
    first.press("ArrowRight", "Backspace", "Backspace")
    first.saved()
    first.reads("There was nothing to take back", "#feedback")  # the copy did it before
    first.press("Backspace")
    assert first.item == seen[0]
    first.saved()
    assert given(server) == {}


def test_somebody_who_answered_before_is_named(server, visit, complaints):
    person = visit(server.url)
    item = person.item
    server.post("answer", item=item, action="label", label="dog", seconds=1.0)
    person.press("Digit1")
    person.reads(
        f"{item:03}.png: Ann has already answered dog, and that stands.", "#feedback[data-kind=warning]"
    )
    person.saved()
    assert given(server) == {item: "dog"}
    assert [text for text in complaints if "409" not in text] == []
    complaints.clear()
    seen = person.press("Digit1")
    person.press("Backspace")  # takes back what came through, not what was refused
    assert person.item == seen[0]


def test_answers_wait_while_the_server_is_gone(server, visit, complaints):
    person = visit(server.url)
    before = person.press("Digit1")
    person.saved()
    person.fetched(8)
    server.kill()
    during = person.press("Digit1", "Digit2", "Shift+KeyD", "Digit1")
    person.reads("The server does not answer", "#banner[role=alert]")
    person.reads("4 kept here", "#saved")
    person.press("Backspace")
    assert person.item == during[-1]
    person.press("Digit2")
    server.start()
    person.saved()
    person.page.locator("#banner").wait_for(state="hidden")
    assert given(server) == {before[0]: "cat", during[0]: "cat", during[1]: "dog", during[3]: "dog"}
    expected = ["label", "label", "label", "defer", "label", "undo", "label"]
    assert [action for action, _ in told(server)] == expected
    # And it goes on: more than what was fetched before.
    seen = person.press(*["Digit1"] * 12)
    person.saved()
    assert len(given(server)) == 16
    assert not set(seen) & set(before + during)
    assert complaints
    assert all("ERR_" in text for text in complaints)
    complaints.clear()


def test_a_server_that_stays_away_is_told_when_the_pictures_end(server, visit, complaints):
    person = visit(server.url)
    person.press("Digit1")
    person.saved()
    person.fetched(8)
    server.kill()
    count = 1 + len(person.press(*["Digit2"] * 7))
    gone = person.page.locator("#notice").filter(has_text="The server is gone")
    while not gone.is_visible():  # one more may have been fetched
        gone.or_(person.page.locator("#stage[data-item]")).first.wait_for()
        if not gone.is_visible():
            count += len(person.press("Digit2"))
    server.start()
    person.saved()
    assert len(given(server)) == count
    assert person.item not in given(server)
    complaints.clear()


def test_answers_of_a_page_that_was_closed_too_early_come_with_the_next(server, visit, complaints):
    first = visit(server.url)
    first.press("Digit1")
    first.saved()
    server.kill()
    [item] = first.press("Digit2")
    first.reads("1 kept here", "#saved")
    context = first.page.context
    first.page.close()
    server.start()
    asked = []
    context.on(
        "request", lambda request: request.url.endswith("/api/next") and asked.append(request.post_data)
    )
    second = visit(server.url, context)
    assert second.item != item
    assert item in json.loads(asked[0])["holding"]
    second.saved()
    assert given(server)[item] == "dog"
    assert len(told(server)) == 2
    complaints.clear()


def test_another_project_on_the_port_gets_none_of_them(server, visit, complaints, serve, tmp_path):
    person = visit(server.url)
    person.press("Digit1")
    person.saved()
    server.kill()
    person.press("Digit2")
    other = serve(make_pictures(tmp_path / "others", 20), "--classes", "cat,dog")
    other.stop()
    other.port = server.port
    other.start()
    person.reads("The server does not know this page's key", "#banner")
    visitor = visit(other.url, person.page.context)
    assert visitor.item is not None
    visitor.saved()
    assert told(other) == []
    complaints.clear()


def test_an_answer_whose_reply_was_lost_counts_once(server, visit, complaints):
    person = visit(server.url)
    requests = []

    def lose(route):
        requests.append(json.loads(route.request.post_data)["request"])
        if len(requests) > 2:
            return route.continue_()
        route.fetch()  # the server has it
        return route.abort()

    person.page.route("**/api/answer", lose)
    person.press("Digit1")
    person.saved()
    assert len(requests) >= 3
    assert len(set(requests)) == 1
    assert len(told(server)) == 1
    complaints.clear()


def test_the_guess_is_shown_after_the_answer_alone(serve, visit, tmp_path):
    server = serve(make_shapes(tmp_path / "shapes", 80), "--classes", "bright,dark", *QUICK)
    person = visit(server.url)
    label(person, 12)
    person.page.locator("#model:not(.training)").filter(has_text="Trained").wait_for(timeout=600_000)
    label(person, 8)  # what was fetched before the model was there
    deadline = time.monotonic() + 600
    while person.page.locator("#feedback[data-kind=agrees]").count() == 0:
        assert time.monotonic() < deadline, person.page.locator("#feedback").inner_text()
        label(person, 1)
        person.saved()
    person.reads("The model had guessed the same", "#feedback")
    # Before the answer nothing on the page says what it will guess: only classes, numbers and names.
    assert person.page.locator("#work").get_by_text("probab").count() == 0
    person.reads("of its last", "#agreement-text")


def test_doubtful_labels_are_reviewed(busy, visit):
    before = given(busy)
    person = visit(busy.url)
    person.page.get_by_role("button", name="Review").click()
    marked = person.page.locator("#classes [aria-pressed=true]")
    marked.wait_for()
    seen = {}
    while person.page.locator("#notice").filter(has_text="Reviewed").is_hidden():
        item = person.item
        person.reads(f"it is labelled {before[item]}; the model finds", "#feedback")
        assert marked.get_attribute("data-label") == before[item]
        seen[item] = person.page.locator("#caption").inner_text().split("-")[0]
        # Enter keeps a label, the key of another class corrects it.
        keys = {"bright": "Digit1", "dark": "Digit2"} | {before[item]: "Enter"}
        person.press(keys[seen[item]])
    assert seen
    assert any(before[item] != right for item, right in seen.items())
    person.saved()
    assert given(busy) == before | seen
    events = [event for event in busy.answers() if event["how"] == "review"]
    assert [event["item"] for event in events] == list(seen)
    assert all(event["replaces"] for event in events)
    assert not {each["item"] for each in busy.get("review")["items"]} & set(seen)
    person.page.keyboard.press("Escape")
    assert person.item not in before


def test_in_a_review_one_can_go_back_and_leave(busy, visit):
    before = given(busy)
    person = visit(busy.url)
    person.page.get_by_role("button", name="Review").click()
    person.page.locator("#classes [aria-pressed=true]").wait_for()
    first = person.item
    other = {"bright": "Digit2", "dark": "Digit1"}[before[first]]
    person.press(other)
    person.saved()
    person.page.keyboard.press("ArrowLeft")
    person.page.locator(f"#stage[data-item='{first}']").wait_for()
    person.press("Digit1" if other == "Digit2" else "Digit2")
    person.saved()
    person.page.keyboard.press("Escape")
    person.page.get_by_role("button", name="Skip").wait_for()
    assert person.item not in before
    assert given(busy) == before
    assert len([event for event in busy.answers() if event["how"] == "review"]) == 2


def test_a_label_corrected_twice_while_the_server_is_gone_is_the_last_one(busy, visit, complaints):
    before = given(busy)
    person = visit(busy.url)
    person.page.get_by_role("button", name="Review").click()
    person.page.locator("#classes [aria-pressed=true]").wait_for()
    item = person.item
    right, wrong = {"bright": ("Digit1", "Digit2"), "dark": ("Digit2", "Digit1")}[before[item]]
    busy.kill()
    for key, kept in ((wrong, 1), (right, 2), (wrong, 3)):
        person.press(key)
        person.reads(f"{kept} kept here", "#saved")
        person.page.keyboard.press("ArrowLeft")
        person.page.locator(f"#stage[data-item='{item}']").wait_for()
    busy.start()
    person.saved()
    events = [event for event in busy.answers() if event["item"] == item]
    assert [event["label"] != before[item] for event in events] == [False, True, False, True]
    assert [event["replaces"] for event in events] == [None, *[event["number"] for event in events[:-1]]]
    assert person.page.locator("#feedback[data-kind=warning]").count() == 0
    assert all("ERR_" in text for text in complaints)
    complaints.clear()
    # What somebody else has said since is told, and not overwritten.
    last = busy.post("answer", item=item, action="cannot-tell", replaces=events[-1]["number"])
    person.press(right)
    person.reads("Ann has answered cannot-tell, and that stands", "#feedback[data-kind=warning]")
    person.saved()
    assert busy.answers()[-1]["number"] == last["event"]
    person.page.keyboard.press("ArrowLeft")
    person.reads("it is labelled cannot tell", "#feedback")
    person.press(right)  # knowing it
    person.saved()
    assert given(busy) == before
    assert [text for text in complaints if "409" not in text] == []
    complaints.clear()


def label(person, count):
    """Answer what the names of the pictures tell."""
    for _ in range(count):
        person.waits()
        bright = person.page.locator("#caption").inner_text().startswith("bright")
        person.press("Digit1" if bright else "Digit2")


def test_labels_are_downloaded(server, visit):
    person = visit(server.url)
    seen = person.press("Digit1", "Digit2", "ArrowRight")
    person.saved()
    for kind in ("CSV", "JSON"):
        with person.page.expect_download() as expected:
            person.page.get_by_role("button", name=f"Download {kind}").click()
        assert expected.value.suggested_filename == f"pictures-labels.{kind.lower()}"
        text = expected.value.path().read_bytes().decode()
        assert text == (server.get("export.csv") if kind == "CSV" else text)
    rows = list(csv.DictReader(io.StringIO(server.get("export.csv"))))
    assert [int(row["item"]) for row in rows if row["action"] in ("label", "skip")] == sorted(seen)
    assert [event["item"] for event in json.loads(text)["log"] if event["item"] in seen] == seen


def test_the_person_is_named(server, visit):
    person = visit(server.url)
    person.waits()
    person.page.keyboard.press("?")
    person.page.get_by_label("Your name").fill("Zoë")
    person.page.keyboard.press("Escape")
    person.press("Digit1")
    person.saved()
    person.page.reload()
    person.press("Digit1")
    person.saved()
    assert [event["who"] for event in server.get("export.json")["log"] if event["action"] == "label"] == [
        "Zoë"
    ] * 2


def test_a_key_that_follows_a_closed_window_at_once_is_an_answer(server, visit):
    person = visit(server.url)
    item = person.item
    person.page.keyboard.press("?")
    # All before the next frame, in which the browser takes the focus from the field.
    person.page.get_by_label("Your name").evaluate(
        "field => { field.focus(); field.closest('dialog').close(); field.dispatchEvent("
        "new KeyboardEvent('keydown', {code: 'Digit1', key: '1', bubbles: true, cancelable: true})); }"
    )
    person.page.locator(f"#stage:not([data-item='{item}'])").wait_for(state="attached")
    person.saved()
    assert given(server) == {item: "cat"}


def test_rows_of_a_table_are_read(serve, visit, tmp_path):
    table = tmp_path / "notes.csv"
    texts = [f"note {n} about <i>things</i>" for n in range(30)]
    table.write_text(
        "a,b,note\n" + "".join(f"{n},{n % 3},{text}\n" for n, text in enumerate(texts)), encoding="utf-8"
    )
    server = serve(table, "--text-column", "note", "--classes", "x,y")
    person = visit(server.url)
    for _ in range(3):
        person.reads(texts[person.item], "#text")
        person.press("Digit1")
    person.saved()
    assert len(given(server)) == 3


def test_without_its_key_the_page_says_so(server, visit, complaints):
    person = visit(server.address)
    person.reads("This address lacks its key", "#banner")
    person = visit(f"{server.address}#token=wrong")
    person.reads("The server does not know this page's key", "#banner")
    assert all("401" in text for text in complaints)
    complaints.clear()
