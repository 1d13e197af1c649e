"""The report of a gradient check: a table a person can read in 80 columns, and the same as data."""

import json
import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinynn.examining.evidence import Diagnosis

WIDTH = 79
SHADES = " .:-=+*#%@"


@dataclass
class Verdict:
    """What was found about the gradient of one array.

    Attributes
    ----------
    name : str
    shape : tuple of int
    error : float
        Largest difference, relative to the largest gradient of this array; NaN where nothing could be compared.
    verdict : {"right", "wrong", "not checked"}
    checked, skipped : int
        Numbers compared, and numbers left out at kinks. In projected mode `checked` counts directions.
    worst : tuple of int or None
        The entry with the largest difference.
    claimed, expected : float
        There.
    problem : str
        Why there was nothing to compare, if so.
    """

    name: str
    shape: tuple[int, ...]
    error: float
    verdict: str
    checked: int = 0
    skipped: int = 0
    worst: tuple[int, ...] | None = None
    claimed: float = float("nan")
    expected: float = float("nan")
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for JSON, which knows no NaN."""
        fields = dict(vars(self))
        fields["shape"] = list(self.shape)
        fields["worst"] = None if self.worst is None else list(map(int, self.worst))
        for name in ("error", "claimed", "expected"):
            fields[name] = float(fields[name]) if np.isfinite(fields[name]) else None
        return fields


@dataclass
class GradientReport:
    """Whether a gradient is right, and if not, which mistake it is.

    Attributes
    ----------
    title : str
        What was checked.
    variables : list of Verdict
    diagnoses : list of Diagnosis
        The most telling first.
    tolerance : float
        The relative error up to which a gradient is right.
    method : str
        How the true gradient was found.
    notes : list of str
    heat_maps : dict of str
        Where a gradient is wrong and no known mistake fits, its errors as a picture.

    Examples
    --------
    >>> import tinynn as nn
    >>> report = nn.check_gradients(np.exp, lambda x: 2 * np.exp(x), np.linspace(-1, 1, 6).reshape(3, 2))
    >>> report.ok, report.codes
    (False, ['extra-factor-two'])
    >>> isinstance(report, GradientReport), report.variables[0].name, report.variables[0].verdict
    (True, 'x', 'wrong')
    """

    title: str
    tolerance: float
    variables: list[Verdict] = field(default_factory=list)
    diagnoses: list[Diagnosis] = field(default_factory=list)
    method: str = ""
    notes: list[str] = field(default_factory=list)
    heat_maps: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether something was compared, all of it was right, and nothing else is wrong."""
        right = [v.verdict == "right" for v in self.variables]
        wrong = any(v.verdict == "wrong" for v in self.variables)
        return any(right) and not wrong and not self.diagnoses

    @property
    def max_relative_error(self) -> float:
        """The largest relative error; infinite where no numbers came back."""
        errors = [
            np.inf if np.isnan(v.error) else v.error for v in self.variables if v.verdict != "not checked"
        ]
        return float(max(errors, default=0.0 if self.ok else np.inf))

    @property
    def headline(self) -> str:
        """The report in a few words, which claim no more than was checked."""
        if not self.ok:
            wrong = any(v.verdict == "wrong" for v in self.variables)
            if not self.variables:
                return "could not be checked"
            if not wrong and self.variables and set(self.codes) == {"no-gradient"}:
                return f"every gradient that came is right; none came for {self._without()}"
            return "NOT RIGHT"
        unchecked = sum(v.verdict == "not checked" for v in self.variables)
        if unchecked:
            return f"every gradient that was checked is right; {unchecked} not checked"
        return "every gradient is right"

    def _without(self) -> str:
        return ", ".join(name for d in self.diagnoses for name in d.variables)

    @property
    def codes(self) -> list[str]:
        """The codes of the diagnoses."""
        return [diagnosis.code for diagnosis in self.diagnoses]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, dictionaries, numbers and strings."""
        worst = self.max_relative_error
        return {
            "title": self.title,
            "ok": self.ok,
            "max_relative_error": worst if np.isfinite(worst) else None,
            "tolerance": self.tolerance,
            "method": self.method,
            "variables": [v.to_dict() for v in self.variables],
            "diagnoses": [d.to_dict() for d in self.diagnoses],
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        head = _wrapped(f"{self.title}: {self.headline}", "")
        lines = [*head, "─" * max(map(len, head))]
        if self.variables:
            wide = min(24, max(8, *(len(v.name) for v in self.variables)))
            lines.append(f"{'':{wide}} {'shape':<11}{'error':>8} {'claimed':>12} {'true':>12}")
            lines += [line for v in self.variables for line in _row(v, wide)]
        for d in self.diagnoses:
            lines += ["", *_wrapped(f"{d.code}: {d.sentence}", "→ ")]
            lines += _wrapped(d.evidence, "  evidence: ") + _wrapped(d.look, "  look at:  ")
        for name, picture in self.heat_maps.items():
            lines += ["", f"errors of {name} (blank: right, @: the largest error)", picture]
        lines += [""] if self.method or self.notes else []
        for note in [self.method, *self.notes]:
            lines += _wrapped(note, "· ") if note else []
        return "\n".join(lines).rstrip()


def _row(v: Verdict, wide: int) -> list[str]:
    mark = {"right": "ok", "wrong": "WRONG", "not checked": "not checked"}[v.verdict]
    shape = "×".join(map(str, v.shape)) or "number"
    name = v.name if len(v.name) <= wide else "…" + v.name[-wide + 1 :]
    error = "" if np.isnan(v.error) else f"{v.error:.1e}"
    line = f"{name:{wide}} {shape:<11}{error:>8} "
    if v.worst is None or v.verdict != "wrong":
        return [(line + f"{'':25} {mark}").rstrip(), *_wrapped(v.problem, "    ")]
    line += f"{v.claimed:>12.6g} {v.expected:>12.6g} {mark}"
    return [line, *_wrapped(f"at [{', '.join(map(str, v.worst))}]" if v.worst else "", " " * (wide + 21))]


def _wrapped(text: str, first: str) -> list[str]:
    if not text:
        return []
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first))


def heat_map(error: np.ndarray, rows: int = 12, columns: int = 60) -> str:
    """Draw absolute errors as text, one character a number, or the largest of a block where there are many.

    Examples
    --------
    >>> print(heat_map(np.array([[0.0, 0.5, 1.0], [0.0, 0.0, 0.1]])))
    | +@|
    |  .|
    """
    error = np.nan_to_num(np.abs(np.atleast_1d(error)), nan=0.0, posinf=0.0)
    grid = error.reshape(-1, error.shape[-1])
    for axis, most in ((0, rows), (1, columns)):
        starts = np.unique(
            np.linspace(0, grid.shape[axis], min(most, grid.shape[axis]), endpoint=False).astype(int)
        )
        grid = np.maximum.reduceat(grid, starts, axis=axis)
    size = grid.max() or 1.0
    shade = np.ceil(grid / size * (len(SHADES) - 1) - 1e-9).astype(int)
    shade = np.where(grid > 1e-6 * size, shade, 0)
    return "\n".join("|" + "".join(SHADES[k] for k in line) + "|" for line in shade)
