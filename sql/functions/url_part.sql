-- Private. Retell's ids are opaque: everything but letters, digits, _ and - is percent-encoded.
create function vioc.url_part(p_text text) returns text
  language sql immutable strict
begin atomic
  select coalesce(string_agg(
    case when c.b between 48 and 57 or c.b between 65 and 90 or c.b between 97 and 122 or c.b in (45, 95)
      then chr(c.b) else '%' || lpad(upper(to_hex(c.b)), 2, '0') end, '' order by c.n), '')
  from (
    select n, get_byte(u.bytes, n) as b
    from (select convert_to(p_text, 'UTF8') as bytes) as u
    cross join generate_series(0, length(u.bytes) - 1) as n) as c;
end;
comment on function vioc.url_part(text) is 'Text as one segment of a URL path.';
