"""From a request to the identity behind it."""

import asyncio

from clary.aws import sigv2
from clary.aws.claims import ALGORITHM, Claim, read_claim
from clary.aws.credentials import Credentials
from clary.aws.exchange import Exchange
from clary.aws.identity import Identity
from clary.aws.refusals import Dialect, Refusal, refuse
from clary.aws.sigv4 import Verifier
from clary.kernel import clock


class Authenticator:
    """Authenticates requests by their signature. ``region`` stands in where a signature names none."""

    def __init__(self, credentials: Credentials, *, region: str) -> None:
        self._credentials = credentials
        self._region = region
        self._verifier = Verifier(credentials.find)

    async def authenticate(self, exchange: Exchange, dialect: Dialect, *, body_limit: int) -> Identity | None:
        """Who signed the request, None where no one did.

        The body is gathered (up to ``body_limit`` bytes) only where the signature covers it and no header
        tells its hash.
        """
        request = exchange.signed_request
        claim = read_claim(request, dialect)
        if claim is not None:
            return await self._verify(exchange, claim, dialect, body_limit)
        if "authorization" in request.headers:
            raise refuse(
                Refusal.INCOMPLETE,
                dialect,
                f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}.",
            )
        if dialect is Dialect.S3 and sigv2.is_presigned(request):
            await self._warm(sigv2.access_key_of(request))
            return sigv2.verify_presigned(
                request, self._credentials.find, region=self._region, now=clock.now()
            )
        return None

    async def _verify(self, exchange: Exchange, claim: Claim, dialect: Dialect, body_limit: int) -> Identity:
        await self._warm(claim.access_key_id)
        credential = self._verifier.admit(claim, dialect)
        payload_hash = claim.payload_hash
        if payload_hash is None:
            await exchange.read_body(body_limit)
            payload_hash = exchange.payload_hash()
        return self._verifier.verify(
            exchange.signed_request, claim, credential, payload_hash=payload_hash, dialect=dialect
        )

    async def _warm(self, access_key_id: str) -> None:
        # The database is asked off the event loop; verification itself then finds the key in memory.
        if not self._credentials.is_fresh(access_key_id):
            await asyncio.to_thread(self._credentials.find, access_key_id)
