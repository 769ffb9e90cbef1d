"""The package and the second verifier on the same logs: the vectors, and what the package itself writes."""

import json

import pytest

from ledger import encoding, entry
from ledger.errors import Misuse
from ledger.keys.credential import SCHEMES
from ledger.merkle.edge import Edge
from ledger.notes.verifier import VerifierKey
from ledger.policy import Policy, Trusted
from ledger.store import Head, Row
from ledger.verify import verify_log
from tests.log.acts import tell
from tests.reference.second import SECOND
from tests.reference.test_reference import INDEX, VECTORS

FINDINGS = {  # the package's words, and the numbers under which FORMAT.md lists what changes no verdict
    "time_ahead": 22, "policy_set": 16, "log_key_rotated": 3, "log_key_recovered": 3, "four_eyes": 19,
    "not_delegated": 13, "doubtful": 13, "compromised": 13, "continues": 10, "not_erased": 20,
}  # fmt: skip
NO_CONTAINER = {"statement-twice", "id-twice", "id-twice-in-batch"}  # C11: no store holds one id twice
AND_ALSO = {"seq-from-1": {10}}  # the misplaced genesis is named a second time


class Kept:
    """An entries file and the notes with it as a store: what can be computed is computed, nothing is judged."""

    place = "an entries file"

    def __init__(self, lines, notes, shown):
        self.lines, self.notes, self.shown = lines, notes, shown
        edge = Edge()
        self.tiles = {
            (tile.level, tile.number): tile.hashes for tile in edge.extend([entry.leaf(line) for line in lines])
        }
        self.tiles |= {(tile[0], tile[1]): tile[2] for tile in edge.open_tiles()}
        said = [self.said(line) for line in lines]
        self.ids = [encoding.id_bytes(one["id"]) if "id" in one else seq.to_bytes(16) for seq, one in enumerate(said)]
        self.acts = list(self.changing(said))
        size = notes[-1].split(b"\n")[1] if notes else b"0"
        covered = int(size) if size.isdigit() and size.isascii() else 0
        self.state = Head(len(lines), entry.leaf(lines[-1]), edge.peaks(), covered, notes[-1])

    @staticmethod
    def changing(said):
        """Places of what changes trust, by the rule table in force there."""
        rules = said[0].get("data", {}).get("rules", {})
        for seq, one in enumerate(said):
            if isinstance(rules, dict) and rules.get(one.get("type"), {}).get("trust") is True:
                yield seq
                if one["type"] == "policy_set" and one["data"].get("kind") == "roles":
                    rules = {**rules, **one["data"]["value"]}

    @staticmethod
    def said(line):
        try:
            return json.loads(line)["statement"]
        except ValueError:
            return {}

    def head(self):
        return self.state

    def rows(self, start, stop):
        return iter([Row(seq, self.ids[seq], self.lines[seq]) for seq in range(start, min(stop, len(self.lines)))])

    triples = rows

    def read(self, seq):
        if not 0 <= seq < len(self.lines):
            raise Misuse(f"no entry {seq}")
        return self.lines[seq]

    def find(self, id):
        return self.ids.index(id) if id in self.ids else None

    def tile(self, level, index):
        return self.tiles.get((level, index), b"")

    def authority(self):
        return self.acts

    def checkpoints(self):
        return [(0, note) for note in self.notes[:-1]]

    def disclosures(self):
        return iter(self.shown)

    def anchors(self):
        return []

    def check_container(self):
        pass

    check_guards = check_ids = close = check_container


def judged(one):
    shown = (VECTORS / one["disclosures"]).read_text().splitlines() if "disclosures" in one else []
    lines = b"".join((VECTORS / file).read_bytes() for file in one["entries"]).split(b"\n")[:-1]
    store = Kept(lines, [(VECTORS / file).read_bytes() for file in one["checkpoints"]], shown)
    trust = one["trust"]
    policy = Policy(
        keys=tuple(map(VerifierKey.parse, trust["keys"])),
        key_source="the index",
        genesis=trust.get("genesis", ""),
        genesis_source="the index",
        checkpoints=(Trusted((VECTORS / trust["pin"]).read_bytes(), "a pin", "pin"),) if "pin" in trust else (),
    )
    return verify_log(store, policy)


@pytest.mark.parametrize(
    "one", [one for one in INDEX["logs"] if one["name"] not in NO_CONTAINER], ids=lambda one: one["name"]
)
def test_package_on_every_vector(one):
    name, expected, report = one["name"], one["expect"], judged(one)
    allowed = {expected.get("check"), *expected.get("or_check", ())}
    unknown = [scheme for scheme in one.get("needs", ()) if SCHEMES[scheme].verify is None]
    if unknown and report.verdict == "UNVERIFIABLE":
        assert {missing.code for missing in report.missing} == {"scheme"}
        return
    assert report.verdict == expected["verdict"], report
    if "findings" in expected:
        assert sorted([FINDINGS[one.code], one.seq] for one in report.findings) == sorted(expected["findings"])
    found = [failure for failure in report.failures if failure.check in allowed]
    assert {failure.check for failure in report.failures} <= allowed | AND_ALSO.get(name, set()), report
    if report.verdict == "BROKEN" and expected["seq"] is not None:
        assert min(failure.seq for failure in found) == expected["seq"], report
    elif report.verdict == "UNVERIFIABLE":
        assert min(missing.seq for missing in report.missing) == expected["seq"], report
    assert report.verdict != "BROKEN" or found


def test_reference_on_what_the_package_writes(ledger, tmp_path):
    """Sixteen entries of every kind, under the log's key: all of it by FORMAT.md, to somebody who knows only that."""
    tell(ledger, tmp_path)
    store = ledger.store
    head = store.head()
    genesis = entry.read(store.read(0)).fields["statement"]["data"]
    data = [row.data for row in store.rows(0, head.size)]
    notes = [note for _, note in store.checkpoints()] + [head.note]
    for keys in (genesis["log_keys"][:1], genesis["log_keys"]):
        result = SECOND.verify(
            data, notes, keys=keys, genesis=ledger.genesis_leaf, disclosures=list(store.disclosures())
        )
        assert result.verdict == "VERIFIED", result
        assert (result.size, result.covered) == (16, head.covered)
    assert list(store.disclosures())
    changed = [one.replace(b'"auc":0.79', b'"auc":0.97') for one in data]
    assert SECOND.verify(changed, notes, keys=genesis["log_keys"]).verdict == "BROKEN"
