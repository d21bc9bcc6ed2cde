create function vioc.library_version() returns text
  language c stable strict as 'MODULE_PATHNAME', 'library_version_wrapper';
comment on function vioc.library_version() is 'Version of the loaded library; that of the SQL objects is in pg_extension.';
