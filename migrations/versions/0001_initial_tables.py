"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
JSON_OR_NULL = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("access_key_id", TEXT, nullable=False),
        sa.Column("secret_access_key", TEXT, nullable=False),
        sa.Column("session_token", TEXT, nullable=True),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("principal", TEXT, nullable=False),
        sa.Column("created_at", INTEGER, nullable=False),
        sa.Column("expires_at", INTEGER, nullable=True),
        sa.PrimaryKeyConstraint("access_key_id"),
    )
    with op.batch_alter_table("credentials", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credentials_account"), ["account"], unique=False)

    op.create_table(
        "log_groups",
        sa.Column("id", INTEGER, autoincrement=True, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", INTEGER, nullable=False),
        sa.Column("retention_in_days", INTEGER, nullable=True),
        sa.Column("kms_key_id", TEXT, nullable=True),
        sa.Column("log_group_class", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "region", "name", name="log_groups_name"),
    )
    op.create_table(
        "policies",
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("policy_id", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("created_at", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("arn"),
        sa.UniqueConstraint("account", "name", name="policies_name"),
    )
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policies_account"), ["account"], unique=False)

    op.create_table(
        "resources",
        sa.Column("id", INTEGER, autoincrement=True, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("parent", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("secondary", TEXT, nullable=True),
        sa.Column("failure_reason", TEXT, nullable=True),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("state", JSON, nullable=False),
        sa.Column("created_at", INTEGER, nullable=False),
        sa.Column("modified_at", INTEGER, nullable=False),
        sa.Column("generation", INTEGER, nullable=False),
        sa.Column("wake_at", INTEGER, nullable=True),
        sa.Column("lock_token", TEXT, nullable=True),
        sa.Column("lock_owner", TEXT, nullable=True),
        sa.Column("lock_expires_at", INTEGER, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "region", "kind", "name", name="resources_name"),
        sa.UniqueConstraint("uid"),
    )
    with op.batch_alter_table("resources", schema=None) as batch_op:
        batch_op.create_index("resources_arn", ["arn"], unique=False)
        batch_op.create_index(
            "resources_created", ["account", "region", "kind", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            "resources_modified", ["account", "region", "kind", "modified_at", "id"], unique=False
        )
        batch_op.create_index("resources_parent", ["parent", "created_at"], unique=False)
        batch_op.create_index(
            "resources_status", ["account", "region", "kind", "status", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            "resources_wake",
            ["wake_at"],
            unique=False,
            sqlite_where=sa.text("wake_at IS NOT NULL"),
            postgresql_where=sa.text("wake_at IS NOT NULL"),
        )

    op.create_table(
        "revisions",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("value", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "roles",
        sa.Column("id", INTEGER, autoincrement=True, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("role_id", TEXT, nullable=False),
        sa.Column("trust_policy", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("max_session_duration", INTEGER, nullable=False),
        sa.Column("permissions_boundary", TEXT, nullable=True),
        sa.Column("created_at", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "name", name="roles_name"),
    )
    op.create_table(
        "s3_buckets",
        sa.Column("id", INTEGER, autoincrement=True, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("created_at", INTEGER, nullable=False),
        sa.Column("tags", JSON_OR_NULL, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    with op.batch_alter_table("s3_buckets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_s3_buckets_account"), ["account"], unique=False)

    op.create_table(
        "s3_contents",
        sa.Column("id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table("s3_garbage", sa.Column("path", TEXT, nullable=False), sa.PrimaryKeyConstraint("path"))
    op.create_table(
        "s3_parts",
        sa.Column("body", INTEGER, autoincrement=False, nullable=False),
        sa.Column("number", INTEGER, autoincrement=False, nullable=False),
        sa.Column("file", INTEGER, nullable=False),
        sa.Column("size", INTEGER, nullable=False),
        sa.Column("offset", INTEGER, nullable=True),
        sa.Column("etag", TEXT, nullable=False),
        sa.Column("checksum", TEXT, nullable=False),
        sa.Column("modified_at", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("body", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tags",
        sa.Column("arn", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("arn", "key"),
    )
    op.create_table(
        "instances",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("endpoint_id", INTEGER, nullable=False),
        sa.Column("generation", INTEGER, nullable=False),
        sa.Column("variant", TEXT, nullable=False),
        sa.Column("host", TEXT, nullable=True),
        sa.Column("port", INTEGER, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("container", TEXT, nullable=False),
        sa.Column("created_at", INTEGER, nullable=False),
        sa.Column("changed_at", INTEGER, nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["resources.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("instances", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_instances_endpoint_id"), ["endpoint_id"], unique=False)

    op.create_table(
        "log_streams",
        sa.Column("id", INTEGER, autoincrement=True, nullable=False),
        sa.Column("group_id", INTEGER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", INTEGER, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("in_order", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["log_groups.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "name", name="log_streams_name"),
        sa.UniqueConstraint("path"),
    )
    op.create_table(
        "metrics",
        sa.Column("id", INTEGER, autoincrement=True, nullable=False),
        sa.Column("resource_id", INTEGER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("step", INTEGER, nullable=True),
        sa.Column("value", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("metrics", schema=None) as batch_op:
        batch_op.create_index("metrics_series", ["resource_id", "name", "at"], unique=False)

    op.create_table(
        "role_attachments",
        sa.Column("role", INTEGER, nullable=False),
        sa.Column("policy_arn", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["role"], ["roles.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("role", "policy_arn"),
    )
    with op.batch_alter_table("role_attachments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_attachments_policy_arn"), ["policy_arn"], unique=False)

    op.create_table(
        "role_policies",
        sa.Column("role", INTEGER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["role"], ["roles.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("role", "name"),
    )
    op.create_table(
        "s3_objects",
        sa.Column("bucket_id", INTEGER, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("body", INTEGER, nullable=False),
        sa.Column("layout", TEXT, nullable=False),
        sa.Column("size", INTEGER, nullable=False),
        sa.Column("etag", TEXT, nullable=False),
        sa.Column("modified_at", INTEGER, nullable=False),
        sa.Column("headers", JSON_OR_NULL, nullable=False),
        sa.Column("tags", JSON_OR_NULL, nullable=True),
        sa.Column("checksums", JSON_OR_NULL, nullable=False),
        sa.Column("checksum_type", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["bucket_id"],
            ["s3_buckets.id"],
        ),
        sa.PrimaryKeyConstraint("bucket_id", "key"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("s3_objects", schema=None) as batch_op:
        batch_op.create_index(
            "s3_objects_body",
            ["body"],
            unique=False,
            sqlite_where=sa.text("layout <> 'inline'"),
            postgresql_where=sa.text("layout <> 'inline'"),
        )

    op.create_table(
        "s3_uploads",
        sa.Column("id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("bucket_id", INTEGER, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("initiated_at", INTEGER, nullable=False),
        sa.Column("headers", JSON_OR_NULL, nullable=False),
        sa.Column("tags", JSON_OR_NULL, nullable=True),
        sa.Column("checksum_algorithm", TEXT, nullable=False),
        sa.Column("checksum_type", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["bucket_id"],
            ["s3_buckets.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("s3_uploads", schema=None) as batch_op:
        batch_op.create_index("s3_uploads_key", ["bucket_id", "key", "id"], unique=False)

    op.create_table(
        "transitions",
        sa.Column("id", INTEGER, autoincrement=True, nullable=False),
        sa.Column("resource_id", INTEGER, nullable=False),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("from_status", TEXT, nullable=True),
        sa.Column("to_status", TEXT, nullable=False),
        sa.Column("secondary", TEXT, nullable=True),
        sa.Column("message", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("transitions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transitions_resource_id"), ["resource_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("transitions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transitions_resource_id"))

    op.drop_table("transitions")
    with op.batch_alter_table("s3_uploads", schema=None) as batch_op:
        batch_op.drop_index("s3_uploads_key")

    op.drop_table("s3_uploads")
    with op.batch_alter_table("s3_objects", schema=None) as batch_op:
        batch_op.drop_index(
            "s3_objects_body",
            sqlite_where=sa.text("layout <> 'inline'"),
            postgresql_where=sa.text("layout <> 'inline'"),
        )

    op.drop_table("s3_objects")
    op.drop_table("role_policies")
    with op.batch_alter_table("role_attachments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_attachments_policy_arn"))

    op.drop_table("role_attachments")
    with op.batch_alter_table("metrics", schema=None) as batch_op:
        batch_op.drop_index("metrics_series")

    op.drop_table("metrics")
    op.drop_table("log_streams")
    with op.batch_alter_table("instances", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_instances_endpoint_id"))

    op.drop_table("instances")
    op.drop_table("tags")
    op.drop_table("s3_parts")
    op.drop_table("s3_garbage")
    op.drop_table("s3_contents")
    with op.batch_alter_table("s3_buckets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_s3_buckets_account"))

    op.drop_table("s3_buckets")
    op.drop_table("roles")
    op.drop_table("revisions")
    with op.batch_alter_table("resources", schema=None) as batch_op:
        batch_op.drop_index(
            "resources_wake",
            sqlite_where=sa.text("wake_at IS NOT NULL"),
            postgresql_where=sa.text("wake_at IS NOT NULL"),
        )
        batch_op.drop_index("resources_status")
        batch_op.drop_index("resources_parent")
        batch_op.drop_index("resources_modified")
        batch_op.drop_index("resources_created")
        batch_op.drop_index("resources_arn")

    op.drop_table("resources")
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_policies_account"))

    op.drop_table("policies")
    op.drop_table("log_groups")
    with op.batch_alter_table("credentials", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credentials_account"))

    op.drop_table("credentials")
