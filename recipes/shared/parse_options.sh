# Options of a recipe: `--some-name value` or `--some-name=value` sets the variable some_name.
#
# Source it after the defaults are set; the recipe's arguments come in "$@". Only variables that
# the recipe has set can be given, and values are taken as they stand: nothing is evaluated.
# A variable whose default is true or false may go without value, which means true. --help prints
# the comment at the top of the recipe's script.

_parse_options_fail() {
  echo "$(basename "$0"): $1" >&2
  exit 2
}

# each_folder some_name --flag: of the folders in some_name, separated by commas, makes an array of
# that flag and each folder's full path.
each_folder() {
  local -n _list=$1
  local _folders _folder
  IFS=, read -ra _folders <<<"$_list"
  _list=()
  for _folder in "${_folders[@]}"; do
    [ -d "$_folder" ] || _parse_options_fail "--${1//_/-}: no folder $_folder"
    _list+=("$2" "$(realpath "$_folder")")
  done
}

# in_processes N "OPTIONS" train ...: speechrnn in N processes that work together. OPTIONS are
# torchrun's own, for several machines; without any there is this one.
in_processes() {
  local _nproc=$1 _torchrun=(--standalone)
  [ -z "$2" ] || read -ra _torchrun <<<"$2"
  if [ "$_nproc" = 1 ] && [ -z "$2" ]; then
    speechrnn "${@:3}"
  else
    torchrun "${_torchrun[@]}" --nproc-per-node "$_nproc" -m speechrnn "${@:3}"
  fi
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"
      exit 0
      ;;
    --*=*)
      _option=${1%%=*}
      _value=${1#*=}
      shift
      ;;
    --?*)
      _option=$1
      _value=
      shift
      _name=${_option#--}
      _name=${_name//-/_}
      case $_name in *[!a-z0-9_]* | [0-9]*) _name=_ ;; esac
      case ${!_name-} in
        true | false)
          _value=true
          case ${1-} in true | false) _value=$1 && shift ;; esac
          ;;
        *)
          [ $# -gt 0 ] || _parse_options_fail "$_option needs a value; see --help"
          _value=$1
          shift
          ;;
      esac
      ;;
    *) _parse_options_fail "unexpected argument '$1'; see --help" ;;
  esac
  _name=${_option#--}
  _name=${_name//-/_}
  case $_name in
    '' | _* | *[!a-z0-9_]* | [0-9]*) _parse_options_fail "unknown option $_option; see --help" ;;
  esac
  # Of the shell's variables only the recipe's own count: set, and not from the environment.
  if [ -z "${!_name+set}" ] || [[ "$(declare -p "$_name")" == declare\ -*x* ]]; then
    _parse_options_fail "unknown option $_option; see --help"
  fi
  printf -v "$_name" '%s' "$_value"
done
unset _option _value _name
