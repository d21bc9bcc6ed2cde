-- Private. Call Now is about to be committed: a worker that sleeps gets itself ready for it. Changes nothing.
create function vioc.rouse_worker() returns void
  language c volatile strict as 'MODULE_PATHNAME', 'rouse_worker_wrapper';
comment on function vioc.rouse_worker() is 'Has a sleeping worker get ready for a Call Now.';
