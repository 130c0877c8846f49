"""A kind of SageMaker resource, and the operations that all kinds share, written once from the API's shapes.

A resource's file declares its :class:`Kind`, asks for the generic operations it needs, and writes only its
own rules: see docs/adding-a-resource.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from botocore.model import ListShape, StructureShape
from sqlalchemy.orm import Session

from clary.aws.models import load_operation
from clary.aws.operations import Context, Request, Support, register
from clary.kernel import clock, documents, pages, repository, tags
from clary.kernel.errors import ServiceError, ValidationError
from clary.kernel.repository import NameTaken
from clary.kernel.scope import Scope
from clary.kernel.states import States
from clary.store.tables import ResourceRow

SERVICE = "sagemaker"
RECORD = States.declare("Recorded", Recorded="Deleted", Deleted="")
"""The states of kinds that AWS gives no status."""

Members = dict[str, Any]
Conditions = tuple[sa.ColumnElement[bool], ...]


def _not_found(kind: "Kind", arn: str, _name: str) -> ServiceError:
    return ValidationError(f'Could not find {kind.label} "{arn}".')


def _taken(kind: "Kind", arn: str) -> ServiceError:
    return ValidationError(f'Cannot create already existing {kind.label} "{arn}".')


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What distinguishes one kind from the next.

    ``name`` is the API's (``TrainingJob``: members ``TrainingJobName``, ``TrainingJobArn``,
    ``TrainingJobStatus`` follow from it); ``path`` is the ARN's resource type; ``label`` its words in errors;
    ``plural`` the List operation's noun where it is not just an s longer.
    ``present`` adds members that Describe and List derive from a row.
    """

    name: str
    path: str
    label: str
    plural: str = ""
    states: States = RECORD
    newest_first: bool = True
    present: Callable[[ResourceRow], Members] = lambda _row: {}
    not_found: Callable[["Kind", str, str], ServiceError] = _not_found
    taken: Callable[["Kind", str], ServiceError] = _taken

    @property
    def name_member(self) -> str:
        """The request member that carries the name."""
        return f"{self.name}Name"

    def arn(self, scope: Scope, name: str) -> str:
        """The ARN; AWS lower-cases the name in it."""
        return f"arn:aws:sagemaker:{scope.region}:{scope.account}:{self.path}/{name.lower()}"

    def create(
        self,
        session: Session,
        context: Context,
        request: Request,
        *,
        state: Mapping[str, Any] | None = None,
        secondary: str | None = None,
        message: str | None = None,
        wake: bool = False,
    ) -> ResourceRow:
        """Record the request under its name, with its tags."""
        scope = Scope(context.account, context.region)
        name = request[self.name_member]
        arn = self.arn(scope, name)
        spec = documents.freeze({key: value for key, value in request.items() if key != "Tags"})
        try:
            row = repository.create(
                session,
                scope,
                kind=self.name,
                name=name,
                arn=arn,
                status=self.states.initial,
                spec=spec,
                state=state,
                secondary=secondary,
                message=message,
                wake=wake,
                traced=self.states is not RECORD,
            )
        except NameTaken as error:
            raise self.taken(self, error.arn) from error
        if request.get("Tags"):
            tags.add_tags(session, arn, {tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return row

    def find(self, session: Session, context: Context, name: str) -> ResourceRow:
        """The resource of that name, or AWS's error for a missing one."""
        scope = Scope(context.account, context.region)
        row = repository.find(session, scope, self.name, name)
        if row is None:
            raise self.not_found(self, self.arn(scope, name), name)
        return row

    def describe(self, row: ResourceRow, shape: StructureShape) -> Members:
        """What can be said about a row, by API member names; callers cut it to ``shape`` in the end."""
        # A summary has few of the request's members, and a page many rows: the others stay frozen.
        wanted = {name: value for name, value in row.spec.items() if name in shape.members}
        members: Members = documents.thaw(wanted)
        members |= {
            self.name_member: row.name,
            f"{self.name}Arn": row.arn,
            f"{self.name}Status": row.status,
            "FailureReason": row.failure_reason,
            "CreationTime": clock.to_datetime(row.created_at),
            "LastModifiedTime": clock.to_datetime(row.modified_at),
        }
        return members | self.present(row)

    def serve_describe(
        self, more: Callable[[Session, ResourceRow], Members] = lambda _session, _row: {}
    ) -> None:
        """Register Describe; ``more`` adds members that need the database."""
        operation = f"Describe{self.name}"

        def describe(context: Context, request: Request) -> Members:
            with context.platform.database.read() as session:
                row = self.find(session, context, request[self.name_member])
                output = _output(operation)
                return cut(self.describe(row, output) | more(session, row), output)

        register(SERVICE, operation, describe)

    def serve_list(self, where: Callable[[Request], Conditions] = lambda _request: ()) -> None:
        """Register List: filters, sorts and pages as the operation's own input shape offers them.

        ``where`` turns filters that only this kind has into conditions.
        """
        operation = f"List{self.plural or self.name + 's'}"

        def list_(context: Context, request: Request) -> Members:
            with context.platform.database.read() as session:
                page = pages.select_page(session, self._query(context, request, where(request)))
                member, summary = _summary(operation)
                rows = [cut(self.describe(row, summary), summary) for row in page.rows]
            return {member: rows, "NextToken": page.token}

        register(SERVICE, operation, list_)

    def serve_delete(
        self, check: Callable[[Session, ResourceRow], None] = lambda _session, _row: None
    ) -> None:
        """Register a Delete that removes the record at once; ``check`` may refuse."""

        def delete(context: Context, request: Request) -> None:
            with context.platform.database.write() as session:
                row = self.find(session, context, request[self.name_member])
                check(session, row)
                repository.delete(session, row)

        register(SERVICE, f"Delete{self.name}", delete)

    def serve_create(
        self,
        check: Callable[[Context, Request], None],
        *,
        support: Support,
        check_stored: Callable[[Session, Context, Request], None] = lambda *_: None,
    ) -> None:
        """Register a Create that only records; ``check`` refuses bad requests.

        ``check_stored`` refuses by what the database says, in the transaction that records.
        """

        def create(context: Context, request: Request) -> Members:
            check(context, request)
            with context.platform.database.write() as session:
                check_stored(session, context, request)
                row = self.create(session, context, request)
            return {f"{self.name}Arn": row.arn}

        register(SERVICE, f"Create{self.name}", create, support=support)

    def _query(self, context: Context, request: Request, where: Conditions) -> pages.Query:
        order = request.get("SortOrder", "Descending" if self.newest_first else "Ascending")
        return pages.Query(
            scope=Scope(context.account, context.region),
            kind=self.name,
            name_contains=request.get("NameContains"),
            status=request.get("StatusEquals"),
            created_after=_time(request, "CreationTimeAfter"),
            created_before=_time(request, "CreationTimeBefore"),
            modified_after=_time(request, "LastModifiedTimeAfter"),
            modified_before=_time(request, "LastModifiedTimeBefore"),
            where=where,
            sort=request.get("SortBy", "CreationTime"),
            descending=order == "Descending",
            limit=request.get("MaxResults", 10),
            token=request.get("NextToken"),
        )


def _time(request: Request, member: str) -> int | None:
    moment = request.get(member)
    return None if moment is None else clock.from_datetime(moment)


def _output(operation: str) -> StructureShape:
    shape = load_operation(SERVICE, operation).output_shape
    if not isinstance(shape, StructureShape):
        raise TypeError(f"{operation} has no output")
    return shape


def _summary(operation: str) -> tuple[str, StructureShape]:
    lists = [
        (name, shape) for name, shape in _output(operation).members.items() if isinstance(shape, ListShape)
    ]
    (name, shape), *others = lists
    if others or not isinstance(shape.member, StructureShape):
        raise TypeError(f"{operation} does not answer one list of summaries")
    return name, shape.member


def cut(members: Members, shape: StructureShape) -> Members:
    """The members that a shape has, without those that are None."""
    return {name: members[name] for name in shape.members if members.get(name) is not None}
