"""Where entries are kept: one adapter a file."""
