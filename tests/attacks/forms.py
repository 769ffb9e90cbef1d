"""Attacks on the one form, by whoever may write hostile content (threat table 15 to 22)."""

import re

from tests.attacks.table import attack
from tests.attacks.world import Log, World

FORMS = {
    15: {
        "a key twice in an entry": (b'"seq":5', b'"seq":5,"seq":5'),
        "a key twice in a statement": (b'"rev":1', b'"rev":1,"rev":1'),
        "keys out of order": (b'"rev":1,"subject"', b'"subjecs":1,"rev":1,"subject"'),
        "a blank": (b'"seq":5', b'"seq": 5'),
        "an escape that is not needed": (b'"actor":"mara"', b'"actor":"m\\u0061ra"'),
        "an escaped slash": (b'"actor":"mara"', b'"actor":"mar\\/a"'),
        "a byte after the end": (b"}}", b"}} "),
        "a BOM": (b'{"prev"', b'\xef\xbb\xbf{"prev"'),
    },
    16: {
        "-0": (b'"rev":1', b'"rev":-0'),
        "1.0e1": (b'"rev":1', b'"rev":1.0e1'),
        "0.10": (b'"rev":1', b'"rev":0.10'),
        "1e400": (b'"rev":1', b'"rev":1e400'),
        "2^53": (b'"seq":5', b'"seq":9007199254740992'),
        "NaN": (b'"rev":1', b'"rev":NaN'),
    },
    17: {
        "bad UTF-8": (b'"actor":"mara"', b'"actor":"mar\xff"'),
        "a surrogate in CESU": (b'"actor":"mara"', b'"actor":"mar\xed\xa0\x80"'),
        "DEL": (b'"actor":"mara"', b'"actor":"mar\x7f"'),
        "a right-to-left override": (b'"actor":"mara"', b'"actor":"mar\xe2\x80\xae"'),
    },
    18: {
        "depth 40": (b'"data":{', b'"data":{"a":' + b"[" * 40 + b"1" + b"]" * 40 + b","),
        "an integer of 4,300 digits": (b'"rev":1', b'"rev":' + b"9" * 4300),
    },
    19: {
        "an unknown key in the entry": (b'"prev"', b'"note":"x","prev"'),
        "an unknown key in the statement": (b'"rev":1', b'"rev":1,"said":1'),
    },
    21: {
        "a Cyrillic letter in a handle": (b'"actor":"mara"', b'"actor":"m\xd0\xb0ra"'),
        "an upper-case twin of a handle": (b'"actor":"mara"', b'"actor":"Mara"'),
        "full-width digits in a version": (b'"actor":"mara"', b'"actor":"mar\xef\xbc\x91"'),
    },
}


def _form(number: int, name: str) -> None:
    @attack(number, "hostile author, store", name, checks={5}, alone="B", held="B", entry=5)
    def spelt(world: World) -> Log:
        old, new = FORMS[number][name]
        data = world.log.datas[5]
        if not re.search(re.escape(old), data):
            old, new = b'"seq":5', b'"seq":05'
        return world.log.put(5, data.replace(old, new, 1))


for _number, _cases in FORMS.items():
    for _name in _cases:
        _form(_number, _name)
