"""The spool's file under faults: every call of the file system fails in turn, or is the last; what it took is there.

By default some of the calls; all of them with `LEDGER_FAULTS=all pytest -m faults`.
"""

import pytest

from ledger.errors import LedgerError
from ledger.fresh import new_id
from ledger.spool.file import Spool
from ledger.spool.item import Target
from tests.faults import breaking
from tests.faults.test_breaking import KINDS, steps


def work(path, say):
    """Put four, remove one, put one more; what fails is asked for once more. Tell what was acknowledged."""
    spool = Spool(path)
    for number in range(5):
        id = new_id()
        for _ in range(2):
            say(asked=id)
            try:
                put(spool, id, number)
            except LedgerError as error:
                say(code=error.code, outcome=getattr(error, "outcome", ""))
            else:
                say(ok=id)
                break
        if number == 3:
            first = spool.items()[:1]
            say(leaving=[one.id for one in first])
            spool.remove(first)


def put(spool, id, number):
    body = b'{"n":%d}' % number + b" " * 3000
    spool.put(Target("ab" * 32, "", "a"), id, body, (b"x",), (f"text {number}",), since="", why="")


def all_of(said, word):
    return [words[word] for words in said if word in words]


@pytest.mark.faults
@pytest.mark.parametrize("kind", breaking.KINDS)
def test_every_call_fails_in_turn(tmp_path, kind, caused):
    found = caused("spool", KINDS[kind])
    for at in steps():
        path = tmp_path / f"{at}.db"
        told = breaking.run(lambda say, path=path: work(path, say), kind, at, tmp_path / "said")
        after = Spool(path)
        there = {item.id: item.body for item in after.items()}
        after.close()
        leaving = {id for ids in all_of(told.said, "leaving") for id in ids}
        found.judge(set(all_of(told.said, "ok")) - leaving, there, set(all_of(told.said, "asked")) - leaving)
        assert all(body.startswith(b'{"n":') and len(body) > 3000 for body in there.values())
        assert set(there) <= set(all_of(told.said, "asked"))
        for words in told.said:
            if "code" in words or "error" in words:
                found.refuse(words.get("code") or words["error"], words["outcome"])
        if not told.met:
            break
        found.caused += 1
        found.gone += told.gone
    assert found.caused > 3
