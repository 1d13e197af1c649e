r"""From the notation of the formulas to TeX: ``dx = dy·y·(1 − y²)`` becomes ``dx = dy \cdot y \cdot (1 - y^2)``."""

import re

FUNCTIONS = ("exp", "ln", "max", "min", "tanh")
SYMBOLS = {
    "x̂": r"\hat{x}",
    "·": r" \cdot ",
    "−": "-",
    "Σ": r"\sum",
    "ᵀ": r"^\top",
    "²": "^2",
    "′": "'",
    "±": r"\pm ",
    "≤": r"\leq ",
    "<": r"\lt ",
    ">": r"\gt ",
    "∞": r"\infty",
    "α": r"\alpha ",
    "β": r"\beta ",
    "γ": r"\gamma ",
    "δ": r"\delta ",
    "ε": r"\varepsilon ",
    "σ": r"\sigma ",
    "Φ": r"\Phi ",
    "φ": r"\varphi ",
}
WORD = re.compile(r"[A-Za-z][A-Za-z_]+")
TEXTS = re.compile(r"(?:(?<=\w) )?\\text\{[^{}]*\}(?: \\text\{[^{}]*\})*(?: (?=\w))?")


def tex(text: str) -> str:
    r"""Return a formula of the ledger, or one with numbers, as TeX.

    Examples
    --------
    >>> print(tex("dW = xᵀ dy"))
    dW = x^\top dy
    >>> print(tex("y[0,1] = 1/(1 + exp(−0.25)) = 0.56"))
    y_{0,1} = 1/(1 + \exp(-0.25)) = 0.56
    """
    text = re.sub(r"(\d)e(−?)(\d+)", r"\1·10^{\2\3}", text)
    text = TEXTS.sub(_one_text, WORD.sub(_word, text))
    text = re.sub(r"([A-Za-zα-ω̂])\[([^\]]*)\]", r"\1_{\2}", text)
    text = re.sub(r"√\(((?:[^()]|\([^()]*\))*)\)", r"\\sqrt{\1}", text)
    for symbol, command in SYMBOLS.items():
        text = text.replace(symbol, command)
    return re.sub(r"(?<=[^{]) {2,}", " ", text).strip()


def _word(match: re.Match[str]) -> str:
    word = match.group()
    if word in FUNCTIONS:
        return f"\\{word}"
    return word if len(word) == 2 and word[0] == "d" else rf"\text{{{word.replace('_', ' ')}}}"


def _one_text(match: re.Match[str]) -> str:
    """Put words that stand together into one text, with the spaces to symbols beside them, which mathematics drops."""
    words = re.sub(r"\\text\{|\}", "", match.group())
    return rf"\text{{{words}}}"
