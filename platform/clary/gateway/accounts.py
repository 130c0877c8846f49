"""``/api/v1/accounts`` and ``/api/v1/reset``: accounts made and wiped, for test suites above all."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response, status
from pydantic import BaseModel, Field

# Importing it registers how buckets are forgotten; resources and neighbours are found by discovery.
import clary.objectstore.wiping  # noqa: F401
from clary.aws.identity import Identity
from clary.kernel.errors import ServiceError
from clary.kernel.platform import Platform
from clary.kernel.wiping import wipe_account
from clary.rest import ROOT
from clary.rest.tokens import require_identity
from clary.store.accounts import account_exists, create_account
from clary.store.roles import EXECUTION_ROLE, RoleArn

# For containers to end. They are killed, which takes milliseconds, unless the controller is away.
PATIENCE_SECONDS = 10.0

AccountId = Annotated[
    str, Field(pattern=r"^\d{12}$", description="Twelve digits.", examples=["123456789012"])
]
Caller = Annotated[Identity, Depends(require_identity)]


class AccountRequest(BaseModel):
    """Which account to make."""

    account: AccountId | None = Field(default=None, description="Its id; chosen where none is given.")


class NewAccount(BaseModel):
    """An account and the only key that speaks for it."""

    account: AccountId
    access_key_id: str
    secret_access_key: str
    role_arn: str = Field(description="A role for training jobs, models and other resources.")


class ResetRequest(BaseModel):
    """Which account to wipe."""

    account: AccountId | None = Field(
        default=None, description="Its id; the token's own where none is given."
    )


class Reset(BaseModel):
    """What was wiped."""

    account: AccountId
    removed: dict[str, int] = Field(description="How many of which things.")
    settled: bool = Field(description="Whether everything that ran for the account has ended.")


def account_routes(platform: Platform) -> APIRouter:
    """The routes that make and wipe accounts."""
    routes = APIRouter(prefix=ROOT, tags=["Accounts"])

    @routes.post("/accounts", status_code=status.HTTP_201_CREATED)
    def make_account(caller: Caller, wanted: AccountRequest | None = None) -> NewAccount:
        """Make an account. Only tokens of the platform's first account may."""
        _require_administrator(platform, caller)
        account = wanted.account if wanted else None
        with platform.database.write() as session:
            if account is not None and account_exists(session, account):
                raise ServiceError(f"The account {account} exists already.", code="ResourceInUse")
            key = create_account(session, account)
        return NewAccount(
            account=key.account,
            access_key_id=key.access_key_id,
            secret_access_key=key.secret_access_key,
            role_arn=str(RoleArn(key.account, "/", EXECUTION_ROLE)),
        )

    @routes.post("/reset", responses={status.HTTP_202_ACCEPTED: {"model": Reset}})
    def reset(caller: Caller, response: Response, wanted: ResetRequest | None = None) -> Reset:
        """Wipe an account: resources, buckets, logs, roles; what runs for it is killed. Its keys stay valid.

        202 where the controller is away: the records are gone, and it ends what runs once it is back.
        """
        account = (wanted.account if wanted else None) or caller.account
        if account != caller.account:
            _require_administrator(platform, caller)
        done = reset_account(platform, account)
        if not done.settled:
            response.status_code = status.HTTP_202_ACCEPTED
        return done

    return routes


def reset_account(platform: Platform, account: str) -> Reset:
    """Wipe an account; :class:`ServiceError` where there is none of that id."""
    with platform.database.read() as session:
        if not account_exists(session, account):
            raise ServiceError(f"There is no account {account}.", code="ResourceNotFound")
    wiped = wipe_account(platform, account, patience=PATIENCE_SECONDS)
    return Reset(account=account, removed=wiped.counts, settled=wiped.settled)


def _require_administrator(platform: Platform, caller: Identity) -> None:
    first = platform.settings.account_id
    if caller.account != first:
        raise ServiceError(
            f"The token speaks for account {caller.account}; only those of account {first} may do that.",
            code="AccessDeniedException",
        )
