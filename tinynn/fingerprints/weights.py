"""Mistakes with the shapes of weights and biases."""

import numpy as np

from tinynn.examining.evidence import Diagnosis, Evidence, fits


def transposed_weight_gradient(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = expectedᵀ, or its numbers in the shape of expected."""
    for name in names:
        claimed, expected = e.claimed[name][0], e.expected[name][0]
        if claimed is None or expected.ndim != 2 or min(expected.shape) < 2 or claimed.size != expected.size:
            continue
        shape, turned = expected.shape, expected.shape[::-1]
        if claimed.shape not in (shape, turned) or not fits(claimed.reshape(turned).T, expected):
            continue
        return Diagnosis(
            "transposed-weight-gradient",
            f"the gradient of {name} is transposed",
            f"{name} has shape {shape}; claimed, of shape {claimed.shape}, has the numbers of the true one transposed",
            "the order of the product: for y = x W it is dW = xᵀ dy, for y = x Wᵀ it is dW = dyᵀ x",
            (name,),
        )
    return None


def unsummed_bias(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed has an axis that should have been summed over, or is the part of one row."""
    for name in names:
        claimed, expected = e.claimed[name][0], e.expected[name][0]
        if claimed is None or name == e.input_name:
            continue
        extra = claimed.ndim - expected.ndim
        if claimed.size > expected.size and extra >= 0 and expected.size:
            axes = claimed.shape[: -expected.ndim] if expected.ndim else claimed.shape
            rest = claimed.reshape(-1, *expected.shape) if claimed.size % expected.size == 0 else claimed
            if (axes or claimed.shape[1:] == expected.shape[1:]) and fits(rest.sum(axis=0), expected):
                return _unsummed(
                    name,
                    f"claimed has shape {claimed.shape}, and summed over its rows it is the true gradient",
                )
        J = e.jacobian.get(name)
        if J is None or claimed.shape != expected.shape or e.y.ndim < 2 or len(e.y) < 2:
            continue
        parts = (
            J.reshape(*e.y.shape, *expected.shape) * e.dys[0].reshape(*e.y.shape, *[1] * expected.ndim)
        ).sum(axis=tuple(range(1, e.y.ndim)))
        rows = [i for i in range(len(parts)) if fits(claimed, parts[i])]
        if rows and expected.ndim == 1:
            return _unsummed(name, f"claimed is the part of row {rows[0]} alone, of {len(parts)} rows")
    return None


def repeated_index(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed[i] = the dy of one of the places that picked row i, where those of all of them add up."""
    if not e.subject.indices:
        return None
    picked = np.rint(e.values["x"]).astype(int).reshape(-1)
    for name in names:
        claimed, table = e.stacked(name), e.values[name]
        if claimed is None or e.y.shape != e.values["x"].shape + table.shape[1:]:
            continue
        last = np.zeros_like(claimed)
        for dx, dy in zip(last, e.dys, strict=True):
            dx[picked] = dy.reshape(-1, *table.shape[1:])  # the last of several wins
        if fits(claimed, np.where(np.isfinite(e.expected[name]), last, np.nan)):
            often = int(np.bincount(picked - picked.min()).max())
            return Diagnosis(
                "repeated-index",
                f"where a row of {name} is picked several times, only the last time counts",
                f"claimed = the dy of the last place that picked the row; one row was picked {often} times",
                f"d{name}[index] += dy adds once for each row: np.add.at(d{name}, index, dy) adds every time",
                (name,),
            )
    return None


def _unsummed(name: str, evidence: str) -> Diagnosis:
    last = name.split(".")[-1]
    return Diagnosis(
        "unsummed-bias",
        f"the gradient of {name} is not summed over the batch",
        evidence,
        f"d{last} in backward: {last} is added to every row, so the rows of dy add up, dy.sum(axis=0)",
        (name,),
    )


def bias_without_derivative(e: Evidence, names: list[str]) -> str | None:
    """Name a bias inside an activation, y = f(x W + b), whose claimed gradient is Σ dy, as if f′ were 1."""
    for name in names:
        claimed, shape = e.stacked(name), e.values[name].shape
        if claimed is None or name == e.input_name or shape != e.y.shape[-1:] or e.y.ndim < 2:
            continue
        sums = np.array([dy.sum(axis=tuple(range(dy.ndim - 1))) for dy in e.dys])
        if fits(claimed, sums):
            return name
    return None
