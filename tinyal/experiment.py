"""Strategies × seeds: many runs under the same conditions, on any number of processes, resumable.

A run depends on its settings and its seed alone, not on which process did it or what ran before: each run keeps
its linear algebra on one thread, for the sums of several threads round differently.
"""

import multiprocessing
import operator
import pickle
import signal
import threading
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyal.comparison import Comparison, StrategyRun
from tinyal.learner import ActiveLearner
from tinyal.oracles import ArrayOracle
from tinyal.run_files import RunFiles
from tinyal.simulation import RunRecord, check_budget, simulate
from tinyal.strategies import Select, Strategy
from tinyal.view import Model
from tinynn.datasets import Dataset
from tinynn.progress import progress_bar


@dataclass(frozen=True)
class Task:
    """Everything that the runs of a comparison share, and what one run needs besides its strategy and seed."""

    model: Model
    pool: tuple[Any, Any]
    test: tuple[Any, Any]
    initial: int
    budget: int
    batch: int
    candidates: int | None

    def run(self, strategy: Strategy | Select, seed: int) -> RunRecord:
        """Do one run."""
        with _one_thread():
            learner = ActiveLearner(self.model, self.pool[0], strategy, seed=seed, candidates=self.candidates)
            return simulate(
                learner,
                ArrayOracle(self.pool[1]),
                test=self.test,
                initial=self.initial,
                budget=self.budget,
                batch=self.batch,
            )

    def settings(self) -> dict[str, Any]:
        """Describe what decides a run's result, in numbers and strings."""
        checksum = 0
        for array in (*self.pool, *self.test):
            checksum = zlib.crc32(np.ascontiguousarray(array).tobytes(), checksum)
        return {
            "model": repr(self.model),
            "data": f"{len(self.pool[0])} + {len(self.test[0])} rows, checksum {checksum:08x}",
            "initial": self.initial,
            "budget": self.budget,
            "batch": self.batch,
            "candidates": self.candidates,
        }


def compare(
    strategies: Mapping[str, Strategy | Select],
    *,
    model: Model,
    data: Dataset | tuple[Any, Any, Any, Any],
    initial: int = 20,
    budget: int = 300,
    batch: int = 10,
    seeds: Iterable[int] = range(5),
    candidates: int | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    directory: str | Path | None = None,
    progress: bool | None = None,
) -> Comparison:
    """Run every strategy with every seed, under the same conditions.

    Runs of one seed are paired: they start from the same rows and train models with the same seeds.

    Parameters
    ----------
    strategies : mapping of name to strategy
    model : Model
        A specification; every run trains copies.
    data : Dataset, or (pool x, pool y, test x, test y)
    initial, budget, batch, candidates : int
        See `simulate` and `ActiveLearner`.
    seeds : iterable of int, optional
    workers : int, optional
        Processes. In a script, more than one needs the usual ``if __name__ == "__main__":``.
    executor : concurrent.futures.Executor, optional
        Where to run instead: anything with ``submit``.
    directory : path, optional
        Keep each finished run as a file in there, and do not repeat those that are there already: an interrupted
        comparison goes on where it was.
    progress : bool, optional
        Whether to show a bar; by default where standard error is a terminal.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        For settings that do not fit, or a directory with runs of other settings.

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> model = nn.Classifier([nn.Dense(16), nn.ReLU(), nn.Dense(10)], steps=50, classes=range(10))
    >>> result = al.compare({"random": al.strategies.Random(), "margin": al.strategies.Margin()}, model=model,
    ...                     data=nn.datasets.load("digits"), budget=60, batch=20, seeds=range(2))
    >>> [(run.strategy, run.seed, run.labels) for run in result.runs][:2]
    [('random', 0, [20, 40, 60]), ('random', 1, [20, 40, 60])]
    """
    seeds = [operator.index(seed) for seed in seeds]  # NumPy's integers, too, which JSON does not know
    if not strategies or not seeds:
        raise ValueError("a comparison needs at least one strategy and one seed")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must differ, and are {seeds}: the same seed twice is the same run twice")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    if not isinstance(data, Dataset) and len(data) != 4:
        raise ValueError(f"data is a Dataset or (pool x, pool y, test x, test y), not {len(data)} things")
    if isinstance(data, Dataset):
        data = data.x_train, data.y_train, data.x_test, data.y_test
    check_budget(len(data[0]), initial, budget, batch)
    task = Task(model, (data[0], data[1]), (data[2], data[3]), initial, budget, batch, candidates)
    files = RunFiles(directory, task.settings(), strategies) if directory is not None else None
    todo = [(name, seed) for name in strategies for seed in seeds]
    done = {run: record for run in todo if files and (record := files.load(*run))}
    rest = [run for run in todo if run not in done]
    with (
        _one_thread(),
        progress_bar(len(todo), "run", progress, len(done)) as bar,
        closing(_execute(task, strategies, rest, workers, executor)) as finished,
    ):
        for run, record in finished:
            if files:
                files.save(*run, record)
            done[run] = record
            bar.update()
    return Comparison([StrategyRun(**vars(done[run]), strategy=run[0], seed=run[1]) for run in todo])


_Run = tuple[str, int]
_Finished = Generator[tuple[_Run, RunRecord], None, None]


def _execute(
    task: Task,
    strategies: Mapping[str, Strategy | Select],
    runs: list[_Run],
    workers: int,
    executor: Executor | None,
) -> _Finished:
    """Do the runs, yielding each as it is finished."""
    if executor is not None:
        futures = {executor.submit(task.run, strategies[name], seed): (name, seed) for name, seed in runs}
        try:
            yield from _collect(futures)
        finally:
            for future in futures:  # after a failure: runs that have not begun never do
                future.cancel()
    elif workers == 1 or len(runs) < 2:
        for name, seed in runs:
            yield (name, seed), task.run(strategies[name], seed)
    else:
        yield from _execute_in_processes(task, strategies, runs, workers)


def _execute_in_processes(
    task: Task, strategies: Mapping[str, Strategy | Select], runs: list[_Run], workers: int
) -> _Finished:
    for name, strategy in strategies.items():
        try:
            pickle.dumps(strategy)
        except Exception as error:
            raise TypeError(
                f"strategy {name!r} cannot be sent to another process ({error}); define it at the top level of a "
                "module, or use workers=1"
            ) from error
    ours = set(multiprocessing.active_children())
    # Started afresh on every platform: a forked copy of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(runs)), context, _receive, (task,))
    try:
        with _interrupts_held():
            futures = {
                pool.submit(_run_received, strategies[name], seed): (name, seed) for name, seed in runs
            }
        yield from _collect(futures)
    except BaseException:
        # Interrupted, or a run failed: the others are not waited for.
        for process in set(multiprocessing.active_children()) - ours:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _collect(futures: dict["Future[RunRecord]", _Run]) -> _Finished:
    for future in as_completed(futures):
        yield futures[future], future.result()


def _one_thread() -> Any:
    """Keep linear algebra on one thread.

    Held around a whole comparison as well as each run: runs on threads of one process overlap, and the first to
    end would give the others their threads back.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while processes start, and let it through afterwards: none may be left behind half started.

    Blocking the signal is what the processes inherit, so that none dies of it with a traceback of its own. It does
    not hold for other threads of this process, such as those of linear algebra: if one of them takes the signal,
    Python calls the handler, which here only takes note.
    """
    if threading.current_thread() is not threading.main_thread():  # Python interrupts the main thread only
        yield
        return
    noted: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: noted.append(number))
    mask = (
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        if hasattr(signal, "pthread_sigmask")
        else None
    )
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if noted:
        raise KeyboardInterrupt


_received: Task


def _receive(task: Task) -> None:
    """Keep what all runs share, once a process; leave Ctrl-C to the process that started this one."""
    global _received
    _received = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_received(strategy: Strategy | Select, seed: int) -> RunRecord:
    return _received.run(strategy, seed)
