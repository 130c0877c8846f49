"""POST Object: an upload from a browser's form, allowed by a signed policy."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

from clary.objectstore import checksums
from clary.objectstore.attributes import read_attributes
from clary.objectstore.call import Call, check_key
from clary.objectstore.errors import invalid_argument
from clary.objectstore.forms import Form
from clary.objectstore.objects import save_object
from clary.objectstore.policies import Policy, check_policy
from clary.objectstore.promises import LARGEST_PUT, BodyPromise
from clary.objectstore.receiving import receive_body
from clary.objectstore.records import ObjectContent
from clary.objectstore.tags import OBJECT_LIMIT, read_tagging
from clary.objectstore.xml import write_document


async def post_object(call: Call) -> None:
    """Store the form's file under the form's key."""
    form = Form(call.headers["content-type"])
    blocks = call.exchange.stream()
    first = await _read_fields(form, blocks)
    fields = form.fields
    if "key" not in fields:
        raise invalid_argument("Bucket POST must contain a field named 'key'.", name="key", value="")
    policy = await call.store.run(
        lambda: check_policy(
            fields, call.bucket, call.store.credentials, region=call.exchange.platform.settings.region
        )
    )
    call.exchange.identity = policy.identity
    call = replace(call, key=check_key(fields["key"].replace("${filename}", form.filename).encode()))
    content = await _store(call, form, policy, _read_file(form, first, blocks))
    await _answer(call, fields, content)


async def _store(call: Call, form: Form, policy: Policy, stream: AsyncIterator[bytes]) -> ObjectContent:
    fields = form.fields
    described = {"x-amz-acl": fields["acl"]} if "acl" in fields else {}
    attributes = read_attributes({**fields, **described})
    if "tagging" in fields:
        attributes = replace(attributes, tags=read_tagging(fields["tagging"].encode(), limit=OBJECT_LIMIT))
    async with receive_body(call.store, stream, _promise(call, fields, policy)) as body:
        content = ObjectContent.of_body(body, attributes)
        await save_object(call, content)
    return content


def _promise(call: Call, fields: Mapping[str, str], policy: Policy) -> BodyPromise:
    length = call.headers.get("content-length", "")
    largest = min(int(length), LARGEST_PUT) if length.isdecimal() else LARGEST_PUT
    # Without bounds of the policy's own, nothing is too small, and the form's length is never reached.
    low, high = policy.bounds or (0, largest)
    given = next((name for name in checksums.HEADERS if name in fields), None)
    algorithm = checksums.HEADERS[given] if given else checksums.DEFAULT_ALGORITHM
    return BodyPromise(low, min(high, largest), algorithm, checksum=fields[given] if given else None)


async def _read_fields(form: Form, blocks: AsyncIterator[bytes]) -> list[bytes]:
    async for block in blocks:
        data = form.feed(block)
        if form.file_started:
            return data
    raise invalid_argument("POST requires exactly one file upload per request.", name="file", value="0")


async def _read_file(form: Form, first: list[bytes], blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for data in first:
        yield data
    async for block in blocks:
        for data in form.feed(block):
            yield data
    form.finish()


async def _answer(call: Call, fields: Mapping[str, str], content: ObjectContent) -> None:
    etag = f'"{content.etag}"'
    place = {"bucket": call.bucket, "key": call.key_text, "etag": etag}
    redirect = fields.get("success_action_redirect") or fields.get("redirect")
    if redirect and urlsplit(redirect).scheme in {"http", "https"}:
        separator = "&" if urlsplit(redirect).query else "?"
        await call.respond(303, [("location", f"{redirect}{separator}{urlencode(place)}")])
        return
    location = f"http://{call.headers.get('host', '')}/{call.bucket}/{call.key_text}"
    headers = [("etag", etag), ("location", location.encode("ascii", "xmlcharrefreplace").decode())]
    status = fields.get("success_action_status", "204")
    if status != "201":
        await call.respond(200 if status == "200" else 204, headers)
        return
    names = [("Location", location), ("Bucket", call.bucket), ("Key", call.key_text), ("ETag", etag)]
    await call.respond(
        201, [*headers, ("content-type", "application/xml")], write_document("PostResponse", names)
    )
