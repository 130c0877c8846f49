"""Code repositories: Git repositories that notebooks may use. (API Reference, CreateCodeRepository.)"""

from clary.aws.operations import Context, Request, Support, operation
from clary.kernel import repository
from clary.kernel.errors import ValidationError
from clary.resources.kind import Kind

CODE_REPOSITORY = Kind(
    name="CodeRepository",
    path="code-repository",
    label="code repository",
    plural="CodeRepositories",
)


def check_code_repository(_context: Context, request: Request) -> None:
    """Refuse a URL that Git can't clone over HTTPS."""
    url = request["GitConfig"]["RepositoryUrl"]
    if not url.startswith("https://"):
        raise ValidationError(f'Invalid Git repository URL "{url}": it must begin with https://.')


CODE_REPOSITORY.serve_create(check_code_repository, support=Support.RECORDED)
CODE_REPOSITORY.serve_describe()
CODE_REPOSITORY.serve_list()
CODE_REPOSITORY.serve_delete()


@operation("sagemaker", "UpdateCodeRepository", support=Support.RECORDED)
def update_code_repository(context: Context, request: Request) -> dict[str, str]:
    """Replace the secret that holds the repository's credentials."""
    with context.platform.database.write() as session:
        row = CODE_REPOSITORY.find(session, context, request["CodeRepositoryName"])
        changed = row.spec["GitConfig"] | request.get("GitConfig", {})
        repository.update(session, row.id, spec={"GitConfig": changed})
    return {"CodeRepositoryArn": row.arn}
