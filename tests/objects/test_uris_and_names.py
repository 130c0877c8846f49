import pytest

from clary.kernel.errors import ClientFault, ValidationError
from clary.objects.links import stays_inside
from clary.objects.names import local_name, safe_name
from clary.objects.uri import S3Uri


@pytest.mark.parametrize(
    ("text", "bucket", "key"),
    [
        ("s3://b", "b", ""),
        ("s3://b/", "b", ""),
        ("s3://b/k", "b", "k"),
        ("s3://b/a/b//c?x#y %2F", "b", "a/b//c?x#y %2F"),
    ],
)
def test_a_uri_is_bucket_and_key(text: str, bucket: str, key: str) -> None:
    assert S3Uri.parse(text) == S3Uri(bucket, key)


@pytest.mark.parametrize("text", ["", "b/k", "s3:/b", "s3://", "s3:///k", "https://b/k", "S3://b"])
def test_what_is_no_uri_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValidationError, match=f'^"{text}" is not a valid S3 URI'):
        S3Uri.parse(text)


@pytest.mark.parametrize(
    ("base", "joined"),
    [("s3://b", "s3://b/x/y"), ("s3://b/out", "s3://b/out/x/y"), ("s3://b/o/", "s3://b/o/x/y")],
)
def test_joined_names_lie_below(base: str, joined: str) -> None:
    assert str(S3Uri.parse(base).join("x", "y")) == joined


@pytest.mark.parametrize(
    ("key", "prefix", "name"),
    [
        ("data/train/a/b.csv", "data/train", "a/b.csv"),
        ("data/train/a/b.csv", "data/train/", "a/b.csv"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data/train-1.csv", "data/train", "train-1.csv"),
        ("data/train-1/a.csv", "data/train", "train-1/a.csv"),
        ("data/a.csv", "", "data/a.csv"),
    ],
)
def test_a_key_is_named_by_what_follows_its_prefix(key: str, prefix: str, name: str) -> None:
    assert local_name(key, prefix) == name


@pytest.mark.parametrize(
    ("name", "safe"), [("a/b", "a/b"), ("/a", "a"), ("a//b/./c", "a/b/c"), ("..a", "..a")]
)
def test_a_name_is_made_plain(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["", ".", "/", "..", "../a", "a/../b", "a/..", "a\0b", "x" * 256])
def test_a_name_that_leaves_or_is_none_is_refused(name: str) -> None:
    with pytest.raises(ClientFault):
        safe_name(name)


@pytest.mark.parametrize(
    ("name", "target", "inside"),
    [
        ("link", "file", True),
        ("link", "folder/file", True),
        ("a/link", "../file", True),
        ("a/b/link", "../../c/file", True),
        ("link", "/etc/passwd", False),
        ("link", "..", False),
        ("a/link", "../../file", False),
        ("link", "folder/../..", False),
        ("link", "folder/../file", False),
    ],
)
def test_a_link_may_climb_first_and_no_further_than_the_root(name: str, target: str, inside: bool) -> None:
    assert stays_inside(name, target) is inside
