"""The whole way: a file, a server, a folder, a file; the same root and the same opinions at every stop.

Some thousand entries by default; 200,000 with `LEDGER_MOVED=200000 pytest -m moved`.
"""

import os
import threading

import pytest

from ledger.api import Ledger
from ledger.cli.moving import fingerprints
from ledger.copying import difference
from ledger.errors import Conflict
from ledger.migrate import migrate
from tests.log.acts import say, say_many

COUNT = int(os.environ.get("LEDGER_MOVED", "3000"))


@pytest.mark.moved
def test_from_a_file_to_a_server_to_a_folder_to_a_file(told, url, tmp_path):
    say_many(told, COUNT)
    said, ended = [], []

    def write():
        with Ledger.open(told.path) as mine:
            while not ended:
                try:
                    said.append(say(mine, len(said) % 1000).id)
                except Conflict as error:
                    ended.append(error.code)

    writer = threading.Thread(target=write)
    writer.start()
    first = migrate(told, url, fingerprints=fingerprints)
    writer.join()
    assert ended == ["moved"]
    assert first.size > COUNT + 16 + 1
    with Ledger.open(url) as server:
        assert set(said) <= {one.statement.id for one in server.entries(COUNT + 16)}
        say(server, 7)
        second = migrate(server, f"{tmp_path}/tiles/", fingerprints=fingerprints)
        with Ledger.open(tmp_path / "tiles", read_only=True) as tiles:
            third = migrate(tiles, str(tmp_path / "last.db"), fingerprints=fingerprints)
            assert difference(tiles.store, server.store) is None
    assert (second.size, second.root, second.projections) == (third.size, third.root, third.projections)
    with Ledger.open(tmp_path / "last.db") as last:
        assert [row.data for row in last.store.rows(0, first.size)] == [
            row.data for row in told.store.rows(0, first.size)
        ]
        assert say(last, 9).seq == third.size + 1
        report = last.verify()
        assert (report.verdict, report.failures) == ("VERIFIED", ())
