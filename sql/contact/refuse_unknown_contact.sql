-- Private. Of a public function whose caller sees no such contact: another tenant's is one that does not exist.
create function vioc.refuse_unknown_contact(p_id bigint) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- as long as a phone number, it may be one, which is in no error
  if p_id >= 1000000000 then
    raise exception 'there is no such contact'
      using errcode = 'PT404', hint = 'A phone number is no id: select id from vioc.contacts where phone_e164 = ''+1...''; or vioc_contact_id(tenant_id, external_id).';
  end if;
  raise exception 'there is no contact %', coalesce(p_id::text, 'null')
    using errcode = 'PT404', hint = 'Use contacts.id: select id, external_id from vioc.contacts; or vioc_contact_id(tenant_id, external_id).';
end
$$;
comment on function vioc.refuse_unknown_contact(bigint) is 'Raises PT404: there is no such contact.';
