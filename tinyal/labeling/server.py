"""The labelling server: what the page asks for, and what it gets. A thin layer over `Session`."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tinyal.labeling import bodies
from tinyal.labeling.asking import Review, UnknownItem
from tinyal.labeling.events import AlreadyAnswered, Event
from tinyal.labeling.export import labels_csv, labels_json
from tinyal.labeling.page_files import Endpoint, page, read_files
from tinyal.labeling.replies import as_json, conflict, error, refused
from tinyal.labeling.security import TOKEN_HEADER, Guard, project_id
from tinyal.labeling.session import Session
from tinyal.labeling.why import sentences

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
REVIEWED = 100  # labels that are offered for a second look at once


def make_app(
    session: Session,
    *,
    token: str,
    host: str = "127.0.0.1",
    port: int,
    title: str,
) -> Guard:
    """Return the application that serves a session.

    Parameters
    ----------
    session : Session
    token : str
        What every request below ``/api/`` must have in its header ``X-Tinyal-Token``.
    host : str, optional
    port : int
        Where it is bound: requests that name another server are refused.
    title : str
        What is labelled, for the page to show.
    """
    api = Api(session, project_id(token), title)
    files = page(read_files())
    routes = [Route(path, files, methods=["GET"]) for path in ("/", "/static/{name}")]
    routes += [
        Route(f"/api/{path}", endpoint, methods=[method]) for method, path, endpoint in api.endpoints()
    ]
    handlers: Any = {
        HTTPException: refused,
        AlreadyAnswered: conflict,
        UnknownItem: error(404),
        ValueError: error(400),
        OSError: error(503),
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Guard(app, token=token, host=host, port=port)


class Api:
    """What can be asked for below ``/api/``.

    Parameters
    ----------
    session : Session
    project, title : str
    """

    def __init__(self, session: Session, project: str, title: str) -> None:
        self.session = session
        self.about = {"project": project, "title": title}

    def endpoints(self) -> list[tuple[str, str, Endpoint]]:
        """Return method, path and function of each."""
        return [
            ("POST", "next", _posted(bodies.NEXT, self.next)),
            ("POST", "answer", _posted(bodies.ANSWER, self.answer)),
            ("POST", "undo", _posted(bodies.UNDO, self.undo)),
            ("POST", "class", _posted(bodies.CLASS, self.add_class)),
            ("GET", "status", self.get_status),
            ("GET", "review", self.get_review),
            ("GET", "why/{item}", self.get_why),
            ("GET", "picture/{item}", self.get_picture),
            ("GET", "export.csv", self.get_export),
            ("GET", "export.json", self.get_export),
        ]

    def status(self, client: str | None = None, who: str | None = None) -> dict[str, Any]:
        """Return how far the work is."""
        return {**self.session.status(client, who), **self.about}

    def next(self, client: str, count: int, holding: list[int] | None) -> dict[str, Any]:
        """Hand out questions."""
        return {**asdict(self.session.next(client, count, holding or ())), "status": self.status(client)}

    def answer(self, client: str, who: str, **answer: Any) -> dict[str, Any]:
        """Take an answer, and tell what the model had guessed."""
        event = self.session.answer(client, who, **answer)
        guess = _guess(event)
        return {
            "event": event.number,
            "guess": guess,
            "agrees": None if guess is None else event.guess == event.label,
            "status": self.status(client, who),
        }

    def undo(self, client: str, who: str, request: str, of: str | None) -> dict[str, Any]:
        """Take an answer back."""
        undone = self.session.undo(client, who, request, of)
        found = asdict(undone) if undone else {"item": None, "question": None}
        return {**found, "status": self.status(client, who)}

    def add_class(self, client: str, who: str, request: str, name: str) -> dict[str, Any]:
        """Add a class."""
        self.session.add_class(client, who, request, name)
        status = self.status(client, who)
        return {"classes": status["classes"], "status": status}

    async def get_status(self, request: Request) -> Response:
        """Return how far the work is; with ``?client=`` and ``?who=`` also what is theirs."""
        asked = {name: request.query_params.get(name) for name in ("client", "who")}
        return as_json(await run_in_threadpool(self.status, **asked))

    async def get_review(self, request: Request) -> Response:
        """Return labels that are worth a second look."""
        found = await run_in_threadpool(self.session.review, REVIEWED)
        return as_json({"items": list(map(_reviewed, found))})

    async def get_why(self, request: Request) -> Response:
        """Return why an item was asked."""
        why = await run_in_threadpool(self.session.why, _item(request))
        near = [{"item": item, "label": label} for item, label in why.neighbours.items()]
        return as_json({"sentences": sentences(why), "neighbours": near})

    async def get_picture(self, request: Request) -> Response:
        """Return an image."""
        item = _item(request)
        items = self.session.items
        found = await run_in_threadpool(items.picture, item) if item < len(items) else None
        if found is None or found[1] not in PICTURES:
            raise UnknownItem(f"there is no picture of item {item}")
        # Other projects on this port have other tokens, and must not be shown these.
        kept = {"cache-control": "private, max-age=86400", "vary": TOKEN_HEADER.decode()}
        return Response(found[0], media_type=found[1], headers=kept)

    async def get_export(self, request: Request) -> Response:
        """Return all answers as a file."""
        kind = request.url.path.rpartition(".")[2]
        work = labels_csv if kind == "csv" else labels_json
        text = await run_in_threadpool(work, self.session.events(), self.session.items.name)
        media = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
        headers = {
            "content-disposition": f'attachment; filename="labels.{kind}"',
            "cache-control": "no-store",
        }
        return Response(text.encode("utf-8", "replace"), media_type=media, headers=headers)


def _posted(fields: Mapping[str, bodies.Field], work: Callable[..., Any]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        said = bodies.parse(await request.body(), fields)
        return as_json(await run_in_threadpool(work, **said))

    return endpoint


def _guess(event: Event) -> dict[str, Any] | None:
    if event.guess is None:
        return None
    return {"label": event.guess, "probability": event.probability}


def _reviewed(review: Review) -> dict[str, Any]:
    return {
        **asdict(review.question),
        "label": review.label,
        "event": review.event,
        "guess": review.guess.label,
        "probability": review.guess.probability,
    }


def _item(request: Request) -> int:
    """Return the number in a path; whatever else is there is the name of nothing."""
    text = request.path_params["item"]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UnknownItem("an item is named by its number")
    return int(text)
