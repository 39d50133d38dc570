"""Two municipalities in contact talk, share the costs and take the dossier home, with script and without."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page
from sqlite_utils import Database

import cluster.adoptions
import cluster.consortia
import cluster.contacts
import cluster.ideas
import cluster.plans
from models.circles import About
from models.ideas import IdeaForm
from models.people import Member

Visit = Callable[..., Page]
FORM = IdeaForm(title="Een zwembad boeken", description="Banen en uren boeken zonder te bellen.")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_from_contact_to_dossier(visit: Visit, place: Database, account: Callable[[str], Member], script: bool) -> None:
    form = replace(FORM, title=f"{FORM.title} {script}")
    idea_id = cluster.ideas.post(place, encoder=None, member=account("gent"), form=form)
    cluster.contacts.endorse(place, member=account("turnhout"), idea_id=idea_id, role="buy", message="")
    received = cluster.contacts.inbox(place, member=account("gent")).received
    introduction = next(one for one in received if one.idea_id == idea_id)
    if introduction.state != "agreed":
        cluster.contacts.agree(place, member=account("gent"), introduction_id=introduction.id)
    gent, turnhout = (visit(name, java_script_enabled=script) for name in ("gent", "turnhout"))

    gent.goto(f"/ideas/{idea_id}")
    press(gent, "link", "Schrijf een bericht")
    gent.get_by_label("Je bericht").fill("Dag!\n\n- dinsdag?\n- woensdag?")
    press(gent, "button", "Verstuur")
    assert gent.locator(".message li").count() == 2
    turnhout.goto(f"/ideas/{idea_id}")
    press(turnhout, "link", "Schrijf een bericht")
    assert "woensdag?" in turnhout.locator(".message").inner_text()
    brings_a_file(gent, turnhout, account("turnhout").name)
    is_called(visit(java_script_enabled=script), account("turnhout"))
    reports_a_message(turnhout)

    gent.goto(f"/ideas/{idea_id}")
    press(gent, "link", "Maak een kostenplan")
    gent.locator("#item-0-what").fill("Bouwen")
    gent.locator("#item-0-year").fill("2027")
    gent.locator("#item-0-amount").fill("100.000")
    gent.locator("#call").select_option(index=1)
    press(gent, "button", "Bekijk de verdeling")
    assert "Dit is nog niet bewaard." in gent.locator("main").inner_text()
    press(gent, "button", "Bewaar en deel dit plan")
    assert "€ 10.000" in gent.locator("main").inner_text().replace("\xa0", " ")
    press(gent, "button", "Aanvaard deze versie")

    turnhout.goto("/plans")
    press(turnhout, "link", form.title)
    assert "zonder Gent" in turnhout.locator("main").inner_text()
    press(turnhout, "button", "Aanvaard deze versie")
    assert "iedereen aanvaardde" in turnhout.locator("main").inner_text()
    press(turnhout, "link", "Dossier")
    said = turnhout.locator("main").inner_text().replace("\xa0", " ")
    assert "€ 80.000" in said
    assert "Nog niet elk bestuur" not in said
    # On paper stand what it says, which version and of when, and nothing to press.
    turnhout.emulate_media(media="print")
    printed = turnhout.locator("body").inner_text().replace("\xa0", " ")
    assert "Versie 1" in printed
    assert "€ 80.000" in printed
    assert not [words for words in ("Druk deze pagina", "Excel", "Toegankelijkheid", "Terug") if words in printed]
    assert turnhout.locator("button:visible").count() == 0
    turnhout.emulate_media(media="screen")
    with turnhout.expect_download() as download:
        turnhout.get_by_role("main").get_by_role("link", name="Excel").first.click()
    assert download.value.suggested_filename.endswith(".xlsx")


def brings_a_file(writer: Page, reader: Page, name: str) -> None:
    """What may not come is refused and nothing typed is lost; what may, the other takes home."""
    field = writer.get_by_label("Bestanden (niet verplicht)")
    writer.get_by_label("Je bericht").fill(f"Zie bijlage, @{name}.")
    field.set_input_files({"name": "plan.exe", "mimeType": "application/pdf", "buffer": b"MZ"})
    press(writer, "button", "Verstuur")
    assert "plan.exe kan er niet bij" in writer.locator("#files-error").inner_text()
    assert writer.get_by_label("Je bericht").input_value() == f"Zie bijlage, @{name}."
    field.set_input_files({"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    press(writer, "button", "Verstuur")
    reader.reload()
    with reader.expect_download() as download:
        reader.get_by_role("link", name="plan.pdf").click()
    assert download.value.suggested_filename == "plan.pdf"


def is_called(reader: Page, called: Member) -> None:
    reader.goto("/mailbox")
    letter = reader.locator("main li.card").filter(has_text=called.email).filter(has_text="noemt je in het gesprek")
    assert letter.count() >= 1


def reports_a_message(page: Page) -> None:
    page.get_by_role("link", name="Meld dit bericht").last.click()
    page.locator("input[name=ground]").first.check()
    press(page, "button", "Verstuur de melding")
    assert "De coördinatoren kijken ernaar" in page.locator("body").inner_text()


def press(page: Page, role: str, name: str) -> None:
    """Press what has this name in the main part, and wait for the page that comes."""
    with page.expect_navigation():
        page.get_by_role("main").get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_an_idea_is_passed_on_and_a_third_government_joins_its_plan(
    visit: Visit, place: Database, account: Callable[[str], Member], script: bool
) -> None:
    form = replace(FORM, title=f"Een kerkhof op de kaart {script}")
    idea_id = cluster.ideas.post(place, encoder=None, member=account("gent"), form=form)
    cluster.contacts.endorse(place, member=account("turnhout"), idea_id=idea_id, role="lead", message="")
    cluster.adoptions.let_go(place, member=account("gent"), idea_id=idea_id)
    gent, turnhout, bree = (visit(name, java_script_enabled=script) for name in ("gent", "turnhout", "bree"))

    turnhout.goto("/")
    press(turnhout, "link", f"Gent geeft “{form.title}” door: nemen jullie het over?")
    press(turnhout, "button", "Wij nemen dit idee over")
    assert "Dit idee is nu van jullie." in turnhout.locator("main").inner_text()

    press(turnhout, "link", "Maak een kostenplan")
    turnhout.locator("#item-0-what").fill("Bouwen")
    turnhout.locator("#item-0-year").fill("2027")
    turnhout.locator("#item-0-amount").fill("30.000")
    press(turnhout, "button", "Bewaar en deel met wie meedoet")
    press(turnhout, "link", "Wie doet mee, en wie past erbij?")
    assert "nog niet aanvaard: Gent, Turnhout" in turnhout.locator("main").inner_text()

    plan_id = cluster.plans.of_item(place, member=account("turnhout"), about=About.IDEA, item_id=idea_id)[1]
    assert plan_id is not None
    invited = int(account("bree").organisation_id or 0)
    cluster.consortia.invite(place, member=account("turnhout"), plan_id=plan_id, organisation_id=invited)
    bree.goto("/")
    press(bree, "link", f"Turnhout nodigt jullie uit voor “{form.title}”")
    press(bree, "button", "Ja, wij doen mee")
    press(bree, "button", "Aanvaard deze versie")
    gent.goto(f"/plans/{plan_id}/consortium")
    said = gent.locator("main").inner_text()
    assert "nog niet aanvaard: Gent, Turnhout" in said
    assert "Doet mee" in said
