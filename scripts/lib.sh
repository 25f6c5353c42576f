# What demo, check and bench share: the packages a machine lacks, a build, and
# a private throwaway PostgreSQL cluster. Sourced by bash, from the top folder.
#
# The server runs from a staged copy of the installed PostgreSQL, so that the
# extension is tried without writing into the system's folders and without
# touching any cluster that exists. It listens on a unix socket only.

set -u
TOP=$PWD
BUILD=$TOP/build

say()  { printf '%s\n' "$*" >&2; }
step() { printf '\n== %s\n' "$*" >&2; }
die()  { printf '\nerror: %s\n' "$*" >&2; exit 1; }

# --- packages ---------------------------------------------------------------

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "'$*' needs root, and there is no sudo: install the packages yourself, or run this as root"
  fi
}

apt_update_once() {
  [ -n "${APT_UPDATED:-}" ] && return
  say "updating the package lists"
  as_root apt-get update -qq >"$BUILD/apt.log" 2>&1 ||
    die "'apt-get update' failed; is there a network? The last lines of $BUILD/apt.log:
$(tail -n 3 "$BUILD/apt.log")"
  APT_UPDATED=1
}

# Install those of the named packages that are missing.
need_packages() {
  local missing=() p
  for p in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || die "missing: ${missing[*]}; this script installs packages on Debian and Ubuntu only"
  apt_update_once
  say "installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >>"$BUILD/apt.log" 2>&1 ||
    die "could not install ${missing[*]}; the last lines of $BUILD/apt.log:
$(tail -n 5 "$BUILD/apt.log")"
}

# --- the server to build for ------------------------------------------------

# Sets PG_CONFIG, PG_MAJOR, BINDIR, PKGLIBDIR, SHAREDIR. An own PG_CONFIG is
# taken as it is; else the distribution's PostgreSQL is installed if missing.
find_postgres() {
  mkdir -p "$BUILD"
  if [ -z "${PG_CONFIG:-}" ]; then
    need_packages gcc make libc6-dev
    PG_MAJOR=$(ls /usr/lib/postgresql 2>/dev/null | sort -n | tail -n 1)
    if [ -z "$PG_MAJOR" ] || ! [ -x "/usr/lib/postgresql/$PG_MAJOR/bin/postgres" ]; then
      install_postgres
    fi
    need_packages "postgresql-server-dev-$PG_MAJOR"
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

# The distribution's default major version, without the cluster that its
# package would make and start.
install_postgres() {
  local conf=/etc/postgresql-common/createcluster.conf
  need_packages postgresql-common
  apt_update_once
  PG_MAJOR=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
  [ -n "$PG_MAJOR" ] || die "the package lists have no PostgreSQL"
  as_root cp -p "$conf" "$conf.liveanalytics"
  as_root sh -c "echo 'create_main_cluster = false' >>$conf"
  need_packages "postgresql-$PG_MAJOR"
  as_root mv "$conf.liveanalytics" "$conf"
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
  make -s install DESTDIR="$STAGE" >"$BUILD/install.log" 2>&1 ||
    die "'make install' failed; see $BUILD/install.log"
  as_server test -x "$STAGE$BINDIR/postgres" ||
    die "user $(server_user) cannot reach $STAGE: put the checkout in a folder that others may enter"
  export PATH=$STAGE$BINDIR:$PATH
}

link_all() {
  local entry
  for entry in "$1"/*; do
    case ${entry##*/} in liveanalytics*) continue ;; esac
    [ -e "$2/${entry##*/}" ] || ln -s "$entry" "$2/" 2>/dev/null
  done
}

# Start a fresh cluster; it is stopped and removed when the script ends.
start_cluster() {
  local setting
  CLUSTER=$(as_server mktemp -d "${TMPDIR:-/tmp}/liveanalytics.XXXXXX") ||
    die "could not make a folder under ${TMPDIR:-/tmp}"
  trap stop_cluster EXIT
  trap 'exit 130' INT TERM
  as_server initdb -D "$CLUSTER/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 \
    >"$BUILD/initdb.log" 2>&1 || die "initdb failed: $(tail -n 3 "$BUILD/initdb.log")"
  for setting in "listen_addresses = ''" "unix_socket_directories = '$CLUSTER'" "fsync = off" "$@"; do
    echo "$setting"
  done | as_server tee -a "$CLUSTER/data/postgresql.conf" >/dev/null
  as_server pg_ctl -D "$CLUSTER/data" -l "$CLUSTER/server.log" -w -s start >/dev/null ||
    die "the server did not start: $(as_server tail -n 3 "$CLUSTER/server.log")"
  export PGHOST=$CLUSTER PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
  unset PGSERVICE PGPASSWORD PGOPTIONS PGHOSTADDR PGSSLMODE
}

stop_cluster() {
  [ -n "${CLUSTER:-}" ] || return 0
  as_server pg_ctl -D "$CLUSTER/data" -m immediate -s stop >/dev/null 2>&1
  cp "$CLUSTER/server.log" "$BUILD/server.log" 2>/dev/null
  as_server rm -rf "$CLUSTER"
  CLUSTER=
}
