"""Every kind of page: who sees it, where, and what to do there first."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page
from sqlite_utils import Database

import cluster.clusters
import cluster.contacts
import cluster.ideas
import data.clusters
from data.store import value
from models.clusters import ClusterState
from models.ideas import IdeaForm
from models.people import Member

_LONG = "Omgevingsvergunningsaanvraagformulierenverwerkingsplatform"


@dataclass(frozen=True)
class Room:
    """One kind of page. `at` may name ids that `arrange` found: /ideas/{own}."""

    name: str
    at: str
    who: str | None = None
    status: int = 200
    does: Callable[[Page], None] | None = None


def arrange(place: Database, account: Callable[[str], Member]) -> dict[str, int]:
    """Bring the demo into the states the rooms need, by the verbs, and tell the ids of what stands in them."""
    gent = account("gent")
    asked_of_others = cluster.contacts.inbox(place, member=gent).sent
    asked_of_turnhout = cluster.contacts.inbox(place, member=account("turnhout")).received
    forms = {
        "own": IdeaForm(title="Eén afspraak voor paspoort en rijbewijs", description="Nu moet je twee keer komen."),
        "withdrawn": IdeaForm(title="Een idee dat we intrekken", description="Het bestond al."),
        "long": IdeaForm(title=f"{_LONG} " * 3, description=f"{_LONG * 8}\n\n{'Een lange zin die doorgaat. ' * 90}"),
    }
    ids = {
        name: cluster.ideas.post(place, encoder=None, member=gent, form=form, submission_key=f"room-{name}")
        for name, form in forms.items()
    }
    cluster.ideas.withdraw(place, member=gent, idea_id=ids["withdrawn"])
    return {
        **ids,
        **_clusters(place, account("coordinator")),
        "asked": next(one.id for one in asked_of_turnhout if one.state == "asked"),
        "waiting": next(one.id for one in asked_of_others if one.state == "asked"),
        "agreed": next(one.id for one in asked_of_others if one.state == "agreed"),
        "supported": demo_idea(place, "DEMO-001"),
        "endorsed": demo_idea(place, "DEMO-004"),
        "others": demo_idea(place, "DEMO-010"),
        "french": demo_idea(place, "DEMO-019"),
        "real": int(value(place, "select id from ideas where organisation_id is null")),
        "project": int(value(place, "select id from projects where programme = 1 order by id")),
        "initiative": int(value(place, "select id from projects where programme = 0 order by id")),
        "gent": int(value(place, "select id from organisations where name = 'Gent'")),
        "melle": int(value(place, "select id from organisations where name = 'Melle'")),
        "body": int(value(place, "select body_id from stands_for group by 1 order by count(*) desc, 1")),
        "province": int(value(place, "select id from organisations where kind = 'province' order by id")),
        "call": int(value(place, "select id from calls order by id")),
        "letter": int(value(place, "select id from letters where state = 'sent' order by id")),
    }


def demo_idea(place: Database, external_id: str) -> int:
    """The id of an idea of the demo."""
    return int(value(place, "select id from ideas where external_id = ?", [external_id]))


def _clusters(place: Database, coordinator: Member) -> dict[str, int]:
    proposals = data.clusters.listed(place, states=[ClusterState.PROPOSED])
    accepted, rejected = proposals[-1], proposals[-2]
    cluster.clusters.accept(place, cluster_id=accepted.id, revision=accepted.revision, member=coordinator)
    reason = "De noden verschillen te veel."
    cluster.clusters.reject(
        place, cluster_id=rejected.id, revision=rejected.revision, member=coordinator, reason=reason
    )
    return {"proposed": proposals[0].id, "accepted": accepted.id, "rejected": rejected.id}


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


def _open_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def _forged(page: Page) -> None:
    # Set, not typed: the panel must not ask with the forged token as well.
    page.locator("#title").evaluate("title => title.value = 'Wat ik typte, mag niet weg zijn'")
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(one => one.value = 'x')")
    _send("Plaats je idee")(page)


def _overtaken(button: str) -> Callable[[Page], None]:
    def send_what_is_old(page: Page) -> None:
        page.evaluate("document.querySelectorAll('[name=revision]').forEach(one => one.value = '99')")
        _send(button)(page)

    return send_what_is_old


def _reject_without_reason(page: Page) -> None:
    _open_everything(page)
    _send("Verwerp")(page)


def _wrong_sums(page: Page) -> None:
    _open_everything(page)
    page.locator("[name=days]").fill("heel veel")
    _send("Ook wij")(page)


ROOMS = [
    Room("home", "/"),
    Room("home-member", "/", "gent"),
    Room("home-waiting", "/", "turnhout"),
    Room("home-coordinator", "/", "coordinator"),
    Room("sign-in", "/sign-in"),
    Room("sign-in-error", "/sign-in", does=_type_then("Aanmelden", email="iemand@voorbeeld.be", password="verkeerd")),
    Room("account", "/account", "gent"),
    Room("ideas", "/ideas"),
    Room("ideas-member", "/ideas?page=2&sort=title", "gent"),
    Room("ideas-none", "/ideas?theme=ai&province=Limburg&intent=experience"),
    Room("idea", "/ideas/{supported}"),
    Room("idea-own", "/ideas/{own}", "gent"),
    Room("idea-own-supported", "/ideas/{supported}", "gent"),
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
    Room("edit", "/ideas/{own}/edit", "gent"),
    Room("edit-empty", "/ideas/{own}/edit", "gent", does=_type_then("Bewaar", title="", description="")),
    Room("edit-overtaken", "/ideas/{own}/edit", "gent", does=_overtaken("Bewaar")),
    Room("endorse", "/ideas/{others}/endorse", "gent"),
    Room("endorse-error", "/ideas/{others}/endorse", "gent", does=_wrong_sums),
    Room("endorse-change", "/ideas/{endorsed}/endorse", "gent"),
    Room("contacts", "/introductions", "gent"),
    Room("contacts-none", "/introductions", "pajottegem"),
    Room("contact-asked", "/introductions/{asked}", "turnhout"),
    Room("contact-waiting", "/introductions/{waiting}", "gent"),
    Room("contact-agreed", "/introductions/{agreed}", "gent"),
    Room("projects", "/projects"),
    Room("projects-none", "/projects?status=refused&theme=participatie"),
    Room("project", "/projects/{project}"),
    Room("project-member", "/projects/{project}", "gent"),
    Room("project-error", "/projects/{project}", "gent", does=_type_then("Neem contact op", message="x" * 2_001)),
    Room("project-asked", "/projects/{initiative}", "gent", does=_type_then("Neem contact op", message="Werkt het?")),
    Room("project-initiative", "/projects/{initiative}"),
    Room("calls", "/calls"),
    Room("call", "/calls/{call}"),
    Room("municipalities", "/municipalities"),
    Room("municipalities-found", "/municipalities?text=melle&kind=", "gent"),
    Room("municipalities-none", "/municipalities?text=xqzwvk"),
    Room("municipality", "/municipalities/{gent}"),
    Room("municipality-former", "/municipalities/{melle}"),
    Room("municipality-body", "/municipalities/{body}"),
    Room("municipality-province", "/municipalities/{province}"),
    Room("clusters", "/clusters", "coordinator"),
    Room("cluster-proposed", "/clusters/{proposed}", "coordinator"),
    Room("cluster-open", "/clusters/{proposed}", "coordinator", does=_open_everything),
    Room("cluster-error", "/clusters/{proposed}", "coordinator", does=_reject_without_reason),
    Room("cluster-overtaken", "/clusters/{proposed}", "coordinator", does=_overtaken("Aanvaard dit cluster")),
    Room("cluster-rejected", "/clusters/{rejected}", "coordinator"),
    Room("cluster-accepted", "/clusters/{accepted}", "coordinator"),
    Room("cluster", "/clusters/{accepted}"),
    Room("search", "/search"),
    Room("search-hits", "/search?q=parkeren", "gent"),
    Room("search-none", "/search?q=xqzwvk"),
    Room("mailbox", "/mailbox"),
    Room("letter", "/mailbox/{letter}"),
    Room("error-400", "/ideas/new", "gent", does=_forged),
    Room("error-403", "/clusters", "gent", 403),
    Room("error-404", "/ideas/999999", status=404),
]
