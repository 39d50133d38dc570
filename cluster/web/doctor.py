"""The doctor: what is wrong with this place, each fault in a sentence that says what to do."""

from collections.abc import Iterator

import cluster.second_steps
import cluster.setup
import data.health
import data.ledger
import data.work
from cluster.web.context import Services
from models.errors import Refusal

_SETUP = "Voer eerst uit: .venv/bin/flask --app wsgi setup"


def faults(services: Services) -> Iterator[str]:
    """What is wrong, one sentence per fault; nothing when all is well. It only looks."""
    if services.encoder.get() is None:
        yield f"De encoder laadt niet ({services.encoder.error}). Controleer MEDESTANDERS_ENCODER."
    if not services.settings.database.exists():
        yield f"Er is geen databank in {services.settings.data}. {_SETUP}"
        return
    try:
        db = services.db()
        if behind := data.health.pending(db):
            yield f"De databank is niet bijgewerkt ({', '.join(behind)}). {_SETUP}"
            return
        for line in data.health.damage(db):
            yield f"De databank is beschadigd: {line}. Zet een reservekopie terug."
        if number := data.ledger.broken_at(db):
            yield f"Het logboek klopt niet vanaf nummer {number}: iemand wijzigde of wiste er iets buiten de dienst om."
        if count := cluster.second_steps.unreadable(db, seals=services.seals):
            yield (
                f"{count} leden komen met hun code niet meer binnen, want MEDESTANDERS_SECRET_KEY is gewijzigd. Zet de "
                "vorige sleutel in MEDESTANDERS_FORMER_SECRET_KEY, of neem hun tweede stap weg (reset-second-step)."
            )
        if count := data.health.given_up(db):
            yield f"{count} taken zijn opgegeven na te veel pogingen. Bekijk de kolom error in de tabel jobs."
    except Exception as error:  # a file that is no database, a version of SQLite that loses data
        yield f"De databank is niet te lezen: {error}."
        return
    if not services.settings.demo:
        if services.settings.smtp_url is None:
            yield "MEDESTANDERS_SMTP_URL is niet ingesteld: e-mails blijven wachten en vertrekken niet."
        if services.settings.url is None:
            yield "MEDESTANDERS_URL is niet ingesteld: links in e-mails wijzen naar localhost."
        if not services.settings.trusted_proxies:
            yield (
                "MEDESTANDERS_TRUSTED_PROXIES is 0: achter een reverse proxy heeft dan iedereen hetzelfde adres, "
                "en de pogingen van een aanvaller sluiten ook anderen buiten. Zet het op het aantal proxy’s."
            )
        try:
            cluster.setup.refuse_demo_members(db)
        except Refusal as refusal:
            yield str(refusal)


def waiting(services: Services) -> int:
    """How many jobs wait for the worker."""
    return data.work.waiting(services.db())
