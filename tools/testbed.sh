#!/usr/bin/env bash
# Installs the real components that tests and benchmarks compare with, and says where each is.
#
#   tools/testbed.sh            everything
#   tools/testbed.sh cosign     only what is named
#
# Built tools go to ${ASSAY_TESTBED:-$HOME/.cache/assay-testbed}/NAME-VERSION/NAME, outside the checkout: only the first run on a
# machine pays for them. System packages come from apt, Python's from its index.
set -euo pipefail

CACHE="${ASSAY_TESTBED:-$HOME/.cache/assay-testbed}"
HERE="$(dirname "$0")"
PINS="$HERE/testbed-python.txt"

# is_there NAME VERSION -x|-f: whether it is in its folder, executable or at all; says so.
is_there() {
  local path="$CACHE/$1-$2/$1"
  [ "$3" "$path" ] || return 1
  echo "found      $1 $2: $path"
}

# new_folder: an empty one beside those of the tools; what is made in it can be moved in place.
new_folder() {
  mkdir -p "$CACHE"
  mktemp -d "$CACHE/.building-XXXXXX"
}

# go_tool NAME VERSION PACKAGE: `go install` into a folder of its own, moved in place when whole.
go_tool() {
  local name=$1 version=$2 package=$3
  local folder="$CACHE/$name-$version"
  is_there "$name" "$version" -x && return
  command -v go >/dev/null || { echo "missing    $name $version: needs go on PATH" >&2; return 1; }
  echo "installing $name $version"
  local building
  building=$(new_folder)
  GOBIN="$building" GOFLAGS=-trimpath go install "$package@v$version"
  mkdir -p "$folder"
  mv "$building/$name" "$folder/$name"
  rmdir "$building"
  echo "installed  $name $version: $folder/$name"
}

# go_module NAME VERSION FOLDER PACKAGE [LDFLAGS]: what `go install` refuses because its module replaces others. The module in
# testbed/FOLDER requires it with those replaces, and pins all it needs.
go_module() {
  local name=$1 version=$2 module=$3 package=$4 ldflags=${5:-}
  local folder="$CACHE/$name-$version"
  is_there "$name" "$version" -x && return
  command -v go >/dev/null || { echo "missing    $name $version: needs go on PATH" >&2; return 1; }
  echo "building   $name $version"
  local building
  building=$(new_folder)
  GOFLAGS="-trimpath -buildvcs=false -mod=readonly" go build -C "$HERE/testbed/$module" -ldflags "$ldflags" -o "$building/$name" "$package"
  mkdir -p "$folder"
  mv "$building/$name" "$folder/$name"
  rmdir "$building"
  echo "built      $name $version: $folder/$name"
}

# kubernetes NAME: of one release; a build outside its own scripts has to be told which.
kubernetes() {
  local flags="" package
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$KUBERNETES -X $package.gitMajor=1 -X $package.gitMinor=34 -X $package.gitTreeState=archive"
  done
  go_module "$1" "$KUBERNETES" kubernetes "k8s.io/kubernetes/cmd/$1" "$flags"
}
KUBERNETES=1.34.1

# apt_tool COMMAND PACKAGE
apt_tool() {
  local command=$1 package=$2 path
  if path=$(command -v "$command"); then
    echo "found      $command: $path"
    return
  fi
  apt_package "$package"
  echo "installed  $command: $(command -v "$command")"
}

apt_package() {
  echo "installing $1"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}

# apt_program NAME PACKAGE PATH: one program out of a package that would also install a service of the system, and start it. What is
# on PATH will do; else the package is unpacked, not installed.
apt_program() {
  local name=$1 package=$2 path=$3 found
  if found=$(command -v "$name"); then
    echo "found      $name: $found"
    return
  fi
  local folder="$CACHE/$name-apt"
  is_there "$name" apt -x && return
  echo "fetching   $package"
  apt-get update -qq
  local fetching
  fetching=$(new_folder)
  (cd "$fetching" && apt-get download -qq "$package")
  dpkg-deb --extract "$fetching"/*.deb "$fetching"
  mkdir -p "$folder"
  mv "$fetching/$path" "$folder/$name"
  rm -rf "$fetching"
  echo "fetched    $name: $folder/$name"
}

# debian_base: the packages of a minimal Debian (`base`), and those that an update and an installation on top of it would leave there
# (`update`), as the mirror has them. apt works on a state of its own, so the machine's stays as it is.
debian_base() {
  local folder="$CACHE/debian-base-apt" fetching minimal=('?priority(required)' '?essential' apt usr-is-merged)
  if [ -d "$folder" ]; then
    echo "found      debian-base: $folder"
    return
  fi
  command -v apt-get >/dev/null || { echo "missing    debian-base: needs apt" >&2; return 1; }
  echo "fetching   debian-base"
  fetching=$(new_folder)
  mkdir -p "$fetching"/{lists/partial,base/partial,update/partial}
  : >"$fetching/status"
  local apt=(apt-get -qq -o APT::Sandbox::User=root -o Acquire::Languages=none -o Dir::State::status="$fetching/status"
    -o Dir::State="$fetching" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
  local install=(install --download-only --yes --no-install-recommends)
  "${apt[@]}" update
  "${apt[@]}" "${install[@]}" -o Dir::Cache::archives="$fetching/base" -o APT::Default-Release="$(. /etc/os-release; echo "$VERSION_CODENAME")" \
    "${minimal[@]}" >/dev/null
  "${apt[@]}" "${install[@]}" -o Dir::Cache::archives="$fetching/update" "${minimal[@]}" ca-certificates curl python3-requests python3-yaml >/dev/null
  rm -rf "$fetching"/{lists,status,lock*,*/partial,*/lock}
  mv "$fetching" "$folder"
  echo "fetched    debian-base: $folder"
}

# python_tool NAME VERSION MODULE PINS: a virtual environment with what the file PINS lists. Its programs know where they were made, so
# the one that is moved in place runs MODULE with the Python beside it.
python_tool() {
  local name=$1 version=$2 module=$3 pins=$4
  local folder="$CACHE/$name-$version"
  is_there "$name" "$version" -x && return
  python3 -c 'import ensurepip, venv' 2>/dev/null || apt_package python3-venv
  echo "installing $name $version"
  local building
  building=$(new_folder)
  python3 -m venv "$building"
  "$building/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$pins"
  "$building/bin/python" -m pip check --disable-pip-version-check >/dev/null
  printf '#!/bin/sh\nexec "$(dirname "$0")/bin/python" -m %s "$@"\n' "$module" >"$building/$name"
  chmod 755 "$building" "$building/$name"
  rm -rf "$folder"
  mv "$building" "$folder"
  echo "installed  $name $version: $folder/$name"
}

# npm_archive NAME VERSION PACKAGE SHA256: the archive of a package, as its registry has it.
npm_archive() {
  local name=$1 version=$2 package=$3 sha256=$4
  local folder="$CACHE/$name-$version"
  is_there "$name" "$version" -f && return
  command -v npm >/dev/null || { echo "missing    $name $version: needs npm on PATH" >&2; return 1; }
  echo "fetching   $name $version"
  local fetching
  fetching=$(new_folder)
  npm pack --silent --pack-destination "$fetching" "$package@$version" >/dev/null
  mv "$fetching"/*.tgz "$fetching/$name"
  echo "$sha256  $fetching/$name" | sha256sum --check --quiet
  mkdir -p "$folder"
  mv "$fetching/$name" "$folder/$name"
  rmdir "$fetching"
  echo "fetched    $name $version: $folder/$name"
}

# One line per tool; the name before the parenthesis is what the command line takes.
tool() {
  case $1 in
    cosign)   go_tool cosign 3.1.3 github.com/sigstore/cosign/v3/cmd/cosign ;;
    cosign2)  go_tool cosign 2.6.5 github.com/sigstore/cosign/v2/cmd/cosign ;;
    crane)    go_tool crane 0.22.1 github.com/google/go-containerregistry/cmd/crane ;;
    registry) go_tool registry 0.22.1 github.com/google/go-containerregistry/cmd/registry ;;
    syft)     go_tool syft 1.52.0 github.com/anchore/syft/cmd/syft ;;
    helm)     go_tool helm 3.22.0 helm.sh/helm/v3/cmd/helm ;;
    kube-apiserver | kubectl) kubernetes "$1" ;;
    policy-tester) go_module policy-tester 0.13.1 policy-tester github.com/sigstore/policy-controller/cmd/tester ;;
    kyverno)  go_module kyverno 1.19.1 kyverno github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno "-s -w" ;;
    etcd)     apt_program etcd etcd-server usr/bin/etcd ;;
    sigstore-python) python_tool sigstore-python 4.5.1 sigstore "$PINS" ;;
    sigstore-js-archive)
      npm_archive sigstore-js-archive 2.1.0 sigstore f0c641fce0310cb43208f4272dc1423153630e44ba8cdc0b5ce8466f724e0eed ;;
    debian-registry) apt_tool docker-registry docker-registry ;;
    softhsm)  apt_tool softhsm2-util softhsm2 ;;
    chromium) apt_tool chromium chromium ;;
    debian-base) debian_base ;;
    *) echo "unknown tool: $1" >&2; return 2 ;;
  esac
}
# Kyverno is for whom names it: 4 minutes and 320 MB.
ALL="chromium debian-registry softhsm sigstore-js-archive sigstore-python crane registry helm cosign cosign2 etcd kube-apiserver kubectl policy-tester kyverno syft debian-base"

failed=0
for name in ${*:-$ALL}; do
  # Not `tool … || …` in one: errexit would be off inside.
  (tool "$name") &
  wait $! || failed=1
done
exit "$failed"
