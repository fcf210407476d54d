# Runs the server and ends with it. Standard input is a pipe whose other end our parent holds: when the parent is gone, however it
# went, the pipe closes and the server is told to stop.
# Arguments: the postgres program, its data folder, its log, the signal to stop it by (INT or QUIT), a folder to remove afterwards or ''.
postgres=$1 data=$2 log=$3 signal=$4 remove=$5
exec 3<&0 </dev/null
stopping=
trap 'stopping=yes' USR1

"$postgres" -D "$data" >>"$log" 2>&1 3<&- &
server=$!

{
    while read -r _ <&3; do :; done
    kill -s USR1 $$
    kill -s "$signal" "$server"
    tries=0
    while sleep 0.1 && kill -0 "$server"; do
        tries=$((tries + 1))
        # Crash recovery makes good what a hurried end leaves undone.
        if [ "$tries" -eq 300 ]; then kill -s QUIT "$server"; fi
    done
} &
watcher=$!

# A wait that a signal interrupted has more to wait for.
while kill -0 "$server"; do
    wait "$server"
    ended=$?
done
kill "$watcher"
if [ -n "$stopping" ] && [ -n "$remove" ]; then rm -rf "$remove"; fi
exit "$ended"
