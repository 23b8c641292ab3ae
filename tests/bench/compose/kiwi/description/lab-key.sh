#!/bin/sh
# Run by KIWI for the file of a repository that it writes: the key that the repository's metadata is signed with.
echo "gpgkey = file://@LAB@/RPM-GPG-KEY-lab" >> "$1"
