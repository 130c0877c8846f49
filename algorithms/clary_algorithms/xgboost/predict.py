"""An XGBoost model as the model server calls it: a request's rows in, their predictions out."""

from clary_algorithms.serving import Invocation, Prediction
from clary_algorithms.serving.errors import BadRequest, EmptyPayload
from clary_algorithms.xgboost.answers import Answer
from clary_algorithms.xgboost.boosters import BoosterEnsemble, Features
from clary_algorithms.xgboost.payload import Payload, align_with_training, decode_payload


class XGBoostModel:
    """Decodes a body, predicts, encodes the answer.

    Errors: an empty body is `EmptyPayload` (204), one that is not of its content type `UnsupportedMediaType`
    (415), one the model cannot take `BadRequest` (400), an accept type not offered `NotAcceptable` (406).
    """

    def __init__(self, boosters: BoosterEnsemble, *, answer: Answer, default_content_type: str) -> None:
        self._boosters = boosters
        self._answer = answer
        self._default_content_type = default_content_type

    def invoke(self, invocation: Invocation, /) -> Prediction:
        if not invocation.body:
            raise EmptyPayload
        payload = decode_payload(invocation.body, invocation.content_type or self._default_content_type)
        try:
            scores = self._boosters.predict(self._align(payload))
        except ValueError as error:  # An error of the xgboost library is a ValueError too.
            reason = str(error).partition("Stack trace:")[0].strip()
            raise BadRequest(f"Unable to evaluate payload provided: {reason}") from error
        return self._answer.encode(scores, accept=invocation.accept)

    def _align(self, payload: Payload) -> Features:
        if self._boosters.pickled:
            return align_with_training(payload, width=self._boosters.width)
        return payload.features
