"""A labelling server without a model: ``python -m tests.tinyal.labeling.serve_rows FOLDER ROWS``."""

import sys
from pathlib import Path

from tests.tinyal.labeling.sessions import rows
from tinyal.labeling import serving
from tinyal.labeling.journal import Journal
from tinyal.labeling.security import project_token
from tinyal.labeling.server import make_app
from tinyal.labeling.session import Session
from tinyal.labeling.settings import Settings

if __name__ == "__main__":
    folder, items = Path(sys.argv[1]), rows(int(sys.argv[2]))
    journal = Journal(folder / "labels.sqlite")
    journal.add_known(items.classes, items.known)
    token, listening = project_token(folder), serving.bind("127.0.0.1", None)
    port = listening.getsockname()[1]
    app = make_app(Session(items, journal, Settings()), token=token, port=port, title="rows")
    print(serving.address("127.0.0.1", port, token), flush=True)
    serving.serve(app, listening)
