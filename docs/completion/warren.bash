# bash completion for warren(1) and warren-wg(8)

# The names of running tunnels.
_warren_names() {
  local socket names=()
  for socket in "${WARREN_RUNTIME_DIR:-/run/warren}"/*.sock; do
    [[ -e $socket ]] || continue
    socket=${socket##*/}
    names+=("${socket%.sock}")
  done
  mapfile -t COMPREPLY < <(compgen -W "${names[*]}" -- "$1")
}

# Files with the ending $2, and folders.
_warren_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -X "!*.$2" -- "$1"; compgen -d -- "$1")
}

_warren_words() { mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1"); }

# The names of running labs.
_warren_labs() { _warren_words "$1" "$("${COMP_WORDS[0]}" lab list --names 2>/dev/null)"; }

_warren_lab() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[2]}
  if ((COMP_CWORD == 2)); then
    _warren_words "$current" \
      "test up down list status exec shell set capture check plan graph --help"
    return
  fi
  case $command:$previous in
    test:--junit | capture:-w | capture:--write | graph:-o | graph:--output | test:--replay)
      compopt -o default 2>/dev/null; return ;;
    test:--artifacts) compopt -o dirnames 2>/dev/null; return ;;
    test:-j | test:--jobs | test:--seed | test:--repeat) return ;;
    graph:--format) _warren_words "$current" "svg dot mermaid"; return ;;
    set:--direction) _warren_words "$current" "forward reverse both"; return ;;
  esac
  if [[ $current == -* ]]; then
    case $command in
      test) _warren_words "$current" \
        "--help --jobs -j --junit --tap --artifacts --seed --repeat --vary-seed --replay" ;;
      list) _warren_words "$current" "--help --names" ;;
      status) _warren_words "$current" "--help --json" ;;
      set) _warren_words "$current" "--help --direction" ;;
      capture) _warren_words "$current" "--help --write -w" ;;
      plan) _warren_words "$current" "--help --sh" ;;
      graph) _warren_words "$current" "--help --format --output -o" ;;
      *) _warren_words "$current" "--help" ;;
    esac
    return
  fi
  case $command:$COMP_CWORD in
    test:* | up:3 | check:* | plan:* | graph:*) _warren_files "$current" toml ;;
    down:3 | status:3 | exec:3 | shell:3 | set:3 | capture:3) _warren_labs "$current" ;;
    set:*) _warren_words "$current" "up= delay= jitter= loss= duplicate= reorder= corrupt= rate= mtu= reset"
      compopt -o nospace 2>/dev/null ;;
  esac
}

_warren() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _warren_words "$current" \
      "up down reload status doctor check genkey pubkey genpsk import lab --help --version"
    return
  fi
  if [[ $command == lab ]]; then
    _warren_lab
    return
  fi
  if [[ $current == -* ]]; then
    case $command in
      up) _warren_words "$current" "--help --log-level" ;;
      status) _warren_words "$current" "--help --json --watch" ;;
      doctor) _warren_words "$current" "--help --json" ;;
      import) _warren_words "$current" "--help --output -o" ;;
      *) _warren_words "$current" "--help" ;;
    esac
    return
  fi
  case $command:$previous in
    up:--log-level) _warren_words "$current" "trace debug info warning error off" ;;
    import:-o | import:--output) _warren_files "$current" toml ;;
    up:* | check:*) _warren_files "$current" toml ;;
    import:*) _warren_files "$current" conf ;;
    down:* | reload:* | status:*) _warren_names "$current" ;;
  esac
}

complete -F _warren warren

_warren_wg() {
  [[ ${COMP_WORDS[COMP_CWORD]} == -* ]] || return
  _warren_words "${COMP_WORDS[COMP_CWORD]}" "--foreground --help --version"
}

complete -F _warren_wg warren-wg
