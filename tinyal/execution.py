"""Where runs are done: in this process, in several, or wherever an executor of the caller's takes them."""

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol

from tinyal.simulation import RunRecord
from tinyal.strategies import Select, Strategy

Run = tuple[str, int]
Finished = Generator[tuple[Run, RunRecord], None, None]
Strategies = Mapping[str, Strategy | Select]
GLANCE = 0.2  # seconds between two looks at how far the processes are


class Doable(Protocol):
    """What does one run, here or in another process."""

    def run(
        self, strategy: Strategy | Select, seed: int, report: Callable[[int], None] | None = None
    ) -> RunRecord:
        """Do one run; `report` hears of every round."""


def execute(
    task: Doable,
    strategies: Strategies,
    runs: list[Run],
    workers: int,
    executor: Executor | None,
    progress: Callable[[int], None],
) -> Finished:
    """Do the runs, yielding each as it is finished.

    Parameters
    ----------
    task : Doable
    strategies : mapping of name to strategy
    runs : list of (name, seed)
    workers : int
        Processes, where there is no executor.
    executor : concurrent.futures.Executor or None
    progress : callable
        Told how many rounds were done since it was told last. An executor's runs are told of when they are finished:
        nothing but their results comes back from there.
    """
    if executor is not None:
        futures = {executor.submit(task.run, strategies[name], seed): (name, seed) for name, seed in runs}
        try:
            for future in as_completed(futures):
                record = future.result()
                progress(len(record.labels))
                yield futures[future], record
        finally:
            for future in futures:  # after a failure: runs that have not begun never do
                future.cancel()
    elif workers == 1 or len(runs) < 2:
        for name, seed in runs:
            yield (name, seed), task.run(strategies[name], seed, lambda labels: progress(1))
    else:
        yield from _in_processes(task, strategies, runs, workers, progress)


def _in_processes(
    task: Doable, strategies: Strategies, runs: list[Run], workers: int, progress: Callable[[int], None]
) -> Finished:
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
    # One number a run, which its process alone writes: no lock that a process could die with.
    rounds = context.RawArray("q", len(runs))
    pool = ProcessPoolExecutor(min(workers, len(runs)), context, _receive, (task, rounds))
    try:
        with interrupts_held():
            futures = {
                pool.submit(_run_received, strategies[name], seed, place): (name, seed)
                for place, (name, seed) in enumerate(runs)
            }
        yield from _collect(futures, rounds, progress)
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a process that did runs was killed, perhaps for want of memory. Finished runs are kept where there is a "
            "folder for them; fewer workers need less memory"
        ) from error
    except BaseException:
        # Interrupted, or a run failed: the others are not waited for.
        for process in set(multiprocessing.active_children()) - ours:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _collect(
    futures: dict["Future[RunRecord]", Run], rounds: Any, progress: Callable[[int], None]
) -> Finished:
    pending, told = set(futures), 0
    while pending:
        done, pending = wait(pending, GLANCE, FIRST_COMPLETED)
        so_far = sum(rounds)
        progress(so_far - told)
        told = so_far
        for future in done:
            yield futures[future], future.result()


@contextmanager
def interrupts_held() -> Iterator[None]:
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


_received: tuple[Doable, Any]


def _receive(task: Doable, rounds: Any) -> None:
    """Keep what all runs share, once a process; leave Ctrl-C to the process that started this one."""
    global _received
    _received = task, rounds
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """Wait until the process that started this one is gone, killed perhaps, and end: nobody would take the results."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "this process was started by another"
    parent.join()
    os._exit(1)


def _run_received(strategy: Strategy | Select, seed: int, place: int) -> RunRecord:
    task, rounds = _received

    def report(labels: int) -> None:
        rounds[place] += 1

    return task.run(strategy, seed, report)
