"""C2SP signed notes and the checkpoints written in them (c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature)."""
