"""Exercise 4: max-pooling."""

from typing import Any

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial
from tinynn.gradcheck import check_gradients

Array = np.ndarray


def _windows(x: Array) -> Array:
    """(n, rows, columns, channels, 4): the numbers of each 2 × 2 window in the order of reading."""
    n, height, width, channels = x.shape
    blocks = x.reshape(n, height // 2, 2, width // 2, 2, channels).transpose(0, 1, 3, 5, 2, 4)
    return blocks.reshape(n, height // 2, width // 2, channels, 4)


def _image(windows: Array) -> Array:
    """The way back from `_windows`."""
    n, rows, columns, channels, _ = windows.shape
    blocks = windows.reshape(n, rows, columns, channels, 2, 2).transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(n, 2 * rows, 2 * columns, channels)


def _overlapping(x: Array) -> Array:
    pairs = np.maximum(x[:, :-1], x[:, 1:])
    return np.asarray(np.maximum(pairs[:, :, :-1], pairs[:, :, 1:]))


def _to_the_last(x: Array, dy: Array) -> Array:
    windows = _windows(x)
    return _image((np.arange(4) == 3 - windows[..., ::-1].argmax(axis=-1)[..., None]) * dy[..., None])


def _to_the_first(x: Array, dy: Array) -> Array:
    return _image((np.arange(4) == _windows(x).argmax(axis=-1)[..., None]) * dy[..., None])


def _forward_trials(rng: np.random.Generator) -> list[Trial]:
    small = np.array([[4.0, 1.0, -2.0, -1.0], [2.0, 3.0, -4.0, -3.0]]).reshape(1, 2, 4, 1)
    return [{"x": small}, {"x": rng.normal(size=(3, 4, 6, 2)) - 1}]


def _backward_trials(rng: np.random.Generator) -> list[Trial]:
    images = rng.normal(size=(3, 4, 6, 2))
    tied = np.array([[1.0, 1.0, 0.0, 2.0], [1.0, 0.0, 2.0, 2.0]]).reshape(1, 2, 4, 1)
    return [
        {"x": images, "dy": rng.normal(size=(3, 2, 3, 2))},
        {"x": tied, "dy": np.array([5.0, 7.0]).reshape(1, 1, 2, 1)},
    ]


def _backward(kind: Any, x: Array, dy: Array) -> Outputs:
    layer = kind()
    layer.forward(x)
    return {"dx": layer.backward(dy)}


def _check(kind: Any) -> Any:
    return check_gradients(kind(), np.random.default_rng(1).normal(size=(2, 4, 6, 2)))


EXERCISE = Exercise(
    "Max-pooling",
    (
        Part(
            "MaxPool.forward",
            "y[n, i, j, c] = max of x[n, 2i, 2j, c], x[n, 2i, 2j+1, c], x[n, 2i+1, 2j, c], x[n, 2i+1, 2j+1, c]",
            lambda kind, x: {"y": kind().forward(x)},
            lambda x: {"y": _windows(x).max(axis=-1)},
            _forward_trials,
            (
                "The windows lie side by side: each number belongs to exactly one. Channels do not mix.",
                "x[:, 0::2, 0::2] is the upper left number of all windows at once; there are four such arrays. Or "
                "reshape to (n, rows, 2, columns, 2, channels) and take the maximum over two axes.",
                "self.x = x; return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4)).",
            ),
            (
                Mistake(
                    "mean-for-maximum",
                    "this is the mean of each window",
                    "max, not mean",
                    lambda x: _windows(x).mean(axis=-1),
                ),
                Mistake(
                    "overlapping-windows",
                    "the windows move on by one place, and should by two",
                    "the window of output i begins at 2 i: for i in range(0, height, 2), or a slice [0::2]",
                    _overlapping,
                ),
                Mistake(
                    "wrong-axis",
                    "the maximum runs over the channels, too",
                    "each channel has its own maximum: axes 2 and 4 of the reshaped array, not the last one",
                    lambda x: _windows(x).max(axis=(3, 4)),
                ),
                Mistake(
                    "starts-at-zero",
                    "where all numbers of a window are negative, this says 0",
                    "a running maximum has to start below every number: at the first of the window, or at −∞",
                    lambda x: np.maximum(_windows(x).max(axis=-1), 0),
                ),
                Mistake(
                    "off-by-one",
                    "the last row and column of windows are missing",
                    "there are height // 2 of them: range(0, height - 1, 2) has them all",
                    lambda x: _windows(x).max(axis=-1)[:, :-1, :-1],
                ),
            ),
        ),
        Part(
            "MaxPool.backward",
            "dx = dy at the first largest number of each window, 0 elsewhere",
            _backward,
            lambda x, dy: {"dx": _to_the_first(x, dy)},
            _backward_trials,
            (
                "Raise one number of a window a little. If it is the largest, y rises as much; if not, nothing "
                "happens.",
                "So dy goes to one place of its window. x == y finds it, but where several are equally large it "
                "finds all of them, and argmax finds the first. Bring the four numbers of a window into one axis for "
                "argmax.",
                "blocks = self.x.reshape(n, rows, 2, columns, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, rows, "
                "columns, c, 4); put dy into zeros_like(blocks) at blocks.argmax(axis=-1) with np.put_along_axis; "
                "reshape and transpose back.",
            ),
            (
                Mistake(
                    "pool-ties-counted",
                    "where several numbers of a window are the largest, each gets the whole gradient",
                    "the mask x == y: it is true at every one of them; argmax is one place",
                    lambda x, dy: _image(
                        (_windows(x) == _windows(x).max(axis=-1, keepdims=True)) * dy[..., None]
                    ),
                ),
                Mistake(
                    "ties-shared-out",
                    "where several numbers are the largest, the gradient is shared out; that can be defended, but "
                    "here the first one is asked for",
                    "argmax gives the first in the order of reading",
                    lambda x, dy: _image(
                        (_windows(x) == _windows(x).max(axis=-1, keepdims=True))
                        * dy[..., None]
                        / (_windows(x) == _windows(x).max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True)
                    ),
                ),
                Mistake(
                    "last-of-the-ties",
                    "where several numbers are the largest, the last gets the gradient; that can be defended, but "
                    "here the first one is asked for",
                    "> in place of >= where a loop looks for the largest",
                    _to_the_last,
                ),
                Mistake(
                    "gradient-everywhere",
                    "all four numbers of a window get its gradient",
                    "only the largest one moves y",
                    lambda x, dy: dy.repeat(2, axis=1).repeat(2, axis=2),
                ),
                Mistake(
                    "mean-for-maximum",
                    "every number gets a quarter: this is the gradient of the mean",
                    "the whole dy to the largest number, nothing to the others",
                    lambda x, dy: dy.repeat(2, axis=1).repeat(2, axis=2) / 4,
                ),
            ),
            after="MaxPool.forward",
            gradients=_check,
        ),
    ),
    "tinynn/layers/pooling.py",
)
