"""Pictures: how a training went, what weights look like, what a model mistakes, and where it draws its borders.

Every function returns a Matplotlib figure and writes no file: ``figure.savefig("picture.png", dpi=130)`` does. Figures
are made without pyplot, so no window opens and no display is needed; a notebook shows the figure that a cell returns.
"""

from tinynn.plotting.curves import plot_history
from tinynn.plotting.mistakes import plot_confusion, plot_mistakes
from tinynn.plotting.regions import plot_decision_regions
from tinynn.plotting.weights import plot_kernels, plot_weights

__all__ = [
    "plot_confusion",
    "plot_decision_regions",
    "plot_history",
    "plot_kernels",
    "plot_mistakes",
    "plot_weights",
]
