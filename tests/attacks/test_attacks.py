"""Every attack of the table, on every form, before every judge."""

import pytest

from tests.attacks import forms, keys, rows  # noqa: F401 - they fill the table
from tests.attacks.judging import by_auditor, by_command, by_library
from tests.attacks.table import ATTACKS
from tests.attacks.world import as_bundle, as_sqlite, as_tiles


def _judged(log, world, template, folder, held):
    """(form and judge) -> what was said."""
    sqlite, bundle, tiles = as_sqlite(log, folder, template), as_bundle(log, folder), as_tiles(log, folder)
    said = {}
    for form, path in (("sqlite", sqlite), ("bundle", bundle), ("tiles", tiles)):
        said[form, "library"] = by_library(path, world, held=held)
        said[form, "command"] = by_command(path, world, folder, held=held)
    said["bundle", "verify.py"] = by_auditor(bundle, world, folder, held=held)
    return said


def test_the_honest_log_is_believed_in_every_form(world, template, tmp_path):
    """Else the tests below would prove nothing."""
    for held, letter in ((False, "U"), (True, "V")):
        said = _judged(world.log, world, template, tmp_path, held)
        assert {one.letter for one in said.values()} == {letter}, said


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: f"{one.number} {one.run.__name__}: {one.what}")
@pytest.mark.parametrize("held", [False, True], ids=["alone", "held"])
def test_an_attack(world, template, tmp_path, attack, held):
    expected = attack.held if held else attack.alone
    said = _judged(attack.run(world), world, template, tmp_path, held)
    of_tiles = attack.tiles.split(" -> ")[-1 if held else 0] or expected
    wanted = {where: of_tiles if where[0] == "tiles" else expected for where in said}
    assert {where: one.letter for where, one in said.items()} == wanted
    for where, one in said.items():
        if one.letter == "B" and one.places:
            assert {check for check, _ in one.places} & attack.checks, (where, one)
            if attack.entry is not None:
                assert attack.entry in {seq for _, seq in one.places}, (where, one)
