"""Training with an Estimator, and everything that a notebook looks up about a job afterwards."""

from typing import Any

import sagemaker
from doubling import make_estimator, report, upload_table
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.estimator import Estimator

TEAM = {"Key": "team", "Value": "forest"}


def fit_with_logs(session: sagemaker.Session, role: str) -> tuple[Estimator, dict[str, Any]]:
    """The flow of most notebooks: the log appears while the job runs."""
    estimator = make_estimator(session, role, tags=[TEAM], max_run=600)
    table = upload_table(session, "training")
    estimator.fit({"train": table, "validation": table}, logs="All")
    described = estimator.latest_training_job.describe()
    return estimator, {
        "status": described["TrainingJobStatus"],
        "hyperparameters": described["HyperParameters"],
        "hooks": [described["DebugHookConfig"], described["ProfilerConfig"]],
        "kms_key": described["OutputDataConfig"]["KmsKeyId"],
        "model_data": estimator.model_data,
        "job": estimator.latest_training_job.name,
    }


def attach(session: sagemaker.Session, name: str) -> dict[str, Any]:
    """An Estimator from a job's name alone."""
    attached = Estimator.attach(name, sagemaker_session=session)
    return {
        "model_data": attached.model_data,
        "hyperparameters": attached.hyperparameters(),
        "image": attached.training_image_uri(),
        "instance_type": attached.instance_type,
        "tags": attached.tags,
    }


def analyse(session: sagemaker.Session, estimator: Estimator) -> dict[str, Any]:
    """Metrics as a DataFrame, from CloudWatch."""
    everything = estimator.training_job_analytics.dataframe()
    wanted = TrainingJobAnalytics(
        estimator.latest_training_job.name, ["validation:rmse"], sagemaker_session=session, period=1
    ).dataframe()
    return {
        "columns": list(everything.columns),
        "metrics": sorted(set(everything["metric_name"])),
        "wanted": sorted(set(wanted["metric_name"])),
        "all_good": bool((wanted["value"] < 1).all()),
    }


def tag(session: sagemaker.Session, arn: str) -> list[list[dict[str, str]]]:
    """The tags after the job, after one more, after one less."""
    seen = [session.list_tags(arn)]
    session.sagemaker_client.add_tags(ResourceArn=arn, Tags=[{"Key": "season", "Value": "autumn"}])
    seen.append(session.list_tags(arn))
    session.sagemaker_client.delete_tags(ResourceArn=arn, TagKeys=["team"])
    seen.append(session.list_tags(arn))
    return seen


def search(session: sagemaker.Session, estimator: Estimator) -> list[str]:
    """The job that made a model, as model cards and the registry look for it."""
    by_artifact = {
        "Name": "ModelArtifacts.S3ModelArtifacts",
        "Operator": "Equals",
        "Value": estimator.model_data,
    }
    found = session.search("TrainingJob", search_expression={"Filters": [by_artifact]})
    return [result["TrainingJob"]["TrainingJobName"] for result in found["Results"]]


def main() -> None:
    """One job, looked at from all sides."""
    session = sagemaker.Session()
    role = sagemaker.get_execution_role()
    report(
        "session",
        {
            "account": session.account_id(),
            "bucket": session.default_bucket(),
            "caller": session.get_caller_identity_arn(),
            "role": role,
        },
    )
    estimator, fitted = fit_with_logs(session, role)
    report("fit", fitted)
    report("attach", attach(session, fitted["job"]))
    report("analytics", analyse(session, estimator))
    report("tags", tag(session, estimator.latest_training_job.describe()["TrainingJobArn"]))
    report("search", search(session, estimator))


if __name__ == "__main__":
    main()
