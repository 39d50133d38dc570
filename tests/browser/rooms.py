"""Every kind of page: who sees it, where, and what to do there first."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import Page
from sqlite_utils import Database

import cluster.access
import cluster.adoptions
import cluster.calls
import cluster.circles
import cluster.clusters
import cluster.consortia
import cluster.contacts
import cluster.drafts
import cluster.ideas
import cluster.moderation
import cluster.organisations
import cluster.plans
import cluster.project_requests
import cluster.projects
import cluster.searches
import cluster.steps
import cluster.threads
import cluster.tokens
import data.access
import data.addresses
import data.clusters
import data.evaluations
import data.invitations
import data.judgements
import data.mailboxes
import data.people
import data.store
import data.throttles
from cluster.web.letters import sign
from data.store import now, transaction, value
from models.calls import CallForm
from models.circles import About
from models.clusters import ClusterState, Judgement
from models.ideas import DraftMark, IdeaForm
from models.matches import Kind, Relation
from models.moderation import Subject
from models.people import Member
from models.plans import Plan, PlanForm
from models.projects import ProjectForm
from models.searches import Chosen
from models.threads import FactForm

_SHARE = "Bewaar en deel met wie meedoet"
_LONG = "Omgevingsvergunningsaanvraagformulierenverwerkingsplatform"


@dataclass(frozen=True)
class Room:
    """One kind of page. `at` may name ids that `arrange` found: /ideas/{own}."""

    name: str
    at: str
    who: str | None = None
    status: int = 200
    does: Callable[[Page], None] | None = None


def arrange(place: Database, account: Callable[[str], Member]) -> dict[str, int | str]:
    """Bring the demo into the states the rooms need, by the verbs, and tell the ids of what stands in them."""
    gent = account("gent")
    asked_of_others = cluster.contacts.inbox(place, member=gent).sent
    asked_of_turnhout = cluster.contacts.inbox(place, member=account("turnhout")).received
    forms = {
        "hidden": IdeaForm(title="Bel Jan voor een afspraak", description="Op 0470 00 00 00."),
        "reported": IdeaForm(title="Koop nu een kiosk", description="Alleen deze week.", links="https://a.be Kiosken"),
        "own": IdeaForm(title="Eén afspraak voor paspoort en rijbewijs", description="Nu moet je twee keer komen."),
        "withdrawn": IdeaForm(title="Een idee dat we intrekken", description="Het bestond al."),
        "long": IdeaForm(title=f"{_LONG} " * 3, description=f"{_LONG * 8}\n\n{'Een lange zin die doorgaat. ' * 90}"),
    }
    ids = {
        name: cluster.ideas.post(place, encoder=None, member=gent, form=form, submission_key=f"room-{name}")
        for name, form in forms.items()
    }
    cluster.ideas.withdraw(place, member=gent, idea_id=ids["withdrawn"])
    form = replace(forms["own"], description="Nu moet je twee keer langskomen.", stage="plan", budget="<25k")
    cluster.ideas.edit(place, encoder=None, member=gent, idea_id=ids["own"], revision=1, form=form)
    mark = DraftMark("laptop", 0)
    draft = cluster.drafts.save(place, member=gent, form=forms["long"], submission_key="room-draft", mark=mark).draft
    assert draft is not None
    change = replace(forms["reported"], description="Deze week en volgende week.")
    about = {"idea_id": ids["reported"], "base": 1}
    cluster.drafts.save(place, member=gent, form=change, submission_key="room-change", mark=mark, **about)
    return {
        **ids,
        **_people(place, account, idea_id=ids["long"]),
        **_clusters(place, account("coordinator")),
        **_projects(place, account),
        **_calls(place, account("coordinator")),
        **_reports(place, account, ids),
        **_judgements(place),
        **_adoptions(place, account),
        **_nobody(place, account("turnhout")),
        **_together(place, gent, idea_id=next(one.idea_id for one in asked_of_others if one.state == "agreed")),
        "draft": draft.id,
        "stop": _kept_search(place, gent),
        "asked": next(one.id for one in asked_of_turnhout if one.state == "asked"),
        "waiting": next(one.id for one in asked_of_others if one.state == "asked"),
        "agreed": next(one.id for one in asked_of_others if one.state == "agreed"),
        "supported": demo_idea(place, "DEMO-001"),
        "endorsed": demo_idea(place, "DEMO-004"),
        "others": demo_idea(place, "DEMO-010"),
        "holiday": demo_idea(place, "DEMO-026"),
        "french": demo_idea(place, "DEMO-019"),
        "real": int(value(place, "select id from ideas where organisation_id is null")),
        "project": int(value(place, "select id from projects where programme = 1 and lead <> 'Gent' order by id")),
        "initiative": int(value(place, "select id from projects where programme = 0 order by id")),
        "gent": int(value(place, "select id from organisations where name = 'Gent'")),
        "melle": int(value(place, "select id from organisations where name = 'Melle'")),
        "body": int(value(place, "select body_id from stands_for group by 1 order by count(*) desc, 1")),
        "province": int(value(place, "select id from organisations where kind = 'province' order by id")),
        "call": int(value(place, "select id from calls order by id")),
        "letter": int(value(place, "select id from letters where state = 'sent' order by id")),
    }


def _nobody(place: Database, member: Member) -> dict[str, int]:
    """Somebody says *ook wij* at an idea behind which nobody has an account."""
    real = int(value(place, "select id from ideas where organisation_id is null"))
    said = cluster.contacts.endorse(place, member=member, idea_id=real, role="learn", message="Wie zit hierachter?")
    asked = cluster.project_requests.asked(place, member=member, kind=Kind.IDEA, item_id=real)
    assert asked is not None
    found = value(place, "select id from introductions where endorsement_id = ?", [said.id])
    return {"nobody": int(found), "about_idea": asked.id}


def _together(place: Database, member: Member, *, idea_id: int) -> dict[str, int]:
    """Those in contact about an idea talk, tell what they use, and share the costs in a plan of two versions."""
    throttles = data.throttles.open_throttles(Path(":memory:"))
    text = f"Dag *allemaal*,\n\n- wie kan [dinsdag](https://example.org)?\n- {_LONG}"
    cluster.threads.write(
        *(place, throttles),
        member=member,
        about=About.IDEA,
        item_id=idea_id,
        text=text,
        submission_key="room-message",
        moment=0,
    )
    data.store.close(throttles)
    fact = FactForm(product="Afsprakenboeker", supplier=_LONG, cost_year="12.500", contract_end="2098-06-30")
    fact_id = cluster.threads.add_fact(place, member=member, about=About.IDEA, item_id=idea_id, form=fact)
    parties = cluster.circles.get(place, about=About.IDEA, item_id=idea_id).parties
    form = PlanForm(
        title="Samen één afspraak",
        call="1",
        key="inhabitants",
        lead=str(member.organisation_id),
        day_rate="450",
        items=(
            {"what": f"Bouwen van het {_LONG}", "year": "2027", "amount": "180.000", "each": ""},
            {"what": "Licentie", "year": "2028", "amount": "1.250,50", "each": "1"},
        ),
        partners={party.id: {"in": "1", "days": "10", "at_most": "150.000"} for party in parties},
    )
    plan_id = cluster.plans.of_item(place, member=member, about=About.IDEA, item_id=idea_id)[1]
    if plan_id is None:
        plan_id = cluster.plans.start(place, member=member, about=About.IDEA, item_id=idea_id, form=form)
    changed = replace(form, key="equal", note="Gelijk, zoals afgesproken.")
    if cluster.plans.get(place, member=member, plan_id=plan_id).version.number == 1:
        cluster.plans.edit(place, member=member, plan_id=plan_id, number=1, form=changed)
        cluster.plans.answer(place, member=member, plan_id=plan_id, number=2, accepted=False, reason="Te duur.")
    for name in ("Diksmuide", "Merelbeke-Melle"):
        invited = int(value(place, "select id from organisations where name = ? and valid_until is null", [name]))
        cluster.consortia.invite(place, member=member, plan_id=plan_id, organisation_id=invited, message=_LONG)
    known = {one.organisation: one.id for one in cluster.consortia.listed(place, plan=_plan(place, member, plan_id))}
    invited_ids = {"invited": known["Diksmuide"], "invited_nobody": known["Merelbeke-Melle"]}
    return {"shared": idea_id, "fact": fact_id, "plan": plan_id, **invited_ids}


def _plan(place: Database, member: Member, plan_id: int) -> Plan:
    return cluster.plans.get(place, member=member, plan_id=plan_id)


def _adoptions(place: Database, account: Callable[[str], Member]) -> dict[str, int]:
    """An idea around which nothing moves, one that its owner offers, and one that another took over."""
    names = {"still": "DEMO-040", "offered": "DEMO-012", "adopted": "DEMO-008"}
    ids = {name: demo_idea(place, external_id) for name, external_id in names.items()}
    with transaction(place):
        for table, which in (("ideas", "id"), ("endorsements", "idea_id")):
            moved = f"update {table} set updated_at = '2020-01-01T09:00:00+00:00' where {which} = ?"
            place.execute(moved, [ids["still"]])
    cluster.adoptions.let_go(place, member=account("turnhout"), idea_id=ids["offered"])
    if cluster.ideas.get(place, idea_id=ids["adopted"], member=None).organisation != account("leiedal").organisation:
        cluster.adoptions.let_go(place, member=account("horebeke"), idea_id=ids["adopted"])
        cluster.adoptions.adopt(place, member=account("leiedal"), idea_id=ids["adopted"])
    return ids


def _reports(place: Database, account: Callable[[str], Member], ids: dict[str, int]) -> dict[str, int]:
    """Two reports: one waits, and one was upheld."""
    throttles = data.throttles.open_throttles(Path(":memory:"))
    found = {}
    for name in ("hidden", "reported"):
        case = cluster.moderation.report(
            *(place, throttles),
            member=account("turnhout"),
            kind=Subject.IDEA,
            item_id=ids[name],
            ground="privacy",
            text="Er staat een nummer in.",
            moment=0,
        )
        found[f"case_{name}"] = case.id
    cluster.moderation.decide(
        place,
        member=account("coordinator"),
        case_id=found["case_hidden"],
        revision=1,
        decision="hide",
        reason="Haal het nummer weg.",
    )
    data.store.close(throttles)
    return found


def _judgements(place: Database) -> dict[str, int]:
    """People judged pairs that no run would join, and it is known what was suggested: enough of them for a curve."""
    ids = [demo_idea(place, f"DEMO-{number:03}") for number in range(1, 13)]
    pairs = [((Kind.IDEA, min(a, b)), (Kind.IDEA, max(a, b))) for a in ids[:3] for b in ids[3:]]
    with transaction(place):
        for at, pair in enumerate(pairs):
            judgement = Judgement.RELATED if at % 3 else Judgement.DIFFERENT
            data.judgements.add(place, pairs=[pair], judgement=judgement, member_id=None)
            relation = (Relation.SAME_NEED, Relation.RELATED, None)[at % 3]
            data.evaluations.assess(place, pair=pair, encoder="former", relation=relation, probability=at / 40)
    return {}


def _kept_search(place: Database, member: Member) -> str:
    """Keep searches of every kind, and return the token that ends the member's digests."""
    for query, often in (("parkeren", "digest"), (_LONG, "digest"), ("zwembad", "off")):
        chosen = Chosen(lang="nl", province="Oost-Vlaanderen") if often == "off" else Chosen()
        cluster.searches.save(place, member=member, name=f"Nieuw over {query}", query=query, chosen=chosen, often=often)
    folder = Path(str(value(place, "select file from pragma_database_list where name = 'main'"))).parent
    return sign((folder / "secret_key").read_text(), member.id, "digest")


def demo_idea(place: Database, external_id: str) -> int:
    """The id of an idea of the demo."""
    return int(value(place, "select id from ideas where external_id = ?", [external_id]))


def _clusters(place: Database, coordinator: Member) -> dict[str, int]:
    proposals = data.clusters.listed(place, states=[ClusterState.PROPOSED])
    accepted, rejected = proposals[-1], proposals[-2]
    cluster.steps.accept(place, seen=accepted.seen, member=coordinator)
    reason = "De noden verschillen te veel."
    cluster.steps.reject(place, seen=rejected.seen, member=coordinator, reason=reason)
    large = next(one for one in proposals[:-2] if len(one.members) > 3)
    locked = next(one for one in proposals[:-2] if one not in (large, proposals[0]))
    cluster.steps.lock(place, seen=locked.seen, member=coordinator, reason="We overleggen nog met de programmaploeg.")
    ids = {"proposed": proposals[0], "accepted": accepted, "rejected": rejected, "large": large, "locked": locked}
    return {name: one.id for name, one in ids.items()}


def _people(place: Database, account: Callable[[str], Member], *, idea_id: int) -> dict[str, int]:
    """Somebody was invited, others asked for access, and a colleague left; links end in the number `token`."""
    zelzate, coordinator = account("zelzate"), account("coordinator")
    token = 1234567890
    first = {"email": "nieuw@voorbeeld.be", "name": "Nele Nieuw", "function": "Diensthoofd", "locale": "nl"}
    first |= {"organisation_id": zelzate.organisation_id, "token_hash": cluster.tokens.digest(str(token))}
    second = {**first, "email": "vraagt@voorbeeld.be", "token_hash": cluster.tokens.digest(f"{token}0"), "message": ""}
    later = cluster.tokens.until(days=1)
    terms = {"role": "member", "invited_by": coordinator.id, "request_id": None, "created_at": now()}
    old = {"email": "oud@voorbeeld.be", "name": "Oda Oud", "function": None, "role": "member", "locale": "nl"}
    old |= {"organisation_id": zelzate.organisation_id, "password_hash": None, "standing_consent": 0}
    old |= {"demo": 1, "created_at": now()}
    with transaction(place):
        data.invitations.add(place, values={**first, **terms, "expires_at": later})
        data.invitations.add_reset(place, member_id=zelzate.id, token_hash=str(first["token_hash"]), expires_at=later)
        data.mailboxes.ask(
            place,
            member_id=zelzate.id,
            email="digitaal@voorbeeld.be",
            token_hash=str(first["token_hash"]),
            expires_at=later,
        )
        data.addresses.ask(
            place,
            member_id=zelzate.id,
            email="nieuwer@voorbeeld.be",
            token_hash=str(first["token_hash"]),
            expires_at=later,
        )
        asked = data.access.add(place, values={**first, "message": "Ik werk hier sinds mei."})
        declined = data.access.add(place, values=second)
        left = data.people.add_member(place, values=old)
    cluster.access.decline(place, member=coordinator, request_id=declined, reason="Vraag het aan je collega.")
    leaving = data.people.get(place, member_id=left)
    assert leaving is not None
    cluster.contacts.endorse(place, member=leaving, idea_id=idea_id, role="learn", message="")
    cluster.organisations.leave(place, member=leaving, member_id=left, successor_id=zelzate.id)
    organisations = {name: account(name).organisation_id or 0 for name in ("gent", "leiedal", "zelzate")}
    return {"token": token, "question": asked, "left": left, "member": account("gent").id, **organisations}


def _projects(place: Database, account: Callable[[str], Member]) -> dict[str, int]:
    gent, turnhout = account("gent"), account("turnhout")
    form = ProjectForm(
        title="Eén loket voor ondernemers",
        summary="Wie een zaak begint, regelt alles op één plek.",
        partners="Aalst\nGenk\n17 gemeenten van de Westhoek",
        status="submitted",
        status_on="2024-05-01",
        cost_year="12000",
    )
    led = cluster.projects.add(place, member=gent, form=form, submission_key="room-led")
    revision = cluster.projects.get(place, led).revision
    if revision == 1:
        cluster.projects.edit(
            place, member=gent, project_id=led, revision=1, form=replace(form, year="2024", supplier="Bouwers nv")
        )
    cluster.project_requests.ask(place, member=turnhout, project_id=led, message="Mogen we komen kijken?")
    asked = cluster.project_requests.asked(place, member=turnhout, kind=Kind.PROJECT, item_id=led)
    assert asked is not None
    return {"led": led, "project_asked": asked.id}


def _calls(place: Database, coordinator: Member) -> dict[str, int]:
    form = CallForm(
        name="Oproep 8",
        kind="thematic",
        kind_name="Thematisch project",
        opens_on="2024-01-01",
        closes_on="2098-06-30",
        ceiling="500000",
        funding_percent="80",
        conditions="Voor gemeenten en OCMW-verenigingen.\nMinstens drie besturen dienen samen in.",
        themes=("dienstverlening",),
    )
    opened = cluster.calls.draft(place, member=coordinator, form=form)
    cluster.calls.publish(place, member=coordinator, call_id=opened, revision=1)
    cluster.calls.move(
        place,
        member=coordinator,
        call_id=opened,
        revision=2,
        closes_on="2099-06-30",
        closes_time="12:00",
        reason="Veel gemeenten vroegen meer tijd.",
    )
    drafted = cluster.calls.draft(place, member=coordinator, form=replace(form, name="Oproep 9"))
    return {"open_call": opened, "draft_call": drafted}


def _send(button: str) -> Callable[[Page], None]:
    """Press a button of the page's main part and wait for the page that comes."""

    def press(page: Page) -> None:
        with page.expect_navigation():
            page.locator("main").locator(f"button:text-is('{button}')").click()

    return press


def _type_then(button: str | None, **fields: str) -> Callable[[Page], None]:
    def type_all(page: Page) -> None:
        for name, text in fields.items():
            page.locator(f"#{name}").fill(text)
        if button:
            _send(button)(page)
        else:
            page.locator("#similar h3").first.wait_for()

    return type_all


def _typed_and_saved(page: Page) -> None:
    page.locator("#title").press_sequentially("Een concept van een kiosk")
    page.locator("#draft-state", has_text="Bewaard om").wait_for()


def _decided_too_late(page: Page) -> None:
    page.locator("#reason").fill("Dit mag niet.")
    _overtaken("Verberg")(page)


def _open_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def _forged(page: Page) -> None:
    # Set, not typed: the panel must not ask with the forged token as well.
    page.locator("#title").evaluate("title => title.value = 'Wat ik typte, mag niet weg zijn'")
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(one => one.value = 'x')")
    _send("Plaats je idee")(page)


def _overtaken(button: str, **fields: str) -> Callable[[Page], None]:
    def send_what_is_old(page: Page) -> None:
        for name, text in fields.items():
            page.locator(f"#{name}").fill(text)
        page.evaluate("document.querySelectorAll('[name=revision]').forEach(one => one.value = '99')")
        _send(button)(page)

    return send_what_is_old


def _plan_overtaken(page: Page) -> None:
    page.locator("#title").fill("Anders")
    page.evaluate("document.querySelectorAll('[name=number]').forEach(one => one.value = '1')")
    _send(_SHARE)(page)


def _others_chosen(page: Page) -> None:
    page.get_by_label("Aalst", exact=True).check()
    _overtaken("Bewaar de gemeenten")(page)


def _reject_without_reason(page: Page) -> None:
    _open_everything(page)
    _send("Verwerp")(page)


def _split_nothing(page: Page) -> None:
    for tick in page.locator("[name=leaving]").all():
        tick.uncheck()
    _send("Splits")(page)


def _approve_without_source(page: Page) -> None:
    _open_everything(page)
    page.locator("#status").select_option("approved")
    page.locator("#status_source").fill("")
    _send("Leg vast")(page)


def _move_without_reason(page: Page) -> None:
    _open_everything(page)
    page.locator("#closes_on").fill("2020-01-01")
    _send("Verschuif")(page)


def _bring_in(page: Page) -> None:
    row = "P-{0};Project {0};Een lange omschrijving;{1};;nl"
    rows = [row.format(number, "Gent" if number % 3 else "Atlantis") for number in range(12)]
    table = "\n".join(["id;title;description;municipality;year;lang", *rows]).encode()
    page.locator("#file").set_input_files({"name": "projecten.csv", "mimeType": "text/csv", "buffer": table})
    _send("Bekijk wat er zou gebeuren")(page)


def _nameless_search(page: Page) -> None:
    page.locator("main summary").first.click()
    page.locator("main details[open] [name=name]").fill("")
    page.locator("main details[open] button").first.click()
    page.locator("#errors").wait_for()


def _wrong_sums(page: Page) -> None:
    _open_everything(page)
    page.locator("[name=days]").fill("heel veel")
    _send("Ook wij")(page)


def _invited_at_length(page: Page) -> None:
    """An invitation with more words than anybody reads."""
    _open_everything(page)
    page.locator("textarea[name=message]").first.evaluate("(control) => { control.value = 'x'.repeat(1001) }")
    page.get_by_role("button", name="Verstuur de uitnodiging").first.click()


ROOMS = [
    Room("home", "/"),
    Room("home-member", "/", "gent"),
    Room("home-waiting", "/", "turnhout"),
    Room("home-coordinator", "/", "coordinator"),
    Room("sign-in", "/sign-in"),
    Room("sign-in-error", "/sign-in", does=_type_then("Aanmelden", email="iemand@voorbeeld.be", password="verkeerd")),
    Room("account", "/account", "gent"),
    Room("security", "/account/security", "gent"),
    Room("ledger", "/ledger", "coordinator"),
    Room("second-step", "/account/second-step", "gent"),
    Room("account-error", "/account", "gent", does=_type_then("Bewaar", name="", function="x" * 101)),
    Room("shared-mailbox", "/account/mailbox", "gent"),
    Room("shared-mailbox-error", "/account/mailbox", "gent", does=_type_then("Vraag bevestiging", email="digitaal")),
    Room("shared-mailbox-confirm", "/shared-mailbox/{token}"),
    Room("address", "/account/email", "gent"),
    Room("address-error", "/account/email", "gent", does=_type_then("Vraag bevestiging", email="nieuw")),
    Room("address-confirm", "/new-address/{token}"),
    Room("password", "/account/password", "gent"),
    Room("password-error", "/account/password", "gent", does=_type_then("Wijzig je wachtwoord", password="kort")),
    Room("forgot", "/reset-password"),
    Room("forgot-sent", "/reset-password/sent"),
    Room("reset", "/reset-password/{token}"),
    Room("reset-error", "/reset-password/{token}", does=_type_then("Bewaar het wachtwoord", password="kort")),
    Room("welcome", "/welcome/{token}"),
    Room("welcome-error", "/welcome/{token}", does=_type_then("Open je account", name="", password="kort")),
    Room("welcome-stale", "/welcome/0", status=404),
    Room("access-ask", "/ask-access"),
    Room("access-ask-error", "/ask-access", does=_type_then("Vraag toegang", name="", email="geen adres")),
    Room("access-sent", "/ask-access/sent"),
    Room("access-state", "/ask-access/{token}"),
    Room("access-state-declined", "/ask-access/{token}0"),
    Room("access-requests", "/access-requests", "coordinator"),
    Room("access-requests-own", "/access-requests", "zelzate"),
    Room("access-requests-none", "/access-requests?state=approved", "coordinator"),
    Room("access-request", "/access-requests/{question}", "coordinator"),
    Room("access-request-error", "/access-requests/{question}", "zelzate", does=_send("Laat niet toe")),
    Room("invite", "/invitations/new", "coordinator"),
    Room("invite-error", "/invitations/new", "coordinator", does=_type_then("Verstuur de uitnodiging", email="x")),
    Room("invite-colleague", "/invitations/new", "gent"),
    Room("invitations", "/invitations", "coordinator"),
    Room("invitations-none", "/invitations", "pajottegem"),
    Room("organisations", "/organisations", "coordinator"),
    Room("organisations-none", "/organisations?q=xqzwvk", "coordinator"),
    Room("organisation", "/organisations/{zelzate}", "coordinator"),
    Room("organisation-own", "/organisations/{zelzate}", "zelzate"),
    Room("organisation-body", "/organisations/{leiedal}", "leiedal"),
    Room("speaks-for", "/organisations/{leiedal}/municipalities", "leiedal"),
    Room("speaks-for-overtaken", "/organisations/{leiedal}/municipalities", "leiedal", does=_others_chosen),
    Room("members", "/members", "coordinator"),
    Room("members-none", "/members?q=xqzwvk", "coordinator"),
    Room("member", "/members/{member}", "coordinator"),
    Room("member-closed", "/members/{left}", "coordinator"),
    Room("close-account", "/members/{member}", "gent"),
    Room("contacts-left", "/introductions", "zelzate"),
    Room("ideas", "/ideas"),
    Room("ideas-member", "/ideas?page=2&sort=title", "gent"),
    Room("ideas-none", "/ideas?theme=ai&province=Limburg&intent=experience"),
    Room("idea", "/ideas/{supported}"),
    Room("idea-own", "/ideas/{own}", "gent"),
    Room("idea-own-why", "/ideas/{own}", "gent", does=_open_everything),
    Room("idea-own-supported", "/ideas/{supported}", "gent"),
    Room("idea-still", "/ideas/{still}", "oostende"),
    Room("idea-offered", "/ideas/{offered}", "turnhout"),
    Room("idea-adoptable", "/ideas/{offered}", "kraainem"),
    Room("idea-adopted", "/ideas/{adopted}", "linkebeek"),
    Room("idea-withdrawn", "/ideas/{withdrawn}", "gent"),
    Room("idea-other", "/ideas/{others}", "gent"),
    Room("idea-endorsed", "/ideas/{endorsed}", "gent"),
    Room("idea-coordinator", "/ideas/{others}", "coordinator"),
    Room("idea-french", "/ideas/{french}"),
    Room("idea-real", "/ideas/{real}"),
    Room("idea-long", "/ideas/{long}"),
    Room("post", "/ideas/new", "gent"),
    Room("post-open", "/ideas/new", "gent", does=_open_everything),
    Room("post-empty", "/ideas/new", "gent", does=_send("Plaats je idee")),
    Room("post-similar", "/ideas/new", "gent", does=_type_then(None, title="Chatbot voor vragen van burgers")),
    Room("post-draft", "/ideas/new?draft={draft}", "gent"),
    Room("post-saved", "/ideas/new", "gent", does=_typed_and_saved),
    Room("idea-hidden", "/ideas/{hidden}", "gent"),
    Room("idea-hidden-coordinator", "/ideas/{hidden}", "coordinator"),
    Room("idea-links", "/ideas/{reported}"),
    Room("versions", "/ideas/{own}/versions", "gent"),
    Room("version", "/ideas/{own}/versions/2", "coordinator"),
    Room("version-first", "/ideas/{own}/versions/1", "gent", does=_open_everything),
    Room("report", "/report/idea/{others}", "gent"),
    Room("report-error", "/report/idea/{others}", "gent", does=_send("Verstuur de melding")),
    Room("report-sent", "/report/idea/{reported}", "turnhout"),
    Room("answer-error", "/ideas/{hidden}", "gent", does=_send("Verstuur het antwoord")),
    Room("reports", "/reports", "coordinator"),
    Room("reports-none", "/reports?which=all&page=99", "coordinator"),
    Room("case", "/reports/{case_reported}", "coordinator"),
    Room("case-error", "/reports/{case_reported}", "coordinator", does=_send("Verberg")),
    Room("case-overtaken", "/reports/{case_reported}", "coordinator", does=_decided_too_late),
    Room("case-hidden", "/reports/{case_hidden}", "coordinator"),
    Room("history", "/history", "coordinator"),
    Room("history-none", "/history?action=kept", "coordinator"),
    Room("edit", "/ideas/{own}/edit", "gent"),
    Room("edit-draft", "/ideas/{reported}/edit", "gent"),
    Room("edit-empty", "/ideas/{own}/edit", "gent", does=_type_then("Bewaar", title="", description="")),
    Room("edit-overtaken", "/ideas/{own}/edit", "gent", does=_overtaken("Bewaar", title="Van een ander")),
    Room("endorse", "/ideas/{others}/endorse", "gent"),
    Room("endorse-error", "/ideas/{others}/endorse", "gent", does=_wrong_sums),
    Room("endorse-nobody", "/ideas/{real}/endorse", "gent"),
    Room("endorse-change", "/ideas/{endorsed}/endorse", "gent"),
    Room("contacts", "/introductions", "gent"),
    Room("contacts-none", "/introductions", "pajottegem"),
    Room("contact-asked", "/introductions/{asked}", "turnhout"),
    Room("contact-waiting", "/introductions/{waiting}", "gent"),
    Room("contact-nobody", "/introductions/{nobody}", "turnhout"),
    Room("contact-agreed", "/introductions/{agreed}", "gent"),
    Room("contact-outcome", "/introductions/{agreed}/outcome", "gent"),
    Room("contact-outcome-error", "/introductions/{agreed}/outcome", "gent", does=_send("Bewaar")),
    Room("thread", "/conversations/idea/{shared}", "gent"),
    Room("thread-error", "/conversations/idea/{shared}", "gent", does=_send("Verstuur")),
    Room("thread-none", "/conversations/cluster/{accepted}", "coordinator"),
    Room("fact", "/conversations/idea/{shared}/facts", "gent"),
    Room("fact-error", "/conversations/idea/{shared}/facts", "gent", does=_send("Bewaar")),
    Room("fact-change", "/facts/{fact}", "gent"),
    Room("idea-together", "/ideas/{shared}", "gent"),
    Room("plans", "/plans", "gent"),
    Room("plans-none", "/plans", "pajottegem"),
    Room("plan", "/plans/{plan}?without={gent}", "gent", does=_open_everything),
    Room("plan-coordinator", "/plans/{plan}", "coordinator"),
    Room("plan-new", "/plans/new?cluster={accepted}", "coordinator"),
    Room("plan-new-error", "/plans/new?cluster={accepted}", "coordinator", does=_send(_SHARE)),
    Room("plan-edit", "/plans/{plan}/edit", "gent", does=_open_everything),
    Room("plan-preview", "/plans/{plan}/edit", "gent", does=_send("Bekijk de verdeling")),
    Room("plan-edit-overtaken", "/plans/{plan}/edit", "gent", does=_plan_overtaken),
    Room("plan-versions", "/plans/{plan}/versions", "gent"),
    Room("plan-version", "/plans/{plan}/versions/2", "gent"),
    Room("dossier", "/plans/{plan}/dossier", "gent"),
    Room("consortium", "/plans/{plan}/consortium", "gent", does=_open_everything),
    Room("consortium-error", "/plans/{plan}/consortium", "gent", does=_invited_at_length),
    Room("plan-invitation", "/plan-invitations/{invited}", "diksmuide"),
    Room("plan-invitation-nobody", "/plan-invitations/{invited_nobody}", "coordinator"),
    Room("plan-invitations", "/plan-invitations", "diksmuide"),
    Room("plan-invitations-coordinator", "/plan-invitations", "coordinator"),
    Room("plan-invitations-none", "/plan-invitations", "pajottegem"),
    Room("home-others", "/", "kraainem"),
    Room("projects", "/projects"),
    Room("projects-none", "/projects?status=refused&theme=participatie"),
    Room("project", "/projects/{project}"),
    Room("project-member", "/projects/{project}", "gent"),
    Room("project-error", "/projects/{project}", "gent", does=_type_then("Neem contact op", message="x" * 2_001)),
    Room("project-asked", "/projects/{initiative}", "gent", does=_type_then("Neem contact op", message="Werkt het?")),
    Room("project-initiative", "/projects/{initiative}"),
    Room("project-own", "/projects/{led}", "gent", does=_open_everything),
    Room("project-decided", "/projects/{led}"),
    Room("project-decision-error", "/projects/{led}", "gent", does=_approve_without_source),
    Room("project-new", "/projects/new", "gent", does=_open_everything),
    Room("project-new-empty", "/projects/new", "coordinator", does=_send("Zet online")),
    Room("project-from-idea", "/projects/new?idea={own}", "gent"),
    Room("project-from-cluster", "/projects/new?cluster={accepted}", "coordinator"),
    Room("project-edit", "/projects/{led}/edit", "gent"),
    Room("project-edit-overtaken", "/projects/{led}/edit", "gent", does=_overtaken("Bewaar", year="2026")),
    Room("project-versions", "/projects/{led}/versions", "gent"),
    Room("projects-coordinator", "/projects", "coordinator"),
    Room("requests", "/projects/requests", "coordinator"),
    Room("requests-own", "/projects/requests", "turnhout"),
    Room("requests-none", "/projects/requests", "pajottegem"),
    Room("request", "/projects/requests/{project_asked}", "turnhout"),
    Room("request-coordinator", "/projects/requests/{project_asked}", "coordinator"),
    Room("request-idea", "/projects/requests/{about_idea}", "coordinator"),
    Room("request-error", "/projects/requests/{project_asked}", "coordinator", does=_send("Verstuur het antwoord")),
    Room("import", "/projects/import", "coordinator"),
    Room("import-error", "/projects/import", "coordinator", does=_send("Bekijk wat er zou gebeuren")),
    Room("import-plan", "/projects/import", "coordinator", does=_bring_in),
    Room("calls", "/calls"),
    Room("calls-coordinator", "/calls", "coordinator"),
    Room("call", "/calls/{call}"),
    Room("call-open", "/calls/{open_call}"),
    Room("call-coordinator", "/calls/{open_call}", "coordinator", does=_open_everything),
    Room("call-move-error", "/calls/{open_call}", "coordinator", does=_move_without_reason),
    Room("call-draft", "/calls/{draft_call}", "coordinator"),
    Room("call-new", "/calls/new", "coordinator"),
    Room("call-new-empty", "/calls/new", "coordinator", does=_send("Bewaar het ontwerp")),
    Room("call-edit", "/calls/{open_call}/edit", "coordinator"),
    Room("call-edit-overtaken", "/calls/{open_call}/edit", "coordinator", does=_overtaken("Bewaar", name="Anders")),
    Room("municipalities", "/municipalities"),
    Room("municipalities-found", "/municipalities?text=melle&kind=", "gent"),
    Room("municipalities-none", "/municipalities?text=xqzwvk"),
    Room("municipality", "/municipalities/{gent}"),
    Room("municipality-former", "/municipalities/{melle}"),
    Room("municipality-body", "/municipalities/{body}"),
    Room("municipality-province", "/municipalities/{province}"),
    Room("clusters", "/clusters", "coordinator"),
    Room("plain-words", "/matches/words", "coordinator"),
    Room("quality", "/matches/quality", "coordinator"),
    Room("programme", "/programme", "coordinator"),
    Room("cluster-proposed", "/clusters/{proposed}", "coordinator"),
    Room("cluster-open", "/clusters/{proposed}", "coordinator", does=_open_everything),
    Room("cluster-error", "/clusters/{proposed}", "coordinator", does=_reject_without_reason),
    Room("cluster-overtaken", "/clusters/{proposed}", "coordinator", does=_overtaken("Aanvaard dit cluster")),
    Room("cluster-split", "/clusters/{large}/split", "coordinator"),
    Room("cluster-split-error", "/clusters/{large}/split", "coordinator", does=_split_nothing),
    Room("cluster-locked", "/clusters/{locked}", "coordinator"),
    Room("clusters-none-chosen", "/clusters", "coordinator", does=_send("Stel uit")),
    Room("fits", "/matches/fits", "coordinator"),
    Room("clusters-run", "/clusters/run", "coordinator"),
    Room("clusters-reasons", "/clusters/reasons", "coordinator"),
    Room("cluster-rejected", "/clusters/{rejected}", "coordinator"),
    Room("cluster-accepted", "/clusters/{accepted}", "coordinator"),
    Room("cluster", "/clusters/{accepted}"),
    Room("search", "/search"),
    Room("search-hits", "/search?q=parkeren", "gent"),
    Room("search-none", "/search?q=xqzwvk"),
    Room("search-narrowed", "/search?q=parkeren&lang=nl&intent=need", "gent"),
    Room("search-nothing", "/search?q=%22precies+zo%22+-niet&province=Limburg&lang=fr", "gent"),
    Room("search-corrected", "/search?q=parkeerkart"),
    Room("searches", "/searches", "gent"),
    Room("searches-open", "/searches", "gent", does=_open_everything),
    Room("searches-none", "/searches", "pajottegem"),
    Room("searches-error", "/searches", "gent", does=_nameless_search),
    Room("unsubscribe", "/unsubscribe/{stop}"),
    Room("letters", "/account/letters", "gent"),
    Room("attachments", "/ideas/{own}/attachments", "gent"),
    Room("mailbox", "/mailbox"),
    Room("letter", "/mailbox/{letter}"),
    Room("accessibility", "/accessibility"),
    Room("privacy", "/privacy"),
    Room("cookies", "/cookies"),
    Room("style", "/stijl"),
    Room("style-errors", "/stijl?fout=1"),
    Room("error-400", "/ideas/new", "gent", does=_forged),
    Room("error-403", "/clusters", "gent", 403),
    Room("error-404", "/ideas/999999", status=404),
]
