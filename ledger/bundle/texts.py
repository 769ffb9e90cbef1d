"""The files of a bundle that are the same for every ledger, or nearly: format, verifier, schemas, README.txt."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from ledger.events import EVENTS
from ledger.events.schema import json_schema
from ledger.notes.verifier import VerifierKey

README: Final = """\
A ledger's bundle: what was recorded about machine-learning models, signed and chained.

  log          {origin}
  entries      {entries}, of which {covered:,} are covered by a checkpoint that the log's keys signed
  disclosed    {disclosed}
  evidence     {evidence}

WHAT TO DO
  1. Get the log's key by another way than this file came: from the contract, a web site, by telephone.
     What keys.txt says is this file's own claim, and proves nothing.
  2. Get verify.py by another way, too (it is part of every release of lifecycle-ledger), or read the one in here
     first: a program taken out of what it judges proves nothing to somebody who distrusts the sender.
  3. python3 -I verify.py BUNDLE.zip --key 'NAME+HEX+BASE64'
     It needs Python 3.9 and nothing else. The same with the package: ledger verify BUNDLE.zip --key '...'
  4. Ask it, with the package: what runs, approved by whom, with which key: ledger production --ledger BUNDLE.zip;
     lineage, changelog, findings, show, log and key list take --ledger BUNDLE.zip, too. None of them verifies.
     Without the package: state.json says what runs ("running") and what was decided ("decisions"), with the numbers
     of the entries; verify.py computes it again. Entry N is line N + 1 of entries.jsonl.

WHAT IT SAYS
  VERIFIED      every check passed, and the key or checkpoint that you brought vouches for it      exit 0
  UNPINNED      every check passed, but nothing of yours vouches for the log's key and its end      exit 5
  UNVERIFIABLE  something needed is missing: an algorithm, a type, a file that you asked for        exit 5
  BROKEN        a check failed; the first bad place is named                                        exit 3

WHAT IT PROVES: which entries were recorded, in which order, by which keys, with which rights; that none was changed,
moved, added or removed below the size that is printed.
WHAT IT DOES NOT: that what was stated is true or complete; that all was recorded; when it happened (times are the
writers' clocks); that a person acted (a key did); that others were shown the same log; that nothing came after the
newest entry. Sealed values that were not disclosed stay unknown; files that are not in here are known by digest only.

WHAT IS IN HERE
  entries.jsonl       the entries' bytes, one a line, entry 0 first         FORMAT.md sections 1 to 8
                      (["..."]: the hash of one that is not in here)
  checkpoint          the newest checkpoint, a signed note                  section 9
  checkpoints.jsonl   earlier ones that were kept, as JSON strings          section 9
  disclosures.txt     values of sealed fields that were chosen              section 10
  timestamps/         RFC 3161 tokens, what each speaks of, certificates    section 10a
                      (openssl ts -verify -token_in -in N/token.der -data N/imprinted -untrusted N/proofs.pem
                      -CAfile ROOT.pem, with a root that you trust)
  evidence/           files that were chosen, named by their SHA-256        section 10
  state.json          what the entries come to; verify.py computes it again section 15
                      (corrections are listed in it and not applied: what an entry says may have been corrected later)
  FORMAT.md           the format, whole: enough to write a verifier
  schemas/            fields of each type of event, as JSON Schema
  MANIFEST            SHA-256, size and name of every other file            section 15
"""


def readme(origin: str, size: int, here: int, covered: int, disclosed: int, evidence: int) -> bytes:
    """Return README.txt; `here` of `size` entries are in the bundle."""
    entries = f"{size:,}" if here == size else f"{here:,} of {size:,} (partial: of the others only the hashes)"
    said = f"{disclosed:,} sealed values" if disclosed else "no sealed value: names and other personal data stay sealed"
    files_here = f"{evidence:,} files" if evidence else "no files; entries name them by their SHA-256"
    return README.format(origin=origin, entries=entries, covered=covered, disclosed=said, evidence=files_here).encode()


def keys(log_keys: Sequence[VerifierKey]) -> bytes:
    """Return keys.txt."""
    head = "What this bundle claims the log's keys are. Get them by another way: this proves nothing.\n\n"
    return (head + "".join(f"{key.text}\n" for key in log_keys)).encode()


def fixed() -> dict[str, bytes]:
    """Return the files that depend on the release alone, by name."""
    home = files("ledger")
    found = {
        "FORMAT.md": (home / "FORMAT.md").read_bytes(),
        "verify.py": (home / "verifier" / "verify.py").read_bytes(),
    }
    for name in EVENTS:
        text = json.dumps(json_schema(name), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        found[f"schemas/{name}.json"] = text.encode()
    return found
