"""Partial bundles: some entries, of the others the hashes; what they prove, what they do not, and every lie in them."""

import json

import pytest

from ledger.bundle.export import export_bundle
from ledger.errors import Misuse
from tests.bundle.packing import NAMED, both, lines, listed, pack, unpack, with_lines
from tests.bundle.test_commands import alone, run
from tests.reference.second import SECOND

TRUST = {0, 5, 6}  # genesis, introduction and key of ana


@pytest.fixture
def partial(bundle):
    """Entries 3 and 10 of the told ledger: 10 is a member of the batch of 8 to 11."""
    path = bundle.folder / "p.zip"
    made = export_bundle(bundle.ledger.store, bundle.ledger.genesis, path, entries={3, 10}, disclose="all")
    bundle.path, bundle.files, bundle.made = path, unpack(path), made
    return bundle


def omitted(line):
    return line.startswith(b"[")


def test_the_chosen_entries_and_what_they_stand_on(partial):
    here = {seq for seq, line in enumerate(lines(partial.files)) if not omitted(line)}
    assert here == TRUST | {3, 8, 10}
    assert partial.made.size == 16
    assert partial.made.entries == len(here)
    assert [len(json.loads(line)) for line in lines(partial.files)[9:13:2]] == [2, 2]  # of the batch
    assert len(json.loads(lines(partial.files)[12])) == 1
    assert "state.json" not in partial.files
    whole = b"".join(lines(partial.files))
    assert b"dataset_registered" not in whole
    assert b'"approved"' not in whole.replace(lines(partial.files)[0], b"")


def test_both_verify_it_and_say_that_it_is_partial(partial):
    assert both(partial.path, keys=partial.keys).verdict == "VERIFIED"
    assert both(partial.path).verdict == "UNPINNED"
    assert both(partial.path, pins=[partial.note]).verdict == "VERIFIED"
    for done in (
        run("verify", partial.path, "--key", partial.keys[0]).stdout,
        alone(partial.path, "--key", partial.keys[0]).stdout,
    ):
        assert done.startswith("VERIFIED  partial: 6 of 16 entries")
        text = " ".join(done.split())
        assert "what the 10 left out say, such as that a key or an approval was revoked" in text
        assert "nothing up to" not in text
    document = json.loads(run("verify", partial.path, "--key", partial.keys[0], "--json").stdout)
    same = json.loads(alone(partial.path, "--key", partial.keys[0], "--json").stdout)
    for said in (document, same):
        assert (said["size"], said["checked"], said["omitted"]) == (16, 6, 10)
    assert "left_out" in document["not_proven"]


def test_the_same_choice_gives_the_same_bytes(partial):
    again = partial.folder / "again.zip"
    export_bundle(partial.ledger.store, partial.ledger.genesis, again, entries=[10, 3], disclose="all")
    assert again.read_bytes() == partial.path.read_bytes()


def test_only_values_of_what_is_here_are_disclosed(partial):
    for line in partial.files["disclosures.txt"].decode().split():
        ident = SECOND.read_disclosure(line)[0]
        assert any(ident.encode() in entry for entry in lines(partial.files) if not omitted(entry))


def change(files, seq, new):
    entries = lines(files)
    entries[seq] = new(entries[seq]) if callable(new) else new
    return with_lines(files, entries)


def swap(line):
    first, second = json.loads(line)
    return json.dumps([second, first], separators=(",", ":")).encode()


LIES = {
    "a byte of an entry": (3, lambda line: line.replace(b'"auc":0.79', b'"auc":0.97'), 3),
    "a leaf": (12, b'["' + b"ab" * 32 + b'"]', None),
    "the leaf before an entry that is here": (2, b'["' + b"ab" * 32 + b'"]', 2),
    "a statement's hash in a batch": (9, lambda line: line[:69] + b"0" * 64 + line[-2:], 8),
    "no statement's hash in a batch": (9, lambda line: line[:67] + b"]", 10),  # which is a member of none, then
    "the two hashes of one": (9, swap, None),
    "a hash that no batch needs": (12, lambda line: line[:-1] + b',"' + b"0" * 64 + b'"]', 12),
    "upper case": (12, lambda line: line.upper(), 12),
    "a blank": (12, lambda line: line.replace(b"[", b"[ "), 12),
    "three hashes": (12, lambda line: line[:-1] + (b',"' + b"0" * 64 + b'"') * 2 + b"]", 12),
    "nothing": (12, b"", 12),
    "an empty list": (12, b"[]", 12),
    "entry 0 left out": (0, b'["' + b"0" * 64 + b'"]', 0),
    "an event of trust left out": (6, b'["' + b"0" * 64 + b'"]', None),
    "the head of a batch left out": (8, b'["' + b"0" * 64 + b'"]', 9),
}


@pytest.mark.parametrize("case", LIES)
def test_a_lie(partial, case):
    seq, new, place = LIES[case]
    files = change(partial.files, seq, new)
    here = sum(not omitted(line) for line in lines(files))
    head = f"ledger-bundle/v1\norigin ledger.test/one\nsize 16\nentries {here}\n"
    files[NAMED] = listed(files, head)
    said = both(pack(partial.folder / "t.zip", files, honest=False), keys=partial.keys)
    assert said.verdict == "BROKEN"
    if place is not None:
        assert said.seq == place


def test_an_honest_leaf_in_the_place_of_any_entry_is_seen_where_it_matters(partial):
    """Without a key event, what ana signed has no authorised key. Without another entry: fewer of them, no lie."""
    whole = partial.folder / "w.zip"
    export_bundle(partial.ledger.store, partial.ledger.genesis, whole, entries={7})
    files = unpack(whole)
    for seq, verdict in ((5, "BROKEN"), (6, "BROKEN"), (7, "VERIFIED")):
        line = SECOND.leaf(lines(files)[seq]).hex()
        changed = change(files, seq, f'["{line}"]'.encode())
        head = f"ledger-bundle/v1\norigin ledger.test/one\nsize 16\nentries {len(TRUST)}\n"
        changed[NAMED] = listed(changed, head)
        path = pack(partial.folder / "t.zip", changed, honest=False)
        assert both(path, keys=partial.keys).verdict == verdict, seq


def test_a_partial_bundle_that_is_called_whole(partial):
    head = "ledger-bundle/v1\norigin ledger.test/one\nsize 16\nentries 16\n"
    files = {**partial.files, NAMED: listed(partial.files, head)}
    said = both(pack(partial.folder / "t.zip", files, honest=False), keys=partial.keys)
    assert said[:2] == ("BROKEN", 1)
    head = "ledger-bundle/v1\norigin ledger.test/one\nsize 16\nentries 7\n"
    files = {**partial.files, NAMED: listed(partial.files, head)}
    assert both(pack(partial.folder / "t.zip", files, honest=False), keys=partial.keys) == ("BROKEN", None, 1)


def test_a_state_that_cannot_be_judged(partial):
    files = {**partial.files, "state.json": b"{}\n"}
    assert both(pack(partial.folder / "t.zip", files), keys=partial.keys) == ("BROKEN", None, 1)


def test_the_end_is_cut_off(partial):
    files = with_lines(partial.files, lines(partial.files)[:-1])
    assert both(pack(partial.folder / "t.zip", files), keys=partial.keys)[:2] == ("BROKEN", 15)


def test_a_choice_that_cannot_be(partial):
    store, genesis = partial.ledger.store, partial.ledger.genesis
    with pytest.raises(Misuse) as raised:
        export_bundle(store, genesis, partial.folder / "x.zip", entries={99})
    assert raised.value.code == "no_entry"
    with pytest.raises(Misuse):
        export_bundle(store, genesis, partial.folder / "x.zip", entries={3}, disclose={12})
    assert not (partial.folder / "x.zip").exists()


def test_the_command(partial, monkeypatch):
    monkeypatch.setenv("LEDGER_URL", str(partial.ledger.path))
    done = run("export", partial.folder / "c.zip", "--entries", "3,9-10")
    assert done.exit_code == 0, done.output
    assert "7 of 16" in done.stdout
    assert both(partial.folder / "c.zip", keys=partial.keys).verdict == "VERIFIED"
    for words in ("3,", "a", "9-", "1-99999999"):
        assert run("export", partial.folder / "d.zip", "--entries", words).exit_code == 2


def test_all_of_it_named_is_not_partial(partial):
    path = partial.folder / "all.zip"
    export_bundle(partial.ledger.store, partial.ledger.genesis, path, entries=range(16))
    assert both(path, keys=partial.keys).verdict == "VERIFIED"
    assert "partial" not in alone(path, "--key", partial.keys[0]).stdout


def test_reading_says_what_is_here_and_concludes_nothing(partial):
    """What was left out is not damage: the table says where it would stand, and no question is answered without it."""
    table = run("log", "--ledger", partial.path).stdout.splitlines()[1:]
    here = {int(line.split()[0]) for line in table if "NOT HERE" not in line}
    assert here == TRUST | {3, 8, 10}
    gaps = [line.split()[:3] for line in table if "NOT HERE" in line]
    assert gaps == [["1", "to", "2"], ["4", "-", "NOT"], ["7", "-", "NOT"], ["9", "-", "NOT"], ["11", "to", "15"]]
    assert run("show", "3", "--ledger", partial.path).exit_code == 0
    shown = run("show", "4", "--ledger", partial.path)
    assert shown.exit_code == 2
    assert "entry 4 was left out of" in shown.stderr
    for words in (("production",), ("changelog",), ("registry",), ("lineage", "credit@3.1.0")):
        done = run(*words, "--ledger", partial.path)
        assert done.exit_code == 2, words
        assert "leaves out 10 of 16 entries: nothing can be concluded from it" in done.stderr, words
    assert len(json.loads(run("log", "--ledger", partial.path, "--json").stdout)["entries"]) == len(here)
