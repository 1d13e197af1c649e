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
    Known names: digits, mnist, fashion-mnist.
    """


class BrokenFileError(DatasetError):
    """A file does not hold what it should; the message is the reason, the caller adds the name."""


class MirrorError(DatasetError):
    """One address does not deliver; the message is the reason, the next mirror may do better."""
