"""Which images should be labelled? A convolutional network asks by entropy and by information gain.

    python tutorials/systems/entropy_cnn.py                    CIFAR-10: 1000 labels, then 100 a round, 3 seeds; hours
    python tutorials/systems/entropy_cnn.py --data mnist       other images, brought to the same shape
    python tutorials/systems/entropy_cnn.py --profile small    MNIST with few labels and short trainings; minutes
    python tutorials/systems/entropy_cnn.py --profile quick    the digits that travel with tinynn; under a minute

The network is the one that introductions to CIFAR-10 use: convolutions with 32, 64 and 64 filters, a hidden layer of
64. Dropout is added before and after that layer, for samples of its posterior are what information gain needs. Images
are moved and turned a little each time they are shown.

The functions at the end are the usual mistakes. They run beside the right ones, so that the table shows what they cost.
"""

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

import tinyal as al
import tinynn as nn

SIDE = 32


@dataclass(frozen=True)
class Settings:
    """What a comparison is made with."""

    data: str = "cifar-10"
    seeds: int = 3
    initial: int = 1000
    budget: int = 2000
    batch: int = 100
    candidates: int = 5000  # scored each round, drawn at random from the pool
    test: int = 10_000
    steps: int = 600  # of a training
    rows: int = 64  # a step
    samples: int = 20


SMALL = Settings(
    "mnist", seeds=2, initial=200, budget=400, batch=200, candidates=1000, test=1000, steps=100, rows=32
)
QUICK = Settings("digits", seeds=1, initial=50, budget=100, batch=50, candidates=200, test=449, steps=30)
PROFILES = {"full": Settings(), "small": SMALL, "quick": QUICK}


def as_colour_images(rows, image_shape):
    """Bring images of any shape up to 32 × 32 × 3: enlarged by whole factors, framed in black, grey in three colours.

    CIFAR-10's are left as they are. This lets the program run where CIFAR-10 cannot be had; grey digits do not become
    photographs by it.
    """
    height, width = image_shape[:2]
    images = rows.reshape(len(rows), height, width, -1)
    factor = SIDE // max(height, width)
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    rest = [(SIDE - length) for length in images.shape[1:3]]
    around = [(r // 2, r - r // 2) for r in rest]
    images = np.pad(images, [(0, 0), *around, (0, 0)])
    return np.ascontiguousarray(np.broadcast_to(images, (*images.shape[:3], 3)))


def network(settings, classes):
    """32 - pool - 64 - pool - 64 - dense 64, as a specification: every training starts from a copy."""
    return nn.Classifier(
        [
            *[nn.Conv2D(32, 3), nn.ReLU(), nn.MaxPool2D(2)],
            *[nn.Conv2D(64, 3), nn.ReLU(), nn.MaxPool2D(2)],
            *[nn.Conv2D(64, 3), nn.ReLU(), nn.Flatten()],
            *[nn.Dropout(0.25), nn.Dense(64), nn.ReLU(), nn.Dropout(0.5), nn.Dense(classes)],
        ],
        steps=settings.steps,
        batch_size=settings.rows,
        optimizer=nn.Adam(nn.CosineDecay(2e-3)),
        augment=nn.Augment(shift=2.0, rotate=10, scale=0.1),
        classes=range(classes),
    )


def strategies(settings, y):
    """Return what is compared: chance, two right ways, and three wrong ones, of which one is given the labels y."""
    return {
        "random": al.strategies.Random(),
        "entropy": al.strategies.Entropy(),
        "information gain (BALD)": al.strategies.BALD(settings.samples),
        "wrong: surest first": surest_first,
        "wrong: one gain for all": one_gain_for_all,
        "cheating: knows the labels": WithTheAnswers(y),
    }


def compare(data, settings, workers=1):
    """Run every strategy with every seed on images of any shape; return a `tinyal.Comparison`."""
    pool, test = (as_colour_images(x, data.image_shape) for x in (data.x_train, data.x_test[: settings.test]))
    return al.compare(
        strategies(settings, data.y_train),
        model=network(settings, len(data.classes)),
        data=(pool, data.y_train, test, data.y_test[: settings.test]),
        initial=settings.initial,
        budget=settings.budget,
        batch=settings.batch,
        candidates=settings.candidates,
        seeds=settings.seeds,
        workers=workers,
    )


# --- what goes wrong if you write it the usual way ---------------------------------------------------------------


def entropy_of_counts(counts):
    """Compute −Σ c ln c of how often each label came: no entropy, for c are no probabilities and do not sum to one."""
    counts = np.asarray(counts, dtype=float)
    counts = counts[counts > 0]
    return float(-(counts * np.log(counts)).sum())


def gain_of_histograms(labels, predicted):
    """Compute a "gain" from the histograms of all labels and of all predictions: one number, whatever row is meant."""
    return entropy_of_counts(np.bincount(labels)) - entropy_of_counts(np.bincount(predicted))


def surest_first(view, n, rng):
    """Sort by entropy upwards and take the first n: those that the network is surest of."""
    return view.candidates[np.argsort(al.measures.entropy(view.proba()))[:n]]


def one_gain_for_all(view, n, rng):
    """Score every row with the gain of the whole set: all alike, so that sorting leaves the order of the data set."""
    predicted = view.classes[view.proba().argmax(axis=1)]
    gain = np.array([gain_of_histograms(view.labels, predicted) for _ in view.candidates[:1]] * len(view))
    return view.candidates[np.argsort(gain, kind="stable")[-n:]]


class WithTheAnswers:
    """Look at the pool's labels y, and ask for what the network gets most wrong.

    It is easily written, since y stands there, and a `tinyal.PoolView` has none for this reason. Whatever curve comes
    of it, nobody can have it: who knows the labels need not ask for them.
    """

    def __init__(self, y):
        self.y = np.asarray(y)

    def select(self, view, n, rng):
        """Take the n rows whose right class the network gives the smallest probability."""
        right = view.proba()[np.arange(len(view)), self.y[view.candidates]]
        return view.candidates[np.argsort(right)[:n]]


# --- the record and what is said about it ------------------------------------------------------------------------


def to_record(comparison, settings):
    """Return plain data: the settings, and what each run reached."""
    runs = [
        {"strategy": run.strategy, "seed": run.seed, "labels": run.labels, "accuracy": run.accuracy}
        for run in comparison.runs
    ]
    return {"settings": asdict(settings), "runs": runs}


def from_record(record):
    """Return a `tinyal.Comparison` of a record."""
    return al.Comparison([al.StrategyRun(**run) for run in record["runs"]])


def table(record):
    """Say what each strategy reached, and how far it is from chance with the same seeds."""
    comparison = from_record(record)
    labels = comparison.runs[0].labels
    shown = sorted({labels[0], labels[len(labels) // 2], labels[-1]})
    head = " | ".join(f"{n} labels" for n in shown)
    lines = [f"| strategy | {head} | minus random, at the end |", "|---" * (len(shown) + 2) + "|"]
    for name in comparison.strategies:
        _, curve = comparison.curve(name)
        means = " | ".join(f"{100 * curve[labels.index(n)].mean:.1f}" for n in shown)
        difference = comparison.paired(name, "random", "final_accuracy").difference
        against = "" if name == "random" else f"{_points(difference)}"
        lines.append(f"| {name} | {means} | {against} |")
    return "\n".join(lines)


def _points(interval):
    """Write a difference of accuracies in percentage points."""
    if interval.low is None:
        return f"{100 * interval.mean:+.1f} (one seed)"
    return f"{100 * interval.mean:+.1f} [{100 * interval.low:+.1f}, {100 * interval.high:+.1f}]"


def get_data(name, download):
    """Load a data set, or say how it can be had."""
    if not download and not nn.datasets.available(name):
        raise SystemExit(
            f"{name} is not on this machine. Fetch it once with --download (CIFAR-10: 170 MB from cs.toronto.edu), or "
            "put cifar-10-binary.tar.gz, or the folder in it, in cifar-10/ inside a folder that TINYNN_DATA names. "
            "Without it, --data mnist and --profile quick run on other images."
        )
    try:
        return nn.datasets.load(name)
    except nn.datasets.DatasetError as error:
        raise SystemExit(str(error)) from None


def run(settings, record=None, download=False, workers=1):
    """Load the data, compare, print the table, and write the record to a new file."""
    if record and record.exists():
        raise SystemExit(f"{record} is there already, and is not overwritten")
    data = get_data(settings.data, download)
    found = to_record(compare(data, settings, workers), settings)
    print(f"{data.name}, accuracy on test images in percent, seeds: {settings.seeds}\n\n{table(found)}")
    if record:
        record.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main(arguments=None):
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profile", default="full", choices=list(PROFILES))
    parser.add_argument(
        "--data", choices=("cifar-10", "mnist", "fashion-mnist", "digits"), help="other images"
    )
    parser.add_argument("--download", action="store_true", help="fetch the data if it is not here")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--record", type=Path, help="a new file for what came out")
    chosen = parser.parse_args(arguments)
    given = {name: value for name in ("data", "seeds") if (value := getattr(chosen, name)) is not None}
    run(replace(PROFILES[chosen.profile], **given), chosen.record, chosen.download, chosen.workers)


if __name__ == "__main__":
    main()
