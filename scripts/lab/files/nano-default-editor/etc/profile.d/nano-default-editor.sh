export EDITOR="${EDITOR:-/usr/bin/nano}"
