"""Query, label, learn: three parts of active learning that one can exchange, and all combinations in one table.

    python tutorials/systems/query_label_learn.py                   the table; some ten minutes
    python tutorials/systems/query_label_learn.py --quick           a small one; some seconds
    python tutorials/systems/query_label_learn.py --label person    you are asked, at the terminal

- **Query**: by uncertainty, by information gain, or by Boltzmann sampling, which draws row x with the probability
  P(x) = exp(β U(x)) / Z, where U is its uncertainty. And at random, the yardstick.
- **Label**: from an array; by somebody who errs; by an array and, where it is sure, by the model itself; or by you.
- **Learn**: our network by gradient descent, or scikit-learn's support vector machines.

Each part is an object that knows nothing of the others: `run` puts three of them together.

The last strategy is the usual mistake, Boltzmann sampling with physics' sign. It is in the table, too.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.ensemble import BaggingClassifier
from sklearn.svm import SVC

import tinyal as al
import tinynn as nn


@dataclass(frozen=True)
class Settings:
    """What the combinations are compared with."""

    seeds: int = 3
    initial: int = 20
    budget: int = 100
    batch: int = 20
    steps: int = 200  # of gradient descent, in batches of 32
    machines: int = 8  # support vector machines in a committee
    beta: float = 5.0  # in 1 / nats
    noise: float = 0.1  # share of wrong answers
    confidence: float = 0.95  # from which on the model labels rows itself


QUICK = Settings(seeds=1, budget=40, steps=40, machines=3)


def boltzmann_with_the_wrong_sign(view, n, rng):
    """Draw with P(x) = exp(−β U(x)) / Z, as it is often printed: the rows that the model is surest of come first.

    Physics has this sign, for low energies are likely. An uncertainty is no energy.
    """
    p = np.exp(-Settings.beta * al.measures.entropy(view.proba()))
    return rng.choice(view.candidates, n, replace=False, p=p / p.sum())


def queries(settings):
    """Return ways to choose what to ask for."""
    return {
        "random": al.strategies.Random(),
        "uncertainty": al.strategies.Entropy(),
        "information gain": al.strategies.BALD(n_samples=20),
        "Boltzmann": al.strategies.Boltzmann(al.strategies.Entropy(), beta=settings.beta),
        "wrong: Boltzmann, exp(−βU)": boltzmann_with_the_wrong_sign,
    }


def labellings(settings, y, seed):
    """Return ways to get labels: who answers, and what the model adds to the answers by itself."""
    return {
        "array": (al.oracles.ArrayOracle(y), None),
        "noisy": (al.oracles.NoisyOracle(y, settings.noise, seed=seed), None),
        "array and model": (al.oracles.ArrayOracle(y), al.oracles.PseudoLabels(settings.confidence)),
    }


class Machine(SVC):
    """A support vector machine that turns its scores, one a class, into probabilities by softmax.

    They are not calibrated. They put rows in an order, which is what a query needs, and cost nothing.
    """

    def fit(self, x, y):
        """Learn from rows. Without weights: a committee would give some class none, which this library cannot take."""
        return super().fit(x, y)

    def predict_proba(self, x):
        """Return softmax of the decision function, (n, classes)."""
        scores = self.decision_function(x)
        return nn.softmax(np.column_stack([-scores, scores]) if scores.ndim == 1 else scores)


def learnings(settings):
    """Return ways to learn, as specifications: every training starts from a copy.

    Both can say how sure they are, and both have samples for information gain: thinned networks, and machines that
    were trained on rows of their own.
    """
    layers = [nn.Dense(64), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
    descent = nn.SGD(nn.CosineDecay(0.1), momentum=0.9)
    return {
        "network": nn.Classifier(
            layers, steps=settings.steps, batch_size=32, optimizer=descent, classes=range(10)
        ),
        "support vector machines": BaggingClassifier(Machine(), settings.machines),
    }


def run(query, oracle, pseudo, model, data, seed, settings):
    """Put three parts together, and let them spend the budget; return a `tinyal.RunRecord`."""
    learner = al.ActiveLearner(model, data.x_train, query, seed=seed, classes=range(10), pseudo=pseudo)
    return al.simulate(
        learner,
        oracle,
        test=(data.x_test, data.y_test),
        initial=settings.initial,
        budget=settings.budget,
        batch=settings.batch,
    )


def compare(data, settings, progress=print):
    """Run every combination with every seed; return a record, plain data."""
    runs = []
    for learning, model in learnings(settings).items():
        for labelling in labellings(settings, data.y_train, 0):
            for name, query in queries(settings).items():
                for seed in range(settings.seeds):
                    oracle, pseudo = labellings(settings, data.y_train, seed)[labelling]
                    found = run(query, oracle, pseudo, model, data, seed, settings)
                    parts = {"query": name, "label": labelling, "learn": learning, "seed": seed}
                    runs.append({**parts, "labels": found.labels, "accuracy": found.accuracy})
                mean = np.mean([one["accuracy"][-1] for one in runs[-settings.seeds :]])
                progress(f"{name}, {labelling}, {learning}: {mean:.1%}")
    return {"settings": asdict(settings), "runs": runs}


def table(record):
    """Return one line a query, one column for each labelling with each learning: mean accuracy, and minus random's."""
    runs = record["runs"]
    names = {part: list(dict.fromkeys(one[part] for one in runs)) for part in ("query", "label", "learn")}
    columns = [(label, learn) for learn in names["learn"] for label in names["label"]]

    def final(query, label, learn):
        wanted = (query, label, learn)
        return np.array([o["accuracy"][-1] for o in runs if (o["query"], o["label"], o["learn"]) == wanted])

    lines = ["| query | " + " | ".join(f"{learn}, {label}" for label, learn in columns) + " |"]
    lines.append("|---" * (1 + len(columns)) + "|")
    for query in names["query"]:
        cells = []
        for column in columns:
            own, chance = final(query, *column), final("random", *column)
            gained = "" if query == "random" else f" ({100 * (own - chance).mean():+.1f})"
            cells.append(f"{100 * own.mean():.1f}{gained}")
        lines.append(f"| {query} | {' | '.join(cells)} |")
    return "\n".join(lines)


def ask_a_person(query, learn, data, settings, read=None, write=None):
    """Ask whoever sits at the terminal, until the budget is spent or they quit; return the learner.

    The program knows the digits, and tells nobody.
    """
    model = learnings(settings)[learn]
    learner = al.ActiveLearner(model, data.x_train, queries(settings)[query], classes=range(10))
    person = al.oracles.TerminalOracle(
        data.x_train, range(10), image_shape=data.image_shape, read=read, write=write
    )
    say = write or print
    while len(learner.labeled) < settings.budget and not person.quit:
        n = settings.initial if len(learner.labeled) == 0 else settings.batch
        al.oracles.pass_on(learner, person, learner.ask(min(n, settings.budget - len(learner.labeled))))
        if learner.can_train():
            right = learner.model.predict(data.x_test) == data.y_test
            say(f"{len(learner.labeled)} labels: right for {right.mean():.1%} of the test images")
    return learner


def main(arguments=None):
    """Read the command line, run, print the table, and write the record down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--label", default="all", choices=("all", "person"), help="all that need nobody, or you"
    )
    parser.add_argument("--query", default="uncertainty", choices=list(queries(QUICK)), help="with a person")
    parser.add_argument("--learn", default="network", choices=list(learnings(QUICK)), help="with a person")
    parser.add_argument("--seeds", type=int, default=Settings.seeds)
    parser.add_argument("--quick", action="store_true", help="one seed, few labels, short trainings")
    parser.add_argument("--record", type=Path, help="a new file for what came out")
    chosen = parser.parse_args(arguments)
    if chosen.record and chosen.record.exists():
        raise SystemExit(f"{chosen.record} is there already, and is not overwritten")
    settings = QUICK if chosen.quick else Settings(seeds=chosen.seeds)
    data = nn.datasets.load("digits")
    if chosen.label == "person":
        ask_a_person(chosen.query, chosen.learn, data, settings)
        return
    record = compare(data, settings)
    print(f"\nAccuracy on test digits in percent at {settings.budget} labels; in brackets minus random's")
    print(f"\n{table(record)}")
    if chosen.record:
        chosen.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
