"""Activations in one launch each way: with the bias before them on the way forward, with their slope on the way back.

One row of the table below a layer, in C: y = f(x), and f′(x) from x, y and what else the layer keeps. What the layers
compute, in words of arrays, stands in `tinynn.layers`; a kernel leaves the same arrays behind, so that either may go on
where the other has been.
"""

from dataclasses import dataclass
from typing import Any

from tinynn.backend import Array
from tinynn.kernels.source import Kernel
from tinynn.layers.activations import ReLU, Sigmoid, Tanh
from tinynn.layers.base import Layer
from tinynn.layers.further_activations import ELU, GELU, LeakyReLU, SiLU, Softplus


@dataclass(frozen=True)
class Formula:
    """An activation in C.

    Attributes
    ----------
    y : str
        f(x), an expression in x, the layer's setting s and the gate.
    slope : str
        f′(x), in x, y, s and the gate.
    keeps : str
        What the way back needs: ``"x"`` or ``"y"``.
    gate : str
        What else the layer computes from x and keeps, if anything.
    setting : str
        The name of the layer's setting s, if it has one.
    """

    y: str
    slope: str
    keeps: str
    gate: str = ""
    setting: str = ""


SIGMA = "(tanh(x * (REAL)0.5) + 1) * (REAL)0.5"
# Comparisons stand so that NaN stays NaN: x < 0 is false for it.
FORMULAS: dict[type[Layer], Formula] = {
    ReLU: Formula("x < 0 ? (REAL)0 : x", "y > 0 ? (REAL)1 : (REAL)0", "y"),
    Sigmoid: Formula(SIGMA, "(1 - y) * y", "y"),
    Tanh: Formula("tanh(x)", "1 - y * y", "y"),
    LeakyReLU: Formula("x > 0 ? x : s * x", "x > 0 ? (REAL)1 : s", "x", setting="slope"),
    ELU: Formula("x > 0 ? x : s * expm1(x)", "x > 0 ? (REAL)1 : s * exp(x)", "x", setting="alpha"),
    Softplus: Formula("(x < 0 ? (REAL)0 : x) + log1p(exp(-fabs(x)))", SIGMA, "x"),
    SiLU: Formula("x * gate", "gate * (1 + x * (1 - gate))", "x", gate=SIGMA),
    GELU: Formula(
        "x * gate",
        "gate + x * exp((REAL)-0.5 * x * x) * (REAL)0.3989422804014327",
        "x",
        gate="(erf(x * (REAL)0.7071067811865476) + 1) * (REAL)0.5",
    ),
}


def setting_of(layer: Layer) -> float:
    """Return s, 0 where the layer has no setting."""
    name = FORMULAS[type(layer)].setting
    return float(getattr(layer, name)) if name else 0.0


def _forward(kind: type[Layer], formula: Formula) -> Kernel:
    def in_arrays(
        xp: Any, x: Array, b: Array | None, y: Array, gates: Array | None, n: int, units: int, s: float
    ) -> None:
        if b is not None:
            x += b
        layer = _layer(xp, kind, formula, x, s)
        y[...] = layer.forward(x)
        if gates is not None:
            gates[...] = layer.gate  # type: ignore[attr-defined]

    setting = "const REAL s = (REAL)setting;" if formula.setting else ""
    gate = f"const REAL gate = {formula.gate}; gates[i] = gate;" if formula.gate else ""
    return Kernel(
        f"{kind.__name__.lower()}_forward",
        "REAL* before, const REAL* b, REAL* after, REAL* gates, long long n, long long units, double setting",
        f"""
    {setting}
    EACH(i, n) {{
        REAL x = before[i];
        if (b) before[i] = x += b[i % units];
        {gate}
        after[i] = {formula.y};
    }}
    """,
        in_arrays,
    )


def _backward(kind: type[Layer], formula: Formula) -> Kernel:
    def in_arrays(xp: Any, kept: Array, gates: Array | None, dy: Array, dx: Array, n: int, s: float) -> None:
        layer = _layer(xp, kind, formula, kept, s)
        layer.x = layer.y = kept
        layer.gate = gates
        dx[...] = layer.backward(dy)

    setting = "const REAL s = (REAL)setting;" if formula.setting else ""
    gate = "const REAL gate = gates[i];" if formula.gate else ""
    return Kernel(
        f"{kind.__name__.lower()}_backward",
        "const REAL* kept, const REAL* gates, const REAL* dy, REAL* dx, long long n, double setting",
        f"""
    {setting}
    EACH(i, n) {{
        const REAL {formula.keeps} = kept[i];
        {gate}
        dx[i] = ({formula.slope}) * dy[i];
    }}
    """,
        in_arrays,
    )


def _layer(xp: Any, kind: type[Layer], formula: Formula, like: Array, s: float) -> Layer:
    layer = kind(**({formula.setting: s} if formula.setting else {}))
    layer.xp, layer.dtype = xp, like.dtype
    return layer


FORWARD: dict[type[Layer], Kernel] = {kind: _forward(kind, formula) for kind, formula in FORMULAS.items()}
BACKWARD: dict[type[Layer], Kernel] = {kind: _backward(kind, formula) for kind, formula in FORMULAS.items()}
