# Steps whose results are kept under a key over their inputs.
#
# A step is a script and its arguments: `script OUT ARGUMENT...` fills the folder OUT. Nothing else may
# decide what it makes, so the key is a hash of the script and of its arguments, with the content of those
# that are files or folders. An earlier step's result stands by its path, for its own key is in it.
# shellcheck shell=bash disable=SC2154

declare -A result=() command=()

# plan NAME SCRIPT ARGUMENT...: names the result, so that later steps can depend on it
plan() {
  local name=$1
  shift
  result[$name]=$cache/results/$name/$(digest "$@")
  command[$name]=$(printf '%s\n' "$@")
}

digest() {
  local argument
  for argument; do
    printf '%s\n' "${argument#"$cache"/}"
    [[ $argument == "$cache"/* || ! -e $argument ]] || tar --create --dereference --sort=name --mtime=@0 \
      --owner=0 --group=0 --numeric-owner --mode=go-w --absolute-names "$argument"
  done | sha256sum | cut --characters=1-12
}

# run NAME: makes what is not there yet, beside its place, and moves it there when it is whole
run() {
  local name=$1 out=${result[$1]} log=$logs/$1.log started=$SECONDS arguments older
  if made "$out"; then
    finished "$name: kept"
    return
  fi
  say "        $name ..."
  mapfile -t arguments <<<"${command[$name]}"
  rm -rf "$out" "$out.partial"
  mkdir -p "$out.partial"
  # Whatever else this machine does comes first.
  if ! nice -n 19 "${arguments[0]}" "$out.partial" "${arguments[@]:1}" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "step $name failed, and its last lines are above; all of them: $log. What is done is kept: run it again"
  fi
  mv "$out.partial" "$out"
  for older in "${out%/*}"/*; do
    [ "$older" = "$out" ] || rm -rf "$older"
  done
  finished "$name: made in $((SECONDS - started)) s"
}

# An image lives in the daemon, and may be gone from there: its step leaves its name, or several, in the file `image`.
made() {
  local images=()
  [ -d "$1" ] || return 1
  [ -e "$1/image" ] || return 0
  mapfile -t images <"$1/image"
  docker image inspect "${images[@]}" >/dev/null 2>&1
}

# Steps run side by side, so that one's number is how many are finished and not its place in a list.
finished() {
  local count
  exec {counter}<>"$cache/finished"
  flock "$counter"
  read -r count <&"$counter" || count=0
  echo $((count + 1)) >"$cache/finished"
  say "$(printf '[%2d/%d]' $((count + 1)) ${#result[@]}) $*"
  exec {counter}>&-
}
