"""How fast, and in how much memory: ratios to the bare machine, measured beside it in one run."""
