-- Deployments to one instance that Auto Scaling starts or ends run beside what else is done to
-- the group, of which there is one at a time.
alter table deployments add column beside integer not null default 0 check (beside in (0, 1));
drop index deployments_active;
create unique index deployments_active on deployments (group_id) where completed_at is null and beside = 0;
create index deployments_unfinished on deployments (group_id) where completed_at is null;
