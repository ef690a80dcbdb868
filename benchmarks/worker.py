"""A process that runs one network by one engine: what bench.py starts, under an interpreter that has the engines.

    worker.py export NETWORK              writes the files of the network
    worker.py convert ENGINE NETWORK      makes what the engine loads
    worker.py run ENGINE NETWORK THREADS  runs it: at each line of the standard input for a turn

Answers are lines of JSON on the standard output; what the engines print goes to the standard error.
"""

import json
import os
import pathlib
import re
import sys
import time

import engines
import networks

TURN_SECONDS = 0.5  # how long one runs before it is the next one's turn


def peak_memory():
    """The largest resident size of this process until now, in bytes."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE).group(1)) * 1024


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def turn(run):
    """The shortest time in seconds of the runs of one turn, at least one."""
    shortest = timed(run)
    end = time.perf_counter() + TURN_SECONDS - shortest
    while time.perf_counter() < end:
        shortest = min(shortest, timed(run))
    return shortest


def work(engine, files, threads, answer):
    """Loads the network, tells the time of its first run, then waits for turns."""
    import numpy

    engines.prepare_process(threads)
    run, result = engines.ENGINES[engine].load(files, threads)
    first = timed(run)
    output = numpy.ascontiguousarray(result())
    numpy.save(files.folder / f"{engine}.npy", output)
    answer(first=first, version=engines.get_version(engine), memory=peak_memory())
    for _ in sys.stdin:
        answer(shortest=turn(run), memory=peak_memory())


def main():
    # What libraries print would be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**values):
        print(json.dumps(values), file=answers, flush=True)

    action, *arguments = sys.argv[1:]
    label = arguments[-2] if action == "run" else arguments[-1]
    network, files = networks.find_network(label), networks.Files(label)
    try:
        if action == "export":
            networks.export(network, files)
        elif action == "convert":
            convert = engines.ENGINES[arguments[0]].convert
            if convert:
                convert(files)
        else:
            work(arguments[0], files, int(arguments[2]), answer)
    except engines.NotConverted as problem:
        answer(problem=str(problem))


if __name__ == "__main__":
    main()
