"""Bring a file into the cache: from the first mirror that serves the right one, whole or not at all.

Bytes go into a temporary file beside their destination, are verified there, and only then take their final
name in one step. So a reader never sees half a file, two processes that download the same one do not disturb
each other, and nothing is left behind after a failure or Ctrl-C.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynn.datasets.errors import BrokenFileError, DatasetError, MirrorError
from tinynn.datasets.places import VARIABLE, address, by_hand
from tinynn.datasets.reply import reply
from tinynn.datasets.sources import RemoteFile, Source
from tinynn.datasets.verify import largest_stored, read_verified


def download(
    source: Source, file: RemoteFile, folder: Path, mirrors: list[str], progress: bool
) -> tuple[NDArray[np.uint8], ...]:
    """Download a file into a folder and return its verified arrays.

    Parameters
    ----------
    source, file : Source, RemoteFile
        What to download.
    folder : Path
        Where it goes, as ``<file.name>.gz``; made if it does not exist. A file of that name is replaced.
    mirrors : list of str
        Tried in order. One that fails moves to the end of this list, so that the next file does not wait for
        it.
    progress : bool
        Show a progress bar.

    Returns
    -------
    tuple of ndarray of uint8
        What ``file.parse`` finds in it.

    Raises
    ------
    DatasetError
        If no mirror serves the file (the message has each one's reason) or the folder cannot be written.
    """
    target = folder / f"{file.name}.gz"
    failures = []
    for mirror in tuple(mirrors):
        url = address(mirror, file)
        try:
            with _temporary(target, source, file) as part:
                _save(url, part, source, file, progress)
                arrays = read_verified(part, file)
                _install(part, target, source, file)
            return arrays
        except (MirrorError, BrokenFileError) as error:
            failures.append(f"  {url}: {error}")
            mirrors.remove(mirror)
            mirrors.append(mirror)
    headline = f"{source.name}: no mirror delivered {target.name}."
    raise DatasetError("\n".join([headline, *failures, by_hand(source, file)]))


@contextmanager
def _temporary(target: Path, source: Source, file: RemoteFile) -> Iterator[Path]:
    """Give an empty file beside the target, named like no other process's; remove it in any case."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="part-", suffix=f"-{target.name}", dir=target.parent)
    except OSError as error:
        raise _unwritable(target, source, file, error) from error
    part = Path(name)
    try:
        os.close(handle)
        yield part
    finally:
        with suppress(OSError):  # gone already, or held by a virus scanner: neither may hide what went wrong
            part.unlink()


def _save(url: str, part: Path, source: Source, file: RemoteFile, progress: bool) -> None:
    from tqdm import tqdm  # here, so that importing tinynn does not pay for it

    limit = largest_stored(file)
    title = f"{source.name}/{file.name}"
    with (
        reply(url, source.timeout) as (length, chunks),
        tqdm(total=length, desc=title, unit="B", unit_scale=True, disable=not progress) as bar,
    ):
        try:
            with part.open("wb") as stream:
                for chunk in chunks:
                    limit -= len(chunk)
                    if limit < 0:
                        raise MirrorError(
                            f"it sends more than the {largest_stored(file)} bytes the file may have"
                        )
                    stream.write(chunk)
                    bar.update(len(chunk))
        except OSError as error:  # the network's errors arrive as MirrorError: this is the disk
            raise _unwritable(part, source, file, error) from error


def _install(part: Path, target: Path, source: Source, file: RemoteFile) -> None:
    try:
        os.replace(part, target)
    except OSError as error:
        # Windows does not replace a file that another process reads. If that one is good, all is well.
        try:
            read_verified(target, file)
        except BrokenFileError:
            raise _unwritable(target, source, file, error) from error


def _unwritable(path: Path, source: Source, file: RemoteFile, error: OSError) -> DatasetError:
    return DatasetError(
        f"{source.name}: {file.name}.gz cannot be kept in the cache folder {path.parent} "
        f"({error.strerror or error}). Make the folder writable with {1 + (file.size >> 20)} MiB to spare, "
        f"or set {VARIABLE} to a folder that holds {source.name}/ with its files.\n{by_hand(source, file)}"
    )
