"""Attachments: files at messages and ideas, for who may read these; no row is ever without its file."""

from collections.abc import Sequence
from pathlib import Path

from sqlite_utils import Database

import cluster.circles
import cluster.files
import cluster.ideas
import data.attachments
import data.threads
from cluster.engine.texts import one_line, readable
from cluster.files import Given, Kept
from cluster.people import must_act
from data.store import transaction
from models.attachments import COUNT_AT_MOST, NAME_AT_MOST, ORGANISATION_AT_MOST, SIZE_AT_MOST, TYPES, Attachment
from models.circles import About
from models.errors import N_, Invalid, NotFound, refuse
from models.people import Member

# A file that nothing points to is removed after a day: whoever brings it in, may still be writing.
ORPHAN_AFTER_S = 24 * 3600


def keep(folder: Path, *, files: Sequence[Given]) -> list[Kept]:
    """Keep these files on disk before any row tells of them; refused, with each that cannot be kept named."""
    wrong: list[Invalid] = []
    if len(files) > COUNT_AT_MOST:
        wrong.append(Invalid("files", N_("Voeg hoogstens %(count)s bestanden tegelijk toe."), count=COUNT_AT_MOST))
    refuse(wrong)
    kept = []
    for given in files:
        name = one_line(given.name.replace("\\", "/").rpartition("/")[2])[-NAME_AT_MOST:]
        ending = name.rpartition(".")[2].lower()
        if ending not in TYPES or not readable(name):
            said = N_("%(name)s kan er niet bij. Kies een pdf, een Office- of OpenDocument-bestand, png, jpeg of webp.")
            wrong.append(Invalid("files", said, name=name))
        elif cluster.files.size_of(given.stream) > SIZE_AT_MOST:
            said = N_("%(name)s is te groot: een bestand is hoogstens 10 MB.")
            wrong.append(Invalid("files", said, name=name))
        elif found := cluster.files.keep(folder, name=name, stream=given.stream, wanted=ending):
            kept.append(found)
        else:
            said = N_("%(name)s is geen gewoon %(ending)s-bestand. Bewaar het opnieuw en probeer nog eens.")
            wrong.append(Invalid("files", said, name=name, ending=ending))
    refuse(wrong)
    return kept


def add(
    db: Database,
    folder: Path,
    *,
    member: Member,
    kept: Sequence[Kept],
    message_id: int | None = None,
    idea_id: int | None = None,
) -> None:
    """Inside the caller's transaction: let files that stand on disk belong to a message or an idea.

    Refused when an organisation has no room left, or the file was swept away since it was kept.
    """
    taken = data.attachments.size_of(db, organisation_id=member.organisation_id)
    if kept and taken + sum(one.size for one in kept) > ORGANISATION_AT_MOST:
        raise Invalid("files", N_("Jullie bestanden nemen samen al 500 MB in. Verwijder eerst iets bij jullie ideeën."))
    for one in kept:
        if not cluster.files.place(folder, one.digest).is_file():
            raise Invalid("files", N_("%(name)s ging onderweg verloren. Kies het bestand opnieuw."), name=one.name)
        data.attachments.add(
            db,
            message_id=message_id,
            idea_id=idea_id,
            member_id=member.id,
            organisation_id=member.organisation_id,
            name=one.name,
            type=one.type,
            size=one.size,
            digest=one.digest,
        )


def bring_to_idea(db: Database, folder: Path, *, member: Member | None, idea_id: int, files: Sequence[Given]) -> None:
    """Attach files to an idea of one's own; whoever may see the idea, may have them."""
    asking, _ = must_act(member)
    cluster.ideas.own(db, member=asking, idea_id=idea_id)
    if not files:
        raise Invalid("files", N_("Kies eerst een bestand."))
    kept = keep(folder, files=files)
    with transaction(db):
        cluster.ideas.own(db, member=asking, idea_id=idea_id)
        present = {one.digest for one in data.attachments.of_idea(db, idea_id=idea_id)}
        fresh = [one for one in kept if one.digest not in present]
        if len(present) + len(fresh) > COUNT_AT_MOST:
            said = N_("Een idee heeft hoogstens %(count)s bestanden. Verwijder er eerst een.")
            raise Invalid("files", said, count=COUNT_AT_MOST)
        add(db, folder, member=asking, kept=fresh, idea_id=idea_id)


def of_idea(db: Database, *, idea_id: int) -> list[Attachment]:
    """The files of an idea, for who may see it."""
    return data.attachments.of_idea(db, idea_id=idea_id)


def get(db: Database, *, member: Member | None, attachment_id: int) -> Attachment:
    """A file at a message or an idea that this reader may read; for everybody else there is none."""
    found = data.attachments.get(db, attachment_id=attachment_id)
    if found is None:
        raise NotFound
    if found.idea_id is not None:
        cluster.ideas.get(db, idea_id=found.idea_id, member=member)
        return found
    assert found.message_id is not None
    thread_id, hidden = data.attachments.item_of_message(db, message_id=found.message_id)
    about = data.threads.about(db, thread_id=thread_id)
    if about is None or member is None or hidden:
        raise NotFound
    cluster.circles.within(db, member=member, about=about[0], item_id=about[1])
    if data.threads.reader(db, thread_id=thread_id, member_id=member.id).left:
        raise NotFound
    return found


def remove(db: Database, *, member: Member | None, attachment_id: int) -> Attachment:
    """Take a file of one's own organisation away; twice, it is not found any more."""
    asking, organisation_id = must_act(member)
    with transaction(db):
        found = get(db, member=asking, attachment_id=attachment_id)
        if found.organisation_id != organisation_id:
            raise NotFound
        data.attachments.remove(db, attachment_id=attachment_id)
    return found


def conversation(db: Database, *, attachment: Attachment) -> tuple[About, int]:
    """What the conversation is about in which a file stands."""
    thread_id, _ = data.attachments.item_of_message(db, message_id=attachment.message_id or 0)
    found = data.threads.about(db, thread_id=thread_id)
    if found is None:
        raise NotFound
    return found


def sweep(db: Database, folder: Path, *, older_than_s: float = ORPHAN_AFTER_S) -> int:
    """Remove the files that nothing points to and that are a day old; returns how many.

    Inside a transaction, so that nobody can point to a file while it is looked at and removed.
    """
    candidates = list(cluster.files.old(folder, seconds=older_than_s)) if folder.is_dir() else []
    if not candidates:
        return 0
    with transaction(db):
        gone = [path for path in candidates if not data.attachments.has(db, digest=path.name)]
        for path in gone:
            path.unlink(missing_ok=True)
    return len(gone)
