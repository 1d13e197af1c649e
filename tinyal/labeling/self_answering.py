"""The loop that answers itself: a person who knows the truth is simulated, and the page is left out."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from tinyal.labeling.session import Session
from tinyal.labeling.trainer import Trainer
from tinynn import inference
from tinynn.network import Sequential

BATCH = 10  # answers between two trainings
GLANCE = 0.01  # seconds between two looks at whether a training is done
JUDGED = 2000  # items without a label by which a model is judged in the end


def answer_all(
    session: Session, trainer: Trainer, truth: Sequence[str], answers: int, show: Callable[[str], None]
) -> None:
    """Answer so many questions by the truth, ten between two trainings, and show a line for each ten.

    Parameters
    ----------
    session : Session
    trainer : Trainer
        That of the session. Unlike a person, this one waits for it.
    truth : sequence of str
        The label of every item.
    answers : int
    show : callable
    """
    show(f"{'labels':>6}  {'accuracy, estimated by random questions':<40}  guessed right of the last")
    given = 0
    while True:
        wait(trainer)
        questions = session.next("simulated", min(BATCH, answers - given)).questions
        if not questions:
            return
        guesses = []
        for question in questions:
            request = f"simulated-{time.time_ns()}-{given}"
            label = truth[question.item]
            event = session.answer("simulated", "simulated", request, question.item, "label", label)
            given += 1
            guesses += [] if event.guess is None else [event.guess == label]
        lately = f"{sum(guesses)} of {len(guesses)}" if guesses else "-"
        show(f"{session.status()['labelled']:>6}  {_estimate(session):<40}  {lately}")


def wait(trainer: Trainer) -> None:
    """Wait until the model knows all answers."""
    while trainer.busy:
        time.sleep(GLANCE)


def true_accuracy(
    session: Session, network: Sequential, classes: Sequence[str], truth: Sequence[str]
) -> tuple[int, int]:
    """Return how many items without a label a network gets right, and of how many: up to 2000, drawn at random."""
    labels = session.snapshot().labels
    rest = np.array([item for item in range(len(session.items)) if item not in labels], np.int64)
    rows = np.sort(np.random.default_rng(0).permutation(rest)[:JUDGED])
    if len(rows) == 0:
        return 0, 0
    p = inference.predict_proba(network, session.items.features[rows])
    right = [
        classes[best] == truth[row]
        for best, row in zip(p.argmax(axis=1).tolist(), rows.tolist(), strict=True)
    ]
    return sum(right), len(rows)


def _estimate(session: Session) -> str:
    found = session.status()["accuracy"]
    if found is None:
        return "too few yet"
    return f"{found['estimate']:.0%}, interval {found['low']:.0%} to {found['high']:.0%}, n = {found['n']}"
