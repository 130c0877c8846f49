"""XGBoost's serving container as a process: what each version answers, to every accept type."""

import io
import json
import pickle
import shutil

import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer, load_iris

from clary_algorithms.formats.protobuf import encode_features, parse_record
from clary_algorithms.formats.recordio import read_records
from support.serving import XGBOOST, image, serving

FAMILIES = {
    "0.72": "xgboost:1",
    "1.2": "sagemaker-xgboost:1.2-2",
    "1.7": "sagemaker-xgboost:1.7-1",
    "3.0": "sagemaker-xgboost:3.0-5",
}
CSV, JSON, LINES, RECORDS = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "application/x-recordio-protobuf",
)
CSV_ANSWER = "text/csv; charset=utf-8"


@pytest.fixture(scope="module")
def cancer():
    features, labels = load_breast_cancer(return_X_y=True)
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(features, labels), 20
    )
    rows = features[:5]
    return booster, rows, booster.predict(xgboost.DMatrix(rows)).tolist()


@pytest.fixture(scope="module")
def iris():
    features, labels = load_iris(return_X_y=True)
    booster = xgboost.train(
        {"objective": "multi:softprob", "num_class": 3, "nthread": 1}, xgboost.DMatrix(features, labels), 5
    )
    rows = features[::60]
    return booster, rows, booster.predict(xgboost.DMatrix(rows)).tolist()


def save(booster, folder, *, family="1.7"):
    (folder / "model").mkdir()
    content = pickle.dumps(booster) if family in ("0.72", "1.2") else bytes(booster.save_raw("ubj"))
    (folder / "model" / "xgboost-model").write_bytes(content)


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def server(family, cancer, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    save(cancer[0], root, family=family)
    with serving(XGBOOST, root=root, **image(FAMILIES[family])) as container:
        yield container


@pytest.fixture
def start(tmp_path):
    def start_with(booster, uri, **environment):
        save(booster, tmp_path)
        return serving(XGBOOST, root=tmp_path, **image(uri), **environment)

    return start_with


def to_csv(rows):
    return "\n".join(",".join(map(repr, row)) for row in rows.tolist()).encode()


def read_labels(body):
    records = [parse_record(payload) for payload in read_records(io.BytesIO(body))]
    return [
        {key: list(value.float32_tensor.values) for key, value in record.label.items()} for record in records
    ]


@pytest.mark.parametrize(
    "payload",
    [
        (CSV, to_csv),
        ("text/libsvm", lambda rows: b"\n".join(
            b" ".join(f"{i}:{v!r}".encode() for i, v in enumerate(row)) for row in rows.tolist())),
        ("text/x-libsvm", lambda rows: b"\n".join(
            b"1 " + b" ".join(f"{i}:{v!r}".encode() for i, v in enumerate(row)) for row in rows.tolist())),
        (RECORDS, encode_features),
    ],
)  # fmt: skip
@pytest.mark.parametrize("headers", [{}, {"accept": "*/*"}, {"accept": CSV}])
def test_csv_is_a_comma_line_up_to_1_2_and_rows_from_1_3(server, family, cancer, payload, headers):
    _, rows, expected = cancer
    content_type, encode = payload
    response = server.invoke(encode(rows), content_type=content_type, **headers)
    assert (response.status, response.content_type) == (200, CSV_ANSWER)
    if family in ("0.72", "1.2"):
        assert response.text == ",".join(map(str, expected))
    else:
        assert response.text == "".join(f"{score}\n" for score in expected)


@pytest.mark.parametrize("accept", [JSON, LINES, RECORDS, f"{CSV};q=0.1, {JSON}"])
def test_other_accept_types_are_honoured_from_1_3(server, family, cancer, accept):
    _, rows, expected = cancer
    response = server.invoke(to_csv(rows), content_type=CSV, accept=accept)
    named = [{"score": score} for score in expected]
    assert response.status == 200
    if family in ("0.72", "1.2"):
        assert (response.content_type, response.text) == (CSV_ANSWER, ",".join(map(str, expected)))
    elif accept == LINES:
        assert (response.content_type, response.text) == (
            LINES,
            "".join(f"{json.dumps(row)}\n" for row in named),
        )
    elif accept == RECORDS:
        assert response.content_type == RECORDS
        assert read_labels(response.body) == [{"score": [score]} for score in expected]
    else:
        assert response.content_type == JSON
        assert json.loads(response.body) == {"predictions": named}


def test_an_unsupported_accept_type_is_refused_from_1_3_and_ignored_before(server, family, cancer):
    response = server.invoke(to_csv(cancer[1]), content_type=CSV, accept="image/png")
    assert response.status == (200 if family in ("0.72", "1.2") else 406)


def test_faults_have_the_containers_statuses(server):
    assert (server.invoke(b"", content_type=CSV).status, server.invoke(b"", content_type=CSV).body) == (
        204,
        b"",
    )
    assert server.invoke(b"a,b", content_type=CSV).status == 415
    assert server.invoke(b"{}", content_type=JSON).status == 415
    wide = server.invoke(b",".join([b"1"] * 40), content_type=CSV)
    assert wide.status == 400
    assert wide.text.startswith("Unable to evaluate payload provided: ")
    assert server.invoke(b"1," * (4 << 20), content_type=CSV).status == 413


def test_execution_parameters_offer_the_default_payload(server):
    document = json.loads(server.request("GET", "/execution-parameters").body)
    assert document["BatchStrategy"] == "MULTI_RECORD"
    assert document["MaxPayloadInMB"] == 6
    assert document["MaxConcurrentTransforms"] >= 1


@pytest.mark.parametrize("uri", [FAMILIES["1.2"], FAMILIES["1.7"]])
def test_batch_answers_one_line_a_prediction(start, cancer, uri):
    booster, rows, expected = cancer
    with start(booster, uri, SAGEMAKER_BATCH="true") as container:
        response = container.invoke(to_csv(rows), content_type=CSV)
        assert (response.status, response.content_type) == (200, CSV_ANSWER)
        assert response.text == "".join(f"{score}\n" for score in expected)


def test_class_probabilities_are_lists_in_a_comma_line(start, iris):
    booster, rows, expected = iris
    with start(booster, FAMILIES["1.2"]) as container:
        response = container.invoke(to_csv(rows), content_type=CSV)
        assert response.text == ",".join(map(str, expected))


def test_class_probabilities_are_rows_from_1_3(start, iris):
    booster, rows, expected = iris
    with start(booster, FAMILIES["1.7"], SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT=JSON) as container:
        response = container.invoke(to_csv(rows), content_type=CSV, accept=CSV)
        assert response.text == "".join(",".join(map(str, row)) + "\n" for row in expected)
        by_default = container.invoke(to_csv(rows), content_type=CSV)
        assert by_default.content_type == JSON
        assert json.loads(by_default.body) == {"predictions": [{"score": row} for row in expected]}


@pytest.mark.parametrize("uri", [FAMILIES["1.2"], FAMILIES["1.7"]])
def test_selected_contents_in_every_accept_type(start, cancer, uri):
    booster, rows, expected = cancer
    spreads = [[1.0 - score, score] for score in expected]
    labels = [int(score > 0.5) for score in expected]
    keys = "predicted_label,probabilities"
    with start(booster, uri, SAGEMAKER_INFERENCE_OUTPUT=keys) as container:
        answers = {
            accept: container.invoke(to_csv(rows), content_type=CSV, accept=accept)
            for accept in (CSV, JSON, LINES, RECORDS)
        }
        refused = container.invoke(to_csv(rows), content_type=CSV, accept="image/png")
    named = [
        {"predicted_label": label, "probabilities": spread}
        for label, spread in zip(labels, spreads, strict=True)
    ]
    assert refused.status == 406
    assert answers[CSV].text == "\n".join(
        f'{label},"{spread}"' for label, spread in zip(labels, spreads, strict=True)
    )
    assert json.loads(answers[JSON].body) == {"predictions": named}
    assert [json.loads(line) for line in answers[LINES].text.splitlines()] == named
    for record, label, spread in zip(read_labels(answers[RECORDS].body), labels, spreads, strict=True):
        assert record["predicted_label"] == [label]
        np.testing.assert_allclose(record["probabilities"], spread, rtol=1e-6)


def test_a_multi_model_server_answers_plain_scores(cancer, tmp_path):
    booster, rows, expected = cancer
    save(booster, tmp_path)
    models = tmp_path / "models" / "first" / "model"
    shutil.copytree(tmp_path / "model", models)
    with serving(XGBOOST, root=tmp_path, **image(FAMILIES["1.7"]), SAGEMAKER_MULTI_MODEL="true") as container:
        load = json.dumps({"model_name": "first", "url": str(models)}).encode()
        assert container.request("POST", "/models", load).status == 200
        path = "/models/first/invoke"
        line = container.request("POST", path, to_csv(rows), content_type=CSV)
        assert (line.status, line.text) == (200, ",".join(map(str, expected)))
        listed = container.request("POST", path, to_csv(rows), content_type=CSV, accept=JSON)
        assert (listed.content_type, json.loads(listed.body)) == (JSON, expected)
        assert container.request("POST", path, to_csv(rows), content_type=CSV, accept=LINES).status == 406
        assert container.stop() == 0
