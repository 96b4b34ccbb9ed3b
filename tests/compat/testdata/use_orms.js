// What object mappers of JavaScript ask: the tables of a database, and queries of one. Arguments: the directory of the drivers, host, ports.
const [dir, host, pgPort, myPort] = process.argv.slice(2)
const load = name => require(dir + '/node_modules/' + name)
const knex = load('knex'), Sequelize = load('sequelize'), typeorm = load('typeorm'), { Kysely, PostgresDialect, MysqlDialect } = load('kysely')
const { Pool } = load('pg'), mysql2 = load('mysql2')
const show = (what, x) => console.log(what, JSON.stringify(x))

async function withKnex(client, port) {
  const k = knex({ client, connection: { host, port, user: 'root', database: 'public' } })
  show('has', [await k.schema.hasTable('cpu'), await k.schema.hasTable('nosuch'), await k.schema.hasColumn('cpu', 'v')])
  await k('mem').insert([{ h: 'k1', ts: new Date(5000), x: 1 }, { h: 'k2', ts: new Date(6000), x: 2 }])
  show('rows', await k('mem').whereIn('h', ['k1', 'k2']).whereBetween('x', [0, 5]).orderBy('h').select('h', 'x').limit(2))
  show('groups', await k('mem').whereIn('h', ['k1', 'k2']).max({ m: 'x' }).groupBy('h').select('h').having('h', '>', 'a').orderBy('h'))
  show('deleted', await k('mem').whereIn('h', ['k1', 'k2']).del())
  await k.destroy()
}

async function withSequelize(dialect, port) {
  const s = new Sequelize('public', 'root', '', { host, port, dialect, logging: false })
  await s.authenticate()
  const q = s.getQueryInterface()
  show('columns', Object.entries(await q.describeTable('cpu')).map(([n, c]) => [n, c.type, c.allowNull, c.primaryKey]).sort())
  show('foreign keys', await q.getForeignKeyReferencesForTable('cpu'))
  const Mem = s.define('mem', { h: { type: Sequelize.STRING, primaryKey: true }, ts: Sequelize.DATE, x: Sequelize.DOUBLE }, { freezeTableName: true, timestamps: false })
  await Mem.create({ h: 's1', ts: new Date(9), x: 3 }, { returning: false })
  show('rows', await Mem.findAll({ where: { h: 's1', x: { [Sequelize.Op.gt]: 0 } }, limit: 2 }))
  show('deleted', await Mem.destroy({ where: { h: 's1' } }))
  await s.close()
}

async function withTypeORM(type, port) {
  const mem = new typeorm.EntitySchema({ name: 'mem', tableName: 'mem', columns: { h: { type: String, primary: true },
    ts: { type: type == 'postgres' ? 'timestamp' : 'datetime' }, x: { type: type == 'postgres' ? 'float8' : 'double' } } })
  const ds = new typeorm.DataSource({ type, host, port, username: 'root', database: 'public', entities: [mem] })
  await ds.initialize()
  const run = ds.createQueryRunner(), t = await run.getTable('cpu')
  show('columns', t.columns.map(c => [c.name, c.type, c.isNullable, c.comment]).sort())
  show('has', [await run.hasTable('cpu'), await run.hasTable('nosuch'), await run.hasColumn('cpu', 'v'), await run.getCurrentDatabase()])
  await run.release()
  const repo = ds.getRepository('mem')
  await repo.insert({ h: 't1', ts: new Date(7), x: 1 })
  await repo.save({ h: 't2', ts: new Date(7), x: 2 })
  show('rows', await repo.createQueryBuilder('m').select('m.h', 'h').addSelect('MAX(m.x)', 'mx').where({ h: typeorm.In(['t1', 't2']) }).groupBy('m.h').orderBy('h').getRawMany())
  show('deleted', (await repo.delete({ h: typeorm.In(['t1', 't2']) })).affected)
  await ds.destroy()
}

async function withKysely(dialect) {
  const k = new Kysely({ dialect })
  show('tables', (await k.introspection.getTables()).filter(t => t.name == 'cpu' || t.name == 'hot')
    .map(t => [t.name, t.isView, t.columns.map(c => [c.name, c.dataType, c.isNullable]).sort()]))
  show('count', await k.selectFrom('mem').select(k.fn.countAll().as('n')).where('h', '=', 'nobody').execute())
  await k.destroy()
}

(async () => {
  const steps = [['knex pg', () => withKnex('pg', pgPort)], ['knex mysql2', () => withKnex('mysql2', myPort)],
    ['sequelize postgres', () => withSequelize('postgres', pgPort)], ['sequelize mysql', () => withSequelize('mysql', myPort)],
    ['typeorm postgres', () => withTypeORM('postgres', pgPort)], ['typeorm mysql', () => withTypeORM('mysql', myPort)],
    ['kysely postgres', () => withKysely(new PostgresDialect({ pool: new Pool({ host, port: pgPort, user: 'root', database: 'public' }) }))],
    ['kysely mysql', () => withKysely(new MysqlDialect({ pool: mysql2.createPool({ host, port: myPort, user: 'root', database: 'public' }) }))]]
  for (const [name, f] of steps) {
    console.log('##', name)
    try { await f() } catch (e) { console.log('FAILED', e.message) }
  }
  process.exit(0)
})()
