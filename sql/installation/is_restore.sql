-- Private. Whether the statement restores a dump: COPY, in a session whose check_function_bodies is off, as pg_dump writes it. The
-- setting alone may have been left in a session of the application.
create function vioc.is_restore() returns boolean
  language c stable as 'MODULE_PATHNAME', 'is_restore_wrapper';
comment on function vioc.is_restore() is 'Whether the statement under way restores a dump.';
