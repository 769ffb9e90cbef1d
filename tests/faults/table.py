"""Which piece of work is done under which fault, and the test that does it: the plan of the page."""

# How the page calls a fault, and what is done, for how many n.
FAULTS = {
    "I/O error": "the n-th call of the file system fails with an I/O error, and nothing of it is done",
    "I/O errors from there on": "the n-th call fails, and every later one",
    "disk full": "the n-th call that writes fails as on a full disk",
    "short write": "the n-th call that writes does half of it and fails",
    "crash": "the process is gone after its n-th call",
    "power cut": "the process is gone after its n-th call, with all that was written and not yet synced",
    "kill -9": "the process is killed from outside, at a random moment",
    "full file system": "a small file system, really filled, and emptied again",
    "file size limit": "no file may grow further (RLIMIT_FSIZE), and later may again",
    "clock stepped": "the clock is stepped, back and ahead, by seconds and by hours, between two events",
    "connection cut": "the connection to the PostgreSQL server is cut at its n-th message, either way",
    "server crash": "the server's processes are ended at once; it starts again and recovers from its log",
    "server restart": "the server is shut down while it is written to, and started again",
    "server away": "the server takes no connections for a while",
}
_DISK = ("I/O error", "I/O errors from there on", "disk full", "short write", "crash", "power cut")
_CALLS = "faults/test_breaking.py::test_whatever_breaks_what_was_acknowledged_stands"
_CUT = "faults/test_server.py::test_a_connection_cut_at_any_message"
_CUT_MOVE = "faults/test_server.py::test_a_migration_whose_connection_is_cut_at_any_message"
_DOWN = "faults/test_server.py::test_a_server_that_goes_down_at_work"
_PUBLISH = "faults/test_publish.py::test_an_error_at_every_call"

# How the page calls a piece of work, and what it is; `, server` is added where the ledger is in PostgreSQL.
WORKS = {
    "record": "three events, each a commit of its own",
    "record many": "three hundred events under one signature, twice",
    "seal a tail": "what a writer without the log's key placed is checked and covered by a checkpoint",
    "close a checkpoint": "the newest checkpoint is signed with all of the log's keys, and kept",
    "rebuild what is computed": "tree hashes, indexes and head are made again from the entries",
    "rebuild projections": "the registry is folded, made anew beside the old one, and swapped",
    "migrate": "the ledger moves into another file",
    "erase": "a sealed value is removed: from the rows, the file and its WAL",
    "back up": "a copy is made, checked, and put in its place",
    "publish": "tiles, entries and checkpoint are written to a folder that was published to before",
    "publish first": "the same, to an empty folder",
    "spool": "statements are put into the outbox, and one is taken out",
    "flush the spool": "what waits in the outbox is recorded, in parts",
    "record among others": "three events, with one of somebody else's before each",
    "record by four threads": "events by four threads of one process",
    "migrate away": "a ledger on the server moves into a file",
}
_OF_CALLS = tuple(WORKS)[:9]
_OF_A_SERVER = ("record", "record among others", "record many", "seal a tail", "close a checkpoint",
                "rebuild what is computed", "rebuild projections", "migrate", "migrate away")  # fmt: skip
ROWS: dict[tuple[str, str], str] = {
    **{(work, fault): _CALLS for work in _OF_CALLS for fault in _DISK},
    **{(work, fault): _PUBLISH for work in ("publish", "publish first") for fault in _DISK[:4]},
    **{(work, fault): "faults/test_publish.py::test_killed_at_every_call"
       for work in ("publish", "publish first") for fault in _DISK[4:]},
    **{("spool", fault): "spool/test_faults.py::test_every_call_fails_in_turn" for fault in _DISK},
    **{(f"{work}, server", "connection cut"): _CUT for work in _OF_A_SERVER[:7]},
    **{(f"{work}, server", "connection cut"): _CUT_MOVE for work in _OF_A_SERVER[7:]},
    **{(f"{work}, server", fault): _DOWN
       for work in ("record", "record many") for fault in ("server crash", "server restart")},
    **{(work, "kill -9"): "faults/test_kill.py::test_what_was_acknowledged_survives_a_kill"
       for work in ("record", "record by four threads", "record many")},
    **{(f"{work}, server", "kill -9"): "faults/test_kill.py::test_what_was_acknowledged_survives_a_kill_before_a_server"
       for work in ("record", "record by four threads", "record many")},
    ("migrate", "kill -9"): "moving/test_migrate.py::test_killed_at_any_moment_it_goes_on",
    ("spool", "kill -9"): "spool/test_flushing.py::test_kill_one_that_spools_again_and_again",
    ("flush the spool", "kill -9"): "spool/test_flushing.py::test_kill_a_flusher_again_and_again",
    ("record", "file size limit"): "faults/test_disk.py::test_a_file_that_may_not_grow",
    ("record", "full file system"): "faults/test_disk.py::test_a_disk_that_is_full",
    ("record", "clock stepped"): "faults/test_clock_and_keys.py::test_a_clock_that_is_stepped_between_any_two_events",
    ("spool", "server away"): "spool/test_postgres.py::test_a_server_that_goes_away_and_comes_back",
}  # fmt: skip
