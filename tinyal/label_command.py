"""``tinyal label PHOTOS``: a page on which a person labels, and a model that learns in between."""

import argparse
import importlib.util
import shlex
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinynn.arguments import whole_number
from tinynn.datasets import NAMES

if TYPE_CHECKING:
    from tinyal.labeling.project import Project
    from tinyal.labeling.session import Session
    from tinyal.labeling.trainer import Trainer

DESCRIPTION = (
    "Label images or rows of your own: a page opens in the browser, the most informative ones come first, you answer "
    "with the keyboard, and a model learns in between. Every answer is kept at once; Ctrl-C ends, --resume goes on."
)
EXAMPLE = """\
examples:
  tinyal label photos --classes cat,dog       a folder of images; subfolders may name classes
  tinyal label photos --resume                go on
  tinyal label flowers.csv --text-column note
  tinyal label --dataset digits               to try it out
  tinyal label --dataset digits --simulate    watch the loop answer itself
"""
SERVER = ("starlette", "uvicorn")
SIMULATED = 200  # answers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.set_defaults(command=run)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLE
    add: Any = parser.add_argument
    add("source", type=Path, nargs="?", metavar="SOURCE", help="a folder of images, .npy, .npz or .csv")
    add("--dataset", choices=NAMES, help="instead of a source: the training images of a data set")
    add(
        "--project", type=Path, metavar="DIR", help="folder for the labels (default: SOURCE-labels beside it)"
    )
    add("--resume", action="store_true", help="go on with a project")
    add(
        "--classes",
        metavar="A,B,C",
        help="by default what subfolders or labels tell; more can be added on the page",
    )
    add("--size", type=_size, metavar="N", help="pixels of images as the model sees them, N or HxW")
    add("--text-column", metavar="NAME", help="a column of the table that is for you to read")
    add(
        "--strategy",
        metavar="NAME",
        help="what to ask after the first labels (default margin); compare --list",
    )
    add("--random-share", type=float, metavar="P", help="of questions drawn at random (default 0.1)")
    add("--layers", metavar="WORDS", help='the network, as in "flatten, dense 64, relu, dropout 0.3, dense"')
    add("--steps", type=whole_number, metavar="N", help="batches in a training (default 300)")
    add("--port", type=_port, metavar="N", help="of the page (default 8765, or another that is free)")
    add("--host", default="127.0.0.1", help="let other machines in; by default none can (read the warning)")
    add("--no-browser", action="store_true", help="show the address only")
    add(
        "--simulate",
        type=whole_number,
        nargs="?",
        const=SIMULATED,
        metavar="N",
        help=f"answer N questions by the known labels of a data set (default {SIMULATED}), without a page",
    )


def run(options: argparse.Namespace, arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    if options.simulate is None:
        _check_server()
    from tinyal.labeling import beginning

    with ExitStack() as ending:
        # As Ctrl-C: close what is open.
        ending.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _end))
        if options.simulate is not None and options.project is None:
            folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="tinyal-"))
            options.project = Path(folder) / "labels"
        project = beginning.open_project(options)
        ending.enter_context(project.lock())
        try:
            return _work(project, options)
        except KeyboardInterrupt:
            if options.simulate is None:
                print(f"\nInterrupted. To go on:\n  {_again(project)}", file=sys.stderr)
            return 130


def _work(project: "Project", options: argparse.Namespace) -> int:
    from tinyal.labeling import beginning
    from tinyal.labeling.session import Session
    from tinyal.labeling.trainer import Trainer

    settings = beginning.settings_of(project, options)
    try:
        items = beginning.open_items(project, settings)
        journal = project.journal(items)
    except (ValueError, OSError):
        if not options.resume:
            beginning.take_back(project)
        raise
    try:
        session = Session(items, journal, settings)
        trainer = Trainer(session, items.features, settings, project.model_path)
        try:
            if options.simulate is not None:
                return _simulate(project, session, trainer, options.simulate)
            return _serve(project, session, options)
        finally:
            trainer.stop()
    finally:
        journal.close()


def _check_server() -> None:
    missing = [name for name in SERVER if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            f"the page needs {' and '.join(missing)}: pip install 'tinynn[label]', or in a clone pip install -e "
            "'.[label]'. Without them, --simulate shows how it works"
        )


def _serve(project: "Project", session: "Session", options: argparse.Namespace) -> int:
    from tinyal.labeling import serving
    from tinyal.labeling.security import is_local, project_token
    from tinyal.labeling.server import make_app
    from tinyal.proportions import clopper_pearson

    token = project_token(project.folder)
    listening = serving.bind(options.host, options.port)
    port = listening.getsockname()[1]
    app = make_app(session, token=token, host=options.host, port=port, title=project.title)
    url = serving.address(options.host, port, token)
    status = session.status()
    print(f"{status['total']:,} items, {status['answered']:,} answered; labels are kept in {project.folder}")
    if not status["classes"]:
        print(_no_classes(project))
    if not is_local(options.host):
        print(
            f"WARNING: --host {options.host} lets other machines in. Whoever has the address below can see all images "
            "and\nchange all labels, and everybody on the way can read along: there is no encryption. Only in a "
            "network that you trust."
        )
    print(f"Open {url}\nCtrl-C ends.", flush=True)
    if not options.no_browser:
        serving.open_browser(url, project.folder)
    # What intervals are computed with takes a while to import, and the first answer that needs one shall not wait.
    threading.Thread(target=clopper_pearson, args=(1, 2), daemon=True).start()
    with suppress(KeyboardInterrupt):
        serving.serve(app, listening)
    status = session.status()
    print(f"\nEnded. {status['labelled']:,} labels are kept. To go on:\n  {_again(project)}")
    return 0


def _no_classes(project: "Project") -> str:
    """Say how classes come to be, where none are known."""
    folder = project.source is not None and project.source.is_dir()
    subfolders = f", and so do subfolders of {project.title} that are called cat and dog" if folder else ""
    return (
        "There are no classes yet: press + on the page and type the name of the first one.\n"
        f"A project that begins with --classes cat,dog has these{subfolders}."
    )


def _again(project: "Project") -> str:
    return shlex.join(["tinyal", "label", "--resume", "--project", str(project.folder)])


def _simulate(project: "Project", session: "Session", trainer: "Trainer", answers: int) -> int:
    from tinyal.labeling import kept_model, self_answering

    truth = session.items.truth
    if truth is None:
        raise ValueError("--simulate answers by labels that are known, those of --dataset digits for example")
    print(
        f"{project.title}: {len(truth):,} items, {answers} answers by their true labels, no page.\n",
        flush=True,
    )
    self_answering.answer_all(session, trainer, truth, answers, lambda line: print(line, flush=True))
    self_answering.wait(trainer)
    if session.findings.problem:
        raise RuntimeError(session.findings.problem)
    if not session.findings.trained_on:
        raise ValueError(f"{answers} answers are too few for a model; --simulate {SIMULATED}")
    kept = kept_model.load(project.model_path)
    right, of = self_answering.true_accuracy(session, kept.network, kept.classes, truth)
    print(
        f"\nThe truth is known here: of {of:,} items without a label the model gets {right / max(1, of):.1%} right."
    )
    return 0


def _end(number: int, frame: Any) -> None:
    sys.exit(128 + number)


def _port(text: str) -> int:
    number = whole_number(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number up to 65535, not {text}")
    return number


def _size(text: str) -> tuple[int, int]:
    height, by, width = text.lower().partition("x")
    return whole_number(height), whole_number(width if by else height)
