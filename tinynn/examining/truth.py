r"""The true gradients of a subject, number by number or along random directions, and what was learned on the way.

**What a random direction sees.** With weights u of random sign and 0.5 ≤ |u| ≤ 1.5, the claim along u is off by
Σ u · (claimed − true). If one number alone is wrong, by δ, this is at least |δ| / 2 along every direction, so that
|δ| > 2e−6 ‖gradient‖ never passes, as long as it stands above rounding. In a matrix of 100,000 numbers of similar size
that is a thousandth of one of them. Several errors would have to cancel along all the directions, whose weights are
drawn anew: of two errors of the size of the gradient's numbers, that has a chance below 1e−9.
The promise is for arrays of which no direction was lost to kinks.
"""

import warnings
from collections import Counter

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.evidence import Evidence
from tinynn.examining.kinks import bending_layer
from tinynn.examining.sessions import Session
from tinynn.examining.subjects import Subject
from tinynn.oracles import EPSILON, block_mover, complex_step, differences, mover

FULL = 5000  # up to so many numbers each is looked at by itself
KEPT = 2_000_000  # up to so many numbers ∂y/∂v is kept whole
DIRECTIONS = 4
SAMPLES = 200  # numbers looked at, besides the suspects, where a direction disagrees
SUSPECTS = 4  # blocks that are followed when the error along a direction is traced to numbers
LINE = 100  # numbers looked at along each axis through a suspect
AGREES = 1e-6


class Truth:
    """Finds ∂(Σ dy · y)/∂v for every array v of a subject and every dy.

    Attributes
    ----------
    along : dict
        For arrays in projected mode, the directions (k, size) and the derivatives along them (len(dys), k).
    skipped : dict
        For each array how many numbers stand at kinks.
    noise : dict
        For each array the rounding that its gradient carries.
    doubt : dict
        For each array the size up to which its true gradient may be nothing but rounding; less than `noise` where
        the complex step, which cancels nothing, confirmed it.
    """

    def __init__(
        self, subject: Subject, y: np.ndarray, dys: list[np.ndarray], rng: np.random.Generator, mode: str
    ) -> None:
        self.y, self.dys, self.rng = y, dys, rng
        self.session, self.indices = subject.open(np.float64), subject.indices
        self.total = sum(array.size for array in self.session.arrays.values())
        self.projected = mode == "projected" or (mode == "auto" and self.total > FULL)
        self.whole = subject.free and self.total * y.size <= KEPT and not self.projected
        self.along: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.skipped: dict[str, int] = {}
        self.noise: dict[str, float] = {}
        self.doubt: dict[str, float] = {}
        self.steps: list[float] = []
        self.kinks: Counter[str] = Counter()
        self.complex_error = 0.0
        self.complex_session, self.why_not_complex = self._open_complex(subject)

    def _open_complex(self, subject: Subject) -> tuple[Session | None, str]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # about imaginary parts that get lost: the comparison will tell
                session = subject.open(np.complex128)
                y = np.asarray(session.forward())
        except (UnusableError, TypeError, ValueError) as error:
            return None, " ".join(str(error).split())[:80]
        if y.dtype.kind != "c" or not np.allclose(y, self.y, rtol=1e-9, atol=1e-12):
            return None, "it does not compute with complex numbers"
        return session, ""

    def observe(self, session: Session) -> np.ndarray:
        """Return the output as a vector, or if that is too long, its products with the dys."""
        y = np.asarray(session.forward())
        return y.reshape(-1).copy() if self.whole else np.array([np.sum(dy * y) for dy in self.dys])

    def find(self, evidence: Evidence) -> None:
        """Fill in `expected`, and `jacobian` where it is small."""
        for name, array in self.session.arrays.items():
            evidence.expected[name] = np.full((len(self.dys), *array.shape), np.nan)
            self.skipped[name] = 0
            self.noise[name] = self.doubt[name] = 0.0
            if not array.size or (name == "x" and self.indices):
                continue
            if self.projected and array.size > DIRECTIONS * 10:
                self._project(name)
            else:
                self._entries(evidence, name, np.arange(array.size))

    def _scale(self, array: np.ndarray) -> float:
        return float(np.sqrt(np.mean(array**2))) or 1.0

    def _entries(self, evidence: Evidence, name: str, entries: np.ndarray) -> None:
        array = self.session.arrays[name]
        J, smooth, step = differences(
            lambda: self.observe(self.session),
            [mover(array, i) for i in entries],
            self._scale(array),
            self.rng,
            own=np.abs(array.reshape(-1)[entries]),
        )
        self._noise(name, step)
        if self.complex_session is not None and smooth.any():
            J = self._confirm(name, entries, J, smooth)
        for k in np.flatnonzero(~smooth)[:20]:
            self.kinks[bending_layer(self.session, mover(array, entries[k]), step)] += 1
        self.skipped[name] += int((~smooth).sum())
        J[~smooth] = np.nan
        dys = np.array([dy.reshape(-1) for dy in self.dys])
        expected = J @ dys.T if self.whole else J
        flat = evidence.expected[name].reshape(len(self.dys), -1)
        flat[:, entries] = expected.T
        if self.whole:
            evidence.jacobian[name] = J.T.reshape(self.y.size, *array.shape)

    def _confirm(self, name: str, entries: np.ndarray, J: np.ndarray, smooth: np.ndarray) -> np.ndarray:
        """Take the complex step's numbers where it agrees with the differences, else give it up."""
        assert self.complex_session is not None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                J_complex = complex_step(self.complex_session, name, entries.tolist(), self.observe)
        except UnusableError as error:
            self.complex_session, self.why_not_complex = None, str(error)
            return J
        size = max(float(np.abs(J[smooth]).max(initial=0)), self.noise[name] / AGREES)
        error_ = float(np.abs(J_complex - J)[smooth].max(initial=0)) / (size or 1.0)
        if not error_ <= AGREES:
            self.complex_session, self.why_not_complex = None, f"it is not analytic in {name}"
            return J
        self.complex_error = max(self.complex_error, error_)
        self.doubt[name] = min(self.doubt[name], self._rounding(self._scale(self.session.arrays[name])))
        return np.where(smooth[:, None], J_complex, J)

    def _noise(self, name: str, step: float) -> None:
        self.steps.append(step)
        self.noise[name] = max(self.noise[name], self._rounding(step))
        self.doubt[name] = 10 * self.noise[name]

    def _rounding(self, step: float) -> float:
        size = max(float(np.abs(dy * self.y).sum()) for dy in self.dys)
        return 20 * EPSILON * size / step

    def _project(self, name: str) -> None:
        array = self.session.arrays[name]
        directions = np.array([self._weights(array.size) for _ in range(3 * DIRECTIONS)])
        scale = self._scale(array) / np.sqrt(array.size)
        moves = [mover(array, u.reshape(array.shape)) for u in directions]
        D, smooth, step = differences(lambda: self.observe(self.session), moves[:DIRECTIONS], scale, self.rng)
        if not smooth.all():  # in a large network some unit always bends: try more directions
            more, smooth_more, step = differences(
                lambda: self.observe(self.session), moves[DIRECTIONS:], scale, self.rng
            )
            for k in np.flatnonzero(~smooth):
                self.kinks[bending_layer(self.session, moves[k], step)] += 1
            D, smooth = np.concatenate([D, more]), np.concatenate([smooth, smooth_more])
        self._noise(name, step)
        self.skipped[name] = int((~smooth).sum())
        self.along[name] = directions[: len(D)][smooth], D[smooth].T

    def _weights(self, size: int) -> np.ndarray:
        return self.rng.choice([-1.0, 1.0], size) * self.rng.uniform(0.5, 1.5, size)

    def trace(self, evidence: Evidence, name: str) -> None:
        """Look at the numbers that make a direction wrong, at the lines through the first of them, and at a sample."""
        claimed = evidence.stacked(name)
        assert claimed is not None
        suspects = self._suspects(name, claimed.reshape(len(claimed), -1))
        numbers = np.arange(claimed[0].size).reshape(claimed[0].shape)
        place = np.unravel_index(suspects[0], numbers.shape)
        lines = [
            self.rng.permutation(numbers[(*place[:axis], slice(None), *place[axis + 1 :])])[:LINE]
            for axis in range(numbers.ndim)
        ]
        self.sample(evidence, name, np.concatenate([suspects, *lines]))

    def _suspects(self, name: str, claimed: np.ndarray) -> np.ndarray:
        """Halve the array again and again, and keep the blocks with the largest error along a random direction."""
        array = self.session.arrays[name]
        blocks, errors = [np.arange(array.size)], np.array([np.inf])
        while any(block.size > 1 for block in blocks):
            blocks = [half for block in blocks for half in np.array_split(block, 2)]
            errors = np.repeat(errors, 2)
            errors = errors[[block.size > 0 for block in blocks]]
            blocks = [block for block in blocks if block.size]
            weights = [self._weights(block.size) for block in blocks]
            moves = [block_mover(array, block, u) for block, u in zip(blocks, weights, strict=True)]
            scale = self._scale(array) / np.sqrt(blocks[0].size)
            D, smooth, _ = differences(lambda: self.observe(self.session), moves, scale, self.rng)
            along = np.array([claimed[:, block] @ u for block, u in zip(blocks, weights, strict=True)])
            # a block with a kink keeps the suspicion that its parent was under
            errors = np.where(smooth, np.abs(along - D).max(1), errors)
            kept = np.argsort(-errors, kind="stable")[:SUSPECTS]
            blocks, errors = [blocks[k] for k in kept], errors[kept]
        return np.concatenate(blocks)

    def sample(self, evidence: Evidence, name: str, also: np.ndarray | None = None) -> None:
        """Look at some numbers of an array that was only projected, the largest claims among them."""
        claimed = evidence.stacked(name)
        assert claimed is not None
        size = claimed[0].size
        largest = np.argsort(-np.abs(claimed[0]).reshape(-1))[: SAMPLES // 4]
        some = self.rng.permutation(size)[: SAMPLES * 3 // 4]
        suspects = np.empty(0, dtype=int) if also is None else also
        self._entries(evidence, name, np.unique(np.concatenate([largest, some, suspects])))
        del self.along[name]

    def fill_in(self, evidence: Evidence) -> None:
        """Look at some numbers of every array that was only projected: a diagnosis compares arrays."""
        for name in list(self.along):
            if evidence.stacked(name) is not None:
                self.sample(evidence, name)

    def method(self) -> str:
        """Say in a sentence how the true gradients were found."""
        if not self.steps:
            return ""
        way = f"{DIRECTIONS} random directions an array" if self.projected else "every number by itself"
        steps = " to ".join(sorted({f"{h:.0e}" for h in (min(self.steps), max(self.steps))}, key=float))
        text = f"float64, central differences, {way}, step {steps}; complex step: "
        if self.complex_session is None:
            return text + f"not used ({self.why_not_complex})"
        if self.projected:
            return text + "for the small arrays"
        return text + f"agrees within {self.complex_error:.0e}"

    def notes(self) -> list[str]:
        """Say what was skipped."""
        skipped = {name: n for name, n in self.skipped.items() if n}
        if not skipped:
            return []
        numbers = ", ".join(f"{n} of {name}" for name, n in skipped.items())
        places = ", ".join(place for place, _ in self.kinks.most_common(3))
        return [
            f"Skipped at kinks, where there is no derivative to compare: {numbers}. It bends in {places}."
        ]
