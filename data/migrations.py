"""The schema, as numbered steps that run once each, in order; running them again changes nothing."""

from sqlite_utils import Database, Migrations

migrations = Migrations("medestanders")


def migrate(db: Database) -> None:
    """Bring the schema up to date. The caller holds the transaction."""
    migrations.apply(db)


def _all(db: Database, statements: str) -> None:
    for statement in statements.split(";\n\n"):
        if statement.strip():
            db.execute(statement)


@migrations(name="001_first_rooms")
def first_rooms(db: Database) -> None:
    """People, calls, projects, ideas, contacts, clusters, letters, embeddings, work and search."""
    _all(db, PEOPLE + CALLS + PROJECTS + IDEAS + CONTACTS + CLUSTERS + LETTERS + EMBEDDINGS + SEARCH)


PEOPLE = """
create table organisations (
  id integer primary key,
  uri text not null unique,
  kind text not null check (kind in ('municipality', 'intermunicipal', 'province', 'other')),
  name text not null,
  province text,
  nis text,
  kbo text,
  ovo text,
  inhabitants integer,
  lat real,
  lon real,
  valid_from text,
  valid_until text,
  successor_id integer references organisations (id)
) strict;

create index organisations_name on organisations (name collate nocase);

create table organisation_names (
  organisation_id integer not null references organisations (id),
  name text not null,
  nis text,
  kbo text,
  ovo text,
  valid_from text,
  valid_until text
) strict;

create index organisation_names_organisation on organisation_names (organisation_id);

create table stands_for (
  body_id integer not null references organisations (id),
  municipality_id integer not null references organisations (id),
  primary key (body_id, municipality_id)
) strict, without rowid;

create table mergers (
  original_id integer not null references organisations (id),
  resulting_id integer not null references organisations (id),
  happened_on text not null,
  identity text not null,
  primary key (original_id, resulting_id)
) strict, without rowid;

create table members (
  id integer primary key,
  organisation_id integer references organisations (id),
  email text not null unique collate nocase,
  name text not null,
  function text,
  role text not null check (role in ('member', 'coordinator')),
  locale text not null default 'nl',
  password_hash text,
  standing_consent integer not null default 0 check (standing_consent in (0, 1)),
  session_key text not null,
  active integer not null default 1 check (active in (0, 1)),
  demo integer not null default 0 check (demo in (0, 1)),
  created_at text not null,
  check (role = 'coordinator' or organisation_id is not null)
) strict;

create index members_organisation on members (organisation_id);

"""

CALLS = """
create table themes (slug text primary key, position integer not null, uri text, names text not null) strict;

create table calls (
  id integer primary key,
  number integer not null unique,
  name text not null,
  kind text not null,
  kind_name text not null,
  opens_at text not null,
  closes_at text not null,
  ceiling_eur integer not null,
  funding_percent integer not null,
  realisation text not null,
  uri text not null unique,
  remark text
) strict;

create table call_themes (
  call_id integer not null references calls (id),
  theme text not null references themes (slug),
  primary key (call_id, theme)
) strict, without rowid;

create table call_deadlines (
  call_id integer not null references calls (id),
  position integer not null,
  closes_at text not null,
  note text,
  primary key (call_id, position)
) strict, without rowid;

"""

PROJECTS = """
create table projects (
  id integer primary key,
  external_id text unique,
  title text not null,
  summary text not null,
  programme integer not null default 1 check (programme in (0, 1)),
  status text not null check (status in ('submitted', 'approved', 'refused', 'unknown')),
  status_note text,
  lead_id integer references organisations (id),
  lead text not null,
  theme text references themes (slug),
  theme_derived integer not null default 0 check (theme_derived in (0, 1)),
  call_id integer references calls (id),
  subsidy_cents integer,
  year text,
  remark text,
  urls text not null default '[]',
  lang text not null default 'nl',
  demo integer not null default 0 check (demo in (0, 1)),
  created_at text not null,
  updated_at text not null
) strict;

create index projects_updated on projects (updated_at desc, id desc);

create table project_partners (
  project_id integer not null references projects (id) on delete cascade,
  position integer not null,
  name text not null,
  organisation_id integer references organisations (id),
  primary key (project_id, position)
) strict, without rowid;

"""

IDEAS = """
create table ideas (
  id integer primary key,
  external_id text unique,
  organisation_id integer references organisations (id),
  author_id integer references members (id),
  title text not null,
  description text not null,
  theme text references themes (slug),
  call_id integer references calls (id),
  stage text not null default 'idee' check (stage in ('idee', 'plan', 'klaar', 'loopt')),
  intent text not null default 'need' check (intent in ('need', 'offer', 'experience')),
  seeks text not null default '[]',
  budget text check (budget in ('<25k', '25k-75k', '75k-150k', '150k-500k', '>500k')),
  target_group text,
  lang text not null default 'nl',
  state text not null default 'open' check (state in ('open', 'withdrawn', 'hidden')),
  source_url text,
  submission_key text unique,
  demo integer not null default 0 check (demo in (0, 1)),
  revision integer not null default 1,
  created_at text not null,
  updated_at text not null
) strict;

create index ideas_open_newest on ideas (state, created_at desc, id desc);

create index ideas_organisation on ideas (organisation_id, state);

create index ideas_theme on ideas (theme, state);

create index ideas_call on ideas (call_id, state);

create table idea_versions (
  idea_id integer not null references ideas (id),
  revision integer not null,
  member_id integer references members (id),
  written_at text not null,
  fields text not null,
  primary key (idea_id, revision)
) strict, without rowid;

"""

CONTACTS = """
create table endorsements (
  id integer primary key,
  idea_id integer not null references ideas (id),
  organisation_id integer not null references organisations (id),
  member_id integer not null references members (id),
  role text not null check (role in ('lead', 'develop', 'buy', 'learn', 'have')),
  amount text check (amount in ('<25k', '25k-75k', '75k-150k', '150k-500k', '>500k')),
  days integer check (days between 1 and 2000),
  message text not null default '',
  active integer not null default 1 check (active in (0, 1)),
  created_at text not null,
  updated_at text not null,
  unique (idea_id, organisation_id)
) strict;

create index endorsements_organisation on endorsements (organisation_id);

create table introductions (
  id integer primary key,
  endorsement_id integer not null unique references endorsements (id),
  poster_member_id integer references members (id),
  state text not null check (state in ('asked', 'agreed', 'declined', 'withdrawn')),
  asked_at text not null,
  answered_at text
) strict;

create index introductions_poster on introductions (poster_member_id, state);

"""

CLUSTERS = """
create table judgements (
  id integer primary key,
  a_kind text not null check (a_kind in ('idea', 'project')),
  a_id integer not null,
  b_kind text not null check (b_kind in ('idea', 'project')),
  b_id integer not null,
  judgement text not null check (judgement in ('same', 'related', 'different', 'unsure')),
  member_id integer references members (id),
  cluster_id integer,
  reason text,
  given_at text not null,
  check (a_kind < b_kind or (a_kind = b_kind and a_id < b_id))
) strict;

create index judgements_pair on judgements (a_kind, a_id, b_kind, b_id, id desc);

create table clusters (
  id integer primary key,
  state text not null check (state in ('proposed', 'accepted', 'rejected', 'dissolved')),
  name text not null,
  named_by_person integer not null default 0 check (named_by_person in (0, 1)),
  terms text not null default '[]',
  cohesion real,
  weakest text,
  reason text,
  revision integer not null default 1,
  decided_at text,
  decided_by integer references members (id),
  created_at text not null,
  updated_at text not null
) strict;

create index clusters_state on clusters (state, updated_at desc);

create table cluster_members (
  cluster_id integer not null references clusters (id),
  kind text not null check (kind in ('idea', 'project')),
  item_id integer not null,
  position integer not null,
  fit real,
  primary key (cluster_id, kind, item_id)
) strict, without rowid;

create index cluster_members_item on cluster_members (kind, item_id);

create table cluster_history (
  id integer primary key,
  cluster_id integer not null references clusters (id),
  revision integer not null,
  action text not null,
  member_id integer references members (id),
  reason text,
  before text not null,
  happened_at text not null
) strict;

create index cluster_history_cluster on cluster_history (cluster_id, id);

create table cluster_runs (
  id integer primary key,
  encoder text not null,
  items integer not null,
  added integer not null,
  changed integer not null,
  dissolved integer not null,
  contradictions text not null,
  ended_at text not null
) strict;

"""

LETTERS = """
create table letters (
  id integer primary key,
  dedupe_key text not null unique,
  message_id text not null unique,
  member_id integer references members (id),
  recipient text not null,
  subject text not null,
  body text not null,
  lang text not null,
  state text not null default 'queued' check (state in ('queued', 'sent', 'failed')),
  attempts integer not null default 0,
  error text,
  created_at text not null,
  sent_at text
) strict;

create index letters_recent on letters (id desc, state);

create table jobs (
  id integer primary key,
  kind text not null,
  key text not null,
  payload text not null default '{}',
  not_before text not null,
  leased_until text,
  lease text,
  attempts integer not null default 0,
  error text,
  done_at text
) strict;

create unique index jobs_waiting on jobs (kind, key) where done_at is null;

create index jobs_next on jobs (not_before, id) where done_at is null;

"""

# `seq` rises with every change of what a match may show, so that each process can follow with
# "give me what changed since": a change counter instead of a restart.
EMBEDDINGS = """
create table embeddings (
  kind text not null check (kind in ('idea', 'project')),
  item_id integer not null,
  encoder text not null,
  text_hash text not null,
  vector blob not null,
  primary key (kind, item_id, encoder, text_hash)
) strict, without rowid;

create table item_changes (
  kind text not null,
  item_id integer not null,
  seq integer not null,
  primary key (kind, item_id)
) strict, without rowid;

create index item_changes_seq on item_changes (seq);

"""


def _change_trigger(table: str, event: str, kind: str, item_id: str) -> str:
    name = event.split()[0]
    return f"""
create trigger {table}_{name}_counts after {event} on {table} begin
  insert into item_changes (kind, item_id, seq)
  values ({kind}, {item_id}, (select coalesce(max(seq), 0) + 1 from item_changes))
  on conflict (kind, item_id) do update set seq = excluded.seq;
end;

"""


def _forget_trigger(table: str, kind: str) -> str:
    """What is erased leaves no vector behind: an id may be given out again."""
    return f"""
create trigger {table}_delete_vectors after delete on {table} begin
  delete from embeddings where kind = '{kind}' and item_id = old.id;
end;

"""


def _search_triggers(table: str, body: str, parity: int) -> str:
    """Keep `texts` equal to the table: ideas on even rowids, projects on odd ones."""
    add = f"insert into texts (rowid, title, body) values (new.id * 2 + {parity}, new.title, {body});"
    remove = f"delete from texts where rowid = old.id * 2 + {parity};"
    return f"""
create trigger {table}_insert_text after insert on {table} begin {add} end;

create trigger {table}_delete_text after delete on {table} begin {remove} end;

create trigger {table}_update_text after update of title, {body.split(".")[1]} on {table} begin {remove} {add} end;

"""


EMBEDDINGS += "".join(
    [
        _change_trigger("embeddings", "insert", "new.kind", "new.item_id"),
        _change_trigger("embeddings", "update", "new.kind", "new.item_id"),
        _change_trigger("embeddings", "delete", "old.kind", "old.item_id"),
        _change_trigger("ideas", "update of state, title, description", "'idea'", "new.id"),
        _change_trigger("projects", "update of title, summary", "'project'", "new.id"),
        _forget_trigger("ideas", "idea"),
        _forget_trigger("projects", "project"),
    ]
)

SEARCH = """
create virtual table texts using fts5 (
  title, body, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3 4'
);

create virtual table terms using fts5vocab (texts, row);

""" + "".join(
    [
        _search_triggers("ideas", "new.description", 0),
        _search_triggers("projects", "new.summary", 1),
    ]
)


@migrations(name="010_people")
def people(db: Database) -> None:
    """Invitations, forgotten passwords, questions for access, and who changed for whom a body speaks."""
    _all(db, INVITED)


# Of every secret that goes out in a letter only a hash is kept here.
INVITED = """
create table access_requests (
  id integer primary key,
  organisation_id integer not null references organisations (id),
  email text not null collate nocase,
  name text not null,
  function text not null,
  message text not null default '',
  locale text not null,
  token_hash text not null unique,
  state text not null default 'asked' check (state in ('asked', 'approved', 'declined')),
  reason text,
  asked_at text not null,
  decided_by integer references members (id),
  decided_at text,
  check ((state = 'asked') = (decided_at is null))
) strict;

create unique index access_requests_waiting on access_requests (email, organisation_id) where state = 'asked';

create index access_requests_state on access_requests (state, id desc);

create index access_requests_organisation on access_requests (organisation_id, state, id desc);

create table invitations (
  id integer primary key,
  organisation_id integer references organisations (id),
  role text not null check (role in ('member', 'coordinator')),
  email text not null collate nocase,
  name text not null default '',
  function text not null default '',
  locale text not null,
  token_hash text not null unique,
  state text not null default 'open' check (state in ('open', 'accepted', 'withdrawn')),
  invited_by integer references members (id),
  request_id integer references access_requests (id),
  member_id integer references members (id),
  letters integer not null default 1,
  created_at text not null,
  expires_at text not null,
  ended_at text,
  check (role = 'coordinator' or organisation_id is not null),
  check ((state = 'open') = (ended_at is null))
) strict;

create unique index invitations_open on invitations (email) where state = 'open';

create index invitations_state on invitations (state, id desc);

create index invitations_organisation on invitations (organisation_id, state, id desc);

create index invitations_request on invitations (request_id) where request_id is not null;

create table password_resets (
  id integer primary key,
  member_id integer references members (id),
  token_hash text not null unique,
  asked_at text not null,
  expires_at text not null,
  used_at text
) strict;

create index password_resets_member on password_resets (member_id, id desc);

create index password_resets_expires on password_resets (expires_at);

create table stands_for_changes (
  id integer primary key,
  body_id integer not null references organisations (id),
  municipality_id integer not null references organisations (id),
  action text not null check (action in ('added', 'removed')),
  member_id integer references members (id),
  happened_at text not null
) strict;

create index stands_for_changes_body on stands_for_changes (body_id, id desc);

create index members_name on members (name collate nocase, id);

"""


@migrations(name="020_ideas_drafts_versions_moderation")
def drafts_versions_and_moderation(db: Database) -> None:
    """Drafts, links, what endorsers saw, reports, hidden items, and a history that nobody can rewrite."""
    _all(db, DRAFTS + SEEN + MODERATION)


# `writer` is the opened form that saved last: who saves twice because an answer got lost does not meet himself.
DRAFTS = """
alter table ideas add column links text not null default '';

create index ideas_stage on ideas (stage, state, created_at desc, id desc);

create index ideas_budget on ideas (budget, state, created_at desc, id desc) where budget is not null;

create index ideas_target_group on ideas (state, created_at desc, id desc, target_group) where target_group is not null;

create table idea_drafts (
  id integer primary key,
  member_id integer not null references members (id),
  submission_key text not null unique,
  fields text not null,
  writer text not null,
  revision integer not null default 1,
  created_at text not null,
  saved_at text not null
) strict;

create index idea_drafts_member on idea_drafts (member_id, saved_at desc, id desc);

"""

# `since` is the version that stood when they endorsed, `revision` the last one they were told of.
SEEN = """
create table idea_seen (
  idea_id integer not null references ideas (id),
  organisation_id integer not null references organisations (id),
  since integer not null,
  revision integer not null,
  told_at text,
  primary key (idea_id, organisation_id)
) strict, without rowid;

insert into idea_seen (idea_id, organisation_id, since, revision)
  select e.idea_id, e.organisation_id, i.revision, i.revision from endorsements e join ideas i on i.id = e.idea_id;

"""

MODERATION = """
alter table projects add column hidden integer not null default 0 check (hidden in (0, 1));

alter table endorsements add column hidden integer not null default 0 check (hidden in (0, 1));

create table cases (
  id integer primary key,
  kind text not null check (kind in ('idea', 'project', 'endorsement')),
  item_id integer not null,
  title text not null,
  organisation text not null,
  state text not null default 'reported' check (state in ('reported', 'hidden', 'shown')),
  waiting integer not null default 1 check (waiting in (0, 1)),
  round integer not null default 0,
  before text,
  reason text,
  answer text,
  answered_at text,
  reports integer not null default 0,
  revision integer not null default 1,
  created_at text not null,
  updated_at text not null,
  unique (kind, item_id)
) strict;

create index cases_waiting on cases (updated_at, id) where waiting = 1;

create index cases_state on cases (state, updated_at desc, id desc);

create table reports (
  id integer primary key,
  case_id integer not null references cases (id),
  member_id integer not null references members (id),
  ground text not null check (ground in ('privacy', 'wrong', 'offensive', 'advertising', 'other')),
  text text not null,
  created_at text not null,
  unique (case_id, member_id)
) strict;

create table history (
  id integer primary key,
  happened_at text not null,
  member_id integer references members (id),
  action text not null check (
    action in ('reported', 'hidden', 'dismissed', 'answered', 'kept', 'shown', 'put_back')
  ),
  kind text not null check (kind in ('idea', 'project', 'endorsement')),
  item_id integer not null,
  title text not null,
  reason text,
  case_id integer references cases (id)
) strict;

create index history_action on history (action, id desc);

create index history_kind on history (kind, item_id, id desc);

create index history_member on history (member_id, id desc);

create index history_case on history (case_id, id desc);

create trigger history_is_never_changed before update on history begin
  select raise(abort, 'the history is never changed'); end;

create trigger history_is_never_erased before delete on history begin
  select raise(abort, 'the history is never erased'); end;

create trigger projects_hidden_counts after update of hidden on projects begin
  insert into item_changes (kind, item_id, seq)
  values ('project', new.id, (select coalesce(max(seq), 0) + 1 from item_changes))
  on conflict (kind, item_id) do update set seq = excluded.seq;
end;

"""


@migrations(name="030_projects")
def projects_and_calls(db: Database) -> None:
    """Projects that people write, decide on and ask contact about; files that wait; calls that coordinators run."""
    _all(db, PROJECTS_BY_PEOPLE + CALLS_BY_PEOPLE)


PROJECTS_BY_PEOPLE = """
alter table projects add column revision integer not null default 1;

alter table projects add column author_id integer references members (id);

alter table projects add column submission_key text;

alter table projects add column idea_id integer references ideas (id);

alter table projects add column cluster_id integer references clusters (id);

alter table projects add column features text not null default '';

alter table projects add column cost_year_cents integer check (cost_year_cents >= 0);

alter table projects add column supplier text not null default '';

alter table projects add column how_to_join text not null default '';

create unique index projects_submission on projects (submission_key) where submission_key is not null;

create index projects_idea on projects (idea_id) where idea_id is not null;

create index projects_cluster on projects (cluster_id) where cluster_id is not null;

create index projects_call on projects (call_id, programme desc, title collate nocase, id);

create index projects_listed on projects (programme desc, title collate nocase, id);

create index projects_lead on projects (lead_id);

create index project_partners_organisation on project_partners (organisation_id);

create table project_versions (
  project_id integer not null references projects (id) on delete cascade,
  revision integer not null,
  member_id integer references members (id),
  imported integer not null default 0 check (imported in (0, 1)),
  written_at text not null,
  fields text not null,
  primary key (project_id, revision)
) strict, without rowid;

create table project_decisions (
  id integer primary key,
  project_id integer not null references projects (id) on delete cascade,
  status text not null check (status in ('submitted', 'approved', 'refused', 'unknown')),
  happened_on text,
  source text,
  note text not null default '',
  member_id integer references members (id),
  recorded_at text not null
) strict;

create index project_decisions_project on project_decisions (project_id, id);

create table contact_requests (
  id integer primary key,
  project_id integer not null references projects (id) on delete cascade,
  organisation_id integer not null references organisations (id),
  member_id integer references members (id),
  message text not null default '',
  state text not null default 'asked' check (state in ('asked', 'looking', 'answered', 'unreachable')),
  answer text not null default '',
  handled_by integer references members (id),
  revision integer not null default 1,
  asked_at text not null,
  changed_at text not null,
  unique (project_id, organisation_id)
) strict;

create index contact_requests_state on contact_requests (state, id);

create index contact_requests_organisation on contact_requests (organisation_id, id desc);

create table project_uploads (
  token text primary key,
  member_id integer not null references members (id),
  name text not null,
  format text not null check (format in ('csv', 'xlsx', 'jsonl')),
  state text not null default 'waiting' check (state in ('waiting', 'imported', 'discarded')),
  plan text not null,
  added integer not null default 0,
  changed integer not null default 0,
  unchanged integer not null default 0,
  refused integer not null default 0,
  ignored text not null default '{}',
  uploaded_at text not null,
  ended_at text
) strict, without rowid;

create index project_uploads_waiting on project_uploads (uploaded_at) where state = 'waiting';

insert into contact_requests (project_id, organisation_id, asked_at, changed_at)
select cast(substr(key, 1, instr(key, ':') - 1) as integer) as project_id,
  cast(substr(key, instr(key, ':') + 1) as integer) as organisation_id, min(created_at), min(created_at)
from (select substr(dedupe_key, 9) as key, created_at from letters where dedupe_key like 'contact:%:%:%')
where project_id in (select id from projects) and organisation_id in (select id from organisations)
group by 1, 2;

"""

CALLS_BY_PEOPLE = """
alter table calls add column state text not null default 'published' check (state in ('draft', 'published'));

alter table calls add column closed_at text;

alter table calls add column conditions text not null default '';

alter table calls add column source text not null default '';

alter table calls add column sequence integer not null default 0;

alter table calls add column revision integer not null default 1;

alter table calls add column updated_at text;

create table call_history (
  id integer primary key,
  call_id integer not null references calls (id) on delete cascade,
  revision integer not null,
  action text not null check (action in ('drafted', 'edited', 'opened', 'moved', 'closed')),
  member_id integer references members (id),
  closes_at text not null,
  reason text not null default '',
  before text not null default '{}',
  happened_at text not null
) strict;

create index call_history_call on call_history (call_id, id);
"""


@migrations(name="040_search")
def search_everything(db: Database) -> None:
    """Clusters and municipalities can be found by name, and members keep searches that warn of what is new."""
    _all(db, NAMES + PUBLISHED + SAVED_SEARCHES + FACETS)


def _name_triggers(table: str, name: str, kind: int, owner: str, events: dict[str, str]) -> str:
    """Keep `names` equal to a table: clusters on even rowids, organisations on odd ones."""
    written = ""
    for event, row in events.items():
        number = f"{row}.{owner}"
        remove = f"delete from names where rowid = {number} * 2 + {kind};"
        add = f"insert into names (rowid, title, body) select * from ({name}) where rowid = {number} * 2 + {kind};"
        when = event.split()[0]
        written += f"""
create trigger {table}_{when}_name after {event} on {table} begin {remove} {add} end;

"""
    return written


_CLUSTER_NAME = """select c.id * 2 as rowid, c.name as title,
  coalesce((select group_concat(value, ' ') from json_each(c.terms)), '') as body from clusters c"""
_ORGANISATION_NAME = """select o.id * 2 + 1 as rowid, o.name as title,
  coalesce((select group_concat(n.name, ', ') from organisation_names n where n.organisation_id = o.id
    or n.organisation_id in (select id from organisations where successor_id = o.id)), '') as body
from organisations o"""

# A municipality is found by the names it had, and by those of the municipalities that merged into it.
NAMES = (
    """
create virtual table names using fts5 (
  title, body, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3 4'
);

create virtual table name_terms using fts5vocab (names, row);

create index organisations_successor on organisations (successor_id);

"""
    + _name_triggers(
        *("clusters", _CLUSTER_NAME, 0, "id"),
        {"insert": "new", "update of name, terms": "new", "delete": "old"},
    )
    + _name_triggers(
        *("organisations", _ORGANISATION_NAME, 1, "id"),
        {"insert": "new", "update of name": "new", "delete": "old"},
    )
    + _name_triggers(
        *("organisation_names", _ORGANISATION_NAME, 1, "organisation_id"), {"insert": "new", "delete": "old"}
    )
    + f"""
create trigger organisations_merge_name after update of successor_id on organisations
when new.successor_id is not null begin
  delete from names where rowid = new.successor_id * 2 + 1;
  insert into names (rowid, title, body) select * from ({_ORGANISATION_NAME}) where rowid = new.successor_id * 2 + 1;
end;

insert into names (rowid, title, body) {_CLUSTER_NAME};

insert into names (rowid, title, body) {_ORGANISATION_NAME};

"""
)

# In which order things became public for the first time: what a kept search tells has a higher number than what it saw.
PUBLISHED = """
create table published (
  seq integer primary key autoincrement,
  kind text not null check (kind in ('idea', 'project', 'cluster')),
  item_id integer not null,
  unique (kind, item_id)
) strict;

insert into published (kind, item_id) select 'idea', id from ideas where state = 'open' order by id;

insert into published (kind, item_id) select 'project', id from projects order by id;

insert into published (kind, item_id) select 'cluster', id from clusters where state = 'accepted' order by id;

create trigger ideas_insert_published after insert on ideas when new.state = 'open' begin
  insert or ignore into published (kind, item_id) values ('idea', new.id);
end;

create trigger ideas_update_published after update of state on ideas when new.state = 'open' begin
  insert or ignore into published (kind, item_id) values ('idea', new.id);
end;

create trigger ideas_delete_published after delete on ideas begin
  delete from published where kind = 'idea' and item_id = old.id;
end;

create trigger projects_insert_published after insert on projects begin
  insert or ignore into published (kind, item_id) values ('project', new.id);
end;

create trigger projects_delete_published after delete on projects begin
  delete from published where kind = 'project' and item_id = old.id;
end;

create trigger clusters_update_published after update of state on clusters when new.state = 'accepted' begin
  insert or ignore into published (kind, item_id) values ('cluster', new.id);
end;

"""

# Who asked to hear at once gets a job with the very write that made something public. A worker that has it in hand
# loses its lease, as with every job that is asked for again (data/work.py).
SAVED_SEARCHES = """
create table saved_searches (
  id integer primary key autoincrement, -- the link in an old letter must never end another search
  member_id integer not null references members (id) on delete cascade,
  name text not null,
  query text not null,
  chosen text not null default '{}',
  often text not null check (often in ('at_once', 'daily', 'off')),
  seen integer not null,
  created_at text not null,
  told_at text,
  unique (member_id, query, chosen)
) strict;

create index saved_searches_often on saved_searches (often, id);

create trigger published_insert_tells after insert on published
when exists (select 1 from saved_searches where often = 'at_once') begin
  insert into jobs (kind, key, not_before) values ('searches', 'at_once', strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now'))
  on conflict (kind, key) where done_at is null do update set lease = null, leased_until = null,
    not_before = min(not_before, excluded.not_before);
end;

"""

# What facets count, without the long texts that stand between these columns in the table (measured for a thousand
# ideas of a hundred thousand: 5 ms instead of 15).
FACETS = """
create index ideas_facets on ideas (id, state, theme, call_id, intent, lang, organisation_id);

"""


@migrations(name="050_places")
def places(db: Database) -> None:
    """What a municipality's page and long lists ask for: who merged into whom, and the orders of lists as indexes."""
    _all(db, PLACES)


# How many say *ook wij* is kept beside the idea: the order "most companions first" would otherwise count them for
# every idea there is (measured at 100,000 ideas: 150 ms, and less than 1 ms by the index).
PLACES = """
alter table ideas add column supporters integer not null default 0;

update ideas set supporters = (select count(*) from endorsements e where e.idea_id = ideas.id and e.active = 1);

create trigger endorsements_insert_supporters after insert on endorsements begin
  update ideas set supporters = (select count(*) from endorsements e where e.idea_id = new.idea_id and e.active = 1)
  where id = new.idea_id;
end;

create trigger endorsements_update_supporters after update of active, idea_id on endorsements begin
  update ideas set supporters = (select count(*) from endorsements e where e.idea_id = ideas.id and e.active = 1)
  where id in (old.idea_id, new.idea_id);
end;

create trigger endorsements_delete_supporters after delete on endorsements begin
  update ideas set supporters = (select count(*) from endorsements e where e.idea_id = old.idea_id and e.active = 1)
  where id = old.idea_id;
end;

drop index ideas_organisation;

drop index ideas_theme;

create index ideas_open_supported on ideas (state, supporters desc, created_at desc, id desc);

create index ideas_open_title on ideas (state, title collate nocase, id);

create index ideas_organisation_newest on ideas (organisation_id, state, created_at desc, id desc);

create index ideas_organisation_theme on ideas (organisation_id, state, theme);

create index ideas_theme_title on ideas (theme, state, title collate nocase, id);

create index ideas_theme_newest on ideas (theme, state, created_at desc, id desc);

create index organisation_names_name on organisation_names (name collate nocase);

create index stands_for_municipality on stands_for (municipality_id);

create index if not exists projects_listed on projects (programme desc, title collate nocase, id);

create index if not exists projects_lead on projects (lead_id);

create index if not exists project_partners_organisation on project_partners (organisation_id);

create index introductions_state on introductions (state);

"""


@migrations(name="060_sentences")
def tell_by_sentences(db: Database) -> None:
    """What each sentence adds to the vector of a text is kept, so that a suggestion can say why at once."""
    _all(db, SENTENCES)


# Of an encoder's vector; it goes when the vector goes. What was read before there were parts is read once more.
SENTENCES = """
insert into jobs (kind, key, not_before)
select 'embed', 'missing', strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now') where exists (select 1 from embeddings)
on conflict (kind, key) where done_at is null do nothing;

alter table judgements add column given_by text;

create index judgements_second on judgements (b_kind, b_id);

create table sentence_parts (
  kind text not null check (kind in ('idea', 'project')),
  item_id integer not null,
  encoder text not null,
  text_hash text not null,
  parts blob not null,
  primary key (kind, item_id, encoder)
) strict;

create trigger embeddings_delete_parts after delete on embeddings begin
  delete from sentence_parts where kind = old.kind and item_id = old.item_id and encoder = old.encoder
    and text_hash = old.text_hash;
end;

create table plain_words (
  word text primary key,
  member_id integer references members (id),
  added_at text not null
) strict, without rowid;

create table relation_fits (
  id integer primary key,
  encoder text not null,
  relations text not null,
  figures text not null,
  fitted_at text not null,
  used_at text,
  used_by integer references members (id)
) strict;

create index relation_fits_used on relation_fits (encoder, used_at desc, id desc) where used_at is not null;

"""


@migrations(name="060_snapshots")
def snapshots(db: Database) -> None:
    """Which file of vectors belongs to this store."""
    _all(db, SNAPSHOTS)


# The file stands beside the database. One that is left of another database, or of after a backup that was put back,
# has another mark than the store remembers, and is never believed.
SNAPSHOTS = """
create table snapshots (
  id integer primary key check (id = 1),
  mark text not null
) strict;

"""


@migrations(name="065_assessments")
def assessments(db: Database) -> None:
    """What was suggested of a judged pair is kept, so that coordinators see whether suggestions come true."""
    _all(db, ASSESSMENTS)


# The answer of a person queues the look at what the service says of the pair: in the same transaction, once for all
# that wait.
ASSESSMENTS = """
create table assessments (
  id integer primary key,
  a_kind text not null check (a_kind in ('idea', 'project')),
  a_id integer not null,
  b_kind text not null check (b_kind in ('idea', 'project')),
  b_id integer not null,
  encoder text not null,
  relation text check (relation in ('same_need', 'strongly_related', 'related')),
  probability real check (probability between 0 and 1),
  said_at text not null,
  unique (a_kind, a_id, b_kind, b_id, encoder)
) strict;

create trigger judgements_insert_assess after insert on judgements begin
  insert into jobs (kind, key, not_before) values ('assess', 'pairs', strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now'))
  on conflict (kind, key) where done_at is null do update set lease = null, leased_until = null,
    not_before = min(not_before, excluded.not_before);
end;

insert into jobs (kind, key, not_before)
  select 'assess', 'pairs', strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now') where exists (select 1 from judgements);

"""


@migrations(name="060_everyday")
def everyday(db: Database) -> None:
    """Drafts of changes to an idea that was posted already; questions for contact about ideas of nobody here."""
    _all(db, CHANGES_DRAFTED + CONTACT_ABOUT_IDEAS)


# `base` is the revision of the idea that the draft changes: a colleague may write another one meanwhile.
CHANGES_DRAFTED = """
alter table idea_drafts add column idea_id integer references ideas (id);

alter table idea_drafts add column base integer;

create index idea_drafts_idea on idea_drafts (idea_id) where idea_id is not null;

"""

# Who says *ook wij* at an idea behind which nobody has an account would else wait for ever: it becomes a question.
CONTACT_ABOUT_IDEAS = """
create table questions (
  id integer primary key autoincrement,
  project_id integer references projects (id) on delete cascade,
  idea_id integer references ideas (id) on delete cascade,
  organisation_id integer not null references organisations (id),
  member_id integer references members (id),
  message text not null default '',
  state text not null default 'asked' check (state in ('asked', 'looking', 'answered', 'unreachable')),
  answer text not null default '',
  handled_by integer references members (id),
  revision integer not null default 1,
  asked_at text not null,
  changed_at text not null,
  check ((project_id is null) <> (idea_id is null)),
  unique (project_id, organisation_id),
  unique (idea_id, organisation_id)
) strict;

insert into questions (id, project_id, organisation_id, member_id, message, state, answer, handled_by, revision,
    asked_at, changed_at)
  select id, project_id, organisation_id, member_id, message, state, answer, handled_by, revision, asked_at, changed_at
  from contact_requests;

insert into questions (idea_id, organisation_id, member_id, asked_at, changed_at)
  select e.idea_id, e.organisation_id, e.member_id, n.asked_at, n.asked_at
  from introductions n join endorsements e on e.id = n.endorsement_id join ideas i on i.id = e.idea_id
  where n.state = 'asked'
    and not exists (select 1 from members m where m.organisation_id = i.organisation_id and m.active = 1);

drop table contact_requests;

alter table questions rename to contact_requests;

create index contact_requests_state on contact_requests (state, id);

create index contact_requests_organisation on contact_requests (organisation_id, id desc);

"""


@migrations(name="060_plans")
def plans(db: Database) -> None:
    """Cost plans with their versions, partners and answers."""
    _all(db, PLANS)


# A version is never changed: who accepted it, accepted just this.
PLANS = """
create table plans (
  id integer primary key autoincrement,
  idea_id integer unique references ideas (id),
  cluster_id integer unique references clusters (id),
  number integer not null, -- of the present version
  created_at text not null,
  check ((idea_id is null) <> (cluster_id is null))
) strict;

create table plan_versions (
  plan_id integer not null references plans (id),
  number integer not null,
  member_id integer references members (id),
  content text not null check (json_valid(content)),
  note text not null,
  written_at text not null,
  primary key (plan_id, number)
) strict;

create trigger plan_versions_kept before update of plan_id, number, content, written_at on plan_versions begin
  select raise(abort, 'a version of a plan does not change');
end;

create table plan_partners (
  plan_id integer not null references plans (id),
  organisation_id integer not null references organisations (id),
  active integer not null default 1,
  told_number integer not null default 0,
  told_at text,
  primary key (plan_id, organisation_id)
) strict;

create index plan_partners_organisation on plan_partners (organisation_id, active);

create table plan_answers (
  plan_id integer not null,
  number integer not null,
  organisation_id integer not null references organisations (id),
  member_id integer not null references members (id),
  accepted integer not null check (accepted in (0, 1)),
  reason text not null,
  answered_at text not null,
  primary key (plan_id, number, organisation_id),
  foreign key (plan_id, number) references plan_versions (plan_id, number)
) strict;

"""


@migrations(name="061_threads")
def threads(db: Database) -> None:
    """Conversations: messages, who follows them how, and facts about what each uses."""
    _all(db, THREADS)


THREADS = """
create table threads (
  id integer primary key,
  idea_id integer unique references ideas (id),
  cluster_id integer unique references clusters (id),
  created_at text not null,
  check ((idea_id is null) <> (cluster_id is null))
) strict;

create table messages (
  id integer primary key autoincrement, -- "told up to here" must never mean another message
  thread_id integer not null references threads (id),
  member_id integer not null references members (id),
  organisation_id integer references organisations (id),
  text text not null,
  lang text not null,
  submission_key text unique,
  written_at text not null
) strict;

create index messages_thread on messages (thread_id, id);

create table thread_readers (
  thread_id integer not null references threads (id),
  member_id integer not null references members (id),
  told_id integer not null default 0,
  told_at text,
  muted integer not null default 0,
  gone integer not null default 0,
  primary key (thread_id, member_id)
) strict;

create table facts (
  id integer primary key autoincrement,
  thread_id integer not null references threads (id),
  organisation_id integer not null references organisations (id),
  member_id integer not null references members (id),
  product text not null,
  supplier text not null,
  cents_year integer,
  contract_end text,
  again text check (again in ('yes', 'perhaps', 'no')),
  sight text not null check (sight in ('circle', 'members', 'public')),
  revision integer not null default 1,
  updated_at text not null
) strict;

create index facts_thread on facts (thread_id);

"""


@migrations(name="062_reminders")
def reminders(db: Database) -> None:
    """One reminder of silence, one question about the outcome, and who wants neither."""
    _all(db, REMINDERS)


# Whoever was asked has a row, written with the letter: nobody is asked twice, whatever a clock or a worker does.
REMINDERS = """
create table reminders (
  introduction_id integer not null references introductions (id),
  organisation_id integer not null references organisations (id),
  what text not null check (what in ('silent', 'outcome')),
  member_id integer not null references members (id),
  asked_at text not null,
  primary key (introduction_id, organisation_id, what)
) strict;

create table reminder_stops (
  introduction_id integer not null references introductions (id),
  organisation_id integer not null references organisations (id),
  primary key (introduction_id, organisation_id)
) strict;

create table members_without_reminders (member_id integer primary key references members (id)) strict;

create table outcomes (
  introduction_id integer not null references introductions (id),
  organisation_id integer not null references organisations (id),
  outcome text not null check (outcome in ('met', 'submitted', 'no')),
  reason text not null,
  member_id integer not null references members (id),
  told_at text not null,
  primary key (introduction_id, organisation_id)
) strict;

insert into jobs (kind, key, payload, not_before)
select 'reminder', 'silent:' || id, json_object('introduction_id', id, 'what', 'silent'),
  strftime('%Y-%m-%dT%H:%M:%S+00:00', asked_at, '+7 days') from introductions where state = 'asked';

insert into jobs (kind, key, payload, not_before)
select 'reminder', 'outcome:' || id, json_object('introduction_id', id, 'what', 'outcome'),
  strftime('%Y-%m-%dT%H:%M:%S+00:00', answered_at, '+30 days') from introductions
where state = 'agreed' and answered_at is not null;

"""


@migrations(name="063_mailboxes")
def mailboxes(db: Database) -> None:
    """Shared mailboxes that members give as their contact address."""
    _all(db, MAILBOXES)


# `email` is confirmed by who reads it, `asked` is not yet; the secret of the letter is kept as a hash alone.
MAILBOXES = """
create table mailboxes (
  member_id integer primary key references members (id),
  email text,
  asked text,
  token_hash text unique,
  expires_at text
) strict;

"""


@migrations(name="070_sessions")
def sessions(db: Database) -> None:
    """Where people are signed in, how attempts to sign in went, and the second step of signing in."""
    _all(db, SESSIONS)


# A `half` session knows a password and waits for the code of the second step; it opens nothing else.
SESSIONS = """
create table sessions (
  id integer primary key autoincrement, -- the button on an old page must never end another session
  token_hash text not null unique,
  member_id integer not null references members (id) on delete cascade,
  half integer not null check (half in (0, 1)),
  means text not null check (means in ('password', 'provider')),
  agent text not null,
  started_at text not null,
  seen_at text not null,
  ends_at text not null
) strict;

create index sessions_member on sessions (member_id);

create index sessions_ends on sessions (ends_at);

create table sign_ins (
  id integer primary key,
  member_id integer references members (id) on delete cascade,
  happened_at text not null,
  outcome text not null check (outcome in ('in', 'password', 'code')),
  means text not null check (means in ('password', 'provider')),
  agent text not null
) strict;

create index sign_ins_member on sign_ins (member_id, id desc);

create index sign_ins_happened on sign_ins (happened_at);

create table second_steps (
  member_id integer primary key references members (id) on delete cascade,
  secret text,
  candidate text,
  last_step integer not null default 0,
  since text
) strict;

create table recovery_codes (
  member_id integer not null references members (id) on delete cascade,
  code_hash text not null,
  used_at text,
  primary key (member_id, code_hash)
) strict, without rowid;

alter table members drop column session_key;

"""


@migrations(name="071_ledger")
def ledger(db: Database) -> None:
    """What happened with accounts, decisions and data of members, in a chain that nobody can change unseen."""
    _all(db, LEDGER)


LEDGER = """
create table ledger (
  id integer primary key autoincrement,
  happened_at text not null,
  member_id integer references members (id),
  act text not null,
  about text not null,
  what text not null,
  hash text not null
) strict;

create index ledger_act on ledger (act, id desc);

create index ledger_member on ledger (member_id, id desc);

create trigger ledger_is_never_changed before update on ledger begin
  select raise(abort, 'the ledger is never changed'); end;

create trigger ledger_is_never_erased before delete on ledger begin
  select raise(abort, 'the ledger is never erased'); end;

"""


@migrations(name="072_government")
def government(db: Database) -> None:
    """Accounts that the login of the Flemish government opens, and people on their way to one."""
    _all(db, GOVERNMENT)


GOVERNMENT = """
create table identities (
  issuer text not null,
  subject text not null,
  member_id integer not null references members (id) on delete cascade,
  since text not null,
  primary key (issuer, subject)
) strict, without rowid;

create index identities_member on identities (member_id);

create table arrivals (
  token_hash text primary key,
  issuer text not null,
  subject text not null,
  name text not null,
  role text not null check (role in ('member', 'coordinator')),
  organisation_id integer references organisations (id),
  email text collate nocase,
  confirm_hash text unique,
  ends_at text not null,
  check (role = 'coordinator' or organisation_id is not null)
) strict, without rowid;

alter table sessions add column hint text; -- what the provider wants to hear again when somebody signs out

"""


@migrations(name="070_steps")
def steps(db: Database) -> None:
    """Clusters that people steer: steps that can be undone, locks, reasons, suggestions, and how far a run is."""
    _all(db, STEPS)


# All rows of one step carry the number of its first row. An undone step stays, and so do the judgements that it wrote:
# they name the step that superseded them. Rows from before have no step, and cannot be undone.
STEPS = """
alter table clusters add column locked integer not null default 0 check (locked in (0, 1));

alter table clusters add column snoozed_until text;

alter table clusters add column merged_into integer references clusters (id);

alter table clusters add column novelty real;

alter table cluster_history add column step integer;

alter table cluster_history add column undone_by integer;

alter table cluster_history add column items text not null default '[]';

create index cluster_history_step on cluster_history (step) where step is not null;

alter table judgements add column step integer;

alter table judgements add column superseded_by integer;

create index judgements_step on judgements (step) where step is not null;

create table cluster_suggestions (
  cluster_id integer not null references clusters (id),
  kind text not null check (kind in ('idea', 'project')),
  item_id integer not null,
  fit real not null,
  primary key (cluster_id, kind, item_id)
) strict, without rowid;

create table rejection_reasons (
  reason text primary key,
  position integer not null
) strict, without rowid;

insert into rejection_reasons (reason, position) values
  ('Dezelfde woorden, maar een andere nood', 1), ('Te ruim: dit zijn verschillende noden', 2),
  ('Te weinig om samen aan te pakken', 3);

alter table jobs add column progress text;

"""


@migrations(name="070_letters")
def letters(db: Database) -> None:
    """One digest a day or a week, letters that one click ends, and addresses to which nothing arrives."""
    _all(db, DIGESTS)


# What is untold follows from how far each was told, so that nothing has to be kept for a digest. Work that told of
# one thing alone is not needed any more.
DIGESTS = """
alter table members add column digest text not null default 'daily' check (digest in ('daily', 'weekly', 'off'));

alter table members add column digested_on text;

alter table members add column bounced_at text;

alter table members add column bounce text;

alter table letters add column stops text;

create index letters_member on letters (member_id) where state = 'queued';

create index thread_readers_member on thread_readers (member_id);

drop trigger published_insert_tells;

delete from jobs where kind in ('tell', 'thread', 'plan', 'searches');

create table searches (
  id integer primary key autoincrement, -- the link in an old letter must never end another search
  member_id integer not null references members (id) on delete cascade,
  name text not null,
  query text not null,
  chosen text not null default '{}',
  often text not null check (often in ('digest', 'off')),
  seen integer not null,
  created_at text not null,
  told_at text,
  unique (member_id, query, chosen)
) strict;

insert into searches select id, member_id, name, query, chosen, iif(often = 'off', 'off', 'digest'), seen, created_at,
  told_at from saved_searches;

drop table saved_searches;

alter table searches rename to saved_searches;

"""


@migrations(name="071_messages")
def messages(db: Database) -> None:
    """Files at messages and ideas, who was mentioned, and messages that are reported and hidden."""
    _all(db, ATTACHED + REPORTED_MESSAGES)


# A file stands on disk, under the hash of its content, before a row tells of it.
ATTACHED = """
alter table messages add column hidden integer not null default 0 check (hidden in (0, 1));

create table mentions (
  message_id integer not null references messages (id),
  member_id integer not null references members (id),
  primary key (message_id, member_id)
) strict;

create table attachments (
  id integer primary key autoincrement, -- an address that was passed on must never lead to another file
  message_id integer references messages (id),
  idea_id integer references ideas (id) on delete cascade,
  member_id integer not null references members (id),
  organisation_id integer references organisations (id),
  name text not null,
  type text not null,
  size integer not null,
  digest text not null,
  added_at text not null,
  check ((message_id is null) <> (idea_id is null))
) strict;

create index attachments_message on attachments (message_id) where message_id is not null;

create index attachments_idea on attachments (idea_id) where idea_id is not null;

create index attachments_digest on attachments (digest);

create index attachments_organisation on attachments (organisation_id, size);

"""

# The tables of moderation made anew, as they were, with one more kind of thing that can be reported.
_OF_CASES = MODERATION[MODERATION.index("create table cases") : MODERATION.index("create trigger projects_hidden")]
REPORTED_MESSAGES = (
    "\n\n".join(f"create table kept_{name} as select * from {name};" for name in ("cases", "reports", "history"))
    + "\n\n"
    + "\n\n".join(f"drop table {name};" for name in ("history", "reports", "cases"))
    + "\n\n"
    + _OF_CASES.replace("'endorsement')", "'endorsement', 'message')")
    + "\n\n".join(f"insert into {name} select * from kept_{name};" for name in ("cases", "reports", "history"))
    + "\n\n"
    + "\n\n".join(f"drop table kept_{name};" for name in ("cases", "reports", "history"))
    + "\n\n"
)


@migrations(name="080_addresses")
def addresses(db: Database) -> None:
    """E-mail addresses that members want instead of theirs, until who reads them confirms."""
    _all(db, ADDRESSES)


ADDRESSES = """
create table address_changes (
  member_id integer primary key references members (id) on delete cascade,
  email text not null,
  token_hash text not null unique,
  expires_at text not null
) strict;

"""


@migrations(name="081_adoptions")
def adoptions(db: Database) -> None:
    """Ideas that pass to another government, what their owners were asked, and governments invited to a plan."""
    _all(db, ADOPTED)


# Each side of an introduction keeps its own person, and who met the former owner stays in contact with it; with the
# present one there is an introduction of its own, which `introductions_present` keeps single. `told_of` is the offer of
# which an endorser was told.
ADOPTED = """
pragma defer_foreign_keys = on;

create table kept_introductions as
  select n.id, n.endorsement_id, n.poster_member_id, e.member_id as endorser_member_id, n.state, n.asked_at,
    n.answered_at
  from introductions n join endorsements e on e.id = n.endorsement_id;

drop table introductions;

create table introductions (
  id integer primary key,
  endorsement_id integer not null references endorsements (id),
  poster_member_id integer references members (id),
  endorser_member_id integer not null references members (id),
  state text not null check (state in ('asked', 'agreed', 'declined', 'withdrawn')),
  asked_at text not null,
  answered_at text,
  former_id integer references organisations (id) -- who had the idea then; none for who has it now
) strict;

insert into introductions select *, null from kept_introductions;

drop table kept_introductions;

create index introductions_endorsement on introductions (endorsement_id);

create unique index introductions_present on introductions (endorsement_id) where former_id is null;

create index introductions_poster on introductions (poster_member_id, state);

create index introductions_former on introductions (former_id) where former_id is not null;

create index introductions_state on introductions (state);

create table adoptions (
  id integer primary key,
  idea_id integer not null references ideas (id),
  from_id integer not null references organisations (id),
  offered_by integer not null references members (id),
  offered_at text not null,
  taken_back_at text,
  to_id integer references organisations (id),
  adopted_by integer references members (id),
  adopted_at text
) strict;

create index adoptions_idea on adoptions (idea_id);

create unique index adoptions_open on adoptions (idea_id) where adopted_at is null and taken_back_at is null;

create table idea_questions (
  idea_id integer primary key references ideas (id),
  member_id integer not null references members (id),
  since text not null, -- the last movement; nobody is asked twice about one stillness
  asked_at text,
  kept_at text
) strict;

alter table idea_seen add column told_of integer;

create table plan_invitations (
  id integer primary key,
  plan_id integer not null references plans (id),
  organisation_id integer not null references organisations (id),
  invited_by integer not null references members (id),
  by_id integer references organisations (id), -- none for a coordinator
  message text not null,
  state text not null default 'asked' check (state in ('asked', 'accepted', 'declined')),
  invited_at text not null,
  answered_by integer references members (id),
  answered_at text,
  unique (plan_id, organisation_id)
) strict;

create index plan_invitations_organisation on plan_invitations (organisation_id, state);

"""


@migrations(name="083_many_clusters")
def many_clusters(db: Database) -> None:
    """A cluster is written as fast among a hundred thousand as among ten, and sentences stand beside their parts."""
    _all(db, CLUSTER_NAMES + "alter table sentence_parts add column sentences text;\n\n")


# As before, but without a look through all clusters for the one that was written; so does the check of a merger.
_NEW_NAME = """insert into names (rowid, title, body) values (new.id * 2, new.name,
    coalesce((select group_concat(value, ' ') from json_each(new.terms)), ''));"""
CLUSTER_NAMES = f"""
drop trigger clusters_insert_name;

drop trigger clusters_update_name;

drop trigger clusters_delete_name;

create trigger clusters_insert_name after insert on clusters begin
  {_NEW_NAME}
end;

create trigger clusters_update_name after update of name, terms on clusters begin
  delete from names where rowid = old.id * 2;
  {_NEW_NAME}
end;

create trigger clusters_delete_name after delete on clusters begin delete from names where rowid = old.id * 2; end;

create index clusters_merged_into on clusters (merged_into) where merged_into is not null;

"""


@migrations(name="084_echoes")
def echoes(db: Database) -> None:
    """Who posted an idea hears of what comes later and says the same."""
    _all(db, ECHOES)


ECHOES = """
create table echoes (
  idea_id integer not null references ideas (id), -- whose owners hear of it
  kind text not null check (kind in ('idea', 'project')),
  item_id integer not null,
  relation text not null check (relation in ('same_need', 'strongly_related')),
  found_at text not null,
  told_at text,
  primary key (idea_id, kind, item_id)
) strict, without rowid;

"""


@migrations(name="085_areas")
def areas(db: Database) -> None:
    """Clusters that are related share an area: its name, as the last run found it."""
    _all(
        db,
        """
alter table clusters add column area text;

create index clusters_area on clusters (area) where area is not null;

""",
    )


@migrations(name="086_looked")
def looked(db: Database) -> None:
    """Who read how far in a conversation, and who looked at a contact since both agreed.

    What a letter told before is taken as read, and contacts of before as seen.
    """
    _all(db, LOOKED)


LOOKED = """
alter table thread_readers add column read_id integer not null default 0;

update thread_readers set read_id = told_id;

alter table introductions add column poster_seen integer not null default 0;

alter table introductions add column endorser_seen integer not null default 0;

update introductions set poster_seen = 1, endorser_seen = 1 where state = 'agreed';

create index introductions_poster_unseen on introductions (poster_member_id) where state = 'agreed' and poster_seen = 0;

create index introductions_endorser_unseen on introductions (endorser_member_id)
  where state = 'agreed' and endorser_seen = 0;

"""


@migrations(name="087_counted")
def counted(db: Database) -> None:
    """How many ideas fit a filter is counted without reading them."""
    _all(db, "create index ideas_counted on ideas (state, theme, intent, organisation_id);\n\n")


@migrations(name="088_guessed_themes")
def guessed_themes(db: Database) -> None:
    """An idea without a theme may have a guess; its `topic` is what a person chose, else that, and lists go by it."""
    _all(db, GUESSED_THEMES)


GUESSED_THEMES = """
alter table ideas add column guessed_theme text references themes (slug);

alter table ideas add column topic text references themes (slug);

update ideas set topic = theme where theme is not null;

create trigger ideas_insert_topic after insert on ideas when new.theme is not null begin
  update ideas set topic = new.theme where id = new.id;
end;

create trigger ideas_update_topic after update of theme, guessed_theme on ideas begin
  update ideas set topic = coalesce(new.theme, new.guessed_theme) where id = new.id;
end;

drop index ideas_theme_title;

drop index ideas_theme_newest;

drop index ideas_counted;

drop index ideas_facets;

create index ideas_topic_title on ideas (topic, state, title collate nocase, id);

create index ideas_topic_newest on ideas (topic, state, created_at desc, id desc);

create index ideas_counted on ideas (state, topic, intent, organisation_id);

create index ideas_facets on ideas (id, state, topic, call_id, intent, lang, organisation_id);

create index ideas_unguessed on ideas (id) where state = 'open' and theme is null and guessed_theme is null;

"""
