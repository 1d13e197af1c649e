"""Rounds: every peer at every work, one process after the other, in an order that is shuffled anew each round."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.work import Setting, Work

TIMEOUT = 1200  # seconds: a process that takes longer hangs


@dataclass(frozen=True)
class Job:
    """One peer at one work, with one kernel of OpenBLAS (None: the one that it chooses)."""

    work: str
    peer: str
    coretype: str | None = None


def jobs(works: dict[str, Work], peers: list[str] | None, coretypes: list[str | None]) -> list[Job]:
    """Return all that is to be measured; `ours` always takes part."""
    return [
        Job(work.name, peer, coretype)
        for coretype in coretypes
        for work in works.values()
        for peer in work.peers
        if peers is None or peer == "ours" or "ours" not in work.peers or peer in peers
    ]


def measure(
    planned: list[Job],
    setting: Setting,
    rounds: int,
    seed: int,
    launch: Callable[[Job, Setting], dict[str, Any]],
    say: Callable[[str], None],
) -> Iterator[list[dict[str, Any]]]:
    """Yield after each job all results so far. Who is missing, or fails, is not asked again."""
    results: list[dict[str, Any]] = []
    out: set[Job] = set()
    for number in range(rounds):
        order = [job for job in planned if job not in out]
        random.Random(f"{seed}, {number}").shuffle(order)
        for i, job in enumerate(order):
            say(f"round {number + 1}/{rounds}, {i + 1}/{len(order)}: {job.work}, {job.peer}")
            result = launch(job, setting)
            if "seconds" not in result:
                out.add(job)
            results.append(
                {"work": job.work, "peer": job.peer, "coretype": job.coretype, "round": number, **result}
            )
            yield results


def launch(job: Job, setting: Setting) -> dict[str, Any]:
    """Run one job in a process of its own and return what it printed, or why there is nothing."""
    command = [sys.executable, "-m", "tests.benchmarks.child", job.work, job.peer]
    command += ["--scratch", str(setting.scratch), "--threads", str(setting.threads)]
    command += ["--quick"] if setting.quick else []
    environment = machine.environment(setting.threads, job.coretype)
    root = Path(__file__).parents[2]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, env=environment, cwd=root
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {TIMEOUT} seconds"}
    return understand(done.returncode, done.stdout, done.stderr)


def understand(status: int, output: str, errors: str) -> dict[str, Any]:
    """Return what a process said in its last line; what libraries printed before does not matter."""
    lines = output.strip().splitlines()
    if status or not lines:
        said = errors.strip().splitlines() or ["it said nothing"]
        return {"failed": f"ended with {status}: {said[-1]}", "errors": errors[-4000:]}
    result: dict[str, Any] = json.loads(lines[-1])
    return result
