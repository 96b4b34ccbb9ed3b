#!/usr/bin/env bash
# Installs the two servers of object stores that are not Go libraries, pinned, into $GOPTIMEDB_TOOLS (default ~/.cache/goptimedb-tools):
# versitygw, S3 over files, and azurite, Azure Blob Storage. What is there is left alone; the two together take about two minutes
# and 450 MB once. Without go, npm or a network the tests that need them skip and say so. CLOUDS=0 leaves both out.
set -u
[ "${CLOUDS:-1}" = 0 ] && exit 0
dir=${GOPTIMEDB_TOOLS:-$HOME/.cache/goptimedb-tools}
versitygw=1.8.0
azurite=3.37.0
mkdir -p "$dir" || exit 0

get_versitygw() {
  local to=$dir/versitygw-$versitygw
  [ -x "$to/versitygw" ] && return
  echo "clouds: installing versitygw $versitygw"
  (cd "$dir" && GOFLAGS= GOBIN=$to go install "github.com/versity/versitygw/cmd/versitygw@v$versitygw") >"$dir/versitygw.log" 2>&1 ||
    echo "clouds: versitygw could not be built, see $dir/versitygw.log; its tests will skip" >&2
}

get_azurite() {
  local to=$dir/azurite-$azurite
  [ -e "$to/node_modules/.bin/azurite-blob" ] && return
  command -v npm >/dev/null || { echo "clouds: no npm on this system; tests of Azure Blob Storage will skip" >&2; return; }
  echo "clouds: installing azurite $azurite"
  # Renamed when complete, so that a broken install is not taken for one.
  rm -rf "$to.part" && npm install --prefix "$to.part" --no-audit --no-fund --ignore-scripts "azurite@$azurite" >"$dir/azurite.log" 2>&1 &&
    rm -rf "$to" && mv "$to.part" "$to" ||
    echo "clouds: azurite could not be installed, see $dir/azurite.log; tests of Azure Blob Storage will skip" >&2
}

get_azurite & # mostly waits for the network
get_versitygw
wait
exit 0
