"""The table of commands: name, where it is, what it does. A row is all that is loaded of a command not asked for."""

from typing import Final, NamedTuple


class Row(NamedTuple):
    """A command: `module:function`, and the line that the overview prints."""

    home: str
    summary: str


COMMANDS: Final[dict[str, Row]] = {
    "init": Row("ledger.cli.founding:init", "Start a ledger, on purpose."),
    "record": Row("ledger.cli.recording:record", "Record an event, from options or JSON on stdin."),
    "correct": Row("ledger.cli.correcting:correct", "Say how an earlier entry is to be read from now on."),
    "log": Row("ledger.cli.reading:log", "Print the entries."),
    "show": Row("ledger.cli.showing:show", "Print all of one entry."),
    "types": Row("ledger.cli.vocabulary:types", "Print the types of events, or one type's fields."),
    "production": Row("ledger.cli.asking:production", "What runs now, whence, approved by whom."),
    "registry": Row("ledger.cli.asking:registry", "All systems and versions, with their states."),
    "lineage": Row("ledger.cli.asking:lineage", "From a version back to data, code, evaluation, approval."),
    "diff": Row("ledger.cli.asking:diff", "What differs between two versions."),
    "changelog": Row("ledger.cli.changing:changelog", "What changed, why, by whom approved (Annex IV point 6)."),
    "findings": Row("ledger.cli.auditing:findings", "What is odd or missing about versions, and what mends it."),
    "approve": Row("ledger.cli.approving:approve", "Look at a version, then sign that you approve it."),
    "reject": Row("ledger.cli.approving:reject", "Look at a version, then sign that you reject it."),
    "verify": Row("ledger.cli.verifying:verify", "Run every check over a ledger, or over a receipt."),
    "export": Row("ledger.cli.exporting:export", "Write the bundle: one file for an auditor."),
    "prove": Row("ledger.cli.proving:prove", "Write a receipt: an offline proof that an entry stands in the log."),
    "pin": Row("ledger.cli.pins:pin", "What you have seen of each log, kept outside it."),
    "witness": Row("ledger.cli.witnessing:witness", "Have checkpoints cosigned by others; cosign theirs."),
    "timestamp": Row("ledger.cli.stamping:timestamp", "Have a time-stamping authority stamp the newest checkpoint."),
    "publish": Row("ledger.cli.publishing:publish", "Write static files that any C2SP verifier reads."),
    "disclose": Row("ledger.cli.disclosing:disclose", "Print what opens the sealed fields of an entry; check that."),
    "erase": Row("ledger.cli.disclosing:erase", "Erase the value of a sealed field, for good."),
    "key": Row("ledger.cli.keys:key", "Make, show, list, authorise and revoke keys."),
    "whoami": Row("ledger.cli.whoami:whoami", "Who you are here: handle, key, roles, and where each was found."),
    "evidence": Row("ledger.cli.evidencing:evidence", "Keep files by their digest, get them, check them."),
    "doctor": Row("ledger.cli.doctor:doctor", "What is wrong here, and the command that mends it."),
    "spool": Row("ledger.cli.spooling:spool", "What waits on this machine for its ledger; deliver it."),
    "rebuild": Row("ledger.cli.rebuilding:rebuild", "Make anew all that can be computed from the entries."),
    "backup": Row("ledger.cli.backing:backup", "Copy the ledger into a file, while it is written to."),
    "restore": Row("ledger.cli.backing:restore", "Take a backup up again; refused where it is behind your pin."),
    "migrate": Row("ledger.cli.moving:migrate", "Move a ledger to another store, with proof."),
    "demo": Row("ledger.cli.demo:demo", "Play the whole story on a real credit model."),
}

WITNESS_COMMANDS: Final[dict[str, Row]] = {
    "request": Row("ledger.cli.witnessing:request", "Write a request: the newest checkpoint, for a witness."),
    "ask": Row("ledger.cli.asking_witnesses:ask", "Ask witnesses over HTTP, and keep what they sign."),
    "add": Row("ledger.cli.witnessing:add", "Keep the cosignatures that a witness sent back."),
    "init": Row("ledger.cli.cosigning:init", "Make a witness of your own."),
    "follow": Row("ledger.cli.cosigning:follow", "Cosign a log from now on."),
    "cosign": Row("ledger.cli.cosigning:cosign", "Cosign requests, if they follow from what was cosigned before."),
    "show": Row("ledger.cli.cosigning:show", "What a witness follows, and what it cosigned last."),
    "serve": Row("ledger.cli.serving:serve", "Cosign over HTTP (c2sp.org/tlog-witness)."),
}

PIN_COMMANDS: Final[dict[str, Row]] = {
    "show": Row("ledger.cli.pins:show", "Which logs, to which size, since when, where."),
    "export": Row("ledger.cli.pins:export", "Write a pin for another machine."),
    "add": Row("ledger.cli.pins:add", "Take up a pin of another machine; never an older one."),
    "leave": Row("ledger.cli.pins:leave", "Another ledger stands here now, on purpose."),
}

KEY_COMMANDS: Final[dict[str, Row]] = {
    "new": Row("ledger.cli.keys:new", "Make a key file of your own."),
    "show": Row("ledger.cli.keys:show", "Print the public side of a key, for an administrator."),
    "request": Row("ledger.cli.keys:request", "Ask to be authorised: a file that your key signs."),
    "list": Row("ledger.cli.keys:list_", "Who may say what, since which entry."),
    "introduce": Row("ledger.cli.enrolling:introduce", "Introduce a person or a service under a handle."),
    "authorize": Row("ledger.cli.enrolling:authorize", "Let a key say something here."),
    "revoke": Row("ledger.cli.enrolling:revoke", "End a key's authority from here on."),
    "assign": Row("ledger.cli.roles:assign", "Give a handle a role, whichever of its keys signs."),
    "end-role": Row("ledger.cli.roles:end_role", "Take a role from a handle and all its keys."),
    "delegate": Row("ledger.cli.roles:delegate", "Let somebody speak on behalf of another."),
    "rules": Row("ledger.cli.roles:rules", "Which role each type needs; change a row of that table."),
    "four-eyes": Row("ledger.cli.roles:four_eyes", "What becomes of approvals of own work."),
    "rotate-log": Row("ledger.cli.logkey:rotate_log", "Replace the log's key: old signs new, new signs old."),
    "recover-log": Row("ledger.cli.logkey:recover_log", "Replace the log's key when it is lost or stolen."),
}

SPOOL_COMMANDS: Final[dict[str, Row]] = {
    "list": Row("ledger.cli.spooling:list_", "What waits, what was set aside, and the drafts."),
    "show": Row("ledger.cli.spooling:show", "Print all of one item, or of a draft."),
    "flush": Row("ledger.cli.spooling:flush", "Deliver what waits to its ledger."),
    "retry": Row("ledger.cli.spooling:retry", "Let an item that was set aside wait again."),
    "drop": Row("ledger.cli.spooling:drop", "Throw an item or a draft away, for ever."),
}

EVIDENCE_COMMANDS: Final[dict[str, Row]] = {
    "put": Row("ledger.cli.evidencing:put", "Keep files and folders under their digests."),
    "get": Row("ledger.cli.evidencing:get", "Fetch a file or a folder by its digest."),
    "check": Row("ledger.cli.evidencing:check", "Read and digest all of it: missing, changed, not locked."),
}
