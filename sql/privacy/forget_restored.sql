-- Private. Carries out a row of vioc.forgotten that was put back after a restore: what is older than it goes.
create function vioc.forget_restored(p_person vioc.forgotten, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contacts bigint[];
  v_phone text;
begin
  if p_person.kind = 'phone' then
    select n.phone into v_phone
    from (
      select c.phone_e164 as phone from vioc.contacts as c where c.tenant_id = p_person.tenant_id
      union
      select c.to_number from vioc.calls as c where c.tenant_id = p_person.tenant_id) as n
    where vioc.person_hash('phone', vioc.one_spelling(n.phone)) = p_person.hash
    limit 1;
  end if;
  v_contacts := array(
    select c.id from vioc.contacts as c
    where c.tenant_id = p_person.tenant_id and c.created_at <= p_person.forgotten_at
      and case p_person.kind when 'phone' then c.phone_e164 = any (vioc.spellings(v_phone))
        else vioc.person_hash('external_id', c.external_id) = p_person.hash end
    union all
    select d.contact_id from vioc.deleted_contacts as d
    where d.tenant_id = p_person.tenant_id and d.external_id_hash = p_person.hash and p_person.kind = 'external_id');
  update vioc.forgotten as f set applied_at = p_now
  where f.tenant_id = p_person.tenant_id and f.kind = p_person.kind and f.hash = p_person.hash;
  return vioc.forget(p_person.tenant_id, v_contacts, v_phone, p_person.forgotten_at, p_now);
end
$$;
comment on function vioc.forget_restored(vioc.forgotten, timestamptz) is 'Erases a person whose erasure a restore has undone.';
