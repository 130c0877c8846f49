"""What was acknowledged outlives a kill -9, what was not leaves nothing, and memory stays bounded."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support.raw_store import Signed
from support.store_process import StoreProcess, make_bucket, store_process
from support.waiting import wait_for

MIB = 1024 * 1024
SIZES = [10, 50_000, 70_000, 900_000, 3 * MIB]
BIG = 300 * MIB


def body_of(key: str) -> bytes:
    """A body that tells the key it belongs to."""
    number = int(key)
    return hashlib.sha256(key.encode()).digest() * (SIZES[number % len(SIZES)] // 32 + 1)


def write_until_killed(client: Any, bucket: str, worker: int, acknowledged: set[str]) -> None:
    """Put objects, every fifth key again and again, until the server is gone."""
    for step in range(10_000):
        key = str(worker * 100_000 + (step if step % 5 else 0))
        try:
            client.put_object(Bucket=bucket, Key=key, Body=body_of(key))
        except (BotoCoreError, ClientError):
            return
        acknowledged.add(key)


def test_a_kill_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    with store_process(tmp_path) as process:
        client = process.client(max_pool_connections=8)
        bucket = make_bucket(client)
        upload_id = client.create_multipart_upload(Bucket=bucket, Key="upload")["UploadId"]
        upload = {"Bucket": bucket, "Key": "upload", "UploadId": upload_id}
        part = client.upload_part(**upload, PartNumber=1, Body=body_of("4"))
        writers = [
            threading.Thread(target=write_until_killed, args=(client, bucket, worker, acknowledged))
            for worker in range(1, 7)
        ]
        for writer in writers:
            writer.start()
        wait_for(lambda: len(acknowledged) > 150, seconds=60, what="enough acknowledged objects")
        process.kill()
        for writer in writers:
            writer.join()

    with store_process(tmp_path) as process:
        client = process.client()
        for key in acknowledged:
            assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == body_of(key)
        named = {"PartNumber": 1, "ETag": part["ETag"]}
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [named]})
        assert client.get_object(Bucket=bucket, Key="upload")["Body"].read() == body_of("4")
        listed = [entry for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
                  for entry in page["Contents"]]  # fmt: skip
        files = sum(entry["Size"] > 64 * 1024 for entry in listed)
        wait_for(lambda: len(process.bodies) == files, what="as many files as bodies that are not inline")


def test_replaced_and_deleted_bodies_leave_no_file(tmp_path: Path) -> None:
    with store_process(tmp_path) as process:
        client = process.client()
        bucket = make_bucket(client)
        for _ in range(3):
            client.put_object(Bucket=bucket, Key="k", Body=body_of("3"))
            client.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
        client.delete_object(Bucket=bucket, Key="k")
        wait_for(lambda: len(process.bodies) == 1, what="the deletion of what was replaced")
        assert client.get_object(Bucket=bucket, Key="copy")["Body"].read() == body_of("3")


def test_a_refused_body_leaves_no_file(store: StoreProcess, bucket: str) -> None:
    before = len(store.bodies)
    put = Signed(f"{store.url}/{bucket}/k", payload=hashlib.sha256(b"other").hexdigest(), headers={})
    assert put.send(body_of("4"))[1] == "XAmzContentSHA256Mismatch"
    assert len(store.bodies) == before


def test_several_processes_share_one_folder(tmp_path: Path) -> None:
    with store_process(tmp_path) as first, store_process(tmp_path) as second:
        clients = [first.client(), second.client()]
        bucket = make_bucket(clients[0])

        def put(number: int) -> None:
            clients[number % 2].put_object(Bucket=bucket, Key=str(number), Body=body_of(str(number)))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(put, range(40)))
        for number in range(40):
            got = clients[(number + 1) % 2].get_object(Bucket=bucket, Key=str(number))
            assert got["Body"].read() == body_of(str(number))


class Zeros:
    """A file of zeros that takes no memory."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0

    def __len__(self) -> int:
        return self._size

    def read(self, amount: int = -1) -> bytes:
        left = self._size - self._position
        amount = left if amount is None or amount < 0 else min(amount, left)
        self._position += amount
        return bytes(amount)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position


def test_a_large_object_takes_no_memory(tmp_path: Path) -> None:
    with store_process(tmp_path) as process:
        client = process.client()
        bucket = make_bucket(client)
        client.put_object(Bucket=bucket, Key="warm", Body=bytes(2 * MIB))
        assert len(client.get_object(Bucket=bucket, Key="warm")["Body"].read()) == 2 * MIB
        before = process.peak_memory
        client.put_object(Bucket=bucket, Key="big", Body=Zeros(BIG))
        got = client.get_object(Bucket=bucket, Key="big")
        assert sum(len(block) for block in got["Body"].iter_chunks(MIB)) == BIG
        assert process.peak_memory - before < 32 * MIB


@pytest.mark.postgres
def test_the_store_works_on_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    with store_process(tmp_path, postgresql_url) as process:
        client = process.client(max_pool_connections=8)
        bucket = make_bucket(client)
        with ThreadPoolExecutor(8) as pool:
            keys = [f"{number % 3}/{number}" for number in range(60)]
            list(
                pool.map(lambda key: client.put_object(Bucket=bucket, Key=key, Body=key, Tagging="a=b"), keys)
            )
        page = client.list_objects_v2(Bucket=bucket, Delimiter="/")
        assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["0/", "1/", "2/"]
        assert [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]] == sorted(keys)
        client.upload_fileobj(Zeros(20 * MIB), bucket, "big")
        assert client.head_object(Bucket=bucket, Key="big")["ContentLength"] == 20 * MIB
        assert client.get_object(Bucket=bucket, Key="1/1")["Body"].read() == b"1/1"
        assert client.get_object_tagging(Bucket=bucket, Key="1/1")["TagSet"] == [{"Key": "a", "Value": "b"}]
        with pytest.raises(client.exceptions.ClientError, match="PreconditionFailed"):
            client.put_object(Bucket=bucket, Key="1/1", Body=b"", IfNoneMatch="*")
        client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in [*keys, "big"]]})
        client.delete_bucket(Bucket=bucket)
