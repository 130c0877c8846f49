"""One call of one operation, whatever brought it: who calls, and the way from parsed to checked members."""

from clary.aws.answers import conform
from clary.aws.exchange import Exchange
from clary.aws.identity import Identity
from clary.aws.models import load_operation
from clary.aws.operations import Context, Operation
from clary.aws.protocols.messages import Members
from clary.aws.validation import validate_input


def make_context(exchange: Exchange, identity: Identity) -> Context:
    """Who calls, from where, and the platform that answers."""
    return Context(
        platform=exchange.platform,
        account=identity.account,
        region=identity.region,
        principal=identity.principal,
        access_key_id=identity.access_key_id,
        request_id=exchange.request_id,
    )


def call(operation: Operation, context: Context, members: Members) -> Members:
    """Validate the input, have the operation answer, and check that the answer fits the model.

    Raises ServiceError for every refusal.
    """
    validate_input(operation.service, operation.name, members)
    output = operation.handler(context, members) or {}
    shape = load_operation(operation.service, operation.name).output_shape
    fitting: Members = conform(shape, output) if shape else {}
    return fitting
