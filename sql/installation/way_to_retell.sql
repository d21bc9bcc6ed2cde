-- Private. Which way requests go to Retell; a proxy's user name and password are not shown.
create function vioc.way_to_retell() returns text
  language c stable strict as 'MODULE_PATHNAME', 'way_to_retell_wrapper';
comment on function vioc.way_to_retell() is 'directly, or through the proxy HOST:PORT.';
