"""A key in AWS KMS: an Ed25519 key (spec ECC_NIST_EDWARDS25519) that signs and never leaves (extra `kms`: boto3).

It signs in OpenSSH's form, `sshsig-ed25519`: whoever may call kms:Sign may have any bytes signed, so what is signed has
to say what for; and KMS takes at most 4,096 bytes, of which that form needs some 140 whatever the statement's size.
Credentials and region are boto3's (environment, profile, role); a timeout or a refusal is said in one line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ledger.errors import Misuse, Unavailable
from ledger.keys.credential import Key
from ledger.keys.ssh_signer import SshSigner

ALGORITHM: Final = "ED25519_SHA_512"
_SPEC: Final = "ECC_NIST_EDWARDS25519"
_SPKI: Final = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what stands before an Ed25519 key's 32 bytes
_SECONDS: Final = 10
# What KMS says that a retry may change; all else it says is about the key, the role or the account.
_PASSING: Final = ("Throttling", "KMSInternal", "DependencyTimeout", "KeyUnavailable", "LimitExceeded")


def kms_signer(arn: str) -> SshSigner:
    """Return the signer for the KMS key (or alias) of an ARN; its public side is asked for at once.

    Raises `Misuse` for a key that is not there, not of Ed25519, or not for this role; `Unavailable` where KMS is away.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "kms" or not parts[3]:
        fix = "kms:arn:aws:kms:REGION:ACCOUNT:key/ID"
        raise Misuse(f"{arn!r} is no ARN of a KMS key", fix, code="kms_arn")
    client = _client(parts[3])
    with _in_our_words(arn):
        found = client.get_public_key(KeyId=arn)
    public = found.get("PublicKey", b"")
    if found.get("KeySpec") != _SPEC or len(public) != len(_SPKI) + 32 or not public.startswith(_SPKI):
        raise Misuse(
            f"the KMS key {parts[5]} is of {found.get('KeySpec') or 'another kind'}; only Ed25519 signs here",
            f"aws kms create-key --key-usage SIGN_VERIFY --key-spec {_SPEC}",
            code="key_kind",
        )
    key = Key("sshsig-ed25519", public[len(_SPKI) :])
    key.check()

    def sign_raw(data: bytes) -> bytes:
        with _in_our_words(arn):
            signed = client.sign(KeyId=arn, Message=data, MessageType="RAW", SigningAlgorithm=ALGORITHM)
        return bytes(signed.get("Signature", b""))

    return SshSigner(key, sign_raw, "AWS KMS")


def _client(region: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError:
        raise Misuse("a key in AWS KMS needs an extra", "pip install 'lifecycle-ledger[kms]'", code="extra") from None
    config = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"max_attempts": 2, "mode": "standard"})
    with _in_our_words(region):
        return boto3.session.Session().client("kms", region_name=region, config=config)


@contextmanager
def _in_our_words(what: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

    try:
        yield
    except (NoCredentialsError, PartialCredentialsError):
        raise Misuse(
            "AWS KMS needs credentials, and none are here; nothing was recorded",
            "aws configure, a role, or AWS_PROFILE",
            code="kms_credentials",
        ) from None
    except ClientError as error:
        said = error.response.get("Error", {})
        code, status = str(said.get("Code", "")), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        message = f"AWS KMS says {code or status} for {what}: {said.get('Message', '')}".rstrip(": ")
        if code.startswith(_PASSING) or status >= 500:
            raise Unavailable(f"{message}; nothing was recorded", "try again", code="kms") from None
        fix = "aws kms describe-key, and the key's policy: kms:GetPublicKey and kms:Sign"
        raise Misuse(f"{message}; nothing was recorded", fix, code="kms_refused") from None
    except BotoCoreError as error:
        raise Unavailable(f"AWS KMS does not answer: {error}; nothing was recorded", "try again", code="kms") from None
