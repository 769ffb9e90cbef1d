"""FORMAT.md section 1, one buffer a case. A bad one breaks exactly the rule its name says."""

from __future__ import annotations


def deep(n: int, of: str = "[]") -> bytes:
    """An object whose nesting is n: the object itself is 1."""
    inner = of[0] * (n - 1) + of[1] * (n - 1) if of == "[]" else '{"a":' * (n - 2) + "{}" + "}" * (n - 2)
    return b'{"a":' + inner.encode() + b"}"


def value(token: str | bytes) -> bytes:
    return b'{"a":' + (token if isinstance(token, bytes) else token.encode()) + b"}"


def string(inner: str | bytes) -> bytes:
    return value(b'"' + (inner if isinstance(inner, bytes) else inner.encode()) + b'"')


def keyed(key: str) -> bytes:
    return f'{{"{key}":1}}'.encode()


NUMBERS_GOOD = {
    "0": "0", "1": "1", "minus-1": "-1", "2-53-less-1": "9007199254740991", "minus-2-53-less-1": "-9007199254740991",
    "0.0": "0.0", "1.0": "1.0", "minus-1.0": "-1.0", "0.1": "0.1", "0.79": "0.79", "100000.0": "100000.0", "0.00001": "0.00001",
    "0.00001234": "0.00001234", "9.999999999999999e-6": "9.999999999999999e-6", "1e-6": "1e-6", "1.5e-7": "1.5e-7",
    "1e16": "1e16", "1.2e16": "1.2e16", "1e22": "1e22", "1e23": "1e23", "minus-1e100": "-1e100", "9999999999999998.0": "9999999999999998.0",
    "5e-324": "5e-324", "minus-5e-324": "-5e-324", "2.2250738585072014e-308": "2.2250738585072014e-308",
    "1.7976931348623157e308": "1.7976931348623157e308", "0.30000000000000004": "0.30000000000000004",
    "9007199254740993-as-decimal": "9007199254740992.0", "2-power-minus-44-uneven-neighbours": "5.684341886080802e-14",
    "123456.789": "123456.789", "1.2345678901234568e20": "1.2345678901234568e20", "tie-goes-to-even": "1125899906842624.2",
    "tie-goes-to-even-up": "1125899906842624.8",
}
NUMBERS_BAD = {
    "minus-0": "-0", "minus-0.0": "-0.0", "minus-0e0": "-0e0", "0e0": "0e0", "0.00": "0.00", "1.0e1": "1.0e1", "1e1": "1e1", "0.10": "0.10",
    "1.50": "1.50", "0.10000000000000001": "0.10000000000000001", "0.3000000000000000444": "0.3000000000000000444",
    "1e400": "1e400", "minus-1e400": "-1e400", "1e-400": "1e-400", "1.7976931348623159e308": "1.7976931348623159e308",
    "1e-5": "1e-5", "1e-05": "1e-05", "1e-06": "1e-06", "0.000001": "0.000001", "0.000009999999999999999": "0.000009999999999999999",
    "1e15": "1e15", "1e016": "1e016", "10000000000000000.0": "10000000000000000.0", "1.0e16": "1.0e16", "10e16": "10e16", "0.1e17": "0.1e17",
    "12e-8": "12e-8", "2-53": "9007199254740992", "minus-2-53": "-9007199254740992", "2-64": "18446744073709551616",
    "5000-digits": "1" * 5000, "nan": "NaN", "infinity": "Infinity", "minus-infinity": "-Infinity", "1E5": "1E5", "1E16": "1E16", "1e+5": "1e+5",
    "1e+16": "1e+16", "1.e5": "1.e5", "5.": "5.", ".5": ".5", "plus-1": "+1", "01": "01", "minus-01": "-01", "00": "00", "01.5": "01.5",
    "hexadecimal": "0x10", "underscore": "1_0", "full-width-digit": "１", "arabic-digit": "٣", "minus-alone": "-", "two-points": "1.2.3", "4.9e-324": "4.9e-324",
    "3e-324": "3e-324", "5.6843418860808015e-14": "5.6843418860808015e-14", "5.684341886080801e-14": "5.684341886080801e-14",
    "1e23-long": "9.999999999999999161e22", "tie-to-odd": "1125899906842624.3", "trailing-letter": "1f",
}

GOOD: dict[str, bytes] = {
    "empty-object": b"{}",
    "empty-list": value("[]"),
    "empty-string": string(""),
    "empty-key": keyed(""),
    "words": b'{"a":true,"b":false}',
    "vector-of-the-page": '{"a":{"x":"é😀","y":[1,2.5,true]},"b":1}'.encode(),
    "keys-sorted-by-utf8": '{"":0,"1":1,"A":2,"a":3,"aa":4,"€":5,"\ufb33":6,"😀":7}'.encode(),
    "key-256-bytes": keyed("k" * 256),
    "key-256-bytes-of-utf8": keyed("é" * 128),
    "key-with-escapes": b'{"\\t\\n":1,"!":2,"\\"":3,"\\\\":4}',
    "key-escaped-line-feed-sorts-as-0a": b'{"\\n":1,"!":2,"A":3}',
    "escapes": string('a\\tb\\nc\\"d\\\\e/'),
    "not-normalised-nfc-and-nfd": '{"e\u0301":1,"\u00e9":2}'.encode(),
    "astral": string("😀\U0010fffd"),
    "zero-width-joiner": string("a\u200db"),
    "left-to-right-mark": string("\u200e"),
    "neighbours-of-the-ranges": string(" ~\u00a0\u2027\u202f\u2065\u206a\ufdcf\ufdf0\ufffd\ud7ff\ue000\U00010000"),
    "replacement-character": string("\ufffd"),
    "depth-32-lists": deep(32),
    "depth-32-objects": deep(32, "{}"),
    "brackets-in-strings": string("[" * 100 + "{" * 100),
    "long-string": string("x" * 20000),
    "many-keys": b"{" + b",".join(b'"k%04d":%d' % (i, i) for i in range(1000)) + b"}",
    **{f"number-{name}": value(token) for name, token in NUMBERS_GOOD.items()},
}

BAD: dict[str, bytes] = {
    "empty": b"", "blank-only": b" ",
    "not-an-object-list": b"[]", "not-an-object-string": b'"a"', "not-an-object-number": b"1", "not-an-object-null": b"null",
    "bom": b"\xef\xbb\xbf{}", "utf-16": '{"a":1}'.encode("utf-16-le"), "final-line-feed": b"{}\n", "final-nul": b"{}\0", "leading-blank": b" {}",
    "trailing-bytes": b"{}{}", "trailing-bracket": b'{"a":1}}', "cut-short": b'{"a":1', "cut-in-string": b'{"a":"b',
    "blank-after-colon": b'{"a": 1}', "blank-before-colon": b'{"a" :1}', "blank-after-comma": b'{"a":1, "b":2}', "blank-in-list": b'{"a":[1, 2]}',
    "blank-in-empty-object": b"{ }", "blank-in-empty-list": b'{"a":[ ]}', "tab-between": b'{"a":\t1}', "line-feed-between": b'{"a":\n1}',
    "trailing-comma-object": b'{"a":1,}', "trailing-comma-list": b'{"a":[1,]}', "leading-comma": b'{,"a":1}', "double-comma": b'{"a":[1,,2]}',
    "comment": b'{"a":1/**/}', "single-quotes": b"{'a':1}", "unquoted-key": b"{a:1}", "number-as-key": b"{1:1}", "equals-sign": b'{"a"=1}',
    "missing-colon": b'{"a"1}', "missing-value": b'{"a":}', "mismatched-brackets": b'{"a":[1}]', "word-in-capitals": b'{"a":True}', "word-cut": b'{"a":tru}',
    "duplicate-keys": b'{"a":1,"a":2}', "duplicate-keys-same-value": b'{"a":1,"a":1}', "duplicate-keys-inside": b'{"a":{"b":1,"b":1}}',
    "duplicate-keys-in-list": b'{"a":[{"b":1,"b":1}]}', "duplicate-empty-keys": b'{"":1,"":1}',
    "unsorted": b'{"b":1,"a":2}', "unsorted-inside": b'{"a":{"z":1,"b":1}}', "unsorted-in-list": b'{"a":[{"z":1,"b":1}]}',
    "unsorted-capital-after-small": b'{"a":1,"B":2}', "sorted-by-utf16": '{"😀":1,"\ufb33":2}'.encode(), "sorted-by-length": b'{"b":1,"aa":2}',
    "unsorted-longer-first": b'{"aa":1,"a":2}', "key-escaped-line-feed-sorted-as-spelt": b'{"!":2,"A":3,"\\n":1}',
    "escape-solidus": string("\\/"), "escape-u0041": string("\\u0041"), "escape-u00e9": string("\\u00e9"), "escape-u0009": string("\\u0009"),
    "escape-u001f": string("\\u001f"), "escape-u0000": string("\\u0000"), "escape-backspace": string("\\b"), "escape-form-feed": string("\\f"),
    "escape-carriage-return": string("\\r"), "escape-unknown": string("\\x"), "escape-at-the-end": b'{"a":"\\"}', "escape-u-surrogate-pair": string("\\ud83d\\ude00"),
    "escape-u-lone-surrogate": string("\\ud800"), "escape-u-in-key": b'{"\\u0061":1}', "raw-tab": string("\t"), "raw-line-feed": string("\n"),
    "raw-nul": string("\0"), "raw-backspace": string("\b"), "raw-vertical-tab": string("\x0b"), "raw-carriage-return": string("\r"), "raw-1f": string("\x1f"),
    "del": string("\x7f"), "c1-first": string("\x80"), "c1-next-line": string("\x85"), "c1-last": string("\x9f"), "line-separator": string("\u2028"),
    "paragraph-separator": string("\u2029"), "bidi-embedding": string("\u202a"), "bidi-override": string("user\u202e"), "bidi-isolate": string("\u2066"),
    "bidi-isolate-end": string("\u2069"), "bom-inside": string("a\ufeffb"), "noncharacter-fdd0": string("\ufdd0"), "noncharacter-fdef": string("\ufdef"),
    "noncharacter-fffe": string("\ufffe"), "noncharacter-ffff": string("\uffff"), "noncharacter-1fffe": string("\U0001fffe"),
    "noncharacter-10ffff": string("\U0010ffff"), "bidi-override-in-key": keyed("a\u202e"), "del-in-key": keyed("\x7f"), "control-in-key": keyed("\x01"),
    "cesu-surrogates": string(b"\xed\xa0\xbd\xed\xb8\x80"), "lone-high-surrogate": string(b"\xed\xa0\x80"), "lone-low-surrogate": string(b"\xed\xb0\x80"),
    "overlong-solidus": string(b"\xc0\xaf"), "overlong-nul": string(b"\xc0\x80"), "overlong-3-bytes": string(b"\xe0\x80\xaf"),
    "overlong-4-bytes": string(b"\xf0\x80\x80\xaf"), "truncated-utf8": string(b"\xe2\x82"), "truncated-utf8-at-the-end": b'{"a":"\xf0\x9f\x98',
    "continuation-alone": string(b"\x80"), "beyond-10ffff": string(b"\xf4\x90\x80\x80"), "five-byte-form": string(b"\xf8\x88\x80\x80\x80"),
    "byte-ff": string(b"\xff"), "latin-1": string(b"\xe9"), "bad-utf8-in-key": b'{"\xff":1}',
    "depth-33-lists": deep(33), "depth-33-objects": deep(33, "{}"), "depth-1000": deep(1000), "depth-10000": deep(10000),
    "key-257-bytes": keyed("k" * 257), "key-257-bytes-of-utf8": keyed("é" * 128 + "x"),
    **{f"number-{name}": value(token) for name, token in NUMBERS_BAD.items()},
}
