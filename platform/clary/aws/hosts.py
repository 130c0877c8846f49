"""The names under which AWS answers, and what they say of a request."""

import re

from clary.kernel.scope import is_region

# Every partition's suffixes, those of dual-stack names included.
DOMAINS = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "aws",
)

_DOMAIN = re.compile(rf"(?:^|\.)(?:api\.)?(?:{'|'.join(map(re.escape, DOMAINS))})$")
_VARIANTS = frozenset({"dualstack", "aws-global"})
_S3 = re.compile(r"s3(-accelerate|-external-1|-[a-z]{2}(-[a-z]+)+-\d)?", re.ASCII)
_BUCKET = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3[.-][a-z0-9.-]+", re.ASCII)
# They are signed as S3 is, and are other services.
_BESIDE_S3 = re.compile(r"(^|\.)s3-(control|accesspoint)(-fips)?\.", re.ASCII)
_TELEMETRY = re.compile(r"sm-pysdk-t-[a-z0-9-]+\.s3\.[a-z0-9-]+\.amazonaws\.com(\.cn)?", re.ASCII)


def host_name(authority: str) -> str:
    """The name in ``host`` or ``host:port``, in lower case and without the root's dot."""
    name, _, port = authority.rpartition(":")
    if not name or not port.isdecimal():
        name = authority
    return name.strip("[]").lower().rstrip(".")


def is_aws(host: str) -> bool:
    """Whether the name belongs to AWS."""
    return _DOMAIN.search(host) is not None


def is_telemetry(host: str) -> bool:
    """Whether the SageMaker SDKs send their usage reports to this name."""
    return _TELEMETRY.fullmatch(host) is not None


def virtual_bucket(host: str) -> str | None:
    """The bucket in ``<bucket>.s3.<anything>``, whoever's name that is; None where the path names it."""
    found = _BUCKET.fullmatch(host)
    return found["bucket"] if found else None


def is_beside_s3(host: str) -> bool:
    """Whether the name is that of S3 Control or of an access point."""
    return is_aws(host) and _BESIDE_S3.search(host) is not None


def endpoint_prefixes(host: str) -> list[str]:
    """What an AWS name may call its service, the most telling first: ``api.sagemaker``, ``sagemaker``."""
    labels = [
        label.removesuffix("-fips")
        for label in _DOMAIN.sub("", host).split(".")
        if not is_region(label) and label not in _VARIANTS
    ]
    if labels and _S3.fullmatch(labels[-1]):
        return ["s3"]
    return [".".join(labels[-count:]) for count in (2, 1)]
