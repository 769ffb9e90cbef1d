"""Attacks on rows and checkpoints, by whoever holds the store (threat table 1 to 14)."""

import re

from ledger.notes.note import Note, SignatureLine, render_note
from tests.attacks.table import attack
from tests.attacks.world import ORIGIN, Log, World, chained, now, say


@attack(1, "store", "a number in a statement", checks={14, 7}, alone="B", held="B", entry=3)
def statement(world: World) -> Log:
    return world.log.change(3, b"0.79", b"0.99")


@attack(1, "store", "the link of an entry", checks={7}, alone="B", held="B", entry=5)
def link(world: World) -> Log:
    data = world.log.datas[5]
    prev = re.search(rb'"prev":"([0-9a-f]{64})"', data)[1]
    return world.log.change(5, prev, prev[::-1])


@attack(1, "store", "the time of recording, set back", checks={7, 8}, alone="B", held="B", entry=5)
def recorded(world: World) -> Log:
    return world.log.change(5, b'"recorded":"202', b'"recorded":"201')


@attack(1, "store", "the number of an entry", checks={6}, alone="B", held="B", entry=5)
def number(world: World) -> Log:
    return world.log.change(5, b'"seq":5', b'"seq":6')


@attack(1, "store", "a signature", checks={14}, alone="B", held="B", entry=5)
def signature(world: World) -> Log:
    data = world.log.datas[5]
    text = re.search(rb'"signatures":\["([^"]+)"\]', data)[1]
    return world.log.change(5, text, (b"B" if text[:1] == b"A" else b"A") + text[1:])


@attack(2, "store", "a statement, and every later link and hash", checks={14, 9, 4}, alone="B", held="B", entry=3)
def rechained(world: World) -> Log:
    return world.log._replace(datas=chained(world.log.change(3, b"0.79", b"0.99").datas))


@attack(3, "store", "a row in the middle removed, the rest re-chained", checks={9, 4}, alone="B", held="B", tiles="N")
def removed(world: World) -> Log:
    return world.log._replace(datas=chained([*world.log.datas[:13], *world.log.datas[14:]]))


@attack(3, "store", "a row in the middle removed, nothing else", checks={6}, alone="B", held="B", entry=13, tiles="N")
def hole(world: World) -> Log:
    return world.log._replace(datas=(*world.log.datas[:13], *world.log.datas[14:]))


@attack(3, "store", "two rows swapped", checks={6}, alone="B", held="B", entry=12)
def swapped(world: World) -> Log:
    datas = list(world.log.datas)
    datas[12], datas[13] = datas[13], datas[12]
    return world.log._replace(datas=tuple(datas))


@attack(3, "store", "two rows swapped, re-chained", checks={9, 4}, alone="B", held="B")
def swapped_rechained(world: World) -> Log:
    datas = list(world.log.datas)
    datas[12], datas[13] = datas[13], datas[12]
    return world.log._replace(datas=chained(datas))


@attack(
    4, "store, backup", "the newest entries cut off, and all checkpoints over them", checks={4}, alone="U", held="B"
)
def cut(world: World) -> Log:
    return world.log.cut(13)


@attack(5, "store", "cut, then the same statements re-placed in another order", checks={4}, alone="U", held="B")
def replaced_tail(world: World) -> Log:
    log = world.log.cut(13)
    tail = [world.log.datas[seq] for seq in (14, 13, 15)]
    return log._replace(datas=chained([*log.datas, *now(world.log, tail)]))


@attack(6, "store", "an uncovered tail removed", checks=set(), alone="U", held="V")
def tail_removed(world: World) -> Log:
    return world.log


@attack(10, "store", "an older checkpoint put back, the entries kept", checks={4}, alone="U", held="V", tiles="U -> B")
def older_checkpoint(world: World) -> Log:
    """A published folder has no entries but those under its checkpoint: there they are gone."""
    return world.log._replace(note=world.log.kept[0], kept=(), disclosures=())


SPELLINGS = {
    "a size with a leading zero": lambda text: text.replace(b"\n16\n", b"\n016\n", 1),
    "CR LF": lambda text: text.replace(b"\n", b"\r\n", 1),
    "an extension line": lambda text: text.replace(b"\n\n", b"\nmore\n\n", 1),
    "an empty line": lambda text: text.replace(b"\n16\n", b"\n\n16\n", 1),
    "a blank after the size": lambda text: text.replace(b"\n16\n", b"\n16 \n", 1),
    "no LF at the end": lambda text: text[:-1],
    "U+2028 in the text": lambda text: text.replace(b"/one\n", b"/one\xe2\x80\xa8\n", 1),
}


def _spelling(name: str) -> None:
    @attack(11, "store", f"the checkpoint with {name}", checks={2, 9}, alone="B", held="B")
    def spelt(world: World) -> Log:
        return world.log._replace(note=SPELLINGS[name](world.log.note), kept=())


for _name in SPELLINGS:
    _spelling(_name)


@attack(12, "store", "a checkpoint of another origin under the same key", checks={2, 3}, alone="B", held="B")
def other_origin(world: World) -> Log:
    text = world.log.note.decode().partition("\n\n")[0].replace("/one", "/two") + "\n"
    signer = world.key.everyday[0]
    line = SignatureLine(ORIGIN, signer.verifier_key.key_id, signer.sign_note(text))
    return world.log._replace(note=render_note(Note(text, (line,))), kept=())


@attack(14, "log's key", "a statement placed twice", checks={11, 6}, alone="B", held="B", entry=16)
def twice(world: World) -> Log:
    return world.seal(world.log._replace(datas=chained([*world.log.datas, *now(world.log, [world.log.datas[4]])])))


@attack(
    14, "author's and log's key", "the same id with another statement", checks={11, 6}, alone="B", held="B", entry=16
)
def same_id(world: World) -> Log:
    again = say(world.log.datas[3], world.mara, reason="better")
    return world.seal(world.log._replace(datas=chained([*world.log.datas, *now(world.log, [again])])))
