# asyncpg speaks binary only, and asks the catalog for types that it does not know. Arguments: host, port.
import asyncio
import datetime
import decimal
import sys

import asyncpg


async def main():
    at = dict(host=sys.argv[1], port=int(sys.argv[2]), user="u", database="public", ssl=False)
    c = await asyncpg.connect(**at)
    day = datetime.datetime(2024, 1, 2, 3, 4, 5, 678000)
    print(await c.execute("INSERT INTO cpu (host, ts, v, n, i, b, d) VALUES ($1, $2, $3, $4, $5, $6, $7)", "a", day, 1.5, decimal.Decimal("1.25"), 7, True, day.date()))
    await c.executemany("INSERT INTO cpu (host, ts, v, i) VALUES ($1, $2, $3, $4)", [("m%d" % k, day, float(k), k) for k in range(20)])
    print(await c.copy_records_to_table("cpu", records=[("c%d" % k, day, 1.0, k) for k in range(10)], columns=["host", "ts", "v", "i"]))
    print(dict(await c.fetchrow("SELECT host, ts, v, n, i, b, d FROM cpu WHERE host = $1 AND i >= $2", "a", 7)))
    print(await c.fetchval("SELECT count(*) FROM cpu WHERE host = ANY($1::text[])", ["m1", "m2", "none"]))
    print(await c.fetchval("SELECT array_agg(host ORDER BY host) FROM cpu WHERE host LIKE 'm%' AND v < 3"), await c.fetchval("SELECT ARRAY[1, 2, 3]"))
    n = 0
    async with c.transaction():
        async for _ in c.cursor("SELECT host FROM cpu WHERE host LIKE 'm%'", prefetch=7):
            n += 1
    print(n, await c.fetchval("SELECT relname FROM pg_class WHERE oid = $1::regclass", "cpu"))
    print([(r["oid"], r["typname"]) for r in await c.fetch("SELECT oid, typname FROM pg_type WHERE oid = ANY($1::oid[]) ORDER BY oid", [23, 1043])])
    st = await c.prepare("SELECT host, v, ts, n FROM cpu WHERE host = $1")
    print([t.name for t in st.get_parameters()], [(a.name, a.type.name) for a in st.get_attributes()])
    try:
        await c.fetch("SELECT * FROM nosuch")
    except asyncpg.UndefinedTableError as e:
        print(e.sqlstate)
    await c.reset()
    await c.close()
    async with asyncpg.create_pool(min_size=2, max_size=3, **at) as pool:
        print(await asyncio.gather(*(pool.fetchval("SELECT $1::bigint + 1", k) for k in range(5))))


asyncio.run(main())
