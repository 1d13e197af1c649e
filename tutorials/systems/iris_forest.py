"""Which flowers should be identified? A random forest asks, its trees being the samples that disagree.

    python tutorials/systems/iris_forest.py            20 seeds; a minute or two
    python tutorials/systems/iris_forest.py --quick    2 seeds, some seconds

The loop takes any estimator with ``predict_proba``. A forest's trees were each grown on rows of their own, drawn with
replacement: where they contradict each other, the rows so far have not decided. That is what information gain (BALD)
measures, the entropy of the mean minus the mean entropy of the trees.

Grown to the end, as here, every tree is sure of what it says. Its entropy is zero, and the gain is the entropy of the
trees' votes, the same as that of the forest's prediction. (With leaves of three rows, ``min_samples_leaf=3``, the two
part, and with so few labels the trees hardly branch at all.)

The functions at the end are the usual mistakes. They run beside the right ones, so that the table shows what they cost.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

import tinyal as al
import tinynn as nn

STRATEGIES = {
    "random": al.strategies.Random(),
    "information gain (BALD)": al.strategies.BALD(n_samples=30),  # trees, at most
    "margin": al.strategies.Margin(),
}


@dataclass(frozen=True)
class Settings:
    """What a comparison is made with."""

    seeds: int = 20
    trees: int = 30
    initial: int = 6
    budget: int = 30
    batch: int = 2
    test: float = 1 / 3


QUICK = Settings(seeds=2, trees=10, budget=14, batch=4)


def forest(settings):
    """Return the forest, as a specification: every training starts from a copy, with a seed of its own."""
    return RandomForestClassifier(settings.trees)


def run(strategy, seed, settings, oracle_of=al.oracles.ArrayOracle, batch=None):
    """Let a strategy spend the budget; return a `tinyal.RunRecord`.

    Parameters
    ----------
    strategy : tinyal.Strategy
    seed : int
        Of everything: the same seed splits off the same test flowers and starts with the same rows.
    settings : Settings
    oracle_of : callable, optional
        Makes whoever answers from the labels of the pool.
    batch : int, optional
        Flowers a round, by default as in the settings.
    """
    data = nn.datasets.load("iris")
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    drawn = al.Preparation(test=settings.test).draw(x, y, None, seed)
    learner = al.ActiveLearner(forest(settings), drawn.x, strategy, seed=seed, classes=range(3))
    return al.simulate(
        learner,
        oracle_of(drawn.y),
        test=(drawn.x_test, drawn.y_test),
        initial=settings.initial,
        budget=settings.budget,
        batch=settings.batch if batch is None else batch,
    )


# --- what goes wrong if you write it the usual way ---------------------------------------------------------------


def mixed_up_queue(x_train, x_pool):
    """Return the rows of the pool to ask for: those that are not among the training rows.

    Written down twice, the same rows have two names. Where `x_pool` was made from `x_train`, or the other way round,
    this queue is empty before the first question, and the loop ends without one.
    """
    known = {tuple(row) for row in x_train}
    return [i for i, row in enumerate(x_pool) if tuple(row) not in known]


class Zeros(al.oracles.ArrayOracle):
    """Invent the labels after the first ones: zeros, because the new rows need some label to be appended."""

    def __init__(self, y):
        super().__init__(y)
        self.asked = 0

    def answer(self, indices):
        """Return the true labels once, and then class 0 for whatever is asked."""
        true = super().answer(indices)
        self.asked += 1
        return true if self.asked == 1 else np.zeros_like(true)


def compare(settings, progress=print):
    """Run everything with every seed; return a record, plain data."""
    bald = STRATEGIES["information gain (BALD)"]
    ways = {name: {"strategy": strategy} for name, strategy in STRATEGIES.items()}
    ways["wrong: labels invented as zeros"] = {"strategy": bald, "oracle_of": Zeros}
    ways["wrong: fitted again only at the end"] = {
        "strategy": bald,
        "batch": settings.budget - settings.initial,
    }
    runs = []
    for name, way in ways.items():
        for seed in range(settings.seeds):
            found = run(seed=seed, settings=settings, **way)
            runs.append({"strategy": name, "seed": seed, "labels": found.labels, "accuracy": found.accuracy})
        progress(
            f"{name}: {np.mean([run['accuracy'][-1] for run in runs[-settings.seeds :]]):.1%} at the end"
        )
    return {"settings": asdict(settings), "runs": runs}


def table(record):
    """Say how accurate each way is at some numbers of labels, and what it gains over chance with the same seeds."""
    comparison = al.Comparison([al.StrategyRun(**run) for run in record["runs"]])
    labels = comparison.of("random")[0].labels
    shown = sorted({labels[0], labels[len(labels) // 3], labels[-1]})
    head = " | ".join(f"{n} labels" for n in shown)
    lines = [f"| strategy | {head} | minus random, at the end |", "|---" * (len(shown) + 2) + "|"]
    for name in comparison.strategies:
        own, curve = comparison.curve(name)
        means = " | ".join(f"{100 * curve[own.index(n)].mean:.1f}" if n in own else "" for n in shown)
        difference = comparison.paired(name, "random", "final_accuracy").difference
        against = "" if name == "random" else _points(difference)
        lines.append(f"| {name} | {means} | {against} |")
    return "\n".join(lines)


def _points(interval):
    """Write a difference of accuracies in percentage points."""
    if interval.low is None:
        return f"{100 * interval.mean:+.1f} (one seed)"
    return f"{100 * interval.mean:+.1f} [{100 * interval.low:+.1f}, {100 * interval.high:+.1f}]"


def main(arguments=None):
    """Read the command line, run, print the table, and write the record down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=Settings.seeds)
    parser.add_argument("--quick", action="store_true", help="two seeds, a small forest, few labels")
    parser.add_argument("--record", type=Path, help="a new file for what came out")
    chosen = parser.parse_args(arguments)
    if chosen.record and chosen.record.exists():
        raise SystemExit(f"{chosen.record} is there already, and is not overwritten")
    settings = QUICK if chosen.quick else Settings(seeds=chosen.seeds)
    record = compare(settings)
    print(f"\nirises, accuracy on test flowers in percent, {settings.seeds} seeds\n\n{table(record)}")
    if chosen.record:
        chosen.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
