"""The process that measures on a GPU, one row after the other: what gpu.py starts, and starts again when a row has failed (an error of a kernel spoils the
process for all that follow)."""

import contextlib
import gc
import importlib.metadata
import json
import pathlib
import statistics
import sys
import time
import traceback
import typing

import numpy
import torch

import gpu_profile
from gpu_device import CudaDevice, EmulatedDevice
from torch_description import DescribedNetwork, NetworkDescription

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

TYPES = {"f32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
WARM_UP = 10
FEWEST_RUNS = 10
TRIAL_RUNS = 5  # of each way to launch, and each layout: the one with the shortest run is measured
PROFILED_RUNS = 10
REFERENCE_BATCH = 32


class Skipped(Exception):
    """A peer isn't measured; the message says why."""


class Way(typing.NamedTuple):
    """One way of an engine's to run the network."""

    name: str  # what is peculiar to it: a layout, how it is launched
    run: typing.Callable  # puts a run into the stream
    result: typing.Callable  # the outputs of the last run, float32 tensors on the device
    plain: typing.Callable  # puts a run into the stream without a graph, for the profiler


def time_run(device, run):
    start = time.perf_counter()
    run()
    device.synchronize()
    return 1000 * (time.perf_counter() - start)


def choose(device, ways):
    """The way that has the shortest run, of an iterator that makes each when it is asked for it."""
    best, shortest = None, float("inf")
    for way in ways:
        for _ in range(2):
            time_run(device, way.run)
        time = min(time_run(device, way.run) for _ in range(TRIAL_RUNS))
        if time < shortest:
            best, shortest = way, time
    return best


def count_runs(first, wanted, seconds):
    """How many runs are measured of what takes `first` milliseconds: as many as wanted, unless they take longer than that."""
    return max(min(FEWEST_RUNS, wanted), min(wanted, int(1000 * seconds / max(first, 1e-3))))


def measure(device, ways, wanted, seconds):
    """The milliseconds of each way's runs, in turns, from before a launch until the stream has ended."""
    slowest = 0.0
    for way in ways.values():
        slowest = max(slowest, min(time_run(device, way.run) for _ in range(3)))
    runs = count_runs(slowest, wanted, seconds)
    for way in ways.values():
        for _ in range(min(WARM_UP, runs)):
            time_run(device, way.run)
    times = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            times[name].append(time_run(device, way.run))
    return times


def largest_error(outputs, reference):
    """The largest difference of all outputs, relative to the largest number of each; NaN if there is one."""
    errors = []
    for output, expected in zip(outputs, reference, strict=True):
        if output.shape != expected.shape:
            raise ValueError(f"an output has shape {tuple(output.shape)}, expected {tuple(expected.shape)}")
        expected = expected.to(output.device)
        errors.append(float((output.float() - expected).abs().max() / expected.abs().max()))
    return float(numpy.max(errors))


def allow_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


class CachedDescription(NetworkDescription):
    """A description whose weights are made once: random ones of a large network take seconds."""

    cache = None  # of the process

    @classmethod
    def use_cache_of(cls, network):
        """Forgets the weights of another network."""
        if cls.cache is None or cls.cache[0] != network:
            cls.cache = (network, {})

    def weight(self, layer, part, shape, fan_in=None):
        weights = self.cache[1]
        key = (layer["name"], part)
        if key not in weights:
            weights[key] = super().weight(layer, part, shape, fan_in)
        return weights[key]


class Worker:
    """Measures rows. Those of one network follow each other, so that its weights are made once."""

    def __init__(self, options):
        self.options = options
        self.device = EmulatedDevice() if options["emulate"] else CudaDevice()
        self.reference_of, self.reference = None, None
        torch.backends.cudnn.benchmark = True

    def describe(self):
        versions = {}
        for package in ("onnxruntime-gpu", "onnxruntime", "triton"):
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                versions[package] = importlib.metadata.version(package)
        return {**self.device.describe(), "packages": versions}

    def measure_row(self, row):
        """What is measured of a row: {"network", "batch", "precision", "description", "library"}."""
        try:
            with torch.no_grad(), self.device.use():
                return self.compare(row)
        finally:
            gc.collect()
            self.device.end_row()

    # --- the engines ----------------------------------------------------------------------------------------------------

    def read(self, row):
        CachedDescription.use_cache_of(row["network"])
        return CachedDescription.load(row["description"])

    def make_module(self, row, kind, layout):
        """PyTorch's network on the device."""
        network = self.read(row)
        module = DescribedNetwork(network)
        module.load_weights(module.make_weights(network))
        # (What is 5-D has a layout of its own.)
        is_2d = all(weight.dim() != 5 for weight in module.parameters())
        return module.to(self.device.name, kind).to(memory_format=layout if is_2d else torch.preserve_format)

    def make_inputs(self, row):
        """Random images, float32 on the device."""
        generator = numpy.random.default_rng(1)
        shapes = self.read(row).inputs.values()
        return [torch.from_numpy(generator.standard_normal(shape, numpy.float32)).to(self.device.name) for shape in shapes]

    def find_reference(self, row, inputs):
        """The outputs of PyTorch in float32 without TF32, on the CPU. A few images at a time, so that what is measured is all that needs much memory."""
        if self.reference_of != (row["network"], row["batch"]):
            allow_tf32(False)
            torch.backends.cudnn.benchmark = False
            module = self.make_module(row, torch.float32, torch.contiguous_format)
            parts = [module(*[value[begin : begin + REFERENCE_BATCH] for value in inputs]) for begin in range(0, row["batch"], REFERENCE_BATCH)]
            self.reference = [torch.cat(outputs).cpu() for outputs in zip(*parts)]
            self.reference_of = (row["network"], row["batch"])
            torch.backends.cudnn.benchmark = True
            del module, parts
            self.device.free()
        return self.reference

    def load_toeplitz(self, row, inputs):
        """Toeplitz's ways: launches of their own, and a CUDA graph of them, with a note where there is none."""
        import toeplitz

        network = toeplitz.load(row["library"])
        outputs = [torch.empty(tensor.shape, device=self.device.name) for tensor in network.outputs]

        if self.options["copies"]:
            arrays = [value.cpu().numpy() for value in inputs]
            found = []

            def call():
                found[:] = [network(*arrays)]

            def result():
                arrays = found[0] if isinstance(found[0], tuple) else [found[0]]
                return [torch.from_numpy(array) for array in arrays]

            return [Way("host", call, result, call)], None

        def launch():
            network.run_device(inputs, outputs, stream=self.device.handle)

        for _ in range(2):
            launch()
        self.device.synchronize()
        ways, note = [Way("launches", launch, lambda: outputs, launch)], None
        try:
            ways.append(Way("graph", self.device.capture(launch), lambda: outputs, launch))
        except Exception as problem:  # whatever PyTorch or the driver says of the capture
            note = f"no CUDA graph: {shorten(problem)}"
        return ways, note

    def make_graph(self, name, module, inputs):
        """A way of PyTorch's: a CUDA graph of a module's launches."""
        outputs = []

        def launch():
            outputs[:] = module(*inputs)

        for _ in range(3):  # cuDNN's search takes place in the first
            launch()
        self.device.synchronize()
        replay = self.device.capture(launch)
        captured = list(outputs)  # runs of `launch` have others
        if not self.options["copies"]:
            return Way(name, replay, lambda: [output.float() for output in (outputs if replay is launch else captured)], launch)
        sources = [self.device.pin(value.cpu()) for value in inputs]
        targets = [self.device.pin(torch.empty_like(output, device="cpu")) for output in captured]

        def run():
            for value, source in zip(inputs, sources):
                value.copy_(source, non_blocking=True)
            replay()
            for target, output in zip(targets, outputs if replay is launch else captured):
                target.copy_(output, non_blocking=True)

        return Way(name, run, lambda: [target.float() for target in targets], launch)

    def load_torch(self, row, inputs):
        """PyTorch's ways: both layouts."""
        for layout in (torch.channels_last, torch.contiguous_format):
            module = self.make_module(row, TYPES[row["precision"]], layout)
            yield self.make_graph(str(layout).rpartition(".")[2], module, self.convert(inputs, row, layout))

    def convert(self, inputs, row, layout):
        """Inputs of PyTorch's: of the network's own type and layout, which counts for PyTorch, since Toeplitz takes float32."""
        kind = TYPES[row["precision"]]
        return [value.to(kind, copy=True).contiguous(memory_format=layout if value.dim() == 4 else torch.contiguous_format) for value in inputs]

    def load_torch_compile(self, row, inputs, layout):
        module = self.make_module(row, TYPES[row["precision"]], layout)
        if self.device.name == "cuda" and not self.describe()["packages"].get("triton"):
            raise Skipped("torch.compile takes triton, which isn't installed")
        torch._dynamo.reset()
        compiled = torch.compile(module, mode=self.options["compile_mode"], dynamic=False)
        return self.make_graph(self.options["compile_mode"], compiled, self.convert(inputs, row, layout))

    def load_onnxruntime(self, row, inputs):
        try:
            import onnx  # noqa: F401
            import onnxruntime
        except ImportError as problem:
            raise Skipped(f"not installed: {problem.name}") from problem
        provider = self.device.provider
        if provider not in onnxruntime.get_available_providers():
            raise Skipped(f"this ONNX Runtime has no {provider}")
        if row["precision"] not in ("f32", "tf32"):
            raise Skipped("its model is float32")
        if self.options["copies"]:
            raise Skipped("measured without copies only")
        from network_to_onnx import Converter

        model = Converter(self.read(row)).convert().SerializeToString()
        try:
            return self.make_session(row, model, inputs, has_graph=True)
        except Exception as problem:  # ONNX Runtime's: of networks with nodes on the CPU it makes no graph
            print(f"ONNX Runtime without a CUDA graph: {shorten(problem)}", file=sys.stderr)
            return self.make_session(row, model, inputs, has_graph=False)

    def make_session(self, row, model, inputs, has_graph):
        import onnxruntime

        provider = self.device.provider
        settings = {
            "device_id": "0",
            "use_tf32": str(int(row["precision"] == "tf32")),
            "cudnn_conv_algo_search": "EXHAUSTIVE",
            "enable_cuda_graph": str(int(has_graph)),
        }
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(model, options, providers=[(provider, settings if self.device.name == "cuda" else {})])
        if session.get_providers()[0] != provider:
            raise Skipped(f"ONNX Runtime can't start {provider}")
        shapes = DescribedNetwork(self.read(row)).output_shapes
        outputs = [torch.empty(shape, device=self.device.name) for shape in shapes]
        binding = session.io_binding()
        for node, value in zip(session.get_inputs(), inputs, strict=True):
            binding.bind_input(node.name, self.device.name, 0, numpy.float32, tuple(value.shape), value.data_ptr())
        for node, value in zip(session.get_outputs(), outputs, strict=True):
            binding.bind_output(node.name, self.device.name, 0, numpy.float32, tuple(value.shape), value.data_ptr())
        self.device.synchronize()

        def run():
            session.run_with_iobinding(binding)  # waits for its own stream

        run()
        return Way("graph" if has_graph else "launches", run, lambda: outputs, run)

    # --- a row ----------------------------------------------------------------------------------------------------------

    def compare(self, row):
        start = time.perf_counter()
        inputs = self.make_inputs(row)
        reference = self.find_reference(row, inputs)
        result = {"failures": {}, "peers": {}, "notes": []}
        allow_tf32(row["precision"] == "tf32")
        chosen = {}

        def load(engine, function):
            """The fastest way of an engine; what goes wrong is written down."""
            try:
                chosen[engine] = choose(self.device, function())
            except Skipped as reason:
                result["peers"][engine] = {"skipped": str(reason)}
            except Exception as problem:  # any engine may fail; the others count nevertheless
                traceback.print_exc()
                result["failures"][engine] = shorten(problem)
            if engine not in chosen:
                # (Here nothing of what failed holds memory any more.)
                gc.collect()
                self.device.free()

        def load_ours():
            ways, note = self.load_toeplitz(row, inputs)
            result["notes"] += [note] if note else []
            return ways

        load("toeplitz", load_ours)
        load("pytorch", lambda: self.load_torch(row, inputs))
        if "torch.compile" in self.options["peers"]:
            is_last = "pytorch" not in chosen or chosen["pytorch"].name == "channels_last"
            layout = torch.channels_last if is_last else torch.contiguous_format
            load("torch.compile", lambda: [self.load_torch_compile(row, inputs, layout)])
        if "onnxruntime" in self.options["peers"]:
            load("onnxruntime", lambda: [self.load_onnxruntime(row, inputs)])

        times = measure(self.device, chosen, self.options["runs"], self.options["row_seconds"])
        for engine, way in chosen.items():
            shortest = min(times[engine])
            numbers = {
                "minimum": shortest,
                "median": statistics.median(times[engine]),
                "in_stream": self.device.time_in_stream(way.run, count_runs(shortest, 20, 1)),
                "way": way.name,
                "runs": len(times[engine]),
            }
            for output in way.result():
                output.fill_(float("nan"))  # so that it is this run's result that is compared
            time_run(self.device, way.run)
            numbers["error"] = largest_error(way.result(), reference)
            if engine in ("toeplitz", "pytorch"):
                result[engine] = numbers
            else:
                result["peers"][engine] = numbers
        if "toeplitz" in chosen:
            result["clocks"] = self.device.clocks_under_load(chosen["toeplitz"].run, result["toeplitz"]["minimum"])
        if self.options["profile"]:
            result["kernels"] = self.profile(row, chosen, result)
        result["seconds"] = time.perf_counter() - start
        return result

    def profile(self, row, chosen, result):
        """Writes a table of each engine's kernels. Returns the five that take longest, of each."""
        folder = pathlib.Path(self.options["profile"])
        folder.mkdir(parents=True, exist_ok=True)
        most = {}
        for engine, way in chosen.items():
            path = folder / f"{row['network']}-{row['batch']}-{row['precision']}-{engine}.md"
            try:
                kernels = gpu_profile.profile(self.device, way.plain, PROFILED_RUNS, path)
                most[engine] = [{key: kernel[key] for key in ("name", "launches", "microseconds", "share")} for kernel in kernels[:5]]
            except Exception as problem:  # the profiler's; what was measured counts nevertheless
                traceback.print_exc()
                result["notes"].append(f"no profile of {engine}: {shorten(problem)}")
        return most


def shorten(problem):
    """An exception as one line."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return f"{type(problem).__name__}: {lines[0] if lines else ''}"[:200]


def serve(connection, options):
    """Answers the requests of gpu.py until the connection is closed: None for a description of the device, else a row."""
    worker = None
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        try:
            worker = worker or Worker(options)
            answer = worker.describe() if request is None else worker.measure_row(request)
        except Exception as problem:  # any: it is reported in the row's place
            traceback.print_exc()
            answer = {"failures": {"row": shorten(problem)}}
        answer["is_broken"] = bool(answer.get("failures")) and (worker is None or worker.device.is_broken())
        connection.send(json.loads(json.dumps(answer)))
