"""Every operator of the format that is no window: normalisations, softmax, resizing, arithmetic with broadcasting, and what moves values."""

import pytest

from operator_cases import Case, comparisons, member_name, packs_of

IMAGE = (2, 6, 5, 7)


def case(operator, *shapes, reduction=1, slack=1.0, domain=(-1.0, 1.0), trust_onnx_runtime=True, **parameters):
    return Case({"op": operator, **parameters}, shapes, reduction, slack, domain, trust_onnx_runtime)


NORMALIZATIONS = [
    case("batch_norm", IMAGE),
    case("batch_norm", (3, 17)),
    case("batch_norm", (1, 33, 9), eps=1e-3),
    case("batch_norm", (1, 5, 3, 4, 5)),
    case("instance_norm", IMAGE, reduction=35),
    case("instance_norm", (1, 19, 11), reduction=11, affine=True),
    case("instance_norm", (1, 3, 3, 4, 5), reduction=60, eps=1e-2),
    case("group_norm", IMAGE, reduction=105, num_groups=2),
    case("group_norm", (1, 34, 3, 3), reduction=153, num_groups=2, eps=1e-3),
    case("group_norm", (2, 6, 10), reduction=10, num_groups=6),
    case("group_norm", (1, 5, 4, 4), reduction=80, num_groups=1),
    # Means far from 0: the variance must not be a difference of large numbers, as it is in ONNX Runtime's group normalisation.
    case(
        "group_norm", (1, 4, 8, 8), reduction=128, num_groups=2, domain=(99.0, 101.0), slack=10.0, trust_onnx_runtime=False,
    ),
    case("instance_norm", (1, 4, 8, 8), reduction=64, domain=(99.0, 101.0), slack=10.0),
    case("layer_norm", IMAGE, reduction=7, normalized_shape=7),
    case("layer_norm", IMAGE, reduction=35, normalized_shape=[5, 7]),
    case("layer_norm", (3, 37), reduction=37, normalized_shape=[37], eps=1e-3),
    case("layer_norm", (1, 3, 4, 5), reduction=60, normalized_shape=[3, 4, 5]),
    case("layer_norm", (1, 4, 64), reduction=64, normalized_shape=[64], domain=(99.0, 101.0), slack=10.0),
    case("local_response_norm", IMAGE, size=5, alpha=1.0),
    case("local_response_norm", (1, 17, 3, 3), size=3, alpha=0.5, beta=0.5, k=2.0),
    case("local_response_norm", (1, 3, 4, 4), size=9),
    case("local_response_norm", (1, 8, 6), size=1, alpha=2.0),
    case("softmax", (3, 10), reduction=10, dim=1),
    case("softmax", (3, 10), reduction=10, dim=-1, domain=(-100.0, 100.0), slack=2.0),
    case("softmax", IMAGE, reduction=6, dim=1, domain=(-5.0, 5.0)),
    case("softmax", IMAGE, reduction=5, dim=2),
    case("softmax", (1, 19, 3, 3), reduction=19, dim=1),
    case("softmax", (1, 1000), reduction=1000, dim=1, domain=(-10.0, 10.0), slack=2.0),
    case("softmax", (5, 1), dim=1),
    case("log_softmax", (3, 10), reduction=10, dim=1),
    case("log_softmax", IMAGE, reduction=7, dim=-1, domain=(-50.0, 50.0)),
    case("log_softmax", IMAGE, reduction=6, dim=1),
]

RESIZES = [
    case("upsample", (1, 3, 4, 5), scale_factor=2),
    case("upsample", (1, 3, 4, 5), scale_factor=[2, 3]),
    case("upsample", (2, 5, 7), scale_factor=3),
    case("upsample", (1, 2, 3, 4, 2), scale_factor=2),
    case("upsample", (1, 3, 7, 10), size=[4, 3]),
    case("upsample", (1, 17, 5, 5), size=8),
    case("upsample", (1, 3, 4, 5), scale_factor=2, mode="linear"),
    case("upsample", (1, 3, 4, 5), scale_factor=2, mode="linear", align_corners=True),
    case("upsample", (2, 5, 7), size=[12], mode="linear"),
    case("upsample", (1, 5, 7), size=[3], mode="linear"),
    case("upsample", (1, 3, 6, 6), size=[3, 11], mode="linear"),
    case("upsample", (1, 3, 6, 6), size=[1, 4], mode="linear", align_corners=True),
    case("upsample", (1, 2, 3, 4, 2), scale_factor=2, mode="linear"),
    case("upsample", (1, 2, 3, 4, 3), size=[5, 6, 7], mode="linear", align_corners=True),
    case("upsample", (1, 3, 1, 1), size=[4, 4], mode="linear"),
]

ARITHMETIC = [
    case("add", IMAGE, IMAGE),
    case("add", IMAGE, (1, 6, 1, 1)),
    case("add", IMAGE, (7,)),
    case("add", IMAGE, (6, 1, 1)),
    case("add", (2, 1, 5, 1), (1, 6, 1, 7)),
    case("add", IMAGE, IMAGE, IMAGE),
    case("add", IMAGE, (2, 6, 1, 1), (5, 7), IMAGE),
    case("subtract", IMAGE, IMAGE),
    case("subtract", (6, 1, 1), IMAGE),
    case("multiply", IMAGE, (2, 6, 1, 1)),
    case("multiply", IMAGE, IMAGE, (1,)),
    case("divide", IMAGE, IMAGE, domain=(0.5, 2.0)),
    case("divide", IMAGE, (6, 1, 1), domain=(0.5, 2.0)),
    case("maximum", IMAGE, IMAGE),
    case("maximum", IMAGE, (7,), (6, 1, 1)),
    case("minimum", IMAGE, IMAGE),
    case("minimum", (3, 17), (1, 17), (3, 1)),
    case("add", (1, 33, 3, 3), (1, 33, 3, 3)),
    case("abs", IMAGE),
    case("neg", IMAGE),
    case("square", IMAGE),
    case("exp", IMAGE, domain=(-20.0, 5.0)),
    case("log", IMAGE, domain=(0.01, 20.0)),
    case("sqrt", IMAGE, domain=(0.0, 50.0)),
    case("reciprocal", IMAGE, domain=(0.1, 4.0)),
    case("prelu", IMAGE),
    case("prelu", IMAGE, num_parameters=6),
    case("prelu", (1, 19, 7), num_parameters=19),
    case("prelu", (3, 5), num_parameters=5),
    case("clamp", IMAGE, min=-0.5, max=0.25),
    case("clamp", IMAGE, min=0.0),
    case("clamp", IMAGE, max=0.0),
    case("dropout", IMAGE, p=0.5),
    case("identity", IMAGE),
]

MOVEMENTS = [
    case("pad", IMAGE, padding=[[1, 2], [0, 3]]),
    case("pad", IMAGE, padding=[[1, 2], [3, 0]], value=-2.5),
    case("pad", IMAGE, padding=[[4, 1], [2, 6]], mode="reflect"),
    case("pad", IMAGE, padding=[[5, 1], [2, 7]], mode="circular"),
    case("pad", IMAGE, padding=[[9, 1], [2, 8]], mode="replicate"),
    case("pad", (1, 17, 5), padding=[[2, 0]], mode="reflect"),
    case("pad", (1, 2, 3, 4, 5), padding=[[1, 0], [0, 1], [2, 2]]),
    case("concat", (1, 3, 4, 4), (1, 5, 4, 4)),
    case("concat", (2, 1, 4, 4), (2, 17, 4, 4), (2, 7, 4, 4)),
    case("concat", (1, 3, 4, 4), (1, 3, 2, 4), dim=2),
    case("concat", (1, 3, 4, 5), (1, 3, 4, 2), dim=-1),
    case("concat", (1, 3, 4), (2, 3, 4), dim=0),
    case("concat", (1, 16, 3, 3), (1, 32, 3, 3), (1, 8, 3, 3)),
    case("concat", (3, 5), (3, 9)),
    case("flatten", IMAGE),
    case("flatten", IMAGE, start_dim=2),
    case("flatten", IMAGE, start_dim=0, end_dim=1),
    case("flatten", IMAGE, start_dim=1, end_dim=-2),
    case("flatten", (2, 17), start_dim=1),
    case("reshape", IMAGE, shape=[2, 5, 42]),
    case("reshape", IMAGE, shape=[-1, 7]),
    case("reshape", IMAGE, shape=[4, 3, -1]),
    case("reshape", (2, 35), shape=[2, 5, 1, 7]),
    case("reshape", (1, 24), shape=[4, 6]),
    case("permute", IMAGE, dims=[0, 2, 3, 1]),
    case("permute", IMAGE, dims=[3, 1, 0, 2]),
    case("permute", IMAGE, dims=[0, 1, -1, -2]),
    case("permute", (4, 9), dims=[1, 0]),
    case("permute", (2, 3, 4, 5, 2), dims=[0, 4, 1, 3, 2]),
    case("slice", IMAGE, dim=1, start=2, stop=5),
    case("slice", IMAGE, dim=3, start=1, step=2),
    case("slice", IMAGE, dim=-1, start=-3),
    case("slice", IMAGE, dim=2, stop=-1, step=3),
    case("slice", (1, 40, 3, 3), dim=1, start=7, stop=30),
    case("slice", IMAGE, dim=0, start=1),
    case("pixel_shuffle", (1, 12, 3, 4), upscale_factor=2),
    case("pixel_shuffle", (2, 27, 2, 2), upscale_factor=3),
    case("channel_shuffle", IMAGE, groups=2),
    case("channel_shuffle", (1, 34, 3, 3), groups=17),
]

PACKS = [
    *packs_of("normalizations", NORMALIZATIONS),
    *packs_of("resizes", RESIZES),
    *packs_of("arithmetic", ARITHMETIC),
    *packs_of("movements", MOVEMENTS),
]


@pytest.mark.parametrize("pack, place, comparison", comparisons(PACKS), ids=member_name)
def test_operator(pack, place, comparison):
    comparison(pack, place)
