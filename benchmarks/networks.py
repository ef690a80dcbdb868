"""The networks of the benchmark, and the files that are made of each: what engines read, and an input.

Networks come from torchvision, from the descriptions in examples/, or from the modules of torch_networks.py.
"""

import json
import pathlib
import re
import sys
import typing

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "benchmarks"


class Network(typing.NamedTuple):
    """A network of the benchmark. Its source is a name of torchvision's, of examples/, of torch_networks.py or of unseen_networks.py."""

    name: str
    origin: str  # "torchvision", "example", "module" or "unseen"
    source: str
    target: typing.Optional[float] = None  # the fastest peer's time over Toeplitz's, at least
    shape: typing.Optional[tuple] = None  # where it isn't the one that torchvision's are made for


# What is aimed at, by kinds of networks: those of dense 3 x 3 convolutions gain most.
NETWORKS = [
    Network("unet", "example", "unet", 2.0),
    Network("resnet18", "torchvision", "resnet18", 2.0),
    Network("repvgg_a0", "module", "RepVgg", 2.0, (1, 3, 224, 224)),
    Network("fcn_resnet50", "torchvision", "fcn_resnet50", 1.8, (1, 3, 256, 256)),
    Network("deeplab", "example", "deeplab", 1.8),
    Network("r3d_18", "torchvision", "r3d_18", 1.8),
    Network("vgg16", "torchvision", "vgg16", 1.5),
    Network("resnet50", "torchvision", "resnet50", 1.4),
    Network("densenet121", "torchvision", "densenet121", 1.4),
    Network("squeezenet1_1", "torchvision", "squeezenet1_1", 1.4),
    Network("googlenet", "torchvision", "googlenet", 1.4),
    Network("inception_v3", "torchvision", "inception_v3", 1.4),
    Network("resnext50", "torchvision", "resnext50_32x4d", 1.4),
    Network("dcgan", "example", "dcgan", 1.4),
    Network("wavenet", "example", "wavenet", 1.4),
    Network("convnext_tiny", "torchvision", "convnext_tiny", 1.4),
    Network("mobilenet_v2", "torchvision", "mobilenet_v2", 1.25),
    Network("mobilenet_v3", "torchvision", "mobilenet_v3_large", 1.25),
    Network("efficientnet_b0", "torchvision", "efficientnet_b0", 1.25),
    Network("shufflenet_v2", "torchvision", "shufflenet_v2_x1_0", 1.25),
]
LEAST_TARGET = 1.0  # for every network, and for those without a target of their own

# What the compiler isn't tuned to: other networks of torchvision's, and those of unseen_networks.py.
UNSEEN = [
    *(
        Network(name, "torchvision", name)
        for name in (
            "alexnet",
            "efficientnet_v2_s",
            "maxvit_t",
            "mc3_18",
            "mnasnet1_0",
            "mobilenet_v3_small",
            "r2plus1d_18",
            "regnet_x_1_6gf",
            "regnet_y_400mf",
            "shufflenet_v2_x0_5",
            "swin_t",
            "vit_b_16",
            "wide_resnet50_2",
        )
    ),
    Network("resnet18_batch8", "torchvision", "resnet18", shape=(8, 3, 224, 224)),
    Network("mobilenet_v2_batch8", "torchvision", "mobilenet_v2", shape=(8, 3, 224, 224)),
    Network("lraspp", "torchvision", "lraspp_mobilenet_v3_large", shape=(1, 3, 256, 256)),
    *(
        Network(name, "unseen", name)
        for name in (
            "activity_gru",
            "attention_unet",
            "bise_net",
            "blaze_face",
            "c3d",
            "capsule_network",
            "cbam_resnet",
            "center_net",
            "cifar_resnet20",
            "cifar_vgg_batch16",
            "coatnet",
            "conformer",
            "conv_tasnet",
            "convmixer",
            "convnext_v2",
            "convolutional_lstm",
            "correlation_flow",
            "crnn",
            "cyclegan",
            "deep_fm",
            "deep_speech",
            "demucs",
            "depth_decoder",
            "diffusion_unet",
            "dncnn",
            "dual_path",
            "ecg_resnet",
            "edsr",
            "eegnet",
            "efficient_det",
            "erfnet",
            "espcn",
            "esrgan",
            "flownet",
            "focal_net",
            "fsrcnn",
            "ghostnet",
            "hardnet",
            "hifi_gan",
            "hrnet",
            "i3d",
            "inception_resnet",
            "inception_time",
            "keyword_spotting",
            "lcnet",
            "lenet",
            "link_net",
            "mcunet",
            "mel_gan",
            "mlp_mixer",
            "mobile_one",
            "mobile_vit",
            "nafnet",
            "nasnet",
            "nested_unet",
            "pix2pix",
            "point_net",
            "pool_former",
            "psp_net",
            "quartznet",
            "radiance_field",
            "real_nvp",
            "recurrent_flow",
            "replknet",
            "res2net",
            "resnest",
            "retina_net",
            "seg_former",
            "shifted_resnet",
            "shufflenet_v1",
            "siren",
            "sknet",
            "slow_fast",
            "sound_codec",
            "spatial_transformer",
            "speaker_network",
            "spectrum_gru",
            "squeeze_excite",
            "srgan",
            "ssd",
            "state_space",
            "style_generator",
            "style_transfer",
            "swin_ir",
            "tacotron",
            "temporal_network",
            "text_classifier",
            "unet3d",
            "unshuffled_denoiser",
            "v_net",
            "vae_decoder",
            "vector_quantized",
            "vovnet",
            "wav2vec",
            "wave_glow",
            "whisper",
            "x3d",
            "xception",
            "yolo_v3_tiny",
            "yolo_v8_n",
            "yolox",
        )
    ),
]


def find_network(label):
    """The network of a table, or with "examples/" before its name an example. Nothing if there is none."""
    folder, _, name = label.rpartition("/")
    if folder == "examples":
        return Network(name, "example", name) if (ROOT / "examples" / name / f"{name}.json").exists() else None
    return next((network for network in [*NETWORKS, *UNSEEN] if network.name == label), None)


class Files:
    """What is made of one network, in a folder of its own."""

    def __init__(self, label):
        self.name = re.sub(r"\W", "_", label.rpartition("/")[2])  # a C identifier
        self.folder = WORK / label
        self.description = self.folder / f"{self.name}.json"  # of examples only, and its weights
        self.weights = self.folder / f"{self.name}.safetensors"
        self.onnx = self.folder / "model.onnx"
        self.torch = self.folder / "model.pth"  # of PyTorch's networks only: the pickled module
        self.input = self.folder / "input.npy"
        self.library = self.folder / f"{self.name}.so"

    @property
    def source(self):
        """What `toeplitz compile` reads."""
        return self.description if self.description.exists() else self.onnx

    @property
    def weight_bytes(self):
        """How much the weights take."""
        return (self.weights if self.description.exists() else self.onnx).stat().st_size


def export(network, files):
    """Writes the files of a network; those that are there already stay, unless an example is newer."""
    import numpy

    source = ROOT / "examples" / network.source / f"{network.source}.json"
    if files.input.exists() and (network.origin != "example" or files.input.stat().st_mtime > source.stat().st_mtime):
        return
    files.folder.mkdir(parents=True, exist_ok=True)
    if network.origin == "example":
        shape = export_example(source, files)
        numpy.save(files.input, numpy.random.default_rng(0).standard_normal(shape, numpy.float32))
    else:
        numpy.save(files.input, export_torch(network, files))


def export_example(source, files):
    """An example's description with its random weights in a safetensors file, and its conversion to ONNX. Returns the shape of its input."""
    sys.path.insert(0, str(ROOT / "test" / "support"))
    import onnx
    from network_description import NetworkDescription
    from network_to_onnx import Converter
    from safetensors.numpy import save_file

    class RecordingDescription(NetworkDescription):
        """Remembers the weights that the conversion to ONNX asks for, by their keys."""

        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.recorded = {}

        def weight(self, layer, part, shape, fan_in=None):
            values = super().weight(layer, part, shape, fan_in)
            self.recorded[f"{layer['name']}.{part}"] = values
            return values

    description = RecordingDescription.load(source)
    model = Converter(description).convert()
    save_file(description.recorded, files.weights)
    files.description.write_text(json.dumps({**json.loads(source.read_text()), "weights": files.weights.name}))
    onnx.save(model, files.onnx)
    (shape,) = description.inputs.values()
    return shape


def export_torch(network, files):
    """PyTorch's network, pickled, and as ONNX. Returns an input."""
    import torch
    import torch_networks

    if network.origin == "module":
        torch.manual_seed(0)
        module, example = torch_networks.MODULES[network.source](), torch_networks.random_images(network.shape[0], network.shape[1:])
    elif network.origin == "unseen":
        module, example = torch_networks.make_unseen(network.source)
    else:
        module, example = torch_networks.make_torchvision(network.source, network.shape)
    torch.save(module, files.torch)
    with torch.no_grad():
        torch.onnx.export(module, (example,), files.onnx, dynamo=False, opset_version=17)
    return example.numpy()
