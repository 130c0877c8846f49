"""The object store as the wire sees it: one streaming service."""

from sqlalchemy.exc import DBAPIError

from clary.aws.exchange import Exchange
from clary.kernel.platform import Platform
from clary.objectstore.call import XML_LIMIT, Call
from clary.objectstore.routes import find_handler
from clary.objectstore.space import InsufficientStorage, is_full_disk
from clary.objectstore.store import Store


class ObjectStore:
    """Answers S3's operations from the platform's database and data folder (a ``StreamingService``)."""

    body_limit = XML_LIMIT

    def __init__(self, platform: Platform) -> None:
        self._store = Store(platform)

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request; refusals are raised for the wire to render."""
        call = Call.read(self._store, exchange)
        try:
            await find_handler(call)(call)
        except (OSError, DBAPIError) as error:
            if is_full_disk(error):
                raise InsufficientStorage("The disk that holds the objects has no space left.") from error
            raise

    def close(self) -> None:
        """Finish what was begun and end the store's threads."""
        self._store.close()
