-- Private. The same for the caller of a public function; inside of it current_user is the owner. The owner of the extension
-- and superusers have every access. Who has none is told so, whatever was asked for: "there is no contact" would be a lie.
create function vioc.tenants_of(p_access text) returns int8multirange
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants int8multirange;
begin
  if vioc.caller_is_owner() then
    return '{(,)}';
  end if;
  v_tenants := vioc.granted_tenants(to_regrole(quote_ident(vioc.caller())), p_access);
  if v_tenants is null then
    perform vioc.refuse_access(vioc.caller(), p_access);
  end if;
  return v_tenants;
end
$$;
comment on function vioc.tenants_of(text) is 'The tenants for which the caller of a public function has this access. Errors: 42501 for none.';
