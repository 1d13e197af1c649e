"""Measure tinynn on a GPU, beside PyTorch on the same one: ``python -m tests.benchmarks.gpu --out DIR``."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.gpu.plan import PEERS, SECONDS
from tests.benchmarks.gpu.text import ratios, tables

ROOT = Path(__file__).parents[3]


def parser() -> argparse.ArgumentParser:
    """Return what the command line takes."""
    line = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    line.add_argument(
        "--device", default="cuda", help='"cuda" or "cuda:1"; "cpu" tries the plumbing, with --quick'
    )
    line.add_argument("--peer", action="append", choices=PEERS, help="only these; repeatable")
    line.add_argument("--quick", action="store_true", help="small sizes: does everything run?")
    line.add_argument("--out", type=Path, help="folder for gpu.json and gpu.md (a new temporary one)")
    return line


def measured(peer: str, options: argparse.Namespace, scratch: Path, seconds: float) -> list[dict[str, Any]]:
    """Run one peer in a process of its own, for so long at most; return what it had found by then."""
    command = [sys.executable, "-m", "tests.benchmarks.gpu.child", peer, "--device", options.device]
    command += ["--scratch", str(scratch), *(["--quick"] if options.quick else [])]
    late = ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd=ROOT)
        output, errors, status = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as expired:
        output, errors, status = _text(expired.stdout), _text(expired.stderr), 0
        late = f"ended after {seconds:.0f} s"
    found = [json.loads(line) for line in output.splitlines() if line.startswith('{"work"')]
    if late or status:
        last = (errors.strip().splitlines() or ["it said nothing"])[-1]
        found.append({"work": "all", "peer": peer, "failed": late or f"ended with {status}: {last}"})
    return found


def _text(output: bytes | str | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def all_measured(options: argparse.Namespace, scratch: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the results of each peer; who would begin too late is not begun."""
    deadline = time.monotonic() + SECONDS
    for peer, seconds in PEERS.items():
        if options.peer and peer not in options.peer:
            continue
        left = deadline - time.monotonic()
        if left < 5:
            yield [{"work": "all", "peer": peer, "failed": f"not begun: {SECONDS:.0f} s were over"}]
            continue
        print(f"{peer} ...", file=sys.stderr, flush=True)
        yield measured(peer, options, scratch, min(seconds, left))


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.device == "cpu" and not options.quick:
        raise SystemExit("on a processor this shows only whether everything runs: add --quick")
    from tests.benchmarks import data
    from tinynn import gpu_checks
    from tinynn.machine import describe_machine

    found = describe_machine()
    record: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "device": options.device,
        "quick": options.quick,
        "machine": {
            "GPU": found["GPU"],
            "processor": machine.describe()["processor"],
            "versions": ", ".join(f"{name} {v}" for name, v in machine.describe()["versions"].items()),
            "TF32": gpu_checks.tf32() + "; in PyTorch off",
            "data": data.load().about,
        },
        "results": [],
    }
    out = options.out or Path(tempfile.mkdtemp(prefix="gpu-"))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for results in all_measured(options, Path(scratch)):
            record["results"] += results
            record["ratios"] = ratios(record["results"])
            text = json.dumps(record, indent=1, ensure_ascii=False)
            (out / "gpu.json").write_text(text + "\n", encoding="utf-8")  # each time: nothing is lost
    (out / "gpu.md").write_text(tables(record) + "\n", encoding="utf-8")
    print(tables(record))
    print(f"\nwritten: {out / 'gpu.json'}, {out / 'gpu.md'}")
    return 1 if any("failed" in r for r in record["results"]) else 0


if __name__ == "__main__":
    sys.exit(main())
