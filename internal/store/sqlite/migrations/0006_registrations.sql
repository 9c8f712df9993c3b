-- Where an instance got its traffic before a deployment took it out: JSON, empty for nowhere.
alter table instance_health add column registrations text not null default '';
