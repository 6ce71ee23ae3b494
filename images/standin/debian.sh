# shellcheck shell=bash
# Sourced by the recipes: makes the Debian root file system that a stand-in is imported from.

debian_suite=trixie

# debian_rootfs OUT PACKAGES [mmdebstrap option...] writes the root file system as the tar file OUT.
# Manuals, documentation (copyright files apart) and translations are left out; packages are not
# synced to disk one by one, since a half-made tree is thrown away whole.
debian_rootfs() {
  local out=$1 packages=$2
  shift 2
  mmdebstrap --quiet --variant=minbase --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt=force-unsafe-io --dpkgopt=force-confold \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    "$@" "$debian_suite" "$out" - <<SOURCES
deb http://deb.debian.org/debian $debian_suite main
deb http://deb.debian.org/debian $debian_suite-updates main
deb http://deb.debian.org/debian-security $debian_suite-security main
SOURCES
}
