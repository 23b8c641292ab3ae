if [ -n "$BASH_VERSION" ] && [ -n "$PS1" ]; then
  PS1='[\[\e[32m\]\u@\h\[\e[0m\] \W]\$ '
fi
