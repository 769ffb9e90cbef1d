"""Who signs and how it is checked: credentials of authors, and the log's own key."""

from ledger.keys.credential import SCHEMES, Credential, Key, Signer, UnknownScheme, verify_signatures
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.log_key import LogKey
from ledger.keys.ssh_signer import SshSigner

__all__ = [
    "SCHEMES",
    "Credential",
    "Ed25519Signer",
    "Key",
    "LogKey",
    "Signer",
    "SshSigner",
    "UnknownScheme",
    "verify_signatures",
]
