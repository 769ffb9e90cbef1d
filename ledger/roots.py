"""What is trusted to stamp times: PEM files that the command line or one's own ledger.toml names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.config import Place
from ledger.errors import Misuse
from ledger.tokens.chain import read_proofs
from ledger.tokens.ocsp import write_answer

_LIMIT: Final = 1 << 22


def read_roots(given: Sequence[Path], place: Place | None) -> tuple[bytes, ...]:
    """Return the PEM texts of `given` files, else of the one that `place` names, one's own ledger.toml."""
    named = given or ((place.tsa_roots,) if place is not None and place.tsa_roots is not None else ())
    return tuple(read_pem(path) for path in named)


def read_pem(path: Path) -> bytes:
    """Return a file of certificates, revocation lists or OCSP responses as PEM; `Misuse` where it holds none.

    One OCSP response may be a file of its own in DER, as responders and `openssl ocsp -respout` give it.
    """
    try:
        with path.open("rb") as file:
            pem = file.read(_LIMIT)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "a PEM file", code="no_file") from None
    if pem.startswith(b"0"):  # DER, and no PEM: a response in another form is refused below
        pem = write_answer(pem)
    if not any(read_proofs(pem, str(path))):
        raise Misuse(f"{path} holds no certificate", "a PEM file, got from the authority itself", code="pem")
    return pem
