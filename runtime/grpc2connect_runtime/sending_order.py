"""Which of a connection's streams sends next: one after the other.

hypercorn 0.18 keeps a tree of priorities for it, which each call is put into and taken out of. gRPC has no priorities
of streams, and HTTP/2 has given them up (RFC 9113, section 5.3).
"""

from __future__ import annotations

from priority.priority import DeadlockError, MissingStreamError

__all__ = ["SendingOrder"]


class SendingOrder:
    """Has what hypercorn uses of `priority.PriorityTree`."""

    def __init__(self, streams: dict[int, bool]) -> None:
        """Take the streams over; True are those that may send."""
        self._known = set(streams)
        self._ready = dict.fromkeys(stream_id for stream_id, is_ready in streams.items() if is_ready)

    def insert_stream(
        self, stream_id: int, depends_on: int | None = None, weight: int = 16, exclusive: bool = False
    ) -> None:
        """Add a stream; it may send."""
        self._known.add(stream_id)
        self._ready[stream_id] = None

    def reprioritize(
        self, stream_id: int, depends_on: int | None = None, weight: int = 16, exclusive: bool = False
    ) -> None:
        """Do nothing."""

    def remove_stream(self, stream_id: int) -> None:
        """Forget a stream."""
        self._known.discard(stream_id)
        self._ready.pop(stream_id, None)

    def block(self, stream_id: int) -> None:
        """Let a stream wait."""
        self._ready.pop(stream_id, None)

    def unblock(self, stream_id: int) -> None:
        """Let a stream send.

        Raises:
            MissingStreamError: it is not there.
        """
        if stream_id not in self._known:
            raise MissingStreamError(f"there is no stream {stream_id}")
        self._ready.setdefault(stream_id)

    def __next__(self) -> int:
        for stream_id in self._ready:
            del self._ready[stream_id]
            self._ready[stream_id] = None
            return stream_id
        raise DeadlockError("no stream may send")
