"""Evidence in a bucket of S3: versioned, each object locked in COMPLIANCE mode until its day.

A lock protects a version, not a name: a put without a condition lays a new version on top, a delete a marker. So
objects are written where there is none (`IfNoneMatch`), the oldest version is what is read, and more than one version,
or a marker, is told. The service checks the SHA-256 of what it is given. What a lock promises is the service's word;
closing the account ends it.

Above 5 GiB an object goes up in parts. S3 knows no SHA-256 of the whole then, only one a part: each part is checked by
the service, and all that was read for them is digested here before the parts become an object.

    step                                        a crash here leaves
    1  the upload is begun, with its lock       nothing that can be read; parts that cost, until they are aborted (a
    2  the parts go up                            rule of the bucket: AbortIncompleteMultipartUpload)
    3  what was read has the right digest       the same; where it has not, the upload is aborted
    4  the upload is completed, if none is there  the object, whole and locked
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import wraps
from typing import IO, Any, Final, NamedTuple, ParamSpec, TypeVar

from ledger.encoding import is_digest
from ledger.errors import Misuse, Unavailable
from ledger.evidence_store.store import Kept

CHUNK: Final = 1 << 20
PUT_LIMIT: Final = 5 << 30  # bytes: the largest single put of S3
OBJECT_LIMIT: Final = 5 << 40  # bytes: the largest object
PART: Final = 64 << 20  # bytes of a part that is held in memory; parts of the largest object are of 525 MiB
PARTS: Final = 10_000
_KEPT: Final = ("412", "PreconditionFailed", "ConditionalRequestConflict")
_NONE: Final = ("404", "NoSuchKey", "NoSuchVersion", "NotFound")

P = ParamSpec("P")
R = TypeVar("R")


class _Version(NamedTuple):
    """The oldest version of an object, and what lies on top of it."""

    id: str
    hidden: str


@contextmanager
def _faults(place: str) -> Iterator[None]:
    """Turn errors of boto3 into ours."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except NoCredentialsError:
        raise Misuse(f"no credentials for {place}", "AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret") from None
    except ClientError as error:
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        if code in ("NoSuchBucket", "InvalidBucketName"):
            raise Misuse(f"there is no bucket {place}", "make it, with object lock on", code="bucket") from None
        what = f"{place} refused: {code} {said.get('Message', '')}".rstrip()
        raise Unavailable(what, "check the rights of these credentials, then try again", code="s3") from None
    except BotoCoreError as error:
        raise Unavailable(f"{place} is not reachable: {error}", "try again", code="s3") from None


def _told(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def run(*args: P.args, **named: P.kwargs) -> R:
        store: Any = args[0]
        with _faults(store.place):
            return function(*args, **named)

    return run


class Bucket:
    """`EvidenceStore` in a bucket, below a prefix. Raises `Misuse` where it cannot lock, unless that is meant."""

    def __init__(self, bucket: str, prefix: str = "", *, need_lock: bool = True) -> None:
        self.place = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client: Any = _client(self.place)
        self.locks = self._has_lock()
        if need_lock and not self.locks:
            raise Misuse(
                f"{self.place} has no object lock or no versions: what is in it can be removed",
                "a bucket made with object lock, or --no-lock",
                code="no_lock",
            )

    @_told
    def _has_lock(self) -> bool:
        from botocore.exceptions import ClientError

        try:
            lock = self._client.get_object_lock_configuration(Bucket=self._bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
                raise
            return False
        versions = self._client.get_bucket_versioning(Bucket=self._bucket)
        enabled = lock.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"
        return bool(enabled and versions.get("Status") == "Enabled")

    def _key(self, digest: str) -> str:
        return f"{self._prefix}{digest}"

    @_told
    def put(self, digest: str, size: int, opened: IO[bytes], until: date | None) -> bool:
        """Keep an object, where none of its name is visible."""
        if size > OBJECT_LIMIT:
            raise Misuse(f"{size:,} bytes are more than an object of S3 holds", "a folder, or keep it where it is")
        _check(opened, digest, size)
        settings: dict[str, Any] = {"Bucket": self._bucket, "Key": self._key(digest), "ChecksumAlgorithm": "SHA256"}
        if until is not None and self.locks:
            settings |= {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": _end_of(until)}
        if size > PUT_LIMIT:
            done = self._put_parts(digest, size, opened, settings)
            if done and until is not None and self.locks and self._is_loose(digest, until):
                self.lock(digest, until)  # not every service that speaks S3 keeps the lock of an upload
            return done
        return _unless_kept(
            self._client.put_object, Body=opened, ContentLength=size, ChecksumSHA256=_base64(digest), **settings
        )

    def _put_parts(self, digest: str, size: int, opened: IO[bytes], settings: dict[str, Any]) -> bool:
        """Steps 1 to 4 of the order above; whatever goes wrong, the parts are taken away again."""
        if self._is_visible(digest):
            return False  # or it would be sent for hours, and refused at the end
        named = {"Bucket": self._bucket, "Key": self._key(digest)}
        named["UploadId"] = self._client.create_multipart_upload(**settings)["UploadId"]
        try:
            found, parts = hashlib.sha256(), list[dict[str, Any]]()
            length = max(PART, -(-size // PARTS // CHUNK) * CHUNK)
            while data := opened.read(length):
                found.update(data)
                checksum = {"ChecksumSHA256": b64encode(hashlib.sha256(data).digest()).decode()}
                number = len(parts) + 1
                sent = self._client.upload_part(
                    Body=data, PartNumber=number, ChecksumAlgorithm="SHA256", **checksum, **named
                )
                parts.append({"ETag": sent["ETag"], "PartNumber": number, **checksum})
            if found.hexdigest() != digest:
                raise _changed(digest)
            done = _unless_kept(self._client.complete_multipart_upload, MultipartUpload={"Parts": parts}, **named)
        except BaseException:
            self._client.abort_multipart_upload(**named)
            raise
        if not done:
            self._client.abort_multipart_upload(**named)
        return done

    def _is_loose(self, digest: str, until: date) -> bool:
        found = self.stat(digest)
        return found is not None and (found.locked is None or found.locked < until)

    def _is_visible(self, digest: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            self._client.head_object(Bucket=self._bucket, Key=self._key(digest))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NONE:
                raise
            return False
        return True

    @_told
    def stat(self, digest: str) -> Kept | None:
        """Return how the oldest version of an object stands."""
        version = self._oldest(digest)
        if version is None:
            return None
        head = self._client.head_object(**self._named(digest, version))
        until = head.get("ObjectLockRetainUntilDate")
        locked = until.astimezone(UTC).date() if until and head.get("ObjectLockMode") == "COMPLIANCE" else None
        return Kept(digest, int(head["ContentLength"]), locked, version.hidden)

    def _named(self, digest: str, version: _Version) -> dict[str, str]:
        """A version as the calls take it; "null" is what a bucket without versions calls the only one."""
        named = {"Bucket": self._bucket, "Key": self._key(digest)}
        return named if version.id == "null" else {**named, "VersionId": version.id}

    def _oldest(self, digest: str) -> _Version | None:
        key, versions, markers = self._key(digest), [], 0
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key):
            versions += [one for one in page.get("Versions", []) if one["Key"] == key]
            markers += sum(one["Key"] == key for one in page.get("DeleteMarkers", []))
        if not versions:
            return None
        oldest = versions[-1]  # they are listed newest first
        newer = len(versions) - 1
        hidden = [f"{newer} newer version{'' if newer == 1 else 's'}"] if newer else []
        hidden += ["a delete marker"] if markers else []
        return _Version(oldest["VersionId"], " and ".join(hidden))

    def parts(self, digest: str) -> Iterator[bytes]:
        """Yield the bytes of the oldest version."""
        with _faults(self.place):
            version = self._oldest(digest)
            if version is None:
                raise Misuse(f"{digest} is not in {self.place}", "ledger evidence check", code="evidence_missing")
            found = self._client.get_object(**self._named(digest, version))
            yield from found["Body"].iter_chunks(CHUNK)

    def digests(self) -> Iterator[str]:
        """Yield everything that is here, hidden or not."""
        seen = ""
        with _faults(self.place):
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            for page in pages:
                for one in page.get("Versions", []):
                    name = one["Key"].removeprefix(self._prefix)
                    if is_digest(name) and name != seen:
                        seen = name
                        yield name

    @_told
    def lock(self, digest: str, until: date) -> None:
        """Lock the oldest version to a later day."""
        version = self._oldest(digest)
        if version is None or not self.locks:
            return
        self._client.put_object_retention(
            Bucket=self._bucket,
            Key=self._key(digest),
            VersionId=version.id,
            Retention={"Mode": "COMPLIANCE", "RetainUntilDate": _end_of(until)},
        )


def _check(opened: IO[bytes], digest: str, size: int) -> None:
    """The service checks what arrives; what would never fit is not sent."""
    found, count = hashlib.sha256(), 0
    while part := opened.read(CHUNK):
        found.update(part)
        count += len(part)
    if found.hexdigest() != digest or count != size:
        raise _changed(digest)
    opened.seek(0)


def _changed(digest: str) -> Misuse:
    return Misuse(f"what is to be kept is not sha256:{digest}", "put it again after it is closed", code="changed")


def _base64(digest: str) -> str:
    return b64encode(bytes.fromhex(digest)).decode()


def _unless_kept(call: Callable[..., Any], **settings: Any) -> bool:
    """Make an object where none of its name is visible; return whether none was."""
    from botocore.exceptions import ClientError

    try:
        call(IfNoneMatch="*", **settings)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _KEPT:
            raise
        return False
    return True


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)


def _client(place: str) -> Any:
    try:
        import boto3
    except ModuleNotFoundError:
        raise Misuse(f"{place} needs an extra", "pip install 'lifecycle-ledger[s3]'", code="extra") from None
    with _faults(place):
        return boto3.session.Session().client("s3")  # not the default one: it remembers old credentials
