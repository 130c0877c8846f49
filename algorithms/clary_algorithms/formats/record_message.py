"""The ``aialgs.data.Record`` message, declared here so that no generated file has to be kept in step."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "aialgs.data"
_Field = descriptor_pb2.FieldDescriptorProto


def _add_field(
    message: Any,
    name: str,
    number: int,
    kind: Any,
    *,
    repeated: bool = False,
    of: str = "",
    oneof: bool = False,
) -> None:
    field = message.field.add(name=name, number=number, type=kind)
    field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    field.options.packed = repeated and kind not in (_Field.TYPE_MESSAGE, _Field.TYPE_BYTES)
    if of:
        field.type_name = f".{_PACKAGE}.{of}"
    if oneof:
        field.oneof_index = 0


def _add_tensor(file: Any, name: str, kind: Any) -> None:
    message = file.message_type.add(name=name)
    _add_field(message, "values", 1, kind, repeated=True)
    _add_field(message, "keys", 2, _Field.TYPE_UINT64, repeated=True)
    _add_field(message, "shape", 3, _Field.TYPE_UINT64, repeated=True)


def _add_map(message: Any, name: str, number: int) -> None:
    entry_name = f"{name.capitalize()}Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add_field(entry, "key", 1, _Field.TYPE_STRING)
    _add_field(entry, "value", 2, _Field.TYPE_MESSAGE, of="Value")
    _add_field(message, name, number, _Field.TYPE_MESSAGE, repeated=True, of=f"Record.{entry_name}")


def _declare() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="clary_algorithms/record.proto", package=_PACKAGE, syntax="proto2"
    )
    _add_tensor(file, "Float32Tensor", _Field.TYPE_FLOAT)
    _add_tensor(file, "Float64Tensor", _Field.TYPE_DOUBLE)
    _add_tensor(file, "Int32Tensor", _Field.TYPE_INT32)
    content = file.message_type.add(name="Bytes")
    _add_field(content, "value", 1, _Field.TYPE_BYTES, repeated=True)
    _add_field(content, "content_type", 2, _Field.TYPE_STRING)
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    _add_field(value, "float32_tensor", 2, _Field.TYPE_MESSAGE, of="Float32Tensor", oneof=True)
    _add_field(value, "float64_tensor", 3, _Field.TYPE_MESSAGE, of="Float64Tensor", oneof=True)
    _add_field(value, "int32_tensor", 7, _Field.TYPE_MESSAGE, of="Int32Tensor", oneof=True)
    _add_field(value, "bytes", 9, _Field.TYPE_MESSAGE, of="Bytes", oneof=True)
    record = file.message_type.add(name="Record")
    _add_map(record, "features", 1)
    _add_map(record, "label", 2)
    for number, name in enumerate(("uid", "metadata", "configuration"), start=3):
        _add_field(record, name, number, _Field.TYPE_STRING)
    return file


def _build() -> Any:
    """A pool of our own: the SDK's generated module may declare the same message in the default one."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_declare())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Record"))


Record: Any = _build()
