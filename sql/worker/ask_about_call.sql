-- Private. For vioc_wait_for_call, whose transaction writes nothing: no commit is needed.
create function vioc.ask_about_call(p_call_id bigint) returns void
  language c volatile strict as 'MODULE_PATHNAME', 'ask_about_call_wrapper';
comment on function vioc.ask_about_call(bigint) is 'Has the worker look a call up at once (vioc.hasten_look_ups).';
