"""A labelling server as a process, and a client that goes on whatever happens to it."""

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "from tinyal.command import main; raise SystemExit(main())"]
ROWS = [sys.executable, "-m", "tests.tinyal.labeling.serve_rows"]


class Served:
    """A process that shows an address with a token, and is killed in the end."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        )
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(r"(http://\S+)/#token=(\S+)", line):
                break
        else:
            raise AssertionError("".join(self.said))
        self.url, self.token = found.groups()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def interrupt(self):
        """Press Ctrl-C; return what it says, and its exit status."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        return "".join(self.said) + rest, self.process.returncode

    def client(self, **settings):
        return httpx.Client(base_url=self.url, headers={"X-Tinyal-Token": self.token}, timeout=30, **settings)


class Labeller:
    """Answers one question after the other; what no reply came to is sent again, under the same request.

    `acknowledged` has what was confirmed: request and item, in order.
    """

    def __init__(self, name="one", label="cat"):
        self.name, self.label = name, label
        self.acknowledged: list[tuple[str, int]] = []
        self.pending = None
        self.held: list[int] = []
        self.done = False

    def work(self, served, answers=None, each=lambda: None):
        """Answer so many questions, or until the server is gone; return whether it is still there."""
        try:
            with served.client() as client:
                for _ in range(10**9 if answers is None else answers):
                    if not self._one(client):
                        break
                    each()
        except (httpx.TransportError, httpx.StreamError):
            return False
        return True

    def _one(self, client):
        if self.pending is None:
            asked = {"client": self.name, "count": 3 - len(self.held), "holding": self.held}
            reply = client.post("/api/next", json=asked)
            assert reply.status_code == 200, reply.text
            reply = reply.json()
            answered = {item for _, item in self.acknowledged}
            new = [question["item"] for question in reply["questions"]]
            assert not answered & set(new), "a question came that had been answered"
            self.held = [item for item in self.held if item not in reply["drop"]] + new
            if not self.held:
                self.done = reply["done"]
                return False
            item = self.held.pop(0)
            self.pending = (f"{self.name}-{item}-{len(self.acknowledged)}", item)
        request, item = self.pending
        said = {"client": self.name, "who": self.name, "request": request, "item": item, "action": "label"}
        reply = client.post("/api/answer", json={**said, "label": self.label})
        assert reply.status_code == 200, reply.text
        self.acknowledged.append(self.pending)
        self.pending = None
        return True


class Background(threading.Thread):
    """Work on a thread, whose failure is that of whoever joins it."""

    def __init__(self, work, *args):
        super().__init__()
        self._work, self._args, self._failure = work, args, None
        self.start()

    def run(self):
        try:
            self._work(*self._args)
        except BaseException as failure:
            self._failure = failure

    def join(self, timeout=None):
        super().join(timeout)
        if self._failure is not None:
            raise self._failure
