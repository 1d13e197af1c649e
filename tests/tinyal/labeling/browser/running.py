"""The labelling page as a person meets it: the server as a process of its own, and a browser that talks to it alone."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
COMMAND = (
    "import argparse, sys; from tinyal import label_command as label; parser = argparse.ArgumentParser(); "
    "label.add_arguments(parser); options = parser.parse_args(); sys.exit(options.command(options, sys.argv[1:]))"
)
MIDDLE = """
canvas => {
  const copy = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  copy.drawImage(canvas, -canvas.width / 2, -canvas.height / 2);
  return [...copy.getImageData(0, 0, 1, 1).data];
}
"""
ADDRESS = re.compile(r"^Open (http://127\.0\.0\.1:\d+/)#token=(\S+)$", re.MULTILINE)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A labelling server, to be started, killed and started again on the same port."""

    def __init__(self, project: Path, *arguments: str) -> None:
        self.project = project
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None
        self.start(*arguments)

    def start(self, *arguments: str) -> None:
        """Begin with these arguments; without any, go on with the project."""
        command = [
            sys.executable,
            "-c",
            COMMAND,
            *(arguments or ["--resume"]),
            "--project",
            str(self.project),
        ]
        command += ["--port", str(self.port), "--no-browser"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        said = ""
        for line in self.process.stdout:
            said += line
            if found := ADDRESS.search(said):
                self.address, self.token = found.groups()
                return
        raise RuntimeError(f"the server ended with {self.process.wait()}:\n{said}")

    @property
    def url(self) -> str:
        """What the person opens."""
        return f"{self.address}#token={self.token}"

    def kill(self) -> None:
        """End it without a word, as a failure of power would."""
        self.process.kill()
        self._wait()

    def stop(self) -> None:
        """End it as Ctrl-C does, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self._wait()

    def _wait(self) -> None:
        self.process.communicate(timeout=120)

    def get(self, path: str) -> Any:
        """Ask as the page does; JSON comes back as Python has it, all else as text."""
        return self._ask(urllib.request.Request(f"{self.address}api/{path}"))

    def post(self, path: str, **body: Any) -> Any:
        """Tell as another page would."""
        body = {"client": "another", **body}
        if path != "next":
            body = {"who": "Ann", "request": str(uuid.uuid4()), **body}
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return self._ask(urllib.request.Request(f"{self.address}api/{path}", data=data, headers=headers))

    def _ask(self, request: urllib.request.Request) -> Any:
        request.add_header("X-Tinyal-Token", self.token)
        with urllib.request.urlopen(request, timeout=120) as response:
            text = response.read().decode("utf-8")
            return (
                json.loads(text) if response.headers["Content-Type"].startswith("application/json") else text
            )

    def answers(self) -> list[dict[str, Any]]:
        """Return every event of the log, without the classes that were there from the start."""
        events = self.get("export.json")["log"]
        return [
            event
            for event in events
            if event["action"] not in ("class", "known") or event["who"] == "anonymous"
        ]


def colour(number: int) -> tuple[int, int, int]:
    """Return the colour of a picture, from which its number can be read."""
    return 40 + number // 16 * 12, 40 + number % 16 * 12, 200


def make_pictures(folder: Path, count: int, size: tuple[int, int] = (40, 30)) -> Path:
    """Make pictures 000.png, 001.png, ... each of one colour."""
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", size, colour(number)).save(folder / f"{number:03}.png")
    return folder


def make_shapes(folder: Path, count: int) -> Path:
    """Make bright and dark noise, which a model learns at once: bright-000.png, dark-001.png, ..."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        name, level = ("bright", 170) if number % 2 == 0 else ("dark", 20)
        pixels = rng.integers(level, level + 60, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}-{number:03}.png")
    return folder


class Person:
    """Somebody in front of the page, who waits until there is something to see."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self._pictures: list[str] = []
        page.on(
            "requestfinished",
            lambda request: "/api/picture/" in request.url and self._pictures.append(request.url),
        )

    @property
    def item(self) -> int:
        """What is on screen."""
        return int(self.waits().get_attribute("data-item"))

    def waits(self) -> Any:
        """Wait for a question; return where it is shown."""
        stage = self.page.locator("#stage[data-item]")
        stage.wait_for()
        return stage

    @property
    def picture(self) -> list[int]:
        """Red, green and blue in the middle of the picture that is on screen."""
        return self.page.locator("#image").evaluate(MIDDLE)[:3]

    def press(self, *keys: str) -> list[int]:
        """Press keys, and wait after each until another question is on screen; return what was there before each."""
        seen = []
        for key in keys:
            seen.append(self.item)
            self.page.keyboard.press(key)
            other = f"#stage[data-item]:not([data-item='{seen[-1]}'])"
            self.page.locator(f"{other}, #stage[data-shows=notice]").wait_for(state="attached")
        return seen

    def fetched(self, count: int) -> None:
        """Wait until so many pictures have come from the server since the page was opened."""
        assert self.item >= 0  # the first one is on screen, so there is what decodes them
        until = time.monotonic() + 60
        while len(self._pictures) < count:
            assert time.monotonic() < until, self._pictures
            self.page.wait_for_timeout(50)

    def reads(self, words: str, where: str = "body") -> None:
        """Wait until these words stand there."""
        self.page.locator(where).filter(has_text=words).first.wait_for()

    def saved(self) -> None:
        """Wait until the server has every answer."""
        self.page.locator("#saved[data-state='saved']").wait_for(state="attached")


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the system's Chromium: nothing is downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
