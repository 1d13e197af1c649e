"""What goes wrong with data files, as exceptions whose messages say what to do next."""


class DatasetError(RuntimeError):
    """A data set cannot be loaded; the message names the file, what is wrong and what to do.

    Examples
    --------
    >>> from tinynn import datasets
    >>> datasets.load("minst")
    Traceback (most recent call last):
    ...
    tinynn.datasets.errors.DatasetError: There is no data set 'minst'. Did you mean 'mnist'?
    Known names: digits, iris, mnist, fashion-mnist, cifar-10.
    """


class BrokenFileError(DatasetError):
    """A file does not hold what it should; the message is the reason, the caller adds the name.

    Examples
    --------
    >>> from tinynn.datasets.idx import parse_idx
    >>> parse_idx(bytes([0, 0, 8, 1]) + bytes([0, 0, 0, 2]) + bytes([7, 2]), shape=(3,))
    Traceback (most recent call last):
    ...
    tinynn.datasets.errors.BrokenFileError: it announces the shape (2,); expected (3,)
    """


class MirrorError(DatasetError):
    """One address does not deliver; the message is the reason, the next mirror may do better."""
