#!/usr/bin/env bash
# Builds the images with buildah and holds the conversation of compose.yaml in containers, where no
# engine runs and no registry of images is reached: root file systems made of Debian packages stand
# in for the bases.
#
#   tests/container.sh
#
# Needs root, buildah, debootstrap and a Rust toolchain, which stands in for that of the build
# image. What this does not show: the bases that the Dockerfile names, and what an engine adds
# (seccomp, cgroups, a root that cannot be written to).
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in buildah debootstrap rustc; do
  command -v "$tool" >/dev/null || { echo "$tool is needed" >&2; exit 2; }
done
. /etc/os-release
scratch=$(mktemp -d)
# The images and containers are kept beside those of the user, and go with the rest.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
images() { buildah --root "$scratch/images" --runroot "$scratch/run" "$@"; }
processes=()
finish() {
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
  images rm --all >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap finish EXIT

echo "== stand-ins for the bases, of Debian $VERSION_CODENAME"
rootfs=$scratch/rootfs
debootstrap --variant=minbase "$VERSION_CODENAME" "$rootfs" "${DEBIAN_MIRROR:-}" >"$scratch/debootstrap.log" 2>&1 ||
  { tail -n 5 "$scratch/debootstrap.log" >&2; exit 1; }
# Where packages come from here, they come from in the build, too.
cp -r /etc/apt/. "$rootfs/etc/apt/"

# base NAME DIRECTORY: an image of what is in the directory.
base() {
  local container
  container=$(images from scratch)
  images copy "$container" "$2" / >/dev/null
  images config --env PATH=/toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  images commit --rm "$container" "$1" >/dev/null 2>&1
}
base standin-debian "$rootfs"
# As distroless: the C library and what Rust needs of GCC's, nothing else.
mkdir -p "$scratch/small/etc" "$scratch/small/tmp" "$scratch/packages"
chmod 1777 "$scratch/small/tmp"
(cd "$scratch/packages" && apt-get download libc6 libgcc-s1 >/dev/null 2>&1)
for package in "$scratch"/packages/*.deb; do dpkg-deb -x "$package" "$scratch/small"; done
echo "nonroot:x:65532:65532::/home/nonroot:/sbin/nologin" >"$scratch/small/etc/passwd"
base standin-small "$scratch/small"

echo "== build"
volumes=(--volume "$(rustc --print sysroot):/toolchain:ro")
# Certificates and settings with which cargo reaches its registry from here.
mkdir -p "$scratch/cargo"
for name in config.toml config credentials.toml; do
  [[ -e ${CARGO_HOME:-$HOME/.cargo}/$name ]] && cp "${CARGO_HOME:-$HOME/.cargo}/$name" "$scratch/cargo/"
done
[[ -d ${CARGO_HOME:-$HOME/.cargo}/registry ]] && cp -r "${CARGO_HOME:-$HOME/.cargo}/registry" "$scratch/cargo/"
volumes+=(--volume "$scratch/cargo:/root/.cargo")
[[ -d /etc/ssl/certs ]] && volumes+=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
revision=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unpacked)
for target in daemon demo; do
  images build --layers --target "$target" --tag "$target" "${volumes[@]}" \
    --build-arg BUILD_IMAGE=localhost/standin-debian \
    --build-arg RUN_IMAGE=localhost/standin-small \
    --build-arg DEMO_IMAGE=localhost/standin-debian --build-arg REVISION="$revision" . >"$scratch/build.log" 2>&1 ||
    { tail -n 30 "$scratch/build.log" >&2; exit 1; }
done
images images

echo "== two daemons and a conversation"
program=$(images inspect --type image --format '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}{{range .OCIv1.Config.Cmd}}{{.}} {{end}}' daemon)
for name in alice bob; do
  # As a volume that is new takes the owner and the mode of what is there in the image.
  container=$(images from --name "$name" daemon)
  mount=$(images mount "$container")
  for directory in var/lib/ratchetd run/ratchetd; do
    mkdir -p "$scratch/$name/$directory"
    chown --reference "$mount/$directory" "$scratch/$name/$directory"
    chmod --reference "$mount/$directory" "$scratch/$name/$directory"
  done
  # shellcheck disable=SC2086 # the entry point and the command are several words
  images run --network none --cap-drop all \
    --volume "$scratch/$name/var/lib/ratchetd:/var/lib/ratchetd" \
    --volume "$scratch/$name/run/ratchetd:/run/ratchetd" \
    "$name" -- $program >"$scratch/$name.log" 2>&1 &
  processes+=($!)
done
for name in alice bob; do
  for ((tries = 0; ; tries++)); do
    images run --network none --volume "$scratch/$name/run/ratchetd:/run/ratchetd" \
      "$name" -- /usr/local/bin/ratchetd health >"$scratch/health" 2>&1 && break
    ((tries < 60)) || { cat "$scratch/health" "$scratch/$name.log" >&2; exit 1; }
    sleep 0.5
  done
  echo "$name is $(cat "$scratch/health"), as user $(stat -c %u "$scratch/$name/run/ratchetd/ratchetd.sock")"
done
images run --network none --volume "$scratch/alice/run/ratchetd:/run/ratchetd" \
  alice -- /usr/local/bin/ratchetd call --json system_version | grep -q "\"$revision\"" ||
  { echo "the image does not tell its revision" >&2; exit 1; }
code=0
images run --network none --volume "$scratch/alice/var/lib/ratchetd:/var/lib/ratchetd" \
  --volume "$scratch/alice/run/ratchetd:/run/ratchetd" alice -- /usr/local/bin/ratchetd doctor || code=$?
((code <= 1)) || { echo "ratchetd doctor found a problem" >&2; exit 1; }
for name in relay talk; do images from --name "$name" demo >/dev/null; done
mount=$(images mount relay)
mkdir -p "$scratch/relay"
chown --reference "$mount/relay" "$scratch/relay"
chmod --reference "$mount/relay" "$scratch/relay"
images run --network none --cap-drop all --volume "$scratch/relay:/relay" \
  relay -- /bin/sh /usr/local/bin/relay /relay >"$scratch/relay.log" 2>&1 &
processes+=($!)
for ((tries = 0; ; tries++)); do
  grep -q '^relaying' "$scratch/relay.log" && break
  ((tries < 60)) || { cat "$scratch/relay.log" >&2; exit 1; }
  sleep 0.5
done
entry=$(images inspect --type image --format '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}' demo)
# shellcheck disable=SC2086
images run --network none --cap-drop all --env ALICE=/run/alice/ratchetd.sock --env BOB=/run/bob/ratchetd.sock \
  --env RELAY=/relay --volume "$scratch/relay:/relay" \
  --volume "$scratch/alice/run/ratchetd:/run/alice" --volume "$scratch/bob/run/ratchetd:/run/bob" talk -- $entry
echo "the relay saw:"
cat "$scratch/relay.log"

echo "== what is in the image of the daemon"
mount=$(images mount alice)
find "$mount" -xdev -perm /6000 -type f | sed "s|^$mount|has the bit of another user: |"
[[ -e $mount/bin/sh ]] && echo "there is a shell" || echo "there is no shell"
du -sh "$mount" | sed 's|\t.*| in all|'
