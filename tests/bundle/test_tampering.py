"""A bundle changed by whoever forwarded it: package and one file say the same, and name the same place."""

import json
import os
import random
import re

import pytest

from ledger import entry
from ledger.bundle.export import export_bundle
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.log_key import LogKey
from ledger.merkle.edge import Edge
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from tests.bundle.packing import NAMED, both, by_file, by_package, lines, listed, pack, unpack, with_lines
from tests.log.forging import chained_anew, signed_again
from tests.log.test_tampering import SINGLE
from tests.reference.second import PURE


def replaced(files, name, old, new, count=1):
    assert old in files[name]
    return {**files, name: files[name].replace(old, new, count)}


def note_over(entries, log_key, origin="ledger.test/one"):
    edge = Edge()
    edge.extend([entry.leaf(data) for data in entries])
    return sign_checkpoint(Checkpoint(origin, len(entries), edge.root()), log_key.all)


@pytest.mark.parametrize("case", SINGLE)
def test_a_changed_byte_of_an_entry(bundle, case):
    """Packed again with a MANIFEST that is right about it, and changed in the file as it lies."""
    seq, old, new, _ = SINGLE[case]
    entries = lines(bundle.files)
    entries[seq] = entries[seq].replace(old, new, 1)
    said = both(pack(bundle.folder / "t.zip", with_lines(bundle.files, entries)), keys=bundle.keys)
    assert said[:2] == ("BROKEN", seq)
    assert by_file(bundle.folder / "t.zip", keys=bundle.keys, verifier=PURE) == said
    if len(old) == len(new):
        data = bundle.path.read_bytes()
        line = lines(bundle.files)[seq]
        (bundle.folder / "u.zip").write_bytes(data.replace(line, entries[seq]))
        assert both(bundle.folder / "u.zip", keys=bundle.keys) == said


def removed(files):
    entries = lines(files)
    return with_lines(files, entries[:5] + entries[6:])


def doubled(files):
    entries = lines(files)
    return with_lines(files, entries[:6] + entries[5:])


def swapped(files):
    entries = lines(files)
    return with_lines(files, [*entries[:12], entries[13], entries[12], *entries[14:]])


def cut(files):
    return with_lines(files, lines(files)[:-1])


def no_last_lf(files):
    return {**files, "entries.jsonl": files["entries.jsonl"][:-1]}


def empty_line(files):
    entries = lines(files)
    return with_lines(files, [*entries[:7], b"", *entries[7:]])


def too_long(files):
    entries = lines(files)
    return with_lines(files, [*entries[:7], entries[7][:-1] + b" " * 70_000 + b"}", *entries[8:]])


def nothing(files):
    return with_lines(files, [])


def blank_lines(files):
    return with_lines(files, [b"", b""])


def another_batch_member(files):
    return replaced(files, "entries.jsonl", b'"auc":0.01', b'"auc":0.91')


def strayed_member(files):
    entries = lines(files)
    entries[10] = entries[10].replace(b'"first":8', b'"first":7')
    return with_lines(files, entries)


def other_note_size(files):
    return replaced(files, "checkpoint", b"\n16\n", b"\n15\n")


def note_with_extension(files):
    return replaced(files, "checkpoint", b"\n\n", b"\nextra\n\n")


def kept_malformed(files):
    return {**files, "checkpoints.jsonl": b'{"a":1}\n'}


def kept_not_ended(files):
    return {**files, "checkpoints.jsonl": json.dumps(files["checkpoint"].decode()).encode()}


def kept_of_nobody(files):
    text = files["checkpoint"].decode().replace("16", "12")
    return {**files, "checkpoints.jsonl": json.dumps(text).encode() + b"\n"}


def disclosure_of_nothing(files):
    return {**files, "disclosures.txt": files["disclosures.txt"][:-1]}


def disclosure_changed(files):
    shown = files["disclosures.txt"]
    return {**files, "disclosures.txt": shown[:5] + (b"A" if shown[5:6] != b"A" else b"B") + shown[6:]}


def disclosure_moved(files):
    """The same text, for a statement that is not in the log."""
    import base64

    salt, place, value = json.loads(base64.urlsafe_b64decode(files["disclosures.txt"].split()[0] + b"=="))
    other = json.dumps([salt, place.replace(place[:8], "01234567"), value], separators=(",", ":")).encode()
    return {**files, "disclosures.txt": base64.urlsafe_b64encode(other).rstrip(b"=") + b"\n"}


def state_edited(files):
    return replaced(files, "state.json", b'"version":"1.0"', b'"version":"9.9"')


def state_of_another_size(files):
    return replaced(files, "state.json", b'"size":16', b'"size":17')


def stamps_malformed(files):
    return {**files, "timestamps.jsonl": b"{}\n"}


def stamp_without_token(files):
    line = b'{"event":"01890000-0000-7000-8000-000000000000","kind":"checkpoint","number":1,"size":16}\n'
    return {**files, "timestamps.jsonl": line, "timestamps/1/imprinted": files["checkpoint"]}


def evidence_of_another_name(files):
    return {**files, f"evidence/{'e' * 64}": b"not that"}


CHANGES = {
    "an entry left out": (removed, 5, 6),
    "an entry twice": (doubled, 6, 6),
    "two entries swapped": (swapped, 12, 6),
    "the newest entry cut off": (cut, 15, 9),
    "the last LF cut off": (no_last_lf, 15, 5),
    "an empty line": (empty_line, 7, 5),
    "an entry over the limit": (too_long, 7, 5),
    "no entries": (nothing, 0, 10),
    "two empty lines": (blank_lines, 0, 5),
    "a member of a batch": (another_batch_member, 10, 7),
    "a member that strayed": (strayed_member, 10, 7),
    "the checkpoint's size": (other_note_size, None, 3),
    "an extension line": (note_with_extension, None, 2),
    "kept checkpoints of another form": (kept_malformed, None, 2),
    "kept checkpoints without an LF": (kept_not_ended, None, 2),
    "a kept checkpoint that nobody signed": (kept_of_nobody, None, 3),
    "a disclosure without an LF": (disclosure_of_nothing, None, 20),
    "a disclosure that is none": (disclosure_changed, None, 20),
    "a disclosure for another statement": (disclosure_moved, None, 20),
    "the state": (state_edited, None, 24),
    "the state's size": (state_of_another_size, None, 24),
    "time-stamps of another form": (stamps_malformed, None, 22),
    "a time-stamp without a token": (stamp_without_token, None, 22),
    "evidence under another digest": (evidence_of_another_name, None, 21),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_bundle_packed_again(bundle, case):
    change, seq, check = CHANGES[case]
    path = pack(bundle.folder / "t.zip", change(bundle.files))
    said = both(path, keys=bundle.keys)
    assert said == ("BROKEN", seq, check)
    assert both(path).verdict == "BROKEN"  # whoever brings nothing notices it, too


@pytest.mark.parametrize("name", ["README.txt", "verify.py", "entries.jsonl", "checkpoint", "state.json", "keys.txt"])
def test_a_file_that_manifest_does_not_name_so(bundle, name):
    """Only MANIFEST knows of what is for people; for entries their own place is named first."""
    data = bundle.files[name]
    at = len(data) // 2
    files = {**bundle.files, name: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}
    said = both(pack(bundle.folder / "t.zip", files, honest=False), keys=bundle.keys)
    assert said.verdict == "BROKEN"
    assert said.seq is not None or said.check == 1 or name == "checkpoint"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ledger-bundle/v1", b"ledger-bundle/v2"),
        (b"origin ledger.test/one", b"origin ledger.test/two"),
        (b"size 16", b"size 17"),
        (b"entries 16", b"entries 15"),
        (b"size 16", b"size 016"),
        (b" README.txt\n", b" README.txt\n\n"),
        (b" FORMAT.md\n", b" FORMAT.md\r\n"),
    ],
)
def test_a_manifest_that_says_something_else(bundle, old, new):
    files = replaced(bundle.files, NAMED, old, new)
    said = both(pack(bundle.folder / "t.zip", files, honest=False), keys=bundle.keys)
    assert said == ("BROKEN", None, 1)


def test_rows_of_a_manifest_out_of_order_twice_or_left_out(bundle):
    rows = bundle.files[NAMED].splitlines(keepends=True)
    for changed in (rows[:4] + rows[5:], [*rows, rows[-1]], [*rows[:4], rows[5], rows[4], *rows[6:]]):
        files = {**bundle.files, NAMED: b"".join(changed)}
        assert both(pack(bundle.folder / "t.zip", files, honest=False), keys=bundle.keys) == ("BROKEN", None, 1)


def test_no_checkpoint_of_its_own(bundle):
    """An empty file covers nothing: the entries stand, and only what the auditor brought vouches for them."""
    files = {**bundle.files, "checkpoint": b""}
    files.pop("checkpoints.jsonl", None)
    path = pack(bundle.folder / "t.zip", files)
    assert both(path).verdict == "UNPINNED"
    assert both(path, keys=bundle.keys, pins=[bundle.note]).verdict == "VERIFIED"
    assert by_file(path, keys=bundle.keys) == by_package(path, keys=bundle.keys)


def test_a_log_key_and_all_checkpoints_made_anew(bundle):
    """Whoever makes the genesis's key again cannot make the auditor's: C3. With nothing brought, it is UNPINNED."""
    stranger = LogKey.generate("ledger.test/one")
    files = {**bundle.files, "checkpoint": note_over(lines(bundle.files), stranger)}
    files.pop("checkpoints.jsonl", None)
    path = pack(bundle.folder / "t.zip", files)
    assert both(path, keys=bundle.keys) == ("BROKEN", None, 3)
    assert both(path).verdict == "BROKEN"
    own = [key.text for key in stranger.verifier_keys]
    assert both(path, keys=own).verdict == "VERIFIED"  # for whoever took the key from there


def test_the_end_cut_off_by_the_holder_of_the_log_key(bundle, keys):
    """The log's key made a checkpoint over fewer entries: only a checkpoint or pin from outside knows better."""
    entries = lines(bundle.files)[:13]
    manifest = f"ledger-bundle/v1\norigin ledger.test/one\nsize {len(entries)}\nentries {len(entries)}\n"
    files = with_lines({**bundle.files, "checkpoint": note_over(entries, keys.log)}, entries)
    for name in ("checkpoints.jsonl", "disclosures.txt", "state.json", NAMED):
        files.pop(name, None)
    files[NAMED] = listed(files, manifest)
    path = pack(bundle.folder / "t.zip", files, honest=False)
    assert both(path, keys=bundle.keys).verdict == "VERIFIED"
    assert both(path).verdict == "UNPINNED"
    assert both(path, keys=bundle.keys, pins=[bundle.note])[:2] == ("BROKEN", 13)


def test_an_entry_signed_again_by_another_and_chained_anew(bundle, keys):
    """Author's and log's key in one hand, but not mara's: C13 or C14 at the entry."""
    entries = lines(bundle.files)
    entries[3] = signed_again(entries[3], Ed25519Signer.generate(), reason="other")
    entries = chained_anew(entries)
    files = with_lines({**bundle.files, "checkpoint": note_over(entries, keys.log)}, entries)
    files.pop("checkpoints.jsonl", None)
    path = pack(bundle.folder / "t.zip", files)
    assert both(path, keys=bundle.keys)[:2] == ("BROKEN", 3)


def test_what_lies_in_a_bundle_is_never_trusted(bundle):
    """Its keys.txt and verify.py may say what they like."""
    files = {
        **bundle.files,
        "keys.txt": b"\n".join(key.encode() for key in bundle.keys),
        "verify.py": b"print('VERIFIED')",
    }
    assert both(pack(bundle.folder / "t.zip", files)).verdict == "UNPINNED"


def test_an_evidence_file_with_other_bytes_names_its_entry(bundle):
    named = re.search(rb'"digest":"sha256:([0-9a-f]{64})"', lines(bundle.files)[1])[1].decode()
    files = {**bundle.files, f"evidence/{named}": b"other bytes"}
    assert both(pack(bundle.folder / "t.zip", files), keys=bundle.keys) == ("BROKEN", 1, 21)


FLIPS = int(os.environ.get("LEDGER_FLIPS", "1"))


def test_bits_flipped_anywhere(bundle):
    """Every outcome is a verdict or a named error, and the two agree on it."""
    data, dice, seen = bundle.path.read_bytes(), random.Random(FLIPS), {}
    path = bundle.folder / "f.zip"
    for _ in range(150 * FLIPS):
        changed = bytearray(data)
        for _ in range(dice.choice((1, 1, 1, 3))):
            changed[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(bytes(changed))
        one, other = by_package(path, keys=bundle.keys), by_file(path, keys=bundle.keys)
        assert one[:2] == other[:2], (one, other)
        seen[one.verdict] = seen.get(one.verdict, 0) + 1
    assert seen.keys() == {"BROKEN", "MISUSE"}  # not one byte of a bundle may change


def test_bits_flipped_in_the_entries(bundle):
    data, dice = bundle.path.read_bytes(), random.Random(FLIPS)
    start = data.index(bundle.files["entries.jsonl"])
    path, size = bundle.folder / "f.zip", len(bundle.files["entries.jsonl"])
    for _ in range(120 * FLIPS):
        changed = bytearray(data)
        at = dice.randrange(size)
        changed[start + at] ^= 1 << dice.randrange(8)
        path.write_bytes(bytes(changed))
        said = both(path, keys=bundle.keys)
        assert said.verdict == "BROKEN"
        if changed.count(b"\n") == data.count(b"\n"):
            entry_at = bundle.files["entries.jsonl"][:at].count(b"\n")
            assert said.seq in ({14, 15, None} if entry_at == 15 else {entry_at})  # nothing is chained to the newest


def test_rules_that_the_log_changed_are_those_in_force(told, tmp_path, keys):
    """A type that a policy made one of trust: unknown from there on, and before it nothing of the kind."""
    told.record("ledger.test/quorum", system="credit", version="1")
    rule = {"ledger.test/quorum": {"batch": False, "roles": ["admin"], "trust": True}}
    told.record("policy_set", kind="roles", value=rule)
    told.close_checkpoint()
    export_bundle(told.store, told.genesis, tmp_path / "r.zip")
    key = told.genesis.log_keys[0].text
    assert both(tmp_path / "r.zip", keys=[key]).verdict == "VERIFIED"
    files = unpack(tmp_path / "r.zip")
    entries = lines(files)
    said = {"id": "01890000-0000-7000-8000-000000000000", "log": told.genesis_leaf}
    fields = json.loads(signed_again(entries[16], keys.mara, **said))
    fields |= {"seq": 18, "recorded": json.loads(entries[17])["recorded"]}
    entries.append(signed_again(json.dumps(fields).encode(), keys.mara))
    entries = chained_anew(entries)
    files |= {"checkpoint": note_over(entries, keys.log)}
    for name in ("checkpoints.jsonl", "state.json", NAMED):
        files.pop(name, None)
    files = with_lines(files, entries)
    files[NAMED] = listed(files, "ledger-bundle/v1\norigin ledger.test/one\nsize 19\nentries 19\n")
    path = pack(tmp_path / "t.zip", files, honest=False)
    assert both(path, keys=[key]) == ("UNVERIFIABLE", 18, None)
