"""Attachments: only what a file says it is, only for who may read what it stands at, never a row without a file."""

import os
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sqlite_utils import Database

import cluster.files
from cluster import attachments, contacts, ideas, moderation, threads
from cluster.files import Given
from data.store import close, rows, transaction, value
from data.throttles import open_throttles
from models.attachments import TYPES, Attachment
from models.circles import About
from models.errors import Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.moderation import Subject
from models.people import Member

Who = Callable[[str], Member]
PDF = b"%PDF-1.7\n1 0 obj"


def zipped(**parts: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/"), content)
    return file.getvalue()


def document(part: str, **more: bytes) -> bytes:
    return zipped(**{"[Content_Types].xml": b"<Types/>", part: b"<x/>", **more})


GOOD = {
    "pdf": PDF,
    "docx": document("word/document.xml"),
    "xlsx": document("xl/workbook.xml"),
    "pptx": document("ppt/presentation.xml"),
    "odt": zipped(mimetype=TYPES["odt"].encode()),
    "ods": zipped(mimetype=TYPES["ods"].encode()),
    "odp": zipped(mimetype=TYPES["odp"].encode()),
    "png": b"\x89PNG\r\n\x1a\n....",
    "jpg": b"\xff\xd8\xff\xe0....",
    "jpeg": b"\xff\xd8\xff\xe1....",
    "webp": b"RIFF....WEBPVP8 ",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "attachments"


@pytest.fixture
def met(db: Database, who: Who) -> int:
    """An idea of Genk about which Aalter is in contact."""
    form = IdeaForm(title="Zwembad", description="Banen boeken.")
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=form)
    contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="learn", message="")
    contacts.agree(db, member=who("genk"), introduction_id=1)
    return idea_id


@pytest.fixture
def throttles() -> Iterator[Database]:
    db = open_throttles(Path(":memory:"))
    yield db
    close(db)


Say = Callable[..., None]


@pytest.fixture
def say(db: Database, who: Who, met: int, throttles: Database, folder: Path) -> Say:
    def write(name: str, text: str, *files: Given, key: str | None = None) -> None:
        where = {"about": About.IDEA, "item_id": met, "folder": folder, "files": files}
        threads.write(db, throttles, member=who(name), text=text, submission_key=key, moment=0, **where)  # type: ignore[arg-type]

    return write


def file(name: str = "plan.pdf", content: bytes = PDF) -> Given:
    return Given(name, BytesIO(content))


def on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def only(db: Database) -> Attachment:
    [found] = rows(db, "select id from attachments")
    return attachments.data.attachments.get(db, attachment_id=found["id"])  # type: ignore[return-value,attr-defined]


@pytest.mark.parametrize("ending", TYPES)
def test_a_file_is_kept_when_it_is_what_its_name_says(folder: Path, ending: str) -> None:
    [kept] = attachments.keep(folder, files=[file(f"C:\\map\\Plan.{ending.upper()}", GOOD[ending])])
    assert (kept.name, kept.type) == (f"Plan.{ending.upper()}", TYPES[ending])
    assert cluster.files.place(folder, kept.digest).read_bytes() == GOOD[ending]


@pytest.mark.parametrize("ending", TYPES)
@pytest.mark.parametrize(
    "content",
    [b"", b"MZ\x90\x00", b"<html><script>", b"PK\x03\x04broken", zipped(**{"word__evil.js": b"x"}), b"\x00" * 2000],
)
def test_a_file_that_is_something_else_is_refused_and_leaves_nothing(folder: Path, ending: str, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        attachments.keep(folder, files=[file(f"plan.{ending}", content)])
    assert refused.value.field == "files"
    assert on_disk(folder) == []


@pytest.mark.parametrize(
    "given",
    [
        file("plan.html"),
        file("plan.svg"),
        file("plan"),
        file("plan.docm", GOOD["docx"]),
        file("plan.docx", document("word/document.xml", **{"word/vbaProject.bin": b"x"})),
        file("plan.docx", GOOD["xlsx"]),
        file("plan.odt", GOOD["ods"]),
        file("plan\ufffd.pdf"),
        file("groot.pdf", PDF + b"x" * 10 * 1024 * 1024),
    ],
    ids=lambda given: given.name,
)
def test_what_may_not_come_is_refused_by_name(folder: Path, given: Given) -> None:
    with pytest.raises(Invalid):
        attachments.keep(folder, files=[given])
    assert on_disk(folder) == []


def test_every_file_that_cannot_come_is_named_and_eleven_are_too_many(folder: Path) -> None:
    with pytest.raises(Invalid) as refused:
        attachments.keep(folder, files=[file("a.exe"), file(), file("b.pdf", b"x")])
    assert [one.values["name"] for one in refused.value.every] == ["a.exe", "b.pdf"]
    with pytest.raises(Invalid):
        attachments.keep(folder, files=[file()] * 11)


def test_a_message_brings_its_files_once_and_those_in_it_read_them(
    db: Database, who: Who, met: int, say: Say, folder: Path
) -> None:
    for _ in range(2):
        say("genk", "Zie bijlage.", file(), file("foto.png", GOOD["png"]), key="zelfde")
    assert value(db, "select count(*) from attachments") == 2
    found = threads.read(db, member=who("aalter"), about=About.IDEA, item_id=met, page=1)
    assert [one.name for one in found.files[found.messages[0].id]] == ["plan.pdf", "foto.png"]
    for member in (None, who("kortrijk"), who("coordinator")):
        with pytest.raises(NotFound):
            attachments.get(db, member=member, attachment_id=1)
    threads.follow(db, member=who("aalter"), about=About.IDEA, item_id=met, muted=False, left=True)
    with pytest.raises(NotFound):
        attachments.get(db, member=who("aalter"), attachment_id=1)


def test_a_refused_file_keeps_the_message_from_being_written(db: Database, say: Say) -> None:
    with pytest.raises(Invalid):
        say("genk", "Zie bijlage.", file("virus.exe"))
    assert value(db, "select count(*) from messages") == 0


def test_whoever_sees_an_idea_has_its_files_and_its_own_people_change_them(
    db: Database, who: Who, met: int, folder: Path
) -> None:
    for _ in range(2):
        attachments.bring_to_idea(db, folder, member=who("genk"), idea_id=met, files=[file()])
    assert only(db).name == "plan.pdf"
    assert attachments.get(db, member=None, attachment_id=1).name == "plan.pdf"
    with pytest.raises(NotAllowed):
        attachments.bring_to_idea(db, folder, member=who("aalter"), idea_id=met, files=[file()])
    with pytest.raises(NotFound):
        attachments.remove(db, member=who("aalter"), attachment_id=1)
    ideas.withdraw(db, member=who("genk"), idea_id=met)
    with pytest.raises(NotFound):
        attachments.get(db, member=None, attachment_id=1)
    attachments.remove(db, member=who("genk"), attachment_id=1)
    with pytest.raises(NotFound):
        attachments.remove(db, member=who("genk"), attachment_id=1)


def test_an_organisation_has_room_for_so_much(
    db: Database, who: Who, met: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "ORGANISATION_AT_MOST", 2 * len(PDF))
    attachments.bring_to_idea(db, folder, member=who("genk"), idea_id=met, files=[file(), file("b.pdf", PDF + b"")])
    with pytest.raises(Invalid, match="500 MB"):
        attachments.bring_to_idea(db, folder, member=who("genk"), idea_id=met, files=[file("c.pdf", PDF + b"c")])


def test_a_file_comes_before_its_row_and_only_what_nothing_points_to_is_swept_away(
    db: Database, who: Who, met: int, folder: Path
) -> None:
    attachments.bring_to_idea(db, folder, member=who("genk"), idea_id=met, files=[file()])
    # A crash after the files were kept and before the row was written, or in the middle of writing a file.
    attachments.keep(folder, files=[file("weg.pdf", PDF + b"weg")])
    (folder / "new-half").write_bytes(b"half")
    assert attachments.sweep(db, folder) == 0, "whoever brings it in may still be writing"
    for path in on_disk(folder):
        os.utime(path, (0, time.time() - 2 * attachments.ORPHAN_AFTER_S))
    assert attachments.sweep(db, folder) == 2
    assert [path.name for path in on_disk(folder)] == [only(db).digest]
    attachments.remove(db, member=who("genk"), attachment_id=1)
    assert attachments.sweep(db, folder, older_than_s=0) == 1
    assert attachments.sweep(db, folder) == 0


def test_a_file_that_was_swept_meanwhile_makes_no_row(db: Database, who: Who, folder: Path, met: int) -> None:
    kept = attachments.keep(folder, files=[file()])
    attachments.sweep(db, folder, older_than_s=-1)
    with pytest.raises(Invalid, match="verloren"), transaction(db):
        attachments.add(db, folder, member=who("genk"), kept=kept, idea_id=met)
    assert value(db, "select count(*) from attachments") == 0


def letters(db: Database, template: str) -> list[str]:
    sql = "select recipient from letters where dedupe_key like ? order by id"
    return [item["recipient"].split("@")[0] for item in rows(db, sql, [f"{template}:%"])]


def test_who_is_mentioned_hears_at_once_and_not_again_in_the_digest(db: Database, who: Who, met: int, say: Say) -> None:
    say("genk", "Dag @aalter, kijk je mee? @Kortrijk ook?")
    assert letters(db, "mention") == ["aalter"]
    letter = rows(db, "select body, stops from letters where dedupe_key like 'mention:%'")[0]
    assert "> Dag @aalter" in letter["body"]
    assert letter["stops"] == "thread-1"
    assert threads.news(db, member=who("aalter")) == []
    say("genk", "En dit nog.")
    [bundle] = threads.news(db, member=who("aalter"))
    assert bundle.news[0].details["count"] == 1
    assert [one.text for one in bundle.news[0].details["messages"]] == ["En dit nog."]


@pytest.mark.parametrize("how", [{"muted": True, "left": False}, {"muted": False, "left": True}])
def test_who_muted_or_left_is_not_called_back(db: Database, who: Who, met: int, say: Say, how: dict[str, bool]) -> None:
    threads.follow(db, member=who("aalter"), about=About.IDEA, item_id=met, **how)
    say("genk", "Dag @Aalter")
    assert letters(db, "mention") == []


@pytest.mark.parametrize("text", ["aalter@test.example", "x@Aalter", "@Aalters", "@Aalter@x", "Aalter"])
def test_not_everything_with_an_at_is_a_mention(db: Database, say: Say, text: str) -> None:
    say("genk", f"Zie {text} hier.")
    assert letters(db, "mention") == []


def test_a_reported_message_is_hidden_with_a_reason_and_its_author_answers(
    db: Database, who: Who, met: int, say: Say, throttles: Database
) -> None:
    say("genk", "Koop bij mijn neef.", file())
    about = {"kind": Subject.MESSAGE, "item_id": 1}
    for name in ("kortrijk", "coordinator"):
        with pytest.raises(NotFound):
            moderation.reportable(db, member=who(name), **about)
    with pytest.raises(NotAllowed):
        moderation.reportable(db, member=who("genk"), **about)
    case = moderation.report(
        db,
        throttles,
        member=who("aalter"),
        ground="advertising",
        text="",
        moment=0,
        **about,  # type: ignore[arg-type]
    )
    decided = moderation.decide(
        db,
        member=who("coordinator"),
        case_id=case.id,
        revision=case.revision,
        decision="hide",
        reason="Dit is reclame.",
    )
    [message] = threads.read(db, member=who("aalter"), about=About.IDEA, item_id=met, page=1).messages
    assert message.hidden
    assert threads.news(db, member=who("aalter")) == []
    with pytest.raises(NotFound):
        attachments.get(db, member=who("aalter"), attachment_id=1)
    assert letters(db, "moderation") == ["genk"]
    assert f"/conversations/idea/{met}" in value(db, "select body from letters where dedupe_key like 'moderation:%'")
    hiding = moderation.hidden_case(db, member=who("genk"), **about)
    assert hiding == decided
    moderation.answer(db, member=who("genk"), case_id=case.id, text="Het was een grap.")
    shown = moderation.decide(
        db, member=who("coordinator"), case_id=case.id, revision=decided.revision + 1, decision="show", reason="Goed."
    )
    assert shown.state == "shown"
    assert not threads.read(db, member=who("aalter"), about=About.IDEA, item_id=met, page=1).messages[0].hidden
