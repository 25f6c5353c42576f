# shellcheck shell=bash
# What demo, check and bench share: the packages a machine lacks, a build, and
# a private throwaway PostgreSQL cluster. Sourced by bash, from the top folder.
#
# The server runs from a staged copy of the installed PostgreSQL, so that the
# extension is tried without writing into the system's folders and without
# touching any cluster that exists. It listens on a unix socket only, and goes
# when the script goes, however that ends.

set -u
umask 022                        # the server's user reads what is built here
export LC_ALL=C.UTF-8            # messages and order do not depend on the user
TOP=$PWD
BUILD=$TOP/build

say()  { printf '%s\n' "$*" >&2; }
step() { printf '\n== %s\n' "$*" >&2; }
die()  { printf '\nerror: %s\n' "$*" >&2; exit 1; }

# --- the folders ------------------------------------------------------------

# Keep the data folder's name right when the current folder changes. Exports
# LIVEANALYTICS_DATA only if there is such a folder.
find_data() {
  case ${LIVEANALYTICS_DATA:-} in
    '') LIVEANALYTICS_DATA=$TOP/../shared/data ;;
    /*) ;;
    *) LIVEANALYTICS_DATA=${OLDPWD:-$TOP}/$LIVEANALYTICS_DATA ;;
  esac
  if [ -d "$LIVEANALYTICS_DATA" ]; then
    LIVEANALYTICS_DATA=$(cd "$LIVEANALYTICS_DATA" && pwd)
    export LIVEANALYTICS_DATA
  else
    unset LIVEANALYTICS_DATA
  fi
}

# open_workplace SCRIPT ARGUMENT...: the first call of a script. Makes build/,
# and keeps a second script out of it. Where the server's user cannot enter
# this folder (root's home, say), or make cannot cope with its name, SCRIPT is
# started again in a copy.
open_workplace() {
  find_data
  case $TOP in
    *[!A-Za-z0-9/._+-]*) move_to_copy "make cannot work in a folder of this name" "$@" ;;
  esac
  # shellcheck disable=SC2016
  as_server sh -c 'cd "$1" && test -r scripts/lib.sh && test -r sql' sh "$TOP" 2>/dev/null ||
    move_to_copy "user $(server_user), who runs the server, cannot enter this folder" "$@"
  { mkdir -p "$BUILD/log" && [ -w "$BUILD" ]; } || die "could not write to $BUILD"
  trap close_workplace EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  exec 9>"$BUILD/lock"
  flock -n 9 || die "another demo or check is at work in $TOP"
}

# move_to_copy REASON SCRIPT ARGUMENT...
move_to_copy() {
  local copy
  [ -z "${LIVEANALYTICS_COPY_OF:-}" ] || die "$1: $TOP"
  copy=$(mktemp -d /tmp/liveanalytics.XXXXXX) || die "could not make a folder under /tmp"
  say "$1: working in a copy, $copy"
  shift
  tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$copy" --no-same-owner ||
    die "could not copy $TOP to $copy; is the disk full?"
  chmod -R a+rX "$copy"
  cd "$copy" && LIVEANALYTICS_COPY_OF=$TOP exec "./${1##*/}" "${@:2}"
}

# Runs when the script ends; safe to run twice.
close_workplace() {
  stop_cluster
  if [ -n "${LIVEANALYTICS_COPY_OF:-}" ]; then
    cd / && rm -rf "$LIVEANALYTICS_COPY_OF/build/log"
    mkdir -p "$LIVEANALYTICS_COPY_OF/build"
    cp -r "$BUILD/log" "$LIVEANALYTICS_COPY_OF/build/" 2>/dev/null
    rm -rf "$TOP"
  fi
}

# --- packages ---------------------------------------------------------------

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  else sudo "$@"
  fi
}

installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

apt_update_once() {
  [ -z "${APT_UPDATED:-}" ] || return 0
  say "updating the package lists"
  as_root apt-get -o DPkg::Lock::Timeout=120 -qq update >"$BUILD/log/apt.log" 2>&1 </dev/null
  APT_UPDATED=1
}

# Install those of the named packages that are missing.
need_packages() {
  local missing=() p
  for p in "$@"; do
    installed "$p" || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "missing: ${missing[*]}; this script installs packages on Debian and Ubuntu only"
  # said here, because what as_root prints goes to a log
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    die "packages are missing, and installing them needs root or sudo. As root: apt-get install ${missing[*]}"
  apt_update_once
  say "installing ${missing[*]}"
  as_root sh -c "$APT_INSTALL" sh "${missing[@]}" >>"$BUILD/log/apt.log" 2>&1 </dev/null ||
    die "could not install ${missing[*]}; is there a network, may you use sudo? The end of build/log/apt.log:
$(tail -n 5 "$BUILD/log/apt.log")"
}

# Debian's server packages make and start a cluster unless told not to in the
# configuration, which is put back as it was whatever happens.
# shellcheck disable=SC2016  # the inner shell expands it
APT_INSTALL='
conf=/etc/postgresql-common/createcluster.conf
kept=$conf.liveanalytics
restore() { [ ! -e "$kept" ] || mv "$kept" "$conf"; }
restore
trap restore EXIT
trap "exit 1" HUP INT TERM
if [ -e "$conf" ]; then
  cp -p "$conf" "$kept" && echo "create_main_cluster = false" >>"$conf"
fi
DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "$@"'

# --- the server to build for ------------------------------------------------

# Sets PG_CONFIG, PG_MAJOR, BINDIR, PKGLIBDIR, SHAREDIR. An own PG_CONFIG is
# taken as it is; else the distribution's PostgreSQL is installed if missing.
find_postgres() {
  mkdir -p "$BUILD/log"
  if [ -z "${PG_CONFIG:-}" ]; then
    need_packages gcc make libc6-dev
    PG_MAJOR=$(installed_major)
    if [ -z "$PG_MAJOR" ]; then
      need_packages postgresql-common
      PG_MAJOR=$(distribution_major)
      [ -n "$PG_MAJOR" ] || die "the package lists have no PostgreSQL"
      [ "$PG_MAJOR" -ge 15 ] ||
        die "this distribution has PostgreSQL $PG_MAJOR, and 15 or newer is needed: see https://wiki.postgresql.org/wiki/Apt"
    fi
    need_packages "postgresql-$PG_MAJOR" "postgresql-server-dev-$PG_MAJOR"
    PG_CONFIG=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config
  fi
  [ -x "$(command -v "$PG_CONFIG")" ] || die "PG_CONFIG=$PG_CONFIG is not a program"
  PG_MAJOR=$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  BINDIR=$("$PG_CONFIG" --bindir)
  PKGLIBDIR=$("$PG_CONFIG" --pkglibdir)
  SHAREDIR=$("$PG_CONFIG" --sharedir)
  export PG_CONFIG
  [ "$PG_MAJOR" -ge 15 ] || die "PostgreSQL 15 or newer is needed, not $("$PG_CONFIG" --version)"
}

# The newest major version with a server that is installed and new enough.
installed_major() {
  local server major newest=
  for server in /usr/lib/postgresql/*/bin/postgres; do
    major=${server%/bin/postgres}
    major=${major##*/}
    if [ -x "$server" ] && [ "$major" -ge "${newest:-15}" ]; then newest=$major; fi
  done
  echo "$newest"
}

distribution_major() {
  apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1
}

# build_extension MAKE_ARGUMENT...: anew when the server or the arguments are
# not those of the last build.
build_extension() {
  local id
  id="$("$PG_CONFIG" --version --pgxs | tr '\n' ' ')$*"
  if [ "$(cat "$BUILD/built_for" 2>/dev/null)" != "$id" ]; then
    make -s clean PG_CONFIG="$PG_CONFIG" >/dev/null 2>&1
    mkdir -p "$BUILD"
    printf '%s\n' "$id" >"$BUILD/built_for"
  fi
  make -s PG_CONFIG="$PG_CONFIG" "$@" >"$BUILD/log/make.log" 2>&1 || die "the build failed:
$(tail -n 30 "$BUILD/log/make.log")"
}

# --- the staged server ------------------------------------------------------

# The user the server runs as: PostgreSQL refuses to run as root.
server_user() {
  if [ "$(id -u)" != 0 ]; then id -un
  elif id postgres >/dev/null 2>&1; then echo postgres
  else echo nobody
  fi
}

as_server() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u "$(server_user)" -- "$@")
  else "$@"
  fi
}

# Copy the programs (they find their files relative to their own place) and
# link the rest, so that "make install DESTDIR=$STAGE" adds the extension.
stage_server() {
  STAGE=$BUILD/pg$PG_MAJOR
  rm -rf "$STAGE"
  mkdir -p "$STAGE$BINDIR" "$STAGE$PKGLIBDIR/bitcode" "$STAGE$SHAREDIR/extension"
  cp "$BINDIR"/* "$STAGE$BINDIR/" || die "could not copy PostgreSQL's programs; is the disk full?"
  link_all "$PKGLIBDIR" "$STAGE$PKGLIBDIR"
  link_all "$PKGLIBDIR/bitcode" "$STAGE$PKGLIBDIR/bitcode"
  link_all "$SHAREDIR" "$STAGE$SHAREDIR"
  link_all "$SHAREDIR/extension" "$STAGE$SHAREDIR/extension"
  make -s install PG_CONFIG="$PG_CONFIG" DESTDIR="$STAGE" >"$BUILD/log/install.log" 2>&1 ||
    die "'make install' failed:
$(tail -n 5 "$BUILD/log/install.log")"
  as_server test -x "$STAGE$BINDIR/postgres" ||
    die "user $(server_user) cannot run programs in $STAGE; is the file system mounted noexec?"
  export PATH=$STAGE$BINDIR:$PATH
}

# link_all FROM TO: what FROM has and TO has not.
link_all() {
  local entry
  for entry in "$1"/*; do
    case ${entry##*/} in liveanalytics*) continue ;; esac
    [ -e "$2/${entry##*/}" ] || ln -s "$entry" "$2/" 2>/dev/null
  done
}

# --- the cluster ------------------------------------------------------------

# start_cluster SETTING...: a fresh cluster for this script alone. psql and its
# like talk to it from here on.
start_cluster() {
  local setting
  unset PGSERVICE PGSERVICEFILE PGPASSWORD PGPASSFILE PGOPTIONS PGHOSTADDR PGSSLMODE PGTZ PGDATESTYLE
  make_cluster_folder
  as_server initdb -D "$CLUSTER/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 \
    >"$BUILD/log/initdb.log" 2>&1 || die "initdb failed:
$(tail -n 3 "$BUILD/log/initdb.log")"
  for setting in "listen_addresses = ''" "unix_socket_directories = '$CLUSTER'" "fsync = off" "timezone = 'UTC'" "$@"; do
    echo "$setting"
  done | as_server tee -a "$CLUSTER/data/postgresql.conf" >/dev/null
  as_server pg_ctl -D "$CLUSTER/data" -l "$CLUSTER/server.log" -w -s start >/dev/null 9>&- ||
    die "the server did not start:
$(as_server tail -n 3 "$CLUSTER/server.log")"
  export PGHOST=$CLUSTER PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PGCLIENTENCODING=UTF8
}

# In build/, or in /tmp where that name is too long for a unix socket: 107
# bytes, less what tests add.
make_cluster_folder() {
  local parent=$BUILD
  [ ${#parent} -le 50 ] || parent=/tmp
  CLUSTER=$(mktemp -d "$parent/liveanalytics.XXXXXX") || die "could not make a folder in $parent"
  trap close_workplace EXIT
  guard_cluster
  [ "$(id -u)" != 0 ] || chown "$(server_user)" "$CLUSTER"
  # the programs started here make their sockets and temporary files there too
  export TMPDIR=$CLUSTER
}

# Traps cannot see kill -9: a process apart waits for this script to be gone.
guard_cluster() {
  local script=$$
  (
    trap '' INT TERM HUP
    while kill -0 "$script" 2>/dev/null; do sleep 1; done
    close_workplace
  ) </dev/null >/dev/null 2>&1 9>&- &
  GUARD=$!
  disown "$GUARD"
}

stop_cluster() {
  [ -n "${CLUSTER:-}" ] || return 0
  as_server pg_ctl -D "$CLUSTER/data" -m immediate -s stop >/dev/null 2>&1
  cp "$CLUSTER/server.log" "$BUILD/log/server.log" 2>/dev/null
  rm -rf "$CLUSTER"
  CLUSTER=
  [ -z "${GUARD:-}" ] || kill -KILL "$GUARD" 2>/dev/null
}
