"""A file system of one's own, for servers whose folders and users are compiled in.

The process sees this machine's files with a package and some users added, and folders of ours where
it keeps its data. Nobody else sees any of it: the mounts live in the process's own name space and
end with it.
"""

import os
import shlex
import subprocess
from pathlib import Path

from peers.package import unpacked
from peers.presence import missing, program


class PrivateRoot:
    """users: {"name": id}, each with a group of that name and number. own: {"/run": mode}, folders
    that are empty at first and ours (this folder's `own/run`)."""

    def __init__(self, folder, package, users, own):
        if os.geteuid() != 0:
            missing(f"{package} runs only as root")
        self._folder, self._package, self._own = folder, unpacked(package), own
        self.etc = folder / "etc"
        self.etc.mkdir(parents=True)
        self.users = users
        self._add("passwd", [f"{name}:x:{id}:{id}::/nonexistent:/usr/sbin/nologin"
                             for name, id in users.items()])
        self._add("group", [f"{name}:x:{id}:" for name, id in users.items()])
        for path, mode in own.items():
            self.path(path).mkdir(parents=True)
            self.path(path).chmod(mode)
        tried = subprocess.run(self.command("true"), capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            missing(f"{package} needs mounts of its own, which this system refuses: {tried.stderr}")

    def path(self, inside):
        """Where a path below one of `own` is for everybody else."""
        return self._folder / "own" / inside.lstrip("/")

    def _add(self, name, lines):
        (self.etc / name).write_text(Path("/etc", name).read_text() + "".join(
            line + "\n" for line in lines))

    def command(self, *arguments):
        """A command line that runs `arguments` in here."""
        lowers = {"/etc": [self.etc, self._package / "etc", "/etc"],
                  "/usr": [self._package / "usr", "/usr"]}
        script = [f"mount -t overlay overlay -o lowerdir={':'.join(map(str, layers))} {path}"
                  for path, layers in lowers.items()]
        script += [f"mount --bind {shlex.quote(str(self.path(path)))} {path}" for path in self._own]
        script.append("exec " + shlex.join(map(str, arguments)))
        return [program("unshare"), "--mount", "--propagation", "private",
                "sh", "-ec", "\n".join(script)]
