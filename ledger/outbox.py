"""What `record` does when the ledger cannot take a statement: it is signed, spooled, and delivered later.

    what is in the way                            what happens
    the store is away, locked, full; the clock    spooled for this ledger
      is behind the log
    no ledger is found                            spooled for any ledger, or for the place that was named
    the author's key is not authorised yet        spooled for this ledger
    there is no key, or it needs a passphrase     kept as an unsigned draft
    LEDGER_MODE=spool                             spooled, and the ledger is not asked
    LEDGER_MODE=off                               nothing is recorded; said once
    LEDGER_REQUIRE=1                              the error is raised, nothing is spooled
    the event itself is wrong (`Misuse`)          raised; its fields are kept as a draft that the error names
    the spool fails, too                          `Unavailable`

An outage costs one line of warning, not one a statement; what waits goes out before the next statement that succeeds.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ledger import encoding, statement
from ledger.authoring import Author, Said, Signed, event_of
from ledger.away import away_author
from ledger.config import Place, chosen_mode, resolve
from ledger.errors import Conflict, LedgerError, Misuse, Tampered, Unavailable
from ledger.fresh import new_id
from ledger.receipts import Receipt, Recorded
from ledger.spool import drafts
from ledger.spool.file import Spool, spool_path
from ledger.spool.flush import flush
from ledger.spool.item import Target, same_statement
from ledger.spool.seen import Seen, keep_seen, place_name, read_seen
from ledger.spool.words import fix_of, kept, type_of, unsigned, waits
from ledger.telemetry import log as _log
from ledger.telemetry import recorded, span

if TYPE_CHECKING:
    from ledger.api import Ledger

RETRY_SECONDS: Final = 10.0  # after a ledger was not reached, nothing waits for it again for so long
LOOK_SECONDS: Final = 60.0  # how often what waits without reason to move is tried again
FLUSH_A_RECORD: Final = 64  # waiting statements that go out with one that is recorded
KEPT: Final = frozenset(("no_ledger", "no_key", "passphrase", "unauthorised"))  # `Misuse` that the user can mend later
_UNSIGNED: Final = frozenset(("no_key", "passphrase"))
_SAID: Final = "; nothing was recorded"


class Outbox:
    """Records in one ledger, reachable or not. `reach` opens it, `find` says where it should be.

    `kept` are the codes of `Misuse` that cost no statement; `keeps_drafts`: of an event that is refused, the fields
    are kept.
    """

    def __init__(
        self,
        reach: "Callable[[], Ledger]",
        find: Callable[[], Place] = resolve,
        *,
        actor: str | None = None,
        kept: frozenset[str] = KEPT,
        keeps_drafts: bool = True,
    ) -> None:
        self.spool = Spool(spool_path())
        self._reach = reach
        self._find = find
        self._actor = actor
        self._kept, self._keeps_drafts = kept, keeps_drafts
        self._place: Place | None = None
        self._blocked: tuple[float, LedgerError, Ledger | None] | None = None
        self._warned: set[str] = set()
        self._looked: tuple[tuple[int, ...], float] = ((), 0.0)
        self._seen = False
        self._away: tuple[Target, Author] | None = None

    def record(self, what: Any, fields: dict[str, Any]) -> Receipt:
        """Record one event, or keep it: see the table above. The receipt's `state` says which."""
        mode = chosen_mode(self._settings())
        if mode == "off":
            return self._off(what, fields)
        try:
            with span("record") as at:
                receipt = self._record(what, fields) if mode == "record" else self._keep(what, fields, None, None)
                recorded(receipt, at)
        except Misuse as error:
            if self._keeps_drafts:
                error.draft = self._draft(what, fields, error)
            raise
        return receipt

    def record_many(self, events: "Iterable[Said]") -> Recorded:
        """Record many events in batches; where the ledger is not reached, each is spooled by itself.

        Where it is lost on the way, `Unavailable` is raised: what was recorded before stays.
        """
        mode = chosen_mode(self._settings())
        if mode == "off":
            self._off("many", {})
            return Recorded(0, -1, -1)
        why: LedgerError | None = None
        ledger: Ledger | None = None
        if mode == "record":
            try:
                ledger = self._at_hand()
                ledger._author()
            except (Unavailable, Misuse) as error:
                if isinstance(error, Misuse) and error.code not in self._kept:
                    raise
                why = error
            else:
                self.deliver(ledger)
                return ledger.record_many(events)
        count = 0
        for event in events:
            what, fields = event_of(event)
            if self._keep(what, fields, why, ledger).state != "spooled":
                raise Misuse(f"{count:,} events were spooled, then no key signed", "ledger key new", code="no_key")
            count += 1
        return Recorded(count, -1, -1, spooled=count)

    def retry_now(self) -> None:
        """Try the ledger with the next statement, however lately it was away."""
        if self._blocked is not None:
            self._blocked = (float("-inf"), *self._blocked[1:])

    def _settings(self) -> Place | None:
        if self._place is None:
            try:
                self._place = self._find()
            except Misuse as error:
                if error.code != "no_ledger":
                    raise
        return self._place

    def _record(self, what: Any, fields: dict[str, Any]) -> Receipt:
        ledger: Ledger | None = None
        try:
            ledger = self._at_hand()
            author = ledger._author()
        except (Unavailable, Misuse) as error:
            if isinstance(error, Misuse) and error.code not in self._kept:
                raise
            return self._keep(what, fields, error, ledger)
        self.deliver(ledger)
        signed = None
        try:
            signed = author.sign(what, fields)
            try:
                receipt = ledger._place(signed)
            except Misuse as error:
                if error.code != "log_missing":
                    raise
                signed = author.sign(what, fields)  # by the rule table that another writer set meanwhile
                receipt = ledger._place(signed)
        except (Unavailable, Misuse) as error:
            if isinstance(error, Misuse) and error.code not in self._kept & _UNSIGNED:
                raise
            return self._keep(what, fields, error, ledger, signed)
        self._reached(ledger)
        return receipt

    def _at_hand(self) -> "Ledger":
        if self._blocked is not None:
            until, error, _ = self._blocked
            if time.monotonic() < until:
                raise error.with_traceback(None)
        return self._reach()

    def _reached(self, ledger: "Ledger") -> None:
        self._blocked = self._away = None
        self._warned.clear()
        if not self._seen:
            self._seen = True
            who = ledger.identity
            seen = Seen(ledger.genesis_leaf, ledger.origin, who.actor, who.signer.credential.id)
            keep_seen(self.spool.path, place_name(ledger.place), seen)

    # ---- keeping ----

    def _keep(
        self, what: Any, fields: dict[str, Any], why: LedgerError | None, ledger: "Ledger | None",
        signed: Signed | None = None,
    ) -> Receipt:  # fmt: skip
        """Spool a statement; where nobody can sign it, keep its fields. Raises `why` where that is asked for."""
        if why is not None and (os.environ.get("LEDGER_REQUIRE") == "1" or "expected_head" in fields):
            raise why
        if why is not None and not self._is_blocked():
            self._blocked = (time.monotonic() + (RETRY_SECONDS if why.code != "no_ledger" else 0.0), why, ledger)
        if ledger is None and self._blocked is not None:
            ledger = self._blocked[2]
        try:
            target, author = self._away or self._sign_away(ledger)
            signed = signed or author.sign(what, fields)
        except Misuse as error:
            if error.code not in _UNSIGNED:
                raise
            return self._unsigned(what, fields, error, why)
        return self._put(target, signed, why, timed="time" in fields)

    def _sign_away(self, ledger: "Ledger | None") -> tuple[Target, Author]:
        """Who signs, and for which log; until the ledger is reached again."""
        place = self._settings()
        seen = read_seen(self.spool.path).get(place_name(place)) if place else None
        target = self._target(place, ledger, seen)
        self._away = target, away_author(target, place, ledger, seen, self._actor)
        return self._away

    def _is_blocked(self) -> bool:
        return self._blocked is not None and time.monotonic() < self._blocked[0]

    def _target(self, place: Place | None, ledger: "Ledger | None", seen: Seen | None) -> Target:
        if ledger is not None:
            return Target(ledger.genesis_leaf, "", ledger.origin)
        if place is None:
            return Target()
        if place.genesis:
            return Target(place.genesis, "", place.origin)
        if seen is not None:
            return Target(seen.genesis, "", seen.origin)
        return Target("", place_name(place), place.origin)

    def _put(self, target: Target, signed: Signed, why: LedgerError | None, *, timed: bool) -> Receipt:
        said, item = signed.item.fields, signed.item
        reason = why.message.removesuffix(_SAID) if why else "by choice (mode spool)"
        hash, again = item.hash.hex(), False
        try:
            again = self.spool.put(
                target, said["id"], item.body, signed.signatures, signed.disclosures, since=_now(), why=reason
            )
        except Conflict:
            there = self.spool.find(said["id"])
            if there is None or not same_statement(there.said, said, timed=timed):
                raise
            said, hash, again = there.said, statement.statement_hash(there.body).hex(), True
        except (Misuse, Tampered, Unavailable) as second:
            raise Unavailable(
                f"{reason}; and the spool failed: {second.message.removesuffix(_SAID)}{_SAID}",
                second.fix, code="spool_failed",
            ) from why  # fmt: skip
        receipt = kept(said, "spooled", reason, hash=hash, again=again)
        if why is not None:
            self._warn(why, reason, target)
        _flush_behind(self)
        return receipt

    def _warn(self, why: LedgerError, reason: str, target: Target) -> None:
        """One line for an outage."""
        if why.code in self._warned:
            return
        self._warned.add(why.code)
        count = self.spool.count()[0]
        _log.warning("%s; kept in the spool (%s); fix: %s", reason, waits(count), fix_of(why, target))

    # ---- what is not signed ----

    def _unsigned(self, what: Any, fields: dict[str, Any], no_key: Misuse, why: LedgerError | None) -> Receipt:
        draft = self._draft(what, fields, no_key)
        if not draft:
            raise no_key
        both = why is not None and why.code == "no_ledger"
        reason = f"{why.message}, and {no_key.message}" if why is not None and both else no_key.message
        if no_key.code not in self._warned:
            self._warned.add(no_key.code)
            fix = why.fix if why is not None and both else no_key.fix
            _log.warning("%s; kept as an unsigned draft; fix: %s, then ledger record --draft %s", reason, fix, draft)
        return unsigned(draft, what, fields, "draft", reason)

    def _draft(self, what: Any, fields: dict[str, Any], why: Misuse) -> str:
        """Keep the fields of an event; return the draft's id, or nothing where they cannot be kept."""
        said = dict(fields)
        if not isinstance(what, str):
            said |= {name: value for name in what.__struct_fields__ if (value := getattr(what, name)) is not None}
        id = said["id"] if encoding.is_id(str(said.get("id"))) else new_id()
        draft = drafts.Draft(id=id, type=type_of(what), fields=said, why=str(why), saved=_now())
        try:
            return id if drafts.keep(drafts.folder_of(self.spool.path), draft) else ""
        except OSError:
            return ""

    def _off(self, what: Any, fields: dict[str, Any]) -> Receipt:
        if "off" not in self._warned:
            self._warned.add("off")
            _log.warning("LEDGER_MODE is off: nothing is recorded")
        return unsigned(new_id(), what, fields, "off", "by choice (mode off)")

    # ---- delivering ----

    def deliver(self, ledger: "Ledger") -> None:
        """Send out some of what waits for a ledger; never an error, and no work where nothing changed."""
        mark, now = self.spool.mark(), time.monotonic()
        if not mark or (mark == self._looked[0] and now < self._looked[1]):
            return
        try:
            done = flush(ledger, self.spool, named=place_name(ledger.place), limit=FLUSH_A_RECORD)
        except LedgerError as error:
            _log.debug("what waits was not delivered: %s", error)
            return
        if not done.busy and done.placed + done.before + len(done.aside) < FLUSH_A_RECORD:
            self._looked = (self.spool.mark(), now + LOOK_SECONDS)


# ---- a flusher in the background, where one is asked for ----

_behind = threading.Lock()


def _flush_behind(outbox: Outbox) -> None:
    """With `LEDGER_FLUSH_SECONDS`, a thread of this process tries to deliver so often, until nothing waits."""
    text = os.environ.get("LEDGER_FLUSH_SECONDS", "")
    try:
        seconds = float(text) if text else 0.0
    except ValueError:
        seconds = 0.0
    if seconds > 0 and _behind.acquire(blocking=False):
        threading.Thread(target=_keep_flushing, args=(outbox, seconds), daemon=True, name="ledger-flush").start()


def _keep_flushing(outbox: Outbox, seconds: float) -> None:
    try:
        while outbox.spool.count()[0]:
            time.sleep(seconds)
            try:
                outbox.deliver(outbox._reach())
            except LedgerError as error:
                _log.debug("the ledger is still away: %s", error)
    finally:
        _behind.release()


def _renew() -> None:
    global _behind  # noqa: PLW0603 - a thread is not in a forked child
    _behind = threading.Lock()


os.register_at_fork(after_in_child=_renew)


def _now() -> str:
    return encoding.time_text(datetime.now(UTC))
