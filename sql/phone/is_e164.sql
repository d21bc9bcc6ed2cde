-- Private. For CHECKs: PostgreSQL would print the row, number and all.
create function vioc.is_e164(p_phone text) returns boolean
  language plpgsql immutable strict parallel safe
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_phone !~ '^[+][1-9][0-9]{6,14}$' then
    raise exception 'that is no phone number in E.164' using errcode = 'check_violation', constraint = 'phone_is_e164',
      hint = 'Use vioc_do_not_call(tenant_id, phone), which reads a number as it is dialled.';
  end if;
  return true;
end
$$;
comment on function vioc.is_e164(text) is 'Whether a text is a phone number in E.164: +, country code, number; no blanks. Raises 23514 if not.';
