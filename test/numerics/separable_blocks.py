"""Networks of a depthwise convolution with the pointwise ones before and behind it."""


def description_of(name, pair):
    channels = pair["channels"]
    # The network's own input is plain; this is what the others see inside of a network. (The activation keeps it apart.)
    first = {"name": "first", "op": "conv", "inputs": ["x"], "out_channels": pair.get("inputs", channels), "kernel_size": 1}
    layers = [first, {"name": "input", "op": "relu"}]
    if "inputs" in pair:
        layers.append({"name": "expansion", "op": "conv", "out_channels": channels, "kernel_size": 1})
    if "before" in pair:
        layers.append({"name": "before", "op": pair["before"]})
    layers.append({"name": "depthwise", "op": "conv", "out_channels": channels, "groups": channels, **pair["layer"]})
    if "between" in pair:
        layers.append({"name": "between", "op": pair["between"]})
    if "outputs" in pair:
        layers.append({"name": "pointwise", "op": "conv", "out_channels": pair["outputs"], "kernel_size": 1})
    if pair.get("residual"):
        layers.append({"name": "sum", "op": "add", "inputs": ["pointwise", "input"]})
    if "behind" in pair:
        layers.append({"name": "behind", "op": pair["behind"]})
    shape = [pair.get("batch", 1), 3, *pair["sizes"]]
    inputs = [{"name": "x", "shape": shape}]
    return {"name": name, "weights": {"random": 1}, "inputs": inputs, "layers": layers, "outputs": [layers[-1]["name"]]}
