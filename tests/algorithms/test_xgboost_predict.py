"""XGBoost predictions without a server: the numbers, the artifacts, and what is refused."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xgboost
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from clary_algorithms.formats.protobuf import encode_features
from clary_algorithms.serving import Invocation, ServingSettings
from clary_algorithms.serving.errors import (
    BadRequest,
    EmptyPayload,
    NotAcceptable,
    PredictionFailed,
    UnsupportedMediaType,
)
from clary_algorithms.xgboost.release import Release
from clary_algorithms.xgboost.serve import XGBoostLoader

DATA = {"binary": load_breast_cancer, "multi": load_wine, "reg": load_diabetes, "count": load_diabetes}


def train(objective, *, rounds=10, **parameters):
    """A booster, and the first rows of what it was trained on."""
    features, labels = DATA[objective.partition(":")[0]](return_X_y=True)
    classes = {"num_class": 3} if objective.startswith("multi:") else {}
    booster = xgboost.train(
        {"objective": objective, "nthread": 1, **classes, **parameters},
        xgboost.DMatrix(features, labels),
        rounds,
    )
    return booster, features[::25]


def save(booster, path, *, pickled=False):
    path.write_bytes(pickle.dumps(booster) if pickled else bytes(booster.save_raw("ubj")))


def load(folder, *, release=Release(1, 7), **environment):
    settings = ServingSettings.from_environment(environment)
    return XGBoostLoader(release, settings=settings, environment=environment)(folder)


def to_csv(rows):
    return "\n".join(",".join(map(repr, row)) for row in rows.tolist()).encode()


def to_libsvm(rows):
    return "\n".join(" ".join(f"{i}:{v!r}" for i, v in enumerate(row)) for row in rows.tolist()).encode()


def scores(model, body, content_type="text/csv"):
    prediction = model.invoke(Invocation(body, content_type, "application/json"))
    return np.array([row["score"] for row in json.loads(prediction.body)["predictions"]], dtype=np.float32)


def refuse(model, body, content_type="text/csv", accept=None):
    return model.invoke(Invocation(body, content_type, accept))


@pytest.fixture
def cancer(tmp_path):
    """A binary model of 30 features in the native format, its rows, and what plain xgboost says of them."""
    booster, rows = train("binary:logistic")
    save(booster, tmp_path / "xgboost-model")
    return load(tmp_path), rows, booster.predict(xgboost.DMatrix(rows))


@pytest.fixture
def pickled(tmp_path):
    """The same model as a pickle, as containers up to 1.2 keep it; only these check widths themselves."""
    booster, rows = train("binary:logistic")
    save(booster, tmp_path / "xgboost-model", pickled=True)
    return load(tmp_path), rows, booster.predict(xgboost.DMatrix(rows))


@pytest.mark.parametrize(
    "objective",
    ["reg:squarederror", "binary:logistic", "binary:logitraw", "binary:hinge", "multi:softmax",
     "multi:softprob", "count:poisson"],
)  # fmt: skip
@pytest.mark.parametrize("booster_type", ["gbtree", "dart", "gblinear"])
def test_scores_equal_plain_xgboost(tmp_path, objective, booster_type):
    booster, rows = train(objective, booster=booster_type)
    save(booster, tmp_path / "xgboost-model")
    expected = booster.predict(xgboost.DMatrix(rows))
    np.testing.assert_array_equal(scores(load(tmp_path), to_csv(rows)), expected)


@pytest.mark.parametrize(
    ("content_type", "encode"),
    [
        ("text/csv", to_csv),
        ("csv", to_csv),
        ("text/csv; charset=utf-8; label_size=1", to_csv),
        ("text/csv", lambda rows: to_csv(rows).replace(b",", b"\t")),
        ("text/libsvm", to_libsvm),
        ("text/x-libsvm", lambda rows: b"\n".join(b"1 " + line for line in to_libsvm(rows).split(b"\n"))),
        ("libsvm", to_libsvm),
        ("application/x-recordio-protobuf", encode_features),
        ("application/x-recordio-protobuf", lambda rows: encode_features(rows.astype(np.float32))),
        ("recordio-protobuf", lambda rows: encode_features(sparse.csr_matrix(rows), np.ones(len(rows)))),
    ],
)
def test_every_content_type_gives_the_same_numbers(cancer, content_type, encode):
    model, rows, _ = cancer
    booster, _ = train("binary:logistic")
    body = encode(rows)
    sent = sparse.csr_matrix(rows) if content_type == "recordio-protobuf" else rows
    np.testing.assert_array_equal(scores(model, body, content_type), booster.predict(xgboost.DMatrix(sent)))


def test_threads_at_the_same_time_get_the_same_numbers(cancer):
    model, rows, expected = cancer
    bodies = [to_csv(rows[number : number + 1]) for number in range(len(rows))] * 8
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda body: scores(model, body)[0], bodies))
    np.testing.assert_array_equal(answers, np.tile(expected, 8))


def test_empty_cells_and_short_rows_count_as_missing(cancer):
    model, rows, _ = cancer
    booster, _ = train("binary:logistic")
    holes = rows.copy()
    holes[:, 27:] = np.nan
    expected = booster.predict(xgboost.DMatrix(holes))
    np.testing.assert_array_equal(scores(model, to_csv(holes).replace(b"nan", b"")), expected)
    np.testing.assert_array_equal(scores(model, to_csv(rows[:, :27])), expected)
    np.testing.assert_array_equal(scores(model, to_libsvm(rows[:, :27]), "text/libsvm"), expected)


def test_the_best_iteration_answers_after_early_stopping(tmp_path):
    features, labels = load_diabetes(return_X_y=True)
    train_set, held_out = (
        xgboost.DMatrix(features[:300], labels[:300]),
        xgboost.DMatrix(features[300:], labels[300:]),
    )
    booster = xgboost.train(
        {"nthread": 1},
        train_set,
        60,
        evals=[(held_out, "validation")],
        early_stopping_rounds=5,
        verbose_eval=False,
    )
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    save(booster, tmp_path / "xgboost-model")
    best = booster.predict(held_out, iteration_range=(0, booster.best_iteration + 1))
    np.testing.assert_array_equal(scores(load(tmp_path), to_csv(features[300:])), best)


def test_a_model_in_json_is_loaded_too(tmp_path, cancer):
    booster, rows = train("binary:logistic")
    (tmp_path / "xgboost-model").write_bytes(bytes(booster.save_raw("json")))
    np.testing.assert_array_equal(scores(load(tmp_path), to_csv(rows)), cancer[2])


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no model", "cannot be loaded"), (pickle.dumps({"a": 1}), "holds a dict, not a Booster")],
)
def test_a_file_that_is_no_model_is_named(tmp_path, content, reason):
    (tmp_path / "xgboost-model").write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        load(tmp_path)


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / ".hidden").touch()
    with pytest.raises(ValueError, match="no model file"):
        load(tmp_path)


@pytest.fixture
def folds(tmp_path):
    """Two models of one objective, as two-fold cross-validation leaves them, beside a hidden file."""

    def make(objective):
        boosters = [train(objective, rounds=rounds, seed=rounds)[0] for rounds in (1, 7)]
        for number, booster in enumerate(boosters):
            save(booster, tmp_path / f"xgboost-model-{number}")
        (tmp_path / ".cache").write_text("not a model")
        return tmp_path, boosters, train(objective)[1]

    return make


def test_several_models_are_averaged(folds):
    folder, boosters, rows = folds("multi:softprob")
    expected = np.mean([booster.predict(xgboost.DMatrix(rows)) for booster in boosters], axis=0)
    np.testing.assert_array_equal(scores(load(folder), to_csv(rows)), expected)


def test_several_classifiers_vote_and_the_lowest_class_wins_a_tie(folds):
    folder, boosters, _ = folds("multi:softmax")
    rows = load_wine().data
    votes = np.array([booster.predict(xgboost.DMatrix(rows)) for booster in boosters])
    assert (votes[0] != votes[1]).any()
    np.testing.assert_array_equal(scores(load(folder), to_csv(rows)), votes.min(axis=0))


def test_without_the_ensemble_the_first_model_answers(folds):
    folder, boosters, rows = folds("reg:squarederror")
    model = load(folder, SAGEMAKER_INFERENCE_ENSEMBLE="false")
    np.testing.assert_array_equal(scores(model, to_csv(rows)), boosters[0].predict(xgboost.DMatrix(rows)))


def test_a_pickled_model_drops_the_label_in_front_of_csv_rows(pickled):
    model, rows, expected = pickled
    labelled = np.column_stack([np.ones(len(rows)), rows])
    np.testing.assert_array_equal(scores(model, to_csv(labelled)), expected)


def test_a_pickled_model_takes_one_more_index_and_fewer_in_libsvm(pickled):
    model, rows, expected = pickled
    wider = np.column_stack([rows, np.ones(len(rows))])
    np.testing.assert_array_equal(scores(model, to_libsvm(wider), "text/libsvm"), expected)
    assert len(scores(model, b"0:1.0", "text/libsvm")) == 1


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"1,2,3", "text/csv", "Feature size of csv inference data 3 is not consistent with feature size of"),
        (b"31:1", "text/libsvm", "Feature size of libsvm inference data 32 is larger than feature size of"),
        (encode_features(np.ones((1, 2))), "application/x-recordio-protobuf",
         "Feature size of recordio-protobuf inference data 2 is not consistent with feature size of"),
    ],
)  # fmt: skip
def test_a_pickled_model_refuses_other_widths(pickled, body, content_type, text):
    with pytest.raises(BadRequest) as refused:
        refuse(pickled[0], body, content_type)
    assert str(refused.value) == f"Unable to evaluate payload provided: {text} trained model 30."


def test_a_native_model_refuses_wider_rows(cancer):
    model, rows, _ = cancer
    with pytest.raises(BadRequest, match="Columns: 31 Features: 30"):
        refuse(model, to_csv(np.column_stack([rows, rows[:, 0]])))


def test_an_empty_body_gets_no_content(cancer):
    with pytest.raises(EmptyPayload):
        refuse(cancer[0], b"")


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"a,b", "text/csv", "Loading csv data failed with Exception, please ensure data is in csv format"),
        (b" \n", "text/csv", "Loading csv data failed"),
        (b"1,2\n3", "text/csv", "Loading csv data failed"),
        (b"1 x:2", "text/libsvm", "please ensure data is in libsvm format"),
        (b"not records", "application/x-recordio-protobuf", "ensure data is in recordio-protobuf format"),
        (b"{}", "application/json", "application/json is not an accepted ContentType"),
        (b"1", "text/csv; label_size=2", "Optional parameter label_size must be equal to 1"),
    ],
)
def test_a_body_that_is_not_of_its_type_is_refused(cancer, body, content_type, text):
    with pytest.raises(UnsupportedMediaType, match=text):
        refuse(cancer[0], body, content_type)


@pytest.mark.parametrize(
    ("release", "body"),
    [(Release(0, 72), b"1.0,2.0"), (Release(0, 90), b"1.0,2.0"), (Release(1, 2), b"0:1.0 1:2.0")],
)
def test_a_request_without_content_type_is_read_as_the_release_reads_it(tmp_path, release, body):
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(np.eye(2), [0, 1]), 2)
    save(booster, tmp_path / "xgboost-model")
    expected = booster.predict(xgboost.DMatrix(np.array([[1.0, 2.0]])))
    answered = load(tmp_path, release=release).invoke(Invocation(body, None, None)).body
    assert np.float32(answered) == expected[0]


def test_an_accept_type_that_is_not_offered_is_refused(cancer):
    model, rows, _ = cancer
    with pytest.raises(NotAcceptable, match="image/png is not supported"):
        refuse(model, to_csv(rows), accept="image/png")


def select(folder, rows, keys):
    model = load(folder, SAGEMAKER_INFERENCE_OUTPUT=keys)
    body = model.invoke(Invocation(to_csv(rows), "text/csv", "application/json")).body
    return json.loads(body)["predictions"]


ALL_KEYS = "predicted_label, labels, probability, probabilities, raw_score, raw_scores, predicted_score"


@pytest.mark.parametrize(
    ("objective", "offered"),
    [
        ("reg:squarederror", {"predicted_score"}),
        ("binary:hinge", {"predicted_label", "labels", "raw_score", "raw_scores"}),
        ("binary:logitraw", {"predicted_label", "labels", "raw_score", "raw_scores"}),
        ("multi:softmax", {"predicted_label", "labels", "raw_score", "raw_scores"}),
        ("binary:logistic", set(ALL_KEYS.split(", ")) - {"predicted_score"}),
        ("multi:softprob", set(ALL_KEYS.split(", ")) - {"predicted_score"}),
    ],
)
def test_contents_that_an_objective_lacks_are_nan(tmp_path, objective, offered):
    booster, rows = train(objective)
    save(booster, tmp_path / "xgboost-model")
    for row in select(tmp_path, rows, ALL_KEYS):
        assert list(row) == ALL_KEYS.split(", ")
        assert {key for key, value in row.items() if value == value} == offered  # noqa: PLR0124 - NaN


def test_selected_contents_of_a_binary_classifier(tmp_path):
    booster, rows = train("binary:logistic")
    save(booster, tmp_path / "xgboost-model")
    expected = booster.predict(xgboost.DMatrix(rows)).astype(float)
    for row, score in zip(select(tmp_path, rows, ALL_KEYS), expected, strict=True):
        assert row["predicted_label"] == int(score > 0.5)
        assert row["labels"] == [0, 1]
        assert row["probability"] == row["raw_score"] == score
        assert row["probabilities"] == row["raw_scores"] == [1.0 - score, score]


def test_selected_contents_of_raw_margins_split_at_zero(tmp_path):
    booster, rows = train("binary:logitraw")
    save(booster, tmp_path / "xgboost-model")
    margins = booster.predict(xgboost.DMatrix(rows))
    assert {0.0 < margin < 0.5 or margin > 0.5 for margin in margins} == {True, False}
    labels = [row["predicted_label"] for row in select(tmp_path, rows, "predicted_label")]
    assert labels == [int(margin > 0) for margin in margins]


def test_selected_contents_of_class_probabilities(tmp_path):
    booster, rows = train("multi:softprob")
    save(booster, tmp_path / "xgboost-model")
    expected = booster.predict(xgboost.DMatrix(rows)).astype(float)
    for row, spread in zip(select(tmp_path, rows, ALL_KEYS), expected.tolist(), strict=True):
        assert row["predicted_label"] == spread.index(max(spread))
        assert row["labels"] == [0, 1, 2]
        assert row["probability"] == max(spread)
        assert row["probabilities"] == spread


def test_objectives_without_selectable_contents_say_so(tmp_path):
    booster, rows = train("count:poisson")
    save(booster, tmp_path / "xgboost-model")
    with pytest.raises(PredictionFailed, match="Objective `count:poisson` unsupported"):
        select(tmp_path, rows, "predicted_score")
