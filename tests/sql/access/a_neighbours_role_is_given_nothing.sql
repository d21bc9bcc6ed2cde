-- What a role sees is the sum of its access. An admin of one tenant who gives his tenant to a neighbour's role would find what
-- that one's application writes, in his own rows.
\ir ../practice.psql
select plan(9);

select pg_temp.practice('key_of_second_0001', p_number => '+12125550102') as second \gset
create role chief;
create role neighbours;
create role own;
create role group_of_both;
create role everywhere;
select vioc_grant('chief', 'admin', :tenant), vioc_grant('neighbours', 'operator', :second), vioc_grant('everywhere', 'viewer') \gset ignored_
create function pg_temp.as_chief(p_statement text) returns text language plpgsql as $$
begin
  set local role chief;
  execute p_statement;
  reset role;
  return null;
exception when others then
  reset role;
  return sqlstate;
end $$;
select is(pg_temp.as_chief(format('select vioc_grant(''neighbours'', ''viewer'', %s)', :tenant)), '42501', 'another tenant''s role');
select is((select string_agg(tenant_id::text, ' ') from vioc.access where role_name = 'neighbours'), :'second', 'and nothing was given');
select is(pg_temp.as_chief(format('select vioc_grant(''own'', ''operator'', %s)', :tenant)), null, 'one of his own');
select is(pg_temp.as_chief(format('select vioc_grant(''own'', ''viewer'', %s)', :tenant)), null, 'once more');
select is(pg_temp.as_chief(format('select vioc_grant(''everywhere'', ''operator'', %s)', :tenant)), null, 'one that has every tenant sees his already');
grant group_of_both to neighbours;
select is(pg_temp.as_chief(format('select vioc_grant(''group_of_both'', ''viewer'', %s)', :tenant)), '42501', 'a group that another tenant''s role inherits from');
grant neighbours to own;
select is(pg_temp.as_chief(format('select vioc_grant(''own'', ''admin'', %s)', :tenant)), '42501', 'a role that has become the neighbours''');
select is(pg_temp.as_chief(format('select vioc_revoke(''own'', ''operator'', %s)', :tenant)), null, 'but he takes back what he gave');
select lives_ok(format('select vioc_grant(''neighbours'', ''viewer'', %s)', :tenant), 'who has all tenants may');
select * from finish();
