"""Threads: how many may compute at the same time, each with linear algebra on one thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from tinynn.arguments import cores


class _Limit:
    """What keeps BLAS on one thread, and for how many at the same time."""

    lock = threading.Lock()
    holders = 0
    threads = 1  # were allowed before
    limiter: Any = None


@cache
def _blas() -> Any:
    """Find the linear algebra libraries of this process: a search of milliseconds, done once."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def allowed() -> int:
    """Return how many threads may compute: no more than there are cores, and than BLAS was allowed.

    Who keeps BLAS on one thread, with an environment variable or with threadpoolctl, has other work for the cores.
    """
    return min([cores(), *(library.num_threads for library in _blas().lib_controllers)])


@contextmanager
def one_blas_thread() -> Iterator[int]:
    """Keep linear algebra on one thread, in the whole process; gives how many threads were allowed before.

    BLAS shares out every single product, which for small ones costs more than it gains. Where many products are to be
    done, one thread each is faster. The limit is set once for all of them: setting it back and forth costs as much.
    Where several hold it, one within the other or on threads of their own, it is lifted when the last of them ends.
    """
    with _Limit.lock:
        if not _Limit.holders:
            _Limit.threads, _Limit.limiter = allowed(), _blas().limit(limits=1)
        _Limit.holders += 1
    try:
        yield _Limit.threads
    finally:
        with _Limit.lock:
            _Limit.holders -= 1
            if not _Limit.holders:
                _Limit.limiter.restore_original_limits()
