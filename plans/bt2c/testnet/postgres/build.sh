#!/bin/sh
# Builds a Debian (or Ubuntu) image with Postgres from this host's own package archive, for machines on which no
# image registry answers. It is neutral: `docker run IMAGE some-command` runs that command instead of Postgres.
#
#   build.sh IMAGE [PACKAGE...]             needs mmdebstrap, docker and root (or user namespaces)
#   build.sh --packages TAR PACKAGE...      the files of these packages, without Postgres, as a tar file
# shellcheck disable=SC2016  # what stands in single quotes is for apt and mmdebstrap to expand
set -eu

usage() {
    echo "usage: build.sh IMAGE [PACKAGE...] | build.sh --packages TAR PACKAGE..." >&2
    exit 2
}

tar=
if [ "${1-}" = --packages ]; then
    [ $# -gt 2 ] || usage
    tar=$2
    shift 2
else
    [ $# -gt 0 ] || usage
    image=$1
    shift
fi
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

for tool in mmdebstrap docker apt-get; do
    command -v "$tool" >/dev/null 2>&1 || { echo "build.sh: $tool is not installed; no image was built" >&2; exit 2; }
done

. /etc/os-release
suite=${VERSION_CODENAME:?build.sh: /etc/os-release names no VERSION_CODENAME; no image was built}

# The archive of the distribution itself, as this host reaches it; sources of third parties stay outside.
sources() {
    apt-get indextargets --format '$(ORIGIN)|$(RELEASE)|$(REPO_URI)|$(COMPONENT)' 'Created-By: Packages' |
        awk -F'|' -v suite="$suite" '
            ($1 == "Debian" || $1 == "Ubuntu") &&
            ($2 == suite || $2 == suite "-updates" || $2 == suite "-security") && !seen[$0]++ {
                print "deb " $3 " " $2 " " $4
            }'
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
sources >"$work/sources.list"
if ! grep -q " $suite " "$work/sources.list"; then
    case $ID in
        ubuntu) echo "deb http://archive.ubuntu.com/ubuntu $suite main universe" ;;
        *) echo "deb http://deb.debian.org/debian $suite main" ;;
    esac >"$work/sources.list"
fi
# How this host talks to its archive (proxies, frozen mirrors) counts inside as well.
apt-config dump | grep -E '^Acquire::(http|https|Check-Valid-Until|Check-Date|Retries)[: ].*"[^"]+";$' >"$work/apt.conf" || true

include=ca-certificates
for package in "$@"; do
    include=$include,$package
done

# bootstrap TAR PACKAGES [more options of mmdebstrap]
bootstrap() {
    to=$1 packages=$2
    shift 2
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --aptopt="$work/apt.conf" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$@" \
        --customize-hook='rm -rf "${1:?}"/var/lib/apt/lists/* "${1:?}"/var/cache/apt/*.bin' \
        "$suite" "$to" "$work/sources.list"
}

if [ -n "$tar" ]; then
    bootstrap "$tar" "$include"
    exit
fi

# createcluster.conf keeps the package from making a cluster of its own; the entrypoint makes one in PGDATA.
bootstrap "$work/image.tar" "postgresql,$include" \
    --essential-hook='mkdir -p "$1/etc/postgresql-common"' \
    --essential-hook='echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"' \
    --customize-hook="copy-in $here/entrypoint.sh /usr/local/bin" \
    --customize-hook='chmod 755 "$1/usr/local/bin/entrypoint.sh"' \
    --customize-hook='install -d -m 1777 "$1/var/run/postgresql"' \
    --customize-hook='chroot "$1" install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data'

docker import \
    --change 'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]' \
    --change 'CMD ["postgres"]' \
    --change 'ENV PGDATA=/var/lib/postgresql/data LANG=C.UTF-8' \
    --change 'EXPOSE 5432' \
    "$work/image.tar" "$image" >/dev/null
echo "built $image"
