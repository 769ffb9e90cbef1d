"""Merkle tree hashing, proofs and tiles (RFC 6962 section 2, c2sp.org/tlog-tiles). Pure: hashes in, hashes out."""
