"""Every setting of the platform: one class, one environment variable each (``CLARY_*``)."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

RuntimeName = Literal["auto", "process", "docker"]


class Settings(BaseSettings):
    """What an operator may choose. Values come from ``CLARY_*`` variables, or from ``clary up``'s options."""

    model_config = SettingsConfigDict(
        env_prefix="CLARY_", extra="ignore", secrets_dir=os.environ.get("CLARY_SECRETS_DIR")
    )

    data_dir: Path = Field(
        default=Path("~/.clary"),
        description="Folder that holds the database, objects, logs and job files of one platform.",
    )
    host: str = Field(default="127.0.0.1", description="Address the gateway listens on.")
    port: int = Field(default=8820, ge=0, le=65535, description="Port of the gateway; 0 takes a free one.")
    workers: int = Field(default=1, ge=1, le=64, description="Gateway processes that share the port.")
    runtime: RuntimeName = Field(
        default="auto",
        description="Where containers run: `docker`, `process`, or `auto`: Docker where an engine answers.",
    )
    base_image: str = Field(
        default="python:3.11-slim", description="Image that Clary's own images are built from."
    )
    build_network: str | None = Field(
        default=None, description="Docker network of image builds (`host`); the engine's default where unset."
    )
    docker_network: str | None = Field(
        default=None,
        description="Docker network that a platform in a container shares with the containers it starts.",
    )
    region: str = Field(default="us-east-1", description="Region of profile and demo; any is served.")
    account_id: str = Field(
        default="000000000000", pattern=r"^\d{12}$", description="Account that the first key pair belongs to."
    )
    access_key_id: str | None = Field(default=None, description="Access key; made where unset.")
    secret_access_key: str | None = Field(default=None, description="Secret key; made where unset.")
    database_url: str | None = Field(
        default=None, description="SQLAlchemy URL; SQLite in the data folder where unset, PostgreSQL by URL."
    )
    s3_endpoint_url: str | None = Field(
        default=None, description="An S3 server to use instead of the embedded store, for example MinIO."
    )
    s3_access_key_id: str | None = Field(default=None, description="Access key for that S3 server.")
    s3_secret_access_key: str | None = Field(default=None, description="Secret key for that S3 server.")
    secrets_dir: Path | None = Field(
        default=None,
        description="Folder of files named like these variables, in lower case; a variable that is set wins.",
    )
    stop_grace_seconds: int = Field(
        default=120,
        ge=0,
        description="Seconds between TERM and KILL for the containers of a job that is stopped.",
    )
    max_running_jobs: int = Field(default=8, ge=1, description="Jobs that run at once; the others wait.")

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data_dir.expanduser().absolute()

    @property
    def url(self) -> str:
        """Where clients reach the gateway."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def sqlalchemy_url(self) -> str:
        """The database that holds every record."""
        return self.database_url or f"sqlite:///{self.folder / 'clary.db'}"


@lru_cache(maxsize=1)
def load() -> Settings:
    """The settings of this process, read from the environment once."""
    return Settings()
