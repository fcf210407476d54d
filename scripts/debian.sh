# For scripts that unpack packages of Debian into a folder of this project: the machine's own apt downloads them, with a package list
# of the script's own, and nothing of the system changes. Sourced; the script sets `name`, what it brings, and then says `begin`.

fail() {
    echo "$name: cannot bring $name: $1" >&2
    echo "$name: do this: $2" >&2
    exit 1
}

# Makes $work, beside the folder it is for, and asks for the list of packages.
begin() {
    for tool in apt-get dpkg-deb sed sort ldd; do
        command -v "$tool" >/dev/null || fail "this machine has no $tool, so it is not a Debian" "$elsewhere"
    done
    work=$1.unfinished
    rm -rf "$work"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
    own_apt update >"$work/log" 2>&1 || fail "$(grep -E '^(E|W):' "$work/log" | head -n 1)" "check the network and /etc/apt/sources.list*"
}

own_apt() {
    LC_ALL=C apt-get -q -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" \
        -o APT::Update::Error-Mode=any -o Acquire::Languages=none "$@"
}

# Unpacks these packages into $work/root.
unpack() {
    (cd "$work/archives" && own_apt download "$@") >"$work/log" 2>&1 || fail "$(grep '^E:' "$work/log" | head -n 1)" "run this again"
    for package in "$work"/archives/*.deb; do
        dpkg-deb -x "$package" "$work/root"
    done
}
