"""A built site, served on this machine alone, and a browser that can reach nothing else."""

import functools
import http.server
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,1000",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
)
# Mathematics is set after the page has loaded; a page without any has no MathJax.
AFTER_MATHEMATICS = """
const done = arguments[0];
if (window.MathJax && MathJax.startup) MathJax.startup.promise.then(() => done(true), () => done(true));
else done(true);
"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on localhost, and give its address."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium with a profile of its own; it logs every request and whatever a page complains of."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        browser = webdriver.Chrome(options=options, service=Service(DRIVER))
        try:
            browser.set_script_timeout(60)
            yield browser
        finally:
            browser.quit()


def visit(browser: Any, address: str) -> tuple[list[str], list[str]]:
    """Open a page, wait for its mathematics; return what it asked the network for, and what it complained of."""
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # what the last page left
    browser.get(address)
    browser.execute_async_script(AFTER_MATHEMATICS)
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    # The browser's own first page, full of its own parts, may still be loading when it is asked for another.
    requests = [each["request"]["url"] for each in sent if not each["documentURL"].startswith("chrome")]
    failed = [
        f"{event['params']['type']} failed: {event['params']['errorText']}"
        for event in events
        if event["method"] == "Network.loadingFailed" and not event["params"].get("canceled")
    ]
    complaints = [entry["message"] for entry in browser.get_log("browser") if entry["level"] != "INFO"]
    return requests, failed + complaints
