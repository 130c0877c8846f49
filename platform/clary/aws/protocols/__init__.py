"""The protocols of the AWS wire: each reads requests by input shapes and writes answers by output shapes."""

from clary.aws.protocols.json import JsonProtocol
from clary.aws.protocols.messages import ErrorContext, Members, WireAnswer, WireProtocol, WireRequest
from clary.aws.protocols.query import QueryProtocol
from clary.aws.protocols.rest_json import RestJsonProtocol
from clary.aws.protocols.rest_xml import RestXmlProtocol

__all__ = ["PROTOCOLS", "ErrorContext", "Members", "WireAnswer", "WireProtocol", "WireRequest"]

PROTOCOLS: dict[str, WireProtocol] = {
    "json": JsonProtocol(),
    "rest-json": RestJsonProtocol(),
    "query": QueryProtocol(),
    "rest-xml": RestXmlProtocol(),
}
