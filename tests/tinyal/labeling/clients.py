"""Clients of a labelling server: a page, something that sends what no browser would, and what good requests are."""

import asyncio
import warnings
from itertools import count

from tests.tinyal.labeling.sessions import open_session
from tinyal.labeling.server import make_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # which HTTP library it prefers is Starlette's business
    from starlette.testclient import TestClient

TOKEN = "a-token-of-forty-three-letters-that-nobody-knows"
PORT = 8765
URL = f"http://127.0.0.1:{PORT}"
_requests = count()


def fresh():
    return f"request-{next(_requests)}"


class Browser(TestClient):
    """A page that knows the token; its session is `session`."""

    def __init__(self, session, token=TOKEN, host="127.0.0.1"):
        self.session = session
        app = make_app(session, token=TOKEN, host=host, port=PORT, title="photos")
        headers = {"X-Tinyal-Token": token} if token else {}
        super().__init__(app, base_url=URL, raise_server_exceptions=False, headers=headers)

    def ask(self, client="one", count=1, holding=()):
        reply = self.post("/api/next", json={"client": client, "count": count, "holding": list(holding)})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def answer(self, item, label="cat", client="one", **others):
        said = {
            "client": client,
            "who": "Ada",
            "request": fresh(),
            "item": item,
            "action": "label",
            "label": label,
        }
        return self.post("/api/answer", json={**said, **others})


class Wire:
    """Hands requests to an application as they come, also such that an HTTP library would not send."""

    def __init__(self, app):
        self._app = app
        self._runner = asyncio.Runner()

    def close(self):
        self._runner.close()

    def send(self, method, path, headers, body):
        """Return status and body of the reply; headers are a list of (bytes, bytes)."""
        return self._runner.run(self._send(method, path, headers, body))

    async def _send(self, method, path, headers, body):
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": query.encode("utf-8", "surrogatepass"),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", PORT),
        }
        parts = [body[: len(body) // 2], body[len(body) // 2 :]]
        sent = []

        async def receive():
            if not parts:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message):
            sent.append(message)

        await self._app(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], content


def browser(folder, n=20, host="127.0.0.1", token=TOKEN, **settings):
    return Browser(open_session(folder, n, **settings), token, host)


GOOD = {
    "next": {"client": "one", "count": 2, "holding": []},
    "answer": {
        "client": "one",
        "who": "Ada",
        "request": "r",
        "item": 3,
        "action": "label",
        "label": "cat",
        "seconds": 1.5,
        "replaces": None,
        "of": None,
    },
    "undo": {"client": "one", "who": "Ada", "request": "u", "of": None},
    "class": {"client": "one", "who": "Ada", "request": "c", "name": "fish"},
}
