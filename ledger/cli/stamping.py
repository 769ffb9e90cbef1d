"""`ledger timestamp`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import day, pairs, wrapped
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse
from ledger.roots import read_pem, read_roots

if TYPE_CHECKING:
    from ledger.anchors.stamping import Stamped

_FILE = click.Path(path_type=Path)


@command()
@click.option("--tsa", metavar="URL", help="The authority; else `tsa` in ledger.toml.")
@click.option("--tsa-root", "roots", multiple=True, type=_FILE, help="Its root, PEM; else `tsa_roots` in ledger.toml.")
@click.option("--proofs", multiple=True, type=_FILE, help="Certificates, CRLs, OCSP responses to keep.")
@click.option("--offline-proofs", is_flag=True, help="Fetch no revocation lists, ask no responder.")
@click.option("--again", is_flag=True, help="Even where nothing came since the last one.")
@click.option("--new-hash", is_flag=True, help="Hash all entries with SHA-512 too, and stamp that (RFC 4998 5.3).")
@click.option("--as", "actor", metavar="HANDLE", help="Who records it, where keys of several are here.")
def timestamp(
    call: Call,
    tsa: str | None,
    roots: tuple[Path, ...],
    proofs: tuple[Path, ...],
    offline_proofs: bool,
    again: bool,
    new_hash: bool,
    actor: str | None,
) -> Answer:
    """Close the newest checkpoint and have an RFC 3161 authority stamp it: only a hash is sent.

    The token, its certificates and what tells of their revocation are kept, so that it can be verified offline later.
    Every stamp renews those before it; run it regularly: it also bounds how far an entry could be dated back.
    """
    from ledger.anchors.stamping import stamp

    with call.open(read_only=False, actor=actor) as ledger:
        url = tsa or ledger.place.tsa
        if not url:
            raise Misuse("which time-stamping authority?", "--tsa URL, or tsa in ledger.toml", code="tsa")
        stamped = stamp(
            ledger,
            url,
            roots=read_roots(roots, ledger.place),
            proofs=b"\n".join(map(read_pem, proofs)),
            again=again,
            new_hash=new_hash,
            fetch=not offline_proofs,
        )
        return _answer(stamped, ledger.origin, checked=bool(roots or ledger.place.tsa_roots))


def _answer(stamped: "Stamped", origin: str, *, checked: bool) -> Answer:
    anchor, token = stamped.anchor, stamped.token
    document: dict[str, Any] = {
        "schema": "ledger.timestamp/1",
        "origin": origin,
        "number": anchor.number,
        "kind": anchor.kind,
        "size": anchor.size,
        "time": token.time,
        "authority": stamped.authority,
        "renew_by": stamped.renew_by,
        "seq": stamped.seq,
        "fresh": stamped.fresh,
        "finished": stamped.finished,
        "root_checked": checked,
    }

    def lines(paint: Paint) -> list[str]:
        head = f"Stamped: the first {anchor.size:,} entries existed by {day(token.time)}Z."
        if not stamped.fresh:
            head = f"Nothing new: the first {anchor.size:,} entries were stamped at {day(token.time)}Z."
        rows = [
            ("by", stamped.authority + ("" if checked else " (its root was not checked: --tsa-root FILE)")),
            ("recorded", f"entry {stamped.seq:,}; entries after it are no older than the stamp"),
            ("renew by", f"{stamped.renew_by[:10]}: any later stamp renews this one"),
        ]
        if stamped.finished:
            rows.append(("finished", f"{stamped.finished} earlier stamp(s) had no entry yet; recorded now"))
        return [*(paint("green", one) for one in wrapped(head)), *pairs(rows)]

    return Answer(document, lines)
