-- Roles, groups and customers' managed policies.
create table entities (
    kind text not null check (kind in ('role', 'group', 'policy')),
    name text not null,
    path text not null,
    body text not null,
    primary key (kind, name)
);
create unique index entities_by_any_case on entities (kind, name collate nocase);

-- Temporary access keys. A row stays for a day after the end, to say that it is over.
create table sessions (
    id         text primary key,
    expires_at integer not null,
    body       text not null
);
create index sessions_by_end on sessions (expires_at);

-- Who did what. Rows are written once, and go when they are old or too many.
create table audit_events (
    seq  integer primary key autoincrement,
    at   integer not null,
    body text not null
);
create index audit_events_by_time on audit_events (at);
create trigger audit_events_final before update on audit_events
begin
    select raise(abort, 'an audit event does not change');
end;
