"""Who is looking at which item: an item is with one browser at a time, and comes back when that one falls silent."""

from collections.abc import Callable

SECONDS = 120.0  # without a sign of a client, after which its items go to others


class Leases:
    """Items that are on somebody's screen, or about to be.

    Parameters
    ----------
    clock : callable
        Returns seconds; it never goes back.

    Examples
    --------
    >>> now = 0.0
    >>> leases = Leases(lambda: now)
    >>> leases.seen("ann")
    >>> leases.take(7, "ann")
    >>> leases.holder(7)
    'ann'
    >>> now = 121.0
    >>> leases.lapsed(), leases.holder(7)
    ([7], None)
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, float] = {}
        self._holder: dict[int, str] = {}
        self._items: dict[str, dict[int, None]] = {}  # of each client, in the order in which they were taken

    def seen(self, client: str) -> None:
        """Note a sign of a client: its leases go on."""
        self._seen[client] = self._clock()

    def take(self, item: int, client: str) -> None:
        """Lease a free item to a client that was seen."""
        self._holder[item] = client
        self._items.setdefault(client, {})[item] = None

    def release(self, item: int) -> None:
        """End a lease, if there is one."""
        client = self._holder.pop(item, None)
        if client is not None:
            del self._items[client][item]

    def holder(self, item: int) -> str | None:
        """Return the client that has an item, if one has."""
        return self._holder.get(item)

    def held(self, client: str) -> list[int]:
        """Return a client's items in the order in which it got them."""
        return list(self._items.get(client, ()))

    def all(self) -> list[int]:
        """Return every item that is leased."""
        return list(self._holder)

    def lapsed(self) -> list[int]:
        """Forget clients that were silent for too long, and return their items, free now."""
        free = []
        for client in self._silent():
            del self._seen[client]
            for item in self._items.pop(client, ()):
                del self._holder[item]
                free.append(item)
        return free

    def others(self, client: str | None) -> int:
        """Return how many other clients there are."""
        return len(self._seen.keys() - set(self._silent()) - {client})

    def _silent(self) -> list[str]:
        now = self._clock()
        return [client for client, when in self._seen.items() if now - when > SECONDS]
