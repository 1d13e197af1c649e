"""The ledger itself: sections of lines, each line an array that a pass really held."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """One array of the pass.

    Attributes
    ----------
    name : str
        What the code calls it: ``"y"``, ``"W"``, ``"dgamma"``.
    symbol : str
        What the mathematics calls it: ``"y"``, ``"W"``, ``"dγ"``.
    values : array (n, ...), or of a parameter's shape
        The numbers, as they were recorded.
    formula : str
        Where they come from, ``"y = x W + b"``; empty for what is given, and where it is not known.
    note : str
        In place of a formula: what the layer's docstring says.
    arithmetic : tuple of str
        The formula with numbers, one element each, ``"y[0,0] = 0.05·0.15 + 0.1·0.2 + 0.35 = 0.3775"``.

    Examples
    --------
    >>> line = Line("dW", "dW", np.array([[2.0]]), formula="dW = xᵀ dy", arithmetic=("dW[0,0] = 1·2 = 2",))
    >>> line.values.shape, line.arithmetic[0]
    ((1, 1), 'dW[0,0] = 1·2 = 2')
    """

    name: str
    symbol: str
    values: np.ndarray
    formula: str = ""
    note: str = ""
    arithmetic: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """What one layer, or the loss, did: its lines, after the sections of the layers that it holds.

    Attributes
    ----------
    path : str
        Where it stands: ``"0"``, ``"2.1"`` for layer 1 in the chain of layer 2, ``"input"``, ``"loss"``.
    title : str
        ``"Dense(2)"``.
    lines : tuple of Line
    parts : tuple of Section
        Of the layers inside.

    Examples
    --------
    >>> Section("0", "Dense(2)", lines=()).heading, Section("loss", "Huber()", lines=()).heading
    ('layer 0  Dense(2)', 'loss  Huber()')
    """

    path: str
    title: str
    lines: tuple[Line, ...]
    parts: tuple["Section", ...] = ()

    @property
    def heading(self) -> str:
        """The path and the title: ``layer 0  Dense(2)``."""
        path = f"layer {self.path}" if self.path[0].isdigit() else self.path
        return f"{path}  {self.title}".rstrip()


@dataclass(frozen=True)
class Ledger:
    """A forward and a backward pass, line by line. `nn.explain` makes one; printing it shows it.

    ``ledger["0.y"]`` is what layer 0 gave, (n, ...), and ``ledger["0.dW"]`` a gradient, of the shape of its W.

    Every number is the one that the pass computed. The arithmetic puts recorded inputs into the formula and ends with
    the recorded result: where the two disagree, the code does something else than the formula says.

    Attributes
    ----------
    about : str
        What was explained.
    forward, backward : tuple of Section
        In the order in which things happened.
    digits : int
        Decimals.
    limit : int
        Arrays with more numbers than this are summed up.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(1)], input_shape=1, dtype="float64")
    >>> net.layers[0].W = 3.0
    >>> ledger = nn.explain(net, nn.MeanSquaredError(), [[2.0]], [[5.0]])  # y = 2 · 3 = 6, L = (6 − 5)²
    >>> isinstance(ledger, Ledger), ledger["0.y"].tolist(), ledger["loss.L"].item(), ledger["0.dW"].tolist()
    (True, [[6.0]], 1.0, [[4.0]])
    """

    about: str
    forward: tuple[Section, ...]
    backward: tuple[Section, ...]
    digits: int
    limit: int

    def __getitem__(self, key: str) -> np.ndarray:
        """Return the array of a line: ``ledger["0.dW"]``, ``ledger["loss.L"]``, ``ledger["2.1.y"]``."""
        found = {f"{section.path}.{line.name}": line for section in self.sections() for line in section.lines}
        if key not in found:
            raise KeyError(f"there is no {key!r} in this ledger; it has {', '.join(found)}")
        return found[key].values

    def sections(self) -> Iterator[Section]:
        """Go through all sections, each after its parts."""
        return _walk((*self.forward, *self.backward))

    def __str__(self) -> str:
        """Text for a terminal of 80 columns."""
        from tinynn.trace.text import to_text

        return to_text(self)

    def to_markdown(self) -> str:
        """Return Markdown with tables and ``$...$`` mathematics, as GitHub and MyST read it."""
        from tinynn.trace.markup import to_markdown

        return to_markdown(self)

    def to_html(self) -> str:
        """Return a fragment of HTML that needs nothing else: no script, no style sheet."""
        from tinynn.trace.markup import to_html

        return to_html(self)

    def _repr_html_(self) -> str:
        return self.to_html()


def _walk(sections: Sequence[Section]) -> Iterator[Section]:
    for section in sections:
        yield from _walk(section.parts)
        yield section
