-- Public. For admins of some tenants, as vioc_delete_contact: one row of the small tables that they write.
create function vioc.vioc_delete_setting(tenant_id bigint, table_name text, key text) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant_id constant bigint := vioc_delete_setting.tenant_id;
  v_key constant text := vioc_delete_setting.key;
  v_rows integer;
begin
  perform vioc.require_tenant('admin', v_tenant_id);
  case vioc_delete_setting.table_name
    when 'agents' then delete from vioc.agents as r where r.tenant_id = v_tenant_id and r.locale = v_key;
    when 'blackout_dates' then delete from vioc.blackout_dates as r where r.tenant_id = v_tenant_id and r.id::text = v_key;
    when 'calling_hours' then delete from vioc.calling_hours as r where r.tenant_id = v_tenant_id and r.id::text = v_key;
    when 'follow_up_rules' then delete from vioc.follow_up_rules as r where r.tenant_id = v_tenant_id and r.outcome = v_key;
    when 'outcome_words' then delete from vioc.outcome_words as r where r.tenant_id = v_tenant_id and r.word = v_key;
    else
      raise exception 'table_name is one of agents, blackout_dates, calling_hours, follow_up_rules, outcome_words'
        using errcode = 'invalid_parameter_value', hint = format('For instance select vioc_delete_setting(%s, ''calling_hours'', ''7'');', v_tenant_id);
  end case;
  get diagnostics v_rows = row_count;
  if v_rows = 0 then
    raise exception 'there is no such row in vioc.%', vioc_delete_setting.table_name
      using errcode = 'PT404', hint = format('select * from vioc.%I where tenant_id = %s;', vioc_delete_setting.table_name, v_tenant_id);
  end if;
  perform vioc.write_audit('delete', v_tenant_id, p_detail => vioc_delete_setting.table_name);
  return format('a row of vioc.%s of tenant %s is deleted', vioc_delete_setting.table_name, v_tenant_id);
end
$$;
comment on function vioc.vioc_delete_setting(bigint, text, text) is
  'Deletes a row of a tenant''s settings. Deletes a row of agents (key: locale), blackout_dates or calling_hours (id), follow_up_rules (outcome) or outcome_words (word), for admins of some tenants. Admins of all tenants can also use DELETE. Returns what it did. Errors: PT404 no such tenant or row, 22023 no such table.';
