"""The loop of exercise 13: rounds of ask, label and tell, until the budget is spent."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinynn.exercises.exercise import Mistake, Outputs, Part

MOST = 20  # rounds; no trial needs as many, and a loop that never ends should end here


def label_of(index: Any) -> Any:
    """Return the label of a row: another one for each, so that confused rows are seen."""
    return 10 * index + 1


class _Recorder:
    """A learner for the loop: it asks for the next rows, and writes down what happens."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.told: list[tuple[int, int]] = []
        self.next = 40

    def ask(self, n: int) -> np.ndarray:
        if len(self.asked) == MOST:
            raise RuntimeError(
                f"after {MOST} rounds the loop still goes on; n was {self.asked[-1]} in the last one"
            )
        self.asked.append(int(n))
        rows = np.arange(self.next, self.next - n, -1)
        self.next -= n
        return rows

    def tell(self, indices: Sequence[int], labels: Sequence[int]) -> None:
        self.told += [
            (int(i), int(y))
            for i, y in zip(np.atleast_1d(indices), np.atleast_1d(np.asarray(labels)), strict=True)
        ]


def _rounds(budget: int, batch: int) -> Outputs:
    sizes = [min(batch, budget - spent) for spent in range(0, budget, batch)]
    return _record(sizes, budget)


def _record(sizes: list[int], told: int) -> Outputs:
    rows = np.arange(40, 40 - told, -1)
    return {"n of each ask": np.array(sizes), "(row, label) told": np.stack([rows, label_of(rows)], axis=1)}


def _run(run: Any, budget: int, batch: int) -> Outputs:
    learner = _Recorder()
    run(learner, label_of, budget, batch)
    return {
        "n of each ask": np.array(learner.asked),
        "(row, label) told": np.array(learner.told).reshape(-1, 2),
    }


def _whole_batches(budget: int, batch: int, rounds: int) -> Outputs:
    return _record([batch] * rounds, batch * rounds)


ROUNDS = Part(
    "run",
    "until the budget is spent: ask for a batch, get each row's label from the oracle, tell",
    _run,
    _rounds,
    lambda rng: [{"budget": 6, "batch": 3}, {"budget": 7, "batch": 3}, {"budget": 2, "batch": 5}],
    (
        "Count what was spent. The last batch may have to be smaller, since the budget is a limit.",
        "n = min(batch, budget - spent). The oracle is a function from one row number to its label.",
        "while spent < budget: n = min(batch, budget - spent); rows = learner.ask(n); learner.tell(rows, "
        "np.array([oracle(i) for i in rows])); spent += n.",
    ),
    (
        Mistake(
            "over-the-budget",
            "the last batch is whole, and more is spent than there is",
            "ask for min(batch, budget − spent)",
            lambda budget, batch: _whole_batches(budget, batch, -(-budget // batch)),
        ),
        Mistake(
            "under-the-budget",
            "whole batches only, and what is left of the budget is not spent",
            "ask for min(batch, budget − spent), as long as spent < budget",
            lambda budget, batch: _whole_batches(budget, batch, budget // batch),
        ),
        Mistake(
            "one-round-too-many",
            "one round too many: the budget is spent already",
            "while spent < budget, not <=",
            lambda budget, batch: _whole_batches(budget, batch, budget // batch + 1),
        ),
        Mistake(
            "positions-for-indices",
            "the oracle is asked about 0, 1, 2 ..., the places in the batch, and not about the rows",
            "for i in rows, not for i in range(len(rows))",
            lambda budget, batch: {
                "(row, label) told": np.stack(
                    [
                        np.arange(40, 40 - budget, -1),
                        label_of(np.arange(budget) % batch),
                    ],
                    axis=1,
                )
            },
        ),
        Mistake(
            "batches-counted",
            "the budget counts labels, and here it counts rounds",
            "spent += len(rows), not 1",
            lambda budget, batch: _whole_batches(budget, batch, budget),
        ),
    ),
)
