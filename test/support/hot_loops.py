"""Describes the innermost loops of assembly (standard input) that multiply and add, one a line, the largest first:

    96 multiply-adds on zmm, 0 on the stack, 24 broadcasts
    72 multiply-adds on 4s, 0 on the stack, 0 broadcasts, 72 by element, 88 instructions

An innermost loop is a block that ends with a jump to its own label. "On the stack" counts the instructions that read or write
memory relative to the stack pointer: a value that didn't fit into the registers. "By element" are those of AArch64 that take one lane
for a whole factor.
"""

import collections
import re
import sys

COMMENT = re.compile(r"//|\s#\s|^#")
LABEL = re.compile(r"^(\.?[A-Za-z_][\w.$]*):")
JUMP = re.compile(r"^\s+(?:j\w+|b\.\w+|b|cbn?z\s+\w+,|tbn?z\s+\w+,\s*#\d+,)\s+(\.?[A-Za-z_][\w.$]*)\s*$")
STACK = re.compile(r"\(%[re]sp[,)]|\[sp[,\]]")
X86_MULTIPLY_ADD = re.compile(r"^\s+vfn?m(?:add|sub)\d+ps\s.*%([xyz]mm)\d+\s*$")
X86_MULTIPLY = re.compile(r"^\s+v?mulps\s.*%([xyz]mm)\d+\s*$")
ARM_MULTIPLY_ADD = re.compile(r"^\s+fml[as]\s+v\d+\.(4s)")
ARM_BY_ELEMENT = re.compile(r"^\s+fml[as]\s+v\d+\.4s,.*\.s\[\d\]")
BROADCAST = re.compile(r"^\s+v?broadcastss\s|\{1to\d+\}|^\s+ld1r\s|^\s+dup\s|^\s+v?shufps\s|^\s+v?pshufd\s")


def find_innermost_loops(assembly):
    """Yields the instructions of each block that jumps back to its own label."""
    label, instructions = None, []
    for line in assembly:
        line = COMMENT.split(line)[0].rstrip()
        found = LABEL.match(line)
        if found:
            label, instructions = found.group(1), []
            continue
        if not line.strip() or line.strip().startswith("."):
            continue
        instructions.append(line)
        jump = JUMP.match(line)
        if jump and jump.group(1) == label:
            yield instructions
            label, instructions = None, []


def describe(instructions):
    counts = collections.Counter()
    for line in instructions:
        found = X86_MULTIPLY_ADD.match(line) or X86_MULTIPLY.match(line) or ARM_MULTIPLY_ADD.match(line)
        if found:
            counts[found.group(1)] += 1
    if not counts:
        return None
    registers, number = counts.most_common(1)[0]
    stack = sum(1 for line in instructions if STACK.search(line))
    broadcasts = sum(1 for line in instructions if BROADCAST.search(line))
    text = f"{number} multiply-adds on {registers}, {stack} on the stack, {broadcasts} broadcasts"
    if registers == "4s":
        by_element = sum(1 for line in instructions if ARM_BY_ELEMENT.match(line))
        text += f", {by_element} by element, {len(instructions)} instructions"
    return number, text


def main():
    loops = [found for found in map(describe, find_innermost_loops(sys.stdin)) if found]
    for _, text in sorted(loops, key=lambda loop: -loop[0]):
        print(text)
    if not loops:
        sys.exit("no innermost loop multiplies and adds")


if __name__ == "__main__":
    main()
