#!/usr/bin/env bash
# Installs the third-party programs that tests drive: Prometheus and its node exporter, clients of MySQL and PostgreSQL, drivers of other languages
# (clients.sh), and for `make bench-peers` two peers.
# A program that is there is left alone. Where the platform has no apt, or we may not use it, tests that need it skip and say so.
set -u
"$(dirname "$0")/clients.sh" # drivers of other languages
want=(prometheus prometheus-node-exporter mariadb-client postgresql-client)
[ "${PEERS:-}" = 1 ] && want+=(victoria-metrics influxdb)
missing=()
for p in "${want[@]}"; do
  bin=$p
  [ "$p" = influxdb ] && bin=influxd
  [ "$p" = mariadb-client ] && bin=mariadb
  [ "$p" = postgresql-client ] && bin=psql
  command -v "$bin" >/dev/null || missing+=("$p")
done
/usr/bin/python3 -c 'import pymysql' 2>/dev/null || missing+=(python3-pymysql)
/usr/bin/python3 -c 'import psycopg2' 2>/dev/null || missing+=(python3-psycopg2)
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "tools: ${missing[*]}: no apt-get on this system; tests that need them will skip" >&2
  exit 0
fi
sudo=
if [ "$(id -u)" != 0 ]; then
  sudo=$(command -v sudo) || { echo "tools: ${missing[*]}: not root and no sudo; tests that need them will skip" >&2; exit 0; }
fi
echo "tools: installing ${missing[*]}"
# Services of these packages are not started: tests run their own, on ports of their own.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null && $sudo chmod +x $policy && made=1; fi
$sudo apt-get update -qq >/dev/null 2>&1
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/tmp/goptimedb-tools.log 2>&1 ||
  { echo "tools: apt-get failed, see /tmp/goptimedb-tools.log; tests that need ${missing[*]} will skip" >&2; }
[ -n "$made" ] && $sudo rm -f $policy
exit 0
