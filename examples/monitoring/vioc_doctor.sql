select count(*) filter (where not ok) as findings from vioc_doctor();
