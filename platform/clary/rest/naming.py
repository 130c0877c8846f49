"""From the names of SageMaker's operations to kinds, collections and the parts of paths."""

import re
from dataclasses import dataclass
from functools import cached_property

from botocore.model import OperationModel

from clary.aws.models import load_service

SERVICE = "sagemaker"

_WORD = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_VERB = re.compile(r"([A-Z][a-z]+)(.*)")
# What a member may be called that holds the name of a resource: `Name`, `TrainingJobName`, `PipelineArn` …
_IDENTIFIER = re.compile(r"(\w*)(Name|Arn|Id)")


@dataclass(frozen=True, slots=True)
class Words:
    """An operation's name in parts: ``UpdateEndpointWeightsAndCapacities`` is Update, Endpoint and the rest.

    ``kind`` is empty where the operation is about no kind of resource, and ``rest`` has all that follows.
    """

    verb: str
    kind: str
    rest: str


class Vocabulary:
    """The kinds that the model knows: whatever it creates or describes."""

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Each kind with its plural, longest first."""
        names = self._names
        kinds = {words[1] for name in names if (words := split_verb(name))[0] in {"Create", "Describe"}}
        return {kind: self._plural(kind) for kind in sorted(kinds, key=lambda kind: (-len(kind), kind))}

    def split(self, operation: str) -> Words:
        """The parts of an operation's name."""
        verb, noun = split_verb(operation)
        if verb == "List" and noun in self._singulars:
            return Words(verb, self._singulars[noun], "")
        for kind in self.kinds:
            rest = noun.removeprefix(kind)
            if noun.startswith(kind) and not rest[:1].islower():
                return Words(verb, kind, rest)
        return Words(verb, "", noun)

    @cached_property
    def _singulars(self) -> dict[str, str]:
        return {plural: kind for kind, plural in self.kinds.items()}

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(load_service(SERVICE).operation_names)

    def _plural(self, kind: str) -> str:
        stem, end = kind[:-1], kind[-1]
        plurals = (f"{kind}s", f"{kind}es", f"{stem}ies")
        usual = f"{stem}ies" if end == "y" else kind if end == "s" else f"{kind}s"
        return next((plural for plural in plurals if f"List{plural}" in self._names), usual)


def split_verb(operation: str) -> tuple[str, str]:
    """An operation's verb and all that follows."""
    matched = _VERB.fullmatch(operation)
    if matched is None:
        raise ValueError(f"{operation} does not begin with a verb")
    return matched[1], matched[2]


def to_path(words: str) -> str:
    """A part of a path: ``TrainingJobs`` becomes ``training-jobs``."""
    return _WORD.sub("-", words).lower()


def find_name_member(kind: str, operation: OperationModel) -> str | None:
    """The required input member that says which resource of the kind is meant; the longest fitting one."""
    shape = operation.input_shape
    if shape is None:
        return None
    found = [
        matched
        for member in shape.required_members
        if (matched := _IDENTIFIER.fullmatch(member))
        and kind.endswith(matched[1])
        and shape.members[member].type_name == "string"
    ]
    longest = max(found, key=lambda matched: len(matched[1]), default=None)
    return longest[0] if longest else None
