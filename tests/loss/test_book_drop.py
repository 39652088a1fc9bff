"""A book drop works for an hour while the library is down: all writes arrive once and in order, live traffic first."""

from collections import Counter

import pytest

from sip2gw.sip2 import Trailer, format, messages

from .kinds import BY_NAME
from .scene import Scene, Stage
from .writes import Write, said_yes, stocked

BOOKS = 60
"""One each minute."""
LIBRARY = "drop"
BACK = [Write(BY_NAME["checkin"], LIBRARY, n) for n in range(BOOKS)]
LIVE = Write(BY_NAME["checkout"], LIBRARY, BOOKS)
STATUS = format(messages.SCStatus(max_print_width=80), Trailer())
DROP = '[[libraries.terminals]]\nlocation = "Drop"\nprofile = "book-drop"\n'


@pytest.fixture
def scene(tmp_path):
    with Stage(tmp_path, [stocked(LIBRARY, [*BACK, LIVE])]) as stage, Scene(stage, DROP, jumps=True) as scene:
        yield scene


def lent_again(write):
    """The same item goes to another reader at a kiosk that is offline, and comes back."""
    other = Write(BY_NAME["checkout, no block"], LIBRARY, write.n)
    return other.kind.request(other, other.moment).but(patron_identifier=write.other)


def test_writes_of_an_hour_without_the_library_arrive_once_in_order(scene):
    drop, kiosk = scene.connect("Drop"), scene.connect("Kiosk")
    scene.stage.run(scene.proxy.stop())
    for write in BACK:
        assert said_yes(write, scene.ask(drop, write.line()))
        scene.front.hand.move(60.0)
    first = BACK[0]
    assert scene.ask(kiosk, format(lent_again(first), Trailer("3", True))).startswith(b"121")
    again = first.kind.request(first, first.moment).but(item_properties="again")
    assert scene.ask(drop, format(again, Trailer("4", True))).startswith(b"101")
    assert scene.ledger() == []

    scene.stage.run(scene.proxy.fix())
    while not scene.ask(kiosk, STATUS).startswith(b"98Y"):
        scene.front.hand.move(1.0)
    assert said_yes(LIVE, scene.ask(kiosk, LIVE.line()))
    before = [row["kind"] for row in scene.ledger()]
    assert before.count("return") < BOOKS // 2, "a terminal that waits comes before what can wait"
    scene.settle()

    ledger = scene.ledger()
    done = Counter((row["kind"], row["accession_no"]) for row in ledger)
    wanted = Counter(("return", write.item) for write in [*BACK, first])
    assert done == wanted + Counter([("loan", first.item), ("loan", LIVE.item)])
    assert [row["kind"] for row in ledger if row["accession_no"] == first.item] == [
        "return",
        "loan",
        "return",
    ]
