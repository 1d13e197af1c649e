"""The report about a network's training: problems first, then what is healthy, readable in 80 columns, and as data."""

import json
import math
import textwrap
from dataclasses import dataclass, field
from typing import Any

from tinynn.health.vitals import Vitals

WIDTH = 79
LEGEND = (
    "spread: how much outputs differ between rows. inactive: dead ReLUs, saturated sigmoids and tanhs. "
    "gradient: ‖∂L/∂θ‖. update: ‖ΔW‖/‖W‖ in a step."
)
COLUMNS = f"{'spread':>9}{'inactive':>10}{'gradient':>10}{'update':>10}"


@dataclass(frozen=True)
class Finding:
    """One problem.

    Attributes
    ----------
    code : str
        Short and stable: what a program or a page of help goes by.
    sentence : str
        What was measured, and why it is a problem.
    fix : str
        What usually helps.
    layer : str, optional
        Where it was found, such as ``"layer 2, Dense(10)"``; empty where no layer is to blame.
    value : float, optional
        The measured number; NaN where there is none.

    Examples
    --------
    >>> finding = Finding("not-finite", "3 outputs are NaN", "lower the learning rate", "layer 2, Dense(10)", 3)
    >>> finding.to_dict()["layer"], finding.value
    ('layer 2, Dense(10)', 3)
    """

    code: str
    sentence: str
    fix: str
    layer: str = ""
    value: float = math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for JSON, which knows no NaN."""
        return dict(vars(self)) | {"value": float(self.value) if math.isfinite(self.value) else None}


@dataclass
class HealthReport:
    """What an examination of a network and its training found.

    Attributes
    ----------
    title : str
        What was examined.
    findings : list of Finding
        What is wrong, what comes first in the computation first.
    healthy : list of str
        What was examined and is as it should be, a sentence each.
    not_judged : list of str
        What could not be examined, and why.
    layers : list of Vitals
        What was measured in each layer.

    Examples
    --------
    >>> report = HealthReport("Training of 10 parameters", healthy=["weights: of usual size."])
    >>> report.ok
    True
    >>> report.findings.append(Finding("dead-units", "all 8 units are zero for all rows", "smaller first weights"))
    >>> print(report)
    Training of 10 parameters: 1 PROBLEM
    ────────────────────────────────────
    → dead-units: all 8 units are zero for all rows
      fix: smaller first weights
    <BLANKLINE>
    ✓ weights: of usual size.
    """

    title: str
    findings: list[Finding] = field(default_factory=list)
    healthy: list[str] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)
    layers: list[Vitals] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings

    @property
    def codes(self) -> list[str]:
        """The codes of the findings."""
        return [finding.code for finding in self.findings]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, dictionaries, numbers and strings."""
        return {
            "title": self.title,
            "ok": self.ok,
            "findings": [finding.to_dict() for finding in self.findings],
            "healthy": list(self.healthy),
            "not_judged": list(self.not_judged),
            "layers": [vitals.to_dict() for vitals in self.layers],
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        count = len(self.findings)
        verdict = f"{count} PROBLEM{'S' * (count > 1)}" if count else "healthy"
        lines = _wrapped(f"{self.title}: {verdict}", "")
        lines.append("─" * max(map(len, lines)))
        for finding in self.findings:
            where = f"{finding.layer}: " * bool(finding.layer)
            lines += _wrapped(f"{finding.code}: {where}{finding.sentence}", "→ ")
            lines += [*_wrapped(finding.fix, "  fix: "), ""]
        for sentence in self.healthy:
            lines += _wrapped(sentence, "✓ ")
        for sentence in self.not_judged:
            lines += _wrapped(f"not judged: {sentence}", "· ")
        if self.layers:
            wide = min(WIDTH - len(COLUMNS), max(len(vitals.name) for vitals in self.layers))
            lines += ["", f"{'':{wide}}{COLUMNS}", *(_row(vitals, wide) for vitals in self.layers), ""]
            lines += _wrapped(LEGEND, "")
        return "\n".join(lines).rstrip()


def _row(vitals: Vitals, wide: int) -> str:
    name = vitals.name if len(vitals.name) <= wide else vitals.name[: wide - 1] + "…"
    inactive = vitals.dead if math.isfinite(vitals.dead) else vitals.saturated
    cells = [
        f"{number:{form}}" if math.isfinite(number) else ""
        for number, form in (
            (vitals.spread, ".2g"),
            (inactive, ".0%"),
            (vitals.gradient, ".1e"),
            (vitals.update, ".1e"),
        )
    ]
    return f"{name:{wide}}{cells[0]:>9}{cells[1]:>10}{cells[2]:>10}{cells[3]:>10}".rstrip()


def _wrapped(text: str, first: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
