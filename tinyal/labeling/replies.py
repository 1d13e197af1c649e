"""What the labelling server says: JSON, also where it refuses, with a sentence that a person can read."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tinyal.labeling.events import AlreadyAnswered


def as_json(content: Any, status: int = 200) -> Response:
    """Return a reply that no browser keeps."""
    # ASCII, for a text may hold half a character, which has no UTF-8.
    body = json.dumps(content, allow_nan=False).encode("ascii")
    return Response(body, status, media_type="application/json", headers={"cache-control": "no-store"})


def error(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what answers an exception by its own words, under this status."""

    async def handle(request: Request, exception: Exception) -> Response:
        return as_json({"error": str(exception)}, status)

    return handle


async def conflict(request: Request, news: AlreadyAnswered) -> Response:
    """Say which answer stands."""
    standing = news.standing
    return as_json(
        {
            "error": str(news),
            "label": standing.label,
            "who": standing.who,
            "action": standing.action,
            "event": standing.number,
        },
        409,
    )


async def refused(request: Request, why: HTTPException) -> Response:
    """Say that there is nothing at an address, or not for this method."""
    words = {404: "there is nothing here", 405: f"{request.method} is not for this address"}
    response = as_json({"error": words.get(why.status_code, why.detail)}, why.status_code)
    response.headers.update(why.headers or {})
    return response
