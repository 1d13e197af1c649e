import os
import signal
import sys
import time

import numpy as np
import pytest

import tinynn as nn
from tests.tinyal.labeling.sessions import open_session
from tinyal.labeling import kept_model, trainer
from tinyal.labeling.settings import Settings
from tinyal.labeling.trainer import Trainer

PATIENCE = 60.0  # seconds, before a test gives up
POOL = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
TRUTH = np.where(POOL[:, 0] + POOL[:, 1] > 0, "cat", "dog").tolist()
SETTINGS = Settings(layers=["dense 8", "relu", "dense"], steps=30)


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def answer(session, count):
    for question in session.next("one", count).questions:
        item = question.item
        request = f"r{len(session.events())}"
        session.answer("one", "Ada", request, item, "label", TRUTH[item])


@pytest.fixture
def session(tmp_path):
    session = open_session(tmp_path, 200)
    yield session
    session._journal.close()


def test_it_learns_whatever_is_answered_in_a_process_that_dies_with_it(session, tmp_path):
    teacher = Trainer(session, POOL, SETTINGS, tmp_path / "model.npz")
    try:
        until(lambda: not teacher.busy)
        assert session.next("one", 1).questions[0].how == "typical"
        assert session.status()["trained_on"] == 0
        answer(session, 10)
        assert teacher.busy
        until(lambda: not teacher.busy)
        status = session.status()
        assert (status["trained_on"], status["problem"]) == (10, None)
        assert status["rounds"] >= 1
        assert kept_model.load(tmp_path / "model.npz").classes == ("cat", "dog")
        if sys.platform != "win32":
            assert os.getpriority(os.PRIO_PROCESS, teacher._process.pid) > 0
            os.kill(teacher._process.pid, signal.SIGINT)  # Ctrl-C goes to all processes of a terminal
        pid = teacher._process.pid
        answer(session, 15)
        until(lambda: session.status()["trained_on"] == 25)
        assert teacher._process.pid == pid
        assert session.next("one", 50).questions[-1].how in ("strategy", "random")

        teacher._process.kill()  # for want of memory
        answer(session, 5)
        until(lambda: session.status()["trained_on"] == 30)
        assert session.status()["problem"] is None
        answer(session, 30)
        until(lambda: not teacher.busy)
    finally:
        teacher.stop()
    assert not teacher._process.is_alive()
    assert not teacher.busy
    answer(session, 2)  # nobody learns of it, and it is kept
    assert session.status()["labelled"] == 62


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")
def test_neither_answers_nor_questions_wait_for_a_training(session):
    teacher = Trainer(session, POOL, SETTINGS)
    try:
        answer(session, 20)
        until(lambda: session.status()["trained_on"] == 20)
        os.kill(teacher._process.pid, signal.SIGSTOP)  # a training without end
        for _ in range(18):
            assert len(session.next("one", 10).questions) == 10
            answer(session, 10)
        assert session.next("one", 10).done
        assert session.status()["trained_on"] == 20
        os.kill(teacher._process.pid, signal.SIGCONT)
        until(lambda: session.status()["trained_on"] == 200)
    finally:
        teacher.stop()


@pytest.mark.slow
def test_a_training_that_fails_is_told_and_the_next_may_succeed(session):
    teacher = Trainer(session, POOL, Settings(layers=["dense 8", "relu", "conv 3 3", "dense"], steps=30))
    try:
        answer(session, 30)
        until(lambda: session.findings.problem is not None and not teacher.busy)
        assert session.status()["problem"].startswith("ValueError: layer")
        assert session.next("one", 3).questions != []
    finally:
        teacher.stop()


@pytest.mark.slow
def test_a_process_that_ends_again_and_again_is_given_up(session, monkeypatch):
    monkeypatch.setattr(trainer, "RESTARTS", 1)
    teacher = Trainer(session, POOL, SETTINGS)
    try:
        for _ in range(2):
            process = teacher._process
            process.kill()
            until(lambda process=process: teacher._stopped or teacher._process is not process)
        until(lambda: session.findings.problem is not None)
        assert "ended 2 times" in session.findings.problem
        assert not session.status()["training"]
        answer(session, 5)
        assert session.status()["labelled"] == 5
    finally:
        teacher.stop()


@pytest.mark.slow
def test_doubtful_labels_are_found_while_nothing_else_is_to_do(tmp_path):
    digits = nn.datasets.load("digits")
    session = open_session(tmp_path, 200)
    for name in map(str, digits.classes):
        session.add_class("one", "Ada", f"class-{name}", name)
    teacher = Trainer(
        session, digits.x_train[:200], Settings(layers=["dense 32", "relu", "dense"], steps=100)
    )
    try:
        for item, y in enumerate(digits.y_train[:150].tolist()):
            said = digits.classes[(y + (item % 30 == 0)) % 10]
            session.answer("one", "Ada", f"item-{item}", item, "label", said)
        until(lambda: session.status()["to_review"])
        assert session.review(1)[0].question.item % 30 == 0
    finally:
        teacher.stop()
        session._journal.close()
