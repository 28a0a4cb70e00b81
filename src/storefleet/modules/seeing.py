"""The shell in which several paths are looked at, kept and noted at once: a process for all where one will do.

The paths stand in ``$p0``, ``$p1`` …; ``$n`` is the number of changes that are still to be made, ``$s`` how the one
behind them ended, ``$why`` what is told of it. Nothing here prints but what ends a change.
"""

from __future__ import annotations

from storefleet.modules import placing

FUNCTIONS = f"""{placing.LOOK}on() {{ [ "$1" -lt "$n" ]; }}
ends() {{  # the script ends before change $1, which left with $2
  [ "$2" = 0 ] || ! on "$1" || {{ n=$1 s=$2 why=${{3-}}; }}
}}
kind() {{
  [ "${{1%/*}}" = "$dir" ] || {{ dir=${{1%/*}} far=; if linked "$1"; then far=far; fi; }}
  if [ "$far" ]; then kind=far
  elif [ -L "$1" ]; then kind=link
  elif [ ! -e "$1" ]; then kind=absent
  elif [ -f "$1" ]; then kind=file
  elif [ -d "$1" ]; then kind=directory
  else kind=other
  fi
}}
see() {{  # what stands at the first $1 paths: $is0 and so on; a checksum that is known in $sum0 is not made again
  many=$1 i=0 dir=-
  shift
  while [ "$i" -lt "$many" ]; do
    eval "p=\\$p$i"
    kind "$p"
    is=$kind
    case $kind in
      file | directory) set -- "$@" "$p" ;;
      link) is="link $(readlink "$p")" ;;
      far) is=link ;;
    esac
    eval "kind$i=\\$kind is$i=\\$is"
    i=$((i + 1))
  done
  [ $# = 0 ] || owners $# $(stat -c '%a %U %G %u %g' "$@") && sums
}}
owners() {{
  [ $# = $(($1 * 5 + 1)) ] || return 1
  shift
  i=0
  while [ "$i" -lt "$many" ]; do
    eval "kind=\\$kind$i"
    case $kind in
      file | directory)
        user=$2 group=$3
        [ "$user" != UNKNOWN ] || user=$4
        [ "$group" != UNKNOWN ] || group=$5
        is="$kind $1 $user $group"
        eval "is$i=\\$is"
        shift 5 ;;
    esac
    i=$((i + 1))
  done
}}
sums() {{
  set --
  i=0
  while [ "$i" -lt "$many" ]; do
    eval "p=\\$p$i kind=\\$kind$i sum=\\${{sum$i-}}"
    [ "$kind" != file ] || [ "$sum" ] || set -- "$@" "$p"
    i=$((i + 1))
  done
  left=$#
  [ "$left" = 0 ] || set -- $(sum_of "$@")
  [ $# = "$left" ] || return 1
  i=0
  while [ "$i" -lt "$many" ]; do
    eval "kind=\\$kind$i is=\\$is$i sum=\\${{sum$i-}}"
    if [ "$kind" = file ]; then
      [ "$sum" ] || {{ sum=$1; shift; }}
      is="$is $sum"
      eval "is$i=\\$is sum$i=\\$sum"
    fi
    i=$((i + 1))
  done
}}
sum_of() {{  # before the sum of a file with a backslash in its name GNU prints one
  sha256sum "$@" | while read -r sum _; do echo "${{sum#\\\\}}"; done
}}
same() {{
  eval "is=\\$is$1"
  [ "$is" = "$2" ] || ends "$1" {placing.MOVED} "it is now: $is"
}}
keep() {{  # what change $1 replaces, under its number $2 in the run; $3 says whether the content is at stake
  on "$1" || return 0
  eval "p=\\$p$1 kind=\\$kind$1 is=\\$is$1"
  words=-
  case $kind,$3 in
    directory,*) kind=folder words=${{is#* }} ;;
    file,attributes) kind=attributes words=${{is#* }} words=${{words% *}} ;;
    file,* | link,*)
      kind=kept
      cp -pP "$p" "$k/$2" || {{ rm -f "$k/$2"; return 1; }} ;;  # a part of it may fill the disk
  esac
  printf '%s\\t%s\\t%s\\t%s\\n' "$2" "$kind" "$words" "$p" >>"$k/list"
}}
made() {{  # how change $1 must have been left, at once: a script may be killed, and then this is all that an undo has
  on "$1" || return 0
  eval "p=\\$p$1 is=\\$will$1"
  printf '%s\\t%s\\t%s\\n' "$2" "$is" "$p" >>"$k/after" && eval "noted$1=\\$is"
}}
note() {{  # how change $1 was left, where that is not noted
  on "$1" || return 0
  eval "p=\\$p$1 is=\\$is$1 noted=\\${{noted$1-}}"
  [ "$is" = "$noted" ] || printf '%s\\t%s\\t%s\\n' "$2" "$is" "$p" >>"$k/after"
}}
"""
