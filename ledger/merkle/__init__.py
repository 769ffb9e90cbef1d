"""Merkle tree hashing, proofs and tiles (RFC 6962, c2sp.org/tlog-tiles)."""
