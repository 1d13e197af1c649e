"""Formulas that can be written out in numbers.

A rule is a line of mathematics, ``dx = dy·y·(1 − y)``. Where it holds element by element, writing it out for one
element is a matter of putting recorded numbers in place of the symbols; sums need to be told which products they
are of. Nothing here computes a result: the ledger puts the recorded one behind the last equals sign.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinynn.trace.numbers import number

Index = tuple[int, ...]


@dataclass(frozen=True)
class Numbers:
    """What was recorded of one call, and how to write it.

    Attributes
    ----------
    values : mapping of str to array
        By symbol.
    digits, limit : int
        Decimals; how many numbers at most.
    owner : Layer or loss
        Whose call it was.
    """

    values: Mapping[str, np.ndarray]
    digits: int
    limit: int
    owner: Any

    def __getitem__(self, symbol: str) -> np.ndarray:
        return self.values[symbol]

    def write(self, value: Any, wrap: bool = False) -> str:
        """Write a number, in parentheses if it is negative and stands behind a sign."""
        text = number(value, self.digits)
        return f"({text})" if wrap and text.startswith("−") else text

    def product(self, a: Any, b: Any) -> str:
        """Write a·b."""
        return f"{self.write(a)}·{self.write(b, wrap=True)}"


Write = Callable[[Numbers, Index], str]


@dataclass(frozen=True)
class Rule:
    """One formula, and how to write it out for one element of its left side.

    Attributes
    ----------
    text : str
        The formula.
    write : function (numbers, index) -> str, optional
        Its right side in numbers; an empty string where that is not to be had.
    """

    text: str
    write: Write | None = None

    @property
    def symbol(self) -> str:
        """The left side."""
        return self.text.partition(" = ")[0]


# A name that may stand for a number: Latin or Greek letters, x̂ among them.
SYMBOL = re.compile(r"x̂|[A-Za-zα-ω]+")
SIGNS = frozenset("·−+/")


def substitute(text: str, numbers: Numbers, index: Index, shape: tuple[int, ...]) -> str:
    """Put recorded numbers, those of one element, in place of the symbols of a formula."""

    def replace(match: re.Match[str]) -> str:
        symbol = match.group()
        if symbol not in numbers.values:
            return symbol
        before, after = text[: match.start()].rstrip()[-1:], text[match.end() : match.end() + 1]
        value = np.broadcast_to(numbers[symbol], shape)[index]
        return numbers.write(value, wrap=before in SIGNS or after == "²")

    return SYMBOL.sub(replace, text)


def each(text: str) -> Rule:
    """A formula that holds element by element."""
    symbol, _, right = text.partition(" = ")
    return Rule(text, lambda numbers, index: substitute(right, numbers, index, numbers[symbol].shape))


def mean_of(text: str) -> Rule:
    """The mean of an expression over all elements of y."""

    def write(numbers: Numbers, index: Index) -> str:
        shape = numbers["y"].shape
        if numbers["y"].size > numbers.limit:
            return ""
        terms = (substitute(text, numbers, element, shape) for element in np.ndindex(shape))
        return f"({plus(terms)})/{numbers['y'].size}"

    return Rule(f"L = Σ {text}/N", write)


def plus(terms: Iterable[str]) -> str:
    """Add terms up; a term that begins with a minus is taken away."""
    return " + ".join(terms).replace("+ −", "− ")


def dense_y(n: Numbers, index: Index) -> str:
    """Σₖ x[row, k]·W[k, unit] + b[unit]."""
    row, unit = index
    products = [n.product(x, W) for x, W in zip(n["x"][row], n["W"][:, unit], strict=True)]
    return plus([*products, n.write(n["b"][unit])])


def dense_dw(n: Numbers, index: Index) -> str:
    """Σ over rows of x[row, i]·dy[row, j]."""
    i, j = index
    return plus(n.product(x, dy) for x, dy in zip(n["x"][:, i], n["dy"][:, j], strict=True))


def dense_dx(n: Numbers, index: Index) -> str:
    """Σⱼ dy[row, j]·W[i, j]."""
    row, i = index
    return plus(n.product(dy, W) for dy, W in zip(n["dy"][row], n["W"][i], strict=True))


def sum_of_dy(n: Numbers, index: Index) -> str:
    """Σ of dy over all axes but the last."""
    return plus(n.write(dy) for dy in n["dy"].reshape(-1, n["dy"].shape[-1])[:, index[0]])


def sum_of_dy_normalized(n: Numbers, index: Index) -> str:
    """Σ of dy·x̂ over all axes but the last."""
    columns = (n[name].reshape(-1, n["dy"].shape[-1])[:, index[0]] for name in ("dy", "x̂"))
    return plus(n.product(dy, normalized) for dy, normalized in zip(*columns, strict=True))


def window(n: Numbers, index: Index, padding: Any = ((0, 0), (0, 0))) -> Iterable[tuple[int, int, Index]]:
    """Yield each place (i, j) of the window behind y[index] with the pixel it lies on; padding is left out."""
    size, steps, (height, width) = n.owner.window, n.owner.steps, n["x"].shape[1:3]
    for i in range(size[0]):
        for j in range(size[1]):
            down, right = index[1] * steps[0] + i - padding[0][0], index[2] * steps[1] + j - padding[1][0]
            if 0 <= down < height and 0 <= right < width:
                yield i, j, (index[0], down, right)


def conv_y(n: Numbers, index: Index) -> str:
    """Σ over the window of x·W, plus b."""
    filter_ = index[3]
    products = [
        n.product(x, W)
        for i, j, pixel in window(n, index, n.owner.around)
        for x, W in zip(n["x"][pixel], n["W"][i, j, :, filter_], strict=True)
    ]
    return plus([*products, n.write(n["b"][filter_])])


def pooled(n: Numbers, index: Index) -> list[str]:
    """The numbers of one window of one channel."""
    return [n.write(n["x"][(*pixel, index[3])]) for _, _, pixel in window(n, index)]


def average(terms: list[str]) -> str:
    """The sum of the terms over their number."""
    return f"({plus(terms)})/{len(terms)}"


def softmax(name: str) -> Write:
    """exp of one value over the sum of exp of all values along the last axis."""

    def write(n: Numbers, index: Index) -> str:
        exponentials = [f"exp({n.write(value)})" for value in n[name][index[:-1]]]
        return f"{exponentials[index[-1]]}/({plus(exponentials)})"

    return write


def softmax_dx(n: Numbers, index: Index) -> str:
    """y·(dy − Σ dy·y), the sum along the last axis."""
    row = index[:-1]
    inner = plus(n.product(dy, y) for dy, y in zip(n["dy"][row], n["y"][row], strict=True))
    return f"{n.write(n['y'][index])}·({n.write(n['dy'][index])} − ({inner}))"


def shares(n: Numbers) -> np.ndarray:
    """Return the targets as a distribution a row: labels become rows with a single 1."""
    t, p = n["t"], n["p"]
    return t if t.ndim == 2 else (t[:, None] == np.arange(p.shape[1])).astype(p.dtype)


def cross_entropy(n: Numbers, index: Index) -> str:
    """−Σ t·ln(p)/n; targets of 0 are left out."""
    if len(n["p"]) > n.limit:
        return ""
    right = [(t, p) for t, p in zip(shares(n).flat, n["p"].flat, strict=True) if t]
    if any(p == 0 for _, p in right):
        return ""  # the loss is finite where p is too small to be written, and ln 0 is not
    terms = [f"ln({n.write(p)})" if t == 1 else f"{n.write(t)}·ln({n.write(p)})" for t, p in right]
    total = terms[0] if len(terms) == 1 else f"({plus(terms)})"
    return f"−{total}/{len(n['p'])}"


def cross_entropy_dy(n: Numbers, index: Index) -> str:
    """(p − t)/n."""
    return f"({n.write(n['p'][index])} − {n.write(shares(n)[index])})/{len(n['p'])}"
