"""The lab's own signing key: made once, without a passphrase, kept in the cache.

It protects nothing but the lab: it is there so that a composer's signature checks are exercised with
real signatures.
"""

import os
import shutil
import subprocess
from pathlib import Path

from faults import Fault

IDENTITY = "image-composer lab (test packages only) <lab@example.invalid>"


class SigningKey:
    def __init__(self, home: Path, epoch: int):
        self.home = home
        self.epoch = epoch
        self.fingerprint = ""

    def prepare(self, say):
        """Makes the key on first use; a half-made folder never counts as one."""
        if not (self.home / "pubring.kbx").exists():
            say("making the lab's signing key")
            aside = self.home.with_name(self.home.name + ".partial")
            subprocess.run(["rm", "-rf", aside], check=True)
            aside.mkdir(parents=True, mode=0o700)
            self._gpg(aside, "--passphrase", "", "--quick-generate-key", IDENTITY, "rsa3072", "sign", "never")
            subprocess.run(["gpgconf", "--homedir", aside, "--kill", "all"], check=False, capture_output=True)
            aside.rename(self.home)
        listing = self._gpg(self.home, "--with-colons", "--list-secret-keys")
        self.fingerprint = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))

    def public_key(self) -> str:
        return self._gpg(self.home, "--armor", "--export", self.fingerprint)

    def sign_packages(self, paths: list):
        """Adds a signature to every RPM; its time is the epoch's, so signing again gives the same bytes."""
        command = ["rpmsign", "--addsign", "--define", f"_gpg_name {self.fingerprint}",
                   "--define", f"_gpg_path {self.home}",
                   "--define", f"__gpg {shutil.which('gpg')}",
                   "--define", f"_gpg_sign_cmd_extra_args --faked-system-time {self._time()}", *map(str, paths)]
        done = subprocess.run(command, env={**os.environ, "GNUPGHOME": str(self.home), "LC_ALL": "C.UTF-8"},
                              capture_output=True, text=True)
        if done.returncode:
            raise Fault(f"rpmsign cannot sign '{paths[0]}': {done.stderr.strip() or done.stdout.strip()}",
                        f"if the key in '{self.home}' is damaged, delete the folder")

    def sign_detached(self, path: Path):
        """Writes PATH.asc."""
        self._gpg(self.home, "--yes", "--faked-system-time", self._time(), "--local-user", self.fingerprint,
                  "--armor", "--detach-sign", "--output", f"{path}.asc", str(path))

    def _time(self) -> str:
        # gpg refuses to sign with a key from the future, so an epoch before the key's birth counts as its birth.
        born = self._gpg(self.home, "--with-colons", "--list-secret-keys")
        created = next(int(line.split(":")[5]) for line in born.splitlines() if line.startswith("sec:"))
        return f"{max(self.epoch, created)}!"

    @staticmethod
    def _gpg(home: Path, *arguments) -> str:
        command = ["gpg", "--homedir", str(home), "--batch", "--no-tty", "--quiet",
                   "--pinentry-mode", "loopback", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Fault(f"gpg failed: {done.stderr.strip()}", f"delete '{home}' to have the key made again")
        return done.stdout
