"""Strategies × seeds: many runs under the same conditions, on any number of processes, resumable.

A run depends on its settings and its seed alone, not on which process did it or what ran before: each run keeps
its linear algebra on one thread, for the sums of several threads round differently.
"""

import operator
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path
from typing import Any

from tinyal.budget import Batch, as_pairs
from tinyal.comparison import Comparison, StrategyRun
from tinyal.execution import execute
from tinyal.preparation import Preparation
from tinyal.run_files import RunFiles
from tinyal.strategies import Select, Strategy
from tinyal.task import Task, one_thread
from tinyal.view import Model
from tinynn.datasets import Dataset
from tinynn.progress import progress_bar


def compare(
    strategies: Mapping[str, Strategy | Select],
    *,
    model: Model,
    data: Dataset | tuple[Any, ...],
    initial: int = 20,
    budget: int = 300,
    batch: Batch = 10,
    seeds: int | Iterable[int] = range(5),
    candidates: int | None = None,
    validation: int | float | None = None,
    preparation: Preparation | None = None,
    confusion: bool = False,
    first: str = "random",
    workers: int = 1,
    executor: Executor | None = None,
    directory: str | Path | None = None,
    times: str | Path | None = None,
    progress: bool | None = None,
) -> Comparison:
    """Run every strategy with every seed, under the same conditions.

    Runs of one seed are paired: they start from the same rows and train models with the same seeds.

    Parameters
    ----------
    strategies : mapping of name to strategy
    model : Model
        A specification; every run trains copies. With few labels, epochs are few steps: give a `tinynn.Classifier`
        its ``steps=``.
    data : Dataset, (pool x, pool y, test x, test y), or (x, y)
        Rows x (N, ...) and labels y (N,). Without a test set, with ``preparation=Preparation(test=0.25)``: each seed
        splits its own off.
    initial, budget, batch, candidates
        See `simulate` and `ActiveLearner`.
    seeds : int or iterable of int, optional
        So many, from 0 on; or the seeds themselves.
    validation : int or float, optional
        Labels by which the model's training is judged, for `tinynn.EarlyStopping`: so many, drawn at random at the
        start and never trained on; or a share below 1 of the labels there are, which the model holds out at every
        fit. Either way they are labels, and count. By default there are none.
    preparation : Preparation, optional
        What is done to the data for each seed.
    confusion : bool, optional
        Keep what was mistaken for what at the first and at the last evaluation.
    first : "random", "strategy" or "balanced", optional
        How the initial rows are chosen: by chance, the same for all strategies; by each strategy that needs no model;
        or by chance from each class in turn, which looks at labels that are NOT COUNTED. The last one is only for
        comparisons with papers that begin so; see `simulate`.
    workers : int, optional
        Processes. In a script, more than one needs the usual ``if __name__ == "__main__":``.
    executor : concurrent.futures.Executor, optional
        Where to run instead: anything whose ``submit`` returns a `concurrent.futures.Future`, such as a
        ``ThreadPoolExecutor``, or ``client.get_executor()`` of a Dask client. Everything that a run needs, the data
        among it, is sent along with it.
    directory : path, optional
        Keep each finished run as a file in there, and do not repeat those that are there already: an interrupted
        comparison goes on where it was.
    times : path, optional
        Keep how long the rounds took in files in there, of the same names: apart from the results, which are the
        same to the byte whenever they are computed. In any case each run has its ``seconds``.
    progress : bool, optional
        Whether to show a bar of the rounds done; by default where standard error is a terminal.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        For settings that do not fit, or a directory with runs of other settings.
    TypeError
        For strategies that are none, or have no names. For a model that cannot be told how to judge its training,
        where it is to.
    RuntimeError
        When a process was killed.

    Notes
    -----
    `RunRecord.queried` are rows of `data`: of the Dataset's training rows, or of x. With a preparation they are not
    positions in the pool; and with copies, rows may be there more than once.

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> model = nn.Classifier([nn.Dense(16), nn.ReLU(), nn.Dense(10)], steps=150, classes=range(10))
    >>> result = al.compare({"random": al.strategies.Random(), "margin": al.strategies.Margin()}, model=model,
    ...                     data=nn.datasets.load("digits"), budget=60, batch=20, seeds=range(2))
    >>> [(run.strategy, run.seed, run.labels) for run in result.runs][:2]
    [('random', 0, [20, 40, 60]), ('random', 1, [20, 40, 60])]
    """
    _check_strategies(strategies)
    numbers = seeds if isinstance(seeds, Iterable) else range(operator.index(seeds))
    seeds = [operator.index(seed) for seed in numbers]  # NumPy's integers, too, which JSON does not know
    if not strategies or not seeds:
        raise ValueError("a comparison needs at least one strategy and one seed")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must differ, and are {seeds}: the same seed twice is the same run twice")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    validation = _checked_validation(validation, model)
    aside = validation if isinstance(validation, int) else 0
    task = Task(
        model,
        *_pool_and_test(data),
        initial,
        budget,
        as_pairs(initial, budget, batch, aside),
        candidates,
        validation,
        preparation,
        confusion,
        first,
    )
    task.check(seeds[0])
    if len(task.rounds()) == 1:
        raise ValueError(
            f"budget={budget} leaves nothing to choose after the first {task.rounds()[0]} labels; the curves that are "
            "compared need a batch at least"
        )
    settings = task.settings()
    files = RunFiles(directory, settings, strategies, times) if directory is not None else None
    todo = [(name, seed) for name in strategies for seed in seeds]
    done = {run: record for run in todo if files and (record := files.load(*run))}
    rest = [run for run in todo if run not in done]
    steps = len(task.rounds())
    with (
        one_thread(),
        progress_bar(steps * len(todo), "round", progress, steps * len(done)) as bar,
        closing(execute(task, strategies, rest, workers, executor, bar.update)) as finished,
    ):
        bar.set_postfix_str(f"{len(done)} of {len(todo)} runs")
        for run, record in finished:
            if files:
                files.save(*run, record)
            done[run] = record
            bar.set_postfix_str(f"{len(done)} of {len(todo)} runs")
    runs = [StrategyRun(**vars(done[run]), strategy=run[0], seed=run[1]) for run in todo]
    return Comparison(runs, settings)


def _check_strategies(strategies: Any) -> None:
    """Raise a TypeError unless these are names with strategies."""
    if not isinstance(strategies, Mapping):
        raise TypeError(
            'strategies must have names, such as {"margin": al.strategies.Margin()}; this is a '
            f"{type(strategies).__name__}"
        )
    for name, strategy in strategies.items():
        if isinstance(strategy, str):
            raise TypeError(
                f"strategy {name!r} is the word {strategy!r}; al.strategies.get({strategy!r}) makes a strategy of one"
            )
        if isinstance(strategy, type):
            raise TypeError(f"strategy {name!r} is a class; make one of it: {strategy.__name__}()")
        if not callable(getattr(strategy, "select", strategy)):
            raise TypeError(
                f"strategy {name!r} must have select(view, n, rng), or be such a function, not {strategy!r}"
            )


def _pool_and_test(data: Any) -> tuple[tuple[Any, Any], tuple[Any, Any] | None]:
    if isinstance(data, Dataset):
        test = (data.x_test, data.y_test) if len(data.x_test) else None
        return (data.x_train, data.y_train), test
    if len(data) not in (2, 4):
        raise ValueError(
            f"data is a Dataset, (pool x, pool y, test x, test y) or (x, y), not {len(data)} things"
        )
    return (data[0], data[1]), (data[2], data[3]) if len(data) == 4 else None


def _checked_validation(validation: Any, model: Any) -> int | float | None:
    """Return how much to judge the training by, after a look at whether the model can be told."""
    if validation is None:
        return None
    if not hasattr(model, "get_params") or "validation" not in model.get_params():
        raise TypeError(
            f"{type(model).__name__} has no setting validation=, so there is nobody to set labels aside for; "
            "nn.Classifier has one, for callbacks such as nn.EarlyStopping()"
        )
    if isinstance(validation, float):
        if 0 < validation < 1:
            return validation
    elif not isinstance(validation, bool) and operator.index(validation) >= 1:
        if model.get_params().get("classes") is None:
            raise ValueError("labels set aside for validation need a model that knows all classes=")
        return operator.index(validation)
    raise ValueError(
        f"validation must be a share between 0 and 1 or a number of labels, at least 1, not {validation!r}"
    )
