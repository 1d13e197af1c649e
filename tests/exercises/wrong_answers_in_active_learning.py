"""Typical wrong answers to the exercises on active learning."""

WRONG: dict[str, list[tuple[str, str, str, str]]] = {
    "entropy": [
        ("entropy", "zero-log-zero", "np.log(np.where(p > 0, p, 1))", "np.log(p)"),
        ("entropy", "bits-for-nats", "np.log(", "np.log2("),
        ("entropy", "bits-for-nats", "np.log(np.where(p > 0, p, 1))", "np.log2(p)"),
        ("entropy", "wrong-sign", "return -(p", "return (p"),
        ("entropy", "wrong-axis", "axis=1", "axis=0"),
        ("entropy", "mean-for-sum", ".sum(axis=1)", ".mean(axis=1)"),
        ("entropy", "missing-weights", "-(p * np", "-(1 * np"),
        ("most_uncertain", "argmin-for-argmax", "np.argsort(-scores)", "np.argsort(scores)"),
        ("most_uncertain", "smallest-first", "np.argsort(-scores)[:n]", "np.argsort(scores)[-n:]"),
        ("most_uncertain", "scores-for-positions", "np.argsort(-scores)", "-np.sort(-scores)"),
        ("most_uncertain", "all-rows", "[:n]", ""),
    ],
    "bald": [
        ("bald", "missing-expected-entropy", " - entropy(samples).mean(axis=0)", ""),
        ("bald", "only-expected-entropy", "entropy(samples.mean(axis=0)) - ", ""),
        (
            "bald",
            "wrong-sign",
            "entropy(samples.mean(axis=0)) - entropy(samples).mean(axis=0)",
            "entropy(samples).mean(axis=0) - entropy(samples.mean(axis=0))",
        ),
        ("bald", "bits-for-nats", "np.log(", "np.log2("),
        ("bald", "zero-log-zero", "np.where(p > 0, p, 1)", "p"),
        ("bald", "wrong-axis", "mean(axis=0)", "mean(axis=1)"),
        ("bald", "sum-for-mean", "entropy(samples).mean(axis=0)", "entropy(samples).sum(axis=0)"),
        ("query", "positions-for-indices", "candidates[np.argsort(-scores)[:n]]", "np.argsort(-scores)[:n]"),
        ("query", "argmin-for-argmax", "-scores", "scores"),
        ("query", "smallest-first", "np.argsort(-scores)[:n]", "np.argsort(scores)[-n:]"),
        ("query", "first-candidates", "candidates[np.argsort(-scores)[:n]]", "candidates[:n]"),
    ],
    "k-center": [
        (
            "k_center",
            "argmin-for-argmax",
            "row = int(d.argmax())",
            "row = int(np.where(d < 0, np.inf, d).argmin())",
        ),
        ("k_center", "distances-not-updated", "d = np.minimum(d, distance(row))", "pass"),
        ("k_center", "farthest-label", "d = np.min(", "d = np.max("),
        (
            "k_center",
            "farthest-label",
            "d = np.minimum(d, distance(row))",
            "d = np.where(d < 0, d, np.maximum(d, distance(row)))",
        ),
        ("k_center", "mean-distance", "d = np.min(", "d = np.mean("),
        ("k_center", "rows-chosen-again", "d[labeled] = -1", "pass"),
        ("k_center", "rows-chosen-again", "d[row] = -1", "pass"),
        ("k_center", "rows-chosen-again", "        d[row] = -1\n", "        d = np.maximum(d, 0)\n"),
        (
            "k_center",
            "positions-for-indices",
            "return np.array(chosen)",
            "rest = [i for i in range(len(x)) if i not in labeled]\n"
            "    return np.array([rest.index(i) for i in chosen])",
        ),
    ],
    "ask-tell": [
        ("Learner.ask", "positions-for-indices", "rows[np.argsort(-scores)[:n]]", "np.argsort(-scores)[:n]"),
        ("Learner.ask", "labelled-rows-asked", " if i not in self.labels]", "]"),
        ("Learner.ask", "argmin-for-argmax", "np.argsort(-scores)", "np.argsort(scores)"),
        ("Learner.ask", "smallest-first", "np.argsort(-scores)[:n]", "np.argsort(scores)[-n:]"),
        ("Learner.tell", "earlier-labels-forgotten", "rows = list(self.labels)", "rows = indices.tolist()"),
        (
            "Learner.tell",
            "trained-too-early",
            "self.labels.update(zip(indices.tolist(), labels.tolist(), strict=True))\n        rows = list(self.labels)",
            "rows = list(self.labels)\n"
            "        self.labels.update(zip(indices.tolist(), labels.tolist(), strict=True))\n"
            "        if not rows:\n            return",
        ),
        ("Learner.tell", "labels-out-of-order", "self.pool[rows], np", "self.pool[sorted(rows)], np"),
        ("Learner.tell", "not-trained", "self.model = self.train(", "(lambda *_: None)("),
        ("run", "over-the-budget", "min(batch, budget - spent)", "batch"),
        (
            "run",
            "under-the-budget",
            "while spent < budget:\n        rows = learner.ask(min(batch, budget - spent))",
            "while spent + batch <= budget:\n        rows = learner.ask(batch)",
        ),
        (
            "run",
            "one-round-too-many",
            "while spent < budget:\n        rows = learner.ask(min(batch, budget - spent))",
            "while spent <= budget:\n        rows = learner.ask(batch)",
        ),
        ("run", "positions-for-indices", "for i in rows", "for i in range(len(rows))"),
        (
            "run",
            "batches-counted",
            "while spent < budget:\n        rows = learner.ask(min(batch, budget - spent))",
            "for _ in range(budget):\n        rows = learner.ask(batch)",
        ),
    ],
}
