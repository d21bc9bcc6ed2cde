-- What the practice app has already.
create table appointments (
  id bigint generated always as identity primary key,
  patient text not null,
  phone text,
  starts_at timestamptz not null,
  what text,
  doctor text,
  state text not null default 'booked' check (state in ('booked', 'confirmed', 'cancelled', 'done', 'missed')),
  -- what came of the calls: written by read_outcomes()
  called text,
  wants text
);
