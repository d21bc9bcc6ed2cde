-- 401 and 402 suspend the key, any other refusal of the configuration the practice. The queue is kept; one call tries
-- again after ten minutes; success lifts it; nobody else is slowed.
\ir ../practice.psql
select plan(30);

-- two practices with the first one's key, and one with its own
select pg_temp.practice('key_of_practice_' || :tenant) as partner \gset
select pg_temp.practice() as stranger \gset

create function pg_temp.try_suspension(p_tenant bigint, p_partner bigint, p_stranger bigint, p_http_status integer, p_now timestamptz)
returns table (claim text, ok boolean) language plpgsql as $$
declare
  v_calls bigint[];
  v_probe bigint;
  v_now timestamptz := p_now;
  v_is_key constant boolean := p_http_status in (401, 402);
begin
  v_calls := array[pg_temp.queue(pg_temp.contact(p_tenant), p_now), pg_temp.queue(pg_temp.contact(p_tenant), p_now),
    pg_temp.queue(pg_temp.contact(p_tenant), p_now)];
  perform pg_temp.claim(v_now);
  perform pg_temp.answer(c, 'refused_config', v_now, jsonb_build_object('http_status', p_http_status, 'message', 'refused')) from unnest(v_calls) as c;
  claim := p_http_status || ': the queue is kept';
  ok := (select bool_and(c.status = 'queued' and p.status = 'scheduled' and not c.needs_review)
    from vioc.calls as c join vioc.contacts as p on p.id = c.contact_id where c.id = any (v_calls));
  return next;
  claim := p_http_status || ': suspended, saying why';
  ok := case when v_is_key then (select bool_and(k.suspended_at = v_now and k.suspend_reason ~ 'refused' and k.probe_at = v_now + interval '10 minutes')
      from vioc.credentials as k join vioc.tenants as t on t.credential_id = k.id where t.id = p_tenant)
    else (select t.suspended_at = v_now and t.suspend_reason ~ 'refused' and t.probe_at = v_now + interval '10 minutes' from vioc.tenants as t where t.id = p_tenant) end;
  return next;

  perform pg_temp.queue(pg_temp.contact(p_partner), v_now), pg_temp.queue(pg_temp.contact(p_stranger), v_now);
  claim := p_http_status || ': the key''s other practices';
  ok := (select count(*) from pg_temp.claim(v_now + interval '9 minutes') as g join vioc.calls as c on c.id = g
      where c.tenant_id = p_partner) = case when v_is_key then 0 else 1 end;
  return next;
  claim := p_http_status || ': others are not slowed';
  ok := (select count(*) from vioc.calls as c where c.status = 'dispatching' and c.tenant_id = p_stranger) = 1;
  return next;
  claim := p_http_status || ': nobody calls by hand meanwhile';
  ok := (pg_temp.error_of(format('select vioc_call_contact(%s)', pg_temp.contact(p_tenant)))).words ~ 'rule: not_suspended';
  return next;

  select g into v_probe from pg_temp.claim(v_now + interval '10 minutes') as g;
  claim := p_http_status || ': one probe after ten minutes';
  ok := v_probe is not null and (select count(*) from vioc.calls as c where c.status = 'dispatching' and c.dispatching_at = v_now + interval '10 minutes') = 1;
  return next;
  claim := p_http_status || ': and no second';
  ok := not exists (select pg_temp.claim(v_now + interval '19 minutes'));
  return next;
  perform pg_temp.answer(v_probe, 'refused_config', v_now + interval '10 minutes 1 s', jsonb_build_object('http_status', p_http_status));
  claim := p_http_status || ': refused again: the next in ten minutes';
  select g into v_probe from pg_temp.claim(v_now + interval '20 minutes 1 s') as g;
  ok := v_probe is not null and (select count(*) from vioc.calls as c where c.dispatching_at = v_now + interval '20 minutes 1 s') = 1;
  return next;
  perform pg_temp.answer(v_probe, 'placed', v_now + interval '21 minutes');
  claim := p_http_status || ': accepted: lifted';
  ok := not exists (select from vioc.credentials as k where k.suspended_at is not null)
    and not exists (select from vioc.tenants as t where t.suspended_at is not null);
  return next;
  claim := p_http_status || ': and all that waited goes';
  perform pg_temp.claim(v_now + interval '21 minutes');
  ok := not exists (select from vioc.calls as c where c.status = 'queued');
  return next;
  update vioc.calls as c set status = 'failed', failed_at = now(), lease_owner = null, lease_until = null, look_up_at = null where c.status <> 'failed';
end $$;

select ok(t.ok, t.claim) from pg_temp.try_suspension(:tenant, :partner, :stranger, 401, now()) as t;
select ok(t.ok, t.claim) from pg_temp.try_suspension(:tenant, :partner, :stranger, 404, now() + interval '1 day') as t;

-- any other failure of the probe leaves the suspension
update vioc.credentials set next_start_at = '-infinity';
select pg_temp.queue(pg_temp.contact(:tenant)) as call \gset
select count(*) from pg_temp.claim() \gset ignored_
select pg_temp.answer(:call, 'refused_config', now(), '{"http_status": 401}') \gset ignored_
select count(*) from pg_temp.claim(now() + interval '10 minutes') \gset ignored_
select pg_temp.answer(:call, 'not_sent', now() + interval '10 minutes') \gset ignored_
select isnt(suspended_at, null, 'a probe that did not reach Retell proves nothing') from vioc.credentials where id = (select credential_id from vioc.tenants where id = :tenant);
select is_empty('select pg_temp.claim(now() + interval ''19 minutes'')', 'and used up its turn');
select vioc_resume(:tenant) \gset ignored_
select is(suspended_at, null, 'vioc_resume lifts it') from vioc.credentials where id = (select credential_id from vioc.tenants where id = :tenant);
select is(count(*), 1::bigint, 'and the call goes') from pg_temp.claim(now() + interval '19 minutes');

-- a new key as well
select pg_temp.answer(:call, 'refused_config', now() + interval '19 minutes', '{"http_status": 402}') \gset ignored_
select vioc_set_credentials(:tenant, 'key_that_is_new') \gset ignored_
select is(count(*), 1::bigint, 'a new key lifts it') from pg_temp.claim(now() + interval '20 minutes');
-- account trouble told by the end of a call
select pg_temp.answer(:call, 'placed', now() + interval '20 minutes') \gset ignored_
select vioc.suspend(pg_temp.call(:call), 402, 'a call ended no_valid_payment', true, now() + interval '20 minutes') \gset ignored_
select is((pg_temp.error_of(format('select vioc_call_contact(%s)', pg_temp.contact(:tenant)))).state, 'VC001', 'suspended by the end of a call');
-- then a probe that Retell accepts proves nothing: it must end otherwise
select pg_temp.queue(pg_temp.contact(:tenant)) as probe \gset
select count(*) from pg_temp.claim(now() + interval '30 minutes') \gset ignored_
select pg_temp.answer(:probe, 'placed', now() + interval '30 minutes') \gset ignored_
select isnt(suspended_at, null, 'accepted is not enough') from vioc.credentials where id = (select credential_id from vioc.tenants where id = :tenant);
create function pg_temp.ends(p_call bigint) returns void language plpgsql as $$
declare
  v_call vioc.calls := pg_temp.call(p_call);
begin
  perform pg_temp.end_call(v_call.tenant_id, p_call, '{"disconnection_reason": "dial_no_answer"}', now() + interval '31 minutes');
  v_call := pg_temp.call(p_call);
  if v_call.look_up_at <= now() + interval '31 minutes' then
    perform vioc.record_look_up(p_call, 'get', now() + interval '31 minutes', 200, jsonb_build_object(
      'call_id', v_call.retell_call_id, 'call_status', 'not_connected', 'disconnection_reason', 'dial_no_answer')::text, now() + interval '31 minutes');
  end if;
end $$;
select pg_temp.ends(:call) \gset ignored_
select isnt(suspended_at, null, 'the end of a call of before proves nothing') from vioc.credentials where id = (select credential_id from vioc.tenants where id = :tenant);
select pg_temp.ends(:probe) \gset ignored_
select is(suspended_at, null, 'that of the probe lifts it') from vioc.credentials where id = (select credential_id from vioc.tenants where id = :tenant);

-- legacy fields
select vioc_resume(:tenant) \gset ignored_
select pg_temp.call_in(:tenant, 'dispatching') as legacy \gset
select pg_temp.answer(:legacy, 'refused_config', now(), '{"http_status": 400, "legacy_field": true, "message": "agent_id is not allowed"}') \gset ignored_
select matches((select suspend_reason from vioc.tenants where id = :tenant), 'legacy_fields = off', 'a refused legacy field names the setting');

select * from finish();
