-- Private. Counts, and never waits: under a flood, or while another session writes the row, the session carries its
-- count on to the next refusal.
create function vioc.count_refusal(p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '1ms'
as $$
declare
  v_count constant bigint := 1 + vioc.carry_refusals(p_reason, 0);
begin
  update vioc.webhook_refusals as r
  set refusals = r.refusals + v_count, last_at = p_now,
      writes_in_second = case when date_trunc('second', r.last_at) = date_trunc('second', p_now) then r.writes_in_second + 1 else 1 end
  from (select w.reason from vioc.webhook_refusals as w where w.reason = p_reason for no key update skip locked) as l
  where r.reason = l.reason
    and (r.writes_in_second < 100 or date_trunc('second', r.last_at) <> date_trunc('second', p_now));
  if not found and not exists (select from vioc.webhook_refusals as r where r.reason = p_reason) then
    begin
      insert into vioc.webhook_refusals (reason, refusals, last_at) values (p_reason, v_count, p_now)
      on conflict (reason) do nothing;
    exception when lock_not_available then
      -- the first of its kind is another transaction's, which has not ended
      perform vioc.carry_refusals(p_reason, v_count);
      return;
    end;
  end if;
  if not found then
    perform vioc.carry_refusals(p_reason, v_count);
  end if;
end
$$;
comment on function vioc.count_refusal(text, timestamptz) is 'Counts a refused webhook.';
