"""Why an item was asked, in sentences that do not give away what the model thinks it is."""

from collections.abc import Callable

from tinyal.labeling.asking import Why
from tinyal.labeling.messages import Reason

HOW = {
    "random": (
        "It was drawn at random. Questions drawn at random measure how often the model is right: the others are "
        "chosen because it is unsure, and say nothing about the rest."
    ),
    "typical": (
        "It is typical: many others look like it, and none of those has a label yet. Typical items teach the most "
        "while there are few labels."
    ),
    "strategy": "The strategy wanted its label more than those of others.",
    "spare": "No model was ready to choose, so it is one of those that are left.",
}
IN_WORDS: dict[str, Callable[[float], str]] = {  # by the name of the strategy, whose number is "score"
    "Margin": lambda score: (
        f"The model is torn between two classes: their probabilities differ by {1 - score:.1%}."
    ),
    "LeastConfidence": lambda score: f"The model gives its best guess no more than {1 - score:.1%}.",
    "Entropy": lambda score: f"The model spreads its probability over classes: {score:.2f} nats of entropy.",
    "BALD": lambda score: (
        f"Versions of the model that differ by chance contradict each other here: the label is worth {score:.3f} nats "
        "to it."
    ),
}


def sentences(why: Why) -> list[str]:
    """Say it.

    Examples
    --------
    >>> reason = Reason("Margin()", 5000, (("score", 0.987, 2),))
    >>> for sentence in sentences(Why("strategy", reason, {}))[1:]:
    ...     print(sentence)
    The model is torn between two classes: their probabilities differ by 1.3%.
    Margin() chose among 5,000 items; by its score this is number 2 of them.
    """
    said = [HOW[why.how]]
    if why.how == "strategy" and why.reason is not None:
        said += _by_numbers(why.reason)
    if why.neighbours:
        said.append("The labelled items that are most like it are shown with their labels.")
    return said


def _by_numbers(reason: Reason) -> list[str]:
    said = []
    for name, value, rank in reason.parts:
        words = IN_WORDS.get(reason.strategy.partition("(")[0])
        said.append(words(value) if words and name == "score" else f"Its {name} is {value:.3g}.")
        said.append(
            f"{reason.strategy} chose among {reason.candidates:,} items; by its {name} this is number {rank:,} of them."
        )
    return said
