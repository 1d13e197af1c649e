"""An array on disk that grows: rows are added to an ``.npy`` file without reading or copying those that are there."""

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

AT_ONCE = 4096  # rows that are looked at at once: some megabytes


class RowFile:
    """A ``.npy`` file of uint8 rows, open for adding and replacing.

    NumPy leaves room in a header for the number of rows to grow, so the header is written again in its place. It is
    written last: a process that is killed leaves rows which the header does not count.

    Parameters
    ----------
    path : path
        Made if it is not there.
    shape : tuple of int
        Of one row.

    Raises
    ------
    ValueError
        For a file that holds something else.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for start in (0, 2):
    ...         with RowFile(Path(folder) / "rows.npy", (3,)) as file:
    ...             file.append(np.full((2, 3), start, np.uint8))
    ...     np.load(f"{folder}/rows.npy")
    array([[0, 0, 0],
           [0, 0, 0],
           [2, 2, 2],
           [2, 2, 2]], dtype=uint8)
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._bytes = int(np.prod(shape))  # of a row
        new = not path.exists()
        self._file = path.open("w+b" if new else "r+b")
        self._rows = 0
        try:
            if new:
                self._write_header()
            else:
                self._read_header()
            self._start = self._file.tell()
        except (ValueError, EOFError) as error:
            self._file.close()
            raise ValueError(f"{path} holds no rows of shape {shape}: {error}") from None

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: np.ndarray) -> None:
        """Add rows (n, *shape) at the end."""
        self._put(self._rows, rows)
        self._rows += len(rows)

    def replace(self, i: int, row: np.ndarray) -> None:
        """Write another row in the place of row i."""
        self._put(i, row[None])

    def resize(self, rows: int) -> None:
        """Forget all but the first rows, or add black ones."""
        self._file.truncate(self._start + min(self._rows, rows) * self._bytes)
        self._file.truncate(self._start + rows * self._bytes)  # what is added is zeros
        self._rows = rows

    def sync(self) -> None:
        """Bring everything to the disk: rows first, then the header that counts them."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.sync()
        finally:
            self._file.close()

    def _put(self, i: int, rows: np.ndarray) -> None:
        self._file.seek(self._start + i * self._bytes)
        self._file.write(np.ascontiguousarray(rows, np.uint8).tobytes())

    def _write_header(self) -> None:
        self._file.seek(0)
        header = {"descr": "|u1", "fortran_order": False, "shape": (self._rows, *self.shape)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def _read_header(self) -> None:
        if np.lib.format.read_magic(self._file) != (1, 0):
            raise ValueError("it is of another version")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(self._file)
        if shape[1:] != self.shape or fortran or dtype != np.uint8:
            raise ValueError(f"it is an array of shape {shape} and type {dtype}")
        held = (os.fstat(self._file.fileno()).st_size - self._file.tell()) // self._bytes
        self._rows = min(shape[0], held)


def write(path: Path, shape: tuple[int, ...], blocks: Iterable[np.ndarray]) -> None:
    """Write a file of rows aside and rename it: the old one, whole, or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    try:
        with RowFile(aside, shape) as file:
            for block in blocks:
                file.append(block)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
