"""The files of the page, as they lie beside this module: read once, and served to everybody."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
Endpoint = Callable[[Request], Awaitable[Response]]


def read_files() -> dict[str, tuple[bytes, str]]:
    """Read the files of the page: later no name in a request is looked for on the disk."""
    return {
        path.name: (path.read_bytes(), KINDS[path.suffix])
        for path in STATIC.iterdir()
        if path.suffix in KINDS
    }


def page(files: Mapping[str, tuple[bytes, str]]) -> Endpoint:
    """Return what serves one of these files: the one that is named in the path, or else index.html."""

    async def serve(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in files:
            raise HTTPException(404)
        content, kind = files[name]
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    return serve
