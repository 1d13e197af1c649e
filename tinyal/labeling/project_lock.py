"""One process at a time: a lock on a project's folder, which the system takes from whoever ends, however it ends."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

NAME = "lock"
FAR = 1 << 30  # the byte that is locked on Windows: far behind the text, which others are to read


class InUseError(RuntimeError):
    """Another process has the project; the message says which."""


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a folder's lock. The file of the lock stays: taking it away would let two processes hold two locks.

    Raises
    ------
    InUseError
        While another process, or another part of this one, holds it.
    """
    path = folder / NAME
    with path.open("a+b") as file:
        if not _take(file):
            raise InUseError(
                f"{folder} is in use by {_holder(path)}, and one process at a time may label. Several people open "
                "the address that it shows; Ctrl-C in its terminal ends it"
            )
        file.truncate(0)
        who = {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        file.write(json.dumps(who).encode())
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
            _release(file)


def _holder(path: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        who = json.loads(path.read_bytes())
        return f"process {who['process']} on {who['host']}, since {who['since']}"
    return "another process"


if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> bool:
        file.seek(FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        file.seek(0)
        return True

    def _release(file: IO[bytes]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
