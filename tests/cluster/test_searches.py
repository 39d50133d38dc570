"""Searches: whatever form a word has, only what anyone may see, and nothing is told twice."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

import data.clusters
import data.digests
import data.migrations
import data.people
import data.proposals
import data.searches
import data.steps
import data.store
from cluster import digests, ideas, searches
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from data.matches import Item
from data.store import rows, transaction
from models.clusters import Action, ClusterState, Draft
from models.errors import Invalid, NotFound
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member
from models.searches import Chosen, Found, Often, Subject

Who = Callable[[str], Member]
TEXTS = {
    "pool": ("Zwembad online reserveren", "Inwoners boeken zelf een baan in het zwembad."),
    "waste": ("Ophaling van afval plannen", "Vrachtwagens rijden vaste rondes langs alle straten."),
    "snow": ("Strooiroutes plannen", "Sensoren meten waar het glad is en sturen de strooidienst."),
    "permit": ("Omgevingsvergunning volgen", "De aanvrager ziet hoe ver zijn dossier staat."),
    "parking": ("Parkeerverbod aanvragen", "Wie verhuist, legt online plaatsen vast."),
}


@pytest.fixture
def posted(db: Database, who: Who) -> dict[str, int]:
    return {name: post(db, who("genk"), title, description) for name, (title, description) in TEXTS.items()}


@pytest.fixture
def index() -> Index[Item]:
    return Index()


def post(db: Database, member: Member, title: str, description: str = "Tekst", **more: str) -> int:
    form = IdeaForm(title=title, description=description, **more)
    return ideas.post(db, encoder=None, member=member, form=form)


def search(db: Database, index: Index[Item], query: str, **chosen: str) -> Found:
    return searches.search(db, encoder=None, index=index, query=query, chosen=Chosen(**chosen))  # type: ignore[arg-type]


def ids(found: Found) -> list[int]:
    return [hit.shown.id for hit in found.hits if hit.shown.kind is Subject.IDEA]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("zwemb", "pool"),  # a prefix
        ("ZWÉMBAD", "pool"),  # folded
        ("zwembaden", "pool"),  # a plural
        ("reservatie", "pool"),  # another word of the same stem
        ("zwmebad", "pool"),  # exchanged letters
        ("zwembat", "pool"),  # a wrong letter
        ("strooien", "snow"),
        ("sensor", "snow"),
        ("afvalophaling", "waste"),  # a compound of which the parts stand apart
        ("omgevingsvergunningsaanvraag", "permit"),  # a compound that goes on where the text stops
        ("vergunning", "permit"),  # the end of a compound
        ("verbod", "parking"),
        ("omgevingsvergunnig", "permit"),
    ],
)
def test_a_word_is_found_in_whatever_form(
    db: Database, posted: dict[str, int], index: Index[Item], query: str, name: str
) -> None:
    assert ids(search(db, index, query))[:1] == [posted[name]]


def test_two_words_find_the_compound_that_they_make(db: Database, who: Who, index: Index[Item]) -> None:
    compound = post(db, who("genk"), "Slimme afvalophaling")
    assert compound in ids(search(db, index, "ophaling van afval"))


def test_a_correction_is_said(db: Database, posted: dict[str, int], index: Index[Item]) -> None:
    assert search(db, index, "zwmebad").corrected == (("zwmebad", "zwembad"),)
    assert search(db, index, "zwembad").corrected == ()


def test_a_word_that_was_just_posted_is_not_put_right(
    db: Database, posted: dict[str, int], who: Who, index: Index[Item]
) -> None:
    search(db, index, "zwembad")
    new = post(db, who("genk"), "Zwembat als woord")
    found = search(db, index, "zwembat")
    assert found.corrected == ()
    assert ids(found) == [new]


def test_quotes_ask_for_exactly_these_words(db: Database, posted: dict[str, int], who: Who, index: Index[Item]) -> None:
    apart = post(db, who("genk"), "Online iets over een zwembad")
    assert set(ids(search(db, index, "zwembad online"))[:2]) == {posted["pool"], apart}
    assert ids(search(db, index, "“zwembad online”")) == [posted["pool"]]


def test_a_minus_leaves_out(db: Database, posted: dict[str, int], who: Who, index: Index[Item]) -> None:
    dry = post(db, who("genk"), "Sportzaal online reserveren")
    assert ids(search(db, index, "reserveren -zwembad")) == [dry]
    assert ids(search(db, index, 'reserveren -"sportzaal online"')) == [posted["pool"]]


def test_meaning_keeps_to_quotes_and_minus_too(db: Database, who: Who, encoder: Encoder, index: Index[Item]) -> None:
    form = IdeaForm(title="Chatbot op de website", description="Een chatbot antwoordt dag en nacht.")
    ideas.post(db, encoder=encoder, member=who("genk"), form=form)
    for query in ("assistent -chatbot", '"virtuele chatbot"'):
        assert not searches.search(db, encoder=encoder, index=index, query=query).hits, query


def test_the_word_itself_comes_before_its_other_forms(db: Database, who: Who, index: Index[Item]) -> None:
    for title in ("Parkeerverbod", "Parkeerkaart", "Parkeren", "Parkeerverbod aanvragen"):
        post(db, who("genk"), title)
    titles = [hit.shown.title for hit in search(db, index, "parkeren").hits]
    assert titles[0] == "Parkeren"
    assert len(titles) == 4


def test_what_is_withdrawn_is_never_found(db: Database, posted: dict[str, int], who: Who, index: Index[Item]) -> None:
    ideas.withdraw(db, member=who("genk"), idea_id=posted["snow"])
    found = search(db, index, "strooiroutes")
    assert (found.hits, found.total, found.counts) == ((), 0, {})
    ideas.restore(db, member=who("genk"), idea_id=posted["snow"])
    assert ids(search(db, index, "strooiroutes")) == [posted["snow"]]


def test_a_municipality_comes_first_for_its_name_and_brings_what_it_posted(
    db: Database, posted: dict[str, int], index: Index[Item]
) -> None:
    first, *others = search(db, index, "Genk").hits
    assert (first.shown.kind, first.shown.title, first.shown.detail) == (Subject.MUNICIPALITY, "Genk", len(TEXTS))
    assert {hit.shown.id for hit in others} == set(posted.values())


def test_a_municipality_is_found_by_the_name_of_before_a_merger(db: Database, index: Index[Item]) -> None:
    with transaction(db):
        kortrijk = data.people.find_organisation(db, text="Kortrijk")
        assert kortrijk is not None
        name = {"name": "Kortrycke", "nis": None, "kbo": None, "ovo": None, "valid_from": None, "valid_until": None}
        data.people.set_names(db, organisation_id=kortrijk.id, names=[name])
    (hit,) = search(db, index, "kortrycke").hits
    assert hit.shown.title == "Kortrijk"


def cluster_of(db: Database, name: str, state: ClusterState, *members: int) -> int:
    keys = [(Kind.IDEA, one) for one in members]
    draft = Draft(
        name=name, terms=("term",), cohesion=0.5, weakest=(keys[0], keys[1]), members=tuple((k, 0.5) for k in keys)
    )
    with transaction(db):
        cluster_id = data.proposals.add(db, draft=draft)
        found = data.clusters.get(db, cluster_id=cluster_id)
        assert found is not None
        if state is not ClusterState.PROPOSED:
            data.steps.take(db, cluster_id=found.id, action=Action(state), state=state)
    return cluster_id


def test_only_accepted_clusters_are_found_by_name_and_by_what_is_in_them(
    db: Database, posted: dict[str, int], index: Index[Item]
) -> None:
    for state in ClusterState:
        cluster_of(db, f"Samen baden {state}", state, posted["pool"], posted["snow"])
    for query in ("samen baden", "zwembad"):
        hits = [hit.shown for hit in search(db, index, query).hits if hit.shown.kind is Subject.CLUSTER]
        assert [(one.title, one.detail) for one in hits] == [("Samen baden accepted", 2)], query


def test_facets_count_what_is_found_and_narrow_it(db: Database, who: Who, index: Index[Item]) -> None:
    post(db, who("genk"), "Fietsen tellen", theme="democratie", intent="offer")
    post(db, who("aalter"), "Fietsen delen", theme="democratie")
    post(db, who("aalter"), "Fietsen stallen")
    found = search(db, index, "fietsen")
    assert found.counts["theme"] == [("democratie", 2)]
    assert found.counts["intent"] == [("need", 2), ("offer", 1)]
    assert (found.total, found.more) == (3, False)
    narrowed = search(db, index, "fietsen", theme="democratie", intent="need")
    assert [hit.shown.title for hit in narrowed.hits] == ["Fietsen delen"]
    assert "theme" not in narrowed.counts
    assert search(db, index, "fietsen", province="Limburg").total == 0
    assert search(db, index, "fietsen", kind="project").total == 0


def test_a_count_is_over_a_thousand_at_most_and_says_so(db: Database, index: Index[Item]) -> None:
    with transaction(db):
        for number in range(1_005):
            values = ["Parking", f"Parking {number}", data.store.now()]
            db.execute("insert into ideas (title, description, created_at, updated_at) values (?, ?, ?3, ?3)", values)
        moment = data.store.now()
        db.execute(
            """insert into projects (title, summary, status, lead, created_at, updated_at)
            values ('Slim', 'Sensoren op elke parking', 'unknown', 'Genk', ?1, ?1)""",
            [moment],
        )
    found = search(db, index, "parking")
    assert (found.total, found.more, len(found.hits)) == (1_000, True, searches.PER_PAGE)
    # Many ideas do not hide the one project: facets narrow before anything is ranked.
    assert search(db, index, "parking", kind="project").total == 1
    last = searches.search(db, encoder=None, index=index, query="parking", page=50)
    assert len(last.hits) == searches.PER_PAGE
    assert not last.has_next


def test_hits_are_marked_in_title_and_best_fragment(db: Database, who: Who, index: Index[Item]) -> None:
    post(db, who("genk"), "Zwembaden", "Eerst iets anders. Wie een zwembad zoekt, vindt het hier. Dan nog wat.")
    (hit,) = search(db, index, "zwembad").hits
    assert [piece.text for piece in hit.title if piece.hit] == ["Zwembaden"]
    assert [piece.text for piece in hit.fragment if piece.hit] == ["zwembad"]
    assert "".join(piece.text for piece in hit.fragment).startswith("… Wie een zwembad zoekt")


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_query_breaks_the_search(query: str) -> None:
    db = data.store.connect(":memory:")
    with transaction(db):
        data.migrations.migrate(db)
    assert search(db, Index(), query).hits == ()
    data.store.close(db)


@pytest.mark.parametrize(
    "query", ['"zwembad" OR (', "zwembad*", "title:zwembad", "NEAR(zwembad online)", "zwembad\0x", '"" zwembad ""']
)
def test_fts_syntax_is_only_text(db: Database, posted: dict[str, int], index: Index[Item], query: str) -> None:
    assert ids(search(db, index, query))[:1] == [posted["pool"]]


def keep(db: Database, member: Member, query: str = "fietsen", often: str = "digest", **chosen: str) -> int:
    name = f"Alles over {query}"
    search_id, _ = searches.save(
        db,
        member=member,
        name=name,
        query=query,
        chosen=Chosen(**chosen),
        often=often,  # type: ignore[arg-type]
    )
    return search_id


def tell(db: Database) -> int:
    """Write the digest of Genk's member, and tell how many things it tells of; as if each were on a day of its own."""
    genk = data.people.by_email(db, email="genk@test.example")
    assert genk is not None
    with transaction(db):
        data.digests.note(db, member_id=genk.id, day="2000-01-01")
    return digests.write(db, index=Index(), member_id=genk.id)


def letters(db: Database) -> list[str]:
    return [item["body"] for item in rows(db, "select body from letters order by id")]


def test_what_is_new_is_told_once(db: Database, who: Who) -> None:
    post(db, who("aalter"), "Fietsen tellen")
    keep(db, who("genk"))
    assert tell(db) == 0
    new = post(db, who("aalter"), "Fietsen delen")
    post(db, who("aalter"), "Iets anders")
    assert tell(db) == 1
    assert tell(db) == 0
    (body,) = letters(db)
    assert "Fietsen delen (Aalter)" in body
    assert f"/ideas/{new}" in body
    assert "zoekopdracht “Alles over fietsen”" in body
    assert "Fietsen tellen" not in body
    assert "Iets anders" not in body
    # Withdrawn and put back, it is not new again.
    ideas.withdraw(db, member=who("aalter"), idea_id=new)
    ideas.restore(db, member=who("aalter"), idea_id=new)
    assert tell(db) == 0


def test_what_ones_own_organisation_posts_is_no_news(db: Database, who: Who) -> None:
    keep(db, who("genk"))
    post(db, who("genk"), "Fietsen delen")
    assert tell(db) == 0
    assert letters(db) == []


def test_news_keeps_to_the_facets(db: Database, who: Who) -> None:
    keep(db, who("genk"), theme="democratie")
    post(db, who("aalter"), "Fietsen delen")
    assert tell(db) == 0
    post(db, who("aalter"), "Fietsen stallen", theme="democratie")
    assert tell(db) == 1


def test_a_choice_without_words_finds_all_that_has_it_newest_first(
    db: Database, posted: dict[str, int], who: Who, index: Index[Item]
) -> None:
    one, two = (post(db, who("genk"), title, theme="democratie") for title in ("Fietsen delen", "Stemmen tellen"))
    found = search(db, index, "", theme="democratie", kind="idea")
    assert ids(found) == [two, one]
    assert found.total == 2
    assert not search(db, index, "", theme="democratie", status="approved").hits
    assert "Genk" in {hit.shown.title for hit in search(db, index, "", kind="municipality").hits}
    # What is no word at all is no choice either.
    assert not search(db, index, "?!", theme="democratie").hits
    ideas.withdraw(db, member=who("genk"), idea_id=two)
    assert ids(search(db, index, "", theme="democratie", kind="idea")) == [one]


def test_a_kept_choice_without_words_tells_what_is_new(db: Database, who: Who) -> None:
    post(db, who("aalter"), "Fietsen tellen", theme="democratie")
    keep(db, who("genk"), query="", theme="democratie")
    assert tell(db) == 0
    post(db, who("aalter"), "Zwembad")
    post(db, who("aalter"), "Stemmen tellen", theme="democratie")
    assert tell(db) == 1
    (body,) = letters(db)
    assert "Stemmen tellen" in body
    assert "Fietsen tellen" not in body
    assert "Zwembad" not in body
    assert tell(db) == 0


def test_an_accepted_cluster_is_news(db: Database, who: Who, posted: dict[str, int]) -> None:
    keep(db, who("genk"), query="waterpret")
    cluster_of(db, "Waterpret", ClusterState.PROPOSED, posted["pool"], posted["snow"])
    assert tell(db) == 0
    cluster_of(db, "Waterpret voor allen", ClusterState.ACCEPTED, posted["pool"], posted["snow"])
    assert tell(db) == 1
    assert "/clusters/2" in letters(db)[0]


def test_a_cluster_of_which_too_much_is_hidden_or_with_one_word_alone_is_no_news(
    db: Database, who: Who, posted: dict[str, int]
) -> None:
    keep(db, who("genk"), query="waterpret kajak")
    cluster_of(db, "Waterpret voor allen", ClusterState.ACCEPTED, posted["pool"], posted["snow"])
    with transaction(db):
        db.execute("update ideas set state = 'hidden' where id = ?", [posted["waste"]])
    cluster_of(db, "Waterpret met de kajak", ClusterState.ACCEPTED, posted["waste"], posted["snow"])
    assert tell(db) == 0
    assert letters(db) == []


def test_what_is_not_public_corrects_nobody_in_public(
    db: Database, who: Who, posted: dict[str, int], index: Index[Item]
) -> None:
    hidden = post(db, who("genk"), "Vanhoutteghem belt terug")
    post(db, who("genk"), "Reservatiesysteem voor zalen")
    cluster_of(db, "Kernreactor", ClusterState.PROPOSED, posted["pool"], posted["snow"])
    assert search(db, index, "vanhouteghem").corrected == (("vanhouteghem", "vanhoutteghem"),)
    with transaction(db):
        db.execute("update ideas set state = 'hidden' where id = ?", [hidden])
    assert search(db, index, "vanhouteghem").corrected == ()
    assert search(db, index, "kernrecator").corrected == ()
    assert search(db, index, "reservatiesysteeem").corrected == (("reservatiesysteeem", "reservatiesysteem"),)


def test_many_ideas_do_not_make_many_clusters(
    db: Database, posted: dict[str, int], index: Index[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "COUNTED_AT_MOST", 1)
    cluster_of(db, "Plannen", ClusterState.ACCEPTED, posted["waste"], posted["snow"])
    assert search(db, index, "plannen").more
    found = search(db, index, "plannen", kind="cluster")
    assert (found.total, found.more) == (1, False)


def test_a_search_that_was_off_does_not_tell_what_it_missed(db: Database, who: Who) -> None:
    kept = keep(db, who("genk"), often="off")
    post(db, who("aalter"), "Fietsen delen")
    assert tell(db) == 0
    searches.change(db, member=who("genk"), search_id=kept, name="Fietsen", often="digest")
    assert tell(db) == 0
    post(db, who("aalter"), "Fietsen stallen")
    assert tell(db) == 1


def test_keeping_twice_changes_nothing(db: Database, who: Who) -> None:
    first = keep(db, who("genk"))
    assert searches.save(db, member=who("genk"), name="Anders", query="fietsen", chosen=Chosen(), often="off") == (
        first,
        False,
    )
    (saved,) = searches.saved_of(db, member=who("genk"))
    assert (saved.name, saved.often) == ("Alles over fietsen", Often.DIGEST)


def test_a_search_belongs_to_one_member(db: Database, who: Who) -> None:
    kept = keep(db, who("genk"))
    with pytest.raises(NotFound):
        searches.change(db, member=who("aalter"), search_id=kept, name="Mijn", often="off")
    with pytest.raises(NotFound):
        searches.remove(db, member=who("aalter"), search_id=kept)
    searches.remove(db, member=who("genk"), search_id=kept)
    searches.remove(db, member=who("genk"), search_id=kept)
    assert searches.saved_of(db, member=who("genk")) == []
    # The link in a letter of the one that is gone must not end another.
    assert keep(db, who("aalter")) > kept


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"name": " "}, ["name"]),
        ({"name": "n" * 121}, ["name"]),
        ({"query": ""}, ["q"]),
        ({"query": "\ufffd\ud800"}, ["q"]),
        ({"often": "hourly"}, ["often"]),
        ({"name": "", "often": ""}, ["name", "often"]),
    ],
)
def test_a_bad_search_is_refused_with_the_field(
    db: Database, who: Who, changed: dict[str, str], fields: list[str]
) -> None:
    given = {"name": "Fietsen", "query": "fietsen", "often": "off", **changed}
    with pytest.raises(Invalid) as refused:
        searches.save(db, member=who("genk"), chosen=Chosen(), **given)
    assert [wrong.field for wrong in refused.value.every] == fields


def test_nobody_keeps_more_searches_than_bearable(db: Database, who: Who) -> None:
    for number in range(searches.SAVED_AT_MOST):
        keep(db, who("genk"), query=f"fiets {number}")
    with pytest.raises(Invalid):
        keep(db, who("genk"), query="nog een")


def test_two_workers_tell_once(db: Database, who: Who) -> None:
    kept = keep(db, who("genk"))
    post(db, who("aalter"), "Fietsen delen")
    before = data.searches.get(db, search_id=kept)
    assert before is not None
    assert tell(db) == 1
    # Another worker that read the search before, and comes to write after.
    until = data.searches.last_published(db)
    with transaction(db):
        assert not data.searches.look(db, search_id=kept, seen=before.seen, until=until, told=True)
    assert len(letters(db)) == 1


def test_a_title_with_the_word_in_any_form_comes_before_texts_that_only_mention_it(
    db: Database, who: Who, index: Index[Item], encoder: Encoder
) -> None:
    mention = "Onthaalmedewerkers krijgen vragen over openingsuren, afspraken, huisvuilzakken en de kermis. " * 2
    post(db, who("genk"), "Virtuele assistent", mention)
    post(db, who("genk"), "Regels voor een taalmodel", "We willen afspraken maken. De afspraken gelden voor allen.")
    titled = post(db, who("kortrijk"), "Onthaal op afspraak", "Bezoekers melden zich aan een zuil.")
    both = post(db, who("kortrijk"), "Afspraken online", "Burgers leggen zelf vast wanneer ze komen.")
    found = searches.search(db, encoder=encoder, index=index, query="afspraken")
    assert set(ids(found)[:2]) == {titled, both}
    assert len(ids(found)) == 4
    # What the lists show of a long sentence begins near what was looked for.
    [assistant] = [hit for hit in found.hits if hit.shown.title == "Virtuele assistent"]
    at = next(place for place, piece in enumerate(assistant.fragment) if piece.hit)
    assert sum(len(piece.text) for piece in assistant.fragment[:at]) < 60
