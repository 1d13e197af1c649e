"""Pools larger than memory: rows in a file or in chunks that come one after the other, read when they are needed."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tinynn.cache import rows_at_a_time

LARGEST = 2**30  # bytes of rows that are read at once from a pool outside memory
PIECE = 2**26  # bytes of rows in a chunk of such a pool


class ChunkedPool:
    """A pool whose rows come in chunks, again and again, as from several files or from a generator function.

    One chunk is held at a time. Going on in the order of the rows continues where the last reading stopped, so that
    scoring the pool once is one pass; rows before that place begin a new pass, which reads every chunk up to the
    last row asked for. A generator cannot jump: the few rows that were chosen cost up to one pass a round, and the
    labelled rows another for each training. Where rows can be reached directly, a memory map, ``np.load(file,
    mmap_mode="r")``, is the better pool, and the chunks may be a list of such maps, which is passed over for nothing.

    Parameters
    ----------
    chunks : function or iterable
        A function without arguments that begins a new pass, or something that does so whenever it is iterated over (a
        list of arrays, a class with ``__iter__``). A pass yields arrays (k, *row_shape) with any numbers k of rows, of
        one dtype, the same rows in the same order each time. A chunk need stay as it is only until the next is made.
    length : int
        How many rows all chunks have together, N.

    Attributes
    ----------
    shape : tuple
        (N, *row_shape), as that of an array.
    dtype : dtype

    Raises
    ------
    TypeError
        For a generator that has begun: it can be gone through once only.
    ValueError
        For chunks of other rows than the first, NaN or infinite values, more or fewer rows than `length`: as soon as
        they are met.

    Examples
    --------
    >>> import tinynn as nn
    >>> digits = nn.datasets.load("digits").x_train
    >>> pool = ChunkedPool(lambda: (digits[i : i + 100] for i in range(0, len(digits), 100)), length=len(digits))
    >>> pool.shape == digits.shape
    True
    >>> bool((pool[[700, 3, 250]] == digits[[700, 3, 250]]).all())
    True
    """

    def __init__(self, chunks: Callable[[], Iterable[Any]] | Iterable[Any], length: int) -> None:
        if not callable(chunks) and iter(chunks) is chunks:
            raise TypeError(
                f"a {type(chunks).__name__} can be gone through once, and a pool is read in every round; pass the "
                "function that makes it, ChunkedPool(function, length), without calling it"
            )
        if length < 1:
            raise ValueError(
                f"length must be at least 1, not {length}: an empty pool leaves nothing to ask for"
            )
        self._chunks = chunks
        self._length = length
        self.shape: tuple[int, ...] = ()
        self._begin()
        self.shape, self.dtype = (length, *self._chunk.shape[1:]), self._chunk.dtype

    def __len__(self) -> int:
        return self._length

    @property
    def ndim(self) -> int:
        """How many axes the pool has, that of the rows included."""
        return len(self.shape)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Return a copy of some rows, by a slice or by an array of row numbers in any order."""
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        rows = np.asarray(rows)
        if rows.ndim != 1 or (rows.dtype.kind not in "iu" and len(rows)):
            raise IndexError(
                f"rows come by slices or by arrays of row numbers, not {rows.dtype} {rows.shape}"
            )
        if len(outside := rows[(rows < 0) | (rows >= len(self))]):
            raise IndexError(f"rows {outside[:5].tolist()} are outside the pool of {len(self)} rows")
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        order = np.argsort(rows, kind="stable")
        wanted = rows[order]
        if len(wanted) and wanted[0] < self._start:
            self._begin()
        done = 0
        while done < len(wanted):
            here = int(np.searchsorted(wanted, self._start + len(self._chunk)))
            found[order[done:here]] = self._chunk[wanted[done:here] - self._start]
            done = here
            if done < len(wanted):
                self._advance()
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError(
            "a ChunkedPool is not made into one array, which might not fit into memory; pool[rows] is one"
        )

    def _begin(self) -> None:
        self._pass: Iterator[Any] = iter(self._chunks() if callable(self._chunks) else self._chunks)
        self._start, self._chunk = 0, np.empty(0)
        self._advance()

    def _advance(self) -> None:
        """Go on to the next chunk that has rows."""
        self._start += len(self._chunk)
        for chunk in self._pass:
            if len(chunk):
                self._chunk = self._checked(np.asarray(chunk))
                break
        else:
            raise ValueError(f"the chunks ended after {self._start} rows, and length says {self._length}")
        if self._start + len(self._chunk) == self._length and any(len(more) for more in self._pass):
            raise ValueError(f"there are chunks after row {self._length - 1}, the last one by length")

    def _checked(self, chunk: np.ndarray) -> np.ndarray:
        if self._start + len(chunk) > self._length:
            raise ValueError(
                f"the chunks have {self._start + len(chunk)} rows or more; length says {self._length}"
            )
        if self.shape and (chunk.shape[1:], chunk.dtype) != (self.shape[1:], self.dtype):
            raise ValueError(
                f"the chunk that begins with row {self._start} has rows of {chunk.dtype} {chunk.shape[1:]}; the first "
                f"chunk had {self.dtype} {self.shape[1:]}"
            )
        if chunk.dtype.kind == "f" and not (finite := _finite_rows(chunk)).all():
            raise ValueError(
                f"row {self._start + int((~finite).argmax())} of the pool holds NaN or infinite values"
            )
        return chunk


def check_finite(pool: Any) -> None:
    """Raise a ValueError if a pool holds NaN or infinite values, looking at a part at a time.

    A file of floating-point numbers is read once. A `ChunkedPool` is not: it checks its chunks whenever they come.

    Examples
    --------
    >>> check_finite(np.array([[0.0, 1.0], [np.nan, 2.0]]))
    Traceback (most recent call last):
    ValueError: the pool holds NaN or infinite values, first in row 1; fill them or drop the rows first
    """
    if isinstance(pool, ChunkedPool) or pool.dtype.kind != "f":
        return
    size = rows_at_a_time(np, max(1, math.prod(pool.shape[1:])))
    for start in range(0, len(pool), size):
        finite = _finite_rows(pool[start : start + size])
        if not finite.all():
            raise ValueError(
                f"the pool holds NaN or infinite values, first in row {start + int((~finite).argmax())}; "
                "fill them or drop the rows first"
            )


def gather(pool: Any, rows: np.ndarray) -> Any:
    """Return rows of a pool, in this order, the way that is quickest where they lie.

    Of a memory map, neighbouring rows come as a slice, which copies nothing and cannot be written to; others are read
    in the order of the file. Of any other pool it is a copy, ``pool[rows]``.

    Examples
    --------
    >>> gather(np.array([[10], [11], [12]]), np.array([2, 0])).tolist()
    [[12], [10]]
    """
    if type(pool) is np.ndarray:
        return np.take(pool, rows, axis=0)  # five times as fast as pool[rows] for ten numbers a row
    if not isinstance(pool, np.memmap) or len(rows) == 0:
        return pool[rows]
    if rows[0] >= 0 and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        part = np.asarray(pool[int(rows[0]) : int(rows[-1]) + 1])
        part.flags.writeable = False
        return part
    order = np.argsort(rows, kind="stable")
    found = np.empty((len(rows), *pool.shape[1:]), pool.dtype)
    found[order] = pool[rows[order]]
    return found


def outside_memory(pool: Any) -> bool:
    """Whether rows are read from somewhere else: a memory map or a `ChunkedPool`."""
    return isinstance(pool, np.memmap | ChunkedPool)


def bytes_of(pool: Any, n: int) -> int:
    """Return how many bytes n rows of a pool take."""
    return n * math.prod(pool.shape[1:]) * int(pool.dtype.itemsize)


def _finite_rows(x: Any) -> Any:
    return np.isfinite(x).reshape(len(x), -1).all(axis=1)
