-- Private. Refuses call_options that Retell would refuse (OpenAPI: createPhoneCall), or that would replace what is ours, where they are
-- written. No value is repeated.
create function vioc.check_call_options(p_options jsonb) returns void
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem constant text := case
    when jsonb_typeof(p_options) <> 'object' then 'is no object'
    when p_options - '{custom_sip_headers,ignore_e164_validation,metadata}'::text[] <> '{}'
      then 'has another part than custom_sip_headers, ignore_e164_validation and metadata'
    when jsonb_typeof(p_options -> 'ignore_e164_validation') <> 'boolean' then 'has an ignore_e164_validation that is not true or false'
    when jsonb_typeof(p_options -> 'custom_sip_headers') <> 'object'
      or exists (
        select from jsonb_each(case when jsonb_typeof(p_options -> 'custom_sip_headers') = 'object' then p_options -> 'custom_sip_headers' end) as h (name, value)
        where h.name collate "C" !~ '^[Xx]-[A-Za-z0-9_-]{1,100}$' or jsonb_typeof(h.value) <> 'string' or (h.value #>> '{}') collate "C" ~ '[[:cntrl:]]')
      then 'has custom_sip_headers that are no object of strings, or a name without X-'
    when jsonb_typeof(p_options -> 'metadata') <> 'object' then 'has metadata that is no object'
    when p_options -> 'metadata' ?| '{session_id,tenant_id,contact_id,call_id}' then 'has metadata that belongs to vioconcierge'
  end;
begin
  if v_problem is not null then
    raise exception 'call_options %', v_problem
      using errcode = 'invalid_parameter_value',
        hint = 'For instance call_options = ''{"custom_sip_headers": {"X-Practice": "north"}, "metadata": {"practice": "north"}}''.';
  end if;
end
$$;
comment on function vioc.check_call_options(jsonb) is 'Refuses call_options that Retell would refuse, or that would replace what is ours.';
