"""Bucket features that are not there: reading one tells that none is configured, setting one is refused."""

from clary.kernel.errors import ServiceError
from clary.objectstore import buckets
from clary.objectstore.call import Call
from clary.objectstore.errors import no_such_key, not_implemented
from clary.objectstore.records import find_object
from clary.objectstore.xml import Content

# What S3 answers for a bucket on which nobody configured the feature.
MISSING = {
    "cors": ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    "encryption": (
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    "lifecycle": ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    "object-lock": (
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    "ownershipControls": ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
    "policy": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "policyStatus": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
    "publicAccessBlock": (
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
    "replication": (
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    "website": ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
}
EMPTY: dict[str, tuple[str, Content]] = {
    "accelerate": ("AccelerateConfiguration", ()),
    "logging": ("BucketLoggingStatus", ()),
    "notification": ("NotificationConfiguration", ()),
    "requestPayment": ("RequestPaymentConfiguration", [("Payer", "BucketOwner")]),
    "versioning": ("VersioningConfiguration", ()),
}
# Parameters that make a request another operation; every one of S3's that is not answered elsewhere.
UNSUPPORTED = frozenset(
    {
        "abac", "analytics", "annotation", "intelligent-tiering", "inventory", "legal-hold",
        "metadataConfiguration", "metadataTable", "metrics", "renameObject", "restore", "retention", "select",
        "session", "torrent", "versions",
    }
)  # fmt: skip


async def get_missing(call: Call) -> None:
    """404 with the code of the feature."""
    await buckets.find(call)
    code, message = MISSING[_name_of(call, MISSING)]
    raise ServiceError(message, code=code, status=404, BucketName=call.bucket)


async def get_empty(call: Call) -> None:
    """An empty configuration."""
    await buckets.find(call)
    root, content = EMPTY[_name_of(call, EMPTY)]
    await call.respond_xml(root, content)


async def get_bucket_acl(call: Call) -> None:
    """The one ACL there is: full control for the owner."""
    bucket = await buckets.find(call)
    await _answer_acl(call, bucket.account)


async def get_object_acl(call: Call) -> None:
    """The one ACL there is: full control for the owner."""
    bucket, stored = await call.store.read(lambda connection: find_object(connection, call.bucket, call.key))
    bucket = call.admit(bucket)
    if stored is None:
        raise no_such_key(call.key)
    await _answer_acl(call, bucket.account)


async def refuse(call: Call) -> None:
    """501, naming the parameter."""
    await buckets.find(call)
    known = UNSUPPORTED | MISSING.keys() | EMPTY.keys() | {"acl"}
    name = next((name for name in call.query if name in known), "this method here")
    raise not_implemented(f"{call.exchange.method} {name}")


async def _answer_acl(call: Call, account: str) -> None:
    # The attribute that tells a grantee's type has a namespace of its own: no other document needs one.
    owner = buckets.write_owner(account)
    await call.respond_xml(
        "AccessControlPolicy",
        [
            ("Owner", owner),
            ("AccessControlList", [("Grant", [("Grantee", owner), ("Permission", "FULL_CONTROL")])]),
        ],
    )


def _name_of(call: Call, names: "dict[str, tuple[str, str]] | dict[str, tuple[str, Content]]") -> str:
    return next(name for name in call.query if name in names)
