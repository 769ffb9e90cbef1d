"""The witness itself: a request in, a cosignature or a refusal out; what it cosigned is durable before it answers."""

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple

from ledger.errors import Tampered
from ledger.keys.witness_key import WitnessKey
from ledger.notes.adding import MALFORMED, OK, OTHER_SIZE, SIZE_TYPE, UNKNOWN_LOG, Asked, Judged, judge, read_request
from ledger.notes.note import Note, SignatureLine, parse_note, render_note
from ledger.witness.state import Followed, State, read_log, write_fork, write_latest

_TEXT: Final = "text/plain; charset=utf-8"


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
        """Judge a request against what was cosigned before, sign it, and put it down.

        All in one transaction, which is durable before the lines are returned. A crash before that leaves nothing, and
        lines that nobody saw; one after it leaves a witness that gave no answer: whoever asks again is answered.
        """
        origin = asked.checkpoint.origin
        with self.state.changing() as connection:
            found = read_log(connection, origin) or Followed((), b"", 0)
            judged = judge(asked, found.keys, found.latest)
            now = max(int(self._clock()), found.time)  # a clock that steps back makes no line older than the last
            if judged.fork:
                write_fork(connection, found, asked.note)
            if judged.checkpoint is None:
                return Cosigned(judged, (), found.latest.size if found.latest else 0)
            lines = self.key.cosign(judged.checkpoint, now)
            write_latest(connection, origin, _kept(asked.note, found, lines), now)
        return Cosigned(judged, lines, judged.checkpoint.size)

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
        return Reply(OK, "".join(line.text for line in done.lines).encode(), _TEXT)

    def latest(self, digest: str) -> Reply:
        """Answer who asks for the newest cosigned checkpoint of the log whose origin has this SHA-256 (hex)."""
        for found in self.state.logs():
            if sha256(found.origin.encode()).hexdigest() == digest and found.note:
                return Reply(OK, found.note, _TEXT)
        return _refusal(UNKNOWN_LOG, "nothing of that log was cosigned here")


def _kept(note: bytes, found: Followed, lines: tuple[SignatureLine, ...]) -> bytes:
    """The note as it is kept and shown: the log's own lines, and the witness's."""
    known = {(key.name, key.key_id) for key in found.keys}
    parsed = parse_note(note)
    own = tuple(line for line in parsed.signatures if (line.name, line.key_id) in known)
    return render_note(Note(parsed.text, (*own, *lines)))


def _refusal(status: int, why: str) -> Reply:
    return Reply(status, f"{why}\n".encode(), _TEXT)
