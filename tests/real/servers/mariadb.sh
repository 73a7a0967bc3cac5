# SPDX-License-Identifier: Apache-2.0
# mariadbd, a thread a connection with its own locks, by mariadb-slap.

start() {
    need mariadbd
    need mariadb-slap
    if [ ! -d "$work/data" ]; then
        mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$work/data" \
            --auth-root-authentication-method=normal >"$work/log" 2>&1 ||
            fail "$(tail -n 3 "$work/log")"
    fi
    preload "$1"
    "${before[@]}" mariadbd --no-defaults --user="$(id -un)" \
        --datadir="$work/data" --socket="$work/db" --skip-networking \
        --pid-file="$work/pid" >"$work/log" 2>&1 &
    pid=$!
    await mariadb-admin --no-defaults --socket="$work/db" -u root ping
}
load() {
    mariadb-slap --no-defaults --socket="$work/db" -u root --csv \
        --concurrency=4 --iterations=1 --number-of-queries="$((200000 / ${1:-1}))" \
        --create-schema=load --auto-generate-sql \
        --auto-generate-sql-guid-primary --auto-generate-sql-load-type=key \
        --auto-generate-sql-write-number=100 |
        awk -F, -v n="$((200000 / ${1:-1}))" '{ print n / $3 }'
}
answer() {
    mariadb --no-defaults --socket="$work/db" -u root -e "select '$1', 6 * 7"
}
