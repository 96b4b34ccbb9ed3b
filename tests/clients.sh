#!/usr/bin/env bash
# Installs the drivers of other languages that tests/compat drives, pinned, into $GOPTIMEDB_TOOLS (default ~/.cache/goptimedb-tools): from PyPI,
# Maven Central and the npm registry, about 210 MB once. What is there is left alone. Where a language is not installed, or its registry is
# not reached, the tests of its drivers skip and say so.
set -u
root=${GOPTIMEDB_TOOLS:-$HOME/.cache/goptimedb-tools}
python=(SQLAlchemy==2.0.36 psycopg2-binary==2.9.10 'psycopg[binary]==3.2.3' pg8000==1.31.2 PyMySQL==1.1.1 asyncpg==0.30.0)
java=(org.postgresql:postgresql:42.7.4 com.mysql:mysql-connector-j:9.1.0)
node=(pg@8.13.1 mysql2@3.11.4)
# The name changes with the versions, so that a change installs anew.
dir=$root/drivers-$(printf '%s\n' "${python[@]}" "${java[@]}" "${node[@]}" | cksum | cut -d' ' -f1)
mkdir -p "$dir" || exit 0
echo "$dir" >"$root/drivers" # where tests look

# install NAME COMMAND…: runs the command with a directory to fill, which gets its name when it is complete.
install() {
  local to=$dir/$1
  [ -d "$to" ] && return
  echo "drivers: installing those of $1"
  rm -rf "$to.part" && mkdir "$to.part" && "${@:2}" "$to.part" >"$dir/$1.log" 2>&1 && mv "$to.part" "$to" ||
    echo "drivers: those of $1 could not be installed, see $dir/$1.log; their tests will skip" >&2
}

get_python() { python3 -m pip install -q --no-input --disable-pip-version-check --target "$1" "${python[@]}"; }
get_node() { npm install --prefix "$1" --no-audit --no-fund --ignore-scripts --silent "${node[@]}"; }
get_java() {
  local a
  for a in "${java[@]}"; do mvn -q -B dependency:copy -Dartifact="$a" -DoutputDirectory="$1" || return 1; done
}

# Object mappers, in directories of their own; they use the drivers.
mappers_python=(Django==5.1.4)
mappers_node=(knex@3.1.0 sequelize@6.37.5 typeorm@0.3.20 kysely@0.27.5 pg@8.13.1 mysql2@3.11.4)
get_mappers_python() { python3 -m pip install -q --no-input --disable-pip-version-check --target "$1" "${mappers_python[@]}"; }
get_mappers_node() { npm install --prefix "$1" --no-audit --no-fund --ignore-scripts --silent "${mappers_node[@]}"; }
tag() { printf '%s\n' "$@" | cksum | cut -d' ' -f1; }
echo "mappers-python-$(tag "${mappers_python[@]}")" >"$dir/mappers-python"
echo "mappers-node-$(tag "${mappers_node[@]}")" >"$dir/mappers-node"

has() { command -v "$1" >/dev/null || { echo "drivers: no $1 on this system; tests of its drivers will skip" >&2; false; }; }
has python3 && install python get_python &
has npm && install node get_node &
has python3 && install "$(cat "$dir/mappers-python")" get_mappers_python &
has npm && install "$(cat "$dir/mappers-node")" get_mappers_node &
has javac && has mvn && install java get_java &
wait
exit 0
