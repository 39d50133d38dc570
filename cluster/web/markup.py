"""Markdown of people, made safe: paragraphs, lists, emphasis, quotes, code and links; no HTML, pictures or headings."""

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

_RULES = ("newline", "escape", "backticks", "emphasis", "link", "autolink", "entity", "paragraph", "list", "blockquote")


class _Parser(MarkdownIt):
    """Links lead out to the web or to a mailbox: no scripts, no files, no address here that acts for who follows it."""

    def validateLink(self, url: str) -> bool:
        """Whether text in the form of a link becomes one."""
        return url.lower().startswith(("https://", "http://", "mailto:"))


@cache
def _parser() -> MarkdownIt:
    """A parser that knows nothing but our rules: what is not named there stays the text that it is."""
    return _Parser("zero", {"html": False, "breaks": True, "maxNesting": 20}).enable(list(_RULES))


def markdown(text: str) -> Markup:
    """The text as HTML that may stand on a page, whatever somebody typed."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        for child in token.children or []:
            if child.type == "link_open":
                child.attrSet("rel", "nofollow noopener ugc")
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - the renderer escapes all text
