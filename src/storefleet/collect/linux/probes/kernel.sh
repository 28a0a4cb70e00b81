p_sysctl() {
  for _k in "$@"; do
    _v=
    if [ -r "/proc/sys/$_k" ]; then line "$_k" "/proc/sys/$_k"; fi
  done
}

p_modules() {
  if [ ! -e /proc/modules ]; then gap /kernel/modules "this kernel has no modules"; return 0; fi
  while read -r _m _; do echo "$_m"; done </proc/modules
}
