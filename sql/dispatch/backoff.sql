-- Private. Between half and the whole of least(cap, base * 2^(n-1)): retries of many calls spread.
create function vioc.backoff(p_tries integer, p_base interval, p_cap interval) returns interval
  language sql volatile
  return least(p_cap, p_base * (2 ^ least(greatest(p_tries, 1) - 1, 20))) * (0.5 + random() / 2);
comment on function vioc.backoff(integer, interval, interval) is 'Wait before the next try: doubling, capped, with jitter.';
