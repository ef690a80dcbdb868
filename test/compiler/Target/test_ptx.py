"""NVIDIA's assembler takes the PTX of networks, where it is on the machine."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest
from toeplitz_process import SOURCE_ROOT, run_toeplitz, write_description

PTXAS = shutil.which("ptxas") or shutil.which("/usr/local/cuda/bin/ptxas")

pytestmark = pytest.mark.skipif(PTXAS is None, reason="ptxas is not on this machine")


def list_spills(log):
    """Bytes of spill stores by kernel, from what ptxas says with -v."""
    pattern = r"Function properties for (\S+)\s+.*?(\d+) bytes spill stores"
    return {kernel: int(size) for kernel, size in re.findall(pattern, log)}


def list_registers(log):
    """Registers of a thread and bytes of a block's memory by kernel."""
    pattern = r"(\S+)\s+.*?Used (\d+) registers(?:.*?(\d+) bytes smem)?"
    parts = log.split("Function properties for ")[1:]
    found = [re.match(pattern, part, re.DOTALL).groups(default="0") for part in parts]
    return {kernel: (int(registers), int(size)) for kernel, registers, size in found}


def list_threads(ptx):
    """Threads of a block by kernel."""
    return {name: int(threads) for name, threads in re.findall(r"\.entry (\w+)\(.*?\.maxntid (\d+)", ptx, re.DOTALL)}


# Bytes that a thread may spill where registers are as scarce as they can be: tiles on tensor cores of which a multiprocessor shall
# have another block, and winograd's blocks of 512 threads, which leave each 128 of the 65536 registers.
FEW_BYTES = 20


def check_spills(ptx, log):
    spills, threads = list_spills(log), list_threads(ptx)
    assert spills and spills.keys() == threads.keys()
    bodies = {kernel[: kernel.index("(")]: kernel for kernel in ptx.split(".entry ")[1:]}
    for kernel, size in spills.items():
        is_scarce = threads[kernel] == 512 or "mma.sync" in bodies[kernel]
        assert size <= (FEW_BYTES if is_scarce else 0), (kernel, size)


# Kernels whose threads share rows: long and short ones, neighbouring elements and neighbouring rows.
REDUCTIONS = {
    "name": "reductions", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [2, 64, 30, 30]}],
    "layers": [
        {"name": "groups", "op": "group_norm", "num_groups": 4},
        {"name": "columns", "op": "softmax", "dim": 1},
        {"name": "short", "op": "log_softmax", "inputs": ["columns"], "dim": 3},
        {"name": "rows", "op": "layer_norm", "normalized_shape": [30, 30]},
        {"name": "largest", "op": "global_max_pool", "inputs": ["rows"]},
        {"name": "mean", "op": "global_average_pool", "inputs": ["rows"]},
        {"name": "norm", "op": "global_lp_pool", "norm_type": 3, "inputs": ["rows"]},
    ],
    "outputs": ["short", "largest", "mean", "norm"],
}  # fmt: skip
# Sums of threads for one image and for as many as there may be, of aligned and other rows.
PRODUCTS = {
    "name": "products", "weights": {"random": 1}, "inputs": [{"name": f"x{n}", "shape": [n, 1023 + n % 2]} for n in (1, 2, 3, 8)],
    "layers": [{"name": f"y{n}", "op": "linear", "inputs": [f"x{n}"], "out_features": 2000} for n in (1, 2, 3, 8)],
    "outputs": [f"y{n}" for n in (1, 2, 3, 8)],
}  # fmt: skip
EXAMPLES = ["lenet5", "digits", "periodic_flow", "squeezenet"]
NETWORKS = {
    **{name: pathlib.Path(SOURCE_ROOT) / "examples" / name / f"{name}.json" for name in EXAMPLES},
    **{network["name"]: network for network in (REDUCTIONS, PRODUCTS)},
    **{name: pathlib.Path(__file__).parent / "Inputs" / f"{name}.mlir" for name in ("functions", "functions-of-f64")},
}


def assemble(network, architecture, folder, *more):
    """The PTX, and what ptxas says about it."""
    ptx = folder / "network.ptx"
    options = ["--target=cuda", f"--gpu-arch={architecture}", "--emit=ptx", "-o", ptx, *more]
    process = run_toeplitz("compile", write_description(network, folder), *options)
    assert process.returncode == 0, process.stderr
    command = [PTXAS, f"-arch={architecture}", "-Werror", "-v", ptx, "-o", folder / "network.cubin"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return ptx.read_text(), result


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", NETWORKS)
def test_ptxas_takes_the_kernels(name, architecture, tmp_path):
    ptx, result = assemble(NETWORKS[name], architecture, tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(list_spills(result.stderr)) == ptx.count(".entry ")


# Networks whose inputs have one batch.
BATCHED = [*EXAMPLES, "reductions"]


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", BATCHED)
def test_samples_are_blocks(name, architecture, tmp_path):
    """Where the batch is chosen for each run: each kernel finds the buffers of its sample with 64 bits, in the memory of the device
    (ld.global, not ld), and no register is spilled for it."""
    ptx, result = assemble(NETWORKS[name], architecture, tmp_path, "--batch=dynamic")
    assert result.returncode == 0, result.stderr
    kernels = ptx.split(".entry ")[1:]
    assert kernels and len(list_spills(result.stderr)) == len(kernels)
    assert not any(list_spills(result.stderr).values()), result.stderr
    for kernel in kernels:
        assert "%ctaid.y" in kernel and re.search(r"(mad|mul)\.(lo\.s64|lo\.u64|wide)", kernel), kernel
        assert not re.search(r"\b(ld|st)\.(f|b|v)", kernel), kernel
    fixed, _ = assemble(NETWORKS[name], architecture, tmp_path)
    assert "%ctaid.y" not in fixed


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90", "sm_90a"])
@pytest.mark.parametrize("name", NETWORKS)
def test_registers_suffice(name, architecture, tmp_path):
    ptx, result = assemble(NETWORKS[name], architecture, tmp_path)
    check_spills(ptx, result.stderr)


# Examples whose layers are of other sizes, in all precisions that change their kernels.
LARGER_EXAMPLES = ["alexnet", "dcgan", "deeplab", "mobilenet_v2", "r3d18", "resnet50", "resnext50", "unet", "vgg16", "wavenet"]


@pytest.mark.parametrize("precision", ["f32", "tf32", "bf16"])
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", LARGER_EXAMPLES)
def test_registers_suffice_for_examples(name, architecture, precision, tmp_path):
    network = pathlib.Path(SOURCE_ROOT) / "examples" / name / f"{name}.json"
    ptx, result = assemble(network, architecture, tmp_path, f"--precision={precision}")
    check_spills(ptx, result.stderr)


# A tile's positions and channels, and how many blocks the registers of a multiprocessor have room for at least: with TF32, with an
# input of 16 bits, and with one that is rounded to 16 bits on the way.
TILES = {
    "128, 128": (2, 2, 1), "128, 64": (4, 3, 3), "64, 128": (4, 3, 3), "64, 64": (5, 4, 4),
    "64, 32": (8, 8, 5), "32, 64": (8, 8, 7), "32, 32": (10, 10, 8),
}  # fmt: skip
REGISTERS = 65536


def write_tensor_core_schedule(folder, *options):
    """That of a network of two convolutions, the second of which has an epilogue and an input in 16 bits where there are such."""
    layers = [
        {"name": "first", "op": "conv", "out_channels": 128, "kernel_size": 3, "padding": 1},
        {"name": "conv", "op": "conv", "out_channels": 128, "kernel_size": 3, "padding": 1},
        {"name": "sum", "op": "add", "inputs": ["conv", "first"]},
        {"name": "relu", "op": "relu"},
    ]
    network = folder / "network.json"
    shape = [64, 128, 28, 28]
    network.write_text(json.dumps({"name": "n", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": shape}], "layers": layers}))
    schedule = folder / "schedule.mlir"
    process = run_toeplitz("compile", network, "--target=cuda", *options, "--emit=schedule", "-o", schedule)
    assert process.returncode == 0, process.stderr
    return schedule.read_text()


TILE = r"(?<=tile = array<i64: )\d+, \d+(?=>)"


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("precision", ["tf32", "bf16", "f16"])
def test_every_tile_of_tensor_cores(precision, architecture, tmp_path):
    """No tile's kernel spills, at borders of the image and with an epilogue, of an input in float32 and of one in 16 bits, and a
    multiprocessor has room for as many blocks as the plan says."""
    schedule = write_tensor_core_schedule(tmp_path, f"--precision={precision}", "--algorithm=tensor-core-gemm")
    assert len(re.findall(TILE, schedule)) == 2
    for tile in TILES:
        # (The filter of 128 channels takes as much memory for each.)
        variant = tmp_path / "variant.mlir"
        variant.write_text(re.sub(TILE, tile, schedule))
        ptx, result = assemble(variant, architecture, tmp_path)
        assert result.returncode == 0, result.stderr
        assert "mma.sync.aligned" in ptx and "ld.shared.v4" in ptx
        assert "ldmatrix.sync.aligned.m8n8.x4.shared.b16" in ptx and "cp.async.cg.shared.global" in ptx
        assert "cp.async.bulk" not in ptx and "mbarrier" not in ptx
        # Where the input is copied, zeros come in the place of what doesn't exist: the size is a register.
        assert bool(re.search(r"cp\.async\.cg\.shared\.global[^;]*16, %r", ptx)) == (precision != "tf32")
        assert not any(list_spills(result.stderr).values()), (tile, result.stderr)
        registers, threads = list_registers(result.stderr), list_threads(ptx)
        for layer, case in {"first": 2, "conv": 1}.items():
            count, _ = registers[f"kernel_{layer}"]
            blocks = TILES[tile][case if precision != "tf32" else 0]
            assert REGISTERS // (count * threads[f"kernel_{layer}"]) >= blocks, (tile, layer, count)


# A tile's positions and channels; threads, and bytes of a block's memory for the factors.
WARPGROUP_TILES = {
    "256, 128": (256, 147456), "128, 128": (256, 98304), "256, 64": (256, 133120), "64, 128": (256, 73728), "128, 64": (128, 73728),
    "64, 64": (128, 49152),
}  # fmt: skip
# Positions of a warpgroup.
WARPGROUP_COLUMNS = {"256, 128": 256, "128, 128": 128, "256, 64": 128, "64, 128": 64, "128, 64": 128, "64, 64": 64}


@pytest.mark.parametrize("tile", WARPGROUP_TILES)
@pytest.mark.parametrize("precision", ["tf32", "bf16", "f16"])
def test_every_tile_of_warpgroups(precision, tile, tmp_path):
    """No tile's kernel spills, nor does ptxas make products wait for each other, of which it would warn."""
    options = [f"--precision={precision}", "--gpu-arch=sm_90a", "--algorithm=warpgroup-gemm"]
    schedule = write_tensor_core_schedule(tmp_path, *options)
    assert len(re.findall(TILE, schedule)) == 2
    variant = tmp_path / "variant.mlir"
    variant.write_text(re.sub(TILE, tile, schedule))
    ptx, result = assemble(variant, "sm_90a", tmp_path)
    assert result.returncode == 0 and "warning" not in result.stderr, result.stderr
    assert f"wgmma.mma_async.sync.aligned.m64n{WARPGROUP_COLUMNS[tile]}k" in ptx
    assert "fence.proxy.async.shared::cta" in ptx and "mbarrier.try_wait.parity.shared.b64" in ptx
    # The filter comes in bulk, and what is rounded already piece by piece.
    assert "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes" in ptx
    assert ("cp.async.cg.shared.global" in ptx) == (precision != "tf32")
    assert not any(list_spills(result.stderr).values()), result.stderr
    threads, size = WARPGROUP_TILES[tile]
    assert f".maxntid {threads}, 1, 1" in ptx
    products = [kernel for kernel in re.split(r"(?=\.entry )", ptx) if "wgmma.mma_async" in kernel]
    assert len(products) == 2
    # Beside the factors there is a barrier for each stage. Up to 48 KiB are declared; more is the launch's.
    size += 3 * 8
    assert (".extern .shared .align 1024 .b8" in ptx) == (size > 48 * 1024)
    declared = max(bytes_declared for _, bytes_declared in list_registers(result.stderr).values())
    assert declared == (0 if size > 48 * 1024 else size)
    registers = max(registers for registers, _ in list_registers(result.stderr).values())
    assert registers * threads <= 65536


@pytest.mark.parametrize("batch, rank", [([], 3), (["--batch=dynamic"], 4)])
@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_boxes_of_a_tensor(precision, batch, rank, tmp_path):
    """An input whose matrix lies in memory comes in boxes, by a map that is a constant parameter, and samples are a dimension of it."""
    layers = [
        {"name": "relu", "op": "relu", "inputs": ["x"]},
        {"name": "conv", "op": "conv", "out_channels": 200, "kernel_size": 1},
    ]
    network = {"name": "n", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": [1, 328, 40, 40]}], "layers": layers}
    ptx, result = assemble(network, "sm_90a", tmp_path, f"--precision={precision}", "--algorithm=warpgroup-gemm", *batch)
    assert result.returncode == 0 and "warning" not in result.stderr, result.stderr
    (kernel,) = (kernel for kernel in ptx.split(".entry ") if "wgmma.mma_async" in kernel)
    (parameter,) = re.findall(r"\.param \.align 64 \.b8 (\w+)\[128\]", kernel)
    assert re.search(rf"mov\.b64\s+(%rd\d+), {parameter};\s+cvta\.param\.u64\s+%rd\d+, \1;", kernel)
    copies = re.findall(r"cp\.async\.bulk\.tensor\.(\d)d\.shared::cluster\.global\S* \[%rd\d+\], \[%rd\d+, \{([^}]*)\}\]", kernel)
    assert copies and all(int(dimensions) == rank == len(places.split(",")) for dimensions, places in copies)
    assert "cp.async.cg" not in kernel and "cp.async.commit_group" not in kernel


# Channels of a block, and how many blocks the registers of a multiprocessor are for.
WINOGRAD_BLOCKS = {64: 1, 32: 2}


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("channels", WINOGRAD_BLOCKS)
@pytest.mark.parametrize("outputs", [127, 128])
@pytest.mark.parametrize("shape, padding", [((16, 128, 28, 28), 1), ((33, 127, 17, 9), 2), ((64, 128, 32, 32), 0), ((1, 128, 256, 256), 1)])
def test_every_block_of_winograd(shape, padding, outputs, channels, architecture, tmp_path):
    """No kernel spills, at borders of the image and with an epilogue, and registers suffice for the blocks that the estimate has."""
    layers = [
        {"name": "other", "op": "conv", "inputs": ["x"], "out_channels": outputs, "kernel_size": 3, "padding": padding},
        {"name": "conv", "op": "conv", "inputs": ["x"], "out_channels": outputs, "kernel_size": 3, "padding": padding},
        {"name": "sum", "op": "add", "inputs": ["conv", "other"]},
        {"name": "relu", "op": "relu"},
    ]
    network = tmp_path / "network.json"
    network.write_text(json.dumps({"name": "n", "weights": {"random": 1}, "inputs": [{"name": "x", "shape": shape}], "layers": layers}))
    schedule = tmp_path / "schedule.mlir"
    process = run_toeplitz("compile", network, "--target=cuda", "--algorithm=winograd", "--emit=schedule", "-o", schedule)
    assert process.returncode == 0, process.stderr
    # (The filter takes as much memory for each.)
    text, count = re.subn(r"(?<=tile = array<i64: 32, )\d+(?=>)", str(channels), schedule.read_text())
    assert count == 2
    schedule.write_text(text)
    ptx, result = assemble(schedule, architecture, tmp_path)
    assert result.returncode == 0, result.stderr
    assert "cp.async.cg.shared.global" in ptx
    assert not any(list_spills(result.stderr).values()), result.stderr
    kernels = list_registers(result.stderr)
    assert len(kernels) == ptx.count(".entry ")
    threads = 16 * channels * 32 // 64
    convolutions = [kernel for kernel in kernels if kernel.startswith("kernel_conv") or kernel.startswith("kernel_other")]
    assert len(convolutions) == 2
    for registers, size in (kernels[kernel] for kernel in convolutions):
        assert registers * threads * WINOGRAD_BLOCKS[channels] <= 65536 and size <= 48 * 1024, kernels
