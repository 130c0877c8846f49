"""The form of a browser's upload: fields first, then the file, read as a stream."""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from clary.kernel.errors import ServiceError

_FIELDS_LIMIT = 20 * 1024


class Form:
    """Takes the request's blocks; ``fields`` is complete once ``file_started`` is True.

    Names of fields are lower-cased. What follows the file is ignored, as S3 does.
    """

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise _malformed()
        self.fields: dict[str, str] = {}
        self.filename = ""
        self.file_started = False
        self._file_ended = False
        self._data: list[bytes] = []
        self._name = ""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._header = [b"", b""]
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, start, end: self._extend_header(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._extend_header(1, data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._start_content,
                "on_part_data": lambda data, start, end: self._take(data[start:end]),
                "on_part_end": self._end_part,
            },
        )

    def feed(self, block: bytes) -> list[bytes]:
        """The file's bytes within the next block; MalformedPOSTRequest where it is no form."""
        try:
            self._parser.write(block)
        except FormParserError:
            raise _malformed() from None
        data, self._data = self._data, []
        return data

    def finish(self) -> None:
        """Raise where the form ended before its file did."""
        if not self._file_ended:
            raise _malformed()

    def _begin_part(self) -> None:
        self._headers = {}
        self._value = b""

    def _extend_header(self, side: int, data: bytes) -> None:
        self._header[side] += data

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[name.lower()] = value
        self._header = [b"", b""]

    def _start_content(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode(errors="replace").lower()
        if self._name == "file" and not self.file_started:
            self.file_started = True
            self.filename = options.get(b"filename", b"").decode(errors="replace")
            content_type = self._headers.get(b"content-type")
            if content_type:
                self.fields.setdefault("content-type", content_type.decode("latin-1"))

    def _take(self, data: bytes) -> None:
        if not self.file_started:
            self._value += data
            if len(self._value) + sum(map(len, self.fields.values())) > _FIELDS_LIMIT:
                raise ServiceError(
                    "POST form fields exceed the maximum allowed size", code="MaxPostPreDataLengthExceeded"
                )
        elif not self._file_ended:
            self._data.append(data)

    def _end_part(self) -> None:
        if self.file_started:
            self._file_ended = True
        else:
            self.fields[self._name] = self._value.decode(errors="replace")


def _malformed() -> ServiceError:
    return ServiceError(
        "The body of your POST request is not well-formed multipart/form-data.", code="MalformedPOSTRequest"
    )
