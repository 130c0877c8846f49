"""``python -m clary.rest.openapi ACCOUNT``: print the document, with examples for the account."""

import json
import sys

from clary.aws import operations
from clary.rest.openapi.document import create_document


def main() -> None:
    """Print the document."""
    operations.discover()
    json.dump(create_document(sys.argv[1]), sys.stdout)


if __name__ == "__main__":
    main()
