"""The certificate authority of a data folder: what it may vouch for."""

import ssl

import pytest

from clary.proxy.authority import Authority


def shake_hands(authority: Authority, host: str) -> ssl.SSLObject:
    """A client that trusts the authority alone, and the proxy with a certificate for the host."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.create_default_context(cadata=authority.certificate_pem)
    client = trusting.wrap_bio(to_client, to_server, server_hostname=host)
    server = authority.context(host).wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client


@pytest.mark.parametrize(
    "host",
    [
        "sts.amazonaws.com",
        "a.bucket--with.dots.s3.eu-west-1.amazonaws.com",
        "under_score.s3.amazonaws.com",
        "sagemaker.cn-north-1.amazonaws.com.cn",
        "sts.us-east-1.api.aws",
    ],
)
def test_names_of_aws_are_vouched_for(host: str) -> None:
    certificate = shake_hands(Authority.make(), host).getpeercert()
    assert certificate is not None
    assert certificate["subjectAltName"] == (("DNS", host),)


@pytest.mark.parametrize("host", ["pypi.org", "amazonaws.com.example.org", "notamazonaws.com"])
def test_no_other_name_is_believed(host: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(Authority.make(), host)


def test_an_authority_survives_its_file() -> None:
    authority = Authority.make()
    again = Authority.load(authority.to_pem().encode())
    assert again.certificate_pem == authority.certificate_pem
    assert shake_hands(again, "sts.amazonaws.com").version() == "TLSv1.3"
