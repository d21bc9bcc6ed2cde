-- Trigger on the tables with an identity that roles of some tenants insert into: an id that `overriding system value` gives could
-- be another tenant's row, now or next. Object mappers write `id = default`, which needs the right to write id; so the writer
-- keeps that right, and the id is drawn here. The owner, who restores, is believed. Its WHEN is asked with the rights of the writer.
create function vioc.refuse_given_id() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.id := nextval(format('vioc.%I', tg_table_name || '_id_seq')::regclass);
  return new;
end
$$;
comment on function vioc.refuse_given_id() is 'Trigger: the id of a row is the sequence''s, whatever a role that does not own the table gives.';

do $$
declare
  v_table text;
begin
  foreach v_table in array array['contacts', 'blackout_dates', 'calling_hours'] loop
    execute format('create trigger %1$s_0_id before insert on vioc.%1$s for each row'
      ' when (not has_sequence_privilege(current_user, ''vioc.%1$s_id_seq'', ''usage'')) execute function vioc.refuse_given_id()', v_table);
  end loop;
end
$$;
