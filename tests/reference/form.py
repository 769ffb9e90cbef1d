"""FORMAT.md sections 1, 2, 3, 6, 7 and 11: the one form, read token by token; statements and entries by themselves."""

import base64
import json
import re
from datetime import date
from decimal import Decimal


class Bad(Exception):
    """A rule is broken: the number of the check and why."""

    def __init__(self, check, why):
        super().__init__(f"C{check}: {why}")
        self.check = check


FORBIDDEN = [(0, 8), (0x0B, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029), (0x202A, 0x202E), (0x2066, 0x2069)]
FORBIDDEN += [(0xFEFF, 0xFEFF), (0xFDD0, 0xFDEF), (0xD800, 0xDFFF)]
TOKEN = re.compile(r"-?[0-9][0-9.e-]*", re.ASCII)
INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
ESCAPES = {"t": "\t", "n": "\n", '"': '"', "\\": "\\"}


def need(good, why, check=5):
    if not good:
        raise Bad(check, why)


def decode(data, limit, depth=32):
    """The object in `data`; Bad(5) where it is not in the one form."""
    need(len(data) <= limit, "too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad(5, "not UTF-8") from None
    value, end = read_value(text, 0, depth)
    need(end == len(text) and isinstance(value, dict), "not one object")
    return value


def read_value(text, at, depth):
    for word, value in (("true", True), ("false", False), ("null", None)):
        if text.startswith(word, at):
            return value, at + len(word)
    first = text[at : at + 1]
    if first == '"':
        return read_text(text, at)
    if first == "{" or first == "[":
        need(depth > 0, "too deep")
        return read_object(text, at + 1, depth - 1) if first == "{" else read_list(text, at + 1, depth - 1)
    found = TOKEN.match(text, at)
    need(found, "no value")
    return read_number(found.group()), found.end()


def read_list(text, at, depth):
    items = []
    if text[at : at + 1] == "]":
        return items, at + 1
    while True:
        item, at = read_value(text, at, depth)
        items.append(item)
        at += 1
        if text[at - 1 : at] == "]":
            return items, at
        need(text[at - 1 : at] == ",", "neither , nor ]")


def read_object(text, at, depth):
    items, last = {}, None
    if text[at : at + 1] == "}":
        return items, at + 1
    while True:
        need(text[at : at + 1] == '"', "no key")
        key, at = read_text(text, at)
        spelt = key.encode()
        need(len(spelt) <= 256, "a key over 256 bytes")
        need(last is None or last < spelt, "keys out of order or twice")
        need(text[at : at + 1] == ":", "no colon")
        items[key], at = read_value(text, at + 1, depth)
        last, at = spelt, at + 1
        if text[at - 1 : at] == "}":
            return items, at
        need(text[at - 1 : at] == ",", "neither , nor }")


def read_text(text, at):
    out, at = [], at + 1
    while True:
        need(at < len(text), "text without an end")
        c = text[at]
        if c == '"':
            return "".join(out), at + 1
        if c == "\\":
            need(text[at + 1 : at + 2] in ESCAPES and at + 1 < len(text), "an escape that is none")
            out.append(ESCAPES[text[at + 1]])
            at += 2
            continue
        point = ord(c)
        need(c not in "\t\n" and point & 0xFFFE != 0xFFFE, "a character that must not stand here")
        need(not any(low <= point <= high for low, high in FORBIDDEN), "a forbidden character")
        out.append(c)
        at += 1


def read_number(token):
    if "." not in token and "e" not in token:
        need(INTEGER.fullmatch(token) and len(token) < 18 and abs(int(token)) < 2**53, "an integer that is none")
        return int(token)
    try:
        value = float(token)
    except ValueError:
        raise Bad(5, "a number that is none") from None
    need(abs(value) != float("inf") and spell(value) == token, "a decimal spelt otherwise")
    return value


def spell(value):
    """Rule 4. CPython's repr has the digits; where they stand is decided here."""
    if value == 0:
        return "0.0"  # -0.0 does not exist: its token differs from this
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits, minus = "".join(map(str, digits)), "-" * sign
    if 1e-5 <= abs(value) < 1e16:
        plain = f"{Decimal(minus + digits).scaleb(exponent):f}"
        return plain if "." in plain else plain + ".0"
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{rest}e{exponent + len(digits) - 1}"


# ---- section 2 ----

HANDLE = NAME = "[a-z0-9][a-z0-9._-]{0,63}"
LABEL = "[A-Za-z0-9][A-Za-z0-9._@:+/-]{0,127}"
DIGEST, NAMED = "[0-9a-f]{64}", "sha256:[0-9a-f]{64}"
ID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TYPE = r"[a-z][a-z0-9_]{1,47}|(?=.{1,128}\Z)[a-z0-9-]+(\.[a-z0-9-]+)+/[a-z0-9][a-z0-9._-]{0,63}"
ORIGIN = r"(?!.*://)[!-*,-~]{1,255}"
TIME = r"(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z"


def fits(pattern, value):
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def is_time(value):
    found = isinstance(value, str) and re.fullmatch(TIME, value, re.ASCII)
    try:
        return bool(found) and date(*map(int, found.groups()[:3])).year >= 1970
    except ValueError:
        return False


def is_integer(value, low, high):
    return type(value) is int and low <= value <= high


def unbase64(text):
    """The bytes of strict base64, or None."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, AttributeError):
        return None
    return data if base64.b64encode(data).decode() == text else None


# ---- section 3 ----

LABELS = (
    "action alert component dataset deployment document environment hold incident plan request segment system version"
)
RELATIONS = "answers caused_by corrects ends of supersedes under uses"
REQUIRED = {"actor", "data", "id", "key", "rev", "subject", "time", "type"}


def is_subject(value):
    if not isinstance(value, dict):
        return False
    rest = dict(value)
    if "artifacts" in rest:
        parts = rest.pop("artifacts")
        if not isinstance(parts, dict) or not 1 <= len(parts) <= 64:
            return False
        if not all(fits(NAME, name) and fits(NAMED, digest) for name, digest in parts.items()):
            return False
    if "handle" in rest and not fits(HANDLE, rest.pop("handle")):
        return False
    return all(key in LABELS.split() and fits(LABEL, name) for key, name in rest.items())


def is_refs(value):
    if not isinstance(value, dict) or not value or not set(value) <= set(RELATIONS.split()):
        return False
    if not all(isinstance(refs, list) and refs for refs in value.values()):
        return False
    every = [ref for refs in value.values() for ref in refs]
    return len(every) <= 256 and all(
        isinstance(ref, dict) and set(ref) == {"hash", "id"} and fits(DIGEST, ref["hash"]) and fits(ID, ref["id"])
        for ref in every
    )


def is_also(value):
    return isinstance(value, dict) and bool(value) and all(isinstance(digest, str) for digest in value.values())


EVIDENCE = {
    "digest": lambda v: fits(NAMED, v),
    "kind": lambda v: fits("file|directory|external", v),
    "media_type": lambda v: isinstance(v, str),
    "size": lambda v: is_integer(v, 0, 2**53 - 1),
    "also": is_also,
    "name": lambda v: isinstance(v, str),
    "personal_data": lambda v: v is True,
    "retention": lambda v: fits("[AC]", v),
    "unread": lambda v: v is True,
    "uri": lambda v: isinstance(v, str),
}


def is_evidence(value):
    return isinstance(value, list) and 1 <= len(value) <= 256 and all(is_evidence_item(item) for item in value)


def is_evidence_item(item):
    if not isinstance(item, dict) or not {"digest", "kind", "media_type", "size"} <= set(item) <= set(EVIDENCE):
        return False
    return all(EVIDENCE[key](value) for key, value in item.items())


def is_full(value):
    return isinstance(value, dict) and bool(value) and not has_null(value)


def has_null(value):
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(has_null(item) for item in inside)


STATEMENT = {
    "actor": lambda v: fits(HANDLE, v),
    "claimed_by": is_full,
    "context": is_full,
    "critical": lambda v: v is True,
    "data": lambda v: isinstance(v, dict),
    "evidence": is_evidence,
    "id": lambda v: fits(ID, v),
    "key": lambda v: fits(DIGEST, v),
    "log": lambda v: fits(DIGEST, v),
    "on_behalf_of": lambda v: fits(HANDLE, v),
    "reason": lambda v: isinstance(v, str) and 1 <= len(v) <= 2000,
    "refs": is_refs,
    "rev": lambda v: is_integer(v, 1, 2**53 - 1),
    "source": is_full,
    "subject": is_subject,
    "time": is_time,
    "type": lambda v: fits(TYPE, v),
}


def check_statement(value):
    need(isinstance(value, dict) and set(value) >= REQUIRED and set(value) <= set(STATEMENT), "keys of a statement")
    for key, item in value.items():
        need(STATEMENT[key](item), f"{key} of a statement")


def read_statement(data):
    """A statement by itself."""
    value = decode(data, 49_152, 31)
    check_statement(value)
    return value


# ---- sections 6 and 7 ----

HEAD = {
    "actor": lambda v: fits(HANDLE, v),
    "count": lambda v: is_integer(v, 1, 4096),
    "id": lambda v: fits(ID, v),
    "key": lambda v: fits(DIGEST, v),
    "log": lambda v: fits(DIGEST, v),
    "root": lambda v: fits(DIGEST, v),
}


def read_entry(data):
    """An entry's fields, the bytes of its statement and those of its batch header."""
    value = decode(data, 65_535)
    need(set(value) - {"batch"} == {"prev", "recorded", "seq", "signatures", "statement"}, "keys of an entry")
    need(fits(DIGEST, value["prev"]) and is_time(value["recorded"]), "prev or recorded")
    need(is_integer(value["seq"], 0, 2**53 - 2), "seq")
    signatures, batch = value["signatures"], value.get("batch")
    need(isinstance(signatures, list) and all(unbase64(s) is not None for s in signatures), "signatures")
    need(2 + sum(len(s) + 3 for s in signatures) - bool(signatures) <= 12_288, "signatures too large")
    if "batch" in value:
        need(isinstance(batch, dict) and set(batch) in ({"first"}, set(HEAD)), "batch")
        need(is_integer(batch.get("first", 0), 0, 2**53 - 2), "first")
        need(all(HEAD[key](item) for key, item in batch.items() if key != "first"), "batch header")
    body = data[data.index(b',"statement":') + len(b',"statement":') : -1]
    need(len(body) <= 49_152, "statement too large")
    check_statement(value["statement"])
    header = data[len(b'{"batch":') : data.index(b',"prev":')] if batch else b""
    return value, body, header


# ---- section 8 ----

ROLES = {"recorder", "approver", "compliance", "admin", "auditor"}


def read_roles(value, check):
    need(isinstance(value, list) and value and all(isinstance(r, str) and r in ROLES for r in value), "roles", check)
    return set(value)


def read_rules(value):
    need(isinstance(value, dict), "rules", 10)
    for kind, rule in value.items():
        need(fits(TYPE, kind) and isinstance(rule, dict) and set(rule) == {"batch", "roles", "trust"}, "a rule", 10)
        need(isinstance(rule["batch"], bool) and isinstance(rule["trust"], bool), "a rule", 10)
        need(rule["roles"] == [] or read_roles(rule["roles"], 10), "roles of a rule", 10)
    return value


# ---- section 10 ----


def read_disclosure(shown):
    """The id and the steps of the place that a disclosure names."""
    try:
        array = json.loads(base64.urlsafe_b64decode(shown + "=" * (-len(shown) % 4)))
    except ValueError:
        raise Bad(20, "no base64url of JSON") from None
    need(isinstance(array, list) and len(array) == 3 and "=" not in shown, "a disclosure", 20)
    ident, *path = str(array[1]).split("/")
    need(fits(ID, ident) and path, "a place", 20)
    return ident, [step.replace("~1", "/").replace("~0", "~") for step in path]
