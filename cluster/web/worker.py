"""The worker: does queued work, one job at a time, beside the web server."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

import structlog
from sqlite_utils import Database

import cluster.announcements
import cluster.assessments
import cluster.attachments
import cluster.digests
import cluster.echoes
import cluster.fits
import cluster.letters
import cluster.mail
import cluster.matches
import cluster.placements
import cluster.privacy
import cluster.proposals
import cluster.reminders
import cluster.snapshots
import cluster.themes
import cluster.work
from cluster.figures import Reader
from cluster.web.context import Services
from cluster.web.letters import sign
from cluster.web.settings import Settings
from data.work import ATTEMPTS_AT_MOST, Job
from models.clusters import Progress
from models.matches import Kind
from models.reminders import Reminder

# Longer than any job takes: a letter at most two minutes with a mail server that dawdles, grouping at most three.
LEASE_S = 300
_IDLE_S = 0.5
# After a few hours a failing job is tried every hour. Letters then wait for about five days, as mail servers do, and
# so does what an encoder that is missing has to do. Who asked for a fit reads at once why it failed, and asks again.
_TRIES = {"letter": 130, "embed": 130, "assess": 130, "fit": 1}
# How often it looks whether the file of vectors that all processes share lags behind.
_REFRESHED_EVERY_S = 10.0
# How often it forgets what is past its days.
_TIDIED_EVERY_S = 12 * 3600.0
# How long letters wait, untried, while the place has no mail server.
_POSTPONED_S = 300
_log = structlog.get_logger()


class _NotNow(LookupError):
    """A setting is missing, so the job cannot even be tried."""


def work(services: Services, *, once: bool, stop: threading.Event | None = None, lease_s: int = LEASE_S) -> int:
    """Do queued work until told to stop, or (`once`) until nothing is due; returns how many jobs were done.

    SIGTERM and SIGINT stop it after the job in hand. A job that fails is logged and tried again later, and a fault
    of the store is waited out, so the worker itself goes on. Letters that were given up get a job again first, and
    between jobs it keeps the shared file of vectors fresh, and sees to it that a morning of digests lies ahead.
    """
    done, ready, refreshed, tidied = 0, False, -_REFRESHED_EVERY_S, -_TIDIED_EVERY_S
    with _stopped_by_signals(stop or threading.Event()) as ended:
        while not ended.is_set():
            try:
                if not ready:
                    cluster.letters.queue_stranded(services.db())
                    ready = True
                if time.monotonic() - tidied >= _TIDIED_EVERY_S:
                    tidied = time.monotonic()  # first: what cannot be tidied now must not stop the letters
                    cluster.privacy.tidy(services.db(), services.throttles())
                did = _one(services, lease_s)
                if time.monotonic() - refreshed >= _REFRESHED_EVERY_S or (once and did is None):
                    cluster.snapshots.refresh(services.db(), path=services.settings.snapshot)
                    cluster.digests.wake(services.db())
                    refreshed = time.monotonic()
            except Exception:
                if once:
                    raise
                _log.exception("worker")
                did = None
            done += did is True
            if did is None:
                if once:
                    break
                ended.wait(_IDLE_S)
    return done


def _one(services: Services, lease_s: int) -> bool | None:
    """Do the next job: true when it went well, false when it failed, none when there was none."""
    db = services.db()
    job = cluster.work.take(db, seconds=lease_s)
    if job is None:
        return None
    tries = _TRIES.get(job.kind, ATTEMPTS_AT_MOST)
    try:
        _HANDLERS.get(job.kind, _unknown)(services, job)
    except _NotNow as reason:
        cluster.work.postpone(db, job=job, error=str(reason), seconds=_POSTPONED_S)
        return False
    except Exception as fault:  # whatever it is, it must not stop the other jobs
        _log.warning("job failed", kind=job.kind, key=job.key, attempts=job.attempts, fault=type(fault).__name__)
        cluster.work.give_back(db, job=job, error=f"{type(fault).__name__}: {fault}"[:500], tries=tries)
        return False
    cluster.work.finish(db, job=job)
    return True


def _letter(services: Services, job: Job) -> None:
    settings = services.settings
    cluster.letters.deliver(
        services.db(),
        letter_id=int(job.payload["letter_id"]),
        send=_send(settings),
        sender=settings.sender,
        home=settings.home,
        sign=partial(sign, settings.session_secret()),
        last_try=job.attempts >= _TRIES["letter"],
    )


def _send(settings: Settings) -> cluster.mail.Send | None:
    """How letters leave: by the mail server; in a demo without one, not at all."""
    if settings.smtp_url:
        return partial(cluster.mail.post, smtp_url=settings.smtp_url)
    if settings.demo:
        return None
    raise _NotNow("MEDESTANDERS_SMTP_URL is not set: letters wait")


def _embed(services: Services, job: Job) -> None:
    encoder = services.encoder.get()
    if encoder is None:
        raise LookupError(f"no encoder: {services.encoder.error}")
    if not job.payload:
        cluster.matches.embed_missing(services.db(), encoder=encoder)
        cluster.themes.queue(services.db())
        return
    kind, item_id = Kind(job.payload["kind"]), int(job.payload["item_id"])
    cluster.matches.embed(services.db(), encoder=encoder, kind=kind, item_id=item_id)
    cluster.placements.place(services.db(), reader=Reader(encoder, services.index), item=(kind, item_id))
    cluster.echoes.listen(services.db(), encoder=encoder, index=services.index, item=(kind, item_id))
    if kind is Kind.IDEA:
        cluster.themes.guess(services.db(), encoder=encoder, index=services.index, idea_id=item_id)


def _themes(services: Services, job: Job) -> None:
    encoder = services.encoder.get()
    # Without an encoder nothing is guessed, and nothing is wrong: every day it is tried again.
    if encoder is not None:
        after_id = int(job.payload["after"])
        cluster.themes.guess_missing(services.db(), encoder=encoder, index=services.index, after_id=after_id)


def _propose(services: Services, job: Job) -> None:
    db = services.db()
    tell = partial(_keep_progress, db)
    cluster.proposals.propose(db, encoder=services.encoder.get(), tell=tell)


def _keep_progress(db: Database, progress: Progress) -> None:
    cluster.proposals.keep_progress(db, progress=progress)


def _accepted(services: Services, job: Job) -> None:
    cluster.announcements.tell(services.db(), cluster_id=int(job.payload["cluster_id"]))


def _assess(services: Services, job: Job) -> None:
    encoder = services.encoder.get()
    if encoder is None:
        raise LookupError(f"no encoder: {services.encoder.error}")
    cluster.assessments.assess_missing(services.db(), encoder=encoder, index=services.index)


def _fit(services: Services, job: Job) -> None:
    encoder = services.encoder.get()
    if encoder is None:
        raise LookupError(f"no encoder: {services.encoder.error}")
    cluster.fits.fit(services.db(), encoder=encoder, ideas=None)


def _digests(services: Services, job: Job) -> None:
    """What is done once a day: digests are queued, files that nothing points to are removed, themes are guessed."""
    cluster.digests.morning(services.db())
    cluster.themes.queue(services.db())
    cluster.attachments.sweep(services.db(), services.settings.data / "attachments")


def _digest(services: Services, job: Job) -> None:
    cluster.digests.write(services.db(), index=services.index, member_id=int(job.payload["member_id"]))


def _reminder(services: Services, job: Job) -> None:
    what = Reminder(job.payload["what"])
    cluster.reminders.remind(services.db(), introduction_id=int(job.payload["introduction_id"]), what=what)


def _unknown(services: Services, job: Job) -> None:
    raise LookupError(f"nobody knows how to do {job.kind}")


_HANDLERS: dict[str, Callable[[Services, Job], None]] = {
    "letter": _letter,
    "embed": _embed,
    "themes": _themes,
    "propose": _propose,
    "accepted": _accepted,
    "assess": _assess,
    "fit": _fit,
    "digests": _digests,
    "digest": _digest,
    "reminder": _reminder,
}


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[threading.Event]:
    """Let SIGTERM and SIGINT set `stop`; only the main thread may listen to signals."""
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def tell(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
