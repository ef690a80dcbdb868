"""Arithmetic on tensors of every element type that a network may have, compiled, against numpy."""

import numpy as np
import pytest

from general_ir import BFLOAT16, ELEMENT_TYPES, compute, element, generic, tensor

ALL_TYPES = list(ELEMENT_TYPES)
INTEGERS = [t for t in ALL_TYPES if t.kind in "iu"]
FLOATS = [np.dtype(np.float32), np.dtype(np.float64)]

generator = np.random.default_rng(7)


def random(shape, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return generator.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        low = 0 if dtype.kind == "u" else -100
        return generator.integers(low, 100, shape).astype(dtype)
    return generator.normal(0, 3, shape).astype(dtype)


# --- types ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ALL_TYPES, ids=str)
def test_an_argument_is_a_result_twice(dtype, tmp_path):
    x = random((3, 5), dtype)
    kind = tensor(x.shape, dtype)
    found = compute({"x": x}, {"y": (x.shape, dtype), "z": (x.shape, dtype)}, f"return %x, %x : {kind}, {kind}", tmp_path)
    np.testing.assert_array_equal(found["y"], x)
    np.testing.assert_array_equal(found["z"], x)


CONSTANTS = {
    "f32": ("[1.5, -0.0, 3.0e38]", [1.5, -0.0, 3.0e38]),
    "f64": ("[1.5, 1.0e300, -2.0]", [1.5, 1e300, -2.0]),
    "f16": ("[1.5, 65504.0, -2.0]", [1.5, 65504, -2]),
    "bf16": ("[1.5, 3.0e38, -2.0]", [1.5, 3.0e38, -2.0]),
    "i8": ("[1, 0, 1]", [1, 0, 1]),
    "i16": ("[1, 300, 2]", [1, 300, 2]),
    "i32": ("[1, 70000, 2]", [1, 70000, 2]),
    "i64": ("[1, 5000000000, 2]", [1, 5000000000, 2]),
}


@pytest.mark.parametrize("dtype", ALL_TYPES, ids=str)
def test_constants_are_results(dtype, tmp_path):
    text, values = CONSTANTS[element(dtype)]
    kind = tensor((3,), dtype)
    body = f"""
      %0 = arith.constant dense<{text}> : {kind}
      %1 = arith.constant dense<1{".0" if dtype.kind not in "iub" else ""}> : {kind}
      return %0, %1, %0 : {kind}, {kind}, {kind}"""
    found = compute({"x": random((2,), dtype)}, {name: ((3,), dtype) for name in "yzw"}, body, tmp_path)
    np.testing.assert_array_equal(found["y"], np.array(values).astype(dtype))
    np.testing.assert_array_equal(found["w"], np.array(values).astype(dtype))
    np.testing.assert_array_equal(found["z"], np.ones(3, dtype))


@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (2, 3, 70), (0, 4)], ids=str)
@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integer_arithmetic_wraps(dtype, shape, tmp_path):
    x, y = random(shape, dtype), random(shape, dtype)
    kind = tensor(shape, dtype)
    body = f"""
      %0 = arith.muli %x, %y : {kind}
      %1 = arith.addi %0, %x : {kind}
      return %1 : {kind}"""
    found = compute({"x": x, "y": y}, {"z": (shape, dtype)}, body, tmp_path)
    np.testing.assert_array_equal(found["z"], x * y + x)


@pytest.mark.parametrize("dtype", [t for t in INTEGERS if t.kind == "i"], ids=str)
def test_signed_division(dtype, tmp_path):
    """Rounding to zero, up and down; what can't be divided gives what the evaluator says, and no signal."""
    least = np.iinfo(dtype).min
    x = np.array([7, -7, 7, -7, 0, 9, least, 5], dtype)
    y = np.array([2, 2, -2, -2, 3, -9, -1, 0], dtype)
    kind = tensor(x.shape, dtype)
    body = "\n".join(f"%{i} = arith.{op} %x, %y : {kind}" for i, op in enumerate(("divsi", "remsi", "floordivsi", "ceildivsi")))
    body += f"\nreturn %0, %1, %2, %3 : {kind}, {kind}, {kind}, {kind}"
    found = compute({"x": x, "y": y}, {name: (x.shape, dtype) for name in ("q", "r", "f", "c")}, body, tmp_path)
    fair = slice(0, 6)
    a, b = x[fair].astype(np.int64), y[fair].astype(np.int64)
    np.testing.assert_array_equal(found["q"][fair], np.trunc(a / b))
    np.testing.assert_array_equal(found["r"][fair], np.fmod(a, b))
    np.testing.assert_array_equal(found["f"][fair], a // b)
    np.testing.assert_array_equal(found["c"][fair], -(-a // b))
    np.testing.assert_array_equal(found["q"][6:], [least, 0])
    np.testing.assert_array_equal(found["r"][6:], [0, 0])


@pytest.mark.parametrize("dtype", [t for t in INTEGERS if t.kind == "u"], ids=str)
def test_unsigned_division(dtype, tmp_path):
    largest = np.iinfo(dtype).max
    x = np.array([7, largest, largest, 0, 5], dtype)
    y = np.array([2, 1, largest, 3, 0], dtype)
    kind = tensor(x.shape, dtype)
    body = f"""
      %0 = arith.divui %x, %y : {kind}
      %1 = arith.remui %x, %y : {kind}
      return %0, %1 : {kind}, {kind}"""
    found = compute({"x": x, "y": y}, {"q": (x.shape, dtype), "r": (x.shape, dtype)}, body, tmp_path)
    np.testing.assert_array_equal(found["q"][:4], x[:4] // y[:4])
    np.testing.assert_array_equal(found["r"][:4], x[:4] % y[:4])
    assert found["q"][4] == found["r"][4] == 0


def test_a_constant_division_by_zero_compiles(tmp_path):
    body = """
      %a = arith.constant dense<[1, -2147483648]> : tensor<2xi32>
      %b = arith.constant dense<[0, -1]> : tensor<2xi32>
      %0 = arith.divsi %a, %b : tensor<2xi32>
      %1 = arith.addi %0, %x : tensor<2xi32>
      return %1 : tensor<2xi32>"""
    found = compute({"x": np.zeros(2, np.int32)}, {"y": ((2,), np.int32)}, body, tmp_path)
    np.testing.assert_array_equal(found["y"], [0, np.iinfo(np.int32).min])


HALVES = [np.dtype(np.float16), BFLOAT16]
# Ties to even, numbers that are rounded up to infinity, subnormals, what is no number.
AWKWARD = np.array(
    [0.0, -0.0, 1.0, 1.00048828125, 1.001464843750, 1.00390625, 1.01171875, 65504, 65519.9, 65520, 3.3895e38, 3.4e38, 6e-8, 1e-8,
     9.2e-41, np.inf, -np.inf, np.nan, -2.71828, 1e-3], np.float32)  # fmt: skip


@pytest.mark.parametrize("cpu", ["x86-64", "x86-64-v3"])
@pytest.mark.parametrize("size", [1, 20])
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_precision_conversions(dtype, size, cpu, tmp_path):
    """Single elements and vectors, with the instructions for it and without."""
    x = AWKWARD[-size:]
    half, single = tensor(x.shape, dtype), tensor(x.shape)
    body = f"""
      %0 = arith.truncf %x : {single} to {half}
      %1 = arith.extf %0 : {half} to {single}
      %2 = arith.extf %0 : {half} to {tensor(x.shape, np.float64)}
      %3 = arith.truncf %2 : {tensor(x.shape, np.float64)} to {half}
      return %0, %1, %2, %3 : {half}, {single}, {tensor(x.shape, np.float64)}, {half}"""
    results = {"h": (x.shape, dtype), "s": (x.shape, np.float32), "d": (x.shape, np.float64), "e": (x.shape, dtype)}
    found = compute({"x": x}, results, body, tmp_path, f"--mcpu={cpu}")
    with np.errstate(all="ignore"):
        expected = x.astype(dtype)
    for name in found:
        np.testing.assert_array_equal(found[name].astype(np.float64), expected.astype(np.float64), err_msg=name)


# Bools are made by comparisons, and halves by way of float32.
CONVERTED_TYPES = [dtype for dtype in ALL_TYPES if dtype.kind != "b" and dtype not in HALVES]


@pytest.mark.parametrize("size", [1, 37])
@pytest.mark.parametrize("to", CONVERTED_TYPES, ids=str)
@pytest.mark.parametrize("source", [np.dtype(t) for t in ("float32", "float64", "int8", "uint8", "int32", "int64", "uint64")], ids=str)
def test_conversions(source, to, size, tmp_path):
    x = np.abs(random((size,), source)) if to.kind == "u" else random((size,), source)
    a, b = tensor(x.shape, source), tensor(x.shape, to)
    is_float, to_float = source.kind == "f", to.kind == "f"
    if source == to or (not is_float and not to_float and source.itemsize == to.itemsize):
        body = f"return %x : {b}"
    else:
        if is_float and to_float:
            op = "extf" if to.itemsize > source.itemsize else "truncf"
        elif is_float:
            op = "fptoui" if to.kind == "u" else "fptosi"
        elif to_float:
            op = "uitofp" if source.kind == "u" else "sitofp"
        elif to.itemsize < source.itemsize:
            op = "trunci"
        else:
            op = "extui" if source.kind == "u" else "extsi"
        body = f"%0 = arith.{op} %x : {a} to {b}\nreturn %0 : {b}"
    found = compute({"x": x}, {"y": (x.shape, to)}, body, tmp_path)
    np.testing.assert_array_equal(found["y"], x.astype(to))


@pytest.mark.parametrize("dtype", ALL_TYPES, ids=str)
@pytest.mark.parametrize("shape", [(7,), (3, 33)], ids=str)
def test_bools_and_selections(dtype, shape, tmp_path):
    """A comparison's i1 is extended to the byte that a bool is, and tested as one."""
    x, y = random(shape, dtype), random(shape, dtype)
    kind, bools, bits = tensor(shape, dtype), tensor(shape, np.bool_), f"tensor<{'x'.join(map(str, shape))}xi1>"
    if dtype.kind in "iub":
        less = f"arith.cmpi {'slt' if dtype.kind == 'i' else 'ult'}, %x, %y"
    else:
        less = "arith.cmpf olt, %x, %y"
    body = f"""
      %0 = {less} : {kind}
      %1 = arith.extui %0 : {bits} to {bools}
      %zero = arith.constant dense<0> : {bools}
      %2 = arith.cmpi ne, %1, %zero : {bools}
      %3 = arith.select %2, %x, %y : {bits}, {kind}
      return %1, %3 : {bools}, {kind}"""
    found = compute({"x": x, "y": y}, {"less": (shape, np.bool_), "smaller": (shape, dtype)}, body, tmp_path)
    np.testing.assert_array_equal(found["less"], x < y)
    np.testing.assert_array_equal(found["smaller"], np.where(x < y, x, y))


def test_bits_that_stay_between_operations(tmp_path):
    """An i1 tensor that two loops read lies in memory, a byte an element."""
    x = random((5, 13), np.float32)
    body = f"""
      %zero = arith.constant dense<0.0> : tensor<5x13xf32>
      %bits = arith.cmpf ogt, %x, %zero : tensor<5x13xf32>
      %e = tensor.empty() : tensor<13x5xi1>
      %turned = linalg.transpose ins(%bits : tensor<5x13xi1>) outs(%e : tensor<13x5xi1>) permutation = [1, 0]
      %false = arith.constant false
      %e1 = tensor.empty() : tensor<13xi1>
      %f = linalg.fill ins(%false : i1) outs(%e1 : tensor<13xi1>) -> tensor<13xi1>
      %any = {generic("i *j", [("%turned", "tensor<13x5xi1>", "i, j")], [("%f", "tensor<13xi1>", "i")],
                      "%0 = arith.ori %a0, %r0 : i1 linalg.yield %0 : i1")}
      %y = arith.extui %turned : tensor<13x5xi1> to tensor<13x5xi8>
      %z = arith.extui %any : tensor<13xi1> to tensor<13xi8>
      return %y, %z : tensor<13x5xi8>, tensor<13xi8>"""
    found = compute({"x": x}, {"y": ((13, 5), np.bool_), "z": ((13,), np.bool_)}, body, tmp_path)
    np.testing.assert_array_equal(found["y"], (x > 0).T)
    np.testing.assert_array_equal(found["z"], (x > 0).any(0))


# --- functions --------------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "absf": np.abs, "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh, "atan": np.arctan,
    "atanh": np.arctanh, "cbrt": np.cbrt, "ceil": np.ceil, "cos": np.cos, "cosh": np.cosh, "erf": None, "exp": np.exp,
    "exp2": np.exp2, "expm1": np.expm1, "floor": np.floor, "log": np.log, "log10": np.log10, "log1p": np.log1p, "log2": np.log2,
    "round": None, "roundeven": np.rint, "rsqrt": lambda x: 1 / np.sqrt(x), "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt,
    "tan": np.tan, "tanh": np.tanh, "trunc": np.trunc,
}  # fmt: skip


def reference(name, x):
    import math

    if name == "erf":
        return np.vectorize(math.erf)(x)
    if name == "round":
        return np.sign(x) * np.floor(np.abs(x) + 0.5)
    return FUNCTIONS[name](x)


@pytest.mark.parametrize("cpu", ["x86-64", "x86-64-v3"])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_functions(dtype, cpu, tmp_path):
    """Every function of math on floats: in vectors, and on the single elements behind them."""
    unit = np.linspace(0.05, 0.95, 11)
    beyond = {"acosh": unit + 1, "round": unit * 10 - 5, "roundeven": np.arange(11) / 2 - 2.5, "floor": unit * 10 - 5,
              "ceil": unit * 10 - 5, "trunc": unit * 10 - 5, "sin": unit * 10 - 5, "cos": unit * 10 - 5, "tanh": unit * 10 - 5,
              "exp": unit * 10 - 5, "erf": unit * 4 - 2}  # fmt: skip
    inputs = {name: beyond.get(name, unit).astype(dtype) for name in FUNCTIONS}
    kind = tensor((11,), dtype)
    body = "\n".join(f"%{i} = math.{name} %{name} : {kind}" for i, name in enumerate(FUNCTIONS))
    body += f"\nreturn {', '.join(f'%{i}' for i in range(len(FUNCTIONS)))} : {', '.join([kind] * len(FUNCTIONS))}"
    found = compute(inputs, {f"y_{name}": ((11,), dtype) for name in FUNCTIONS}, body, tmp_path, f"--mcpu={cpu}")
    tolerance = 2e-6 if dtype == np.float32 else 1e-14
    for name, x in inputs.items():
        expected = reference(name, x.astype(np.float64))
        np.testing.assert_allclose(found[f"y_{name}"], expected, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_functions_of_two(dtype, tmp_path):
    x, y = random((19,), dtype), random((19,), dtype)
    positive = np.abs(x)
    kind = tensor((19,), dtype)
    body = f"""
      %0 = math.atan2 %x, %y : {kind}
      %1 = math.powf %positive, %y : {kind}
      %2 = math.copysign %x, %y : {kind}
      %3 = arith.maximumf %x, %y : {kind}
      %4 = arith.remf %x, %y : {kind}
      return %0, %1, %2, %3, %4 : {", ".join([kind] * 5)}"""
    names = ("atan2", "pow", "copysign", "maximum", "rem")
    found = compute({"x": x, "y": y, "positive": positive}, {n: (x.shape, dtype) for n in names}, body, tmp_path)
    tolerance = 5e-6 if dtype == np.float32 else 1e-13
    expected = (np.arctan2(x, y), np.power(positive, y), np.copysign(x, y), np.maximum(x, y), np.fmod(x, y))
    for name, values in zip(names, expected):
        np.testing.assert_allclose(found[name], values, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("dtype", [np.dtype(t) for t in ("int32", "int64")], ids=str)
def test_functions_of_integers(dtype, tmp_path):
    x = np.array([-5, -1, 0, 1, 2, 3, 12, 100, 7], dtype)
    powers = np.array([0, 3, 0, 9, 5, 4, 2, 1, 3], dtype)
    kind = tensor(x.shape, dtype)
    body = f"""
      %0 = math.absi %x : {kind}
      %1 = math.ipowi %x, %powers : {kind}
      %2 = math.cttz %powers : {kind}
      %3 = math.ctlz %powers : {kind}
      %4 = math.ctpop %powers : {kind}
      %5 = arith.maxsi %x, %powers : {kind}
      %6 = arith.shli %x, %powers : {kind}
      return %0, %1, %2, %3, %4, %5, %6 : {", ".join([kind] * 7)}"""
    names = ("abs", "pow", "trailing", "leading", "ones", "max", "shift")
    found = compute({"x": x, "powers": powers}, {n: (x.shape, dtype) for n in names}, body, tmp_path)
    bits = dtype.itemsize * 8
    digits = [f"{value:0{bits}b}" for value in powers]
    expected = (np.abs(x), x**powers, [bits - len(d.rstrip("0")) for d in digits], [bits - len(d.lstrip("0")) for d in digits],
                [d.count("1") for d in digits], np.maximum(x, powers), x << powers)  # fmt: skip
    for name, values in zip(names, expected):
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("size", [3, 19])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_what_is_no_number(dtype, size, tmp_path):
    x = np.resize(np.array([1.5, np.nan, np.inf, -np.inf], dtype), size)
    y = x[::-1].copy()
    kind, bits, bools = tensor(x.shape, dtype), f"tensor<{size}xi1>", tensor(x.shape, np.bool_)
    body = f"""
      %0 = math.isnan %x : {kind}
      %1 = math.isinf %x : {kind}
      %2 = math.isfinite %x : {kind}
      %nan = arith.extui %0 : {bits} to {bools}
      %infinite = arith.extui %1 : {bits} to {bools}
      %finite = arith.extui %2 : {bits} to {bools}
      %3 = arith.minnumf %x, %y : {kind}
      %4 = arith.maximumf %x, %y : {kind}
      return %nan, %infinite, %finite, %3, %4 : {bools}, {bools}, {bools}, {kind}, {kind}"""
    results = {name: ((size,), np.bool_) for name in ("nan", "infinite", "finite")}
    results |= {name: ((size,), dtype) for name in ("smaller", "larger")}
    found = compute({"x": x, "y": y}, results, body, tmp_path)
    expected = (np.isnan(x), np.isinf(x), np.isfinite(x), np.fmin(x, y), np.maximum(x, y))
    for name, values in zip(results, expected):
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_integer_powers_of_floats(dtype, tmp_path):
    x, n = random((19,), dtype), generator.integers(-2, 5, 19).astype(np.int32)
    body = f"""
      %0 = math.fpowi %x, %n : {tensor(x.shape, dtype)}, {tensor(n.shape, np.int32)}
      return %0 : {tensor(x.shape, dtype)}"""
    found = compute({"x": x, "n": n}, {"y": (x.shape, dtype)}, body, tmp_path)["y"]
    np.testing.assert_allclose(found, x ** n.astype(dtype), rtol=1e-5 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("dtype", ALL_TYPES, ids=str)
def test_constants_in_blobs(dtype, tmp_path):
    """A weight of any type: read by a kernel, and given back as it is."""
    values = random((5,), dtype)
    kind = tensor((5,), dtype)
    select = f"%0 = arith.select %flag, %w, %x : {kind}"
    body = f"""
      %w = arith.constant dense_resource<weight> : {kind}
      %c0 = arith.constant 0 : index
      %f = tensor.extract %condition[%c0] : tensor<1xi8>
      %flag = arith.trunci %f : i8 to i1
      {select}
      return %0, %w : {kind}, {kind}
    }}
    {{-#
      dialect_resources: {{ builtin: {{ weight: "0x40000000{values.tobytes().hex().upper()}" }} }}
    #-}}
    func.func private @end() {{
      return"""
    x = random((5,), dtype)
    for condition in (True, False):
        inputs = {"x": x, "condition": np.array([condition])}
        found = compute(inputs, {"y": ((5,), dtype), "w": ((5,), dtype)}, body, tmp_path)
        np.testing.assert_array_equal(found["y"], values if condition else x)
        np.testing.assert_array_equal(found["w"], values)
