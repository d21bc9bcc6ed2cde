-- A patient calls back. Set the inbound webhook of the practice's number at Retell to
--   https://calls.example.com/api/webhook/call-outcome
-- vioc_receive_webhook verifies the signature and answers {"call_inbound": {"dynamic_variables": {...}}} with the
-- variables of that caller's next appointment, so that the agent knows who calls. If the caller is not known, they are empty.
-- What the agent would be told about this number, without a call:
create function who_rings(phone text) returns jsonb
  language sql
  return (
    select vioc_preview_call(c.id) -> 'retell_llm_dynamic_variables'
    from vioc.contacts as c
    where c.tenant_id = 1 and c.phone_e164 = who_rings.phone
    -- the appointment that comes next, else the latest
    order by coalesce(c.appointment_status in ('booked', 'confirmed') and c.appointment_time > now(), false) desc,
      abs(extract(epoch from c.appointment_time - now())) nulls last, c.id desc
    limit 1);
