"""Text is hostile: wherever people's text may stand, pages show it as it was typed, and none of it comes alive."""

import re
import shutil
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState
from sqlite_utils import Database

import data.store
from cluster.mail import as_html
from tests.browser.conftest import ROOT, Served, Watch, serving
from tests.browser.hostile import CORPUS, FREE, marked, portion, sow
from tests.browser.rooms import ROOMS, Room

Find = Callable[[str], StorageState]

# Columns of text with which nobody but the service fills anything: words of the house, moments, ids and hashes.
MACHINE = {
    "a_kind", "about", "act", "action", "added_at", "adopted_at", "again", "agent", "amount", "answered_at",
    "asked_at", "b_kind", "before", "bounced_at", "budget", "candidate", "changed_at", "chosen", "closed_at",
    "closes_at", "code_hash", "confirm_hash", "contract_end", "contradictions", "created_at", "decided_at",
    "dedupe_key", "digest", "digested_on", "done_at", "encoder", "ended_at", "ends_at", "expires_at", "figures",
    "fitted_at", "format", "found_at", "given_at", "ground", "guessed_theme", "happened_at", "happened_on", "hash",
    "hint", "identity",
    "intent", "invited_at", "issuer", "items", "judgement", "kbo", "kept_at", "key", "kind", "lang", "lease",
    "leased_until", "locale", "mark", "means", "message_id", "nis", "not_before", "offered_at", "often",
    "opens_at", "outcome", "ovo", "password_hash", "payload", "plan", "progress", "recorded_at", "relation",
    "relations", "role", "said_at", "saved_at", "secret", "seeks", "seen_at", "sent_at", "sight", "since", "slug",
    "snoozed_until", "source", "stage", "started_at", "state", "status", "stops", "subject", "submission_key",
    "suggestion_key", "taken_back_at", "terms", "text_hash", "theme", "token", "token_hash", "told_at", "topic", "type",
    "updated_at", "uploaded_at", "uri", "urls", "used_at", "valid_from", "valid_until", "weakest", "what",
    "writer", "written_at",
}  # fmt: skip
# Every element that a page of ours has; nothing that people type makes any.
OURS = [
    "a", "abbr", "article", "aside", "b", "blockquote", "body", "br", "button", "caption", "circle", "code",
    "datalist", "dd", "del", "desc", "details", "div", "dl", "dt", "em", "fieldset", "figcaption", "figure", "footer",
    "form", "g", "h1", "h2", "h3", "h4", "head", "header", "hr", "html", "i", "img", "input", "ins", "kbd", "label",
    "legend", "li",
    "line", "link", "main", "mark", "meta", "nav", "ol", "optgroup", "option", "output", "p", "path", "polygon",
    "polyline", "pre", "progress", "rect", "s", "script", "search", "section", "select", "small", "span", "strong",
    "summary", "svg", "table", "tbody", "td", "text", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "ul",
]  # fmt: skip
LOOK = """ours => {
  const wrong = []
  const say = (what, one) => wrong.push(`${what}: ${one.outerHTML.slice(0, 200)}`)
  if (window.alive) wrong.push('it ran')
  for (const one of document.querySelectorAll('*')) {
    const name = one.localName
    if (!ours.includes(name)) say('an element', one)
    for (const {name, value} of one.attributes)
      if (name.startsWith('on') || name.startsWith('hx-on') || ['style', 'srcdoc'].includes(name)
          || (name === 'formaction' && new URL(value, location).origin !== location.origin))
        say(`the attribute ${name}`, one)
    const at = one.href?.baseVal ?? one.href ?? (name === 'form' ? one.getAttribute('action') : one.src)
    if (!at) continue
    const {protocol, origin} = new URL(at, location)
    const out = name === 'a' && ['http:', 'https:', 'mailto:'].includes(protocol)
    if (!out && origin !== location.origin && !(name === 'img' && protocol === 'data:')) say('an address', one)
    if (name === 'script' && one.text) say('a script', one)
    if (name === 'meta' && one.httpEquiv) say('a meta', one)
  }
  for (const one of document.querySelectorAll('[id^=message-] .prose')) one.remove()
  const texts = [...document.querySelectorAll('input, textarea')].map(one => one.value)
  return {wrong, texts: [document.documentElement.textContent, document.title, ...texts]}
}"""
READ = [room for room in ROOMS if not room.does]
# Those on which most of what people type stands; `make browser` looks at all.
_SOME = {
    *("home-coordinator", "account", "security", "access-request", "organisation-own", "contacts-left", "idea-own"),
    *("idea-hidden", "idea-links", "post-draft", "version", "case-hidden", "history", "contact-agreed", "thread"),
    *("plan-edit", "dossier", "project-edit", "project-versions", "request-coordinator", "call-edit", "municipality"),
    *("quality", "cluster-proposed", "cluster-rejected", "search-hits", "letter"),
}
SOME = [room for room in READ if room.name in _SOME]
# So many strings in one text: all of them would make pages of megabytes.
_AT_ONCE, _IN_THE_GATE = 60, 20
# What an address says comes back on the page as well.
_ASKED = quote(" ".join(map(marked, CORPUS[:: len(CORPUS) // _IN_THE_GATE])), safe="")
REFLECTED = [
    Room("asked-search", f"/search?q={_ASKED}&theme={_ASKED}&province={_ASKED}", "gent"),
    Room("asked-members", f"/members?q={_ASKED}&role={_ASKED}", "coordinator"),
    Room("asked-ledger", f"/ledger?about={_ASKED}&act={_ASKED}&since={_ASKED}", "coordinator"),
    Room("asked-nothing", f"/{_ASKED}", status=404),
    Room("asked-ideas", f"/ideas?theme={_ASKED}&province={_ASKED}&sort={_ASKED}&page={_ASKED}"),
    Room("asked-projects", f"/projects?text={_ASKED}&status={_ASKED}&theme={_ASKED}"),
    Room("asked-municipalities", f"/municipalities?text={_ASKED}&kind={_ASKED}"),
    Room("asked-organisations", f"/organisations?q={_ASKED}", "coordinator"),
    Room("asked-sign-in", f"/sign-in?next={_ASKED}"),
    Room("asked-link", f"/reset-password/{_ASKED}", status=404),
]


@pytest.fixture(scope="module")
def sown(
    served: Served,
    ids: dict[str, int | str],
    session_of: Find,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Served, Database]]:
    """The same place once more, to be spoiled, with everybody signed in as they were."""
    for who in {room.who for room in READ if room.who}:
        session_of(who)
    folder = tmp_path_factory.mktemp("hostile") / "instance"
    shutil.copytree(served.folder, folder, ignore=shutil.ignore_patterns("medestanders.sqlite*"))
    there = data.store.connect(served.folder / "medestanders.sqlite")
    there.execute("vacuum into ?", [str(folder / "medestanders.sqlite")])
    data.store.close(there)
    place = data.store.connect(folder / "medestanders.sqlite")
    sow(place, portion(CORPUS[:: len(CORPUS) // _IN_THE_GATE]))
    # Without the set-up and the worker of `make run`, which would put names right and send letters.
    program = "import os; from wsgi import app; app.run(port=int(os.environ['PORT']), threaded=True)"
    with serving(folder, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}") as home:
        yield Served(home, folder), place
    data.store.close(place)


def wrong_in(sown: Served, chromium: Browser, ids: dict[str, int | str], rooms: list[Room], find: Find) -> list[str]:
    """What came alive, or is not shown as it was typed, in any of these rooms."""
    wrong: list[str] = []
    contexts: dict[str | None, BrowserContext] = {}
    watches = []
    seen = 0
    for room in rooms:
        if room.who not in contexts:
            state = find(room.who) if room.who else None
            contexts[room.who] = chromium.new_context(base_url=sown.home, storage_state=state, locale="nl-BE")
            watches.append(Watch(contexts[room.who], sown.home))
        page = contexts[room.who].new_page()
        answer = page.goto(room.at.format_map(ids))
        assert answer is not None
        found = page.evaluate(LOOK, OURS)
        page.close()
        if answer.status != room.status:
            wrong.append(f"{room.name}: {answer.status}")
        wrong += [f"{room.name}: {one}" for one in found["wrong"]]
        for text in found["texts"]:
            for at, shown in re.findall(r"⟦(\d+)⟧([^⟦]*)⟦/\1⟧", text):
                seen += 1
                if shown.split() != CORPUS[int(at)].split():
                    wrong.append(f"{room.name}: {CORPUS[int(at)]!r} shows as {shown!r}")
    for context in contexts.values():
        context.close()
    wrong += [one for watch in watches for one in watch.wrong]
    assert seen > 10 * len(rooms), "nothing hostile was there to be shown"
    return wrong


def test_the_corpus_is_large_and_each_string_differs() -> None:
    assert len(CORPUS) == len(set(CORPUS)) >= 500


def test_every_text_in_the_store_is_of_people_or_of_the_service(place: Database) -> None:
    unknown, gone = [], []
    for table in place.tables:
        texts = {column.name for column in table.columns if column.type == "TEXT"}
        if table.name.startswith(("sqlite_", "_", "search", "migrations")) or "_text" in table.name:
            continue
        unknown += [f"{table.name}.{name}" for name in texts - FREE.get(table.name, set()) - MACHINE]
        gone += [f"{table.name}.{name}" for name in FREE.get(table.name, set()) - texts]
    assert (unknown, gone) == ([], [])


def test_nothing_that_people_type_comes_alive(
    sown: tuple[Served, Database],
    chromium: Browser,
    ids: dict[str, int | str],
    session_of: Find,
) -> None:
    wrong = wrong_in(sown[0], chromium, ids, [*SOME, *REFLECTED[:4]], session_of)
    assert not wrong, "\n".join(wrong)


@pytest.mark.matrix
@pytest.mark.parametrize("first", range(0, len(CORPUS), _AT_ONCE))
def test_nothing_of_the_whole_corpus_comes_alive_anywhere(
    sown: tuple[Served, Database],
    chromium: Browser,
    ids: dict[str, int | str],
    session_of: Find,
    first: int,
) -> None:
    served, place = sown
    sow(place, portion(CORPUS[first : first + _AT_ONCE]))
    wrong = wrong_in(served, chromium, ids, [*READ, *REFLECTED], session_of)
    assert not wrong, "\n".join(wrong)


def test_a_letter_as_html_is_nothing_but_words_and_links(chromium: Browser) -> None:
    text = "\n\n".join(map(marked, CORPUS))
    with chromium.new_context() as context:
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.set_content(as_html(text, lang="nl"))
        found = page.evaluate(LOOK, OURS)
    assert not [one for one in found["wrong"] if not one.startswith("an address")]
    assert not asked
    shown = dict(re.findall(r"⟦(\d+)⟧([^⟦]*)⟦/\1⟧", found["texts"][0]))
    assert {int(at): one.split() for at, one in shown.items()} == {at: one.split() for at, one in enumerate(CORPUS)}
