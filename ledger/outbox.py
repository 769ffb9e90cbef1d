"""What `record` does when the ledger cannot take a statement: it is signed, spooled, and delivered later.

    what is in the way                            what happens
    the store is away, locked, full; the clock    spooled for this ledger
      is behind the log
    no ledger is found                            spooled for any ledger, or for the place that was named
    the author's key is not authorised yet        spooled for this ledger
    there is no key, or it needs a passphrase     kept as an unsigned draft
    mode spool (`Ledger.open(mode=)`, LEDGER_MODE spooled, and the ledger is not asked
      or ledger.toml; the first that says it)
    mode off                                      nothing is recorded; said once
    LEDGER_REQUIRE=1                              the error is raised, nothing is spooled
    the event itself is wrong (`Misuse`)          raised; its fields are kept as a draft that the error names
    the spool fails, too                          `Unavailable`

An outage costs one line of warning, not one a statement. What waits goes out before the next statement that succeeds;
where there is more than goes out in a moment, or something has to wait on, that statement goes behind it in the spool:
within an author nothing overtakes.
"""

import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from ledger import encoding, statement
from ledger.authoring import Author, Said, Signed, event_of
from ledger.away import away_author
from ledger.config import Place, chosen_mode, resolve
from ledger.errors import Conflict, LedgerError, Misuse, Tampered, Unavailable
from ledger.fresh import new_id, now_text
from ledger.handed import handed
from ledger.placing import CLOCK_SECONDS
from ledger.receipts import Receipt, Recorded
from ledger.spool import drafts, item
from ledger.spool.delivery import BEHIND, Delivery, deliver_later
from ledger.spool.file import Spool, spool_path
from ledger.spool.item import SEAL, Target, same_statement
from ledger.spool.seen import Seen, keep_seen, place_name, read_seen
from ledger.spool.words import fix_of, kept, type_of, unsigned, waits
from ledger.telemetry import log as _log
from ledger.telemetry import recorded, span
from ledger.writing import record_many, told, whole_chunks

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.keys.credential import Signer

RETRY_SECONDS: Final = 10.0  # after a ledger was not reached, nothing waits for it again for so long
PUT_LIMIT: Final = 256  # statements that share a commit of the spool
KEPT: Final = frozenset(("no_ledger", "no_key", "passphrase", "unauthorised"))  # `Misuse` that the user can mend later
_UNSIGNED: Final = frozenset(("no_key", "passphrase"))
_SAID: Final = "; nothing was recorded"
_ID: Final = frozenset(("id",))
_GIVEN: Final = _ID | {"time"}  # keywords for what is made here otherwise


class Outbox:
    """Records in one ledger, reachable or not. `reach` opens it, `find` says where it should be.

    `actor` and `key` say who signs while it is away, `mode` what is done whatever the settings say.
    `kept` are the codes of `Misuse` that cost no statement; `keeps_drafts`: of an event that is refused, the fields
    are kept.
    """

    def __init__(
        self,
        reach: "Callable[[], Ledger]",
        find: Callable[[], Place] = resolve,
        *,
        actor: str | None = None,
        key: "str | Signer | None" = None,
        mode: str = "",
        kept: frozenset[str] = KEPT,
        keeps_drafts: bool = True,
    ) -> None:
        self.spool = Spool(spool_path())
        self._reach = reach
        self._find = find
        self._actor, self._key, self._mode = actor, key, mode
        self._kept, self._keeps_drafts = kept, keeps_drafts
        self._place: Place | None = None
        self._blocked: tuple[float, LedgerError, Ledger | None] | None = None
        self._warned: set[str] = set()
        self._delivery = Delivery(self.spool)
        self._seen = False
        self._away: tuple[Target, Author] | None = None
        self._secret: tuple[str, bytes | None] = ("", None)  # of the credential that signs; for seals

    def record(self, what: Any, fields: dict[str, Any]) -> Receipt:
        """Record one event, or keep it: see the table above. The receipt's `state` says which."""
        mode = chosen_mode(self._settings(), self._mode)
        if mode == "off":
            return self._off(what, fields)
        try:
            with span("record") as at:
                receipt = self._record(what, fields) if mode == "record" else self._keep(what, fields, None, None)
                recorded(receipt, at)
        except Misuse as error:
            if self._keeps_drafts:
                error.draft = self._draft(what, fields, error)
                if not error.draft:
                    error.message += "; what was said is not kept"
            raise
        return receipt

    def record_many(self, events: "Iterable[Said]") -> Recorded:
        """Record many events in batches; where the ledger is not reached, each is spooled by itself.

        So is what is left where it is lost on the way. What is raised says how many are recorded, and how many wait.
        """
        mode = chosen_mode(self._settings(), self._mode)
        if mode == "off":
            self._off("many", {})
            return Recorded(0, -1, -1)
        why: LedgerError | None = None
        ledger: Ledger | None = None
        if mode == "record":
            try:
                ledger = self._at_hand()
                ledger._author()
                why = self._delivery.deliver(ledger)
            except (Unavailable, Misuse) as error:
                if isinstance(error, Misuse) and error.code not in self._kept:
                    raise
                why = error
            if ledger is not None and why is None:
                done = record_many(ledger, events, lambda begun, rest, why: self._keep_many(begun, rest, why, ledger))
                if not done.spooled:
                    self._reached(ledger)
                return done
        count = self._keep_many([], events, why, ledger)
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
        behind = self._delivery.deliver(ledger)
        signed = None
        try:
            signed = author.sign(what, fields)
            if behind is not None and signed.earlier is None:
                return self._keep(what, fields, behind, ledger, signed)
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
        if why is not None and "expected_head" in fields:
            raise why
        try:
            target, author = self._begin_keeping(why, ledger)
            signed = signed or author.sign(what, fields)
        except Misuse as error:
            if error.code not in _UNSIGNED:
                raise
            return self._unsigned(what, fields, error, why)
        return self._put(target, signed, why, _GIVEN.intersection(fields))

    def _begin_keeping(self, why: LedgerError | None, ledger: "Ledger | None") -> tuple[Target, Author]:
        """Take note of an outage; return which log is spooled for, and who signs; raise `why` where that is asked."""
        if why is not None and os.environ.get("LEDGER_REQUIRE") == "1":
            raise why
        if why is not None and why.code != BEHIND and not self._is_blocked():
            self._blocked = (time.monotonic() + (RETRY_SECONDS if why.code != "no_ledger" else 0.0), why, ledger)
        if ledger is None and self._blocked is not None:
            ledger = self._blocked[2]
        return self._away or self._sign_away(ledger)

    def _keep_many(
        self, begun: list[Signed], events: "Iterable[Said]", why: LedgerError | None, ledger: "Ledger | None"
    ) -> int:
        """Spool statements, then events, in order; return how many. What is raised says how many wait."""
        target, author = self._begin_keeping(why, ledger)
        later = ((author.sign(*event), _GIVEN.intersection(event[1])) for event in map(event_of, events))
        count = 0
        try:
            for chunk in whole_chunks(chain(((one, _ID) for one in begun), later), PUT_LIMIT):
                self._put_many(target, chunk, why)
                count += len(chunk)
        except LedgerError as error:
            raise told(error, Recorded(count, -1, -1, count))  # noqa: B904 - it is the same error
        return count

    def _put_many(self, target: Target, chunk: list[tuple[Signed, frozenset[str]]], why: LedgerError | None) -> None:
        """Spool statements in one commit; each with which of time and id were given."""
        for signed, given in chunk:
            if "time" in given:
                _check_time(signed.item.fields["time"])
        try:
            plain, secret = [_plain(one) for one, _ in chunk], self._secret_for(chunk[0][0])
            fresh = not any("id" in given for _, given in chunk)
            self.spool.put_many(target, plain, since=now_text(), why=_reason(why), secret=secret, fresh=fresh)
        except (Conflict, Misuse, Tampered, Unavailable):  # one by one: what is in the way is said as it is there
            for signed, given in chunk:
                self._put(target, signed, why, given | _ID)
        else:
            self._told(target, why)

    def _sign_away(self, ledger: "Ledger | None") -> tuple[Target, Author]:
        """Who signs, and for which log; until the ledger is reached again."""
        place = self._settings()
        seen = read_seen(self.spool.path).get(place_name(place)) if place else None
        target = self._target(place, ledger, seen)
        author = away_author(target, place, ledger, seen, self._actor, self._key)
        self._away, self._secret = (target, author), author.secret(SEAL)
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

    def _put(self, target: Target, signed: Signed, why: LedgerError | None, given: frozenset[str]) -> Receipt:
        """Spool one statement; `given`: which of time and id were."""
        said = signed.item.fields
        timed, fresh, reason = "time" in given, "id" not in given, _reason(why)
        if timed:
            _check_time(said["time"])
        hash, again = signed.item.hash.hex(), False
        try:
            secret = self._secret_for(signed)
            again = self.spool.put(target, *_plain(signed), since=now_text(), why=reason, secret=secret, fresh=fresh)
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
        self._told(target, why)
        return kept(said, "spooled", reason, hash=hash, again=again)

    def _secret_for(self, signed: Signed) -> bytes | None:
        credential, secret = self._secret
        return secret if signed.item.fields["key"] == credential else None

    def _told(self, target: Target, why: LedgerError | None) -> None:
        """After something was put: one line for an outage, and a thread that tries, where one is asked for."""
        self._delivery.put(behind=why is not None and why.code == BEHIND)
        if why is not None and why.code not in self._warned:
            self._warned.add(why.code)
            _log.warning("%s; kept in the spool (%s); fix: %s", _reason(why), self._waits(), fix_of(why, target))
        deliver_later(self.spool, self._reach)

    def _waits(self) -> str:
        try:
            return waits(self.spool.count()[0])
        except LedgerError:  # what was put is durable, whatever ails the file since
            return "it cannot be counted just now"

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
        try:
            said = dict(handed(fields))
        except Misuse:  # that is what is wrong with it
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
            _log.warning("%s is off: nothing is recorded", "mode" if self._mode else "LEDGER_MODE")
        return unsigned(new_id(), what, fields, "off", "by choice (mode off)")


def _plain(signed: Signed) -> item.Signed:
    return item.Signed(signed.item.fields["id"], signed.item.body, signed.signatures, signed.disclosures)


def _reason(why: LedgerError | None) -> str:
    return why.message.removesuffix(_SAID) if why else "by choice (mode spool)"


def _check_time(time: str) -> None:
    """What the log would never take is refused at once, as it is where the ledger is at hand."""
    if time > encoding.later(_now(), CLOCK_SECONDS):
        raise Misuse(f"time {time} is after this clock's {_now()} (limit 5 min)", "a missing zone?", code="time_ahead")


def _now() -> str:
    return encoding.time_text(datetime.now(UTC))
