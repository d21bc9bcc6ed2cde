-- That the harness runs these files as intended; the pattern for all others.
-- Each file is one test in one transaction, which is rolled back.

select plan(3);

select has_extension('vioconcierge', 'the extension is there');
select is(current_setting('search_path'), 'public, tap', 'public functions and pgTAP are found without a schema');
select is(current_setting('vioconcierge.databases'), '', 'no worker serves this database, so nothing changes by itself');

select * from finish();
