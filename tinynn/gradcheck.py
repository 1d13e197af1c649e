"""Is this gradient right? Compared with derivatives that need nothing but the function itself."""

from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.examination import TOLERANCE, examine
from tinynn.examining.subjects import subject_of
from tinynn.gradient_report import GradientReport

MODES = ("auto", "full", "projected")


def check_gradients(
    thing: Any, *arguments: Any, seed: int = 0, training: bool = True, mode: str = "auto"
) -> GradientReport:
    r"""Compare the gradients that some code claims with ∂L/∂v of what the code computes, for every array v.

    ============================================ ==================================================================
    call                                         checks
    ============================================ ==================================================================
    ``check_gradients(net, loss, x, y)``         a network with its loss: all parameters and x
    ``check_gradients(layer, x)``                a layer, or a network without loss: L = Σ c · y with random c
    ``check_gradients(loss, outputs, targets)``  a loss alone
    ``check_gradients(f, gradient, x)``          a function of an array and its claimed gradient: f gives a number,
                                                 or works element by element; f may take several arrays
    ============================================ ==================================================================

    A layer is any object with ``forward(x)`` and ``backward(dy)``, which returns ∂L/∂x; its parameters are the
    arrays, lists of numbers or numbers NAME that ``forward`` uses and leaves alone, and beside which ``backward``
    leaves dNAME (or ``grad_NAME``, or ``grads["NAME"]`` for ``params["NAME"]``). A loss has
    ``forward(outputs, targets)``, a number, and ``backward()``, its gradient; where the names of its arguments say
    so, as (y_true, y_pred) do, it is called with the targets first. A network, a learner's own too, is a layer that
    may hold layers.

    True derivatives are central differences in float64 with the step that survives rounding, confirmed by the complex
    step where the function is analytic. For each array v,

        error = max |claimed − true| / max(max |claimed|, max |true|, floor),

    where the floor follows the largest gradient of all arrays. It does not protect a gradient of nothing but zeros,
    which fails as soon as the true one is more than rounding.
    Numbers at which the function has a kink are skipped, and the report names the layer that bends there. The same
    gradient is asked for again, after another batch and with another dy, which shows what code remembers and should
    not. Where a gradient is wrong, it is compared with those of classic mistakes.

    Derivation: `docs/derivations/gradient-checking.md`, `check-central`, `check-complex` and `check-relative`.

    Parameters
    ----------
    thing : Sequential, layer, loss or callable
        A copy is checked, in float64; the original stays as it is.
    *arguments
        See the table. x and outputs are (n, ...); take n ≥ 3 rows, so that sums and means over them can be told apart.
    seed : int, optional
        Of the random gradients c.
    training : bool, optional
        What ``forward`` is told, where it asks. Dropout masks are held fixed.
    mode : {"auto", "full", "projected"}, optional
        Full: every number by itself, which shows where an error is. Projected: a few random directions for each
        array, for large networks. A direction that disagrees is traced to a number by halving the array again and
        again. One wrong number is seen if it is off by more than 2e−6 of the Euclidean norm of its array's gradient
        and by more than rounding. Auto chooses by size.

    Returns
    -------
    GradientReport
        ``report.ok``, ``report.max_relative_error``, ``report.diagnoses``, ``str(report)``, ``report.to_json()``.
        Code that raises, or that returns something else than numbers of the right shape, gives a report too.

    Raises
    ------
    TypeError, ValueError
        For a call that fits none of the four forms.

    Examples
    --------
    >>> import tinynn as nn
    >>> rng = np.random.default_rng(0)
    >>> net = nn.Sequential([nn.Dense(4), nn.Tanh(), nn.Dense(3)], input_shape=(5,))
    >>> x, y = rng.normal(size=(6, 5)), rng.integers(3, size=6)
    >>> check_gradients(net, nn.SoftmaxCrossEntropy(), x, y).ok
    True

    A derivative with a classic mistake:

    >>> report = check_gradients(np.tanh, lambda x: 1 - x**2, rng.normal(size=(3, 4)))
    >>> report.ok, report.codes
    (False, ['derivative-at-input'])
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
    title = getattr(thing, "__name__", type(thing).__name__)
    try:
        subject = subject_of(thing, arguments, training)
    except UnusableError as error:
        return refusal(title, error)
    try:
        return examine(subject, np.random.default_rng(seed), mode)
    except UnusableError as error:
        return refusal(subject.title, error)


def refusal(title: str, error: UnusableError) -> GradientReport:
    """Return the report about code that gives no gradient to compare."""
    from tinynn.examining.evidence import Diagnosis

    look = error.where or "what it returns"
    return GradientReport(title, TOLERANCE, diagnoses=[Diagnosis(error.code, str(error), "", look)])
