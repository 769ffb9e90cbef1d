"""Signed notes, checkpoints and verifier keys: others' examples, our vectors, and spoilt ones."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Misuse, Tampered
from ledger.notes import note as notes
from ledger.notes.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from ledger.notes.note import Note, SignatureLine, parse_note, render_note, verify_note
from ledger.notes.verifier import ED25519, ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, VerifierKey
from tests.examples import examples
from tests.reference.second import SECOND

VECTORS = Path(__file__).parents[1] / "vectors"
BOUNDED = examples(200)
INDEX = json.loads((VECTORS / "index.json").read_text())["logs"]

ORIGIN = "example.com/audit-log"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
LOG_KEY = VerifierKey.make(ORIGIN, ED25519, LOG.public_key().public_bytes_raw())
WITNESS_KEY = VerifierKey.make("witness.example/w1", ED25519_COSIGNATURE, WITNESS.public_key().public_bytes_raw())
ROOT = bytes.fromhex("ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")
CHECKPOINT = Checkpoint(ORIGIN, 7, ROOT)


class Signer:
    """The log's key, in memory."""

    verifier_key = LOG_KEY

    def sign_note(self, text):
        return LOG.sign(text.encode())


SIGNED = sign_checkpoint(CHECKPOINT, [Signer()])


def cosigned(time=1_700_000_000):
    """The witness's line: the vector of the C2SP page's form, time 1700000000."""
    signature = WITNESS.sign(f"cosignature/v1\ntime {time}\n{CHECKPOINT.text}".encode())
    return SignatureLine(WITNESS_KEY.name, WITNESS_KEY.key_id, time.to_bytes(8, "big") + signature).text.encode()


# ---- others' vectors ----


def test_the_example_of_the_signed_note_page():
    key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    blob = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    data = f"This is an example message.\n\n\u2014 example.com/foo {blob}\n".encode()
    assert verify_note(parse_note(data), [key]) == (key,)
    assert render_note(parse_note(data)) == data
    assert key.text == "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    with pytest.raises(Tampered):
        verify_note(parse_note(data.replace(b"example message", b"Example message")), [key])


def test_our_own_example():
    """Values that were checked by hand against the C2SP pages: vkeys of fixed seeds, and a witness's line."""
    assert LOG_KEY.text == "example.com/audit-log+07499b2d+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert WITNESS_KEY.text == "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
    assert CHECKPOINT.text == f"{ORIGIN}\n7\n3bib5AOAnjJXUNPSY814kpwpQreUKjS3fhIslZSnTIw=\n"
    assert cosigned().decode() == (
        "\u2014 witness.example/w1 IDJKvgAAAABlU/EA7b5NRNPnwQxgU+g5d5AM/mWHqUk7ir409MkT7HO2Rw/0EMBfggkjGsYkyzfKFKp8ETGq"
        "O1QRUT3U2t91+o+zDw==\n"
    )


# ---- the notes of the vectors ----


def outcome(one, file):
    """What opening a kept checkpoint gives: the check that fails, or 0."""
    keys = [VerifierKey.parse(text) for text in one["trust"]["keys"]]
    try:
        open_checkpoint((VECTORS / file).read_bytes(), ORIGIN, keys)
    except Tampered as error:
        return 3 if error.code in ("bad_signature", "unsigned") else 2
    return 0


def replaced(one):
    """Whether the log's keys are replaced: then the entries say which of them sign what."""
    return any(b'"type":"log_key_rotated"' in (VECTORS / file).read_bytes() for file in one["entries"])


ALONE = [one for one in INDEX if one["trust"]["keys"] and not replaced(one)]


@pytest.mark.parametrize("one", ALONE, ids=lambda one: one["name"])
def test_checkpoints_of_the_vectors(one):
    expected = one["expect"].get("check")
    found = {outcome(one, file) for file in one["checkpoints"]} - {0}
    assert found == ({expected} if expected in (2, 3) else set())


# ---- form ----

NAMES = st.text(st.sampled_from("abz.-/é😀_:1"), min_size=1, max_size=12)
LINES = st.builds(SignatureLine, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))
TEXTS = st.lists(st.text(st.sampled_from("ab é\u2014+"), max_size=8), min_size=1, max_size=5).map(
    lambda t: "\n".join(t) + "\n"
)


@BOUNDED
@given(TEXTS, st.lists(LINES, min_size=1, max_size=32).map(tuple))
def test_what_is_rendered_is_parsed(text, lines):
    note = Note(text, lines)
    data = render_note(note)
    assert parse_note(data) == note
    assert render_note(parse_note(data)) == data


@BOUNDED
@given(st.data())
def test_any_bytes_are_a_note_with_one_spelling_or_tampered(data):
    place = data.draw(st.integers(0, len(SIGNED) - 1))
    cut = data.draw(st.integers(0, 3))
    changed = SIGNED[:place] + data.draw(st.binary(max_size=3)) + SIGNED[place + cut :]
    for candidate in (changed, data.draw(st.binary(max_size=60))):
        try:
            note = parse_note(candidate)
        except Tampered:
            continue
        assert render_note(note) == candidate


def opens(data):
    try:
        return open_checkpoint(data, ORIGIN, [LOG_KEY])
    except Tampered:
        return None


def reference_opens(data):
    try:
        note = SECOND.read_note(data)
        SECOND.check_note(note, [SECOND.read_vkey(LOG_KEY.text, 3)])
    except SECOND.Bad:
        return None
    return Checkpoint(note[1], note[2], note[3]) if note[1] == ORIGIN else None


def test_every_bit_of_a_checkpoint_counts():
    """With a flipped bit it opens nothing, by either reader."""
    for place in range(len(SIGNED) * 8):
        changed = bytearray(SIGNED)
        changed[place // 8] ^= 1 << place % 8
        assert opens(bytes(changed)) is None
        assert reference_opens(bytes(changed)) is None
    assert opens(SIGNED) == reference_opens(SIGNED) == CHECKPOINT


@BOUNDED
@given(st.data())
def test_both_readers_agree_on_every_neighbour(data):
    lines = data.draw(st.lists(LINES, max_size=3))
    whole = SIGNED + b"".join(line.text.encode() for line in lines)
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.sampled_from(b"\n\r\t =+/A0\x7f\xc2\x85\xe2\x80") | st.integers(0, 255))
    for candidate in (whole, whole[:place] + bytes([byte]) + whole[place + 1 :], whole[:place] + whole[place + 1 :]):
        assert opens(candidate) == reference_opens(candidate)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"a\n\n",
        b"a\n",
        b"a\n\n\xe2\x80\x94 b AAAAAAA=",
        b"a\n\n\xe2\x80\x94 b AAAAAA==\n",  # four bytes: an id and no signature
        b"a\n\n\xe2\x80\x94 b AAAAAAA\n",
        b"a\n\n\xe2\x80\x94  b AAAAAAA=\n",
        b"a\n\n\xe2\x80\x94 b  AAAAAAA=\n",
        b"a\n\n\xe2\x80\x94 b AAAAAAA= \n",
        b"a\n\n\xe2\x80\x94 b+c AAAAAAA=\n",
        b"a\n\n\xe2\x80\x94 b\xc2\xa0c AAAAAAA=\n",
        b"a\n\n\xe2\x80\x94 AAAAAAA=\n",
        b"a\n\n- b AAAAAAA=\n",
        b"a\n\n\xe2\x80\x93 b AAAAAAA=\n",
        b"a\r\n\r\n\xe2\x80\x94 b AAAAAAA=\r\n",
        b"a\tb\n\n\xe2\x80\x94 b AAAAAAA=\n",
        b"a\xff\n\n\xe2\x80\x94 b AAAAAAA=\n",
        b"\xef\xbb\xbf\xed\xa0\x80\n\n\xe2\x80\x94 b AAAAAAA=\n",
        b"a\n\n\xe2\x80\x94 b AAAAAAA=\nmore\n",
        b"a\n\n\xe2\x80\x94 b AAAAAAA=\n\n",
        b"a\n\n" + b"\xe2\x80\x94 b AAAAAAA=\n" * 33,
        b"a" * 65_530 + b"\n\n\xe2\x80\x94 b AAAAAAA=\n",
    ],
)
def test_what_is_no_note(data):
    with pytest.raises(Tampered):
        parse_note(data)


def test_the_limits_of_a_note_are_reachable():
    line = SignatureLine("b", bytes(4), b"\0")
    assert len(parse_note(render_note(Note("a\n", (line,) * 32))).signatures) == 32
    room = notes.NOTE_LIMIT - len(render_note(Note("\n", (line,))))
    assert len(render_note(Note("a" * room + "\n", (line,)))) == 65_536
    with pytest.raises(Misuse):
        render_note(Note("a" * (room + 1) + "\n", (line,)))


@pytest.mark.parametrize(
    "note",
    [
        Note("a", (SignatureLine("b", bytes(4), b"x"),)),
        Note("a\n", ()),
        Note("", (SignatureLine("b", bytes(4), b"x"),)),
        Note("a\n", (SignatureLine("b", bytes(3), b"x"),)),
        Note("a\n", (SignatureLine("b", bytes(4), b""),)),
        Note("a\n", (SignatureLine("", bytes(4), b"x"),)),
        Note("a\n", (SignatureLine("b c", bytes(4), b"x"),)),
        Note("a\n", (SignatureLine("b+c", bytes(4), b"x"),)),
        Note("a\ud800\n", (SignatureLine("b", bytes(4), b"x"),)),
        Note("a\rb\n", (SignatureLine("b", bytes(4), b"x"),)),
    ],
)
def test_what_would_not_read_back_is_not_rendered(note):
    with pytest.raises(Misuse):
        render_note(note)


# ---- who signed ----


def test_unknown_lines_are_ignored_before_and_after():
    unknown = SignatureLine(ORIGIN, b"\1\2\3\4", bytes(99)).text.encode() + cosigned()
    text, line = SIGNED.split(b"\n\n")
    for data in (SIGNED + unknown, text + b"\n\n" + unknown + line):
        assert open_checkpoint(data, ORIGIN, [LOG_KEY]) == CHECKPOINT
        assert verify_note(parse_note(data), [LOG_KEY, WITNESS_KEY]) in ((LOG_KEY, WITNESS_KEY), (WITNESS_KEY, LOG_KEY))


def test_a_known_keys_bad_line_is_no_unknown_line():
    bad = SignatureLine(ORIGIN, LOG_KEY.key_id, bytes(64)).text.encode()
    witness = SignatureLine(WITNESS_KEY.name, WITNESS_KEY.key_id, bytes(72)).text.encode()
    for data, keys in ((SIGNED + bad, [LOG_KEY]), (SIGNED + witness, [LOG_KEY, WITNESS_KEY])):
        with pytest.raises(Tampered) as raised:
            open_checkpoint(data, ORIGIN, keys)
        assert raised.value.code == "bad_signature"


def test_a_cosignatures_time_is_signed():
    line = cosigned()
    payload = bytearray(base64.b64decode(line.split()[-1]))
    payload[11] ^= 1
    forged = line.replace(line.split()[-1], base64.b64encode(bytes(payload)))
    assert open_checkpoint(SIGNED + line, ORIGIN, [LOG_KEY, WITNESS_KEY]) == CHECKPOINT
    with pytest.raises(Tampered):
        open_checkpoint(SIGNED + forged, ORIGIN, [LOG_KEY, WITNESS_KEY])


def test_a_witness_alone_is_not_the_log():
    data = CHECKPOINT.text.encode() + b"\n" + cosigned()
    assert verify_note(parse_note(data), [WITNESS_KEY]) == (WITNESS_KEY,)
    for keys in ([WITNESS_KEY], [WITNESS_KEY, LOG_KEY]):
        with pytest.raises(Tampered) as raised:
            open_checkpoint(data, ORIGIN, keys)
        assert raised.value.code == "unsigned"


def test_no_known_key_signed():
    other = VerifierKey.make(ORIGIN, ED25519, WITNESS.public_key().public_bytes_raw())
    for keys in ([], [other], [WITNESS_KEY]):
        with pytest.raises(Tampered) as raised:
            open_checkpoint(SIGNED, ORIGIN, keys)
        assert raised.value.code == "unsigned"


def test_two_known_keys_of_one_name_and_id_are_refused():
    twin = VerifierKey.make(ORIGIN, ED25519, LOG_KEY.public)
    with pytest.raises(Misuse) as raised:
        verify_note(parse_note(SIGNED), [LOG_KEY, twin])
    assert raised.value.code == "same_key_id"


def test_one_public_key_under_two_kinds_has_two_ids():
    timed = VerifierKey.make(ORIGIN, ED25519_COSIGNATURE, LOG_KEY.public)
    assert timed.key_id != LOG_KEY.key_id
    assert verify_note(parse_note(SIGNED), [LOG_KEY, timed]) == (LOG_KEY,)


def test_another_origin_is_refused_even_with_a_good_signature():
    text = CHECKPOINT.text.replace(ORIGIN, "example.com/other")
    line = SignatureLine(ORIGIN, LOG_KEY.key_id, LOG.sign(text.encode())).text
    data = f"{text}\n{line}".encode()
    assert verify_note(parse_note(data), [LOG_KEY]) == (LOG_KEY,)
    with pytest.raises(Tampered) as raised:
        open_checkpoint(data, ORIGIN, [LOG_KEY])
    assert raised.value.code == "origin"


def test_only_the_logs_own_name_signs_its_checkpoints():
    with pytest.raises(Misuse):
        sign_checkpoint(Checkpoint("example.com/other", 7, ROOT), [Signer()])
    with pytest.raises(Misuse):
        sign_checkpoint(CHECKPOINT, [])


# ---- checkpoints ----


@BOUNDED
@given(st.from_regex(SECOND.ORIGIN, fullmatch=True), st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_reads_back(origin, size, root):
    checkpoint = Checkpoint(origin, size, root)
    assert parse_checkpoint(checkpoint.text) == checkpoint
    assert checkpoint.text.count("\n") == 3


HEAD = base64.b64encode(ROOT).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        f"{ORIGIN}\n7\n{HEAD}",
        f"{ORIGIN}\n7\n{HEAD}\nmore\n",
        f"{ORIGIN}\n7\n{HEAD}\n\n",
        f"\n{ORIGIN}\n7\n{HEAD}\n",
        f"{ORIGIN}\n7\n",
        *(
            f"{ORIGIN}\n{size}\n{HEAD}\n"
            for size in ("07", "+7", "-7", " 7", "7 ", "7_0", "٧", "７", "0x7", "7.0", "1e1", "")
        ),
        f"{ORIGIN}\n{2**53}\n{HEAD}\n",
        f"{ORIGIN}\n{'9' * 5000}\n{HEAD}\n",
        *(f"{origin}\n7\n{HEAD}\n" for origin in ("", "a b", "a+b", "https://a", "é", "a" * 256)),
        *(
            f"{ORIGIN}\n7\n{root}\n"
            for root in ("", HEAD[:-1], HEAD + "=", HEAD.replace("/", "_") + "_", HEAD[:-4], ROOT.hex())
        ),
        f"{ORIGIN}\n7\n{base64.b64encode(ROOT + b'x').decode()}\n",
        f"{ORIGIN}\n7\n{HEAD[:-2]}x=\n",
    ],
)
def test_what_is_no_checkpoint(text):
    with pytest.raises(Tampered):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("a+b", 1, ROOT), ("", 1, ROOT), ("a", -1, ROOT), ("a", 2**53, ROOT), ("a", 1, ROOT[:31])],
)
def test_what_no_checkpoint_can_say(origin, size, root):
    with pytest.raises(Misuse):
        Checkpoint(origin, size, root)


# ---- verifier keys ----


@pytest.mark.parametrize("key", [LOG_KEY, WITNESS_KEY, VerifierKey.make("a", MLDSA44_COSIGNATURE, bytes(1312))])
def test_a_vkey_reads_back(key):
    assert VerifierKey.parse(key.text) == key
    assert SECOND.read_vkey(key.text, 3) == (key.name, key.key_id, key.kind, key.public)


NAME, DIGITS, ENCODED = LOG_KEY.text.split("+", 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "++",
        NAME,
        f"{NAME}+{DIGITS}",
        f"+{DIGITS}+{ENCODED}",
        f"{NAME}+{DIGITS.upper()}+{ENCODED}",
        f"{NAME}+00000000+{ENCODED}",
        f"{NAME}x+{DIGITS}+{ENCODED}",
        f"{NAME}+{DIGITS}+{ENCODED}\n",
        f" {NAME}+{DIGITS}+{ENCODED}",
        f"{NAME}+{DIGITS}+{ENCODED[:-1]}",
        f"{NAME}+{DIGITS}+{ENCODED}=",
        f"{NAME}+{DIGITS}+",
        f"{NAME}+{DIGITS}+====",
        f"{NAME}+{DIGITS}+{base64.b64encode(bytes([2]) + LOG_KEY.public).decode()}",
        f"{NAME}+{DIGITS}+{base64.b64encode(bytes([1]) + LOG_KEY.public[:31]).decode()}",
    ],
)
def test_what_is_no_vkey(text):
    with pytest.raises(Misuse):
        VerifierKey.parse(text)


@pytest.mark.parametrize("kind", [0, 2, 3, 5, 255])
def test_other_kinds_of_keys_are_refused(kind):
    with pytest.raises(Misuse):
        VerifierKey.make(ORIGIN, kind, LOG_KEY.public)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u00a0b", "a\u2028b", "a\x00", "é" * 128])
def test_what_is_no_name(name):
    with pytest.raises(Misuse):
        VerifierKey.make(name, ED25519, LOG_KEY.public)


@BOUNDED
@given(
    st.text(max_size=60) | st.binary(max_size=40).map(lambda data: f"{NAME}+{DIGITS}+{base64.b64encode(data).decode()}")
)
def test_any_text_is_a_vkey_with_one_spelling_or_misuse(text):
    try:
        key = VerifierKey.parse(text)
    except Misuse:
        return
    assert key.text == text
