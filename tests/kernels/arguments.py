"""Arguments for every kernel, made by hand: small arrays with ties, denormals, infinities, NaN, ragged ends."""

from typing import Any

import numpy as np

from tinynn.kernels.activations import FORMULAS

Case = tuple[int, tuple[Any, ...], tuple[int, ...]]
"""How many threads, the arguments, and which of them are written to."""


def cases(name: str, dtype: Any) -> list[Case]:
    """Return calls of a kernel that between them take every branch it has."""
    rng = np.random.default_rng(0)
    makers = {
        "adam": _adam,
        "softmax": _softmax,
        "cross_entropy_rows": _cross_entropy,
        "mean_of": _mean,
        "dropout": _dropout,
        "gather_pixels": _pixels,
        "begin_step": _begin,
        "end_step": _end,
    }
    if name in makers:
        return makers[name](rng, np.dtype(dtype))
    layer, way = name.split("_")
    return (_forward if way == "forward" else _backward)(layer, rng, np.dtype(dtype))


def _odd(rng: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Normal numbers, and among them zeros, large ones, infinities and a NaN."""
    x = 3 * rng.normal(size=shape).astype(dtype)
    x.reshape(-1)[:8] = [0, -0.0, 60, -60, np.inf, -np.inf, np.nan, np.finfo(dtype).tiny]
    return x


def _forward(layer: str, rng: Any, dtype: Any) -> list[Case]:
    has_gate, setting = _facts(layer)
    found: list[Case] = []
    for shape in ((37, 11), (300, 7)):
        for with_bias in (False, True):
            x, b = _odd(rng, shape, dtype), rng.normal(size=shape[1]).astype(dtype) if with_bias else None
            if layer == "softplus":  # whose words of arrays take infinity from infinity
                x[np.isinf(x)] = 1e30
            y, gate = np.full_like(x, 9), np.full_like(x, 9) if has_gate else None
            found.append((x.size, (x, b, y, gate, x.size, shape[1], setting), (0, 2, 3)))
    return found


def _backward(layer: str, rng: Any, dtype: Any) -> list[Case]:
    has_gate, setting = _facts(layer)
    kept, dy = rng.normal(size=(2, 41, 9)).astype(dtype)
    kept[0, :2] = 0
    gate = rng.random((41, 9)).astype(dtype) if has_gate else None
    return [(dy.size, (kept, gate, dy, np.full_like(dy, 9), dy.size, setting), (3,))]


def _facts(name: str) -> tuple[bool, float]:
    formula = next(f for layer, f in FORMULAS.items() if layer.__name__.lower() == name)
    return bool(formula.gate), 0.3 if formula.setting else 0.0


def _adam(rng: Any, dtype: Any) -> list[Case]:
    found: list[Case] = []
    tiny = 1e3 * float(np.finfo(dtype).tiny)
    for flush, left, there in ((0.0, 1.0, False), (1.0, 0.999, False), (1.0, 1.0, True), (0.0, 0.9, True)):
        theta, g, M, V = rng.normal(size=(4, 1000)).astype(dtype)
        M[:100], g[:100] = tiny * rng.random(100), 0
        numbers = (1e-3, 1e-6, flush, left)
        table = np.array(numbers, dtype) if there else None
        by_value = (5.0, 5.0, 5.0, 5.0) if there else numbers  # never to be read where a table is
        arguments = (theta, g, M, abs(V), 1000, 0.9, 0.999, tiny, *by_value, table)
        found.append((1000, arguments, (0, 2, 3)))
    return found


def _softmax(rng: Any, dtype: Any) -> list[Case]:
    found: list[Case] = []
    for n, classes in ((1, 1), (13, 10), (70, 33), (3, 1000)):
        z = 20 * rng.normal(size=(n, classes)).astype(dtype)
        found.append((32 * n, (z, np.empty_like(z), n, classes), (1,)))
    z = np.array([[1.0, np.nan, 2.0], [1e30, -1e30, 1e30]], dtype)
    return [*found, (64, (z, np.empty_like(z), 2, 3), (1,))]


def _cross_entropy(rng: Any, dtype: Any) -> list[Case]:
    found: list[Case] = []
    for n, classes in ((1, 2), (13, 10), (70, 33)):
        z = 5 * rng.normal(size=(n, classes)).astype(dtype)
        labels = rng.integers(classes, size=n)
        labels[-1] = -1 if n == 13 else labels[-1]
        found.append((32 * n, (z, labels, np.empty(n, dtype), np.empty_like(z), n, classes), (2, 3)))
    return found


def _mean(rng: Any, dtype: Any) -> list[Case]:
    return [
        (256, (rng.normal(size=n).astype(dtype), np.empty((), dtype), n), (1,)) for n in (1, 255, 256, 5000)
    ]


def _dropout(rng: Any, dtype: Any) -> list[Case]:
    found: list[Case] = []
    for start in (0, 1, 7, 1003):
        for bits, threshold in ((8, 128), (8, 1), (32, 2**31), (32, 1288490189)):
            for with_x in (False, True):
                x = rng.normal(size=(21, 13)).astype(dtype) if with_x else None
                y = np.full_like(x, 9) if with_x else None
                key = np.array([2**32 - 5, 77], np.uint32) if start == 7 else None
                arguments = (x, y, np.full((21, 13), 9, dtype), 273, start, bits, threshold)
                found.append((273, (*arguments, 4 / 3, 2**32 - 1, 123456789, key), (1, 2)))
    return found


def _pixels(rng: Any, dtype: Any) -> list[Case]:
    pixels = rng.integers(256, size=(50, 31), dtype=np.uint8)
    rows = rng.integers(50, size=19)
    return [(19 * 31, (pixels, rows, np.empty((19, 31), dtype), 19, 31, 1 / 255), (2,))]


def _begin(rng: Any, dtype: Any) -> list[Case]:
    numbers, keys = rng.normal(size=(6, 4)).astype(dtype), rng.integers(2**32, size=(6, 2), dtype=np.uint32)
    place = [np.zeros(4, dtype), np.zeros(2, np.uint32)]
    first = (numbers, place[0], 4, keys, place[1], 2, np.array([8]), 6)
    return [(1, first, (1, 4)), (1, (numbers, np.zeros(4, dtype), 4, None, None, 0, np.array([3]), 6), (1,))]


def _end(rng: Any, dtype: Any) -> list[Case]:
    return [(1, (np.array(0.5, dtype), np.zeros(6, dtype), np.array([9]), 6), (1, 2))]
