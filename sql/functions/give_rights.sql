-- Private to vioc_grant and vioc_revoke. Makes a role's rights those of vioc.access, where they were p_had before: only the
-- difference is granted and revoked, so that rights given by hand stay, unless the access brought the same ones.
-- All ACLs of an object are in one row of PostgreSQL's catalogs: whoever changes them too is waited for, as long as
-- lock_timeout says, and then it is done again. In one order for all, so that no two wait for each other.
create function vioc.give_rights(p_role_name text, p_had text[]) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_needs constant text[] := array(select r from vioc.rights_of(p_role_name) as r);
  v_deadline constant timestamptz := clock_timestamp() + interval '5 seconds';
  v_statement text;
begin
  if to_regrole(quote_ident(p_role_name)) = (select n.nspowner from pg_namespace as n where n.nspname = 'vioc') then
    return; -- the owner has every right, and would lose them by a REVOKE
  end if;
  for v_statement in
    with taken as (
      select h as right, substring(h from ' on (schema|table|routine) ') as kind, substring(h from ' on (?:schema|table|routine) (.*)$') as object
      from unnest(p_had) as h where h <> all (v_needs)
    ),
    given as (
      select n as right, substring(n from ' on (schema|table|routine) ') as kind, substring(n from ' on (?:schema|table|routine) (.*)$') as object
      from unnest(v_needs) as n
    )
    select s.statement
    from (
      select t.kind, t.object, 1 as place, format('revoke %s from %I', t.right, p_role_name) as statement from taken as t
      union all
      -- a REVOKE on a table takes the same right on its columns too
      select g.kind, g.object, 2, format('grant %s to %I', g.right, p_role_name)
      from given as g
      where g.right <> all (p_had) or exists (select from taken as t where t.kind = g.kind and t.object = g.object)
      union all
      select 'schema', e.extnamespace::regnamespace::text, 2, format('grant usage on schema %s to %I', e.extnamespace::regnamespace, p_role_name)
      from pg_extension as e
      where e.extname = 'vioconcierge' and v_needs <> '{}' and not has_schema_privilege(p_role_name, e.extnamespace, 'usage')
    ) as s
    order by s.kind, s.object, s.place, s.statement
  loop
    loop
      begin
        execute v_statement;
        exit;
      exception
        when internal_error then
          if sqlerrm not like 'tuple concurrently %' or clock_timestamp() > v_deadline then
            raise;
          end if;
        when lock_not_available or deadlock_detected then
          perform vioc.refuse_locked('rights are being given or taken by another transaction, which has not ended', null);
      end;
    end loop;
  end loop;
end
$$;
comment on function vioc.give_rights(text, text[]) is 'GRANTs and REVOKEs what vioc.access says about a role.';
