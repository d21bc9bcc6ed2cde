-- H6: a document may say in any object or list that no call is wanted; and what it says of that in the negative is none.
\ir ../clinic.psql
select plan(2);

create function pg_temp.not_as(p_heard boolean, p_documents text[]) returns text language sql as $$
  select string_agg(d.document, ' | ') from unnest(p_documents) as d (document)
  where coalesce(vioc.reported_outcome((select min(id) from vioc.tenants), d.document::jsonb, null) = 'do_not_call', false) <> p_heard $$;
select is(pg_temp.not_as(true, array[
  '{"do_not_call": true}', '{"result": {"do_not_call": true}}', '{"do_not_call": {"value": true, "reason": "said so"}}', '{"outcome": {"value": "do not call"}}', '{"outcome": ["confirmed", "do_not_call"]}',
  '{"flags": ["do_not_call"]}', '[{"name": "do_not_call", "value": true}]', '{"answers": [{"field": "confirmed", "value": true}, {"field": "opt out", "value": "yes"}]}', '"do not call"', '["stop calling me"]',
  '{"a": {"b": {"c": ["never call again"]}}}', '{"field": "do_not_call", "value": true}', '{"mark_do_not_call": true}', '{"set_dnc": "on"}', '{"do_not_call": "yes, please"}', '{"outcome": "please don''t ring me"}',
  '{"outcome": "do not text or call"}', '{"outcome": "confirmed", "notes": {"wish": "remove my number from your list"}}']), null, 'heard');
select is(pg_temp.not_as(false, array[
  '{"do_not_call": false}', '{"result": {"do_not_call": false}}', '{"do_not_call": {"value": false}}', '[{"name": "do_not_call", "value": false}]', '{"field": "do_not_call", "value": false}', '{"field": "do_not_call", "value": null}',
  '{"do_not_call": {"value": "no"}}', '{"outcome": {"value": "confirmed"}}', '{"outcome": []}', '{"outcome": {}}', '{}', '[]', 'null', '"yes"', '{"stop": "no"}', '{"flags": []}', '{"call_me": true}',
  '{"answers": [{"field": "confirmed", "value": true}, {"field": "opt out", "value": "no"}]}', '{"ring": true}', '{"text": "text me"}']), null, 'not said');

select * from finish();
