"""Small made-up package universes, written as rpm-md metadata without any package."""

import gzip
import hashlib
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape, quoteattr

COMPARISONS = {"=": "EQ", "<": "LT", ">": "GT", "<=": "LE", ">=": "GE"}


def entry(text):
    """`name`, `name >= 1-1` or `(rich)` as an <rpm:entry>."""
    words = text.split()
    if text.startswith("(") or len(words) != 3:
        return f"<rpm:entry name={quoteattr(text)}/>"
    name, comparison, evr = words
    epoch, _, rest = evr.rpartition(":")
    version, _, release = rest.partition("-")
    attributes = f'flags="{COMPARISONS[comparison]}" epoch="{epoch or 0}" ver="{version}"'
    if release:
        attributes += f' rel="{release}"'
    return f"<rpm:entry name={quoteattr(name)} {attributes}/>"


def primary_of(package, pkgid):
    file_name = "{name}-{version}-{release}.{arch}".format(**package)
    lists = "".join(
        f"<rpm:{kind}>{''.join(map(entry, package[kind]))}</rpm:{kind}>"
        for kind in ("provides", "requires", "conflicts", "obsoletes", "recommends", "suggests",
                     "supplements", "enhances") if package.get(kind))
    files = "".join(f"<file>{escape(f)}</file>" for f in package["files"]
                    if f.startswith("/etc/") or "bin/" in f)
    return f"""<package type="rpm"><name>{package['name']}</name><arch>{package['arch']}</arch>
<version epoch="{package['epoch']}" ver="{package['version']}" rel="{package['release']}"/>
<checksum type="sha256" pkgid="YES">{pkgid}</checksum><summary>s</summary><description>d</description>
<packager/><url/><time file="1" build="1"/><size package="1000" installed="1000" archive="1000"/>
<location href="{file_name}.rpm"/><format><rpm:license>MIT</rpm:license><rpm:vendor/>
<rpm:group>g</rpm:group><rpm:buildhost>h</rpm:buildhost><rpm:sourcerpm>x-1-1.src.rpm</rpm:sourcerpm>
<rpm:header-range start="0" end="1"/>{lists}{files}</format></package>"""


def filelists_of(package, pkgid):
    files = "".join(f"<file>{escape(f)}</file>" for f in package["files"])
    return (f'<package pkgid="{pkgid}" name="{package["name"]}" arch="{package["arch"]}">'
            f'<version epoch="{package["epoch"]}" ver="{package["version"]}" '
            f'rel="{package["release"]}"/>{files}</package>')


def write_repository(folder, packages, groups):
    """groups: id -> [(type, package name, condition or None)]"""
    repodata = folder / "repodata"
    repodata.mkdir(parents=True)
    pkgids = [hashlib.sha256(repr(sorted(p.items())).encode()).hexdigest() for p in packages]
    metadata = 'xmlns="http://linux.duke.edu/metadata/{}" packages="' + str(len(packages)) + '"'
    comps = "".join(
        f"<group><id>{id}</id><name>{id.title()}</name><packagelist>"
        + "".join(f'<packagereq type="{kind}"'
                  + (f" requires={quoteattr(condition)}" if condition else "") + f">{name}</packagereq>"
                  for kind, name, condition in members) + "</packagelist></group>"
        for id, members in groups.items())
    documents = {
        "primary": f'<metadata {metadata.format("common")} '
                   'xmlns:rpm="http://linux.duke.edu/metadata/rpm">'
                   + "".join(map(primary_of, packages, pkgids)) + "</metadata>",
        "filelists": f'<filelists {metadata.format("filelists")}>'
                     + "".join(map(filelists_of, packages, pkgids)) + "</filelists>",
        "group_gz": f"<comps>{comps}</comps>",
    }
    data = ""
    for kind, text in documents.items():
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
        xml.fromstring(text)
        packed = gzip.compress(text.encode(), mtime=0)
        name = f"{kind}.xml.gz"
        (repodata / name).write_bytes(packed)
        data += (f'<data type="{kind}"><checksum type="sha256">'
                 f'{hashlib.sha256(packed).hexdigest()}</checksum>'
                 f'<location href="repodata/{name}"/><timestamp>1</timestamp>'
                 f"<size>{len(packed)}</size><open-size>{len(text.encode())}</open-size></data>")
    (repodata / "repomd.xml").write_text(
        '<repomd xmlns="http://linux.duke.edu/metadata/repo" '
        f'xmlns:rpm="http://linux.duke.edu/metadata/rpm"><revision>1</revision>{data}</repomd>')


def evr_of(package):
    return f"{package['epoch']}:{package['version']}-{package['release']}"


def dependency(rng, names, packages):
    """Something that another package may need."""
    kind = rng.randrange(20)
    name = rng.choice(names)
    if kind < 10:
        return name
    if kind < 13:
        other = rng.choice(packages)
        return f"{other['name']} {rng.choice(['=', '>=', '<=', '>', '<'])} {evr_of(other)}"
    if kind < 15:
        return f"cap{rng.randrange(6)}"
    if kind == 15:
        return f"({name} or {rng.choice(names)})"
    if kind == 16:
        return f"({name} if {rng.choice(names)})"
    if kind == 17:
        return f"(cap{rng.randrange(6)} with {name})"
    files = [f for p in packages for f in p["files"]]
    return rng.choice(files) if files else name


def invent(rng, folder):
    """Writes two repositories below `folder`; returns their blueprint entries and requests."""
    names = [f"{rng.choice('abcdefgh')}{rng.choice(['', 'lib', 'dev'])}{i}" for i in range(14)]
    packages = []
    for name in names:
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            package = {
                "name": name, "epoch": rng.choice([0, 0, 0, 0, 1]),
                "version": f"{rng.randint(1, 3)}.{rng.randint(0, 2)}",
                "release": str(rng.randint(1, 2)),
                "arch": rng.choice(["x86_64"] * 6 + ["noarch"] * 3 + ["i686", "aarch64"]),
                "repository": rng.randrange(2), "files": [],
            }
            if rng.random() < 0.4:
                package["files"].append(rng.choice(["/usr/bin/", "/usr/share/", "/etc/"]) +
                                        rng.choice([name, "shared", "tool"]))
            packages.append(package)
    for package in packages:
        package["provides"] = [f"{package['name']} = {evr_of(package)}"]
        package["provides"] += [
            f"cap{rng.randrange(6)}" + rng.choice(["", f" = {rng.randint(1, 3)}"])
            for _ in range(rng.choice([0, 0, 1, 2]))]
        for kind, chance in (("requires", 0.4), ("recommends", 0.25), ("suggests", 0.1),
                             ("supplements", 0.08), ("conflicts", 0.05), ("obsoletes", 0.08)):
            package[kind] = []
            while rng.random() < chance and len(package[kind]) < 4:
                if kind == "obsoletes":
                    other = rng.choice(names)
                    package[kind].append(rng.choice([other, f"{other} < {rng.randint(1, 4)}"]))
                else:
                    package[kind].append(dependency(rng, names, packages))
    groups = {"some": [(rng.choice(["mandatory", "default", "optional"]), rng.choice(names), None)
                       for _ in range(3)] +
                      [("conditional", rng.choice(names), rng.choice(names))]}
    repositories = []
    for number in range(2):
        path = folder / f"repository{number}"
        write_repository(path, [p for p in packages if p["repository"] == number],
                         groups if number == 0 else {})
        repository = {"id": f"repo{number}", "baseurl": path.as_uri(), "package_signatures": False}
        if rng.random() < 0.3:
            repository["priority"] = rng.choice([10, 50, 99, 120])
        if rng.random() < 0.3:
            repository["cost"] = rng.choice([500, 1000, 1500])
        if rng.random() < 0.1:
            repository["exclude"] = [rng.choice(names)]
        repositories.append(repository)

    def spec():
        package = rng.choice(packages)
        return rng.choice([
            package["name"], package["name"], package["name"],
            f"{package['name']}.{package['arch']}",
            "{name}-{version}-{release}".format(**package),
            "{name}-{version}".format(**package),
            f"{package['name']} >= {evr_of(package)}",
            f"cap{rng.randrange(6)}", "*lib*", "@some",
            rng.choice(package["files"] or [package["name"]]),
        ])

    requests = []
    for _ in range(6):
        request = {"install": list(dict.fromkeys(spec() for _ in range(rng.randint(1, 3)))),
                   "weak_dependencies": rng.random() < 0.7}
        if rng.random() < 0.2:
            request["exclude"] = [rng.choice(names)]
        requests.append(request)
    return repositories, requests
