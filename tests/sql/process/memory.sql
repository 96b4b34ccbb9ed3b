-- Who holds memory: accounts of the one budget, and what is outside of it.
SELECT account, shrinks, used_bytes >= 0 AS known FROM information_schema.memory_usage
WHERE account IN ('cache_page', 'cache_series', 'cache_sst_meta', 'write_buffer') ORDER BY account;

SELECT count(*) FROM information_schema.memory_usage WHERE account LIKE 'total:%';

DESC TABLE information_schema.memory_usage;
