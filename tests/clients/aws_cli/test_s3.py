"""``aws s3`` and ``aws s3api``: files go up, down, across and away."""

import json
import os
import urllib.request
from pathlib import Path

import pytest

from support.aws_cli import AwsCli

V1 = "AWS CLI v1"
IN_PARTS = 9 << 20  # past 8 MB


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with files at two depths."""
    folder = tmp_path / "tree"
    (folder / "deep").mkdir(parents=True)
    for path in ("one.txt", "two.csv", "deep/three.txt"):
        (folder / path).write_text(path)
    return folder


def keys(aws: AwsCli, bucket: str) -> list[str]:
    """What a bucket holds, as ``aws s3 ls`` prints it."""
    listed = aws.run("s3", "ls", "--recursive", f"s3://{bucket}/").output.decode()
    return [line.split(maxsplit=3)[3] for line in listed.splitlines()]


@pytest.mark.flow(V1, "s3 mb, ls, rb")
def test_a_bucket_is_made_listed_and_removed_with_its_content(aws: AwsCli, bucket: str) -> None:
    made = f"{bucket}-made"
    assert aws.text("s3", "mb", f"s3://{made}") == f"make_bucket: {made}\n"
    assert made in aws.text("s3", "ls")
    aws.text("s3", "cp", "-", f"s3://{made}/key", standard_input=b"x")
    refused = aws.run("s3", "rb", f"s3://{made}")
    assert refused.code == 1
    assert "(BucketNotEmpty)" in refused.error
    assert f"remove_bucket: {made}" in aws.text("s3", "rb", "--force", f"s3://{made}")
    assert made not in aws.text("s3", "ls")


@pytest.mark.flow(V1, "s3 cp --recursive with --exclude and --include, mv, rm")
def test_a_tree_is_copied_by_patterns_moved_and_removed(aws: AwsCli, bucket: str, tree: Path) -> None:
    patterns = ("--exclude", "*", "--include", "*.txt")
    aws.text("s3", "cp", "--recursive", str(tree), f"s3://{bucket}/up", *patterns)
    assert keys(aws, bucket) == ["up/deep/three.txt", "up/one.txt"]
    aws.text("s3", "cp", "--recursive", f"s3://{bucket}/up", f"s3://{bucket}/across")
    aws.text("s3", "mv", "--recursive", f"s3://{bucket}/up", f"s3://{bucket}/moved")
    assert keys(aws, bucket) == [
        "across/deep/three.txt",
        "across/one.txt",
        "moved/deep/three.txt",
        "moved/one.txt",
    ]
    shallow = aws.text("s3", "ls", f"s3://{bucket}/moved/").splitlines()
    assert [line.split()[-2:] for line in shallow] == [["PRE", "deep/"], ["7", "one.txt"]]
    aws.text("s3", "rm", "--recursive", f"s3://{bucket}/", "--exclude", "*/one.txt")
    assert keys(aws, bucket) == ["across/one.txt", "moved/one.txt"]
    down = tree.parent / "down"
    aws.text("s3", "mv", "--recursive", f"s3://{bucket}", str(down))
    assert sorted(str(path.relative_to(down)) for path in down.rglob("*.txt")) == [
        "across/one.txt",
        "moved/one.txt",
    ]
    assert keys(aws, bucket) == []


@pytest.mark.flow(V1, "s3 sync up and down, --delete")
def test_sync_moves_what_changed_and_deletes_what_is_gone(aws: AwsCli, bucket: str, tree: Path) -> None:
    up = ("s3", "sync", str(tree), f"s3://{bucket}/tree", "--delete")
    assert aws.text(*up).count("upload:") == 3
    assert aws.text(*up) == ""
    (tree / "one.txt").write_text("longer than before")
    (tree / "two.csv").unlink()
    changed = aws.text(*up)
    assert (changed.count("upload:"), changed.count("delete:")) == (1, 1)
    down = tree.parent / "down"
    down.mkdir()
    (down / "stray").write_text("stray")
    aws.text("s3", "sync", f"s3://{bucket}/tree", str(down), "--delete")
    assert {str(path.relative_to(down)) for path in down.rglob("*") if path.is_file()} == {
        "one.txt",
        "deep/three.txt",
    }
    assert (down / "one.txt").read_text() == "longer than before"
    assert aws.text("s3", "sync", f"s3://{bucket}/tree", str(down), "--delete") == ""


@pytest.mark.flow(V1, "s3 cp of a file in parts, from and to a pipe")
def test_a_file_in_parts_and_pipes(aws: AwsCli, bucket: str, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(IN_PARTS))
    aws.text("s3", "cp", str(large), f"s3://{bucket}/large")
    back = tmp_path / "back"
    aws.text("s3", "cp", f"s3://{bucket}/large", str(back))
    assert back.read_bytes() == large.read_bytes()
    etag = aws.platform.client("s3").head_object(Bucket=bucket, Key="large")["ETag"]
    assert etag.endswith('-2"')
    aws.text("s3", "cp", "-", f"s3://{bucket}/piped", standard_input=large.read_bytes())
    assert aws.output("s3", "cp", f"s3://{bucket}/piped", "-") == large.read_bytes()


@pytest.mark.flow(V1, "s3 presign")
def test_a_presigned_address_is_opened_without_a_key(aws: AwsCli, bucket: str) -> None:
    aws.text("s3", "cp", "-", f"s3://{bucket}/key", standard_input=b"content")
    url = aws.text("s3", "presign", f"s3://{bucket}/key", "--expires-in", "60").strip()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"content"


@pytest.mark.flow(V1, "s3api objects: put, head, get with a range, copy, tags, delete, wait")
def test_objects_by_s3api(aws: AwsCli, bucket: str, tmp_path: Path) -> None:
    body, part = tmp_path / "body", tmp_path / "part"
    body.write_text("0123456789")
    at = ("--bucket", bucket, "--key", "key")
    etag = aws.json("s3api", "put-object", *at, "--body", str(body), "--metadata", "owner=me")["ETag"]
    aws.text("s3api", "wait", "object-exists", *at)
    head = aws.json("s3api", "head-object", *at)
    assert (head["ETag"], head["ContentLength"], head["Metadata"]) == (etag, 10, {"owner": "me"})
    got = aws.json("s3api", "get-object", *at, "--range", "bytes=2-4", str(part))
    assert (part.read_text(), got["ContentRange"]) == ("234", "bytes 2-4/10")
    tags = {"TagSet": [{"Key": "kind", "Value": "test"}]}
    aws.text("s3api", "put-object-tagging", *at, "--tagging", json.dumps(tags))
    assert aws.json("s3api", "get-object-tagging", *at) == tags
    aws.json("s3api", "copy-object", "--bucket", bucket, "--key", "copy", "--copy-source", f"{bucket}/key")
    aws.text("s3api", "delete-objects", "--bucket", bucket, "--delete", "Objects=[{Key=key},{Key=copy}]")
    aws.text("s3api", "wait", "object-not-exists", *at)
    missing = aws.run("s3api", "head-object", *at)
    assert (missing.code, "(404)" in missing.error) == (255, True)


@pytest.mark.flow(V1, "s3api list-objects-v2 page by page, list-buckets, head-bucket")
def test_lists_by_s3api(aws: AwsCli, bucket: str) -> None:
    s3 = aws.platform.client("s3")
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"key-{number}", Body=b"x")
    listing = ("s3api", "list-objects-v2", "--bucket", bucket, "--page-size", "2")
    first = aws.json(*listing, "--max-items", "3")
    assert [each["Key"] for each in first["Contents"]] == ["key-0", "key-1", "key-2"]
    rest = aws.text(
        *listing, "--starting-token", first["NextToken"], "--query", "Contents[].Key", "--output", "text"
    )
    assert rest.split() == ["key-3", "key-4"]
    one_page = aws.json("s3api", "list-objects-v2", "--bucket", bucket, "--max-keys", "2", "--no-paginate")
    assert (one_page["KeyCount"], one_page["IsTruncated"]) == (2, True)
    names = aws.text("s3api", "list-buckets", "--query", "Buckets[].Name", "--output", "text").split()
    assert bucket in names
    aws.text("s3api", "head-bucket", "--bucket", bucket)
    aws.text("s3api", "wait", "bucket-exists", "--bucket", bucket)
    aws.text("s3api", "wait", "bucket-not-exists", "--bucket", f"{bucket}-none")


@pytest.mark.flow(V1, "s3api multipart upload by hand")
def test_an_upload_in_parts_by_s3api(aws: AwsCli, bucket: str, tmp_path: Path) -> None:
    at = ("--bucket", bucket, "--key", "whole")
    upload = aws.json("s3api", "create-multipart-upload", *at)["UploadId"]
    parts = []
    for number, size in ((1, 5 << 20), (2, 10)):
        file = tmp_path / f"part-{number}"
        file.write_bytes(bytes([number]) * size)
        of = ("--upload-id", upload, "--part-number", str(number), "--body", str(file))
        parts.append({"PartNumber": number, "ETag": aws.json("s3api", "upload-part", *at, *of)["ETag"]})
    listed = aws.json("s3api", "list-parts", *at, "--upload-id", upload)["Parts"]
    assert [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in listed] == parts
    chosen = ("--multipart-upload", json.dumps({"Parts": parts}))
    aws.json("s3api", "complete-multipart-upload", *at, "--upload-id", upload, *chosen)
    assert aws.json("s3api", "head-object", *at)["ContentLength"] == (5 << 20) + 10
