# Debian releases in directories of their own, to be sourced: for tools/test-matrix and tools/test-package.
#
#   VIOC_ROOTS      where they are kept and found again (/var/tmp/vioconcierge-roots)
#   DEBIAN_MIRROR   where they come from (debootstrap's own default)
#
# A release is entered in a mount and process namespace of its own. So whatever is mounted in it is mounted nowhere else
# and gone with the last process, and no process outlives the command, however it ends: a directory outside has never
# anything mounted in it, and can be removed.

VIOC_ROOTS=${VIOC_ROOTS:-/var/tmp/vioconcierge-roots}
DEBIAN_MIRROR=${DEBIAN_MIRROR:-}

say() { printf '==> %s\n' "$*"; }
fail() {
    printf '\n%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

need_root() {
    [[ $EUID -eq 0 ]] || fail 'a Debian release is entered by chroot, which only root may: run this with sudo'
    local program
    for program in debootstrap unshare chroot; do
        command -v "$program" >/dev/null || fail "$program is missing: apt-get install debootstrap util-linux"
    done
}

# make_root RELEASE: the directory $VIOC_ROOTS/RELEASE, with nothing but the release's base. Once it is there it is kept.
make_root() {
    local release=$1 root=$VIOC_ROOTS/$1
    [[ ! -d $root ]] || return 0
    say "fetching Debian $release"
    mkdir -p "$VIOC_ROOTS"
    remove_root "$root.new"
    debootstrap --variant=minbase --include=ca-certificates "$release" "$root.new" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$root.log" 2>&1 ||
        fail "debootstrap $release failed, see $root.log (another mirror: DEBIAN_MIRROR)"
    prepare_root "$root.new"
    mv "$root.new" "$root"
}

# copy_root RELEASE NAME: a directory of its own with that release, made unless it is there.
copy_root() {
    local root=$VIOC_ROOTS/$2
    [[ ! -d $root ]] || return 0
    make_root "$1"
    remove_root "$root.new"
    cp -a --reflink=auto -- "$VIOC_ROOTS/$1" "$root.new"
    mv "$root.new" "$root"
}

# No service starts in it, no cluster is made, and apt is as strict about the mirror's dates as it is here.
prepare_root() {
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    chmod 755 "$1/usr/sbin/policy-rc.d"
    mkdir -p "$1/etc/postgresql-common"
    printf 'create_main_cluster = false\n' >"$1/etc/postgresql-common/createcluster.conf"
    apt-config dump 2>/dev/null | grep -E '^Acquire::(Check-(Valid-Until|Date)|https?::Proxy) ' >"$1/etc/apt/apt.conf.d/90vioconcierge" || true
}

remove_root() {
    ! grep -qF " $1/" /proc/self/mounts || fail "something is mounted in $1: not removed"
    rm -rf --one-file-system -- "$1"
}

# enter_root ROOT SCRIPT [OUTSIDE=INSIDE|OUTSIDE=INSIDE:ro ...]: runs a bash script in it, with these directories mounted.
enter_root() {
    local root=$1 script=$2
    shift 2
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp /etc/hosts "$root/etc/hosts"
    # shellcheck disable=SC2016 # to be expanded by the inner shells
    unshare --mount --pid --fork --kill-child --propagation private -- bash -euo pipefail -c '
        root=$1 script=$2
        shift 2
        mount -t proc proc "$root/proc"
        mount --bind /dev "$root/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
        for pair; do
            inside=${pair#*=}
            mkdir -p "$root${inside%:ro}"
            mount --bind "${pair%%=*}" "$root${inside%:ro}"
            [[ $inside != *:ro ]] || mount -o remount,bind,ro "$root${inside%:ro}"
        done
        exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" \
            /bin/bash -euo pipefail -c "$script"
    ' enter "$root" "$script" "$@"
}
