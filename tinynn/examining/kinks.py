"""Which layer bends: a kink is traced to the first layer whose output bends although its input does not."""

from typing import Any

import numpy as np

from tinynn.examining.listening import listening
from tinynn.examining.sessions import NetworkSession, Session
from tinynn.examining.specimen import is_machine, parts
from tinynn.oracles import Move


def bending_layer(session: Session, move: Move, h: float) -> str:
    """Name the place of a kink within ±h along a move."""
    model = session.model if isinstance(session, NetworkSession) else session
    specimen: Any = getattr(model, "specimen", None)
    if specimen is None:
        return "the function"
    leaves = [
        (path.rstrip("."), part)
        for path, part in parts(specimen.object)
        if path and not any(is_machine(value) for value in getattr(part, "layers", ()))
    ]
    pictures: list[dict[str, np.ndarray]] = []
    for t in (-h, 0.0, h):
        move(t)
        pictures.append(_outputs(session, leaves))
    move(0.0)
    for path, _ in leaves:
        if all(path in picture for picture in pictures):
            below, at, above = (picture[path] for picture in pictures)
            slope = np.abs(above - below).max(initial=0)
            if np.abs(above - 2 * at + below).max(initial=0) > 1e-3 * slope:
                return f"layer {path}" if path[0].isdigit() or "layers" in path else path
    return specimen.name


def _outputs(session: Session, leaves: list[tuple[str, Any]]) -> dict[str, np.ndarray]:
    """Go forward and keep a copy of what every inner layer put out."""
    kept: dict[str, np.ndarray] = {}

    def keep(path: str, x: Any, y: Any) -> None:
        kept[path] = np.array(y)

    with listening(leaves, keep):
        session.forward()
    return kept
