// Node's pg and mysql2. Arguments: directory of the modules, host, port of PostgreSQL, port of MySQL.
const [dir, host, pgPort, myPort] = process.argv.slice(2);
const { Client } = require(dir + '/node_modules/pg');
const mysql = require(dir + '/node_modules/mysql2/promise');
const show = x => console.log(JSON.stringify(x));

(async () => {
  const c = new Client({ host, port: +pgPort, user: 'u', database: 'public' });
  await c.connect();
  show((await c.query('INSERT INTO cpu (host, ts, v, i) VALUES ($1, $2, $3, $4)', ['node', new Date(86400000), 2.5, 3])).rowCount);
  show((await c.query({ name: 'named', text: 'SELECT host, v, i FROM cpu WHERE host = $1 AND i >= $2', values: ['node', 1] })).rows);
  show((await c.query('SELECT count(*) AS n FROM cpu WHERE host = ANY($1)', [['node', 'none']])).rows);
  show((await c.query('SELECT 1 AS a; SELECT 2 AS b')).map(r => r.rows));
  show((await c.query("SELECT ARRAY['x', 'y'] AS a")).rows);
  await c.query('BEGIN');
  await c.query('COMMIT');
  await c.end();

  const m = await mysql.createConnection({ host, port: +myPort, user: 'u', database: 'public' });
  show((await m.query('SHOW TABLES'))[0]);
  show((await m.execute('INSERT INTO cpu (host, ts, v, i) VALUES (?, ?, ?, ?)', ['node2', new Date(86400000), 2.5, 3]))[0].affectedRows);
  show((await m.execute('SELECT host, v, i FROM cpu WHERE host = ? AND i > ?', ['node2', 1]))[0]);
  show((await m.query('SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position LIMIT 2', ['cpu']))[0]);
  const p = mysql.createPool({ host, port: +myPort, user: 'u', database: 'public', connectionLimit: 3 });
  show((await Promise.all([1, 2, 3, 4].map(x => p.query('SELECT ? + 1 AS x', [x])))).map(r => r[0][0].x));
  await p.end();
  await m.end();
})().catch(e => { console.log('failed', e); process.exit(1); });
