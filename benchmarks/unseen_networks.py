"""Networks of kinds that the table of the benchmark doesn't have: what the compiler was not tuned to.

Each function makes one as its paper has it, or smaller, with random weights; NETWORKS has the input of each. What they have that the table's haven't:
few channels, or numbers of channels that no vector divides, large images, one dimension, instance, group and layer norms, recurrent layers, several
resolutions side by side.
"""

import unseen_classifiers as classifiers
import unseen_images as images
import unseen_signals as signals

# What makes each, and the shape of its input.
NETWORKS = {
    "espcn": (images.espcn, (1, 1, 180, 320)),
    "edsr": (images.edsr, (1, 3, 96, 128)),
    "esrgan": (images.esrgan, (1, 3, 48, 64)),
    "dncnn": (images.dncnn, (1, 1, 180, 180)),
    "style_transfer": (images.style_transfer, (1, 3, 224, 224)),
    "cyclegan": (images.cyclegan, (1, 3, 128, 128)),
    "pix2pix": (images.pix2pix, (1, 3, 256, 256)),
    "vae_decoder": (images.vae_decoder, (1, 4, 32, 32)),
    "flownet": (images.FlowNet, (1, 6, 192, 256)),
    "yolo_v3_tiny": (classifiers.YoloTiny, (1, 3, 416, 416)),
    "yolo_v8_n": (classifiers.Yolo, (1, 3, 320, 320)),
    "hrnet": (classifiers.Hrnet, (1, 3, 256, 192)),
    "cifar_resnet20": (classifiers.cifar_resnet, (1, 3, 32, 32)),
    "keyword_spotting": (signals.keyword_spotting, (1, 1, 49, 10)),
    "eegnet": (signals.eegnet, (1, 1, 64, 512)),
    "ghostnet": (classifiers.ghostnet, (1, 3, 224, 224)),
    "convmixer": (classifiers.convmixer, (1, 3, 224, 224)),
    "blaze_face": (classifiers.blaze_face, (1, 3, 128, 128)),
    "crnn": (signals.Crnn, (1, 1, 32, 160)),
    "conv_tasnet": (signals.ConvTasNet, (1, 1, 8000)),
    "temporal_network": (signals.temporal_network, (1, 4, 1024)),
    "ecg_resnet": (signals.ecg_resnet, (1, 12, 4096)),
    "point_net": (signals.point_net, (1, 3, 1024)),
    "unet3d": (signals.Unet3d, (1, 1, 32, 64, 64)),
    "hifi_gan": (signals.hifi_gan, (1, 80, 32)),
    "wav2vec": (signals.wav2vec, (1, 1, 8000)),
    "quartznet": (signals.quartznet, (1, 64, 500)),
    "demucs": (signals.Demucs, (1, 2, 11264)),
    "mlp_mixer": (classifiers.mlp_mixer, (1, 3, 224, 224)),
    "xception": (classifiers.xception, (1, 3, 224, 224)),
    "shufflenet_v1": (classifiers.shufflenet_v1, (1, 3, 224, 224)),
    "srgan": (images.srgan, (1, 3, 64, 64)),
    "nafnet": (images.nafnet, (1, 3, 128, 128)),
    "erfnet": (images.erfnet, (1, 3, 256, 512)),
    "pool_former": (classifiers.pool_former, (1, 3, 224, 224)),
    "activity_gru": (signals.ActivityGru, (1, 9, 128)),
}
