#!/usr/bin/bash
# Run once by WSL, before the first shell: makes the user whose shell it will be.
set -ue

if getent passwd 1000 >/dev/null; then
  exit 0
fi
echo "Please name the user for everyday work (https://aka.ms/wslusers)."
while true; do
  read -r -p "User name: " name
  if useradd -m -u 1000 -G wheel -s /bin/bash "$name"; then
    echo "%wheel ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/wsl
    chmod 0440 /etc/sudoers.d/wsl
    exit 0
  fi
done
