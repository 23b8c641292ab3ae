[ -r /etc/bashrc ] && . /etc/bashrc
