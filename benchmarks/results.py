"""What the pages of measurements share: tables, the machine, and the place of a text in a page."""

import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent
RESULTS, README = FOLDER / "RESULTS.md", FOLDER.parent / "README.md"
START, END = "<!-- measured: ./dev bench --write -->\n", "<!-- end of measurements -->\n"
MEGABYTE = 1e6


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def describe_machine(information):
    """The processor, from the text of /proc/cpuinfo."""
    model = re.search(r"model name\s*: (.*)", information)
    flags = set(information.split())
    known = (("avx2", "AVX2"), ("avx512f", "AVX-512"), ("amx_tile", "AMX"), ("asimd", "NEON"), ("sve", "SVE"))
    widest = [name for flag, name in known if flag in flags]
    count = len(re.findall(r"^processor\s*:", information, re.MULTILINE))
    return f"{model.group(1) if model else 'unknown processor'} ({', '.join(widest) or 'no AVX2'}), {count} logical cores"


def machine():
    """The processor, as the system describes it."""
    return describe_machine(pathlib.Path("/proc/cpuinfo").read_text())


def replace_section(page, title, section):
    """The page with this section, which begins with its title ("## ..."), in the place of the old one, or at its end."""
    before, _, rest = page.partition(title)
    following = rest.find("\n## ")
    after = "\n" + rest[following + 1 :] if following >= 0 else ""
    return before.rstrip("\n") + "\n\n" + section.rstrip("\n") + "\n" + after


def replace_measurements(page, text):
    """The page with the text between its marks."""
    before, _, rest = page.partition(START)
    after = rest.partition(END)[2]
    return before + START + text + END + after
