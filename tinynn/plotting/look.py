"""The look of all pictures: colours that stay apart for every kind of colour vision, and axes without ornament."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

# Okabe & Ito's palette, which stays apart for all common kinds of colour vision; black and yellow left out.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# Paul Tol's "muted" palette, made for the same purpose, with a dark grey: for pictures with seven to ten classes.
MANY_COLORS = (
    "#332288",
    "#CC6677",
    "#117733",
    "#88CCEE",
    "#DDCC77",
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
    "#555555",
)
GREY, DARK, LIGHT, FAINT = "#6B6B6B", "#202020", "#C8C8C8", "#E6E6E6"
DIVERGING = "RdBu_r"  # blue below zero, white, red above: told apart by all common kinds of colour vision


def palette(n: int, what: str) -> tuple[str, ...]:
    """Return n colours that stay apart, for n of what is drawn."""
    if n > len(MANY_COLORS):
        raise ValueError(
            f"{n} {what} are more than colours can tell apart, which is {len(MANY_COLORS)}; draw fewer, or several "
            "pictures"
        )
    return (COLORS if n <= len(COLORS) else MANY_COLORS)[:n]


def new_figure(width: float, height: float) -> "Figure":
    """Make a figure of this size in inches, whose parts arrange themselves."""
    # A Figure of its own, without pyplot: no window, no global list of figures, whatever backend is set.
    from matplotlib.figure import Figure

    # "compressed" also knows images and planes, whose sides must keep their ratio.
    return Figure(figsize=(width, height), layout="compressed")


def plain(axes: "Axes", title: str = "") -> None:
    """Leave out the frame's upper and right side, and put the title at the left."""
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)


def bare(axes: "Axes", title: str = "", note: str = "") -> None:
    """Leave out the whole frame, for images, and put a note below in grey."""
    axes.set_title(title, loc="left", fontsize=11)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(note, loc="left", fontsize=8, color=GREY)


def percent(axes: "Axes") -> None:
    """Write shares along the vertical axis in percent, with as many decimals as the range needs."""
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.6g}%")


def shades(color: str) -> "LinearSegmentedColormap":
    """Return the colour map from white to one colour."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(f"white to {color}", ["#FFFFFF", color])


def name_ends(axes: "Axes", ends: Iterable[tuple[float, str, str]]) -> None:
    """Write names beside the ends of curves, (height, name, colour) each, moved apart where they would overlap."""
    ends = sorted(end for end in ends if np.isfinite(end[0]))
    low, high = axes.get_ylim()
    inches = axes.get_window_extent().height / axes.figure.dpi
    gap = (high - low) * 0.2 / inches
    places = [end for end, _, _ in ends]
    for _ in range(100):
        for i in range(len(places) - 1):
            overlap = gap - (places[i + 1] - places[i])
            if overlap > 0:
                places[i] -= overlap / 2
                places[i + 1] += overlap / 2
    for (_, name, color), place in zip(ends, places, strict=True):
        axes.annotate(
            name,
            xy=(1.02, place),
            xycoords=axes.get_yaxis_transform(),
            color=color,
            va="center",
            annotation_clip=False,
        )
