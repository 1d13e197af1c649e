"""An array for another process: the place of a file where there is one, and otherwise the numbers themselves."""

import mmap
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mapped:
    """Where in a file an array lies."""

    file: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def open(self) -> np.ndarray:
        """Map the array again."""
        return np.memmap(self.file, self.dtype, "r", self.offset, self.shape)


def to_send(array: np.ndarray) -> Mapped | np.ndarray:
    """Return what another process needs to have the same array: of a memory map in C order, only where it is.

    Pickled, a memory map would be read as a whole and sent.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", np.arange(6))
    ...     mapped = to_send(np.load(f"{folder}/x.npy", mmap_mode="r")[2:, None])
    ...     received(mapped).ravel().tolist()
    [2, 3, 4, 5]
    """
    if not isinstance(array, np.memmap) or array.filename is None or not array.flags.c_contiguous:
        return np.asarray(array)
    # A part of a map says the offset of the whole one, so where it begins is found by addresses.
    whole = np.frombuffer(array._mmap, np.uint8)  # type: ignore[attr-defined]
    begun = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    ahead = array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return Mapped(str(array.filename), array.dtype.str, array.shape, begun + ahead)


def received(sent: Mapped | np.ndarray) -> np.ndarray:
    """Return the array of which another process sent where it is."""
    return sent.open() if isinstance(sent, Mapped) else sent
