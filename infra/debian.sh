# For scripts that take programs out of Debian packages without installing any; sourced, not run. `work` is a folder of
# theirs, and `log` in it is where apt's noise goes.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The first Debian archive in apt's sources, in either of their two formats.
mirror() {
  { cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
    grep -E '^(URIs:|deb )' | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' '
}

# download SUITE FOLDER PACKAGE...   apt's state is private; the system's is neither read nor changed
download() {
  local suite=$1 into=$2 state=$work/apt-$1
  shift 2
  mkdir -p "$into" "$state/lists/partial" "$state/cache/archives/partial"
  : >"$state/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$state/sources.list"
  local apt=(apt-get -qq -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache"
    -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root
    -o APT::Update::Error-Mode=any -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false
    -o Acquire::Retries=2 -o Acquire::http::Timeout=20)
  # stdout of the update is noise; of what goes wrong, the caller says one sentence
  "${apt[@]}" update >&2 && (cd "$into" && "${apt[@]}" download "$@" >&2)
} 2>>"$work/log"

# unpack SUITE FOLDER PACKAGE...   FOLDER is one in $work
unpack() {
  local suite=$1 into=$work/$2 deb
  shift 2
  download "$suite" "$into/debs" "$@" || return
  for deb in "$into"/debs/*.deb; do dpkg-deb -x "$deb" "$into" || return; done
} 2>>"$work/log"
