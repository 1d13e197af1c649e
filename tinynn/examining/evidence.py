"""What a failed gradient check knows, in a form that a fingerprint can ask questions of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinynn.examining.sessions import Session
from tinynn.examining.subjects import Subject
from tinynn.oracles import differences, mover

FIT = 1e-5  # how closely a claimed gradient has to follow a mistake to be named after it


@dataclass(frozen=True)
class Diagnosis:
    """A named mistake.

    Attributes
    ----------
    code : str
        Short and stable, in kebab-case.
    sentence : str
        What is wrong.
    evidence : str
        The numbers that say so.
    look : str
        Where to look.
    variables : tuple of str
        The gradients that it explains.
    """

    code: str
    sentence: str
    evidence: str
    look: str
    variables: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "evidence": self.evidence,
            "look": self.look,
            "variables": list(self.variables),
        }


@dataclass
class Evidence:
    """Claimed and true gradients, for one or two gradients dy of the output.

    Attributes
    ----------
    subject : Subject
    values : dict of array
        Parameters and inputs.
    y : array
        The output.
    dys : list of array
        The gradients of the output that were sent back.
    claimed : dict
        For each name, what came back for each dy: an array of whatever shape, or None where no numbers came.
    expected : dict of array (len(dys), *shape)
        NaN where nothing is known: at kinks, and at numbers that were not sampled.
    jacobian : dict of array (y.size, *shape)
        Where it was small enough to keep.
    wrong, right : list of str
    """

    subject: Subject
    values: dict[str, np.ndarray]
    y: np.ndarray
    dys: list[np.ndarray]
    claimed: dict[str, list[Any]] = field(default_factory=dict)
    expected: dict[str, np.ndarray] = field(default_factory=dict)
    jacobian: dict[str, np.ndarray] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    right: list[str] = field(default_factory=list)

    @property
    def input_name(self) -> str:
        """What the input is called: x, or outputs for a loss."""
        return "outputs" if self.subject.kind == "loss" else "x"

    def stacked(self, name: str) -> np.ndarray | None:
        """Return the claimed gradients as one array like `expected`, or None if their shape is another."""
        claimed = self.claimed[name]
        shape = self.values[name].shape
        if any(c is None or c.shape != shape for c in claimed):
            return None
        return np.array(claimed)

    def ratio(self, name: str) -> float | None:
        """Return r if claimed = r · expected, everywhere and for every dy, and r ≠ 0."""
        claimed, expected = self.stacked(name), self.expected[name]
        if claimed is None:
            return None
        known = np.isfinite(expected)
        square = float(np.sum(expected[known] ** 2))
        if not square:
            return None
        r = float(np.sum(claimed[known] * expected[known])) / square
        before, after = (float(np.abs(claimed - k * expected)[known].max()) for k in (1, r))
        return r if r and fits(claimed, r * expected) and after < 0.01 * before else None

    def has_gradient(self, name: str) -> bool:
        """Whether the true gradient is anything but zero."""
        return bool(np.nanmax(np.abs(self.expected[name]), initial=0) > 1e-10)

    def dx_jacobian(self) -> np.ndarray | None:
        """Return ∂y/∂x as a matrix, if it is known whole."""
        J = self.jacobian.get(self.input_name)
        return None if J is None else J.reshape(self.y.size, -1)

    def slopes(self) -> np.ndarray | None:
        """Return f′(x) if the layer works element by element, y = f(x), else None."""
        J = self.dx_jacobian()
        x = self.values.get(self.input_name)
        if J is None or x is None or self.y.shape != x.shape or not x.size:
            return None
        diagonal = np.diag(J)
        off = J - np.diag(diagonal)
        if np.nanmax(np.abs(off), initial=0) > 1e-7 * np.nanmax(np.abs(J), initial=0):
            return None
        return diagonal.reshape(x.shape)

    def true_gradient(self, name: str, dy: np.ndarray, values: dict[str, np.ndarray]) -> np.ndarray:
        """Differentiate Σ dy · y by one array, with other values for some arrays."""
        session = self.subject.open(np.float64)
        for other, value in values.items():
            session.arrays[other][...] = value
        return gradient_of(lambda: np.sum(dy * session.forward()), session.arrays[name])

    def slopes_at(self, x: np.ndarray) -> np.ndarray:
        """Return f′ at other inputs, for a layer that works element by element."""
        session = self.subject.open(np.float64)
        session.arrays[self.input_name] = moved = x.copy()
        observe = lambda: np.asarray(session.forward(), dtype=np.float64).reshape(-1)  # noqa: E731
        derivatives, _, _ = differences(
            observe, [mover(moved, np.ones_like(x))], 1.0, np.random.default_rng(0)
        )
        return derivatives[0].reshape(x.shape)

    def claim_at(self, dy: np.ndarray, **values: np.ndarray) -> dict[str, Any]:
        """Ask a fresh copy for its claimed gradients, with other values for some arrays."""
        return claim(self.subject.open, dy, values)


def gradient_of(f: Callable[[], Any], array: np.ndarray) -> np.ndarray:
    """Differentiate a number by an array that it reads."""
    moves = [mover(array, i) for i in range(array.size)]
    derivatives, _, _ = differences(lambda: np.array([float(f())]), moves, 1.0, np.random.default_rng(0))
    return derivatives[:, 0].reshape(array.shape)


def claim(open_: Callable[[Any], Session], dy: np.ndarray, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Open a session, set some of its arrays, go forward and backward."""
    session = open_(np.float64)
    for name, value in values.items():
        session.arrays[name] = value.copy()
    session.forward()
    return session.backward(dy)


def fits(a: Any, b: np.ndarray) -> bool:
    """Whether two arrays are the same but for rounding, where b is known, and not just both zero."""
    a = np.asarray(a)
    if a.shape != b.shape:
        return False
    known = np.isfinite(b) & np.isfinite(a)
    if not known.any() or not np.isfinite(a).all():
        return False
    size = max(float(np.abs(a[known]).max()), float(np.abs(b[known]).max()))
    return size > 0 and float(np.abs(a[known] - b[known]).max()) <= FIT * size
