"""The demo: one credit-scoring model's life, from its first data to its replacement, recorded as it happens."""
