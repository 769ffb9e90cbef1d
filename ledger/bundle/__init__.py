"""The bundle: one file for an auditor (FORMAT.md section 15)."""
