"""The tables: seconds of every peer, ratios against what is wanted, gradients, the demonstration."""

from typing import Any

from tests.benchmarks.gpu.plan import GRADIENTS, WANTED

Results = list[dict[str, Any]]


def tables(record: dict[str, Any]) -> str:
    """Return everything as Markdown."""
    results: Results = record["results"]
    judged = "" if record["quick"] else _ratios(results)
    parts = [_introduction(record), _seconds(results), judged, _gradients(results), _demo(results)]
    return "\n\n".join(filter(None, [*parts, _remarks(results)]))


def ratios(results: Results) -> list[dict[str, Any]]:
    """Return each wanted ratio with what came out: None where one of the two is missing."""
    times = {(r["work"], r["peer"]): r["seconds"] for r in results if "seconds" in r}
    found = []
    for (work, ours, peer), wanted in WANTED.items():
        pair = times.get((work, ours)), times.get((work, peer))
        ratio = pair[0] / pair[1] if pair[0] and pair[1] else None
        met = None if ratio is None else ratio <= wanted
        found.append({"work": work, "ours": ours, "peer": peer, "wanted": wanted, "ratio": ratio, "met": met})
    return found


def _introduction(record: dict[str, Any]) -> str:
    quick = "; QUICK: sizes that say nothing about speed" if record["quick"] else ""
    lines = [f"{name}: {value}" for name, value in record["machine"].items()]
    return "\n".join([f"Measured on {record['date']}, device {record['device']}{quick}.", *lines])


def _seconds(results: Results) -> str:
    timed = [r for r in results if r["work"].startswith(("epoch", "samples"))]
    works = list(dict.fromkeys(r["work"] for r in timed))
    peers = list(dict.fromkeys(r["peer"] for r in timed))
    if not works:
        return ""
    cells = {(r["work"], r["peer"]): r for r in timed}
    lines = [f"| | {' | '.join(peers)} |", f"|---|{'---|' * len(peers)}"]
    for work in works:
        row = [_cell(cells.get((work, peer))) for peer in peers]
        lines.append(f"| {work} | {' | '.join(row)} |")
    return "\n".join(["Medians, in milliseconds; accuracy after all epochs.", "", *lines])


def _cell(result: dict[str, Any] | None) -> str:
    if result is None:
        return ""
    if "seconds" not in result:
        return "–"
    more = f", {result['accuracy']:.1%}" if result.get("accuracy") is not None else ""
    more += f" (from dropout on {1000 * result['suffix seconds']:.4g})" if "suffix seconds" in result else ""
    return f"{1000 * result['seconds']:.4g}{more}"


def _ratios(results: Results) -> str:
    lines = ["| work | ours | peer | ours / peer | wanted | |", "|---|---|---|---|---|---|"]
    for row in ratios(results):
        ratio = "not measured" if row["ratio"] is None else f"{row['ratio']:.2f}"
        verdict = {True: "met", False: "MISSED", None: ""}[row["met"]]
        lines.append(
            f"| {row['work']} | {row['ours']} | {row['peer']} | {ratio} | ≤ {row['wanted']:g} | {verdict} |"
        )
    return "\n".join(lines)


def _gradients(results: Results) -> str:
    found = [r for r in results if r["work"] == "gradients" and "mlp" in r]
    lines = [
        f"Gradients in float32, network {name!r}: {r[name]:.1e} from float64 on a processor, wanted ≤ {GRADIENTS:g}: "
        f"{'met' if r[name] <= GRADIENTS else 'MISSED'}."
        for r in found
        for name in ("mlp", "images")
    ]
    return "\n".join(lines)


def _demo(results: Results) -> str:
    lines = []
    for r in results:
        if r["work"] != "demo" or "files" not in r:
            continue
        absent = ", ".join(r["missing files"])
        lines.append(
            f"Demonstration: {', '.join(r['files'])} written{f'; MISSING: {absent}' if absent else ''}."
        )
        lines += [r["note"]] if "note" in r else []
        lines += [
            f"- {name}: accuracy {s['mean']:.3f}, on a processor {s['low']:.3f} to {s['high']:.3f}: "
            f"{'met' if s['met'] else 'MISSED'}"
            for name, s in r["strategies"].items()
        ]
    return "\n".join(lines)


def _remarks(results: Results) -> str:
    lines = []
    for r in results:
        for kind in ("missing", "failed"):
            if kind in r:
                lines.append(f"{r['peer']}, {r['work']}: {kind}: {r[kind]}")
        lines += [f"{r['peer']}, {r['work']}: {notice}" for notice in r.get("notices", ())]
    return "\n".join(lines)
