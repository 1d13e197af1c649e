"""Names that people give, to classes and to themselves: one line, written one way, and not too long."""

import unicodedata

LONGEST = 80  # letters: a label, not an essay


def clean_name(text: str, what: str = "a class's name") -> str:
    r"""Return a name as it is kept: without blanks at its ends, letters with accents composed (Unicode's NFC).

    Two names that look alike because one of them was typed on a Mac are then one name.

    Parameters
    ----------
    text : str
    what : str, optional
        What a message calls it.

    Raises
    ------
    ValueError
        For nothing, more letters than `LONGEST`, or characters that no line of text holds: line breaks, tabs and other
        control characters, and halves of characters, which come from file names that are not UTF-8.

    Examples
    --------
    >>> clean_name(" Felis catus ")
    'Felis catus'
    >>> clean_name("cat\ndog")
    Traceback (most recent call last):
    ...
    ValueError: a class's name is one line of text; 'cat\ndog' holds '\n'
    """
    if not isinstance(text, str):
        raise ValueError(f"{what} is a text, not {text!r:.80}")
    name = unicodedata.normalize("NFC", text).strip()
    if not 0 < len(name) <= LONGEST:
        raise ValueError(f"{what} has 1 to {LONGEST} letters, not {len(name)}")
    for letter in (
        () if name.isascii() and name.isprintable() else name
    ):  # most names are, and need no second look
        if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp"):
            raise ValueError(f"{what} is one line of text; {name!r:.80} holds {letter!r}")
    return name
