"""One suite for every store of evidence; what only a bucket does is below."""

import hashlib
import io
import os
import random
import stat
from datetime import UTC, date, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ledger.errors import Misuse, Unavailable
from ledger.evidence_store import s3
from ledger.evidence_store.folder import Folder
from ledger.evidence_store.opening import open_evidence
from ledger.evidence_store.s3 import Bucket
from tests.evidence.conftest import BUCKET

DATA = b"age,income\n31,2\n"
DIGEST = hashlib.sha256(DATA).hexdigest()
LATER = datetime.now(UTC).date() + timedelta(days=3652)


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path):
    if request.param == "folder":
        return Folder(tmp_path / "kept")
    request.getfixturevalue("bucket")
    return Bucket(BUCKET, "audit/credit")


def put(store, data=DATA, until=None, digest=None):
    return store.put(digest or hashlib.sha256(data).hexdigest(), len(data), io.BytesIO(data), until)


def test_what_is_put_is_there_once_and_whole(store):
    assert store.stat(DIGEST) is None
    assert list(store.digests()) == []
    assert put(store) is True
    assert put(store) is False
    assert b"".join(store.parts(DIGEST)) == DATA
    found = store.stat(DIGEST)
    assert (found.digest, found.size, found.hidden) == (DIGEST, len(DATA), "")
    assert list(store.digests()) == [DIGEST]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, (1 << 20) + 1, 6 << 20])
def test_sizes(store, size):
    data = os.urandom(size)
    put(store, data)
    assert b"".join(store.parts(hashlib.sha256(data).hexdigest())) == data


def test_many_are_listed_in_order(store):
    digests = sorted(hashlib.sha256(bytes([n])).hexdigest() for n in range(30))
    for n in range(30):
        put(store, bytes([n]))
    assert list(store.digests()) == digests


def test_bytes_that_are_not_the_digests_are_refused(store):
    with pytest.raises(Misuse, match="is not sha256:"):
        put(store, b"other bytes", digest=DIGEST)
    assert store.stat(DIGEST) is None
    assert list(store.digests()) == []


def test_what_is_not_there(store):
    with pytest.raises(Misuse, match="is not in"):
        list(store.parts(DIGEST))


# ---- a folder ----


def test_a_folder_holds_read_only_files_and_locks_nothing(tmp_path):
    store = Folder(tmp_path / "kept")
    put(store, until=LATER)
    path = tmp_path / "kept" / DIGEST[:2] / DIGEST
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert (store.locks, store.stat(DIGEST).locked) == (False, None)
    assert [one.name for one in (tmp_path / "kept").iterdir()] == [DIGEST[:2]]  # no file is left half-way


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(Unavailable):
        put(Folder(tmp_path / "kept"))


# ---- a bucket ----


@pytest.fixture
def locked(bucket):
    return Bucket(BUCKET)


def test_an_object_is_locked_in_compliance_mode_until_its_day(locked, bucket):
    put(locked, until=LATER)
    head = bucket.head_object(Bucket=BUCKET, Key=DIGEST)
    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert head["ObjectLockRetainUntilDate"].astimezone(UTC).date() == LATER
    assert locked.stat(DIGEST).locked == LATER
    version = bucket.list_object_versions(Bucket=BUCKET, Prefix=DIGEST)["Versions"][0]["VersionId"]
    with pytest.raises(bucket.exceptions.ClientError) as caught:
        bucket.delete_object(Bucket=BUCKET, Key=DIGEST, VersionId=version, BypassGovernanceRetention=True)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_a_lock_can_be_moved_on(locked):
    put(locked)
    assert locked.stat(DIGEST).locked is None
    locked.lock(DIGEST, LATER)
    assert locked.stat(DIGEST).locked == LATER


def test_what_lies_on_top_is_told_and_the_oldest_is_read(locked, bucket):
    put(locked, until=LATER)
    bucket.put_object(Bucket=BUCKET, Key=DIGEST, Body=b"other bytes")
    assert locked.stat(DIGEST).hidden == "1 newer version"
    bucket.delete_object(Bucket=BUCKET, Key=DIGEST)
    assert locked.stat(DIGEST).hidden == "1 newer version and a delete marker"
    assert b"".join(locked.parts(DIGEST)) == DATA
    assert list(locked.digests()) == [DIGEST]


def test_only_what_lies_below_the_prefix_and_is_a_digest_counts(bucket):
    put(Bucket(BUCKET, "a"))
    bucket.put_object(Bucket=BUCKET, Key="a/readme.txt", Body=b"text")
    bucket.put_object(Bucket=BUCKET, Key=f"a/{DIGEST}x", Body=b"text")
    assert list(Bucket(BUCKET, "/a/").digests()) == [DIGEST]
    assert Bucket(BUCKET, "b").stat(DIGEST) is None
    assert Bucket(BUCKET, "a").stat(DIGEST).hidden == ""  # a longer name is another object


def test_more_than_a_page_of_versions(locked, monkeypatch):
    digests = sorted(hashlib.sha256(bytes([n])).hexdigest() for n in range(7))
    for n in range(7):
        put(locked, bytes([n]))
    client = locked._client
    paginator = client.get_paginator
    monkeypatch.setattr(
        client, "get_paginator", lambda name: _Small(paginator(name))
    )  # fmt: skip
    assert list(locked.digests()) == digests


class _Small:
    """Pages of two."""

    def __init__(self, inner):
        self.inner = inner

    def paginate(self, **settings):
        return self.inner.paginate(**settings, PaginationConfig={"PageSize": 2})


def test_a_bucket_that_cannot_lock_is_refused_unless_that_is_meant(s3):
    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    with pytest.raises(Misuse, match="has no object lock") as caught:
        Bucket("plain")
    assert caught.value.code == "no_lock"
    store = Bucket("plain", need_lock=False)
    put(store, until=LATER)
    assert (store.locks, store.stat(DIGEST).locked) == (False, None)


def test_no_bucket_no_service_no_credentials_no_extra(s3, monkeypatch):
    with pytest.raises(Misuse, match="there is no bucket"):
        Bucket("nowhere")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable, match="is not reachable"):
        Bucket("evidence")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Misuse, match="no credentials"):
        Bucket("evidence")
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(Misuse, match="needs an extra") as caught:
        Bucket("evidence")
    assert caught.value.fix == "pip install 'lifecycle-ledger[s3]'"


@pytest.mark.parametrize("where", ["", "ftp://a/b", "s3://", "s3:///x"])
def test_what_is_no_store_of_evidence(where):
    with pytest.raises(Misuse):
        open_evidence(where, None)


def test_where_a_store_is_named(tmp_path, monkeypatch, bucket):
    from ledger.config import Place

    place = Place(location="x", source="", evidence=str(tmp_path / "settings"))
    assert open_evidence(None, place).place == str(tmp_path / "settings")
    monkeypatch.setenv("LEDGER_EVIDENCE", str(tmp_path / "environment"))
    assert open_evidence(None, place).place == str(tmp_path / "environment")
    assert open_evidence(f"s3://{BUCKET}/a/b/", place).place == f"s3://{BUCKET}/a/b"
    assert isinstance(LATER, date)


# ---- an object that goes up in parts ----


@pytest.fixture
def in_parts(monkeypatch):
    """What is larger than 5 MiB, the least that S3 takes as a part that is not the last, goes up in parts of it."""
    monkeypatch.setattr(s3, "PUT_LIMIT", 5 << 20)
    monkeypatch.setattr(s3, "PART", 5 << 20)


LARGE = random.Random(1).randbytes(12 << 20)
LARGE_DIGEST = hashlib.sha256(LARGE).hexdigest()


def uploads(bucket):
    return bucket.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


def test_a_large_object_goes_up_in_parts_locked_and_whole(locked, bucket, in_parts, monkeypatch):
    client, begun = locked._client, []
    begin = client.create_multipart_upload
    monkeypatch.setattr(client, "create_multipart_upload", lambda **given: begun.append(given) or begin(**given))
    assert put(locked, LARGE, LATER) is True
    ((mode, until),) = [(one["ObjectLockMode"], one["ObjectLockRetainUntilDate"]) for one in begun]
    assert (mode, until.date()) == ("COMPLIANCE", LATER)  # from the first moment, where the service keeps its word
    found = locked.stat(LARGE_DIGEST)
    assert (found.size, found.locked, found.hidden) == (len(LARGE), LATER, "")
    assert bucket.head_object(Bucket=BUCKET, Key=LARGE_DIGEST)["ETag"].endswith('-3"')
    assert b"".join(locked.parts(LARGE_DIGEST)) == LARGE
    assert uploads(bucket) == []
    assert put(locked, LARGE, LATER) is False
    assert len(bucket.list_object_versions(Bucket=BUCKET, Prefix=LARGE_DIGEST)["Versions"]) == 1


@pytest.mark.parametrize("size", [(5 << 20) - 1, 5 << 20, (5 << 20) + 1, 10 << 20, (10 << 20) + 1])
def test_sizes_around_a_part(locked, in_parts, size):
    data = LARGE[:size]
    put(locked, data)
    assert b"".join(locked.parts(hashlib.sha256(data).hexdigest())) == data


def test_parts_are_as_large_as_their_number_asks(locked, bucket, in_parts, monkeypatch):
    monkeypatch.setattr(s3, "PARTS", 2)
    put(locked, LARGE)
    assert bucket.head_object(Bucket=BUCKET, Key=LARGE_DIGEST)["ETag"].endswith('-2"')


class Changing(io.BytesIO):
    """A file that is written to between the look at it and the sending."""

    def seek(self, *given):
        if self.getvalue()[:1] != b"!":
            super().seek(0)
            self.write(b"!")
        return super().seek(*given)


def test_a_file_that_changes_while_it_goes_up_leaves_nothing(locked, bucket, in_parts):
    data = b"?" + LARGE
    digest = hashlib.sha256(data).hexdigest()
    with pytest.raises(Misuse, match="is not sha256:"):
        locked.put(digest, len(data), Changing(data), LATER)
    assert locked.stat(digest) is None
    assert uploads(bucket) == []


def test_an_upload_that_breaks_off_leaves_nothing(locked, bucket, in_parts, monkeypatch):
    send, sent = locked._client.upload_part, []

    def failing(**given):
        if sent:
            raise EndpointConnectionError(endpoint_url="https://s3")
        sent.append(send(**given))
        return sent[0]

    monkeypatch.setattr(locked._client, "upload_part", failing)
    with pytest.raises(Unavailable, match="is not reachable"):
        put(locked, LARGE, LATER)
    assert sent
    assert uploads(bucket) == []
    assert locked.stat(LARGE_DIGEST) is None


def test_two_who_send_the_same_at_once_make_one_object(locked, bucket, in_parts, monkeypatch):
    """The other one was done while this one was sending: the service refuses the second, which is no error."""
    complete = locked._client.complete_multipart_upload

    def late(**given):
        assert given["IfNoneMatch"] == "*"
        monkeypatch.setattr(locked._client, "complete_multipart_upload", complete)
        put(locked, LARGE, LATER)
        if len(bucket.list_object_versions(Bucket=BUCKET, Prefix=LARGE_DIGEST).get("Versions", [])) == 1:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "CompleteMultipartUpload")
        return complete(**given)

    monkeypatch.setattr(locked._client, "complete_multipart_upload", late)
    assert put(locked, LARGE, LATER) is False
    assert uploads(bucket) == []
    assert locked.stat(LARGE_DIGEST).hidden == ""


def test_more_than_an_object_holds_is_refused(locked):
    with pytest.raises(Misuse, match="are more than an object of S3 holds"):
        locked.put(DIGEST, s3.OBJECT_LIMIT + 1, io.BytesIO(), None)
