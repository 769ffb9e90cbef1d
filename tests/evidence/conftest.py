"""A ledger that names evidence, a folder and a bucket to keep it in. The bucket is moto's, over real HTTP."""

import os

import pytest

import ledger as package
from ledger.api import Ledger
from ledger.evidence_store.folder import Folder

BUCKET = "evidence.test"


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with two files and a folder of files."""
    place = tmp_path / "work"
    (place / "report/plots").mkdir(parents=True)
    (place / "credit.csv").write_bytes(b"age,income\n31,2\n")
    (place / "model.bin").write_bytes(os.urandom(3_000_000))
    (place / "report/index.html").write_bytes(b"<p>auc 0.79</p>")
    (place / "report/plots/roc.svg").write_bytes(b"<svg/>")
    (place / "report/plots/also roc.svg").write_bytes(b"<svg/>")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def named(work, tmp_path):
    """A ledger whose entries name them: of credit-scoring the model and the report, of no system the data."""
    with Ledger.create(tmp_path / "ledger.db", origin="ledger.test/one", actor="mara") as made:
        data = package.file("credit.csv")
        made.record.dataset_registered(dataset="credit@2026-11", role="training", evidence=[data])
        made.record.trained(
            system="credit-scoring", version="1", artifacts={"model": package.file("model.bin")},
            evidence=[package.directory("report")],
        )  # fmt: skip
        yield made


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "kept")


@pytest.fixture(scope="session")
def server():
    from moto.server import ThreadedMotoServer

    started = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture
def s3(server, monkeypatch):
    """A client of an empty service; what boto3 needs is in the environment."""
    import urllib.request

    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    request = urllib.request.Request(f"{server}/moto-api/reset", method="POST")
    urllib.request.urlopen(request).close()
    client = boto3.client("s3")
    yield client
    client.close()


@pytest.fixture
def bucket(s3):
    """A bucket that locks."""
    s3.create_bucket(
        Bucket=BUCKET,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    return s3
