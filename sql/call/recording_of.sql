-- Private. Where Retell keeps the recording; the scrubbed one, if that is all that is kept. A link that does not fit is none:
-- cut short it leads nowhere. (plpgsql keeps its plan: each webhook asks.)
create function vioc.recording_of(p_retell jsonb) returns text
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select u.url
    from (values
      (1, p_retell -> 'recording_url'), (2, p_retell -> 'scrubbed_recording_url')) as f (place, value)
    cross join lateral (select f.value #>> '{}' as url) as u
    where jsonb_typeof(f.value) = 'string' and length(u.url) between 1 and 8192
    order by f.place
    limit 1);
end
$$;
comment on function vioc.recording_of(jsonb) is 'The link to a call''s recording; null if there is none.';
