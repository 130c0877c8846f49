"""Content-Type, Accept and the environment, as the model server reads them."""

import pytest

from clary_algorithms.serving import ServingSettings
from clary_algorithms.serving.errors import NotAcceptable
from clary_algorithms.serving.media import CSV, JSON, JSON_LINES, choose_accept, parse_media_type

OFFERED = (JSON, JSON_LINES, CSV)


@pytest.mark.parametrize(
    ("header", "name", "parameters"),
    [
        ("text/csv", "text/csv", {}),
        ("csv", "csv", {}),
        ("Text/CSV ; Label_Size=1; charset=utf-8", "text/csv", {"label_size": "1", "charset": "utf-8"}),
        ('text/csv; header="absent"', "text/csv", {"header": "absent"}),
        ("", "", {}),
    ],
)
def test_a_content_type_is_split_into_its_type_and_parameters(header, name, parameters):
    assert parse_media_type(header) == (name, parameters)


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, CSV),
        ("", CSV),
        ("*/*", CSV),
        ("application/json", JSON),
        ("Application/JSON", JSON),
        ("json", JSON),
        ("application/*", JSON),
        ("text/csv;q=0.5, application/json;q=0.9", JSON),
        ("application/json;q=0.1, */*;q=0.8", CSV),
        ("image/png, application/jsonlines", JSON_LINES),
        ("text/csv;q=0, */*", JSON),
    ],
)
def test_the_client_s_preference_picks_the_answer_s_type(header, chosen):
    assert choose_accept(header, offered=OFFERED, default=CSV) == chosen


@pytest.mark.parametrize("header", ["image/png", "application/json;q=0", "text/csv;q=high", "image/*"])
def test_an_answer_that_no_one_accepts_is_refused(header):
    with pytest.raises(NotAcceptable, match="Please use supported accept types"):
        choose_accept(header, offered=OFFERED, default=CSV)


def test_a_default_that_is_not_offered_is_refused():
    with pytest.raises(NotAcceptable, match="image/png"):
        choose_accept(None, offered=OFFERED, default="image/png")


def test_settings_come_from_the_container_s_environment():
    settings = ServingSettings.from_environment(
        {
            "SAGEMAKER_BIND_TO_PORT": "9000",
            "SAGEMAKER_MODEL_SERVER_WORKERS": "3",
            "SAGEMAKER_MODEL_SERVER_TIMEOUT": "20",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
            "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": JSON,
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MULTI_MODEL": "true",
        }
    )
    assert (settings.port, settings.workers, settings.timeout_seconds) == (9000, 3, 20)
    assert settings.max_payload_bytes == 2 * 1024 * 1024
    assert (settings.default_accept, settings.batch, settings.multi_model) == (JSON, True, True)


def test_settings_default_to_the_contract_s_values():
    settings = ServingSettings.from_environment({})
    assert (settings.port, settings.timeout_seconds) == (8080, 60)
    assert settings.max_payload_bytes == 6 * 1024 * 1024
    assert (settings.default_accept, settings.batch, settings.multi_model) == (None, False, False)
    assert not settings.log_access


def test_a_transform_request_may_take_ten_minutes():
    assert ServingSettings.from_environment({"SAGEMAKER_BATCH": "true"}).timeout_seconds == 600


@pytest.mark.parametrize("value", ["many", "0", "-1", "1.5"])
def test_a_wrong_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="SAGEMAKER_MODEL_SERVER_WORKERS must be a whole number"):
        ServingSettings.from_environment({"SAGEMAKER_MODEL_SERVER_WORKERS": value})
