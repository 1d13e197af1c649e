"""A whole process, from starting Python to knowing the test accuracy after one epoch: its time and its memory.

Memory is the largest resident set of the process, or of one that it started, as the system counts it when it has
ended: ``ru_maxrss`` of ``wait4``. It counts libraries and files mapped as well as arrays, and is at least what the
starting process held, some 60 MB here: the programs need more.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.work import MissingError, Prepared, Setting, Work

PROGRAMS = Path(__file__).parent.parent / "programs"
KILOBYTES = 1 / 1024 if sys.platform == "darwin" else 1  # what ru_maxrss counts in


@dataclass(frozen=True)
class Ended:
    """What a program printed, and its largest resident set."""

    output: str
    megabytes: float


def whole(setting: Setting, program: str, needs: str | None = None) -> Prepared:
    """Run one of the programs in a process of its own."""
    from importlib.util import find_spec

    if not hasattr(os, "wait4"):
        raise MissingError("the memory of a process that has ended is told by wait4, which this system lacks")
    if needs and not find_spec(needs):
        raise MissingError(f"{needs} is not installed")
    folder = os.environ.get("TINYNN_DATA", "")
    images = Path(folder) / "mnist" / "train-images-idx3-ubyte.gz"
    if not folder or not images.is_file():
        raise MissingError(
            "the programs read MNIST's compressed files from $TINYNN_DATA/mnist, and they are not there"
        )
    rows = str(setting.part(60_000, 12_800))
    command = [
        sys.executable,
        str(PROGRAMS / f"{program}_mnist.py"),
        str(images.parent),
        rows,
        str(setting.threads),
    ]

    def run() -> Ended:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        if child.returncode:
            raise RuntimeError(f"{program}_mnist.py ended with {child.returncode}")
        return Ended(output, usage.ru_maxrss * KILOBYTES / 1024)

    def check(ended: Any) -> dict[str, float]:
        return {"accuracy": float(ended.output.split()[-1]), "megabytes": ended.megabytes}

    return Prepared(run, check)


WORKS = [
    Work(
        "process",
        "whole process: import, load MNIST, one MLP epoch in batches of 128, evaluate",
        {
            "ours": partial(whole, program="tinynn"),
            "torch": partial(whole, program="torch", needs="torch"),
            "sklearn": partial(whole, program="sklearn", needs="sklearn"),
        },
        agreement={"accuracy": 0.02},
        repeats=1,
        each="process",
    )
]
