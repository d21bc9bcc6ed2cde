-- H6: a document may say in any object or list that no call is wanted; and what it says of that in the negative is none.
\ir ../clinic.psql
select plan(4);

create function pg_temp.not_as(p_heard boolean, p_documents text[]) returns text language sql as $$
  select string_agg(d.document, ' | ') from unnest(p_documents) as d (document)
  where coalesce(vioc.reported_outcome((select min(id) from vioc.tenants), d.document::jsonb, null) = 'do_not_call', false) <> p_heard $$;
select is(pg_temp.not_as(true, array[
  '{"do_not_call": true}', '{"result": {"do_not_call": true}}', '{"do_not_call": {"value": true, "reason": "said so"}}', '{"outcome": {"value": "do not call"}}', '{"outcome": ["confirmed", "do_not_call"]}',
  '{"flags": ["do_not_call"]}', '[{"name": "do_not_call", "value": true}]', '{"answers": [{"field": "confirmed", "value": true}, {"field": "opt out", "value": "yes"}]}', '"do not call"', '["stop calling me"]',
  '{"a": {"b": {"c": ["never call again"]}}}', '{"field": "do_not_call", "value": true}', '{"mark_do_not_call": true}', '{"set_dnc": "on"}', '{"do_not_call": "yes, please"}', '{"outcome": "please don''t ring me"}',
  '{"outcome": "do not text or call"}', '{"opt_out": {"requested": true}}', '{"dnc": {"asked": "yes", "confidence": 0.9}}', '{"has_opted_out": true}', '{"do_not_call": "requested"}', '{"consent": "revoked"}', '{"outcome": "confirmed", "notes": {"wish": "remove my number from your list"}}']), null, 'heard');
select is(pg_temp.not_as(false, array[
  '{"do_not_call": false}', '{"result": {"do_not_call": false}}', '{"do_not_call": {"value": false}}', '[{"name": "do_not_call", "value": false}]', '{"field": "do_not_call", "value": false}', '{"field": "do_not_call", "value": null}',
  '{"do_not_call": {"value": "no"}}', '{"outcome": {"value": "confirmed"}}', '{"outcome": []}', '{"outcome": {}}', '{}', '[]', 'null', '"yes"', '{"stop": "no"}', '{"flags": []}', '{"call_me": true}',
  '{"answers": [{"field": "confirmed", "value": true}, {"field": "opt out", "value": "no"}]}', '{"ring": true}', '{"dnc_status": "not opted out"}', '{"opt_out_status": "no opt-out"}', '{"not_opted_out": true}', '{"no_opt_out": true}', '{"opt_out": {"requested": false}}', '{"opt_out": {"offered": true}}',
  '{"opt_out": "withdrawn"}', '{"do_not_call": "not requested"}', '{"callback": "requested"}', '{"text": "text me"}']), null, 'not said');

-- a list or a text in place of the object that Retell describes
select is(pg_temp.told(c) , 'completed do_not_call / do_not_call', w.data)
from (values ('[{"name": "do_not_call", "value": true}]'), ('"do not call"')) as w (data)
cross join lateral (
  select p.c from (select pg_temp.placed((select min(id) from vioc.tenants)) as c offset 0) as p
  where pg_temp.hear(p.c, 'call_analyzed', pg_temp.analysed(w.data::jsonb)) = 'applied' offset 0) as d;

select * from finish();
