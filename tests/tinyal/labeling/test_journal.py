import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tinyal.labeling import journal as journals
from tinyal.labeling.events import AlreadyAnswered, Event
from tinyal.labeling.journal import Journal
from tinyal.labeling.ledger import Ledger

PEOPLE = ("Ada", "Grace")
ITEMS = 4


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "labels.sqlite")
    for name in ("cat", "dog"):
        journal.append("class", request=f"class {name}", who="", label=name, how="known")
    yield journal
    journal.close()


def label(journal, item, name, request=None, who="Ada", **others):
    request = request or f"{who} {item} {name} {len(journal.events())}"
    return journal.append("label", request=request, who=who, item=item, label=name, **others)


class AgainstLists(RuleBasedStateMachine):
    """A journal, and beside it a list of what happened, from which everything is worked out anew."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "labels.sqlite"
        self.journal = Journal(self.path)
        self.log: list[Event] = []
        self.requests = 0
        self.add_class("cat", "Ada")

    def teardown(self):
        self.journal.close()
        self.folder.cleanup()

    # What the list says.

    def counting(self) -> list[Event]:
        undone = {e.undoes for e in self.log}
        return [e for e in self.log if e.action != "undo" and e.number not in undone]

    def answer_of(self, item):
        return next((e for e in reversed(self.counting()) if e.item == item), None)

    def classes(self):
        return [e.label for e in self.counting() if e.action == "class"]

    def can_be_undone(self, event):
        if event.how == "known":
            return False
        if event.action == "class":
            return not any(e.item is not None and e.label == event.label for e in self.counting())
        return self.answer_of(event.item) == event

    def wrote(self, event):
        assert event.number == len(self.log) + 1
        self.log.append(event)
        self.same()

    def fresh(self):
        self.requests += 1
        return f"request {self.requests}"

    def same(self):
        state = self.journal.state()
        answers = {i: self.answer_of(i) for i in range(ITEMS) if self.answer_of(i)}
        assert state.answers == answers
        assert state.labels == {i: e for i, e in answers.items() if e.action in ("label", "known")}
        assert state.skipped == {i for i, e in answers.items() if e.action == "skip"}
        assert state.unknown == {i for i, e in answers.items() if e.action == "cannot-tell"}
        assert state.deferred == {i for i, e in answers.items() if e.action == "defer"}
        assert state.classes == self.classes()
        labels = [e.label for e in state.labels.values()]
        assert +state.counts == {name: labels.count(name) for name in set(labels)}
        assert self.journal.events() == self.log

    # What people do.

    @rule(name=st.sampled_from(["cat", "dog", "eel"]), who=st.sampled_from(PEOPLE))
    def add_class(self, name, who):
        there = name in self.classes()
        event = self.journal.append("class", request=self.fresh(), who=who, label=name)
        assert event.label == name
        if there:
            assert event in self.counting()
            self.same()
        else:
            self.wrote(event)

    @rule(
        item=st.integers(0, ITEMS - 1),
        action=st.sampled_from(["label", "skip", "cannot-tell", "defer"]),
        who=st.sampled_from(PEOPLE),
        correct=st.booleans(),
        data=st.data(),
    )
    def answer(self, item, action, who, correct, data):
        named = {}
        if action == "label":
            named = {"label": data.draw(st.sampled_from(["cat", "dog", "eel"]))}
        standing = self.answer_of(item)
        replaces = standing.number if correct and standing else None
        request = self.fresh()

        def append():
            return self.journal.append(
                action, request=request, who=who, item=item, replaces=replaces, **named
            )

        if named and named["label"] not in self.classes():
            with pytest.raises(ValueError, match="no class"):
                append()
        elif standing and standing.action != "defer" and replaces is None:
            with pytest.raises(AlreadyAnswered) as conflict:
                append()
            assert conflict.value.standing == standing
        else:
            event = append()
            assert (event.action, event.item, event.who, event.replaces) == (action, item, who, replaces)
            self.wrote(event)
            return
        self.same()

    @rule(who=st.sampled_from(PEOPLE))
    def undo(self, who):
        mine = [e for e in self.counting() if e.who == who and self.can_be_undone(e)]
        assert self.journal.last_undoable(who) == (mine[-1] if mine else None)
        event = self.journal.undo(who, request=self.fresh())
        if not mine:
            assert event is None
            self.same()
        else:
            assert (event.undoes, event.item, event.action) == (mine[-1].number, mine[-1].item, "undo")
            self.wrote(event)

    @rule(number=st.integers(0, 30))
    def undo_by_number(self, number):
        event = next((e for e in self.counting() if e.number == number), None)
        if event is not None and self.can_be_undone(event):
            self.wrote(self.journal.append("undo", request=self.fresh(), who="Ada", undoes=number))
        else:
            with pytest.raises(ValueError, match="cannot be undone"):
                self.journal.append("undo", request=self.fresh(), who="Ada", undoes=number)
            self.same()

    @precondition(lambda self: self.log)
    @rule(data=st.data(), action=st.sampled_from(["label", "skip", "undo", "class"]))
    def send_again(self, data, action):
        first = data.draw(st.sampled_from(self.log))
        assert self.journal.append(action, request=first.request, who="anybody") == first
        self.same()

    @rule(labels=st.dictionaries(st.integers(0, ITEMS - 1), st.sampled_from(["cat", "dog"])))
    def tell_what_is_known(self, labels):
        ever = {e.item for e in self.log}
        classes = [name for name in ("cat", "dog") if name not in self.classes()]
        new = {i: name for i, name in labels.items() if i not in ever}
        assert self.journal.add_known(["cat", "dog"], labels) == len(new)
        self.log += self.journal.events()[len(self.log) :]
        written = [(e.action, e.item, e.label) for e in self.log[-len(classes) - len(new) :]]
        if classes or new:
            assert written == [("class", None, c) for c in classes] + [("known", *n) for n in new.items()]

    @rule()
    def open_again(self):
        before = self.journal.events()
        assert journals.read(self.path) == before
        self.journal.close()
        self.journal = Journal(self.path)
        assert self.journal.events() == before
        self.same()


AgainstLists.TestCase.settings = settings(max_examples=6, stateful_step_count=25, deadline=None)
TestAgainstLists = AgainstLists.TestCase


@pytest.mark.slow
class TestAgainstListsLonger(AgainstLists.TestCase):
    settings = settings(max_examples=300, stateful_step_count=60, deadline=None)


def test_a_correction_counts_and_an_undo_brings_back_what_it_replaced(journal):
    first = label(journal, 3, "cat")
    second = label(journal, 3, "dog", who="Grace", replaces=first.number)
    assert journal.standing(3) == second
    assert journal.last_undoable("Ada") is None  # hers does not count any more
    journal.undo("Grace", request="u")
    assert journal.standing(3) == first
    assert journal.state().counts["cat"] == 1
    assert journal.state().counts["dog"] == 0


def test_a_correction_of_what_has_been_corrected_meanwhile_is_a_conflict(journal):
    first = label(journal, 3, "cat")
    second = label(journal, 3, "dog", replaces=first.number)
    with pytest.raises(AlreadyAnswered) as conflict:
        label(journal, 3, "cat", who="Grace", replaces=first.number)
    assert conflict.value.standing == second
    assert f"replaces={second.number}" in str(conflict.value)


def test_what_was_deferred_is_answered_as_if_it_were_new(journal):
    journal.append("defer", request="d", who="Ada", item=1)
    assert journal.state().deferred == {1}
    label(journal, 1, "cat", who="Grace")
    assert (journal.state().deferred, set(journal.state().labels)) == (set(), {1})


def test_undo_goes_back_several_steps_also_after_a_restart(journal, tmp_path):
    for item in range(3):
        label(journal, item, "cat")
    label(journal, 3, "cat", who="Grace")
    journal.close()
    again = Journal(tmp_path / "labels.sqlite")
    undone = [again.undo("Ada", request=f"u{i}").item for i in range(3)]
    assert undone == [2, 1, 0]
    assert again.undo("Ada", request="u3") is None
    assert set(again.state().labels) == {3}
    again.close()


def test_an_undo_that_is_sent_twice_takes_back_one_answer(journal):
    for item in range(3):
        label(journal, item, "cat")
    first = journal.undo("Ada", request="u")
    assert journal.undo("Ada", request="u") == first == journal.find("u")
    assert set(journal.state().labels) == {0, 1}


def test_a_class_in_use_cannot_be_undone_and_one_without_answers_can(journal):
    added = journal.append("class", request="c", who="Ada", label="eel")
    label(journal, 0, "eel", who="Grace")
    assert journal.last_undoable("Ada") is None
    journal.undo("Grace", request="u1")
    assert journal.undo("Ada", request="u2").undoes == added.number
    assert journal.state().classes == ["cat", "dog"]


def test_what_was_known_before_is_no_persons_and_can_be_corrected(journal):
    assert journal.add_known(["cat", "eel"], {0: "eel", 1: "cat"}) == 2
    assert journal.last_undoable("") is None
    known = journal.standing(0)
    assert (known.action, known.how, known.who) == ("known", "known", "")
    label(journal, 0, "cat", replaces=known.number)
    assert journal.add_known(["cat", "eel"], {0: "eel", 1: "cat", 2: "cat"}) == 1
    assert {i: e.label for i, e in journal.state().labels.items()} == {0: "cat", 1: "cat", 2: "cat"}
    with pytest.raises(ValueError, match="no class"):
        journal.add_known([], {5: "bee"})
    assert journal.standing(5) is None


@pytest.mark.parametrize(
    ("action", "others", "says"),
    [
        ("like", {"item": 0}, "action must be one of"),
        ("label", {"item": 0}, "has one if it gives one"),
        ("skip", {"item": 0, "label": "cat"}, "has one if it gives one"),
        ("label", {"item": 0, "label": "bee"}, "no class 'bee'; there are cat, dog"),
        ("label", {"label": "cat"}, "has one if it is an answer"),
        ("class", {"label": "eel", "item": 3}, "has one if it is an answer"),
        ("label", {"item": -1, "label": "cat"}, "whole number"),
        ("label", {"item": np.int64(1), "label": "cat"}, "whole number"),
        ("label", {"item": True, "label": "cat"}, "whole number"),
        ("label", {"item": 10**30, "label": "cat"}, "whole number"),
        ("label", {"item": 0, "label": "cat", "replaces": 10**30}, "whole number"),
        ("label", {"item": 0, "label": "cat", "seconds": float("nan")}, "seconds must be"),
        ("label", {"item": 0, "label": "cat", "seconds": -1.0}, "seconds must be"),
        ("label", {"item": 0, "label": "cat", "seconds": 10**400}, "seconds must be"),
        ("label", {"item": 0, "label": "cat", "probability": 1.5}, "probability must be"),
        ("label", {"item": 0, "label": "cat", "who": "A\nda"}, "one line"),
        ("label", {"item": 0, "label": "cat", "who": None}, "who is a person's name"),
        ("label", {"item": 0, "label": "cat", "guess": "\ud800"}, "one line"),
        ("label", {"item": 0, "label": "cat", "request": ""}, "needs a request"),
        ("label", {"item": 0, "label": "cat", "request": ["x"]}, "needs a request"),
        ("label", {"item": [0], "label": "cat"}, "whole number"),
        ("class", {"label": " cat"}, "clean_name"),
        ("class", {"label": ["cat"]}, "is a text"),
        ("class", {"label": "x" * 81}, "80 letters"),
        ("undo", {}, "has one if it is an undo"),
        ("undo", {"undoes": 99}, "cannot be undone"),
        ("undo", {"undoes": {}}, "whole number"),
        ("skip", {"item": 0, "undoes": 1}, "has one if it is an undo"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(journal, action, others, says):
    before = journal.events()
    with pytest.raises(ValueError, match=says):
        journal.append(action, **({"request": "r", "who": "Ada"} | others))
    assert journal.events() == before
    assert journals.read(journal.path) == before
    label(journal, 0, "cat", request="r")  # and it goes on


def test_threads_that_answer_the_same_items_give_each_one_answer(journal):
    outcomes = []

    def work(who):
        for item in range(40):
            try:
                outcomes.append(label(journal, item, "cat", request=f"{who} {item}", who=who))
            except AlreadyAnswered as conflict:
                outcomes.append(conflict.standing)

    threads = [threading.Thread(target=work, args=(f"person {i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    labels = journal.state().labels
    assert set(labels) == set(range(40))
    assert len(outcomes) == 160
    assert all(labels[event.item] == event for event in outcomes)
    assert [e.number for e in journals.read(journal.path)] == list(range(1, 43))


def test_events_are_never_changed_or_deleted(journal):
    label(journal, 0, "cat")
    with sqlite3.connect(journal.path) as other:
        for statement in ("UPDATE events SET label = 'dog'", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                other.execute(statement)
    other.close()


def test_a_second_process_that_writes_is_noticed_and_nothing_is_lost(journal):
    second = Journal(journal.path)
    label(second, 0, "cat", who="Grace")
    with pytest.raises(OSError, match="another process wrote"):
        label(journal, 1, "dog")
    assert len(journals.read(journal.path)) == 3
    second.close()


def test_a_disk_that_is_full_is_an_error_and_the_answer_does_not_count(journal):
    pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
    journal._database.execute(f"PRAGMA max_page_count={pages}")

    def fill():
        for item in range(1000):
            label(journal, item, "cat", who="A" * 60)

    with pytest.raises(OSError, match="Nothing was"):
        fill()
    kept = journal.events()
    assert journals.read(journal.path) == kept
    assert journal.standing(len(kept)) is None


def test_the_file_of_another_program_is_not_touched(tmp_path):
    path = tmp_path / "theirs.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="another program"):
        Journal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"hello, I am no database" * 300, b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_database_is_an_error(tmp_path, content):
    path = tmp_path / "labels.sqlite"
    path.write_bytes(content)
    for opening in (Journal, journals.read):
        with pytest.raises(ValueError, match="no journal of labels"):
            opening(path)
    assert path.read_bytes() == content


def test_a_journal_of_a_newer_version_is_an_error(journal):
    journal._database.execute("PRAGMA user_version=2")
    with pytest.raises(ValueError, match="a newer one reads it"):
        journals.read(journal.path)


def test_missing_events_are_noticed(journal, tmp_path):
    journal.close()
    with sqlite3.connect(journal.path) as other:
        other.execute("DROP TRIGGER nothing_goes")
        other.execute("DELETE FROM events WHERE number = 1")
    other.close()
    with pytest.raises(ValueError, match="events are missing"):
        Journal(journal.path)


def test_a_missing_journal_and_a_closed_one_are_errors(journal, tmp_path):
    with pytest.raises(OSError, match="nothing was labelled"):
        journals.read(tmp_path / "none.sqlite")
    with pytest.raises(OSError, match="cannot be opened"):
        Journal(tmp_path / "none" / "labels.sqlite")
    journal.close()
    with pytest.raises(ValueError, match="closed"):
        label(journal, 0, "cat")


def test_a_ledger_refuses_a_log_that_cannot_have_happened():
    with pytest.raises(ValueError, match="no class"):
        Ledger([Event(1, "a", 0.0, "Ada", "label", item=0, label="cat")])


WRITER = """
import sys
from tinyal.labeling.journal import Journal
journal = Journal(sys.argv[1])
journal.append("class", request="class", who="", label="cat")
for i in range(int(sys.argv[2]), int(sys.argv[3])):
    journal.append("label", request=f"request {i}", who="Ada", item=i, label="cat")
    print(i, flush=True)
"""


def killed_while_writing(path, answers, kills, rng):
    """Send answers to a process that is killed at random moments, each again that was not acknowledged."""
    acknowledged = -1
    for kill in range(kills + 1):
        first = acknowledged + 1
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(first), str(answers)],
            stdout=subprocess.PIPE,
            text=True,
        )
        stop = first + rng.integers(1, max(2, 2 * (answers - first) // (kills + 1 - kill)))
        for line in process.stdout:
            acknowledged = int(line)
            if kill < kills and acknowledged >= stop:
                # Anywhere within the next few answers.
                threading.Event().wait(rng.uniform(0, 0.004))
                process.kill()
                break
        for line in process.stdout:
            acknowledged = int(line) if line.endswith("\n") else acknowledged
        process.stdout.close()
        process.wait()
        there = {e.item for e in journals.read(path) if e.action == "label"}
        assert there >= set(range(acknowledged + 1))  # what was acknowledged is there
        assert len(there) <= acknowledged + 2  # and one more at most was on its way
    assert acknowledged == answers - 1
    labels = [e for e in journals.read(path) if e.action == "label"]
    assert [e.item for e in labels] == list(range(answers))  # each once, in order


def test_a_process_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path):
    killed_while_writing(tmp_path / "labels.sqlite", 60, kills=2, rng=np.random.default_rng())


@pytest.mark.slow
def test_a_process_that_is_killed_fifty_times_loses_nothing(tmp_path):
    killed_while_writing(tmp_path / "labels.sqlite", 1000, kills=50, rng=np.random.default_rng())


def test_an_answer_is_synced_to_the_disk_before_it_is_acknowledged(journal):
    """What a kill of the process cannot show, and a power cut would: SQLite is told to sync every commit (2, FULL)."""
    told = [
        journal._database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
    ]
    assert told == ["wal", 2]
