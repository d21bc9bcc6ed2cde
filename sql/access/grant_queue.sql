-- GRANTs write rows of PostgreSQL's catalogs that every other GRANT, and VACUUM, waits for until the transaction ends. An
-- admin of some tenants could hold them; so the worker makes those GRANTs, when that transaction has committed.

create table vioc.grant_queue (
  id bigint generated always as identity primary key,
  role_name text not null,
  access text,
  tenant_id bigint,
  giver_tenants int8multirange
);
comment on table vioc.grant_queue is 'Roles whose access an admin of some tenants has changed: the worker writes vioc.access, makes the GRANTs and removes the row.';
comment on column vioc.grant_queue.id is 'Identity, in order.';
comment on column vioc.grant_queue.role_name is 'The role.';
comment on column vioc.grant_queue.access is 'What the role is given; null: nothing, something was taken.';
comment on column vioc.grant_queue.tenant_id is 'The tenant that it is given access to.';
comment on column vioc.grant_queue.giver_tenants is 'The tenants whose admin gave it: a role that has others is given nothing.';
