-- Times are Unix nanoseconds. body is the domain value as JSON; a column beside it exists
-- because a query or a constraint needs it.

create table meta (
    name  text primary key,
    value blob not null
);

create table applications (
    id   text primary key,
    name text not null unique,
    body text not null
);

create table deployment_groups (
    id             text primary key,
    application_id text not null references applications (id) on delete cascade,
    name           text not null,
    config_name    text not null,
    body           text not null,
    history        text not null default '{}',
    unique (application_id, name)
);

create table configs (
    name text primary key,
    body text not null
);

create table revisions (
    application_id text not null references applications (id) on delete cascade,
    key            text not null,
    bucket         text,
    object         text,
    registered_at  integer not null,
    body           text not null,
    primary key (application_id, key)
);
create index revisions_by_object on revisions (bucket, object) where bucket is not null;

create table instances (
    name       text primary key,
    identity   text not null,
    registered integer not null check (registered in (0, 1)),
    body       text not null
);
-- A host acts only as itself: one registered instance per identity.
create unique index instances_by_identity on instances (identity) where registered = 1;

create table instance_health (
    group_id text not null references deployment_groups (id) on delete cascade,
    instance text not null,
    healthy  integer not null check (healthy in (0, 1)),
    revision text not null,
    primary key (group_id, instance)
);

-- Deployments outlive their application and group: history is never rewritten.
create table deployments (
    id             text primary key,
    application_id text not null,
    group_id       text not null,
    status         text not null,
    created_at     integer not null,
    completed_at   integer,
    due            integer,
    reports        integer not null default 0, -- counts writes to targets from outside the engine
    lease_owner    text,
    lease_until    integer,
    version        integer not null,
    body           text not null,
    check (status in ('Created', 'Queued', 'InProgress', 'Baking', 'Ready', 'Succeeded', 'Failed', 'Stopped')),
    -- A deployment has ended if and only if it says when, and until then something is due.
    check ((status in ('Succeeded', 'Failed', 'Stopped')) = (completed_at is not null)),
    check ((completed_at is null) = (due is not null))
);
create unique index deployments_active on deployments (group_id) where completed_at is null;
create index deployments_due on deployments (due) where due is not null;
create index deployments_newest on deployments (created_at, id);

-- What has ended stays as it is.
create trigger deployments_final before update on deployments
when old.completed_at is not null and new.status <> old.status
begin
    select raise(abort, 'a deployment that has ended does not change its status');
end;

create table targets (
    deployment_id text not null references deployments (id) on delete cascade,
    id            text not null,
    ord           integer not null,
    status        text not null,
    version       integer not null,
    body          text not null,
    primary key (deployment_id, id),
    check (status in ('Pending', 'InProgress', 'Ready', 'Succeeded', 'Failed', 'Skipped', 'Unknown'))
);
-- The hosts' inbox.
create index targets_in_progress on targets (id) where status = 'InProgress';

create trigger targets_final before update on targets
when old.status in ('Succeeded', 'Failed', 'Skipped', 'Unknown') and new.status <> old.status
begin
    select raise(abort, 'a target that has ended does not change its status');
end;
