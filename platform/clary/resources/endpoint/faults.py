"""Why an endpoint can't serve, in the words that DescribeEndpoint shows."""

from clary.kernel.errors import ClaryError

REASON_CHARACTERS = 1024


class VariantFailed(ClaryError):
    """A variant that is being deployed can't serve: its deployment fails. The text is the FailureReason."""

    @property
    def reason(self) -> str:
        return str(self)[:REASON_CHARACTERS]


def no_image(variant: str, cause: ClaryError) -> VariantFailed:
    """The variant's image can't be run here."""
    return VariantFailed(
        f"Please make sure all images included in the model for the production variant {variant} exist, and "
        f"that the execution role used to create the model has permissions to access them. ({cause})"
    )


def no_model_data(url: str, cause: ClaryError) -> VariantFailed:
    """The model's artifacts can't be fetched."""
    return VariantFailed(
        f'Failed to download model data for container "container_1" from URL: "{url}". Please ensure that '
        "there is an object located at the URL and that the role passed to CreateModel has permissions to "
        f"download the object. ({cause})"
    )


def bad_model_data(url: str, cause: ClaryError) -> VariantFailed:
    """What lies at the model's URL is no archive, or an unsafe one."""
    return VariantFailed(
        f'Failed to extract model data archive for container "container_1" from URL: "{url}". Please ensure '
        f"that the object located at the URL is a valid tar.gz archive. ({cause})"
    )


def not_started(variant: str, cause: ClaryError) -> VariantFailed:
    """The runtime could not start the variant's container."""
    return VariantFailed(
        f"The primary container for production variant {variant} could not be started: {cause}"
    )


def no_ping(variant: str, why: str) -> VariantFailed:
    """The variant's container ended, or never answered ``/ping``."""
    return VariantFailed(
        f"The primary container for production variant {variant} did not pass the ping health check. "
        f"Please check CloudWatch logs for this endpoint. ({why})"
    )
