"""An HTML page as a browser would read it, for tests without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "link", "img"}
_BLOCKS = {
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "li",
    "tr",
    "div",
    "pre",
    "summary",
    "figcaption",
    "dt",
    "caption",
}
_MARKS = {"del": ("[-", "-]"), "ins": ("{+", "+}"), "td": ("| ", " "), "th": ("| ", " ")}


@dataclass
class Element:
    """A tag, its attributes, and what stands in it: elements and texts."""

    name: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    def all(self, name: str = "") -> Iterator[Element]:
        """Those below it, in order; of one name, where that is given."""
        for child in self.children:
            if isinstance(child, Element):
                if name in ("", child.name):
                    yield child
                yield from child.all(name)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {self.get_starttag_text()}"
        element = Element(tag, dict(attrs))
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].name == tag, f"</{tag}> closes <{self._open[-1].name}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def closed(self) -> Element:
        assert self._open == [self.root], f"<{self._open[-1].name}> is not closed"
        return self.root


def read(page: str) -> Element:
    """Its root; fails where a tag is not closed, or closed in the wrong order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.closed()


def region_names(root: Element) -> list[str]:
    """What a screen reader calls each named region of a page, in order."""
    texts = {each.attributes["id"]: each.text for each in root.all() if "id" in each.attributes}
    names = []
    for region in root.all("section"):
        titles = (region.attributes.get("aria-labelledby") or "").split()
        name = region.attributes.get("aria-label") or " ".join(texts[title] for title in titles)
        if name:
            names.append(" ".join(name.split()))
    return names


def readable(element: Element) -> str:
    """What it says, a block on each line, with `[-removed-]` and `{+added+}`."""
    lines = "".join(_readable(element)).split("\n")
    return "".join(f"{line.rstrip()}\n" for line in lines if line.strip(" |"))


def _readable(element: Element) -> Iterator[str]:
    before, after = _MARKS.get(element.name, ("", ""))
    yield "\n" * (element.name in _BLOCKS) + before
    if number := element.attributes.get("data-line"):
        yield f"{number}: "
    for child in element.children:
        if isinstance(child, Element):
            yield from _readable(child)
        elif child.strip() or "\n" not in child:
            yield child if element.name == "pre" else child.replace("\n", " ")
        else:
            yield " "
    yield after + "\n" * (element.name in _BLOCKS)
