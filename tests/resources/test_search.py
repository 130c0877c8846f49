"""Search: jobs, models and endpoints by their properties."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from support.jobs import XGBOOST, Jobs, channel
from support.refusing import refusal
from support.running import RunningPlatform

# A region of its own: no other test's resources are found here.
REGION = "ap-south-1"
Found = list[str]
pytestmark = pytest.mark.xdist_group("search")


class Library(Jobs):
    """A few resources that differ in what is searched for."""

    def __init__(self, platform: RunningPlatform) -> None:
        super().__init__(replace(platform, region=REGION), s3=platform.client("s3"))
        self.uri = self.put({"a.csv": "1,1\n"})
        self.train_job("slow", "0.05", "0.5", Tags=[{"Key": "team", "Value": "blue"}])
        self.train_job("medium", "0.25", "0.25", Tags=[{"Key": "team", "Value": "red"}], hosts=2)
        self.train_job("fast", "0.9", "nan", channels=("train", "validation"))
        self.train_job("broken", "high", "1.0", status="Failed", end="exit 1")

    def train_job(
        self,
        name: str,
        eta: str,
        error: str,
        *,
        channels: tuple[str, ...] = ("train",),
        end: str = "true",
        status: str = "Completed",
        **members: Any,
    ) -> None:
        """A job that says what its error is."""
        self.run(
            f"printf '[0]#011train-rmse:{error}\\n'; {end}",
            status=status,
            TrainingJobName=name,
            HyperParameters={"eta": eta, "a.dotted.name": "yes"},
            InputDataConfig=[channel(each, f"{self.uri}a.csv") for each in channels],
            **members,
        )

    def search(self, *filters: dict[str, str], resource: str = "TrainingJob", **request: Any) -> Any:
        """The answer to a search by filters, or by a whole expression."""
        expression = request.pop("SearchExpression", {"Filters": list(filters)} if filters else None)
        if expression:
            request["SearchExpression"] = expression
        return self.sagemaker.search(Resource=resource, **request)

    def names(self, *filters: dict[str, str], **request: Any) -> Found:
        """The names of the jobs that are found, in order."""
        return [
            result["TrainingJob"]["TrainingJobName"] for result in self.search(*filters, **request)["Results"]
        ]


@pytest.fixture(scope="module")
def library(platform_up: RunningPlatform) -> Iterator[Library]:
    """The resources, made once."""
    library = Library(platform_up)
    yield library
    library.stop_all()


def where(name: str, operator: str, value: str | None = None) -> dict[str, str]:
    """A filter."""
    given = {"Name": name, "Operator": operator}
    return given if value is None else given | {"Value": value}


def test_without_an_expression_everything_is_found_latest_change_first(library: Library) -> None:
    found = library.search()
    names = [result["TrainingJob"]["TrainingJobName"] for result in found["Results"]]
    assert names == ["broken", "fast", "medium", "slow"]
    assert found["TotalHits"] == {"Value": 4, "Relation": "EqualTo"}
    assert "NextToken" not in found


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (where("TrainingJobName", "Equals", "slow"), {"slow"}),
        (where("TrainingJobName", "Contains", "o"), {"slow", "broken"}),
        (where("TrainingJobName", "In", "slow, fast"), {"slow", "fast"}),
        (where("TrainingJobStatus", "Equals", "Failed"), {"broken"}),
        (where("TrainingJobStatus", "NotEquals", "Failed"), {"slow", "medium", "fast"}),
        (where("FailureReason", "Exists"), {"broken"}),
        (where("FailureReason", "NotExists"), {"slow", "medium", "fast"}),
        (where("ResourceConfig.InstanceCount", "GreaterThan", "1"), {"medium"}),
        (where("ResourceConfig.InstanceCount", "LessThanOrEqualTo", "1.0"), {"slow", "fast", "broken"}),
        (where("HyperParameters.eta", "LessThan", "0.5"), {"slow", "medium"}),
        (where("HyperParameters.eta", "Equals", "0.250"), {"medium"}),
        (where("HyperParameters.eta", "Equals", "0"), {"slow", "medium", "fast"}),
        (where("HyperParameters.eta", "Equals", "high"), {"broken"}),
        (where("HyperParameters.a.dotted.name", "NotEquals", "yes"), set()),
        (where("HyperParameters.gamma", "Exists"), set()),
        (where("Metrics.train:rmse", "LessThan", "0.75"), {"slow", "medium"}),
        (where("Metrics.train:rmse", "NotExists"), {"fast"}),
        (where("Tags.team", "Equals", "blue"), {"slow"}),
        (where("Tags.team", "NotExists"), {"fast", "broken"}),
        (where("InputDataConfig.ChannelName", "Equals", "validation"), {"fast"}),
        (where("EnableManagedSpotTraining", "Equals", "true"), set()),
        (where("CreationTime", "GreaterThan", "2020-01-01T00:00:00"), {"slow", "medium", "fast", "broken"}),
        (where("CreationTime", "LessThan", "2020-01-01T00:00:00Z"), set()),
        (where("OutputDataConfig.KmsKeyId", "Exists"), set()),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_an_operator_compares_by_the_type_of_the_property(
    library: Library, condition: dict[str, str], names: set[str]
) -> None:
    assert set(library.names(condition)) == names


def test_a_job_is_found_by_its_artifact_with_all_its_members(library: Library) -> None:
    described = library.describe("slow")
    artifact = described["ModelArtifacts"]["S3ModelArtifacts"]
    (result,) = library.search(where("ModelArtifacts.S3ModelArtifacts", "Equals", artifact))["Results"]
    found = result["TrainingJob"]
    assert found.pop("Tags") == [{"Key": "team", "Value": "blue"}]
    assert found == {name: described[name] for name in found}
    assert {"FinalMetricDataList", "SecondaryStatusTransitions", "HyperParameters"} <= found.keys()


def test_filters_and_expressions_are_combined_by_their_operator(library: Library) -> None:
    blue, red = where("Tags.team", "Equals", "blue"), where("Tags.team", "Equals", "red")
    failed = where("TrainingJobStatus", "Equals", "Failed")
    either = {"Filters": [blue, red], "Operator": "Or"}
    assert library.names(blue, red) == []
    assert set(library.names(SearchExpression=either)) == {"slow", "medium"}
    many = where("ResourceConfig.InstanceCount", "Equals", "2")
    both = {"Filters": [many], "SubExpressions": [either]}
    assert library.names(SearchExpression=both) == ["medium"]
    any_of = {"Filters": [failed], "SubExpressions": [both], "Operator": "Or"}
    assert set(library.names(SearchExpression=any_of)) == {"medium", "broken"}


def test_nested_filters_hold_for_one_and_the_same_entry(library: Library) -> None:
    def nested(name: str, uri: str) -> dict[str, Any]:
        prefix = "InputDataConfig"
        filters = [
            where(f"{prefix}.ChannelName", "Equals", name),
            where(f"{prefix}.DataSource.S3DataSource.S3Uri", "Contains", uri),
        ]
        return {"NestedFilters": [{"NestedPropertyName": prefix, "Filters": filters}]}

    assert library.names(SearchExpression=nested("validation", library.uri)) == ["fast"]
    assert library.names(SearchExpression=nested("validation", "elsewhere")) == []


@pytest.mark.parametrize(
    ("sort", "order", "names"),
    [
        ("TrainingJobName", "Ascending", ["broken", "fast", "medium", "slow"]),
        ("CreationTime", "Ascending", ["slow", "medium", "fast", "broken"]),
        ("TrainingJobStatus", "Descending", ["broken", "fast", "medium", "slow"]),
        ("Metrics.train:rmse", "Ascending", ["medium", "slow", "broken", "fast"]),
        ("Metrics.train:rmse", "Descending", ["broken", "slow", "medium", "fast"]),
        ("HyperParameters.eta", "Ascending", ["slow", "medium", "fast", "broken"]),
        ("ResourceConfig.InstanceCount", "Descending", ["medium", "broken", "fast", "slow"]),
        ("TrainingStartTime", "Descending", ["broken", "fast", "medium", "slow"]),
    ],
)
def test_pages_follow_the_order_that_is_asked_for(
    library: Library, sort: str, order: str, names: Found
) -> None:
    pages = library.sagemaker.get_paginator("search").paginate(
        Resource="TrainingJob", SortBy=sort, SortOrder=order, PaginationConfig={"PageSize": 1}
    )
    results = [page["Results"] for page in pages]
    assert [[result["TrainingJob"]["TrainingJobName"] for result in page] for page in results] == [
        [name] for name in names
    ]


def test_a_page_that_is_not_the_last_tells_a_lower_bound_of_the_hits(library: Library) -> None:
    page = library.search(MaxResults=3)
    assert page["TotalHits"] == {"Value": 3, "Relation": "GreaterThanOrEqualTo"}
    rest = library.search(MaxResults=3, NextToken=page["NextToken"])
    assert [result["TrainingJob"]["TrainingJobName"] for result in rest["Results"]] == ["slow"]


def test_models_and_endpoints_are_found(library: Library) -> None:
    library.sagemaker.create_model(
        ModelName="found",
        PrimaryContainer={"Image": XGBOOST, "Environment": {"A": "1"}},
        ExecutionRoleArn=library.role,
        Tags=[{"Key": "team", "Value": "green"}],
    )
    for name in ("ModelName", "Model.ModelName"):
        (result,) = library.search(where(name, "Equals", "found"), resource="Model")["Results"]
        assert result["Model"]["Model"]["PrimaryContainer"]["Environment"] == {"A": "1"}
    (result,) = library.search(where("Tags.team", "Equals", "green"), resource="Model")["Results"]
    assert result["Model"]["Model"]["ModelName"] == "found"
    variant = {"VariantName": "all", "ModelName": "found", "InstanceType": "ml.m5.large"}
    library.sagemaker.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[variant | {"InitialInstanceCount": 1}]
    )
    library.sagemaker.create_endpoint(EndpointName="found", EndpointConfigName="config")
    (result,) = library.search(where("EndpointConfigName", "Equals", "config"), resource="Endpoint")[
        "Results"
    ]
    assert result["Endpoint"]["EndpointName"] == "found"
    library.sagemaker.delete_endpoint(EndpointName="found")


def test_what_clary_has_no_resource_of_is_not_found(library: Library) -> None:
    group = where("ModelPackageGroupName", "Equals", "any")
    found = library.search(group, resource="ModelPackageGroup")
    assert found["Results"] == []
    assert found["TotalHits"] == {"Value": 0, "Relation": "EqualTo"}


CONTAINS = where("TrainingJobName", "Contains", "a")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"Filters": [where("Colour", "Exists")]}, "Invalid property name: Colour"),
        ({"Filters": [where("ResourceConfig.Colour", "Exists")]}, "Invalid property name"),
        ({"Filters": [where("TrainingJobName", "LessThan", "a")]}, "is not supported for text property"),
        ({"Filters": [where("ResourceConfig.InstanceCount", "In", "1")]}, "numerical property"),
        ({"Filters": [where("ResourceConfig.InstanceCount", "Equals", "one")]}, "must be a number"),
        ({"Filters": [where("HyperParameters.eta", "LessThan", "low")]}, "must be a number"),
        ({"Filters": [where("CreationTime", "Equals", "today")]}, "must be an ISO 8601 time"),
        ({"Filters": [where("EnableNetworkIsolation", "Equals", "no")]}, "must be true or false"),
        ({"Filters": [where("ResourceConfig", "Equals", "a")]}, "structured property"),
        ({"Filters": [where("TrainingJobName", "Equals")]}, "needs a Value"),
        ({"Filters": [CONTAINS, CONTAINS]}, "'CONTAINS' operator usage limit of 1 exceeded"),
        (
            {
                "NestedFilters": [
                    {"NestedPropertyName": "ResourceConfig", "Filters": [where("ResourceConfig.a", "Exists")]}
                ]
            },
            "is not a list of nested objects",
        ),
        (
            {
                "NestedFilters": [
                    {"NestedPropertyName": "InputDataConfig", "Filters": [where("RoleArn", "Exists")]}
                ]
            },
            "is not nested in InputDataConfig",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense_is_refused(library: Library, request_: dict[str, Any], said: str) -> None:
    assert said in refused(library, SearchExpression=request_)


def test_a_token_of_another_search_is_refused(library: Library) -> None:
    token = library.search(MaxResults=1, SortBy="Metrics.train:rmse")["NextToken"]
    for sort in ("HyperParameters.eta", "CreationTime"):
        assert "token" in refused(library, SortBy=sort, NextToken=token)
    assert "token" in refused(library, NextToken="bm90IGEgdG9rZW4=")
    assert "can't be sorted" in refused(library, SortBy="ResourceConfig")


def test_expressions_have_a_depth(library: Library) -> None:
    expression: dict[str, Any] = {"Filters": [CONTAINS]}
    for _ in range(25):
        expression = {"SubExpressions": [expression]}
    assert "may be nested 20 deep" in refused(library, SearchExpression=expression)


@pytest.mark.parametrize(
    "member",
    [
        {"CrossAccountFilterOption": "CrossAccount"},
        {"VisibilityConditions": [{"Key": "a", "Value": "b"}]},
    ],
    ids=str,
)
def test_what_is_not_served_is_said(library: Library, member: dict[str, Any]) -> None:
    code, message, _ = refusal(library.search, **member)
    assert code == "UnsupportedOperation"
    assert next(iter(member)) in message


def refused(library: Library, **request: Any) -> str:
    """The sentence of the ValidationException that a search ends in."""
    code, message, _ = refusal(library.search, **request)
    assert code == "ValidationException"
    return message
