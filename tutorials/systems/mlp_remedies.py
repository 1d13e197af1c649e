"""784-128-64-10 by hand: the right delta, 98 % on MNIST, and which remedies for overfitting help.

    python tutorials/systems/mlp_remedies.py            MNIST; some minutes
    python tutorials/systems/mlp_remedies.py --quick    the digits that travel with tinynn; some seconds

First the formula. The output layer computes p = softmax(z), and the loss is cross-entropy. Then the error signal that
backpropagation starts from is

    δ = ∂L/∂z = p − t,

for softmax's slope and the logarithm's cancel. A popular article multiplies by one more slope, δ = (p − t) ⊙ p (1 − p),
which belongs to sigmoid outputs with a squared error. `nn.check_gradients` tells the two apart. Training does not
always, and that is why one checks.

Then the remedies. With 2000 images the network learns its examples by heart; the penalty, dropout, augmentation, early
stopping and an ensemble are each tried alone, with the same images and seeds.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import tinyal as al
import tinynn as nn
from tinynn.recipes import mlp

HIDDEN = (128, 64)


@dataclass(frozen=True)
class Settings:
    """What is trained."""

    data: str = "mnist"
    seeds: int = 8  # fewer could show nothing after a correction for five remedies
    images: int = 2000
    epochs: int = 40
    whole_seeds: int = 2  # of trainings on all images
    descent_epochs: int = 3
    whole_epochs: int = 12
    members: int = 3


QUICK = Settings("digits", seeds=2, images=300, epochs=15, whole_seeds=1, whole_epochs=10, members=2)


class DeltaOfTheArticle(nn.SoftmaxCrossEntropy):
    """Softmax cross-entropy with a slope too many in its gradient: (p − t) p (1 − p) / n. It is wrong."""

    def backward(self):
        """Return what the article prints as δ of the last layer."""
        right = super().backward()
        p = self.p.T
        return right * p * (1 - p)


def layers(classes, dropout=False):
    """Return 784-128-64-10: two hidden layers of ReLUs, dropout behind each where that is asked for."""
    chain = []
    for units in HIDDEN:
        chain += [nn.Dense(units), nn.ReLU()]
        chain += [nn.Dropout(0.5)] if dropout else []
    return [*chain, nn.Dense(classes)]


def check_deltas(classes=10, rows=5):
    """Return the gradient checker's reports on the right delta and on the article's."""
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(rows, classes)), rng.integers(classes, size=rows)
    losses = {"right": nn.SoftmaxCrossEntropy(), "article": DeltaOfTheArticle()}
    return {name: nn.check_gradients(loss, logits, labels) for name, loss in losses.items()}


def train_whole(data, settings, progress=print):
    """Train on all images with the right delta and the article's, by plain gradient descent and by Adam."""
    recipe = mlp(data)
    ways = {
        "gradient descent": (nn.SGD(0.1), settings.descent_epochs),
        "Adam": (recipe.optimizer, settings.whole_epochs),
    }
    runs = []
    for way, (optimizer, epochs) in ways.items():
        for delta, loss in {"right": nn.SoftmaxCrossEntropy, "article": DeltaOfTheArticle}.items():
            for seed in range(settings.whole_seeds):
                net = nn.Sequential(layers(len(data.classes)), data.x_train.shape[1], seed=seed)
                nn.fit(
                    net,
                    loss(),
                    optimizer.copy(),
                    data.x_train,
                    data.y_train,
                    epochs=epochs,
                    batch_size=recipe.batch_size,
                    seed=seed,
                    progress=False,
                )
                _, accuracy = nn.evaluate(net, nn.SoftmaxCrossEntropy(), data.x_test, data.y_test)
                runs.append({"way": way, "delta": delta, "seed": seed, "accuracy": accuracy})
                progress(f"{way}, {delta} delta, seed {seed}: {accuracy:.2%} after {epochs} epochs")
    return runs


def remedies(data, settings):
    """Return what is tried against overfitting: a model for each, a specification that knows no seed yet."""
    side, classes = data.image_shape[0] / 28, len(data.classes)
    moved = nn.Augment(shift=2 * side, rotate=12, scale=0.12, elastic=side, image_shape=data.image_shape)
    plain = {"epochs": settings.epochs, "batch_size": 32, "classes": range(classes)}  # by Adam(1e-3)
    stopping = {"callbacks": [nn.EarlyStopping(patience=5)], "validation": 0.2}
    return {
        "nothing": nn.Classifier(layers(classes), **plain),
        "L2 penalty": nn.Classifier(layers(classes), **plain, callbacks=[nn.L2(1e-4)]),
        "dropout": nn.Classifier(layers(classes, dropout=True), **plain),
        "augmentation": nn.Classifier(layers(classes), **plain, augment=moved),
        "early stopping": nn.Classifier(layers(classes), **plain, **stopping),
        f"ensemble of {settings.members}": nn.Ensemble(layers(classes), **plain, members=settings.members),
    }


def try_remedy(model, data, settings, seed):
    """Train on a few images, drawn by the seed; return accuracy and loss on these and on the test images."""
    rows = np.random.default_rng(seed).permutation(len(data.x_train))[: settings.images]
    seen = data.x_train[rows], data.y_train[rows]
    model.set_params(seed=seed).fit(*seen)
    found = {}
    for where, (images, labels) in {"seen": seen, "new": (data.x_test, data.y_test)}.items():
        p = model.predict_proba(images)
        right = p[np.arange(len(labels)), labels]
        found[f"{where} accuracy"] = float(np.mean(p.argmax(axis=1) == labels))
        found[f"{where} loss"] = float(-np.log(np.maximum(right, 1e-30)).mean())
    return found


def compare(data, settings, progress=print):
    """Train everything; return a record, plain data."""
    reports = check_deltas()
    record = {
        "settings": asdict(settings),
        "delta": {name: {"ok": r.ok, "error": r.max_relative_error} for name, r in reports.items()},
        "whole": train_whole(data, settings, progress),
        "remedies": [],
    }
    for name, model in remedies(data, settings).items():
        for seed in range(settings.seeds):
            found = try_remedy(model, data, settings, seed)
            record["remedies"].append({"remedy": name, "seed": seed, **found})
        mean = np.mean([run["new accuracy"] for run in record["remedies"][-settings.seeds :]])
        progress(f"{name}: {mean:.2%} of new images")
    return record


def delta_table(record):
    """Return what the two deltas are worth: the checker's verdict, and the accuracy on all images."""
    settings = record["settings"]
    lines = [
        "| delta | gradient checker | relative error | gradient descent, % right | Adam, % right |",
        "|---|---|---|---|---|",
    ]
    for name, formula in {"right": "p − t", "article": "(p − t) p (1 − p)"}.items():
        verdict, cells = record["delta"][name], []
        for way in ("gradient descent", "Adam"):
            found = [run["accuracy"] for run in record["whole"] if (run["way"], run["delta"]) == (way, name)]
            cells.append(", ".join(f"{100 * accuracy:.2f}" for accuracy in found))
        word = "right" if verdict["ok"] else "wrong"
        lines.append(f"| {formula} | {word} | {verdict['error']:.0e} | {' | '.join(cells)} |")
    epochs = f"{settings['descent_epochs']} epochs of gradient descent, {settings['whole_epochs']} of Adam"
    return "\n".join([*lines, "", f"After {epochs}; one figure for each seed."])


def remedy_table(record):
    """Return a line for each remedy: accuracies, losses, and the gain over no remedy, seed by seed, with its p."""
    runs = record["remedies"]
    names = list(dict.fromkeys(run["remedy"] for run in runs))

    def values(name, key):
        return np.array([run[key] for run in runs if run["remedy"] == name])

    def percent(name, key, digits):
        return f"{100 * values(name, key).mean():.{digits}f}"

    plain = values("nothing", "new accuracy")
    tests = {n: al.statistics.paired_test(values(n, "new accuracy"), plain) for n in names if n != "nothing"}
    corrected = dict(zip(tests, al.statistics.holm([test.p for test in tests.values()]), strict=True))
    lines = ["| remedy | seen, % right | new, % right | gained, points | new, loss | does it help? |"]
    lines.append("|---|---|---|---|---|---|")
    for name in names:
        gained = verdict = ""
        if name in tests:
            difference, p = tests[name].difference, corrected[name]
            ends = (
                ""
                if difference.low is None
                else f" [{100 * difference.low:+.2f}, {100 * difference.high:+.2f}]"
            )
            gained = f"{100 * difference.mean:+.2f}{ends}"
            verdict = (
                f"{'yes' if difference.mean > 0 else 'no, it harms'}, p = {p:.3f}"
                if p < 0.05
                else f"not shown, p = {p:.3f}"
            )
        lines.append(
            f"| {name} | {percent(name, 'seen accuracy', 1)} | {percent(name, 'new accuracy', 2)} "
            f"| {gained} | {values(name, 'new loss').mean():.3f} | {verdict} |"
        )
    return "\n".join(lines)


def main(arguments=None):
    """Read the command line, train, print the tables, and write the record down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the digits, few seeds, short trainings")
    parser.add_argument("--record", type=Path, help="a new file for what came out")
    chosen = parser.parse_args(arguments)
    if chosen.record and chosen.record.exists():
        raise SystemExit(f"{chosen.record} is there already, and is not overwritten")
    settings = QUICK if chosen.quick else Settings()
    try:
        data = nn.datasets.load(settings.data)
    except nn.datasets.DatasetError as error:
        raise SystemExit(f"{error}\n--quick runs on digits that are here") from None
    record = compare(data, settings)
    print(f"\nAll {len(data.x_train)} images of {data.name}\n\n{delta_table(record)}")
    print(f"\n{settings.images} images, {settings.seeds} seeds\n\n{remedy_table(record)}")
    if chosen.record:
        chosen.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
