#!/usr/bin/env bash
# Makes a release out of the last commit, or a part of one.
#
#   contrib/release/release.sh [--target TRIPLE] [--out DIRECTORY] [PART…]
#
# Without parts it makes all of these, and fails where it cannot:
#
#   source   the tree as an archive
#   binary   the program, static, with units, manual pages, completions and licences
#   deb      the same as a Debian package
#   npm      the TypeScript client
#   wheel    the Python client
#   image    the container image, for `docker load`
#   sbom     what the program is made of, as CycloneDX
#   notes    what CHANGELOG.md says of this version
#   sums     SHA256SUMS over all that lies in the directory
#
# and only if it is named
#
#   twice    builds the program a second time, from another directory, and compares the two
#
# The version is that of Cargo.toml; a tag on the commit has to name it. What is made depends on the
# commit and on the versions of the tools, which the file ending in .buildinfo names, and on nothing
# else: not on the directory, the user, the time or the order of files.
#
#   --target TRIPLE     what to build for, if it is not this machine: aarch64-unknown-linux-gnu.
#                       Its standard library (`rustup target add`) and a C compiler are needed.
#   --runner COMMAND    what runs a program for that target, such as qemu-aarch64-static: it prints
#                       its own manual pages and completions
#   --out DIRECTORY     where the release goes: target/dist. What it is built from and in lies
#                       beside it, in target/dist.work.
#   --program FILE      packs this program with the files of the tree as it is, and builds nothing:
#                       to try the packages
set -euo pipefail
export LC_ALL=C TZ=UTC CARGO_TERM_COLOR=never
umask 022
top=$(realpath "$(dirname "$0")/../..")

die() { echo "release.sh: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || die "$1 is needed${2:+ $2}"; }

all=(source binary deb npm wheel image sbom notes sums)
parts=() target='' runner='' out=$top/target/dist given=''
while (($#)); do
  case $1 in
    --target | --runner | --out | --program)
      (($# > 1)) || die "$1 needs a value"
      case $1 in
        --target) target=$2 ;;
        --runner) runner=$2 ;;
        --out) out=$2 ;;
        --program) given=$(realpath -e "$2") ;;
      esac
      shift
      ;;
    -h | --help)
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
      exit
      ;;
    *)
      [[ " ${all[*]} twice " == *" $1 "* ]] || die "there is no part $1; --help lists them"
      parts+=("$1")
      ;;
  esac
  shift
done
((${#parts[@]})) || parts=("${all[@]}")
mkdir -p "$out"
out=$(realpath "$out") work=$(realpath "$out").work
is_asked() { [[ " ${parts[*]} " == *" $1 "* ]]; }

# Which version, of which commit and time.
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$top/Cargo.toml" | head -n 1)
if [[ -e $top/.git ]]; then
  head=$(git -C "$top" rev-parse HEAD)
  revision=${head:0:12}
  SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct "$head")
  for tag in $(git -C "$top" tag --points-at "$head" --list 'v[0-9]*'); do
    [[ $tag == "v$version" ]] || die "the commit is tagged $tag, and Cargo.toml says $version"
    grep -q "^## $version\b" "$top/CHANGELOG.md" || die "CHANGELOG.md has no heading $version"
  done
  [[ -n $given || -z $(git -C "$top" status --porcelain) ]] ||
    echo "release.sh: what is not committed is left out" >&2
else
  # An unpacked archive does not know; the notes of the release do.
  revision=${RATCHETD_REVISION:-}
  [[ -n $revision && -n ${SOURCE_DATE_EPOCH:-} ]] ||
    die "without git, RATCHETD_REVISION and SOURCE_DATE_EPOCH have to be set"
fi
export RATCHETD_REVISION=$revision SOURCE_DATE_EPOCH

# For which machine.
if is_asked binary || is_asked deb || is_asked sbom || is_asked twice; then
  need cargo
  host=$(rustc -vV | sed -n 's/^host: //p')
fi
host=${host:-$(uname -m)-unknown-linux-gnu}
target=${target:-$host}
architecture=${target%%-*}
case $architecture in
  x86_64) debian_architecture=amd64 ;;
  aarch64) debian_architecture=arm64 ;;
  *) die "nothing is known of $architecture here: add it to release.sh" ;;
esac
compiler=cc
[[ $target == "$host" ]] || compiler=$architecture-linux-gnu-gcc
name=ratchetd-$version-$target

# Says what is needed before anything is made.
for part in "${parts[@]}"; do
  case $part in
    source) need git ;;
    binary | deb | twice)
      [[ -n $given ]] || { need "$compiler"; need make; need perl; need readelf; }
      need python3
      [[ $part != deb ]] || need dpkg-deb
      ;;
    npm) need npm ;;
    wheel)
      need python3
      [[ -e $top/clients/python/pyproject.toml ]] || die "there is no clients/python"
      ;;
    image)
      need docker
      docker info >/dev/null 2>&1 || die "docker is here, and its daemon is not"
      ;;
    sbom) need python3 ;;
  esac
done

# unpack DIRECTORY: the commit as a tree of its own, without what else lies in this one. Its files
# are new, so that cargo takes none of them for one that it has built before.
unpack() {
  rm -rf "$1"
  mkdir -p "$1"
  if [[ -e $top/.git ]]; then
    git -C "$top" -c tar.umask=0022 archive "$head" | tar -xm -C "$1"
  else
    tar -c -C "$top" --exclude ./target --exclude node_modules . | tar -xm -C "$1"
  fi
}
source=$top
if [[ -z $given ]]; then
  source=$work/source
  unpack "$source"
fi

# readable DIRECTORY: for everybody. What the program itself writes is not.
readable() { chmod -R u=rwX,go=rX "$1"; }

# pack DIRECTORY ARCHIVE: the directory, in its parent, as an archive that is always the same.
pack() {
  readable "$1"
  tar -c --format=gnu --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
    --owner=0 --group=0 --numeric-owner -C "$(dirname "$1")" "$(basename "$1")" | gzip -9n >"$2"
}

# build SOURCE DIRECTORY: the program, in the directory.
#
# It is linked with glibc, statically. musl would need a target of its own, and its allocator is
# slow where threads share it; and since glibc 2.34 what looks up `localhost` in /etc/hosts is in
# libc.a, and needs no module of the same glibc at run time. Only for a name that is neither there
# nor in DNS may it load one; numbers need none of that.
build() {
  local source=$1 built=$2 flag upper cargo_home sysroot commit
  upper=${target//-/_}
  cargo_home=$(realpath "${CARGO_HOME:-$HOME/.cargo}")
  sysroot=$(rustc --print sysroot)
  commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
  mkdir -p "$built/bin"
  # OpenSSL notes where its engines and modules would be: below the directory that it was built in,
  # which may be one that anybody can write to on another machine. There are none.
  cat >"$built/bin/release-cc" <<WRAPPER
#!/usr/bin/env bash
for argument; do
  case \$argument in
    -DENGINESDIR=* | -DMODULESDIR=*) argument="\${argument%%=*}=\"/nonexistent\"" ;;
  esac
  arguments+=("\$argument")
done
arguments+=(-ffile-prefix-map="$built"=/build -ffile-prefix-map="$cargo_home"=/cargo)
exec $compiler "\${arguments[@]}"
WRAPPER
  chmod +x "$built/bin/release-cc"
  (
    cd "$source"
    # What the machine says of how to build is not heard.
    for flag in $(compgen -e); do
      case $flag in
        RUSTFLAGS | CARGO_*RUSTFLAGS | CARGO_PROFILE_* | CFLAGS* | CXXFLAGS* | CPPFLAGS*)
          unset "$flag"
          ;;
      esac
    done
    cargo fetch --quiet --locked --target "$target"
    flags=(-Ctarget-feature=+crt-static "--remap-path-prefix=$source=/source"
      "--remap-path-prefix=$built=/build" "--remap-path-prefix=$cargo_home=/cargo"
      "--remap-path-prefix=$sysroot/lib/rustlib/src/rust=/rustc/$commit")
    # The directory has the name of the registry, or of a mirror.
    for registry in "$cargo_home"/registry/src/*/; do
      flags+=("--remap-path-prefix=${registry%/}=/crates")
    done
    CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")
    export CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$built
    export PATH="$built/bin:$PATH"
    # By name: OpenSSL notes the command of its compiler, too.
    export "CC_$upper=release-cc" "CARGO_TARGET_${upper^^}_LINKER=$compiler"
    # A target of the same name as the host is given all the same: then the flags are for the
    # program alone, and not for what runs while it is built.
    cargo build --release --locked -p daemon --target "$target"
  )
}

program=$given
has_program=$given
make_program() {
  [[ -z $has_program ]] || return 0
  echo "== the program"
  build "$source" "$work/build"
  program=$work/build/$target/release/ratchetd
  has_program=yes
  if readelf -l "$program" | grep -q INTERP; then die "$program is not static"; fi
}
run() {
  # shellcheck disable=SC2086 # a command and its arguments
  $runner "$program" "$@"
}

# The licences of all that is in the program, once each.
licences() {
  (cd "$source" && cargo metadata --format-version 1 --locked --filter-platform "$target") |
    python3 -c '
import json, pathlib, re, sys
data = json.load(sys.stdin)
nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
packages = {package["id"]: package for package in data["packages"]}
todo = [key for key in packages if packages[key]["name"] == "daemon"]
used = set()
while todo:
    key = todo.pop()
    if key not in used:
        used.add(key)
        for dep in nodes[key]["deps"]:
            if any(kind["kind"] != "dev" for kind in dep["dep_kinds"]):
                todo.append(dep["pkg"])
print("The program is linked with the C library of the machine it was built on (LGPL-2.1) and with")
texts = {}
for key in sorted(used, key=lambda key: (packages[key]["name"], packages[key]["version"])):
    package = packages[key]
    if package["source"] is None:
        continue
    print("%(name)s %(version)s: %(license)s" % package)
    directory = pathlib.Path(package["manifest_path"]).parent
    for path in sorted([*directory.glob("*"), *directory.glob("*/*")]):
        if re.match(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE)", path.name) and path.is_file():
            text = path.read_text(errors="replace").strip()
            name = "%s/%s" % (directory.name, path.relative_to(directory))
            texts.setdefault(text, []).append(name)
for text, names in texts.items():
    print("", "=" * 100, *names, "", text, sep="\n")
'
}

make_source() {
  local tree=$work/pack/ratchetd-$version
  unpack "$tree"
  pack "$tree" "$out/ratchetd-$version-source.tar.gz"
}

make_binary() {
  make_program
  local tree=$work/pack/$name
  rm -rf "$tree"
  mkdir -p "$tree/completions" "$tree/systemd"
  install -m 755 "$program" "$tree/ratchetd"
  run man --out "$tree/man"
  for shell in bash zsh fish; do run completions $shell >"$tree/completions/ratchetd.$shell"; done
  install -m 644 "$source"/contrib/systemd/* "$tree/systemd/"
  install -m 644 "$source/config/ratchetd.toml" "$source"/{LICENSE*,README.md,CHANGELOG.md} "$tree/"
  licences >"$tree/THIRD-PARTY.txt"
  pack "$tree" "$out/$name.tar.gz"
  {
    echo "revision: $revision"
    echo "SOURCE_DATE_EPOCH: $SOURCE_DATE_EPOCH"
    echo "target: $target"
    rustc -vV | sed 's/^/rustc: /'
    echo "compiler: $($compiler --version | head -n 1)"
    echo "linker: $($compiler -Wl,--version 2>/dev/null | head -n 1)"
    echo "libc: $($compiler -print-file-name=libc.a | xargs sha256sum | cut -d ' ' -f 1)"
    echo "ratchetd: $(sha256sum "$program" | cut -d ' ' -f 1)"
  } >"$out/$name.buildinfo"
}

make_deb() {
  make_program
  local root=$work/deb shared=$work/deb/usr/share debian=$source/contrib/release/debian
  local documents=$shared/doc/ratchetd package=$out/ratchetd_$version-1_$debian_architecture.deb
  rm -rf "$root"
  install -D -m 755 "$program" "$root/usr/bin/ratchetd"
  run man --out "$shared/man/man1"
  run completions bash | install -D -m 644 /dev/stdin "$shared/bash-completion/completions/ratchetd"
  run completions zsh | install -D -m 644 /dev/stdin "$shared/zsh/vendor-completions/_ratchetd"
  run completions fish |
    install -D -m 644 /dev/stdin "$shared/fish/vendor_completions.d/ratchetd.fish"
  # The units name the places of a program that was put there by hand.
  unit() {
    sed 's|^ExecStart=[^ ]*/ratchetd |ExecStart=/usr/bin/ratchetd |' "$source/contrib/systemd/$1" |
      install -D -m 644 /dev/stdin "$root/usr/lib/systemd/$2"
  }
  unit ratchetd.service system/ratchetd.service
  unit ratchetd.socket system/ratchetd.socket
  unit ratchetd-user.service user/ratchetd.service
  install -D -m 644 "$source/config/ratchetd.toml" "$documents/examples/ratchetd.toml"
  install -m 644 "$debian/copyright" "$documents/copyright"
  install -m 644 "$source/README.md" "$documents/README.md"
  install -m 644 "$source/CHANGELOG.md" "$documents/changelog"
  licences >"$documents/THIRD-PARTY.txt"
  cat >"$documents/changelog.Debian" <<CHANGELOG
ratchetd ($version-1) unstable; urgency=medium

  * Release $version: see changelog.gz.

 -- $(sed -n 's/^Maintainer: //p' "$debian/control")  $(date -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
  gzip -9n "$shared"/man/man1/* "$documents"/{changelog,changelog.Debian,THIRD-PARTY.txt}
  install -D -m 644 "$debian/lintian-overrides" "$shared/lintian/overrides/ratchetd"
  mkdir "$root/DEBIAN"
  readable "$root"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  local size
  size=$(find "$root/usr" -type f -printf '%s\n' |
    awk '{ sum += int(($1 + 1023) / 1024) } END { print sum }')
  sed -e "s/@VERSION@/$version-1/" -e "s/@ARCHITECTURE@/$debian_architecture/" \
    -e "s/@SIZE@/$size/" "$debian/control" >"$root/DEBIAN/control"
  install -m 755 "$debian"/{postinst,prerm,postrm} "$root/DEBIAN/"
  find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  # One thread: what more of them make depends on their number.
  dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" "$package" >/dev/null
}

make_npm() {
  (cd "$source/clients/typescript" && npm ci --no-audit --no-fund --loglevel=error &&
    npm pack --loglevel=error --pack-destination "$out") >&2
  [[ -e $out/ratchetd-$version.tgz ]] || die "clients/typescript/package.json has another version"
}

make_wheel() {
  python3 -m pip wheel --quiet --disable-pip-version-check --no-deps --no-cache-dir \
    --wheel-dir "$out" "$source/clients/python"
  [[ -e $out/ratchetd-$version-py3-none-any.whl ]] ||
    die "clients/python/pyproject.toml has another version"
}

make_image() {
  docker build --platform "linux/$debian_architecture" --build-arg REVISION="$revision" \
    --build-arg SOURCE_DATE_EPOCH --tag "ratchetd:$version" --tag ratchetd "$source"
  docker save "ratchetd:$version" ratchetd |
    gzip -9n >"$out/ratchetd-$version-image-$debian_architecture.tar.gz"
}

make_sbom() {
  local cyclonedx=0.5.9 tools=$work/tools
  # Another version might say it otherwise.
  if [[ $("$tools/bin/cargo-cyclonedx" cyclonedx --version 2>/dev/null) != *" $cyclonedx" ]]; then
    echo "installing: cargo-cyclonedx"
    cargo install --locked --quiet --root "$tools" "cargo-cyclonedx@$cyclonedx"
  fi
  # It writes beside each manifest: into the copy, not into the tree.
  [[ -z $given ]] || unpack "$work/source"
  (cd "$work/source" && "$tools/bin/cargo-cyclonedx" cyclonedx --quiet --format json \
    --spec-version 1.5 --manifest-path crates/daemon/Cargo.toml --target "$target" \
    --override-filename sbom)
  sed "s|file://$work/source|file:///source|g" "$work/source/crates/daemon/sbom.json" \
    >"$out/$name.cdx.json"
}

make_notes() {
  local heading=Unreleased
  if grep -q "^## $version\b" "$source/CHANGELOG.md"; then heading=$version; fi
  awk -v heading="$heading" '/^## / { seen = $2 == heading; next } seen' "$source/CHANGELOG.md" \
    >"$out/ratchetd-$version-notes.md"
  printf '\nBuilt from revision %s, SOURCE_DATE_EPOCH %s.\n' "$revision" "$SOURCE_DATE_EPOCH" \
    >>"$out/ratchetd-$version-notes.md"
}

make_sums() {
  (cd "$out" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\0' | sort -z |
    xargs -0 sha256sum >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
}

make_twice() {
  make_program
  local again=$work/again/in/another/place
  unpack "$again/source"
  build "$again/source" "$again/build"
  cmp "$program" "$again/build/$target/release/ratchetd" || die "two builds are not the same"
  echo "the same twice: $(sha256sum "$program")"
}

mkdir -p "$work"
for part in "${parts[@]}"; do
  echo "== $part"
  "make_$part"
done
ls -l "$out"
