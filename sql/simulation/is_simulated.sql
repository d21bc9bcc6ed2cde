-- Private. Whether a tenant's calls are simulated (p_simulated: its tenants.simulated): the one definition. Inlined by the planner.
create function vioc.is_simulated(p_simulated boolean) returns boolean
  language sql stable
  return p_simulated or vioc.setting('simulate', 'off') = 'on';
comment on function vioc.is_simulated(boolean) is 'Whether calls of a tenant are simulated, by its column or by the setting vioconcierge.simulate.';
