"""Training behind the scenes: in a process of its own, on one core at low priority, while people go on answering."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np

from tinyal.execution import end_with_parent, interrupts_held
from tinyal.labeling.messages import Doubts, Learned, Trouble
from tinyal.labeling.pool_file import Mapped, received, to_send
from tinyal.labeling.session import Session
from tinyal.labeling.settings import Settings

NICENESS = 10  # of the process: what the person waits for goes first
BELOW_NORMAL = 0x4000  # the same on Windows
RESTARTS = 3  # of a process that was killed, perhaps for want of memory


class Trainer:
    """Trains whenever there are answers that no model knows, and tells the session what came of it.

    The process gets a snapshot of the labels, and sends back what it `Learned` and, while nothing new is there, its
    `Doubts`. One thread of this process listens to it; nobody who answers waits for either.

    Parameters
    ----------
    session : Session
        Its `teacher` is this trainer from now on.
    pool : array (n, ...)
        The items as the model sees them.
    settings : Settings
    model_path : path, optional
        Where every model is saved, in the place of the one before.
    """

    def __init__(
        self, session: Session, pool: np.ndarray, settings: Settings, model_path: Path | None = None
    ) -> None:
        self._session = session
        self._sent = to_send(pool), settings, model_path
        self._context = multiprocessing.get_context("spawn")
        self._ear, self._bell = self._context.Pipe(duplex=False)
        self._lock = threading.Lock()
        self._life = threading.Lock()  # a process begins or is ended for good, not both
        self._rung = False  # the bell was, and was not heard yet
        self._news = True
        self._waiting = False
        self._deaths = 0
        self._stopped = False
        self._start_process()
        self._thread = threading.Thread(target=self._listen, name="tinyal-trainer", daemon=True)
        session.teacher = self
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether there are answers that no finished training knows."""
        return (self._news or self._waiting) and not self._stopped

    def wake(self) -> None:
        """Hear that there are new answers; returns at once."""
        self._news = True
        self._ring()

    def stop(self) -> None:
        """End the process, whatever it is doing: models are saved whole or not at all."""
        with self._life:
            self._stopped = True
            self._process.terminate()
        self._ring()
        self._thread.join()
        self._process.join()

    def _ring(self) -> None:
        with self._lock:
            if not self._rung:
                self._rung = True
                self._bell.send_bytes(b"!")

    def _start_process(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=work, args=(theirs, *self._sent), name="tinyal-trainer", daemon=True
        )
        with interrupts_held():
            process.start()
        theirs.close()
        self._connection, self._process = ours, process

    def _listen(self) -> None:
        while not self._stopped:
            if self._news and not self._waiting:
                self._waiting = True  # first: somebody may look whether this is busy
                self._news = False
                try:
                    self._connection.send(self._session.snapshot())
                except OSError:
                    self._died()
                    continue
            for ready in wait([self._ear, self._connection]):
                if ready is self._ear:
                    with self._lock:
                        self._ear.recv_bytes()
                        self._rung = False
                else:
                    self._hear()

    def _hear(self) -> None:
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            self._died()
            return
        if isinstance(message, Learned):
            self._session.learned(message)
        elif isinstance(message, Doubts):
            self._session.doubted(message.found)
        else:
            self._session.findings.problem = message.sentence
        if not isinstance(message, Doubts):
            self._deaths, self._waiting = 0, False

    def _died(self) -> None:
        if self._stopped:
            return
        self._deaths += 1
        self._process.join()
        self._connection.close()
        if self._deaths > RESTARTS:
            self._session.findings.problem = (
                f"the process that trains ended {self._deaths} times (exit code {self._process.exitcode}), perhaps for "
                "want of memory. Answers are kept; questions are no longer chosen by a model"
            )
            self._stopped = True
            return
        with self._life:
            if not self._stopped:
                self._start_process()
        self._news = True
        self._waiting = False


def work(
    connection: Connection, pool: Mapped | np.ndarray, settings: Settings, model_path: Path | None
) -> None:
    """Do what the process does: learn from every snapshot that comes, and look for doubtful labels in between."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    threading.Thread(target=end_with_parent, daemon=True).start()
    _give_way()
    from threadpoolctl import threadpool_limits

    from tinyal.labeling.rounds import Rounds

    threadpool_limits(1)
    rounds = Rounds(received(pool), settings, model_path)
    try:
        while True:
            snapshot = connection.recv()
            try:
                learned = rounds.learn(snapshot)
            except (ValueError, TypeError, ArithmeticError, MemoryError) as error:
                connection.send(Trouble(f"{type(error).__name__}: {error}"))
                continue
            connection.send(learned)
            found = rounds.doubts(snapshot, connection.poll)
            if found is not None:
                connection.send(Doubts(found))
    except (EOFError, OSError):  # nobody listens any more
        return


def _give_way() -> None:
    """Let other processes go first."""
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), BELOW_NORMAL)
    else:
        os.nice(NICENESS)
