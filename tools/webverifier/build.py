#!/usr/bin/env python3
"""Builds the verifier page: one HTML file that checks statements in a browser, without a network.

    build.py [--out FOLDER] [--clang PROGRAM]

Fetches the source of libsecp256k1 by its digest (it is in a source package on PyPI), compiles it to WebAssembly with the
clang of the Swift toolchain, and puts it, the scripts and the style into FOLDER/commonwatt-verify.html (default
.build/webverifier, which git ignores). Nothing fetched is kept elsewhere. Needs
Python 3.8, pip and clang with wasm-ld. Exit code 75 when the source cannot be fetched.
"""

import argparse
import base64
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
# electrum-ecc carries libsecp256k1's release unchanged, as a folder of its source package.
PACKAGE, ARCHIVE = "electrum-ecc==0.0.5", "electrum_ecc-0.0.5.tar.gz"
ARCHIVE_SHA256 = "f733b8596a0f7b25c8371d08af61ef79c7b871d5b40f05a5b95d2d05eb2fb7d2"
LIBRARY_VERSION = "0.6.0"
SCRIPTS = ["bytes", "curve", "json", "ics23", "bundle", "formats", "prices", "balance", "statement", "picture", "page"]


def fail(text):
    sys.exit(f"error: {text}")


def find_clang(named):
    """A clang that has wasm-ld beside it: the one that is named, the Swift toolchain's, or Debian's."""
    swift = shutil.which("swift")
    beside = [str(pathlib.Path(swift).resolve().parent / "clang")] if swift else []
    for place in [named] if named else beside + [shutil.which("clang")]:
        if place and pathlib.Path(place).exists():
            if (pathlib.Path(place).resolve().parent / "wasm-ld").exists() or shutil.which("wasm-ld"):
                return place
    fail("there is no clang with wasm-ld; the Swift toolchain has one, and so have Debian's packages clang and lld")


def fetch_library(work):
    """The library's source folder, checked by digest before anything of it is opened."""
    kept = PROJECT / ".build" / "webverifier" / ARCHIVE
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(work), PACKAGE]
        if subprocess.run(command).returncode:
            print(f"error: {PACKAGE} cannot be fetched", file=sys.stderr)
            sys.exit(75)
        shutil.move(work / ARCHIVE, kept)
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    if digest != ARCHIVE_SHA256:
        kept.unlink()
        fail(f"{ARCHIVE} has the digest {digest}, not {ARCHIVE_SHA256}")
    with tarfile.open(kept) as archive:
        prefix = ARCHIVE[: -len(".tar.gz")] + "/libsecp256k1/"
        members = [m for m in archive.getmembers() if m.isfile() and re.match(prefix + r"(src|include)/[\w/]+\.[ch]$", m.name)]
        archive.extractall(work, members)
    return work / prefix


def compile_curve(clang, library, out):
    command = [
        clang, "--target=wasm32", "-O2", "-nostdlib", "-ffreestanding", "-fvisibility=hidden", "-Wno-unused-function",
        # Small tables: a statement has a few dozen signatures. 64-bit products: WebAssembly has no wider ones.
        "-DECMULT_WINDOW_SIZE=6", "-DCOMB_BLOCKS=2", "-DCOMB_TEETH=5", "-DUSE_FORCE_WIDEMUL_INT64",
        "-I", HERE / "wasm" / "include", "-I", library / "src", "-I", library / "include", HERE / "wasm" / "curve.c",
        library / "src" / "precomputed_ecmult.c", library / "src" / "precomputed_ecmult_gen.c",
        "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--gc-sections", "-Wl,-z,stack-size=131072", "-o", out,
    ]
    subprocess.run([str(word) for word in command], check=True)


def script(curve):
    """The modules one after the other: their names are distinct, so imports and exports are left out."""
    parts = [f'const CURVE_WASM = "{base64.b64encode(curve).decode()}";']
    names = set()
    for name in SCRIPTS:
        text = (HERE / "src" / f"{name}.js").read_text()
        text = re.sub(r"^import\s[^;]*;\n", "", text, flags=re.M)
        text = re.sub(r"^export ", "", text, flags=re.M)
        for found in re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", text, flags=re.M):
            if found in names:
                fail(f"src/{name}.js declares '{found}', which another module declares too")
            names.add(found)
        parts.append(text)
    text = "\n" + "\n".join(parts)
    if "</script" in text:
        fail("the scripts hold an end tag")
    return text


def page(curve):
    code = script(curve)
    style = (HERE / "src" / "page.css").read_text()

    def digest(text):
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    # The page may run this script and this style, and reach nothing.
    policy = f"default-src 'none'; script-src {digest(code)} 'wasm-unsafe-eval'; style-src {digest(style)}; base-uri 'none'; form-action 'none'"
    commonwatt = re.search(r'static let version = "([^"]+)"', "\n".join(
        p.read_text() for p in sorted((PROJECT / "Node" / "Wiring").glob("*.swift"))))
    html = (HERE / "src" / "page.html").read_text()
    for mark, value in [
        ("@POLICY@", policy), ("@STYLE@", style), ("@LIBRARY@", LIBRARY_VERSION),
        ("@VERSION@", commonwatt.group(1) if commonwatt else ""), ("@SCRIPT@", code),
    ]:
        html = html.replace(mark, value)
    return html


def main():
    parser = argparse.ArgumentParser(description="Builds the page that checks statements in a browser.")
    parser.add_argument("--out", type=pathlib.Path, default=PROJECT / ".build" / "webverifier")
    parser.add_argument("--clang", help="a clang that can make WebAssembly")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        library = fetch_library(pathlib.Path(folder))
        compile_curve(find_clang(arguments.clang), library, arguments.out / "curve.wasm")
    target = arguments.out / "commonwatt-verify.html"
    target.write_text(page((arguments.out / "curve.wasm").read_bytes()))
    print(f"{target} ({target.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
