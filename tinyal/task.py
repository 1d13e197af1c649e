"""The task of a comparison: one run, from a strategy and a seed, with everything else that it needs."""

import copy
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyal.budget import Batch, check_budget, rounds
from tinyal.description import without_addresses
from tinyal.learner import ActiveLearner
from tinyal.oracles import ArrayOracle
from tinyal.preparation import Drawn, Preparation
from tinyal.simulation import RunRecord, simulate
from tinyal.strategies import Select, Strategy
from tinyal.view import Model

_VALIDATION = 6  # a stream of random numbers; the learner has 0 to 4, preparation 5


@dataclass(frozen=True)
class Task:
    """Everything that the runs of a comparison share, and what one run needs besides its strategy and seed."""

    model: Model
    pool: tuple[Any, Any]
    test: tuple[Any, Any] | None
    initial: int
    budget: int
    batch: Batch
    candidates: int | None
    validation: int | float | None = None
    preparation: Preparation | None = None
    confusion: bool = False
    first: str = "random"

    def run(
        self, strategy: Strategy | Select, seed: int, report: Callable[[int], None] | None = None
    ) -> RunRecord:
        """Do one run; `report` is called after every evaluation."""
        with one_thread():
            drawn = self.draw(seed)
            model, set_aside = self._judged(drawn, seed)
            learner = ActiveLearner(model, drawn.x, strategy, seed=seed, candidates=self.candidates)
            record = simulate(
                learner,
                ArrayOracle(drawn.y),
                test=(drawn.x_test, drawn.y_test),
                initial=self.initial,
                budget=self.budget,
                batch=self.batch,
                first=self.first,
                set_aside=set_aside,
                confusion=self.confusion,
                report=report,
            )
        record.queried = [drawn.rows[rows].tolist() for rows in record.queried]
        return record

    def draw(self, seed: int) -> Drawn:
        """Return a seed's pool and test set: the same whatever the strategy."""
        return (self.preparation or Preparation()).draw(*self.pool, self.test, seed)

    def check(self, seed: int) -> None:
        """Raise a ValueError unless a run can spend its labels on a seed's pool."""
        rows, _ = (self.preparation or Preparation()).rows(self.pool[1], self.test is not None, seed)
        check_budget(len(rows), self.initial, self.budget, self.batch, self.set_aside)

    @property
    def set_aside(self) -> int:
        """How many labels are paid for at the start and not trained on."""
        return self.validation if isinstance(self.validation, int) else 0

    def rounds(self) -> list[int]:
        """Return how many labels are paid for before each evaluation."""
        return rounds(self.initial, self.budget, self.batch, self.set_aside)

    def _judged(self, drawn: Drawn, seed: int) -> tuple[Model, list[int]]:
        """Return the model with what its training is judged by, and the rows set aside for that."""
        if self.validation is None:
            return self.model, []
        model: Any = copy.deepcopy(self.model)
        if not self.set_aside:
            return model.set_params(validation=self.validation), []
        rng = np.random.default_rng((seed, _VALIDATION))
        rows = rng.choice(len(drawn.x), self.set_aside, replace=False)
        columns = np.searchsorted(np.unique(np.asarray(model.classes)), drawn.y[rows])
        return model.set_params(validation=(drawn.x[rows], columns)), rows.tolist()

    def settings(self) -> dict[str, Any]:
        """Describe what decides a run's result, in numbers and strings."""
        checksum = 0
        for array in (*self.pool, *(self.test or ())):
            checksum = zlib.crc32(np.ascontiguousarray(array).tobytes(), checksum)
        parts = " + ".join(str(len(part[0])) for part in (self.pool, self.test) if part is not None)
        described = {
            "model": without_addresses(repr(self.model)),
            "data": f"{parts} rows, checksum {checksum:08x}",
            "initial": self.initial,
            "budget": self.budget,
            "batch": self.batch if isinstance(self.batch, int) else self.rounds()[1:],
            "candidates": self.candidates,
        }
        if self.validation is not None:
            described["validation"] = self.validation
        if self.preparation is not None:
            described["preparation"] = repr(self.preparation)
        if self.confusion:
            described["confusion"] = True
        if self.first != "random":
            described["first"] = self.first
        return described


def one_thread() -> Any:
    """Keep linear algebra on one thread.

    Held around a whole comparison as well as each run: runs on threads of one process overlap, and the first to
    end would give the others their threads back.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
