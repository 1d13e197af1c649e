"""Curves of a training: loss, accuracy and learning rate from epoch to epoch, of one training or of several."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tinynn.history import History
from tinynn.plotting.look import COLORS, FAINT, GREY, name_ends, new_figure, palette, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 15  # epochs up to which each has a dot; with more, a curve would become a string of beads


def plot_history(history: History | Mapping[str, History], *, title: str = "") -> "Figure":
    """Draw what a training recorded, epoch by epoch; several trainings in the same panels, to compare them.

    The first panel shows the loss, in training and in validation. Panels for the validation accuracy and for the
    learning rate follow where they were recorded, for a learning rate only if it is not the same throughout.

    Parameters
    ----------
    history : History, or dict of str to History
        One training, or several by name, which may differ in length.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        For something that is no History.
    ValueError
        When there is nothing to draw, no training or one without epochs, and when there are more than ten.

    Examples
    --------
    >>> import tinynn as nn
    >>> record = nn.History(loss=[1.2, 0.7, 0.5], validation_loss=[0.9, 0.8, 0.9], validation_accuracy=[0.6, 0.7, 0.7])
    >>> figure = plot_history(record)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'validation accuracy']
    """
    histories = dict(history) if isinstance(history, Mapping) else {"": history}
    _check(histories)
    records = list(histories.values())
    panels = _panels(records)
    several = isinstance(history, Mapping)
    words = max(10, *map(len, histories)) if several else 10
    figure = new_figure(4.4 * len(panels) + 0.8 + 0.08 * words, 3.6)
    grid = figure.subplots(1, len(panels), squeeze=False, gridspec_kw={"wspace": 0.08})[0]
    for axes, name in zip(grid, panels, strict=True):
        _panel(axes, name, max(map(len, records)))
    grid[0].set_title(title, loc="left", fontsize=11)

    colors = palette(len(records), "trainings")
    for record, color in zip(records, colors, strict=True):
        shade = color if several or not record.validation_loss else GREY
        _curve(grid[0], record.loss, shade, dashed=bool(record.validation_loss))
        _curve(grid[0], record.validation_loss, color)
        for axes, name in zip(grid[1:], panels[1:], strict=True):
            _curve(axes, getattr(record, name), color)
    if several:
        _legend(figure, list(histories), colors, dashed=any(record.validation_loss for record in records))
    elif records[0].validation_loss:
        ends = [
            (records[0].loss[-1], "training", GREY),
            (records[0].validation_loss[-1], "validation", COLORS[0]),
        ]
        name_ends(grid[0], ends)
    return figure


def _check(histories: Mapping[str, History]) -> None:
    if not histories:
        raise ValueError("there is no training to draw: the dict of histories is empty")
    for name, record in histories.items():
        which = f"history {name!r}" if name else "the history"
        if not isinstance(record, History):
            raise TypeError(
                f"{which} must be a History, what nn.fit returns and a Classifier keeps as history_, "
                f"not {type(record).__name__}"
            )
        if not record.loss:
            raise ValueError(f"{which} has no epochs yet; train first")


def _panels(records: Sequence[History]) -> list[str]:
    """Return which lists of a history to draw."""
    panels = ["loss"]
    if any(record.validation_accuracy for record in records):
        panels.append("validation_accuracy")
    if len({rate for record in records for rate in record.learning_rate}) > 1:
        panels.append("learning_rate")
    return panels


def _panel(axes: "Axes", name: str, epochs: int) -> None:
    from matplotlib.ticker import MaxNLocator

    plain(axes)
    axes.set(xlabel="epoch", ylabel=name.replace("_", " "))
    room = 0.03 * epochs if epochs > 1 else 0.5
    axes.set_xlim(1 - room, epochs + room)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    if name == "validation_accuracy":
        percent(axes)


def _curve(axes: "Axes", values: Sequence[float], color: str, dashed: bool = False) -> None:
    axes.plot(
        range(1, len(values) + 1),
        values,
        color=color,
        linestyle="--" if dashed else "-",
        linewidth=1.3 if dashed else 2,
        marker="o" if len(values) <= FEW else "",
        markersize=3 if dashed else 4.5,
    )


def _legend(figure: "Figure", names: list[str], colors: Sequence[str], dashed: bool) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=color, linewidth=2, label=name)
        for name, color in zip(names, colors, strict=True)
    ]
    if dashed:
        handles += [
            Line2D([], [], color=GREY, linestyle="--", linewidth=1.3, label="training"),
            Line2D([], [], color=GREY, linewidth=2, label="validation"),
        ]
    figure.legend(handles=handles, loc="outside right upper", frameon=False)
