# What SQLAlchemy's inspector finds, and rows through its core. Arguments: URLs.
import datetime
import sys
import warnings

import sqlalchemy as sa

warnings.simplefilter("ignore")


def show(name, f):
    try:
        print(name + ":", f())
    except Exception as e:  # the golden file says which there are
        print(name + ":", type(e).__name__, str(e).splitlines()[0])


for url in sys.argv[1:]:
    engine = sa.create_engine(url)
    print("==", engine.dialect.name, engine.dialect.driver)
    i = sa.inspect(engine)
    show("schemas", lambda: [s for s in i.get_schema_names()])
    show("tables", lambda: sorted(i.get_table_names()))
    show("tables of a schema", lambda: i.get_table_names(schema="other"))
    show("has", lambda: [i.has_table(t) for t in ("cpu", "hot", "nosuch")] + [i.has_schema("other"), i.has_schema("nosuch")])
    cpu = sa.Table("cpu", sa.MetaData(), sa.Column("host", sa.Text), sa.Column("ts", sa.TIMESTAMP), sa.Column("v", sa.Float), sa.Column("i", sa.Integer))
    if engine.dialect.name == "postgresql":
        show("views", lambda: [v for v in i.get_view_names() if v == "hot"])
        show("view", lambda: i.get_view_definition("hot"))
        show("columns", lambda: [(c["name"], str(c["type"]), c["nullable"], c["default"], c["comment"]) for c in i.get_columns("cpu")])
        show("columns of a view", lambda: [(c["name"], str(c["type"])) for c in i.get_columns("hot")])
        show("columns of all", lambda: sorted(t for _, t in i.get_multi_columns()))
        show("primary key", lambda: i.get_pk_constraint("cpu"))
        show("indexes", lambda: i.get_indexes("cpu"))
        show("foreign keys", lambda: i.get_foreign_keys("cpu"))
        show("unique", lambda: i.get_unique_constraints("cpu"))
        show("checks", lambda: i.get_check_constraints("cpu"))
        show("comment", lambda: i.get_table_comment("cpu"))
        show("enums, sequences", lambda: (i.get_enums(), i.get_sequence_names()))
        meta = sa.MetaData()
        show("reflected", lambda: meta.reflect(engine, only=["cpu"]) or [c.name for c in meta.tables["cpu"].primary_key])
        cpu = meta.tables["cpu"]

    def rows():
        with engine.begin() as c:
            day = datetime.datetime(2024, 1, 2)
            c.execute(cpu.insert(), [{"host": "sa1", "ts": day, "v": 3.5, "i": 1}, {"host": "sa2", "ts": day, "v": 4.5, "i": 2}])
            q = sa.select(cpu.c.host, cpu.c.v, cpu.c.ts).where(cpu.c.host.like("sa%")).where(cpu.c.v > 3.75).order_by(cpu.c.host)
            return c.execute(q).fetchall()

    show("rows", rows)
