"""What runs networks: Toeplitz and its peers. Each has a function that makes what it loads of a network's files, where that isn't an ONNX model,
and one that loads it.

All compute in float32 with the given number of threads. Loading returns two functions: one that runs the network once on the input, which is what is
timed, and one that returns the result of the last run as an array. Copies between an engine's own layout and an array that its Python
package makes for convenience are in the latter, and aren't timed.
"""

import importlib.metadata
import os
import pathlib
import subprocess
import sys
import typing

import numpy


class NotConverted(Exception):
    """An engine can't take a network; the message says why."""


def run_converter(command, result, log):
    """Runs a converter, and finds out whether it has made anything."""
    with open(log, "w") as file:
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, cwd=result.parent).returncode
    if status or not result.exists():
        # The last line that isn't progress is the reason, more often than not.
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if any(word in line.lower() for word in ("error", "not support", "unsupported", "fail"))]
        raise NotConverted(f"{pathlib.Path(command[0]).name}: {(errors or lines or [f'status {status}'])[-1][:160]}")


def tool(name):
    """The command of a package in this interpreter's environment."""
    return str(pathlib.Path(sys.executable).parent / name)


# --- Toeplitz: compiled before the workers start --------------------------------------------------------------------------


def load_toeplitz(files, threads):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))
    from compiled_network import SharedLibrary

    network = SharedLibrary(files.library, files.name, threads)
    x = numpy.load(files.input)
    results = [None]

    def run():
        results[0] = network(x)

    return run, lambda: results[0]


# --- ONNX Runtime --------------------------------------------------------------------------------------------------------


def load_onnxruntime(files, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(files.onnx), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: numpy.load(files.input)}
    results = [None]

    def run():
        results[0] = session.run(None, feed)

    return run, lambda: results[0][0]


# --- OpenVINO ------------------------------------------------------------------------------------------------------------


def load_openvino(files, threads):
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16 where the processor has it
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    compiled = openvino.Core().compile_model(str(files.onnx), "CPU", settings)
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(numpy.load(files.input)))
    return request.infer, lambda: request.get_output_tensor(0).data


# --- ncnn, through pnnx --------------------------------------------------------------------------------------------------


def convert_ncnn(files):
    parameters = files.folder / "model.ncnn.param"
    if parameters.exists() and parameters.stat().st_mtime > files.onnx.stat().st_mtime:
        return
    shape = ",".join(map(str, numpy.load(files.input, mmap_mode="r").shape))
    model = files.onnx
    if files.torch.exists():
        # Of PyTorch's networks pnnx knows the modules, of which it makes larger operators.
        import torch

        model = files.folder / "model.pt"
        module = torch.load(files.torch, weights_only=False)
        torch.jit.trace(module, torch.from_numpy(numpy.load(files.input)), check_trace=False).save(str(model))
    run_converter([tool("pnnx"), str(model), f"inputshape=[{shape}]", "fp16=0"], parameters, files.folder / "pnnx.log")
    # Several copies of the weights.
    for leftover in [files.folder / "model.pt", *files.folder.glob("model.pnnx*"), *files.folder.glob("model_*.py")]:
        leftover.unlink(missing_ok=True)


def load_ncnn(files, threads):
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage", "use_bf16_packed"):
        if hasattr(net.opt, option):
            setattr(net.opt, option, False)
    if net.load_param(str(files.folder / "model.ncnn.param")) or net.load_model(str(files.folder / "model.ncnn.bin")):
        raise NotConverted("ncnn: a layer isn't implemented")
    # (Its tensors have no batch. They refer to an array without keeping it.)
    array = numpy.ascontiguousarray(numpy.load(files.input)[0])
    x = ncnn.Mat(array).clone()
    results = [None]

    def run():
        extractor = net.create_extractor()
        extractor.input("in0", x)
        status, results[0] = extractor.extract("out0")
        if status:
            raise NotConverted("ncnn: the network can't be run")

    return run, lambda: numpy.array(results[0])


# --- MNN -----------------------------------------------------------------------------------------------------------------


def convert_mnn(files):
    model = files.folder / "model.mnn"
    if model.exists() and model.stat().st_mtime > files.onnx.stat().st_mtime:
        return
    command = [tool("mnnconvert"), "-f", "ONNX", "--modelFile", str(files.onnx), "--MNNModel", str(model), "--bizCode", "benchmark"]
    run_converter(command, model, files.folder / "mnnconvert.log")


def load_mnn(files, threads):
    import MNN

    interpreter = MNN.Interpreter(str(files.folder / "model.mnn"))
    session = interpreter.createSession({"backend": "CPU", "precision": "high", "numThread": threads})
    x = numpy.load(files.input)
    tensor = interpreter.getSessionInput(session)
    if tuple(tensor.getShape()) != x.shape:
        interpreter.resizeTensor(tensor, x.shape)
        interpreter.resizeSession(session)
    layout = MNN.Tensor_DimensionType_Caffe
    tensor.copyFrom(MNN.Tensor(x.shape, MNN.Halide_Type_Float, x, layout))
    output = interpreter.getSessionOutput(session)

    def result():
        shape = output.getShape()
        host = MNN.Tensor(shape, MNN.Halide_Type_Float, numpy.zeros(shape, numpy.float32), layout)
        output.copyToHostTensor(host)
        return numpy.array(host.getNumpyData()).reshape(shape)

    return lambda: interpreter.runSession(session), result


# --- torch.compile, on request -------------------------------------------------------------------------------------------


def load_torch(files, threads):
    import torch

    if not files.torch.exists():
        raise NotConverted("the network isn't PyTorch's")
    torch.set_num_threads(threads)
    module = torch.compile(torch.load(files.torch, weights_only=False))
    x = torch.from_numpy(numpy.load(files.input))
    results = [None]

    def run():
        with torch.no_grad():
            results[0] = module(x)

    return run, lambda: results[0].numpy()


# --- IREE, on request ----------------------------------------------------------------------------------------------------


def convert_iree(files):
    module, text = files.folder / "model.vmfb", files.folder / "model.mlir"
    if module.exists() and module.stat().st_mtime > files.onnx.stat().st_mtime:
        return
    log = files.folder / "iree.log"
    run_converter([tool("iree-import-onnx"), str(files.onnx), "-o", str(text)], text, log)
    options = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O3"]
    run_converter([tool("iree-compile"), *options, str(text), "-o", str(module)], module, log)


def load_iree(files, threads):
    import iree.runtime

    if threads > 1:
        iree.runtime.flags.parse_flags(f"--task_topology_max_group_count={threads}")
    configuration = iree.runtime.Config("local-task" if threads > 1 else "local-sync")
    module = iree.runtime.VmModule.mmap(configuration.vm_instance, str(files.folder / "model.vmfb"))
    functions = iree.runtime.load_vm_module(module, configuration)
    # (The importer keeps the graph's name, and there is one graph.)
    name = [name for name in module.function_names if not name.startswith("__") and not name.endswith("$async")][0]
    x = iree.runtime.asdevicearray(configuration.device, numpy.load(files.input))
    results = [None]

    def run():
        results[0] = functions[name](x)

    return run, lambda: results[0].to_host()


class Engine(typing.NamedTuple):
    """How an engine is called, what is imported of it, and how it takes a network."""

    title: str
    package: typing.Optional[str]  # on PyPI; Toeplitz is that of this checkout
    load: typing.Callable
    convert: typing.Optional[typing.Callable] = None


ENGINES = {
    "toeplitz": Engine("Toeplitz", None, load_toeplitz),
    "onnxruntime": Engine("ONNX Runtime", "onnxruntime", load_onnxruntime),
    "openvino": Engine("OpenVINO", "openvino", load_openvino),
    "ncnn": Engine("ncnn", "ncnn", load_ncnn, convert_ncnn),
    "mnn": Engine("MNN", "mnn", load_mnn, convert_mnn),
    "torch": Engine("torch.compile", "torch", load_torch),
    "iree": Engine("IREE", "iree-base-runtime", load_iree, convert_iree),
}
DEFAULT_ENGINES = ["toeplitz", "onnxruntime", "openvino", "ncnn", "mnn"]


def get_version(engine):
    """The version of an engine's package in this environment; nothing for Toeplitz."""
    package = ENGINES[engine].package
    return importlib.metadata.version(package) if package else ""


def prepare_process(threads):
    """Keeps what an engine starts on as many processors as it may have threads. Before anything of it is imported."""
    allowed = sorted(os.sched_getaffinity(0))
    if threads <= len(allowed):
        os.sched_setaffinity(0, allowed[:threads])
    os.environ["OMP_NUM_THREADS"] = str(threads)


