"""Which part of a network is wrong: its loss and each of its layers are checked alone, at their own inputs."""

from dataclasses import replace
from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.evidence import Diagnosis, Evidence
from tinynn.examining.listening import listening
from tinynn.examining.sessions import NetworkSession
from tinynn.examining.specimen import is_machine
from tinynn.examining.subjects import Subject, layer_subject, loss_subject


def parts(e: Evidence, mode: str) -> list[Diagnosis]:
    """Return the diagnoses of the parts that are wrong, from the loss down, each with its place."""
    from tinynn.examining.examination import examine

    found: list[Diagnosis] = []
    rng = np.random.default_rng(0)
    for place, subject in inner_subjects(e.subject):
        try:
            report = examine(subject, rng, mode)
        except UnusableError as error:
            found.append(Diagnosis(error.code, f"{place}: {error}", "", error.where))
            continue
        for d in report.diagnoses:
            variables = tuple(name for name in e.wrong if name.startswith(place.removeprefix("layer ") + "."))
            found.append(
                replace(
                    d,
                    sentence=f"{place}: {d.sentence}",
                    look=f"{place}; {d.look}",
                    variables=variables or tuple(e.wrong),
                )
            )
    return found


def inner_subjects(subject: Subject) -> list[tuple[str, Subject]]:
    """Return loss and layers as subjects of their own, where the network is a chain of layers."""
    session: Any = subject.open(np.float64)
    session.forward()
    found: list[tuple[str, Subject]] = []
    if isinstance(session, NetworkSession):
        outputs = session.loss.arrays["outputs"]
        found.append(
            (f"loss {type(subject.loss).__name__}", loss_subject(subject.loss, outputs, session.loss.targets))
        )
        session = session.model
    specimen = getattr(session, "specimen", None)
    layers = getattr(specimen.object, "layers", None) if specimen else None
    if specimen is None or not isinstance(layers, list) or not all(map(is_machine, layers)) or not layers:
        return found
    inputs = _inputs(session, layers)
    for k in reversed(range(len(layers))):
        if k in inputs:
            found.append(
                (
                    f"layer {k} {type(layers[k]).__name__}",
                    layer_subject(layers[k], inputs[k], subject.training),
                )
            )
    return found


def _inputs(session: Any, layers: list[Any]) -> dict[int, np.ndarray]:
    """Go forward once and keep what each layer was given."""
    kept: dict[int, np.ndarray] = {}

    def keep(k: int, x: Any, y: Any) -> None:
        kept[k] = np.array(x)

    with listening(enumerate(layers), keep):
        session.forward()
    return kept
