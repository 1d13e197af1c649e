import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.tinyal.labeling.sessions import Clock, learned, open_session
from tinyal.labeling import leases
from tinyal.labeling.asking import UnknownItem
from tinyal.labeling.events import AlreadyAnswered
from tinyal.labeling.messages import Doubt, Guess, Learned, Reason
from tinyal.labeling.why import sentences

CLIENTS = st.sampled_from(["one", "two", "three"])


@pytest.fixture
def session(tmp_path):
    session = open_session(tmp_path)
    yield session
    session._journal.close()


def answer(session, item, label="cat", client="one", request=None, **others):
    request = request or f"{client}-{item}-{label}-{len(session.events())}"
    return session.answer(client, others.pop("who", "Ada"), request, item, "label", label, **others)


def put(session, item, action, client="one"):
    return session.answer(client, "Ada", f"{client}-{item}-{action}-{len(session.events())}", item, action)


def items_of(handout):
    return [question.item for question in handout.questions]


class Service(RuleBasedStateMachine):
    """Three browsers at once, answers that arrive twice, silence, trainings, restarts: what must hold all the time."""

    N = 12

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.session = self.open()
        self.screens: dict[str, list[int]] = {"one": [], "two": [], "three": []}
        self.acknowledged: list[tuple[str, object]] = []
        self.count = 0
        self.orderly = True  # nobody was silent for long, and no server forgot who has what

    def open(self):
        return open_session(Path(self.folder.name), self.N, gone=[5], clock=self.clock, share=0.3)

    def teardown(self):
        self.session._journal.close()
        self.folder.cleanup()

    def request(self):
        self.count += 1
        return f"request-{self.count}"

    @rule(client=CLIENTS, count=st.integers(0, 4))
    def ask(self, client, count):
        handout = self.session.next(client, count, self.screens[client])
        given = items_of(handout)
        assert len(given) <= count
        assert len(set(given)) == len(given)
        assert not set(given) & set(self.screens[client])
        assert set(handout.drop) <= set(self.screens[client])
        answered = self.answered()
        assert not set(given) & answered
        assert 5 not in given
        self.screens[client] = [i for i in self.screens[client] if i not in handout.drop] + given
        assert handout.done == (len(answered) == self.N - 1)
        held = [i for screen in self.screens.values() for i in screen if i not in answered]
        if len(given) < count:  # then nothing was free
            assert len(answered | set(held)) == self.N - 1
        if self.orderly:
            assert len(held) == len(set(held))

    @rule(
        client=CLIENTS,
        action=st.sampled_from(["label", "label", "skip", "cannot-tell", "defer"]),
        twice=st.booleans(),
    )
    def answer_first(self, client, action, twice):
        if not self.screens[client]:
            return
        item, request = self.screens[client].pop(0), self.request()
        label = "dog" if action == "label" else None
        free = item not in self.answered()
        for _ in range(1 + twice):
            if free:
                event = self.session.answer(client, client, request, item, action, label)
                assert (event.request, event.item, event.action) == (request, item, action)
            else:
                with pytest.raises(AlreadyAnswered) as conflict:
                    self.session.answer(client, client, request, item, action, label)
                assert conflict.value.standing.item == item
        if free:
            self.acknowledged.append((request, item))

    @rule(client=CLIENTS)
    def undo(self, client):
        before = set(self.session._books.state.answers)
        undone = self.session.undo(client, client, self.request())
        if undone is None:
            return
        assert undone.item in before
        assert undone.item not in self.answered()
        if undone.question is not None and undone.item not in self.screens[client]:
            self.screens[client].append(undone.item)

    @rule(client=CLIENTS)
    def reload(self, client):
        had = [i for i in self.screens[client] if i not in self.answered()]
        self.screens[client] = items_of(self.session.next(client, 50))
        if self.orderly:
            assert self.screens[client][: len(had)] == had

    @rule(seconds=st.sampled_from([1.0, leases.SECONDS + 1]))
    def wait(self, seconds):
        self.clock.now += seconds
        self.orderly = False

    @rule(order=st.permutations(range(N)))
    def train(self, order):
        reserved = set(self.session.snapshot().reserved)
        closed = reserved | self.answered() | {5}
        learned(self.session, [item for item in order if item not in closed])

    @rule()
    def restart(self):
        events, status = self.session.events(), self.session.status()
        self.session._journal.close()
        self.session = self.open()
        self.orderly = False
        after = self.session.status()
        assert self.session.events() == events
        for name in (
            "classes",
            "answered",
            "labelled",
            "skipped",
            "cannot_tell",
            "deferred",
            "curve",
            "agreement",
        ):
            assert after[name] == status[name]

    def answered(self):
        state = self.session._books.state
        return set(state.answers) - state.deferred

    @invariant()
    def every_acknowledged_answer_is_there_once(self):
        if not hasattr(self, "session"):
            return
        requests = [event.request for event in self.session.events()]
        assert len(set(requests)) == len(requests)
        assert {request for request, _ in self.acknowledged} <= set(requests)

    @invariant()
    def status_counts_what_is_there(self):
        if not hasattr(self, "session"):
            return
        status, state = self.session.status("one", "one"), self.session._journal.state()
        assert status["labelled"] == len(state.labels) == sum(c["count"] for c in status["classes"])
        assert status["answered"] == len(self.answered())
        assert status["total"] == self.N - 1
        assert self.session._books.state.answers == state.answers


Service.TestCase.settings = settings(max_examples=8, stateful_step_count=30, deadline=None)
TestService = Service.TestCase


def test_an_item_is_with_one_client_at_a_time_until_that_one_falls_silent(tmp_path):
    clock = Clock()
    session = open_session(tmp_path, 6, clock=clock, share=0)
    first, second = items_of(session.next("one", 4)), items_of(session.next("two", 4))
    assert (len(first), len(second)) == (4, 2)
    assert set(first) | set(second) == set(range(6))
    clock.now = leases.SECONDS - 1
    session.next("one", 0, first)  # a sign of life
    clock.now = leases.SECONDS + 1
    assert session.status("one")["others"] == 0
    assert set(items_of(session.next("one", 4, first))) == set(second)
    assert session.next("two", 4, second).drop == second


def test_an_answer_after_the_lease_lapsed_still_counts_once(tmp_path):
    clock = Clock()
    session = open_session(tmp_path, 3, clock=clock, share=0)
    (item,) = items_of(session.next("one", 1))
    clock.now = 2 * leases.SECONDS
    assert item in items_of(session.next("two", 3))
    answer(session, item, "dog")
    with pytest.raises(AlreadyAnswered) as conflict:
        answer(session, item, "cat", client="two", who="Grace")
    assert (conflict.value.standing.label, conflict.value.standing.who) == ("dog", "Ada")
    assert session.next("two", 0, [item]).drop == [item]


def test_a_page_that_was_loaded_anew_gets_what_it_had_first(session):
    had = items_of(session.next("one", 3))
    assert items_of(session.next("one", 3)) == had
    assert items_of(session.next("one", 3, had[:1]))[:2] == had[1:]


def test_the_same_request_is_one_answer_also_after_an_undo(session):
    first = answer(session, 3, request="r")
    assert answer(session, 3, request="r") == first
    session.undo("one", "Ada", "u")
    assert answer(session, 3, request="r") == first
    assert session.status()["labelled"] == 0
    with pytest.raises(ValueError, match="asked for something else"):
        answer(session, 4, request="r")
    with pytest.raises(ValueError, match="asked for something else"):
        session.undo("one", "Ada", "r")


def test_undo_goes_back_step_by_step_also_after_a_restart(tmp_path):
    session = open_session(tmp_path, share=0)
    for item in (4, 2, 9):
        answer(session, item)
    put(session, 7, "skip")
    assert session.undo("one", "Ada", "u1").item == 7
    session._journal.close()
    session = open_session(tmp_path, share=0)
    undone = session.undo("one", "Ada", "u2")
    assert (undone.item, undone.question.item) == (9, 9)
    assert session.undo("one", "Ada", "u2").item == 9  # a retry takes nothing more back
    assert session.undo("one", "Ada", "u3").item == 2
    assert session.undo("one", "Grace", "u4") is None
    assert list(session.snapshot().labels) == [4]
    assert 9 not in items_of(session.next("two", 50))  # it is with the one who took it back


def test_undo_of_a_named_answer_leaves_later_ones(session):
    answer(session, 1, request="a")
    answer(session, 2, request="b")
    assert session.undo("one", "Ada", "u", of="a").item == 1
    assert session.undo("one", "Ada", "v", of="a") is None
    assert session.undo("one", "Ada", "w", of="never") is None
    assert list(session.snapshot().labels) == [2]


def test_what_was_put_off_comes_at_the_end_the_longest_ago_first(tmp_path):
    session = open_session(tmp_path, 4, share=0)
    session.learned(Learned(0, False, [0, 1, 2, 3], "typical"))
    assert items_of(session.next("one", 1)) == [0]
    for item in (0, 1):
        put(session, item, "defer")
    handout = session.next("one", 4)
    assert items_of(handout) == [2, 3, 0, 1]
    for item in (2, 3, 0):
        answer(session, item)
    assert not session.next("one", 4).done
    put(session, 1, "cannot-tell")
    assert session.next("one", 4).done


def test_what_was_put_off_does_not_come_back_because_a_page_still_names_it(session):
    """The page asks for more before it has heard that its "later" arrived."""
    item = items_of(session.next("one", 1))[0]
    put(session, item, "defer")
    handout = session.next("one", 2, [item])
    assert handout.drop == [item]
    assert item not in items_of(handout)


def test_the_strategy_never_gets_items_of_random_questions_nor_what_has_an_answer(tmp_path):
    session = open_session(tmp_path, 200, gone=[3], share=0.1)
    put(session, 0, "skip")
    put(session, 1, "cannot-tell")
    put(session, 2, "defer")
    snapshot = session.snapshot()
    assert set(snapshot.closed) == {0, 1, 2, 3}
    assert 5 < len(snapshot.reserved) < 40
    assert snapshot.classes == ("cat", "dog")


def test_a_share_of_the_questions_is_random_once_a_model_can_be_tested(tmp_path):
    session = open_session(tmp_path, 400, share=0.1)
    asked = []
    for number in range(250):
        if number == 50:
            learned(session)
        (question,) = session.next("one", 1).questions
        asked.append(question.how)
        answer(session, question.item)
    assert "random" not in asked[:50]
    assert asked[50:].count("random") == 20
    assert max(map(len, " ".join(asked[50:]).replace("spare", "s").split("random"))) < 2 * 12


def test_none_is_random_before_there_is_a_model_and_what_is_gone_is_nobodys(tmp_path):
    session = open_session(tmp_path, 400, gone=[7], share=0.2)
    questions = session.next("one", 50).questions + session.next("two", 50).questions
    assert {question.how for question in questions} == {"spare"}
    assert session.next("three", 0, [7]).drop == [7]


def test_two_people_with_questions_ahead_get_the_share_too(tmp_path):
    session = open_session(tmp_path, 400, share=0.2)
    learned(session)
    screens = {"one": [], "two": []}
    hows = []
    for turn in range(100):
        client = ("one", "two")[turn % 2]
        screens[client] += session.next(
            client, 6 - len(screens[client]), [q.item for q in screens[client]]
        ).questions
        question = screens[client].pop(0)
        hows.append(question.how)
        answer(session, question.item, client=client)
    assert abs(hows.count("random") - 20) <= 3


def test_which_items_are_random_stays_when_items_are_added(tmp_path):
    before = set(open_session(tmp_path, 100).snapshot().reserved)
    after = set(open_session(tmp_path, 150).snapshot().reserved)
    assert {item for item in after if item < 100} == before


def test_random_items_are_a_fair_sample(tmp_path):
    shares = [
        len(open_session(tmp_path, 2000, share=0.1, seed=seed).snapshot().reserved) / 2000
        for seed in range(8)
    ]
    assert abs(np.mean(shares) - 0.1) < 0.01
    assert len(open_session(tmp_path, 2000, share=0.9).snapshot().reserved) < 2000 * 0.25


def test_the_ranking_is_followed_and_replaced(tmp_path):
    session = open_session(tmp_path, 10, share=0)
    session.learned(Learned(0, False, [7, 3], "typical"))
    questions = session.next("one", 3).questions
    assert [(q.item, q.how) for q in questions[:2]] == [(7, "typical"), (3, "typical")]
    assert questions[2].how == "spare"
    held = [q.item for q in questions]
    session.learned(Learned(0, True, [held[2], 9], "strategy"))
    assert items_of(session.next("one", 1, held)) == [9]


def test_the_guess_is_that_of_a_model_that_was_never_told(session):
    learned(session, label="cat")
    event = answer(session, 3, "dog")
    assert (event.guess, event.probability) == ("cat", 0.8)
    session.undo("one", "Ada", "u")
    learned(session, label="dog")  # it may have been told
    assert answer(session, 3, "dog").guess == "cat"
    assert answer(session, 4, "dog").guess == "dog"
    assert put(session, 5, "skip").guess is None


def test_without_a_model_there_is_no_guess_then_or_ever(session):
    assert answer(session, 3).guess is None
    session.undo("one", "Ada", "u")
    learned(session)
    assert answer(session, 3).guess is None


def test_a_class_is_added_once(session):
    session.add_class("one", "Ada", "c1", "  Felis catus ")
    session.add_class("one", "Ada", "c1", "  Felis catus ")
    session.add_class("two", "Grace", "c2", "Felis catus")
    assert [c["name"] for c in session.status()["classes"]] == ["cat", "dog", "Felis catus"]
    assert [c["key"] for c in session.status()["classes"]] == ["1", "2", "3"]
    answer(session, 0, "Felis catus")
    with pytest.raises(ValueError, match="no class 'fish'"):
        answer(session, 1, "fish")
    with pytest.raises(ValueError, match="has 1 to"):
        session.add_class("one", "Ada", "c3", " ")


def test_every_change_wakes_the_teacher_and_nothing_else_does(session):
    session.next("one", 2)
    session.status()
    assert session.teacher.woken == 0
    answer(session, 1, request="a")
    answer(session, 1, request="a")
    session.undo("one", "Ada", "u")
    session.undo("one", "Ada", "v")
    session.add_class("one", "Ada", "c", "fish")
    assert session.teacher.woken == 3


def test_doubtful_labels_are_offered_until_somebody_says_so(session):
    for item in (1, 2, 3):
        answer(session, item)
    session.doubted([Doubt(item, "cat", 0.1, Guess("dog", 0.9)) for item in (3, 2, 1, 8)])
    offered = session.review(9)
    assert [review.question.item for review in offered] == [3, 2, 1]
    assert session.status()["to_review"] == 3
    assert session.review(2) == offered[:2]
    confirmed = answer(session, 3, "cat", replaces=offered[0].event)
    answer(session, 2, "dog", replaces=offered[1].event)
    assert confirmed.how == "review"
    assert [review.question.item for review in session.review(9)] == [1]
    session.undo("one", "Ada", "u")
    assert [review.question.item for review in session.review(9)] == [2, 1]


def test_an_answer_replaces_none_but_the_one_it_names(session):
    first = answer(session, 1)
    answer(session, 1, "dog", replaces=first.number)
    with pytest.raises(AlreadyAnswered):
        answer(session, 1, "cat", replaces=first.number)


def test_a_correction_corrected_before_its_number_was_known_is_the_one_that_counts(session):
    first = answer(session, 1)
    second = answer(session, 1, "dog", request="a", replaces=first.number)
    third = answer(session, 1, "cat", request="b", replaces=first.number, of="a")
    fourth = answer(session, 1, "dog", request="c", replaces=first.number, of="b")
    assert [event.replaces for event in (second, third, fourth)] == [
        first.number,
        second.number,
        third.number,
    ]
    assert [event.how for event in (second, third, fourth)] == ["review"] * 3
    # What is sent once more, for no reply came, changes nothing, whatever happened since.
    for request, label, before, event in [("a", "dog", None, second), ("b", "cat", "a", third)]:
        assert answer(session, 1, label, request=request, replaces=first.number, of=before) == event
    assert session.snapshot().labels == {1: "dog"}
    assert len(session.events()) == 2 + 4


def test_a_second_correction_overwrites_no_other_persons(session):
    first = answer(session, 1)
    mine = answer(session, 1, "dog", request="a", replaces=first.number)
    answer(session, 1, "cat", client="two", who="Grace", request="g", replaces=mine.number)
    for of in ("a", "b", None):  # "b" never came through
        with pytest.raises(AlreadyAnswered) as conflict:
            answer(session, 1, "dog", replaces=first.number, of=of)
        assert conflict.value.standing.who == "Grace"
    with pytest.raises(AlreadyAnswered):  # it corrects what it names, and a new answer corrects nothing
        answer(session, 1, "dog", of="g")


def test_a_correction_of_one_that_was_taken_back_replaces_what_stands_again(session):
    first = answer(session, 1)
    answer(session, 1, "dog", request="a", replaces=first.number)
    session.undo("one", "Ada", "u", of="a")
    assert answer(session, 1, "dog", replaces=first.number, of="a").replaces == first.number


def test_corrections_count_in_the_accuracy_and_not_as_tests(tmp_path):
    session = open_session(tmp_path, 100, share=0.2)
    learned(session, label="cat")
    reserved = session.snapshot().reserved[:10]
    for item in reserved:
        event = answer(session, item, "cat")
    assert session.status()["accuracy"]["estimate"] == 1
    answer(session, event.item, "dog", replaces=event.number)
    assert session.status()["accuracy"]["estimate"] == 0.9
    assert session.status()["accuracy"]["n"] == 10


def test_why_tells_what_is_known_and_never_the_guess(session):
    answer(session, 1, "dog")
    reason = Reason("Margin()", 19, (("score", 0.95, 1),), (1, 2))
    session.learned(Learned(1, True, [4, 5], "strategy", {4: Guess("cat", 0.9)}, {4: reason}))
    session.next("one", 2)
    why = session.why(4)
    assert why.neighbours == {1: "dog"}
    said = " ".join(sentences(why))
    assert "differ by 5.0%" in said
    assert "cat" not in said
    with pytest.raises(UnknownItem):
        session.why(20)


def test_reasons_and_guesses_of_what_is_on_a_screen_stay(tmp_path):
    session = open_session(tmp_path, 10, share=0)
    reason = Reason("Margin()", 9)
    session.learned(Learned(1, True, [4], "strategy", {4: Guess("cat", 0.9)}, {4: reason}))
    session.next("one", 1)
    session.learned(Learned(1, True, [6], "strategy", {6: Guess("cat", 0.9)}))
    assert session.why(4).reason == reason
    assert answer(session, 4).guess == "cat"
    session.learned(Learned(2, True, [6], "strategy"))
    assert session.why(4).reason is None


@pytest.mark.parametrize("item", [-1, 20, 10**12])
def test_an_unknown_item_is_refused_and_nothing_is_written(session, item):
    before = session.events()
    for ask in (
        lambda: answer(session, item),
        lambda: session.next("one", 1, [item]),
        lambda: session.why(item),
    ):
        with pytest.raises(UnknownItem, match="there are 20"):
            ask()
    assert session.events() == before
    assert session._desk.out() == []


def test_an_action_that_is_none_is_refused(session):
    for action in ("known", "undo", "class", "delete"):
        with pytest.raises(ValueError, match="action is one of"):
            put(session, 1, action)


def test_an_answer_that_the_disk_does_not_take_is_no_answer(session, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("the disk is full")

    (item,) = items_of(session.next("one", 1))
    monkeypatch.setattr(session._journal, "append", full)
    with pytest.raises(OSError, match="full"):
        answer(session, item)
    monkeypatch.undo()
    assert session.status()["answered"] == 0
    assert items_of(session.next("one", 1)) == [item]
    assert answer(session, item).item == item
