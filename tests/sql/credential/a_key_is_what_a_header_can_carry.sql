-- A key that no HTTP header can carry would look like a network that is out of reach, for ever.
\ir ../practice.psql
select plan(20);

create function pg_temp.stored(p_given text) returns text language plpgsql as $$
declare v_tenant bigint := (select min(id) from vioc.tenants);
begin
  perform vioc_set_credentials(v_tenant, p_given);
  return (select k.key from vioc.credential_keys as k join vioc.tenants as t on t.credential_id = k.credential_id
    where t.id = v_tenant and k.purpose = 'api' and k.valid_until is null);
end $$;
select is(pg_temp.stored(v), 'key_1', 'what a paste brings along is taken off: ' || n)
from (values ('newline', E'key_1\n'), ('carriage return', E'key_1\r\n'), ('tab', E'\tkey_1\t'), ('blanks', '  key_1  '),
  ('no-break space', E'\u00a0key_1'), ('byte order mark', E'\ufeffkey_1')) as v (n, v);
select is((select state || ' ' || hinted from pg_temp.error_of(format(s, :tenant, v))), '22023 true', 'refused: ' || n)
from (values ('a scheme', 'Bearer key_1'), ('a line inside', E'key\n1'), ('a letter of another script', 'ключ'), ('a control character', E'key\u0001'),
  ('513 bytes', repeat('k', 513)), ('a megabyte', repeat('k', 1000000))) as v (n, v),
  unnest(array['select vioc_set_credentials(%s, %L)', 'select vioc_set_credentials(%s, ''key_2'', %2$L)']) as s;
select is(length(pg_temp.stored(repeat('k', 512))), 512, '512 bytes are a key');
select is((pg_temp.error_of(format('insert into vioc.credential_keys (credential_id, purpose, key) select credential_id, ''webhook'', repeat(''k'', 513) from vioc.tenants where id = %s', :tenant))).state,
  '22001', 'nor does the table take a larger one');
select * from finish();
