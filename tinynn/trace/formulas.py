"""The formulas of the layers and losses, forward and backward, and which of them a given layer follows."""

from collections.abc import Callable
from typing import Any

from tinynn.trace.rules import (
    Rule,
    average,
    conv_y,
    cross_entropy,
    cross_entropy_dy,
    dense_dw,
    dense_dx,
    dense_y,
    each,
    mean_of,
    plus,
    pooled,
    softmax,
    softmax_dx,
    sum_of_dy,
    sum_of_dy_normalized,
)

STANDARDIZED = (Rule("σ = √(variance(x) + ε)"), Rule("x̂ = (x − mean(x))/σ"))
SCALED = (
    each("y = γ·x̂ + β"),
    Rule("dγ = Σ dy·x̂", sum_of_dy_normalized),
    Rule("dβ = Σ dy", sum_of_dy),
)

# Keyed by the name of the class; "... in training" where training is another function.
FORMULAS: dict[str, tuple[Rule, ...]] = {
    "Dense": (
        Rule("y = x W + b", dense_y),
        Rule("dW = xᵀ dy", dense_dw),
        Rule("db = Σ dy over rows", sum_of_dy),
        Rule("dx = dy Wᵀ", dense_dx),
    ),
    "Conv2D": (
        Rule("y = Σ x·W over the window + b", conv_y),
        Rule("dW = Σ x·dy over images and places"),
        Rule("db = Σ dy over images and places", sum_of_dy),
        Rule("dx = Σ dy·W over the windows that hold x"),
    ),
    "MaxPool2D": (
        Rule("y = max of the window", lambda n, index: f"max({', '.join(pooled(n, index))})"),
        Rule("dx = dy at the largest x of the window, 0 elsewhere"),
    ),
    "AveragePool2D": (
        Rule("y = mean of the window", lambda n, index: average(pooled(n, index))),
        Rule("dx = dy/N at all N places of the window"),
    ),
    "GlobalAveragePool2D": (
        Rule(
            "y = mean of each channel",
            lambda n, index: average([n.write(x) for x in n["x"][index[0], :, :, index[1]].flat]),
        ),
        Rule("dx = dy/N at all N places of the image"),
    ),
    "Flatten": (Rule("y = x in another shape"), Rule("dx = dy in the shape of x")),
    "Reshape": (Rule("y = x in another shape"), Rule("dx = dy in the shape of x")),
    "ReLU": (each("y = max(x, 0)"), each("dx = dy·[x > 0]")),
    "LeakyReLU": (each("y = max(x, s·x)"), each("dx = dy·(s + (1 − s)·[x > 0])")),
    "ELU": (
        each("y = max(x, 0) + α·(exp(min(x, 0)) − 1)"),
        each("dx = dy·([x > 0] + α·exp(x)·[x ≤ 0])"),
    ),
    "Sigmoid": (each("y = 1/(1 + exp(−x))"), each("dx = dy·y·(1 − y)")),
    "Tanh": (each("y = tanh(x)"), each("dx = dy·(1 − y²)")),
    "Softplus": (each("y = ln(1 + exp(x))"), each("dx = dy·σ(x)")),
    "SiLU": (each("y = x·σ(x)"), each("dx = dy·σ(x)·(1 + x·(1 − σ(x)))")),
    "GELU": (each("y = x·Φ(x)"), each("dx = dy·(Φ(x) + x·φ(x))")),
    "Softmax": (Rule("y = exp(x)/Σ exp(x)", softmax("x")), Rule("dx = y·(dy − Σ dy·y)", softmax_dx)),
    "Dropout": (each("y = x"), each("dx = dy")),
    "Dropout in training": (Rule("m = 0 or 1/(1 − rate)"), each("y = x·m"), each("dx = dy·m")),
    "BatchNorm": (
        Rule("σ = √(running variance + ε)"),
        Rule("x̂ = (x − running mean)/σ"),
        *SCALED,
        each("dx = γ·dy/σ"),
    ),
    "BatchNorm in training": (
        *STANDARDIZED,
        *SCALED,
        Rule("dx = γ/σ·(dy − mean(dy) − x̂·mean(dy·x̂))"),
    ),
    "LayerNorm": (
        *STANDARDIZED,
        *SCALED,
        Rule("dx = (γ·dy − mean(γ·dy) − x̂·mean(γ·dy·x̂))/σ"),
    ),
    "Residual": (
        Rule("y = x + f(x)", lambda n, index: plus([n.write(n["x"][index]), n.write(n["f"][index])])),
        Rule("dx = dy + f′(x)ᵀ dy", lambda n, index: plus([n.write(n["dy"][index]), n.write(n["g"][index])])),
    ),
    "SoftmaxCrossEntropy": (
        Rule("p = softmax(y)", softmax("y")),
        Rule("L = −Σ t·ln(p)/n", cross_entropy),
        Rule("dy = (p − t)/n", cross_entropy_dy),
    ),
    "SoftmaxCrossEntropy with weights": (
        Rule("p = softmax(y)", softmax("y")),
        Rule("q = t/n with smoothing and weights"),
        Rule("L = −Σ q·ln(p)"),
        Rule("dy = p·Σ q − q"),
    ),
    "MeanSquaredError": (mean_of("(y − t)²"), each("dy = 2·(y − t)/N")),
    "BinaryCrossEntropy": (
        mean_of("(−t·ln(σ(y)) − (1 − t)·ln(1 − σ(y)))"),
        each("dy = (σ(y) − t)/N"),
    ),
    "Huber": (Rule("c = y − t, at most ±δ"), mean_of("c·(y − t − c/2)"), each("dy = c/N")),
}


VARIANTS: dict[str, Callable[[Any, bool], str]] = {
    "BatchNorm": lambda layer, training: " in training" if training else "",
    "Dropout": lambda layer, training: " in training" if training and layer.rate else "",
    "SoftmaxCrossEntropy": lambda loss, training: (
        " with weights" if loss.label_smoothing or loss.class_weights is not None else ""
    ),
}


def formula_key(thing: Any, direction: str, training: bool) -> str:
    """Return under which name the tables know what this layer or loss does, forward or backward; "" if they don't.

    A class of the package is known, and so is one derived from it, as long as it defines no functions that may make
    this direction another formula.
    """
    other = {"forward": "backward", "backward": "forward"}[direction]
    for kind in type(thing).__mro__:
        if kind.__module__.startswith("tinynn."):
            name = kind.__name__
            key = name + (VARIANTS[name](thing, training) if name in VARIANTS else "")
            return key if key in FORMULAS else ""
        own = {name for name, value in vars(kind).items() if callable(value) and not name.startswith("__")}
        if own - {other}:
            return ""
    return ""
