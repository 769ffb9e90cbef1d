"""The witness itself: a request in, a cosignature or a refusal out; what it cosigned is durable before it answers."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from ledger.errors import Tampered
from ledger.keys.witness_key import WitnessKey
from ledger.notes.adding import MALFORMED, OK, OTHER_SIZE, Asked, Judged, judge, read_request
from ledger.notes.note import SignatureLine
from ledger.witness.state import Followed, State, read_log, write_fork, write_latest

SIZE_TYPE: Final = "text/x.tlog.size"


class Reply(NamedTuple):
    """What goes back over HTTP."""

    status: int
    body: bytes
    media_type: str


class Cosigned(NamedTuple):
    """The answer to a request: the judgement, the lines where it was cosigned, and the size that was cosigned last."""

    judged: Judged
    lines: tuple[SignatureLine, ...]
    size: int


class Cosigner:
    """One witness: its key and its state. Safe from many threads and processes."""

    def __init__(self, key: WitnessKey, state: State, clock: Callable[[], float] = time.time) -> None:
        self.key = key
        self.state = state
        self._clock = clock

    def cosign(self, asked: Asked) -> Cosigned:
        """Judge a request against what was cosigned before, put the new checkpoint down, sign it.

        The order: judged and put down in one transaction, then signed. A crash in between leaves a witness that knows a
        checkpoint it gave no line for; whoever asks again is answered.
        """
        origin = asked.checkpoint.origin
        with self.state.changing() as connection:
            found = read_log(connection, origin) or Followed((), b"", 0)
            judged = judge(asked, found.keys, found.latest)
            now = max(int(self._clock()), found.time)  # a clock that steps back makes no line older than the last
            if judged.fork:
                write_fork(connection, found, asked.note)
            if judged.checkpoint is not None:
                write_latest(connection, origin, asked.note, now)
        size = found.latest.size if found.latest else 0
        if judged.checkpoint is None:
            return Cosigned(judged, (), size)
        return Cosigned(judged, self.key.cosign(judged.checkpoint, now), judged.checkpoint.size)

    def cosign_note(self, note: bytes) -> Cosigned:
        """Judge a checkpoint that came without a proof: the first of its log, or the one that was cosigned last."""
        checkpoint = Asked(0, (), note).checkpoint
        with self.state.changing() as connection:
            found = read_log(connection, checkpoint.origin)
        latest = found.latest if found else None
        again = latest is not None and latest.size == checkpoint.size
        return self.cosign(Asked(checkpoint.size if again else 0, (), note))

    def reply(self, body: bytes) -> Reply:
        """Answer the body of an add-checkpoint request (c2sp.org/tlog-witness)."""
        try:
            asked = read_request(body)
        except Tampered as error:
            return _refusal(MALFORMED, error.message)
        done = self.cosign(asked)
        if done.judged.status == OTHER_SIZE:
            return Reply(OTHER_SIZE, f"{done.size}\n".encode(), SIZE_TYPE)
        if done.judged.status != OK:
            return _refusal(done.judged.status, done.judged.why)
        return Reply(OK, "".join(line.text for line in done.lines).encode(), "text/plain; charset=utf-8")


def _refusal(status: int, why: str) -> Reply:
    return Reply(status, f"{why}\n".encode(), "text/plain; charset=utf-8")
