"""The GPU as PyTorch has it: a stream, graphs of what is launched in it, its clocks. And an emulated one, for tests on machines without a GPU."""

import contextlib
import shutil
import subprocess
import time

import torch

CLOCKS = ("clocks.sm", "clocks.mem", "clocks.max.sm", "clocks.max.mem", "power.draw", "driver_version")


def query_clocks():
    """What nvidia-smi says of the first GPU: MHz of its multiprocessors and its memory, now and at most, watts, and the driver. Empty without nvidia-smi."""
    if not shutil.which("nvidia-smi"):
        return {}
    command = ["nvidia-smi", "--id=0", f"--query-gpu={','.join(CLOCKS)}", "--format=csv,noheader,nounits"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:
        return {}
    values = [value.strip() for value in result.stdout.strip().split("\n")[0].split(",")]
    return dict(zip(CLOCKS, values)) if result.returncode == 0 and len(values) == len(CLOCKS) else {}


class CudaDevice:
    """The first GPU, and a stream in which everything takes place."""

    name = "cuda"
    provider = "CUDAExecutionProvider"  # of ONNX Runtime

    def __init__(self):
        self.stream = torch.cuda.Stream()
        self.pool = None

    def describe(self):
        major, minor = torch.cuda.get_device_capability()
        return {
            "device": torch.cuda.get_device_name(),
            # Of this capability alone there is code with instructions that no other GPU has.
            "architecture": f"sm_{major}{minor}" + ("a" if (major, minor) == (9, 0) else ""),
            "torch": torch.__version__,
            "cudnn": str(torch.backends.cudnn.version()),
            "clocks": query_clocks(),
        }

    def use(self):
        """A context in which PyTorch launches in the stream."""
        return torch.cuda.stream(self.stream)

    @property
    def handle(self):
        """The stream, as toeplitz.Network.run_device takes it."""
        return self.stream.cuda_stream

    def synchronize(self):
        self.stream.synchronize()

    def capture(self, function):
        """The launches of a function in one CUDA graph: a function that launches it.

        Graphs share the memory of what isn't among the results, since they run one after the other."""
        self.pool = self.pool or torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=self.stream, capture_error_mode="thread_local"):
            function()
        return graph.replay

    def time_in_stream(self, run, count):
        """The mean milliseconds of runs that follow each other in the stream without a wait of the host's between them."""
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record(self.stream)
        for _ in range(count):
            run()
        end.record(self.stream)
        self.synchronize()
        return start.elapsed_time(end) / count

    def clocks_under_load(self, run, milliseconds):
        """The clocks while runs of so many milliseconds are under way."""
        for _ in range(min(1 + int(500 / milliseconds), 500)):
            run()
        clocks = query_clocks()
        self.synchronize()
        return clocks

    def is_broken(self):
        """Whether an earlier error keeps this process from using the GPU any more."""
        try:
            torch.cuda.synchronize()
            return bool(torch.ones(1, device="cuda").item() != 1)
        except RuntimeError:
            return True

    def pin(self, tensor):
        return tensor.pin_memory()

    def free(self):
        """Gives memory back to the driver that no tensor uses."""
        torch.cuda.empty_cache()

    def end_row(self):
        """After all graphs are gone."""
        self.pool = None
        self.free()

    def activities(self):
        return [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]


class EmulatedDevice:
    """The processor in a GPU's place, for networks of --gpu-arch=emulated. Its times say nothing."""

    name = "cpu"
    provider = "CPUExecutionProvider"
    handle = None

    def describe(self):
        return {"device": "emulated", "architecture": "emulated", "torch": torch.__version__, "cudnn": "none", "clocks": {}}

    def use(self):
        return contextlib.nullcontext()

    def synchronize(self):
        pass

    def capture(self, function):
        return function

    def time_in_stream(self, run, count):
        start = time.perf_counter()
        for _ in range(count):
            run()
        return 1000 * (time.perf_counter() - start) / count

    def clocks_under_load(self, run, milliseconds):
        return {}

    def is_broken(self):
        return False

    def pin(self, tensor):
        return tensor

    def free(self):
        pass

    def end_row(self):
        pass

    def activities(self):
        return [torch.profiler.ProfilerActivity.CPU]
