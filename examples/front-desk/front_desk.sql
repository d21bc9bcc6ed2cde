-- A front desk in one page, served by PostgREST (12 or newer) out of the database:
--
--   psql -d app -v ON_ERROR_STOP=1 -c 'set search_path = public' -f front_desk.sql
--
-- in the schema that PostgREST exposes (here public, where also vioconcierge was created), after examples/postgrest/roles.sql.
-- GET /rpc/front_desk is the page. It shows and does what the logged-in role may see and do, nothing else: these
-- functions have no rights of their own.

begin;

-- PostgREST sends the result of a function with this type as it is, as text/html.
create domain "text/html" as text;

create function html(raw text) returns text
  language sql immutable
  return replace(replace(replace(replace(replace(coalesce(raw, ''), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');
comment on function html(text) is 'Text as HTML: every character that could be markup is escaped.';

create function front_desk_words(status text, outcome text, next_call_at timestamptz) returns text
  language sql immutable
  return case status
    when 'scheduled' then case outcome when 'no_answer' then 'Not reached yet' when 'busy' then 'Was busy' when 'voicemail' then 'Voicemail'
      else case when next_call_at is null then 'No call planned' else 'To be called' end end
    when 'calling' then 'Being called'
    when 'confirmed' then 'Confirmed'
    when 'cancelled' then 'Cancelled'
    when 'rescheduled' then 'Wants another time'
    when 'callback' then 'Wants to be called back'
    when 'contacted' then 'Spoken to, no decision'
    when 'unreachable' then 'Not reached'
    when 'wrong_number' then 'Wrong number'
    when 'do_not_call' then 'Does not want calls'
    when 'failed' then 'Could not be called'
    when 'expired' then 'Too late to call'
    else status end;

create function front_desk_style() returns text language sql immutable return $css$
:root { color-scheme: light dark; --line: #c8cdd3; --quiet: #59636e; --good: #116329; --bad: #a40e26; --look: #7a4b00 }
@media (prefers-color-scheme: dark) { :root { --line: #444c56; --quiet: #a0aab4; --good: #5fd07a; --bad: #ff8b97; --look: #f0b429 } }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem }
h1 { font-size: 1.4rem; margin: 0 }
h2 { font-size: 1.15rem; margin: 0 }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
th:nth-child(1) { width: 4rem } th:nth-child(2) { width: 32% } th:nth-child(4) { width: 13rem }
td { overflow-wrap: anywhere }
caption { text-align: left; font-weight: 600; padding: .6rem 0 .3rem }
th, td { border-bottom: 1px solid var(--line); padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: top }
th { font-weight: 600; color: var(--quiet); font-size: .875rem }
td.time { font-variant-numeric: tabular-nums; white-space: nowrap }
small, .quiet { color: var(--quiet) }
.good { color: var(--good) } .bad { color: var(--bad) } .look { color: var(--look) }
.said { border-left: 4px solid var(--line); padding: .4rem .8rem; margin: 1rem 0 }
.said:empty { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; margin: 0; padding: 0; border: 0 }
.bar { margin-top: 1.5rem; display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; justify-content: space-between }
form { display: inline }
button { font: inherit; padding: .3rem .8rem; border-radius: .4rem; border: 1px solid var(--line); cursor: pointer; min-height: 2.2rem }
button:focus-visible, summary:focus-visible { outline: 3px solid Highlight; outline-offset: 2px }
summary { cursor: pointer; color: var(--quiet); display: inline-block; padding: .3rem 0 }
.actions { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden }
  tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0 }
  td { display: block; border: 0; padding: .1rem 0 }
}
$css$;

-- Better with JavaScript: forms are sent and the page renewed without losing the place. Without it forms post, the answer
-- leads back here, and the page renews itself every half minute.
create function front_desk_script() returns text language sql immutable return $js$
// what came of the last press, and whether what is shown is old
let told = document.querySelector('.said').textContent, late = '';
const show = () => {
  const said = document.querySelector('.said'), words = [told, late].filter(Boolean).join(' ');
  if (said.textContent !== words) said.textContent = words;
};
const say = (words) => { told = words; show(); };
const clock = () => new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
let asOf = clock();
const stale = (words) => { late = words + ' This is how it was at ' + asOf + '.'; show(); };
const renew = (page) => {
  asOf = clock();
  const next = new DOMParser().parseFromString(page, 'text/html');
  const said = next.querySelector('.said').textContent;
  late = '';
  say(said || told);
  const fresh = next.querySelector('main'), main = document.querySelector('main');
  if (!fresh) return;
  const unfolded = [...main.querySelectorAll('details[open]')].map((details) => details.id);
  for (const id of unfolded) fresh.querySelector('#' + id)?.setAttribute('open', '');
  if (fresh.innerHTML === main.innerHTML) return;
  const focus = document.activeElement && document.activeElement.id;
  main.replaceWith(fresh);
  if (focus) document.getElementById(focus)?.focus();
};
const read = async (path, options) => {
  const answer = await fetch(path, { headers: { Accept: 'text/html' }, cache: 'no-store', ...options });
  const refusal = answer.status === 401 || answer.status === 403 ? 'You are not logged in any more, or may not do this.' : 'The server could not do this now.';
  if (answer.ok) renew(await answer.text());
  else if (options) say(refusal);
  else stale(refusal);
};
document.addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  form.closest('details')?.removeAttribute('open');
  for (const button of form.querySelectorAll('button')) button.disabled = true;
  read(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
    .catch(() => say('No connection. It is not known whether this was done.'))
    .finally(() => { for (const button of form.querySelectorAll('button')) button.disabled = false; });
});
const look = () => { if (!document.hidden) read('front_desk').catch(() => stale('Not up to date.')); };
setInterval(look, 5000);
document.addEventListener('visibilitychange', look);
document.documentElement.dataset.live = 'on';
$js$;

create function front_desk_button(path text, name text, value bigint, words text, label text) returns text
  language sql immutable
  return format('<form method="post" action="%1$s"><input type="hidden" name="%2$s" value="%3$s"><button id="%1$s-%3$s" aria-label="%5$s">%4$s</button></form>',
    path, name, value, html(words), html(label));

-- One day of one practice.
create function front_desk_day(tenant bigint, day date, title text) returns text
  language sql stable
  set search_path from current
as $$
  select '<table><caption>' || html(title || ', ' || to_char(front_desk_day.day, 'FMDay, FMDD FMMonth'))
    || '</caption><thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">Status</th><th scope="col">Actions</th></tr></thead><tbody>'
    || coalesce(string_agg(
      '<tr><td class="time">' || html(to_char(c.appointment_time at time zone t.time_zone, 'HH24:MI')) || '</td><td>' || html(c.name)
      || case when c.patient_name <> '' then ' <small>for ' || html(c.patient_name) || '</small>' else '' end
      || '<br><small>' || html(concat_ws(', ', c.appointment_type, c.owner_name)) || '</small></td>'
      || '<td><span class="' || case when c.status = 'confirmed' then 'good' when c.status in ('cancelled', 'wrong_number', 'do_not_call', 'failed') then 'bad'
        when c.needs_review or review.call is not null then 'look' else '' end || '">' || html(case when c.phone_e164 is null then 'No usable number' when waiting.call is not null then 'Waiting to be called' else front_desk_words(c.status, c.last_outcome, c.next_call_at) end) || '</span>'
      || case when c.needs_review or review.call is not null then ' <strong class="look">please look' || html(': ' || review.reason) || '</strong>' else '' end
      || '<br><small>' || html(coalesce(
        case when waiting.call is not null then case when waiting.due_at <= now() then 'it is soon their turn'
          else 'from ' || to_char(waiting.due_at at time zone t.time_zone, 'FMDay, HH24:MI') || ' on' end end,
        case when c.requested_time is not null then 'asked for ' || to_char(c.requested_time at time zone t.time_zone, 'FMDay FMDD FMMonth, HH24:MI') end,
        c.requested_text,
        case when c.status in ('scheduled', 'callback') and c.next_call_at > now()
          then 'next call ' || to_char(c.next_call_at at time zone t.time_zone, 'FMDay, HH24:MI') end,
        case when c.status not in ('confirmed', 'calling') then regexp_replace(why.detail, '^no call is planned: ', '') end)) || '</small></td><td><div class="actions">'
      || case when waiting.call is null or not has_function_privilege('vioc_cancel_call(bigint)', 'execute') then ''
        else front_desk_button('front_desk_take_back', 'call', waiting.call, 'Take back', 'Do not call ' || coalesce(c.name, '') || ' now') end
      || case when review.call is null or not has_function_privilege('vioc_mark_reviewed(bigint, text)', 'execute') then ''
        else front_desk_button('front_desk_seen', 'call', review.call, 'Seen', 'Looked at: ' || coalesce(c.name, '')) end
      || case when waiting.call is not null or c.phone_e164 is null or c.status in ('calling', 'do_not_call', 'wrong_number', 'cancelled')
          or not has_function_privilege('vioc_call_contact(bigint, boolean)', 'execute') then ''
        else front_desk_button('front_desk_call', 'contact', c.id, 'Call now', 'Call ' || coalesce(c.name, '') || ' now') end
      || case when c.status = 'do_not_call' or c.phone_e164 is null or not has_function_privilege('vioc_do_not_call(bigint, text, text)', 'execute') then '' else '<details id="more-' || c.id || '"><summary id="unfold-' || c.id || '">Opt out</summary>'
        || front_desk_button('front_desk_opt_out', 'contact', c.id, 'Never call again', 'Never call ' || coalesce(c.name, '') || ' again') || '</details>' end
      || '</div></td></tr>', '' order by c.appointment_time, c.id),
      '<tr><td colspan="4" class="quiet">Nobody.</td></tr>')
    || '</tbody></table>'
  from vioc.contacts as c
  join vioc.tenants as t on t.id = c.tenant_id
  left join lateral (select e.detail from vioc_explain_contact(c.id) as e where not e.ok and e.rule not in ('tenant_configured', 'has_key', 'practice_live', 'not_paused', 'not_suspended') limit 1) as why on true
  left join lateral (
    select k.id as call, k.due_at from vioc.calls as k
    where k.tenant_id = c.tenant_id and k.contact_id = c.id and k.status = 'queued' and not k.is_test limit 1) as waiting on true
  left join lateral (
    select k.id as call, k.review_reason as reason from vioc.calls as k
    where k.tenant_id = c.tenant_id and k.contact_id = c.id and k.needs_review order by k.id desc limit 1) as review on true
  where c.tenant_id = front_desk_day.tenant
    and c.appointment_time >= front_desk_day.day::timestamp at time zone t.time_zone
    and c.appointment_time < (front_desk_day.day + 1)::timestamp at time zone t.time_zone
$$;

-- What else waits for a person: calls about other days, or about people who are not in the list any more.
create function front_desk_reviews(tenant bigint, today date) returns text
  language sql stable
  set search_path from current
as $$
  select case when count(*) = 0 then '' else
    '<table><caption>Please look</caption><thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">Why</th><th scope="col">Actions</th></tr></thead><tbody>'
    || string_agg('<tr><td>' || html(to_char(r.appointment_time at time zone r.time_zone, 'DD Mon HH24:MI')) || '</td><td>' || html(coalesce(r.name, 'Not in the list any more')) || '</td>'
      || '<td><strong class="look">' || html(r.review_reason) || '</strong><br><small>' || html(concat_ws(', ',
        'asked for ' || coalesce(to_char(r.requested_time at time zone r.time_zone, 'FMDay FMDD FMMonth, HH24:MI'), r.requested_text), r.summary)) || '</small></td><td><div class="actions">'
      || case when has_function_privilege('vioc_mark_reviewed(bigint, text)', 'execute')
        then front_desk_button('front_desk_seen', 'call', r.call_id, 'Seen', 'Looked at: ' || coalesce(r.name, '')) else '' end || '</div></td></tr>',
      '' order by r.call_id desc) || '</tbody></table>' end
  from (
    select n.*, t.time_zone from vioc.needs_review as n join vioc.tenants as t on t.id = n.tenant_id
    where n.tenant_id = front_desk_reviews.tenant and not exists (
      select from vioc.contacts as c
      where c.tenant_id = n.tenant_id and c.id = n.contact_id
        and c.appointment_time >= front_desk_reviews.today::timestamp at time zone t.time_zone
        and c.appointment_time < (front_desk_reviews.today + 2)::timestamp at time zone t.time_zone)
    order by n.call_id desc limit 50) as r
$$;

create function front_desk(said text default null) returns "text/html"
  language plpgsql stable
  set search_path from current
as $$
declare
  v_main text;
begin
  select string_agg(
    '<section><div class="bar"><h2>' || html(t.company_name)
      || case when s.simulated then ' <small class="look">Simulation: nobody is called</small>' else '' end || case
      when t.paused_at is not null then ' <small class="look">paused: no calls are made</small>'
      when s.paused_at is not null then ' <small class="look">everything is paused: no calls are made</small>'
      when s.suspended_at is not null then ' <small class="bad">Retell refuses calls: tell whoever looks after the database</small>'
      when not t.live then ' <small>not live: called by hand only</small>' else '' end || '</h2>'
    || case when not has_function_privilege('vioc_pause(bigint, text, boolean)', 'execute') then ''
      when t.paused_at is null then front_desk_button('front_desk_pause', 'tenant', t.id, 'Pause calls', 'Pause calls of ' || t.company_name)
      else front_desk_button('front_desk_resume', 'tenant', t.id, 'Go on calling', 'Go on calling for ' || t.company_name) end
    || '</div>' || front_desk_day(t.id, (now() at time zone t.time_zone)::date, 'Today')
    || front_desk_day(t.id, (now() at time zone t.time_zone)::date + 1, 'Tomorrow')
    || front_desk_reviews(t.id, (now() at time zone t.time_zone)::date) || '</section>', '' order by t.company_name, t.id)
  into v_main
  from vioc.tenants as t
  join vioc.tenant_status as s on s.tenant_id = t.id;

  perform set_config('response.headers', jsonb_build_array(
    jsonb_build_object('Cache-Control', 'no-store'),
    jsonb_build_object('Referrer-Policy', 'same-origin'),
    jsonb_build_object('X-Content-Type-Options', 'nosniff'),
    -- nothing runs but the script below, whatever a name in the database looks like
    jsonb_build_object('Content-Security-Policy', format(
      'default-src ''none''; img-src data:; connect-src ''self''; form-action ''self''; base-uri ''none''; frame-ancestors ''none''; style-src ''sha256-%s''; script-src ''sha256-%s''',
      encode(sha256(convert_to(front_desk_style(), 'UTF8')), 'base64'), encode(sha256(convert_to(front_desk_script(), 'UTF8')), 'base64'))))::text, true);
  return '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    || '<title>Front desk</title><link rel="icon" href="data:,"><noscript><meta http-equiv="refresh" content="30;url=front_desk"></noscript><style>' || front_desk_style() || '</style></head>'
    || '<body><h1>Front desk</h1><p class="said" role="status">' || html(front_desk.said) || '</p><main>'
    || coalesce(v_main, '<p>There is no practice that you may see.</p>') || '</main><script>' || front_desk_script() || '</script></body></html>';
end
$$;
comment on function front_desk(text) is 'The front desk page: today''s and tomorrow''s people of the practices that you may see.';

-- After a form: back to the page, which says what happened; reloading it repeats nothing. A form of another site is refused.
create function front_desk_done(said text) returns "text/html"
  language plpgsql volatile
  set search_path from current
as $$
begin
  perform set_config('response.status', '303', true);
  perform set_config('response.headers', jsonb_build_array(jsonb_build_object('Location', 'front_desk?said=' || (
    select string_agg(case when s.letter ~ '^[A-Za-z0-9_.~-]$' then s.letter
      else regexp_replace(upper(encode(convert_to(s.letter, 'UTF8'), 'hex')), '(..)', '%\1', 'g') end, '' order by s.place)
    from string_to_table(left(front_desk_done.said, 300), null) with ordinality as s (letter, place))))::text, true);
  return '';
end
$$;

create function front_desk_check() returns void
  language plpgsql stable
as $$
begin
  -- every browser sends it; what does not is no form of this page
  if coalesce(nullif(current_setting('request.headers', true), '')::json ->> 'sec-fetch-site', 'missing') not in ('same-origin', 'none') then
    raise exception 'this form is of another site' using errcode = 'PT403';
  end if;
end
$$;

-- Why not, in words for whoever sits at the desk: what has to be mended in the database is for somebody else.
create function front_desk_refusal(words text) returns text
  language sql immutable
  return case
    when words ~ 'calls are paused' then 'calls are paused.'
    when words ~ 'vioc[._]' then 'something has to be mended first. Tell whoever looks after the database.'
    else regexp_replace(words, '^contact [0-9]+ is not called: ', '') || '.' end;

create function front_desk_call(contact bigint) returns "text/html"
  language plpgsql volatile
  set search_path from current
as $$
begin
  perform front_desk_check();
  perform vioc_call_contact(contact);
  return front_desk_done('The call is on its way.');
exception when sqlstate 'VC001' or sqlstate '55000' or sqlstate 'PT404' then
  return front_desk_done('Not called: ' || front_desk_refusal(sqlerrm));
end
$$;

create function front_desk_take_back(call bigint) returns "text/html"
  language plpgsql volatile
  set search_path from current
as $$
begin
  perform front_desk_check();
  -- a conversation is not cut off because the page was a moment old
  if not exists (select from vioc.calls as k where k.id = front_desk_take_back.call and k.status in ('queued', 'cancelled')) then
    return front_desk_done('Too late: the call was made already.');
  end if;
  return front_desk_done(case (vioc_cancel_call(call)).status when 'cancelled' then 'Nobody is called for now.'
    else 'The call has just begun; it is being stopped.' end);
end
$$;

create function front_desk_seen(call bigint) returns "text/html"
  language plpgsql volatile
  set search_path from current
as $$
begin
  perform front_desk_check();
  perform vioc_mark_reviewed(call);
  return front_desk_done('Noted.');
end
$$;

create function front_desk_opt_out(contact bigint) returns "text/html"
  language plpgsql volatile
  set search_path from current
as $$
begin
  perform front_desk_check();
  perform vioc_do_not_call(c.tenant_id, c.phone_e164, 'at the front desk')
  from vioc.contacts as c where c.id = front_desk_opt_out.contact and c.phone_e164 is not null;
  return front_desk_done(case when found then 'This number is not called any more.' else 'There is no such person, or no number.' end);
end
$$;

create function front_desk_pause(tenant bigint) returns "text/html"
  language plpgsql volatile
  set search_path from current
as $$
begin
  perform front_desk_check();
  perform vioc_pause(tenant, 'by the front desk');
  return front_desk_done('No new calls are made.');
end
$$;

create function front_desk_resume(tenant bigint) returns "text/html"
  language plpgsql volatile
  set search_path from current
as $$
begin
  perform front_desk_check();
  perform vioc_resume(tenant);
  return front_desk_done('Calls are made again.');
end
$$;

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_proc as p
    where p.pronamespace = current_schema()::regnamespace and (p.proname like 'front\_desk%' or p.oid = 'html(text)'::regprocedure)
  loop
    -- They have no rights of their own: a role sees and does by them what vioc_grant gave to it, so that a role of one tenant
    -- opens the page of that tenant. A role without access is told so by the first of them that reads.
    execute format('grant execute on function %s to public', v_function);
  end loop;
end
$$;

commit;

-- PostgREST knows only the functions that were there when it looked last.
notify pgrst, 'reload schema';
