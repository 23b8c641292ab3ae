alias rm='rm -i' cp='cp -i' mv='mv -i'
[ -r /etc/bashrc ] && . /etc/bashrc
