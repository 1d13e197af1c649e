"""Who may talk to the labelling server: nobody but the page that it served, opened by the person who started it.

The server has no passwords and no cookies. Its one secret is a token, which the terminal shows in the address to open,
after the ``#``: browsers send that part to nobody, so it is in no log, and the page sends it in a header of its own,
which pages of other sites cannot do. Names in ``Host`` are checked because a stranger's site may point its own name at
this machine (DNS rebinding), and ``Origin`` because browsers tell with it where a request comes from.
"""

import hashlib
import hmac
import ipaddress
import json
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

TOKEN_HEADER = b"x-tinyal-token"
LARGEST_BODY = 64 * 1024  # bytes; an answer has some hundred
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


def project_token(folder: Path) -> str:
    """Return a project's token, which is made once and kept in its folder, where only its owner can read it.

    Kept, so that a page that is open goes on when the server is started again.

    Raises
    ------
    OSError
        When the file cannot be written or read.
    """
    path = folder / "token"
    try:
        # Exclusive: two servers that begin at once must not have two tokens. And at no moment can others read it.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    token = path.read_text(encoding="ascii").strip()
    if len(token) < 32:  # the disk was full, or somebody wrote another one
        path.unlink()
        return project_token(folder)
    return token


def project_id(token: str) -> str:
    """Return a name of the project that tells nothing about its token.

    Examples
    --------
    >>> project_id("a token")
    '4ccb0a775cb2'
    """
    return hashlib.sha256(b"project " + token.encode()).hexdigest()[:12]


def allowed_host(value: str, bound: str, port: int) -> bool:
    """Whether a ``Host`` header names this server.

    Bound to this machine alone, the server is 127.0.0.1 or localhost. Bound to more, it may also be named by its own
    name and by any IP address: a stranger's name may lead here, but a number is no name.

    Examples
    --------
    >>> allowed_host("localhost:8000", "127.0.0.1", 8000), allowed_host("evil.example:8000", "127.0.0.1", 8000)
    (True, False)
    >>> allowed_host("192.168.0.7:8000", "0.0.0.0", 8000), allowed_host("192.168.0.7:8000", "127.0.0.1", 8000)
    (True, False)
    """
    name, colon, number = value.rpartition(":")
    if not colon or number != str(port):
        return False
    name = name.lower()
    if name in ("127.0.0.1", "localhost"):
        return True
    if is_local(bound):
        return False
    if name in (bound.lower(), socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"):
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_local(host: str) -> bool:
    """Whether only this machine can reach a server that is bound to this address.

    Examples
    --------
    >>> is_local("127.0.0.1"), is_local("0.0.0.0")
    (True, False)
    """
    return host in ("127.0.0.1", "localhost")


class Guard:
    """Stands before an application: refuses what is not the page's, and puts safe headers on every reply.

    In this order: a ``Host`` or ``Origin`` that is another's is 403, a missing or wrong token 401, a body of more
    than 64 kB 413. The page itself, all that is not below ``/api/``, needs no token: it is the same for everybody.

    Parameters
    ----------
    app : ASGI application
    token : str
    host : str
        The address that the server is bound to.
    port : int
    """

    def __init__(self, app: App, *, token: str, host: str, port: int) -> None:
        self.app = app
        self.token = token.encode()
        self.host = host
        self.port = port

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":  # there are no web sockets here
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        refusal = self._refusal(scope["path"], headers)
        if refusal is None:
            body = await _body(headers, receive)
            if body is None:
                refusal = (413, f"a request has at most {LARGEST_BODY} bytes")
        if refusal is not None:
            await _refuse(send_safely, *refusal)
            return
        parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return parts.pop() if parts else await receive()

        await self.app(scope, receive_again, send_safely)

    def _refusal(self, path: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        """Return the status and the sentence with which a request is refused, or None for a good one."""
        hosts, origins, tokens = (
            [value for name, value in headers if name == wanted]
            for wanted in (b"host", b"origin", TOKEN_HEADER)
        )
        host = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
        if not allowed_host(host, self.host, self.port):
            return (
                403,
                "this server is asked by another name than its own; open the address that the terminal shows",
            )
        if any(origin.lower() != b"http://" + hosts[0].lower() for origin in origins):
            return 403, "this request comes from the page of another site"
        if not (path == "/api" or path.startswith("/api/")):
            return None
        if len(tokens) != 1 or not hmac.compare_digest(tokens[0], self.token):
            return (
                401,
                "the token is missing or wrong; open the address that the terminal shows, with all after the #",
            )
        return None


async def _body(headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes | None:
    """Return a request's body, or None when it is too large."""
    announced = [value for name, value in headers if name == b"content-length"]
    if any(not value.isdigit() or len(value) > 9 or int(value) > LARGEST_BODY for value in announced):
        return None
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return body


async def _refuse(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),  # what is left of a large body is not worth reading
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
