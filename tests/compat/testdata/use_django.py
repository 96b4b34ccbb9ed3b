# What Django asks: the models of a database, its constraints, and queries of them. Arguments: postgresql or mysql, host, port.
import datetime, sys
engine, host, port = sys.argv[1:]
if engine == "mysql":
    import pymysql
    pymysql.version_info = (2, 2, 1, "final", 0)  # Django looks at mysqlclient's
    pymysql.install_as_MySQLdb()
import django
from django.conf import settings
settings.configure(USE_TZ=False, TIME_ZONE="UTC", DATABASES={"default": {"ENGINE": "django.db.backends." + engine, "NAME": "public", "USER": "root", "PASSWORD": "",
    "HOST": host, "PORT": port, "OPTIONS": {"sslmode": "disable"} if engine == "postgresql" else {}}})
django.setup()
from django.core.management import call_command
from django.db import connection, models
from django.db.models import Count, Max
from django.db.models.functions import TruncDay, TruncHour

print("##", engine)
call_command("inspectdb", "cpu", "hot")
with connection.cursor() as c:
    print(connection.introspection.get_table_list(c))
    print({k: v["columns"] for k, v in sorted(connection.introspection.get_constraints(c, "cpu").items()) if v["primary_key"]})

class Mem(models.Model):
    h = models.CharField(primary_key=True, max_length=100)
    ts = models.DateTimeField()
    x = models.FloatField()
    class Meta:
        app_label, db_table, managed = "app", "mem", False

at = datetime.datetime(2024, 1, 1, 5, 30)
Mem.objects.create(h=engine, ts=at, x=3)
Mem.objects.bulk_create([Mem(h=engine + str(i), ts=at + datetime.timedelta(hours=i), x=i) for i in range(3)])
mine = Mem.objects.filter(h__startswith=engine)
print(list(mine.order_by("h").values_list()))
print(list(mine.annotate(t=TruncHour("ts")).values("t").annotate(n=Count("*"), m=Max("x")).order_by("t").values_list("t", "n", "m")))
print(list(mine.annotate(t=TruncDay("ts")).values("t").annotate(n=Count("*")).values_list("t", "n")))
print(list(mine.filter(ts__gte=at, ts__year=2024, ts__hour=6).values_list("h", flat=True)))
print(list(mine.filter(h__regex="[12]$", h__contains="sql").order_by("-x").values_list("h", flat=True)[:1]), mine.filter(h__in=[engine]).exists())
print(mine.aggregate(Max("x"), Count("h", distinct=True)), mine.order_by("-ts").first().h, list(mine.dates("ts", "day")))
print(mine.filter(h=engine).delete(), mine.count())
