"""Writes the stages of a small network into docs/architecture.md, as the compiler prints them.

    generate_architecture.py            print the page
    generate_architecture.py --write    write it

Everything between `<!-- stage NAME: ... -->` and `<!-- end -->` comes from `toeplitz compile architecture_network.json --emit=NAME`; the rest
of the page is written by hand. Words after the name choose a part: `function PATTERN` the first function whose name
matches, `loop PATTERN` the first loop of the assembly that has no other one inside and a matching line, `lines N` the
first N lines. The target is fixed, so that the page is the same whatever machine writes it.
"""

import argparse
import os
import pathlib
import re
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parent
PAGE = FOLDER / "architecture.md"
TOEPLITZ = os.environ.get("TOEPLITZ", str(FOLDER.parent / "build" / "tools" / "toeplitz"))
SECTION = re.compile(r"(<!-- stage (?P<stage>\w+): (?P<parts>.*?) -->\n).*?(<!-- end -->\n)", re.DOTALL)
LANGUAGES = {"json": "json", "cnn": "mlir", "schedule": "mlir", "loops": "mlir", "llvm": "mlir", "asm": "asm"}


def print_stage(stage):
    """What the compiler prints of the network at a stage."""
    if stage == "json":
        return (FOLDER / "architecture_network.json").read_text()
    command = [TOEPLITZ, "compile", "architecture_network.json", f"--emit={stage}", "-o", "-"]
    command += ["--mtriple=x86_64-unknown-linux-gnu", "--mcpu=x86-64-v3"]
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True).stdout


def find_loop(lines, pattern):
    """The lines of assembly from a label to the jump back to it, without a label between, one of them matching."""
    start = None
    for index, line in enumerate(lines):
        if line.endswith(":"):
            start = index
        elif start is not None and re.match(rf"\s+j\w+\s+{re.escape(lines[start][:-1])}$", line):
            if any(re.search(pattern, inside) for inside in lines[start:index]):
                return lines[start : index + 1]
    raise ValueError(f"no loop with '{pattern}'")


def choose(text, parts):
    """The part of a stage's text that the page shows."""
    words = parts.split()
    lines = text.rstrip("\n").splitlines()
    while words:
        if words[0] == "all":
            words = words[1:]
        elif words[0] == "function":
            start = next(index for index, line in enumerate(lines) if re.search(rf"func.*@{words[1]}|^{words[1]}:", line))
            indent = re.match(r"\s*", lines[start]).group()
            end = next(index for index in range(start + 1, len(lines)) if lines[index].startswith(indent + "}"))
            lines = [line.removeprefix(indent) for line in lines[start : end + 1]]
            words = words[2:]
        elif words[0] == "loop":
            lines = find_loop(lines, words[1])
            words = words[2:]
        elif words[0] == "lines":
            count = int(words[1])
            lines = lines[:count] + (["..."] if len(lines) > count else [])
            words = words[2:]
        else:
            raise ValueError(f"no part '{words[0]}'")
    return "\n".join(lines) + "\n"


def generate():
    """The page with every section made anew."""
    stages = {}

    def section(match):
        stage = match["stage"]
        if stage not in stages:
            stages[stage] = print_stage(stage)
        return f"{match[1]}```{LANGUAGES[stage]}\n{choose(stages[stage], match['parts'])}```\n{match[4]}"

    return SECTION.sub(section, PAGE.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--write", action="store_true", help="write docs/architecture.md")
    if parser.parse_args().write:
        PAGE.write_text(generate())
    else:
        print(generate(), end="")


if __name__ == "__main__":
    main()
