# The configuration of the lit tests. `lit -sv test` from the root of a checkout uses build/; `lit -sv BUILD/test` uses
# the build folder BUILD.

import ctypes
import os
import platform
import shutil

import lit.formats

# These names are given by lit to a configuration file.
config = config  # noqa: F821
lit_config = lit_config  # noqa: F821

SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

if not hasattr(config, "toeplitz_build_root"):
    # Started on the sources: take what the configured build knows, which loads this file once more.
    build_root = os.environ.get("TOEPLITZ_BUILD", os.path.join(SOURCE_ROOT, "build"))
    site_configuration = os.path.join(build_root, "test", "lit.site.cfg.py")
    if not os.path.exists(site_configuration):
        lit_config.fatal(f"no build in {build_root}: run ./dev build first, or set TOEPLITZ_BUILD")
    lit_config.load_config(config, site_configuration)
    raise SystemExit  # lit takes this for the end of the file

config.name = "Toeplitz"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "support", "__pycache__"]
config.test_source_root = os.path.join(SOURCE_ROOT, "test")
config.test_exec_root = os.path.join(config.toeplitz_build_root, "test")

# Where the tools lie: ours in the build, FileCheck, not, split-file and llvm-readelf in LLVM's folder.
folders = [os.path.join(config.toeplitz_build_root, "tools"), config.llvm_tools]
config.environment["PATH"] = os.pathsep.join(folders + [config.environment.get("PATH", os.environ["PATH"])])

# What the tests' Python scripts and the compiler need of the caller's environment.
for variable in ("HOME", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]
config.environment["PYTHONPATH"] = os.pathsep.join(
    [os.path.join(SOURCE_ROOT, "python"), os.path.join(SOURCE_ROOT, "test", "support")]
)
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"

config.substitutions.append(("%python", config.python))
config.substitutions.append(("%source_root", SOURCE_ROOT))
config.substitutions.append(("%build_root", config.toeplitz_build_root))
config.substitutions.append(("%llvm_tools", config.llvm_tools))

# Features for REQUIRES and UNSUPPORTED: the C compiler `cc`, and what this processor can run.
if shutil.which("cc"):
    config.available_features.add("cc")
config.available_features.add(platform.machine().replace("_", "-"))
# Programs for AArch64 can be made and, by %qemu-aarch64, run on another machine.
aarch64_runtime = os.path.join(config.toeplitz_build_root, "lib", "toeplitz", "aarch64-linux-gnu", "libtoeplitz_runtime.a")
if os.path.exists(aarch64_runtime) and shutil.which("qemu-aarch64"):
    config.available_features.add("qemu-aarch64")
# Processors of this architecture with fewer features than this machine's.
if platform.machine() == "x86_64" and shutil.which("qemu-x86_64"):
    config.available_features.add("qemu-x86-64")
config.substitutions.append(("%qemu-aarch64", "qemu-aarch64 -L /usr/aarch64-linux-gnu"))
config.substitutions.append(("%cc-aarch64", "clang-22 --target=aarch64-linux-gnu -fuse-ld=lld"))


def has_nvidia_gpu():
    """Whether there is a GPU that its driver can start."""
    try:
        return os.path.exists("/dev/nvidiactl") and ctypes.CDLL("libcuda.so.1").cuInit(0) == 0
    except OSError:
        return False


if has_nvidia_gpu():
    config.available_features.add("nvidia-gpu")
if os.path.exists("/proc/cpuinfo"):
    with open("/proc/cpuinfo") as processor_information:
        flags = set(processor_information.read().split())
    for flag, feature in (("avx2", "avx2"), ("avx512f", "avx512"), ("amx_bf16", "amx")):
        if flag in flags:
            config.available_features.add(feature)
