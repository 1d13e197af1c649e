"""Rows of numbers to label: a model sees them scaled, a person reads a text or the numbers as they are."""

from collections.abc import Mapping, Sequence

import numpy as np

SHOWN = 40  # features that a person is shown of one row


class RowItems:
    """Rows of features.

    Parameters
    ----------
    x : array (n, d)
        As they are in the file.
    mean, spread : array (d,)
        ``features`` is (x − mean) / spread.
    names : sequence of d str
        Of the features.
    texts : sequence of n str, optional
        What a person reads, instead of the features.
    classes, known, truth
        As `Items` says.

    Examples
    --------
    >>> items = RowItems(np.array([[1.5, 20.0], [2.5, 40.0]]), np.array([2.0, 30.0]), np.array([0.5, 10.0]), ["a", "b"])
    >>> items.features.tolist(), items.name(1)
    ([[-1.0, -1.0], [1.0, 1.0]], 'row 1')
    >>> print(items.text(1))
    a = 2.5
    b = 40
    """

    kind = "features"
    unreadable: Sequence[tuple[str, str]] = ()
    gone: frozenset[int] = frozenset()

    def __init__(
        self,
        x: np.ndarray,
        mean: np.ndarray,
        spread: np.ndarray,
        names: Sequence[str],
        *,
        texts: Sequence[str] | None = None,
        classes: Sequence[str] = (),
        known: Mapping[int, str] | None = None,
        truth: tuple[str, ...] | None = None,
    ) -> None:
        self._x, self._names, self._texts = x, names, texts
        self.features = np.empty(x.shape, np.float32)
        for start in range(0, len(x), 4096):  # in pieces, for the differences are in double precision
            self.features[start : start + 4096] = (x[start : start + 4096] - mean) / spread
        self.classes = tuple(classes)
        self.known: Mapping[int, str] = known or {}
        self.truth = truth

    def __len__(self) -> int:
        return len(self._x)

    def name(self, item: int) -> str:
        """Return which row it is, counted from 0, as NumPy does."""
        return f"row {item}"

    def picture(self, item: int) -> tuple[bytes, str] | None:
        """Return None: there is nothing but numbers."""
        return None

    def text(self, item: int) -> str | None:
        """Return the row's text, or its features by name, one a line."""
        if self._texts is not None:
            return self._texts[item]
        lines = [f"{name} = {value:.6g}" for name, value in zip(self._names, self._x[item], strict=True)]
        more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        return "\n".join(lines[:SHOWN] + more)
