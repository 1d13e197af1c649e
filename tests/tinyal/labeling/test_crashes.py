import os
import random
import sys
import time

import pytest

from tests.tinyal.labeling.served import COMMAND, ROWS, Background, Labeller, Served
from tinyal.labeling import journal as journals
from tinyal.labeling.ledger import Ledger


def kill_at_random(command, folder, kills, answers, seed, label="cat"):
    """Kill a server again and again while somebody answers; return what was acknowledged and what is written."""
    rng, labeller = random.Random(seed), Labeller(label=label)
    for _ in range(kills):
        before = len(labeller.acknowledged)
        enough = before + rng.randrange(1, 2 * max(2, answers // kills))
        with Served(command) as served:
            thread = Background(labeller.work, served)
            while len(labeller.acknowledged) < enough and thread.is_alive():
                time.sleep(0.001)
            time.sleep(rng.random() * 0.05)  # somewhere within the next answers
        thread.join()
    with Served(command) as served:
        assert labeller.work(served, max(0, answers - len(labeller.acknowledged)))
        with served.client() as client:
            reply = client.post("/api/next", json={"client": "two", "count": 1}).json()
        assert reply["questions"][0]["item"] not in {item for _, item in labeller.acknowledged}
    return labeller.acknowledged, journals.read(folder / "labels.sqlite")


def check(acknowledged, events):
    """Assert that what was acknowledged is there, once, and that nothing was answered twice."""
    labels = [event for event in events if event.action == "label"]
    assert len({event.request for event in events}) == len(events)
    assert {(event.request, event.item) for event in labels} >= set(acknowledged)
    assert len(acknowledged) == len(set(acknowledged))
    assert len({event.item for event in labels}) == len(labels)
    assert len(labels) - len(acknowledged) <= 1  # the last one, whose reply nobody heard
    assert len(Ledger(events).state.labels) == len(labels)


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    check(*kill_at_random([*ROWS, str(tmp_path), "500"], tmp_path, kills=2, answers=20, seed=0))


@pytest.mark.slow
def test_what_was_acknowledged_survives_fifty_kills(tmp_path):
    project = tmp_path / "labels"
    command = [*COMMAND, "label", "--no-browser", "--project", str(project)]
    with Served([*command, "--dataset", "digits"]):
        pass
    acknowledged, events = kill_at_random(
        [*command, "--resume"], project, kills=50, answers=1000, seed=1, label="3"
    )
    check(acknowledged, events)
    assert len(acknowledged) >= 1000


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_the_process_that_trains_ends_with_the_server(tmp_path):
    with Served(
        [*COMMAND, "label", "--no-browser", "--project", str(tmp_path / "p"), "--dataset", "digits"]
    ) as served:
        Labeller(label="3").work(served, 30)
        pid = served.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(child) for child in file.read().split()]
    assert children
    end = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{child}/stat") and not _is_zombie(child) for child in children):
        assert time.monotonic() < end, "it lives on"
        time.sleep(0.05)


def _is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.slow
def test_two_people_at_once_while_the_server_dies(tmp_path):
    command = [*ROWS, str(tmp_path), "60"]
    people = [Labeller("one", "cat"), Labeller("two", "dog")]
    for last in (False, True):
        with Served(command) as served:
            threads = [Background(person.work, served) for person in people]
            while not last and sum(len(person.acknowledged) for person in people) < 20:
                time.sleep(0.001)
            if last:
                for thread in threads:
                    thread.join()
        for thread in threads:
            thread.join()
    labels = Ledger(journals.read(tmp_path / "labels.sqlite")).state.labels
    assert {item: event.label for item, event in labels.items()} == {
        item: person.label for person in people for _, item in person.acknowledged
    }
    assert len(labels) == 60
