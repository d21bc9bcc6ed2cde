-- Private. A number that no call of this contact has: contacts may have been restored without their calls, or these without
-- them.
create function vioc.next_attempt_number(p_tenant_id bigint, p_contact_id bigint, p_last_attempt integer) returns integer
  language sql stable
begin atomic
  select 1 + greatest(p_last_attempt, (
    select max(o.attempt) from vioc.calls as o where o.tenant_id = p_tenant_id and o.contact_id = p_contact_id));
end;
comment on function vioc.next_attempt_number(bigint, bigint, integer) is 'The number of a contact''s next attempt.';
