"""Data to learn from: digits and irises that travel with the package, MNIST and its like and CIFAR-10 from the web.

A downloaded data set's files are looked for, one by one,

1. in ``$TINYNN_DATA/<name>/``, if that variable is set: a folder of yours, only ever read;
2. in the cache folder of this platform, ``tinynn/<name>/`` inside it;
3. on the mirrors, from where they go into the cache.

So a folder with three of four files is fine: the fourth is fetched. Files may be compressed (``.gz``) or
plain. CIFAR-10 is one archive, the official binary version, ``cifar-10-binary.tar.gz``; it is read where it
lies and never extracted, and a folder ``cifar-10-batches-bin`` that somebody has extracted, or its six files
alone, does as well. Every load verifies every file: MNIST by the SHA-256 of what is inside, Fashion-MNIST and
CIFAR-10 by the MD5 of the compressed file as published, so keep that one as it came (a plain or extracted one
is checked for its structure only). A broken file of yours is an error and is never touched; a broken one in
the cache is replaced by a good one as soon as that has arrived.
"""

import numpy as np

from tinynn.datasets.dataset import Dataset
from tinynn.datasets.errors import BrokenFileError, DatasetError
from tinynn.datasets.sources import SOURCES, Source

__all__ = ["NAMES", "BrokenFileError", "Dataset", "DatasetError", "available", "load"]

CARRIED = ("digits", "iris")
NAMES: tuple[str, ...] = (*CARRIED, *SOURCES)


def load(name: str, *, download: bool = True, progress: bool = True) -> Dataset:
    """Load a data set by its name.

    Parameters
    ----------
    name : str
        One of `NAMES`: ``digits`` and ``iris`` (carried; 8×8 pixels, and four lengths of a flower), ``mnist`` and
        ``fashion-mnist`` (28×28, about 11 and 30 MB to download), ``cifar-10`` (32×32 in three colours, about
        170 MB, and for a moment half a gigabyte of memory).
    download : bool
        Whether files that are not on this machine may be downloaded.
    progress : bool
        Show a progress bar while downloading.

    Returns
    -------
    Dataset
        Rows (n, pixels), or (n, features), and labels (n,), in arrays of its own, which may be written to.

    Raises
    ------
    DatasetError
        If the name is unknown, or a file is broken or cannot be had. The message says what to do.

    Examples
    --------
    >>> from tinynn import datasets
    >>> data = datasets.load("digits")
    >>> data.x_train.shape, data.x_train.dtype, data.y_test.shape
    ((1348, 64), dtype('uint8'), (449,))
    """
    # Imports stand inside, so that importing tinynn loads neither hashing nor archives nor a web client.
    source = _source(name)
    if source is None:
        from tinynn.datasets.digits import load_digits
        from tinynn.datasets.iris import load_iris

        return load_iris() if name == "iris" else load_digits()
    from tinynn.datasets.obtain import obtain

    x_train, y_train, x_test, y_test = obtain(source, download, progress)
    return Dataset(
        name=name,
        x_train=x_train.reshape(len(x_train), -1),
        y_train=y_train.astype(np.int64),
        x_test=x_test.reshape(len(x_test), -1),
        y_test=y_test.astype(np.int64),
        classes=source.classes,
        image_shape=source.image_shape,
        licence=source.licence,
        citation=source.citation,
    )


def available(name: str) -> bool:
    """Return whether a data set is on this machine, so that loading it needs no network.

    Files are looked for, not opened: a broken one counts until `load` reads it.

    Examples
    --------
    >>> from tinynn import datasets
    >>> datasets.available("digits")
    True
    """
    source = _source(name)
    if source is None:
        return True
    from tinynn.datasets.obtain import is_present

    return is_present(source)


def _source(name: str) -> Source | None:
    """Return where a data set is downloaded from, None for those that are carried."""
    if name in CARRIED:
        return None
    if name in SOURCES:
        return SOURCES[name]
    from difflib import get_close_matches

    close = get_close_matches(str(name).lower(), NAMES, n=1)
    raise DatasetError(
        f"There is no data set {name!r}. {f'Did you mean {close[0]!r}? ' if close else ''}"
        f"Known names: {', '.join(NAMES)}."
    )
