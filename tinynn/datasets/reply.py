"""Read from a web server that may be slow, silent, lying or gone, without waiting long for it.

Timeouts of a socket bound one connect or one read. They do not bound a name server that is asleep, a host
with eight dead addresses, or a server that sends one byte a second. So a thread reads and a clock outside of
it decides: fewer than `LEAST` bytes within the timeout, and this address is given up. Ctrl-C, too, works
while the network is stuck.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import IncompleteRead
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any
from urllib import request
from urllib.error import HTTPError, URLError

from tinynn.datasets.errors import MirrorError

CHUNK = 65536
LEAST = 4096  # a server so slow that it sends less than this in a whole timeout is as good as dead


@contextmanager
def reply(url: str, timeout: float) -> Iterator[tuple[int | None, Iterator[bytes]]]:
    """Ask for an address; give the announced length in bytes (None if not announced) and the body in chunks.

    Parameters
    ----------
    url : str
        An http or https address; other kinds are refused, also when a server redirects to them.
    timeout : float
        Seconds that one connect or read may take. The server's answer, name look-up and all, may take twice
        as long, so that a host's second address gets its chance; so may each `LEAST` bytes of the body.

    Raises
    ------
    MirrorError
        On entry if there is no usable answer, from the chunks if the body stops early.
    """
    # What the thread hands over: the length, chunks, b"" at the end; or an error in place of any of them.
    items: SimpleQueue[Any] = SimpleQueue()
    stop = Event()
    Thread(target=_read, args=(url, timeout, items, stop), daemon=True).start()
    try:
        length = _next(items, 2 * timeout, f"it did not answer within {timeout:g} s")
        yield length, _chunks(items, timeout, length)
    finally:
        stop.set()


def _chunks(items: SimpleQueue[Any], timeout: float, length: int | None) -> Iterator[bytes]:
    received = recent = 0
    deadline = time.monotonic() + 2 * timeout
    while True:
        complaint = f"it stalled after {received} bytes: less than {LEAST} more in {timeout:g} s"
        chunk = _next(items, max(0.0, deadline - time.monotonic()), complaint)
        if not chunk:
            break
        yield chunk
        received += len(chunk)
        recent += len(chunk)
        if recent >= LEAST:
            recent, deadline = 0, time.monotonic() + 2 * timeout
    if length is not None and received != length:
        raise MirrorError(f"the download is truncated: {received} bytes of the {length} announced")


def _next(items: SimpleQueue[Any], wait: float, complaint: str) -> Any:
    try:
        item = items.get(timeout=wait)
    except Empty:
        raise MirrorError(complaint) from None
    if isinstance(item, TimeoutError):
        raise MirrorError(complaint)
    if isinstance(item, MirrorError):
        raise item
    return item


def _read(url: str, timeout: float, items: SimpleQueue[Any], stop: Event) -> None:
    """Run in the thread: read from the network, hand over all that comes, also what goes wrong."""
    try:
        with _opener().open(url, timeout=timeout) as response:
            items.put(response.length)
            while not stop.is_set() and (chunk := response.read1(CHUNK)):
                items.put(chunk)
        items.put(b"")
    except HTTPError as error:
        with error:
            items.put(MirrorError(f"it answered {error.code} {error.reason}"))
    except IncompleteRead:
        items.put(MirrorError("the download is truncated: the connection ended within the data"))
    except Exception as error:
        cause = error.reason if isinstance(error, URLError) else error
        reason = f"it cannot be reached ({type(cause).__name__}: {cause})"
        items.put(cause if isinstance(cause, TimeoutError) else MirrorError(reason))


def _opener() -> request.OpenerDirector:
    """Build urllib's usual chain, proxies included, without its handlers for file:, ftp: and data:."""
    opener = request.OpenerDirector()
    opener.addheaders = [("User-Agent", "tinynn")]
    for handler in (
        request.ProxyHandler,
        request.UnknownHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPRedirectHandler,
        request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener
