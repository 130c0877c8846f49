"""Where an object is: ``s3://bucket/key``."""

from dataclasses import dataclass

from clary.kernel.errors import ValidationError

_SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class S3Uri:
    """A bucket and a key, or a key prefix; the key may be empty."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> "S3Uri":
        """Read ``s3://bucket[/key]``; anything else is a :class:`ValidationError` that quotes the text."""
        bucket, _, key = text.removeprefix(_SCHEME).partition("/")
        if not text.startswith(_SCHEME) or not bucket:
            raise ValidationError(f'"{text}" is not a valid S3 URI: it must have the form s3://bucket/key.')
        return cls(bucket, key)

    def join(self, *names: str) -> "S3Uri":
        """The URI below this one: ``s3://b/out`` joined with ``job`` and ``model`` is ``s3://b/out/job/model``."""
        return S3Uri(self.bucket, "/".join([*([self.key.rstrip("/")] if self.key else []), *names]))

    @property
    def basename(self) -> str:
        """What follows the key's last slash."""
        return self.key.rsplit("/", 1)[-1]

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"
