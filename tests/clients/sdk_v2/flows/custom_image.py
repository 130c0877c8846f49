"""An image of the user's own: its entry point, its metrics, its environment."""

import sys

import sagemaker
from doubling import report
from sagemaker.estimator import Estimator

SCRIPT = (
    "import os; "
    "[print(f'epoch {epoch} loss={1 / epoch:.3f}') for epoch in (1, 2, 4)]; "
    "open('/opt/ml/model/owner.txt', 'w').write(os.environ['OWNER'])"
)


def main(image: str) -> None:
    """Fit on an image that knows nothing of SageMaker."""
    session = sagemaker.Session()
    estimator = Estimator(
        image,
        sagemaker.get_execution_role(),
        1,
        "ml.m5.large",
        container_entry_point=["python", "-c"],
        container_arguments=[SCRIPT],
        environment={"OWNER": "somebody"},
        metric_definitions=[{"Name": "loss", "Regex": r"loss=([\d.]+)"}],
        sagemaker_session=session,
    )
    estimator.fit()
    described = estimator.latest_training_job.describe()
    table = estimator.training_job_analytics.dataframe()
    report(
        "custom image",
        {
            "status": described["TrainingJobStatus"],
            "final": {each["MetricName"]: each["Value"] for each in described["FinalMetricDataList"]},
            "metrics": sorted(set(table["metric_name"])),
            "model_data": estimator.model_data,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
