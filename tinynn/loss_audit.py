"""Is it the right loss? A gradient check cannot see a wrong one: its gradient may be right, of the wrong function."""

import json
import textwrap
from dataclasses import dataclass
from typing import Any

from tinynn.examining.asked_loss import AskedLoss
from tinynn.examining.calling import UnusableError
from tinynn.examining.loss_properties import PROPERTIES, Finding


@dataclass(frozen=True)
class LossAudit:
    """What a loss keeps of the properties of its kind.

    Attributes
    ----------
    title : str
    kind : {"classification", "binary", "regression", "unknown"}
        Cross-entropy of classes, of yes-or-no questions, or a distance between numbers.
    findings : list of Finding

    Examples
    --------
    >>> import tinynn as nn
    >>> audit = audit_loss(nn.MeanSquaredError())
    >>> isinstance(audit, LossAudit), audit.kind, audit.ok
    (True, 'regression', True)
    """

    title: str
    kind: str
    findings: list[Finding]

    @property
    def ok(self) -> bool:
        """Whether no property is broken and some hold."""
        return all(f.holds is not False for f in self.findings) and any(f.holds for f in self.findings)

    @property
    def codes(self) -> list[str]:
        """The codes of the broken properties."""
        return [f.code for f in self.findings if f.holds is False]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "title": self.title,
            "ok": self.ok,
            "kind": self.kind,
            "findings": [dict(vars(f)) for f in self.findings],
        }

    def to_json(self) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        head = f"{self.title} as a loss ({self.kind}): {'sound' if self.ok else 'NOT SOUND'}"
        lines = [head, "─" * min(79, len(head))]
        for f in self.findings:
            mark = {True: "ok    ", False: "BROKEN", None: "—     "}[f.holds]
            lines += textwrap.wrap(f"{mark} {f.code}: {f.sentence}", 79, subsequent_indent=" " * 7)
        return "\n".join(lines)


def audit_loss(loss: Any) -> LossAudit:
    """Test what a loss must do, whatever its formula.

    ================================ ==================================================================
    code                             holds if
    ================================ ==================================================================
    ``uniform-is-ln-k``              equal logits (or probabilities) for K classes cost ln K nats; only asked of what
                                     looks like a cross-entropy, not of a hinge, a focal loss or a divergence
    ``shift-invariance``             a constant added to all logits of a row changes nothing
    ``mean-over-batch``              the same rows twice cost as much as once
    ``swapped-arguments``            prediction and target in each other's place are noticed: refused, or
                                     told apart by the loss being linear in the target
    ``perfect-prediction``           nothing costs less than the right answer
    ================================ ==================================================================

    Parameters
    ----------
    loss : object
        With ``forward(outputs, targets)``, a number, of outputs (n, K) or (n,). A copy is asked.

    Returns
    -------
    LossAudit
        ``audit.ok``, ``audit.findings``, ``audit.codes`` (of what is broken), ``str(audit)``, ``audit.to_json()``.

    Examples
    --------
    >>> import numpy as np
    >>> import tinynn as nn
    >>> audit_loss(nn.SoftmaxCrossEntropy()).ok
    True
    >>> class Sum:
    ...     def forward(self, outputs, targets):
    ...         return np.sum((outputs - targets) ** 2)
    ...
    ...     def backward(self): ...
    >>> audit_loss(Sum()).codes
    ['mean-over-batch']
    """
    title = type(loss).__name__
    try:
        asked = AskedLoss(loss)
    except UnusableError as error:
        return LossAudit(title, "unknown", [Finding(error.code, False, str(error))])
    if asked.kind == "unknown":
        sentence = "it takes neither logits and labels, nor probabilities, nor numbers and numbers"
        return LossAudit(title, "unknown", [Finding("unusable", False, f"{sentence} ({asked.why})")])
    return LossAudit(title, asked.kind, [holds(asked) for holds in PROPERTIES])
