"""Exercise 5: convolution."""

from typing import Any

import numpy as np

from tinynn.exercises.comparing import MISSING
from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial
from tinynn.gradcheck import check_gradients

Array = np.ndarray


def _forward(x: Array, W: Array, b: Array) -> Array:
    """y[n, i, j] = Σ over the window at (i, j) of x · W + b, a product for each place in the window."""
    rows, columns = x.shape[1] - W.shape[0] + 1, x.shape[2] - W.shape[1] + 1
    places = np.ndindex(*W.shape[:2])
    return np.asarray(sum(x[:, k : k + rows, m : m + columns] @ W[k, m] for k, m in places) + b)


def _backward(x: Array, W: Array, b: Array, dy: Array) -> Outputs:
    _, rows, columns, _ = dy.shape
    dW, dx = np.zeros_like(W), np.zeros_like(x)
    for k, m in np.ndindex(*W.shape[:2]):
        window = (slice(None), slice(k, k + rows), slice(m, m + columns))
        dW[k, m] = np.tensordot(x[window], dy, axes=([0, 1, 2], [0, 1, 2]))
        dx[window] += dy @ W[k, m].T
    return {"dW": dW, "db": dy.sum(axis=(0, 1, 2)), "dx": dx}


def _last_window_wins(x: Array, W: Array, b: Array, dy: Array) -> Array:
    """What `=` in place of `+=` makes of dx, in a loop over the windows."""
    dx = np.zeros_like(x)
    for i, j in np.ndindex(*dy.shape[1:3]):
        dx[:, i : i + W.shape[0], j : j + W.shape[1]] = np.tensordot(dy[:, i, j], W, axes=(1, 3))
    return dx


def _layer(rng: np.random.Generator, shape: tuple[int, ...], size: tuple[int, int], filters: int) -> Trial:
    return {
        "x": rng.normal(size=shape),
        "W": rng.normal(size=(*size, shape[3], filters)),
        "b": rng.normal(size=filters),
    }


def _forward_trials(rng: np.random.Generator) -> list[Trial]:
    small = {
        "x": np.arange(9.0).reshape(1, 3, 3, 1),
        "W": np.array([1.0, 10.0, 100.0, 1000.0]).reshape(2, 2, 1, 1),
        "b": np.array([0.5]),
    }
    return [small, _layer(rng, (2, 5, 6, 3), (3, 2), 4)]


def _backward_trials(rng: np.random.Generator) -> list[Trial]:
    trial = _layer(rng, (2, 5, 6, 3), (3, 2), 4)
    square = _layer(rng, (3, 4, 4, 2), (2, 2), 2)
    return [{**t, "dy": rng.normal(size=_forward(*t.values()).shape)} for t in (trial, square)]


def _ask_backward(kind: Any, x: Array, W: Array, b: Array, dy: Array) -> Outputs:
    layer = kind(W, b)
    layer.forward(x)
    dx = layer.backward(dy)
    return {"dW": getattr(layer, "dW", MISSING), "db": getattr(layer, "db", MISSING), "dx": dx}


def _check(kind: Any) -> Any:
    trial = _layer(np.random.default_rng(1), (2, 4, 4, 2), (2, 2), 3)
    return check_gradients(kind(trial["W"], trial["b"]), trial["x"])


EXERCISE = Exercise(
    "Convolution",
    (
        Part(
            "Conv2D.forward",
            "y[n, i, j, f] = Σ_k Σ_m Σ_c x[n, i+k, j+m, c] W[k, m, c, f] + b[f]",
            lambda kind, x, W, b: {"y": kind(W, b).forward(x)},
            lambda x, W, b: {"y": _forward(x, W, b)},
            _forward_trials,
            (
                "A window of h × w lies over the image; it can stand at height − h + 1 places above each other. At "
                "each, its numbers are multiplied by the weights and added up.",
                "Two loops are enough: either over the places (i, j), with window = x[:, i:i+h, j:j+w], or over the "
                "weights (k, m), with all windows' number (k, m) at once, x[:, k:k+rows, m:m+columns] @ W[k, m].",
                "y[:, i, j] = np.tensordot(x[:, i:i+h, j:j+w], self.W, axes=3) + self.b, for i in range(rows) and j "
                "in range(columns).",
            ),
            (
                Mistake(
                    "flipped-kernel",
                    "the weights are turned round by 180°: that is a convolution in the strict sense",
                    "networks do not turn them: x[i + k] goes with W[k], not with W[h − 1 − k]",
                    lambda x, W, b: _forward(x, W[::-1, ::-1], b),
                ),
                Mistake(
                    "off-by-one",
                    "the last row and column of windows are missing",
                    "a window of h fits height − h + 1 times, not height − h times",
                    lambda x, W, b: _forward(x, W, b)[:, :-1, :-1],
                ),
                Mistake(
                    "missing-bias",
                    "the bias is not added",
                    "+ b, one number a filter",
                    lambda x, W, b: _forward(x, W, 0 * b),
                ),
                Mistake(
                    "bias-in-every-term",
                    "the bias is added once for each place in the window, and should be once",
                    "where + b stands: after the loop over (k, m), not in it",
                    lambda x, W, b: _forward(x, W, b * W.shape[0] * W.shape[1]),
                ),
            ),
        ),
        Part(
            "Conv2D.backward",
            "dW[k, m] = Σ_n Σ_i Σ_j x[n, i+k, j+m]ᵀ dy[n, i, j], db = Σ_n Σ_i Σ_j dy[n, i, j], dx[n, i+k, j+m] += "
            "dy[n, i, j] W[k, m]ᵀ",
            _ask_backward,
            _backward,
            _backward_trials,
            (
                "It is a Dense layer at every place: the same W and b serve every window, so the windows' gradients "
                "add up. A pixel lies in several windows, so what comes back from them adds up, too.",
                "Loop as in forward. For each place (i, j): dW += the window's numbers times dy[:, i, j]; db += "
                "dy[:, i, j] summed over the images; dx[:, i:i+h, j:j+w] += dy[:, i, j] times W.",
                "self.dW += np.tensordot(window, dy[:, i, j], axes=(0, 0)); dx[:, i:i+h, j:j+w] += "
                "np.tensordot(dy[:, i, j], self.W, axes=(1, 3)); self.db = dy.sum(axis=(0, 1, 2)). Start dW and dx "
                "with zeros in every call.",
            ),
            (
                Mistake(
                    "last-window-wins",
                    "where windows overlap, only the last one counts",
                    "dx[...] += instead of dx[...] =: a pixel gets something back from every window it lies in",
                    _last_window_wins,
                    of="dx",
                ),
                Mistake(
                    "flipped-kernel",
                    "the weights are turned round by 180°",
                    "dx[i + k] gets dy[i] W[k]; who writes it as a convolution of dy has to turn W once, not twice",
                    lambda x, W, b, dy: _backward(x, W[::-1, ::-1], b, dy)["dx"],
                    of="dx",
                ),
                Mistake(
                    "unsummed-bias",
                    "db is the mean over places or images, and should be the sum",
                    "db = dy.sum(axis=(0, 1, 2))",
                    lambda x, W, b, dy: dy.mean(axis=(0, 1, 2)),
                    of="db",
                ),
            ),
            after="Conv2D.forward",
            gradients=_check,
        ),
    ),
    "tinynn/layers/conv.py and tinynn/layers/lowering.py",
)
