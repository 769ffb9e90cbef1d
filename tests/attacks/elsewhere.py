"""The attacks that need more than a log that is handed over: a writer at work, a witness, a clock, a terminal.

Each row names the test that carries it out. `-` in the place of a verdict: nothing can notice, and the test holds what is
said instead.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """One attack: number, who, what, the check or the place that must notice, what is said, the test."""

    number: int
    who: str
    what: str
    notice: str
    verdict: str
    test: str


ELSEWHERE = [
    Row(6, "store", "an uncovered tail removed, where this user placed it or has seen it", "C4, the pin's tail", "- -> B",
        "core/test_pins.py::test_the_uncovered_tail_is_deleted"),
    Row(5, "store", "an uncovered tail re-placed in another order; the log's key is asked to cover it", "C4, the pin's tail", "B, M",
        "core/test_pins.py::test_the_uncovered_tail_is_placed_again_in_another_order"),
    Row(7, "store", "stored hashes or head changed, so that the next append signs a wrong root", "append", "M",
        "log/test_refusing.py::test_what_a_writer_builds_on_was_changed"),
    Row(8, "store", "a row filed under another id than its bytes say", "C6", "B",
        "log/test_tampering.py::test_a_row_under_another_id"),
    Row(8, "store", "an index that hides an entry", "C6", "B", "log/test_tampering.py::test_an_index_that_hides_an_entry"),
    Row(9, "store", "a trigger, view or table of somebody else's", "C1", "B", "stores/test_sqlite.py::test_another_schema_is_c1"),
    Row(13, "store", "the WAL dropped", "C4", "U -> B", "faults/test_disk.py::test_a_wal_that_was_lost"),
    Row(13, "store", "a WAL of another day beside the file", "C1, C5", "B", "faults/test_disk.py::test_a_wal_of_another_ledger"),
    Row(13, "store", "a torn page", "C5, C9", "B", "faults/test_disk.py::test_a_torn_page"),
    Row(22, "hostile author", "escape sequences, bidi overrides, markup in what is printed", "output", "harmless",
        "cli/test_reading.py::test_text_that_steers_a_terminal_is_written_out"),
    Row(25, "an author's key", "one half of a credential of two keys", "C14", "B", "core/test_keys.py::test_both_keys_must_sign"),
    Row(26, "log's Ed25519 key broken", "the ML-DSA line dropped from a checkpoint", "C3", "B where all are required, else -",
        "log/test_vouching.py::test_a_dropped_line_is_noticed_where_all_are_required"),
    Row(29, "an author's key", "SSHSIG for git, for files, with a byte more; raw by such a key, and the reverse", "C14", "B",
        "core/test_sshsig.py::test_a_blob_is_good_for_its_message_key_and_purpose_alone"),
    Row(30, "log's key", "anything but a checkpoint signed with it", "no such interface", "M",
        "core/test_notes.py::test_what_no_checkpoint_can_say"),
    Row(31, "a witness", "a cosignature offered as the log's own line", "C3", "B",
        "log/test_vouching.py::test_a_cosignature_is_no_signature_of_the_log"),
    Row(32, "file in transit", "a second key ground to the same name and id", "policy", "M",
        "core/test_notes.py::test_two_known_keys_of_one_name_and_id_are_refused"),
    Row(33, "administrator", "signatures that are good under cofactored rules only, S + L, odd R", "C14", "B",
        "reference/test_signatures_alone.py::test_ed25519_agrees_under_points_of_small_order_and_on_odd_spellings"),
    Row(34, "administrator", "RSA or ECDSA, where two keys can fit one signature", "not admitted", "M",
        "core/test_sshsig.py::test_other_kinds_of_key_are_refused_with_the_line_that_makes_a_good_one"),
    Row(43, "hostile author", "the id of another's spooled statement taken first", "placing", "conflict, set aside",
        "spool/test_flushing.py::test_an_id_that_another_statement_took_first"),
    Row(48, "administrator", "a key called compromised two years back, to void an approval", "report", "V, doubts listed",
        "log/test_roles.py::test_what_a_compromised_key_signed_is_doubtful_and_stands"),
    Row(50, "administrator", "a second actor invented, to pass four eyes", "nothing can; a finding where they work together", "-",
        "log/test_roles.py::test_own_work_that_was_sealed_all_the_same_is_found"),
    Row(51, "administrator", "the rule table changed, used, changed back", "C16 by the table in force; each change listed", "V, finding",
        "log/test_roles.py::test_the_rule_table_is_changed_in_the_log_for_every_writer"),
    Row(52, "a later release", "another rule table as the default", "the table is in the log", "the same verdict",
        "core/test_trust.py::test_the_table_in_force_is_the_one_before_the_entry"),
    Row(55, "the log's old key", "a mere statement rotates it; an old key signs beyond the hand-over", "C3, C17", "B",
        "log/test_roles.py::test_the_logs_key_is_not_rotated_by_a_mere_statement"),
    Row(56, "one witness of three", "cosigns a fork; one key under two names; a line twice", "C4 counts keys", "no quorum",
        "log/test_vouching.py::test_one_witness_lies_and_the_fork_has_no_quorum"),
    Row(56, "one witness of three", "signs whatever it is shown, and another is down: three processes", "C4 counts keys", "no quorum",
        "witness/test_three.py::test_one_of_three_lies"),
    Row(56, "a witness's server", "answers nothing, too much, too slowly, of another key, of tomorrow", "bounds", "nothing is kept",
        "witness/test_asking.py::test_what_is_no_cosignature"),
    Row(53, "log's key", "two trees of one size shown to one witness", "422; both notes are kept", "not cosigned",
        "cli/test_witnessing.py::test_a_fork_is_not_cosigned_and_kept_as_evidence"),
    Row(57, "mirror", "frozen at an old checkpoint", "C4", "V as of then -> B", "publishing/test_static.py::test_frozen_at_an_old_checkpoint"),
    Row(58, "mirror", "a wrong hash, a bundle of another log, a tile too long, an endless body, a redirect", "C9, C5, bounds", "B or N",
        "publishing/test_static.py::test_lies"),
    Row(59, "file in transit", "parts of two receipts, another index, another size, a path too long", "receipt", "B",
        "core/test_proofs_files.py::test_parts_of_different_proofs_do_not_fit_together"),
    Row(59, "log's key", "a receipt of an entry in another's name, which the log sealed", "R5", "B; without its chain: not noticed",
        "core/test_authorship.py::test_a_forged_signature_under_a_true_place"),
    Row(60, "the verifier's account", "a pin deleted, edited, put back", "pin", "U, B or M", "core/test_pins.py::test_it_moves_forward_only"),
    Row(61, "store and log's key", "another log in the place of the known one", "C10, C4", "B",
        "log/test_tampering.py::test_another_log_in_the_place_of_the_pinned_one"),
    Row(61, "store and log's key", "the whole ledger replaced at its place: other origin, genesis and key", "C10, the pin's places",
        "B, M", "core/test_pins.py::test_a_whole_ledger_is_replaced"),
    Row(62, "log's key", "forged before the first look", "a pin of this run lifts nothing", "U, then V since that day",
        "cli/test_verifying.py::test_first_sight_vouches_from_the_next_run_on"),
    Row(63, "backup", "an old backup restored, to go on from it", "C4", "M", "moving/test_backup.py::test_one_that_is_behind_the_pin_says_by_how_many"),
    Row(65, "file in transit", "a short value guessed from its commitment", "128 bits of salt", "cannot",
        "sealing/test_sealing.py::test_a_list_of_candidates_matches_no_commitment"),
    Row(65, "file in transit", "a salt left in spool, WAL or file after erasure", "erasure", "gone",
        "sealing/test_erasing.py::test_the_value_is_in_no_file"),
    Row(66, "store", "an evidence file replaced", "C21", "B", "bundle/test_evidence.py::test_another_file_under_the_name"),
    Row(66, "author's machine", "a pipe, a device, a file that grows while it is read", "capture", "M",
        "edges/test_evidence.py::test_pipes_sockets_and_devices_are_refused_without_waiting"),
    Row(67, "store", "a row of a projection forged", "rebuild", "B projection",
        "projections/test_engine.py::test_rebuild_finds_a_row_that_was_edited_and_puts_it_right"),
    Row(68, "file in transit", "a token of another checkpoint, by a stranger, over SHA-1, without its purpose", "C22", "B or not counted",
        "anchors/test_tokens.py::test_a_token_of_another_checkpoint"),
    Row(69, "clock", "far behind the log; a statement ahead of it", "append, C8, C22", "spooled or M",
        "faults/test_clock_and_keys.py::test_a_clock_far_behind_the_log_is_unavailable"),
    Row(70, "clock and log's key", "an entry dated back, between two pieces of outside evidence", "the bound that is printed", "-",
        "anchors/test_stamping.py::test_the_bound_on_dating_back"),
    Row(71, "file in transit", "ZIP: slip, links, twins, bombs, bytes between, before and behind", "the container's one form", "M",
        "bundle/test_container.py::test_bytes_before_between_and_behind"),
    Row(72, "file in transit", "a bundle with keys, pins and a verify.py of its own", "trust comes from outside", "U",
        "bundle/test_tampering.py::test_what_lies_in_a_bundle_is_never_trusted"),
    Row(72, "file in transit", "state.json edited", "recomputed", "B", "bundle/test_tampering.py::test_a_bundle_packed_again"),
    Row(73, "another user", "a ledger.toml planted in a shared folder", "owner", "M",
        "edges/test_places.py::test_a_strangers_settings_in_a_shared_folder_are_not_used"),
    Row(74, "store of the spool", "an item edited, reordered, slipped in unsigned; a disclosure dropped", "before placing", "M, set aside",
        "spool/test_flushing.py::test_what_was_tampered_with_is_set_aside_and_the_rest_goes_on"),
    Row(75, "operator", "a ledger that moved goes on where it was", "placing, C4", "M; U -> B",
        "moving/test_migrate.py::test_the_source_takes_no_more"),
]  # fmt: skip
