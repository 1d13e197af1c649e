"""Get a data set's files: the user's own, those in the cache, the rest from the web."""

import numpy as np
from numpy.typing import NDArray

from tinynn.datasets.errors import BrokenFileError, DatasetError
from tinynn.datasets.places import VARIABLE, by_hand, cache_folder, own_folder, present
from tinynn.datasets.sources import RemoteFile, Source
from tinynn.datasets.verify import read_verified


def obtain(source: Source, may_download: bool, progress: bool) -> list[NDArray[np.uint8]]:
    """Return the arrays of all files of a source, in order, each file verified.

    Parameters
    ----------
    source : Source
        The data set.
    may_download : bool
        Whether the web may be asked for files that are nowhere else.
    progress : bool
        Show a progress bar for each download.

    Raises
    ------
    DatasetError
        If a file of the user's is broken (it is left as it is), or one that is missing cannot be had.
    """
    mirrors = list(source.mirrors)
    return [array for file in source.files for array in _one(source, file, mirrors, may_download, progress)]


def _one(
    source: Source, file: RemoteFile, mirrors: list[str], may_download: bool, progress: bool
) -> tuple[NDArray[np.uint8], ...]:
    own, cache = own_folder(source.name), cache_folder(source.name)
    for path in present(own, file) if own else []:
        try:
            return read_verified(path, file)
        except BrokenFileError as error:
            # Not a case for the cache or the web: who names a folder wants to know that its data are wrong.
            raise DatasetError(
                f"{source.name}: {path}, found through {VARIABLE}, cannot be used: {error}. "
                f"It was left as it is. Replace it with a good copy, or remove it to have it downloaded.\n"
                f"{by_hand(source, file)}"
            ) from error

    broken = []
    for path in present(cache, file):
        try:
            return read_verified(path, file)
        except BrokenFileError as error:
            broken.append(f"{source.name}: {path}, in the cache, was not used: {error}.\n")

    if not may_download:
        looked = " and ".join(str(folder) for folder in (own, cache) if folder)
        raise DatasetError(
            f"{''.join(broken)}{source.name}: there is no good {file.name}.gz, or {file.name}, in {looked}, "
            f"and download=False.\n{by_hand(source, file)}"
        )
    from tinynn.datasets.download import download

    try:
        return download(source, file, cache, mirrors, progress)
    except DatasetError as error:
        if broken:
            raise DatasetError(f"{''.join(broken)}{error}") from error
        raise


def is_present(source: Source) -> bool:
    """Return whether every file of a source is in the user's folder or in the cache; none is opened."""
    try:
        folders = [folder for folder in (own_folder(source.name), cache_folder(source.name)) if folder]
    except DatasetError:
        return False  # loading would fail, too
    return all(any(present(folder, file) for folder in folders) for file in source.files)
