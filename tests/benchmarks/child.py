"""One peer at one work, in a process of its own: prepare, warm up, measure, check; the last line printed is JSON."""

import argparse
import gc
import json
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.work import MissingError, Peer, Setting, Work

OF_PEERS = ("torch", "jax", "jaxlib", "sklearn", "modAL", "skactiveml", "small_text")


def measure(work: Work, peer: str, setting: Setting) -> dict[str, Any]:
    """Return what a peer took for a work, in seconds, and what came out; or why it is missing."""
    clock = time.perf_counter
    try:
        prepared = _prepare(work.peers[peer], setting)
    except MissingError as missing:
        return {"missing": str(missing)}
    repeats = range(1 if setting.quick else work.repeats)
    result, seconds = prepared.run(), []
    gc.collect()
    for _ in repeats:
        start = clock()
        result = prepared.run()
        seconds.append((clock() - start) / prepared.per)
    products = []
    if prepared.products:
        # Afterwards: for a while after a product, BLAS's threads turn in circles waiting for the next one.
        prepared.products()
        for _ in repeats:
            start = clock()
            prepared.products()
            products.append((clock() - start) / prepared.per)
    return {"seconds": seconds, "products": products, "check": prepared.check(result), "blas": machine.blas()}


def _prepare(peer: Peer, setting: Setting) -> Any:
    try:
        return peer(setting)
    except ImportError as error:
        if (error.name or "").split(".")[0] in OF_PEERS:
            raise MissingError(f"{(error.name or '').split('.')[0]} is not installed") from error
        raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work")
    parser.add_argument("peer")
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    machine.use_cores(options.threads)
    from tests.benchmarks.works import WORKS  # after the cores are chosen: libraries count them when imported

    setting = Setting(options.scratch, options.threads, options.quick)
    print("\n" + json.dumps(measure(WORKS[options.work], options.peer, setting)))


if __name__ == "__main__":
    main()
