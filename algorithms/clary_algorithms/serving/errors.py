"""What can go wrong between a request and its answer, each error with the HTTP status it becomes.

InferenceError
├── EmptyPayload             204  nothing to predict: an empty answer, as the SageMaker containers give
├── BadRequest               400  the payload was read, but the model cannot take it
├── NotFound                 404  no such path or model
├── MethodNotAllowed         405
├── NotAcceptable            406  no answer format the client accepts
├── RequestTimedOut          408  the body did not arrive in time
├── ModelConflict            409  a model of that name is already loaded
├── PayloadTooLarge          413
├── UnsupportedMediaType     415  unknown content type, or a body that is not of its content type
├── PredictionFailed         500  the model broke
├── Overloaded               503  the queue is full
├── PredictionTimedOut       504
└── InsufficientMemory       507  no room for another model: unload one and retry
"""

from http import HTTPStatus
from typing import ClassVar


class InferenceError(Exception):
    """A request that gets no prediction; the text is the body of the answer."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR


class EmptyPayload(InferenceError):
    status = HTTPStatus.NO_CONTENT


class BadRequest(InferenceError):
    status = HTTPStatus.BAD_REQUEST


class NotFound(InferenceError):
    status = HTTPStatus.NOT_FOUND


class MethodNotAllowed(InferenceError):
    status = HTTPStatus.METHOD_NOT_ALLOWED


class NotAcceptable(InferenceError):
    status = HTTPStatus.NOT_ACCEPTABLE


class RequestTimedOut(InferenceError):
    status = HTTPStatus.REQUEST_TIMEOUT


class ModelConflict(InferenceError):
    status = HTTPStatus.CONFLICT


class PayloadTooLarge(InferenceError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(InferenceError):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class PredictionFailed(InferenceError):
    status = HTTPStatus.INTERNAL_SERVER_ERROR


class Overloaded(InferenceError):
    status = HTTPStatus.SERVICE_UNAVAILABLE


class PredictionTimedOut(InferenceError):
    status = HTTPStatus.GATEWAY_TIMEOUT


class InsufficientMemory(InferenceError):
    status = HTTPStatus.INSUFFICIENT_STORAGE
