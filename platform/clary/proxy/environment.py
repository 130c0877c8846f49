"""The variables by which a command's clients find the proxy and trust it."""

import shlex
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from clary.aws.hosts import is_aws
from clary.proxy.trust import BUNDLE_VARIABLES, JAVA_PASSWORD, TrustStores

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def proxy_environment(
    environment: Mapping[str, str], *, port: int, stores: TrustStores, gateway: str
) -> dict[str, str]:
    """What to set beside the user's environment; ``gateway`` is the platform's URL, reached directly."""
    url = f"http://127.0.0.1:{port}"
    names = (*LOOPBACK, urlsplit(gateway).hostname, *_own_exemptions(environment))
    exempt = list(dict.fromkeys(filter(None, names)))
    listed = ",".join(exempt)
    return {
        "HTTPS_PROXY": url,
        "https_proxy": url,
        "NO_PROXY": listed,
        "no_proxy": listed,
        **dict.fromkeys(BUNDLE_VARIABLES, str(stores.bundle)),
        "JAVA_TOOL_OPTIONS": _java_options(environment, port, stores, exempt),
    }


def _own_exemptions(environment: Mapping[str, str]) -> list[str]:
    """The user's NO_PROXY, but for what would let calls to AWS pass by."""
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    names = [name.strip() for name in listed.split(",")]
    return [name for name in names if name and name != "*" and not is_aws(name.lstrip("*.").lower())]


def _java_options(
    environment: Mapping[str, str], port: int, stores: TrustStores, exempt: Iterable[str]
) -> str:
    hosts = [f"[{name}]" if ":" in name else name for name in exempt]
    # Java means the name alone where the others mean its subdomains, too.
    subdomains = [f"*{name if name.startswith('.') else f'.{name}'}" for name in hosts if name[-1].isalpha()]
    properties = {
        "https.proxyHost": "127.0.0.1",
        "https.proxyPort": str(port),
        "http.nonProxyHosts": "|".join([*hosts, *subdomains]),
        "javax.net.ssl.trustStore": str(stores.java),
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": JAVA_PASSWORD,
    }
    ours = [shlex.quote(f"-D{name}={value}") for name, value in properties.items()]
    return " ".join([environment.get("JAVA_TOOL_OPTIONS", ""), *ours]).strip()
