"""Logs that break C2, C3, C4 or C9: checkpoints, and what the verifier brought against them."""

from __future__ import annotations

import base64

from .build import Log
from .cases import bad
from .encode import b64, leaf, root, sha
from .keys import LOG, LOG_ML_DSA_KEY, ORIGIN, VKEY, VKEY_ML_DSA, WITNESS, Key, ml_dsa_line, note_text, signature_line

Size = dict[str, int]
HERE = {"checkpoint": 6}


def with_text(log: Log, text: bytes, after: bytes = b"") -> Size:
    """The log's newest checkpoint says `text`, and the log's key signed it."""
    log.note_it()
    log.notes["checkpoint"] = text + b"\n" + signature_line(ORIGIN, LOG, text) + after
    return HERE


def text_of(log: Log, size: str = "6", head: str | None = None) -> bytes:
    """The text that the log will need once its sixth entry stands there."""
    log.note_it()
    made = note_text(ORIGIN, size, head or b64(root(log.leaves())))
    log.take_back()
    return made


@bad("C2", "an extension line, signed")
def note_extension_line(log: Log) -> Size:
    return with_text(log, text_of(log) + b"more\n")


@bad("C2", "an empty line in the text, signed")
def note_extension_line_empty(log: Log) -> Size:
    return with_text(log, text_of(log) + b"\n")


@bad("C2", "two lines only, signed: no root")
def note_two_lines(log: Log) -> Size:
    return with_text(log, f"{ORIGIN}\n6\n".encode())


@bad("C2", "the checkpoint of another origin, signed with this log's key")
def note_other_origin(log: Log) -> Size:
    return with_text(log, text_of(log).replace(ORIGIN.encode(), b"example.com/other-log"))


@bad("C2", "the origin in capitals")
def note_origin_upper_case(log: Log) -> Size:
    return with_text(log, text_of(log).replace(b"example", b"Example"))


@bad("C2", "the size as 06")
def note_size_leading_zero(log: Log) -> Size:
    return with_text(log, text_of(log, "06"))


@bad("C2", "the size as +6")
def note_size_plus(log: Log) -> Size:
    return with_text(log, text_of(log, "+6"))


@bad("C2", "the size in Arabic digits")
def note_size_arabic(log: Log) -> Size:
    return with_text(log, text_of(log, "٦"))


@bad("C2", "the size with a blank after it")
def note_size_blank(log: Log) -> Size:
    return with_text(log, text_of(log, "6 "))


@bad("C2", "a root of 31 bytes")
def note_root_short(log: Log) -> Size:
    return with_text(log, text_of(log, head=b64(bytes(31))))


@bad("C2", "the root's base64 has spare bits that are not zero")
def note_root_spare_bits(log: Log) -> Size:
    text = text_of(log)
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bent = letters[letters.index(text[-3]) + 1 :][:1]
    assert base64.b64decode(text.split(b"\n")[2]) == base64.b64decode((text[:-3] + bent + b"=\n").split(b"\n")[2])
    return with_text(log, text[:-3] + bent + b"=\n")


@bad("C2", "the root in hexadecimal")
def note_root_hexadecimal(log: Log) -> Size:
    return with_text(log, text_of(log, head=sha(b"").hex()))


@bad("C2", "lines end in CR LF")
def note_carriage_returns(log: Log) -> Size:
    return with_text(log, text_of(log).replace(b"\n", b"\r\n"))


@bad("C2", "no blank line between text and signatures")
def note_without_blank_line(log: Log) -> Size:
    log.note_it()
    log.notes["checkpoint"] = log.note().replace(b"\n\n", b"\n")
    return HERE


@bad("C2", "a text and no signature line")
def note_without_signature(log: Log) -> Size:
    log.note_it()
    log.notes["checkpoint"] = log.note().split(b"\n\n")[0] + b"\n\n"
    return HERE


@bad("C2", "the last line has no line feed")
def note_cut(log: Log) -> Size:
    log.note_it()
    log.notes["checkpoint"] = log.note()[:-1]
    return HERE


@bad("C2", "a hyphen in place of the dash of a further signature line")
def note_hyphen(log: Log) -> Size:
    return with_text(log, text_of(log), b"- other.example AAAAAAAAAA==\n")


@bad("C2", "the base64 of a further signature line is not padded")
def note_line_unpadded(log: Log) -> Size:
    return with_text(log, text_of(log), "— other.example AAAAAAAAAA\n".encode())


@bad("C2", "a control character in the name of a further signature line")
def note_control(log: Log) -> Size:
    return with_text(log, text_of(log), "— other\x1b[2J.example AAAAAAAAAAA=\n".encode())


@bad("C2", "not UTF-8 in a further signature line")
def note_not_utf8(log: Log) -> Size:
    return with_text(log, text_of(log), "— other".encode() + b"\xff.example AAAAAAAAAAA=\n")


@bad("C2", "33 signature lines")
def note_lines_33(log: Log) -> Size:
    text = text_of(log)
    return with_text(log, text, b"".join(signature_line(f"w{i}.example", WITNESS, text) for i in range(32)))


@bad("C2", "65,537 bytes")
def note_too_large(log: Log) -> Size:
    with_text(log, text_of(log))
    for name_length in range(8, 12):  # base64 grows by four, the name by one
        line = "— " + "w" * name_length + " \n"
        rest = 65_537 - len(log.notes["checkpoint"]) - len(line.encode())
        if rest % 4 == 0:
            log.notes["checkpoint"] += line.replace(" \n", " " + "A" * rest + "\n").encode()
    assert len(log.notes["checkpoint"]) == 65_537
    return HERE


@bad("C2", "an earlier kept checkpoint has an extension line; the newest one is good")
def note_earlier_extension_line(log: Log) -> Size:
    text = note_text(ORIGIN, 4, root(log.leaves()[:4])) + b"more\n"
    log.notes["checkpoints/4"] = text + b"\n" + signature_line(ORIGIN, LOG, text)
    return {"checkpoint": 4}


def signed_by(log: Log, key: Key, name: str = ORIGIN) -> Size:
    log.note_it()
    text = note_text(ORIGIN, 6, root(log.leaves()))
    log.notes["checkpoint"] = text + b"\n" + signature_line(name, key, text)
    return HERE


@bad("C3", "signed by another key under the log's name")
def note_other_key(log: Log) -> Size:
    return signed_by(log, Key("mallory"))


@bad("C3", "signed by the log's key under another name")
def note_other_name(log: Log) -> Size:
    return signed_by(log, LOG, "example.com/other-log")


@bad("C3", "the log's name and key id, with another key's signature")
def note_signature_wrong(log: Log) -> Size:
    log.note_it()
    text = note_text(ORIGIN, 6, root(log.leaves()))
    good, other = signature_line(ORIGIN, LOG, text), signature_line(ORIGIN, Key("mallory"), text)
    mixed = base64.b64decode(good.split()[2])[:4] + base64.b64decode(other.split()[2])[4:]
    log.notes["checkpoint"] = text + b"\n" + signature_line(ORIGIN, LOG, text, b64(mixed))
    return HERE


@bad("C3", "a good line of the log's key, then a bad one of the same key")
def note_second_line_wrong(log: Log) -> Size:
    log.note_it()
    note = log.note()
    payload = base64.b64decode(note.split()[-1])
    log.notes["checkpoint"] = note + signature_line(ORIGIN, LOG, b"", b64(payload[:4] + bytes(64)))
    return HERE


@bad("C3", "only a witness signed, whose key is not brought")
def note_only_witness(log: Log) -> Size:
    return signed_by(log, WITNESS, "witness.example/w1")


@bad("C3", "the log's signature is over another size: the text was changed afterwards")
def note_size_changed(log: Log) -> dict[str, int]:
    log.note_it()
    log.notes["checkpoint"] = log.note().replace(b"\n6\n", b"\n5\n")
    return {"checkpoint": 5}


@bad("C3", "the verifier has another key for this origin")
def policy_other_key(log: Log) -> Size:
    log.note_it()
    from .keys import vkey

    log.policy = {"key": vkey(ORIGIN, 1, Key("mallory").public), "genesis": leaf(log.entries[0]).hex()}
    return HERE


@bad("C3", "no policy: signed by another key than the genesis names")
def note_other_key_no_policy(log: Log) -> Size:
    log.policy = {}
    return signed_by(log, Key("mallory"))


@bad("C3", "the verifier brings both keys of the log; the ML-DSA line is over another size")
def note_ml_dsa_wrong(log: Log) -> Size:
    earlier = log.note()
    log.note_it()
    log.log_needs = {"ml-dsa-44": "VERIFIED"}
    log.notes["checkpoint"] = log.note() + ml_dsa_line(ORIGIN, LOG_ML_DSA_KEY, earlier)
    log.policy = {"key": VKEY, "key_2": VKEY_ML_DSA, "genesis": leaf(log.entries[0]).hex()}
    return HERE


def pinned(log: Log, note: bytes, size: int) -> Size:
    log.policy = {"key": VKEY, "genesis": leaf(log.entries[0]).hex(), "pin": note.decode()}
    return {"checkpoint": size}


@bad("C4", "the pin has the size of the log and another root: somebody was shown another log")
def pin_other_root(log: Log) -> Size:
    log.note_it(data={"auc": 0.97})
    note = log.note()
    log.take_back()
    log.note_it()
    return pinned(log, note, 6)


@bad("C4", "the pin is smaller and its entries are not a beginning of the log's")
def pin_not_consistent(log: Log) -> Size:
    log.note_it(data={"auc": 0.97})
    note = log.note()
    log.take_back()
    log.note_it()
    log.note_it()
    return pinned(log, note, 6)


@bad("C4", "the pin is larger than the log: the newest entries are missing, and an older checkpoint was put back")
def pin_larger(log: Log) -> Size:
    log.notes["checkpoint"] = log.note()
    log.note_it()
    note = log.note()
    log.take_back()
    return {**pinned(log, note, 6), "seq": 5}  # the first that is missing


def with_root(log: Log, head: bytes) -> Size:
    log.notes["checkpoint"] = log.note(root_is=head)
    return {"checkpoint": len(log.entries)}


@bad("C9", "the root of the newest checkpoint is over entries that were exchanged; prev was made anew")
def root_other(log: Log) -> Size:
    log.note_it(data={"auc": 0.97})
    note = log.note()
    log.take_back()
    log.note_it()
    log.notes["checkpoint"] = note
    return HERE


@bad("C9", "the root of an earlier kept checkpoint; the newest is good")
def root_earlier(log: Log) -> Size:
    log.note_it()
    log.notes["checkpoints/4"] = log.note(4, root_is=root(log.leaves()[1:5]))
    return {"checkpoint": 4}


@bad("C9", "the newest kept checkpoint covers more entries than there are", also=("C4",))
def root_of_more(log: Log) -> Size:
    log.note_it()
    log.notes["checkpoint"] = log.note()
    log.take_back()
    return {**HERE, "seq": 5}  # the first that is missing


@bad("C9", "leaves without their 00")
def root_leaves_without_prefix(log: Log) -> Size:
    return with_root(log, root([sha(entry) for entry in log.entries]))


@bad("C9", "nodes without their 01")
def root_nodes_without_prefix(log: Log) -> Size:
    level = log.leaves()
    while len(level) > 1:
        level = [sha(*level[i : i + 2]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)]
    return with_root(log, level[0])


@bad("C9", "the last leaf is doubled where a level is odd, as Bitcoin does it")
def root_odd_leaf_doubled(log: Log) -> Size:
    level = log.leaves()
    while len(level) > 1:
        level += level[-1:] * (len(level) % 2)
        level = [sha(b"\1", *level[i : i + 2]) for i in range(0, len(level), 2)]
    return with_root(log, level[0])


@bad("C9", "the root is the last entry's leaf")
def root_is_last_leaf(log: Log) -> Size:
    return with_root(log, log.leaves()[-1])
