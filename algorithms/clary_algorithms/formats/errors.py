"""What a reader raises when its input is not what the format says."""


class FormatError(ValueError):
    """The bytes break a rule of their format; the text names the rule and the place."""
