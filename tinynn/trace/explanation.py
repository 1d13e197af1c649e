"""`explain`: run one watched pass and write it out."""

import inspect
from dataclasses import replace
from typing import Any

import numpy as np

from tinynn.checks import check_rows
from tinynn.network import Sequential
from tinynn.trace.examples import EXAMPLES
from tinynn.trace.formulas import FORMULAS, formula_key
from tinynn.trace.ledger import Ledger, Line, Section
from tinynn.trace.numbers import count, number, place
from tinynn.trace.rules import Numbers, Rule
from tinynn.trace.watch import Call, watched_pass


def explain(
    net: Sequential,
    loss: Any,
    x: Any,
    y: Any,
    *,
    training: bool = False,
    digits: int = 6,
    limit: int = 24,
) -> Ledger:
    """Write a forward and backward pass out, line by line: name, formula, shape, numbers.

    What it writes for two layers is derived by hand: `docs/derivations/two-layer-network.md`, `two-layer-backward`.

    Parameters
    ----------
    net : Sequential
        Stays as it is: the pass runs on a copy.
    loss : Loss
        Anything with ``forward(outputs, targets)`` and ``backward()``; a copy is used.
    x : array (n, *input_shape)
    y : array
        Targets, as the loss takes them.
    training : bool, optional
        Whether it is the pass of a training step: dropout drops, with the masks of the network's next step, and batch
        normalisation takes the batch's own mean and variance.
    digits : int, optional
        Decimals. A number shown with fewer is exactly that number.
    limit : int, optional
        How many numbers count as small. Arrays of at most this many are written out, larger ones summed up. A
        formula is written out for every element if that takes at most this many numbers, otherwise for the first.

    Returns
    -------
    Ledger
        ``str(ledger)``, ``ledger.to_markdown()``, ``ledger.to_html()``; ``ledger["0.dW"]`` is one array.

    Raises
    ------
    ValueError
        For rows or targets that do not fit the network, and for `digits` or `limit` below 1.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(1), nn.Sigmoid()], input_shape=(2,), dtype="float64")
    >>> net.layers[0].W[...] = [[2], [-3]]
    >>> ledger = explain(net, nn.MeanSquaredError(), [[-1.0, -2.0]], [[0.0]])
    >>> ledger["0.y"]
    array([[4.]])
    >>> [line for line in str(ledger).splitlines() if "y[0,0]" in line][0].strip()
    'y[0,0] = −1·2 − 2·(−3) + 0 = 4'
    """
    for name, value in (("digits", digits), ("limit", limit)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    x = check_rows(x, net.input_shape)
    y = loss.check_targets(y, len(x), net.output_shape) if hasattr(loss, "check_targets") else np.asarray(y)
    forward, backward = watched_pass(net, loss, x, y, training)
    write = _Writer(training, digits, limit)
    return Ledger(
        about=f"{len(x):,} row{'s' * (len(x) > 1)}, {len(net.parameters):,} parameters, {net.dtype}"
        + ", training" * training,
        forward=tuple(map(write.section, forward)),
        backward=tuple(map(write.section, backward)),
        digits=digits,
        limit=limit,
    )


def explain_command(example: str = "mazur", *, digits: int = 9) -> Ledger:
    """Explain a built-in example: what ``tinynn explain`` prints.

    "mazur" is derived step by step: `docs/derivations/two-layer-network.md`, `mazur-weights` and `two-layer-backward`.

    Parameters
    ----------
    example : {"mazur", "softmax"}
    digits : int, optional
        Decimals.

    Raises
    ------
    ValueError
        For a name that is no example; it lists them.

    Examples
    --------
    >>> ledger = explain_command("mazur")
    >>> ".298371109" in str(ledger), round(float(ledger["loss.L"]), 9)
    (True, 0.298371109)
    """
    if example not in EXAMPLES:
        raise ValueError(f"there is no example {example!r}; there are {', '.join(EXAMPLES)}")
    about, net, loss, x, y = EXAMPLES[example]()
    ledger = explain(net, loss, x, y, digits=digits)
    return replace(ledger, about=f"{about} ({ledger.about}.)")


class _Writer:
    """Makes sections of calls."""

    def __init__(self, training: bool, digits: int, limit: int) -> None:
        self.training = training
        self.digits = digits
        self.limit = limit

    def section(self, call: Call) -> Section:
        """Write one call out, with those that it made."""
        rules: dict[str, Rule] = {}
        title = note = ""
        if call.thing is not None:
            key = formula_key(call.thing, call.direction, self.training)
            rules = {rule.symbol: rule for rule in FORMULAS.get(key, ())}
            title = _title(call.thing)
            note = "" if rules else _docstring(call.thing, call.direction)
        results = {"forward": ("y", "L"), "backward": ("dx", "dy")}.get(call.direction, ())
        lines = [
            Line(
                name,
                symbol,
                call.values[symbol],
                formula=rules[symbol].text if symbol in rules else "",
                note=note if name in results else "",
                arithmetic=self.arithmetic(rules[symbol], call) if symbol in rules else (),
            )
            for name, symbol in call.shown.items()
        ]
        return Section(call.path, title, tuple(lines), tuple(map(self.section, call.parts)))

    def arithmetic(self, rule: Rule, call: Call) -> tuple[str, ...]:
        """Write a formula out in numbers, each time with the recorded result behind it."""
        result = call.values[rule.symbol]
        if rule.write is None or not 0 < result.size <= self.limit:
            return ()
        numbers, written = Numbers(call.values, self.digits, self.limit, call.thing), []
        for index in np.ndindex(result.shape):
            right = rule.write(numbers, index)
            if not right or count(right) > self.limit:
                return ()
            left, shown = rule.symbol + place(index), number(result[index], self.digits)
            written.append(f"{left} = {right} = {shown}" if right != shown else f"{left} = {right}")
            if len(written) == 1 and count(right) * result.size > self.limit:
                break
        return tuple(written)


def _title(thing: Any) -> str:
    """Return how a layer or loss was made; its name alone where it does not say, or says it of its parts."""
    return (
        repr(thing) if hasattr(thing, "config") and not getattr(thing, "chain", ()) else type(thing).__name__
    )


def _docstring(thing: Any, direction: str) -> str:
    """Return the first line of what a class, or its method, says about itself; what it inherits is not about it."""
    kind = type(thing)
    described = kind if direction == "forward" and vars(kind)["__doc__"] else vars(kind).get(direction)
    return inspect.cleandoc(getattr(described, "__doc__", None) or "").partition("\n")[0]
