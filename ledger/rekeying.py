"""New keys for a log: made beside the old ones, and taken into use by an entry and the checkpoint that goes with it.

Rotation, in this order                               a crash after it leaves
    1  the new keys are written to a file of their own    a file that nothing names; rotating again makes another
    2  entry and hand-over are committed                  the log under its new keys, whose file lies where every
                                                          writer of this user looks: beside the first, under its id
    3  the pin moves                                      a log ahead of its pin: the next writer proves it

Recovery is the same, with the signatures of those whom the genesis names for it in the place of the old key's.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.authoring import Signed
from ledger.config import ask_passphrase, keys_folder, log_key_path, passphrase
from ledger.encoding import CERTIFICATE_TYPE, b64encode
from ledger.errors import Misuse, Unavailable
from ledger.identity import beside
from ledger.keys.credential import Signer
from ledger.keys.files import load_log_key, save
from ledger.keys.log_key import LogKey
from ledger.keys.sources import is_path
from ledger.logkeys import certificate, check_quorum
from ledger.placing import Request, Single

if TYPE_CHECKING:
    from ledger.api import Ledger


class Replaced(NamedTuple):
    """The entry that names the log's new keys, their verifier keys (Ed25519 first), the file of the private ones."""

    seq: int
    keys: tuple[str, ...]
    file: Path


class Recovery(NamedTuple):
    """A change of a log's keys that its quorum signs: verifier keys before and after, signatures by credential id."""

    origin: str
    log: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    signatures: dict[str, list[str]]

    @property
    def body(self) -> bytes:
        """The certificate that each of them signs."""
        return certificate(self.log, self.old, self.new)

    def signed(self, signer: Signer) -> "Recovery":
        """Return it with one more signature."""
        made = [b64encode(one) for one in signer.sign(CERTIFICATE_TYPE, self.body)]
        return self._replace(signatures=self.signatures | {signer.credential.id: made})

    def to_json(self) -> list[dict[str, Any]]:
        """Return the signatures as they stand in the entry."""
        return [{"key": key, "signatures": self.signatures[key]} for key in sorted(self.signatures)]


def rotate_log_key(ledger: "Ledger", reason: str) -> Replaced:
    """Make new keys for a log and let the old ones hand over to them.

    Raises `Misuse` where the log's key is not here or this user is no administrator, `Unavailable` as recording does.
    """
    new, path = _new_key(ledger)
    old = [key.text for key in ledger.trust().log_keys.current.keys]
    texts = [key.text for key in new.verifier_keys]
    return _replace(ledger, new, path, {"old": old, "new": texts, "reason": reason}, old_signs=True)


def prepare_recovery(ledger: "Ledger") -> tuple[Recovery, Path]:
    """Make new keys for a log whose old ones are lost; return what its quorum must sign, and the file of the keys."""
    new, path = _new_key(ledger)
    old = tuple(key.text for key in ledger.trust().log_keys.current.keys)
    texts = tuple(key.text for key in new.verifier_keys)
    return Recovery(ledger.origin, ledger.genesis_leaf, old, texts, {}), path


def recover_log_key(ledger: "Ledger", recovery: Recovery, reason: str) -> Replaced:
    """Take the new keys of a recovery into use.

    Raises `Tampered` (C3) where its quorum did not sign, `Misuse` where the new keys are not here.
    """
    if recovery.log != ledger.genesis_leaf:
        raise Misuse(f"that recovery is of another log, {recovery.origin}", "ledger key recover-log", code="other_log")
    path = _file_of(ledger, recovery.new[0])
    new = load_log_key(path, ledger.origin, ask_passphrase)
    if tuple(key.text for key in new.verifier_keys) != recovery.new:
        raise Misuse(f"{path} holds other keys than the recovery names", "the file that --prepare made", code="log_key")
    check_quorum(recovery.to_json(), recovery.body, ledger.genesis, ledger.trust().holders.disowned())
    said = {"old": list(recovery.old), "new": list(recovery.new), "recovery": recovery.to_json(), "reason": reason}
    return _replace(ledger, new, path, said, old_signs=False)


def _new_key(ledger: "Ledger") -> tuple[LogKey, Path]:
    new = LogKey.generate(ledger.origin)
    path = _file_of(ledger, new.verifier_keys[0].text)
    save(path, new.to_pem(passphrase()))
    return new, path


def _file_of(ledger: "Ledger", key: str) -> Path:
    named = ledger._log_key or log_key_path(ledger.origin)
    first = named if is_path(str(named)) else keys_folder() / f"{ledger.origin.replace('/', '+')}.key"
    return beside(first, key)


def _replace(ledger: "Ledger", new: LogKey, path: Path, said: dict[str, Any], *, old_signs: bool) -> Replaced:
    try:
        signed: Signed = ledger._author().sign("log_key_rotated", said)
        request = Request([Single(signed.item, signed.signatures)], None, (), signed_here=True)
        placement = ledger._log().replace_key(request, new, old_signs=old_signs)
    except (Misuse, Unavailable) as error:
        if old_signs and getattr(error, "outcome", "") != "unknown":
            path.unlink()  # made a moment ago, and nothing names it
        raise
    ledger._move_pin(now=True)
    return Replaced(placement.seq, tuple(key.text for key in new.verifier_keys), path)
