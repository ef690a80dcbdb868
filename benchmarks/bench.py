"""Measures Toeplitz against other engines: the time of a run, and what compiling costs. What `./dev bench` runs.

Each network is run by each engine in a process of its own, in turns, so that a machine that gets slower or faster meanwhile is so for all; what
counts is the shortest time of each. All get the same weights and the same input, in float32, and the results are compared with ONNX Runtime's. Toeplitz's
may differ from it by 1e-4 of the largest output. An engine whose result is further from it than 5e-2 isn't a peer: it computes something else.
"""

import argparse
import hashlib
import json
import os
import pathlib
import select
import subprocess
import sys

import numpy

import compiling
import engines
import environment
import merging
import networks
import report

FOLDER = pathlib.Path(__file__).resolve().parent
RESULTS, UNSEEN_RESULTS = networks.WORK / "results.json", networks.WORK / "unseen.json"
THREADS = [1, 2]
TOLERANCE = 1e-4  # of the largest output; see test/examples/test_networks.py
PEER_TOLERANCE = 5e-2  # some are less exact than we allow ourselves, by algorithms that are faster
SLOW = 20  # seconds of a run
PATIENCE = 900  # seconds for a converter, or for an engine to load a network


class Failure(Exception):
    """A worker has nothing to give; the message says why."""


def last_line(log):
    """What a process that ended said last."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:160] if lines else "it ended without a word"


class Worker:
    """A process that runs one network by one engine whenever it is told to."""

    def __init__(self, python, engine, label, threads):
        self._log = networks.Files(label).folder / f"{engine}.log"
        with open(self._log, "w") as log:
            command = [str(python), str(FOLDER / "worker.py"), "run", engine, label, str(threads)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            loaded = self._answer()
        except Failure:
            self.end()
            raise
        self.first, self.version, self.memory = loaded["first"], loaded["version"], loaded["memory"]
        # One that is so slow isn't asked again.
        self.shortest = self.first if self.first > SLOW else float("inf")

    def _answer(self):
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        if not ready:
            raise Failure(f"no answer after {PATIENCE} s")
        line = self._process.stdout.readline()
        if not line:
            raise Failure(last_line(self._log))
        answer = json.loads(line)
        if "problem" in answer:
            raise Failure(answer["problem"])
        return answer

    def turn(self):
        if self.first > SLOW:
            return
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.shortest, self.memory = min(self.shortest, answer["shortest"]), answer["memory"]

    def end(self):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def prepare(python, label, names):
    """Exports a network and converts it. Returns, by engine, why one can't have it."""
    notes = {}
    command = [str(python), str(FOLDER / "worker.py")]
    subprocess.run([*command, "export", label], check=True, stdout=subprocess.DEVNULL)
    files = networks.Files(label)
    for name in names:
        if not engines.ENGINES[name].convert:
            continue
        log = files.folder / f"{name}.log"
        try:
            with open(log, "w") as file:
                process = subprocess.run(
                    [*command, "convert", name, label], stdout=subprocess.PIPE, stderr=file, text=True, timeout=PATIENCE
                )
        except subprocess.TimeoutExpired:
            notes[name] = f"not converted in {PATIENCE} s"
            continue
        if process.stdout:
            notes[name] = json.loads(process.stdout)["problem"]
        elif process.returncode:
            notes[name] = last_line(log)
    return notes


def find_error(files, engine):
    """The largest difference from ONNX Runtime's result, as a part of its largest output."""
    ours, reference = (numpy.load(files.folder / f"{name}.npy").astype(numpy.float64) for name in (engine, "onnxruntime"))
    if ours.size != reference.size:
        return float("inf")
    error = numpy.abs(ours.ravel() - reference.ravel()).max() / numpy.abs(reference).max()
    return float(error) if error == error else float("inf")


def measure(python, label, names, threads, rounds, measurement):
    """Runs a network by all engines in turns, and adds what comes out to the measurement."""
    notes = measurement["notes"]
    workers = {}
    for name in names:
        if name in notes:
            continue
        try:
            workers[name] = Worker(python, name, label, threads)
        except Failure as problem:
            notes[name] = str(problem)
    files = networks.Files(label)
    if "onnxruntime" in workers:
        for name in workers:
            error = find_error(files, name)
            measurement["errors"][name] = max(error, measurement["errors"].get(name, 0))
            if error > PEER_TOLERANCE and name != "toeplitz":
                notes[name] = f"its result differs by {error:.1e} of the largest output"
    running = {name: worker for name, worker in workers.items() if name not in notes}
    for _ in range(rounds):
        for name, worker in list(running.items()):
            try:
                worker.turn()
            except Failure as problem:
                notes[name] = str(problem)
                del running[name]
    for worker in workers.values():
        worker.end()
    measurement["runs"][str(threads)] = {
        name: {"seconds": worker.shortest, "first": worker.first, "memory": worker.memory} for name, worker in running.items()
    }
    measurement["versions"].update({name: worker.version for name, worker in workers.items()})


def measure_network(python, label, arguments):
    """All that is known of one network afterwards."""
    network = networks.find_network(label)
    print(f"{network.name}: preparing", file=sys.stderr)
    notes = prepare(python, label, arguments.engines)
    files = networks.Files(label)
    measurement = {
        "network": network.name,
        "target": network.target or networks.LEAST_TARGET,
        "weights": files.weight_bytes,
        "notes": notes,
        "errors": {},
        "runs": {},
        "versions": {},
        "compilation": None,
        "digest": None,
    }
    if "toeplitz" in arguments.engines:
        print(f"{network.name}: compiling", file=sys.stderr)
        try:
            measurement["compilation"] = compiling.compile_measured(files, arguments.option)._asdict()
            measurement["digest"] = hashlib.sha256(files.library.read_bytes()).hexdigest()
        except subprocess.CalledProcessError as problem:
            notes["toeplitz"] = f"not compiled, exit status {problem.returncode}"  # the compiler has said why
    for threads in arguments.threads:
        print(f"{network.name}: running with {threads} thread{'s' if threads > 1 else ''}", file=sys.stderr)
        measure(python, label, arguments.engines, threads, arguments.rounds, measurement)
    return measurement


def choose_python(arguments):
    """What has all that is needed: for our own examples and ONNX Runtime alone that is the interpreter of this checkout."""
    if arguments.python:
        return arguments.python
    is_own = all(networks.find_network(label).origin == "example" for label in arguments.labels)
    is_own = is_own and set(arguments.engines) <= {"toeplitz", "onnxruntime"}
    return sys.executable if is_own else environment.prepare(arguments.engines)


def choose_networks(parser, arguments):
    """Their labels: of the table when none is named, or of those that nothing was tuned to; of the examples when only names are given."""
    table = networks.UNSEEN if arguments.unseen else networks.NETWORKS
    known = [network.name for network in table]
    labels = arguments.networks or known
    if arguments.networks and not arguments.table and not arguments.unseen:
        labels = [f"examples/{name}" for name in arguments.networks]
        known = [label for label in labels if networks.find_network(label)]
    for label in labels:
        if label not in known:
            parser.error(
                f"no network '{label}'; {'--unseen' if arguments.unseen else '--table'} has {', '.join(known)}"
                if arguments.table or arguments.unseen
                else f"no example '{label.rpartition('/')[2]}'; networks of the table are named after --table"
            )
    return labels


def choose_engines(parser, arguments):
    if not arguments.engines:
        is_table = arguments.table or arguments.unseen or not arguments.networks
        return engines.DEFAULT_ENGINES if is_table else engines.DEFAULT_ENGINES[:2]
    names = arguments.engines.split(",")
    for name in names:
        if name not in engines.ENGINES:
            parser.error(f"no engine '{name}'; there are {', '.join(engines.ENGINES)}")
    return names


def read_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[0],
        epilog="Without names the networks of the table are measured by all engines but torch and iree; that takes an hour, and some gigabytes in build/.",
    )
    parser.add_argument("networks", nargs="*", help="examples to measure, by Toeplitz and ONNX Runtime unless --engines says otherwise")
    parser.add_argument("--table", action="store_true", help=f"the names are those of the table: {', '.join(network.name for network in networks.NETWORKS)}")
    parser.add_argument(
        "--unseen", action="store_true", help="networks that nothing was tuned to, all or those that are named (benchmarks/networks.py lists them)"
    )
    parser.add_argument("--engines", help=f"what runs them, separated by commas: {', '.join(engines.ENGINES)}")
    parser.add_argument("--threads", type=int, nargs="+", default=THREADS, help="numbers of threads, 1 2 by default")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each, 10 by default")
    parser.add_argument("--option", action="append", default=[], help="an option for toeplitz compile, as --option=--algorithm=direct")
    parser.add_argument("--python", help="an interpreter that has the packages of benchmarks/requirements.txt, instead of an environment in build/")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted run has measured of the table")
    parser.add_argument(
        "--add",
        action="store_true",
        help="measure again, and keep the shorter times of this run and the one before (Toeplitz's if the libraries are the same)",
    )
    parser.add_argument(
        "--real-time", action="store_true", help="run before all other processes, on a machine that isn't quiet; needs root"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/RESULTS.md and the README, and draw the picture")
    arguments = parser.parse_args()
    arguments.labels = choose_networks(parser, arguments)
    arguments.engines = choose_engines(parser, arguments)
    if arguments.resume and arguments.add:
        parser.error("--resume measures nothing twice and --add everything")
    if min(arguments.threads) < 1 or arguments.rounds < 1:
        parser.error("--threads and --rounds are at least 1")
    return arguments


def main():
    arguments = read_arguments()
    python = choose_python(arguments)
    if arguments.real_time:
        # What this process starts inherits it.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))
    networks.WORK.mkdir(parents=True, exist_ok=True)
    path = UNSEEN_RESULTS if arguments.unseen else RESULTS
    known = json.loads(path.read_text()) if (arguments.resume or arguments.add) and path.exists() else {}
    measured = dict(known)
    for label in arguments.labels:
        if label not in known or arguments.add:
            now = measure_network(python, label, arguments)
            measured[label] = merging.merge(known[label], now) if label in known else now
            if arguments.table or arguments.unseen or not arguments.networks:
                path.write_text(json.dumps(measured, indent=1))
    measurements = [measured[label] for label in arguments.labels]
    print(report.describe(measurements, arguments.real_time))
    if arguments.write:
        (report.write_unseen if arguments.unseen else report.write)(measurements, arguments.real_time)
    problems = [f"{entry['network']}: {entry['notes']['toeplitz']}" for entry in measurements if "toeplitz" in entry["notes"]]
    problems += [
        f"{entry['network']}: the result differs by {entry['errors']['toeplitz']:.1e} of the largest output"
        for entry in measurements
        if entry["errors"].get("toeplitz", 0) > TOLERANCE
    ]
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
