"""From an application to a page in the browser: a port of this machine, the address with its token, and Ctrl-C."""

import os
import socket
import webbrowser
from html import escape
from pathlib import Path
from typing import Any

PORT = 8765


def bind(host: str, port: int | None) -> socket.socket:
    """Return a listening socket; without a port given, the usual one, or any other where that is taken.

    Raises
    ------
    OSError
        For an address that is not this machine's, or a port that is taken.
    """
    try:
        return socket.create_server((host, PORT if port is None else port))
    except OSError as error:
        if port is None:
            return socket.create_server((host, 0))
        raise OSError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Without --port, a free one is found"
        ) from error


def address(host: str, port: int, token: str) -> str:
    """Return what to open in a browser.

    Examples
    --------
    >>> address("127.0.0.1", 8765, "secret")
    'http://127.0.0.1:8765/#token=secret'
    """
    shown = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"http://{shown}:{port}/#token={token}"


def open_browser(url: str, folder: Path) -> bool:
    """Open an address in the browser, if there is one with a window; return whether there is.

    Command lines of processes can be read by every user of a machine, so the browser is not given the address with
    its token, but a file that leads there, which only its owner can read.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(browser) is webbrowser.GenericBrowser:  # one that would take over the terminal
        return False
    path = folder / "open.html"
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(
            f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={escape(url)}">'
            f'<title>tinyal</title><a href="{escape(url)}">Go on to the labels</a>'
        )
    return browser.open(path.resolve().as_uri())


def serve(app: Any, listening: socket.socket) -> None:
    """Serve until Ctrl-C, which is raised as KeyboardInterrupt. Requests are not logged."""
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listening])
