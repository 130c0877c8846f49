"""The models' documentation, which is HTML, as the Markdown of descriptions and as one-line summaries."""

import re
from html.parser import HTMLParser

SUMMARY_LENGTH = 120

_SENTENCE = re.compile(r"(?<=[.!?])\s")
_BREAKS = {"p", "ul", "ol", "dl", "note", "important", "br"}
_ITEMS = {"li", "dt"}


def to_markdown(html: str) -> str:
    """Paragraphs, lists and code; links are their text."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    text = re.sub(r"[^\S\n]+", " ", "".join(parser.pieces))
    text = re.sub(r"\n- \s*", "\n- ", text)
    text = re.sub(r" *\n *", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def summarize(markdown: str) -> str:
    """The first sentence, without its full stop; empty where there is none that is short enough."""
    first = _SENTENCE.split(markdown.partition("\n")[0], maxsplit=1)[0].removesuffix(".")
    return first if len(first) <= SUMMARY_LENGTH else ""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        if tag in _ITEMS:
            self.pieces.append("\n- ")
        elif tag in _BREAKS:
            self.pieces.append("\n\n")
        elif tag == "code":
            self.pieces.append("`")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.pieces.append("\n\n")
        elif tag == "code":
            self.pieces.append("`")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data.replace("\n", " "))
