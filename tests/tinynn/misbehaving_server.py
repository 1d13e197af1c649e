"""A small data set, and a web server that serves it in all the ways in which servers go wrong."""

import _thread
import gzip
import hashlib
import struct
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np

from tinynn.datasets.sources import Source, idx_file

SHAPES = {"train-images": (12, 8, 8), "train-labels": (12,), "test-images": (5, 8, 8), "test-labels": (5,)}


def make_idx(values):
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def make_arrays(seed=0):
    rng = np.random.default_rng(seed)
    return {
        name: rng.integers(0, 3 if len(shape) == 1 else 256, shape, np.uint8)
        for name, shape in SHAPES.items()
    }


ARRAYS = make_arrays()
PLAIN = {name: make_idx(values) for name, values in ARRAYS.items()}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in PLAIN.items()}
OTHER = {f"{name}.gz": gzip.compress(make_idx(values), mtime=0) for name, values in make_arrays(1).items()}


def make_source(*mirrors, timeout=20.0, md5=False, name="mnist"):
    """Describe the small data set; checked by SHA-256 of the content, or by MD5 of the packed file."""
    files = []
    for stem, shape in SHAPES.items():
        checksum = (
            {"md5": hashlib.md5(PACKED[f"{stem}.gz"]).hexdigest()}
            if md5
            else {"sha256": hashlib.sha256(PLAIN[stem]).hexdigest()}
        )
        files.append(idx_file(stem, shape, below=3 if len(shape) == 1 else 256, **checksum))
    return Source(name, mirrors, tuple(files), ("a", "b", "c"), (8, 8), "none", "nobody", timeout)


def callers(frame):
    """Name the functions that a thread is in, the first two from within."""
    return [each.f_code.co_name for each in (frame, frame.f_back) if each]


class Handler(BaseHTTPRequestHandler):
    """The first part of the address says how to behave, the last names the file: /stall/train-images.gz."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        self.server.requests.append(self.path)
        manner, _, name = urlsplit(self.path).path.strip("/").partition("/")
        with suppress(OSError):  # the client hangs up on us, rightly
            getattr(self, f"serve_{manner}")(PACKED[name], name)

    def head(self, *headers, status=200):
        self.send_response(status)
        for key, value in (*headers, ("Connection", "close")):
            self.send_header(key, str(value))
        self.end_headers()

    def whole(self, body, status=200):
        self.head(("Content-Length", len(body)), status=status)
        self.wfile.write(body)

    def serve_good(self, body, name):
        self.whole(body)

    def serve_together(self, body, name):
        """Answer nobody before two clients ask for the same thing, so that their downloads overlap."""
        self.server.barrier.wait()
        self.whole(body)

    def serve_redirect(self, body, name):
        self.head(("Location", f"/good/{name}"), ("Content-Length", 0), status=302)

    def serve_redirect_file(self, body, name):
        self.head(("Location", f"file:///{name}"), ("Content-Length", 0), status=302)

    def serve_redirect_ftp(self, body, name):
        self.head(("Location", f"ftp://127.0.0.1/{name}"), ("Content-Length", 0), status=302)

    def serve_missing(self, body, name):
        self.whole(b"<html>nothing here</html>", status=404)

    def serve_error(self, body, name):
        self.whole(b"", status=500)

    def serve_html(self, body, name):
        self.whole(b"\n<!DOCTYPE html><title>Please log in to this hotel's network</title>")

    def serve_plain_text(self, body, name):
        self.whole(b"version https://git-lfs.github.com/spec/v1")

    def serve_empty(self, body, name):
        self.whole(b"")

    def serve_short(self, body, name):
        self.head(("Content-Length", len(body)))
        self.wfile.write(body[:-9])

    def serve_short_unannounced(self, body, name):
        self.head()
        self.wfile.write(body[:-9])

    def serve_short_chunked(self, body, name):
        self.head(("Transfer-Encoding", "chunked"))
        self.wfile.write(b"%x\r\n%s" % (len(body), body[:-9]))

    def serve_other(self, body, name):
        self.whole(OTHER[name])

    def serve_damaged(self, body, name):
        self.whole(body[:30] + bytes([body[30] ^ 255]) + body[31:])

    def serve_bomb(self, body, name):
        self.whole(gzip.compress(bytes(1_000_000)))

    def serve_endless(self, body, name):
        self.head()
        while not self.server.stopping.is_set():
            self.wfile.write(bytes(65536))

    def serve_silent(self, body, name):
        self.server.stopping.wait()

    def serve_stall(self, body, name):
        self.head(("Content-Length", len(body)))
        self.wfile.write(body[:-9])
        self.server.stopping.wait()

    def serve_trickle(self, body, name):
        self.head(("Content-Length", 1000))
        self.trickle(bytes(1000))

    def serve_trickle_head(self, body, name):
        self.trickle(b"HTTP/1.1 200 OK\r\nX-Wait: " + b"z" * 1000)

    def trickle(self, content):
        for byte in content:
            if self.server.stopping.wait(0.03):
                break
            self.wfile.write(bytes([byte]))

    def serve_hang_up(self, body, name):
        pass

    def serve_interrupt(self, body, name):
        """Press Ctrl-C when half of the file is through and the main thread waits for the other half."""
        self.head(("Content-Length", len(body)))
        self.wfile.write(body[:-9])
        main = threading.main_thread().ident
        while "_chunks" not in callers(sys._current_frames()[main]) and not self.server.stopping.wait(0.001):
            pass
        _thread.interrupt_main()
        self.wfile.write(body[-9:])

    def log_message(self, *args):
        pass


class MisbehavingServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []
        self.stopping = threading.Event()
        self.barrier = threading.Barrier(2, timeout=30)

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.stopping.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def mirror(self, manner):
        return f"{self.url}/{manner}/"

    def handle_error(self, request, client_address):
        pass
